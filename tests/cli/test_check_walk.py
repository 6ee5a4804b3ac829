"""The files of a folder: in order, each once, in bounded memory, whatever links and names there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.cli.checking import walk as walking
from conformance.cli.checking.walk import walk


def names(root: Path, *paths: Path) -> list[str]:
    """What is walked, relative to a folder."""
    return [os.path.relpath(path, root) for path in walk(paths or (root,))]


def plant(root: Path, *files: str) -> None:
    """Empty files."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def test_a_folder_larger_than_what_is_held_is_still_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs sorted on disk give the order that one list would."""
    plant(tmp_path, *(f"{n * 7919 % 1000:03d}" for n in range(1000)), "500d/inner", "zz/last")
    plain = names(tmp_path)
    monkeypatch.setattr(walking, "HELD", 37)
    assert names(tmp_path) == plain == sorted(plain)
    assert len(plain) == 1002


def test_a_path_inside_another_is_met_once(tmp_path: Path) -> None:
    """Whatever the order in which file, inner folder and folder are given."""
    plant(tmp_path, "a/1", "a/b/2", "c")
    for paths in (
        (tmp_path / "a" / "b", tmp_path, tmp_path / "c"),
        (tmp_path / "a" / "b" / "2", tmp_path, tmp_path / "a"),
        (tmp_path, tmp_path / "a" / "1", tmp_path),
    ):
        found = names(tmp_path, *paths)
        assert sorted(found) == ["a/1", "a/b/2", "c"]


def test_links_never_make_a_loop_nor_a_file_met_twice(tmp_path: Path) -> None:
    """A link to a folder is not followed; a link to a file met under its own name is not met; another one is."""
    root, outside = tmp_path / "in", tmp_path / "out"
    plant(root, "a/1")
    plant(outside, "x")
    (root / "a" / "up").symlink_to(root)
    (root / "b").symlink_to(root / "a" / "1")
    (root / "c").symlink_to(outside / "x")
    (root / "a" / "away").symlink_to(outside)
    (root / "d").symlink_to(root / "nowhere")
    (root / "e").symlink_to("e")
    assert names(root) == ["a/1", "c", "d", "e"]


def test_a_folder_that_cannot_be_read_is_given_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its turn, to be told; the others are walked."""
    plant(tmp_path, "a/1", "b/2", "c")
    real = os.scandir

    def refused(path: bytes) -> object:
        if path.endswith(b"/a"):
            raise PermissionError(13, "no")
        return real(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert names(tmp_path) == ["a", "b/2", "c"]


def test_names_of_any_bytes_are_walked(tmp_path: Path) -> None:
    """Latin-1, line ends, and names that start like options."""
    raw = [b"r\xe9sum\xe9", b"two\nlines", b"-rf", b"a!b"]
    for name in raw:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    assert sorted(os.fsencode(name) for name in names(tmp_path)) == sorted(raw)


def test_a_deep_folder_is_walked_without_recursion(tmp_path: Path) -> None:
    """Four hundred levels."""
    deep = tmp_path.joinpath(*["d"] * 400)
    deep.mkdir(parents=True)
    (deep / "f").touch()
    assert len(names(tmp_path)) == 1
