"""The files of some paths, folder by folder in alphabetical order, in memory that does not grow with their number."""

from __future__ import annotations

import heapq
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

HELD = 20_000
"""Names of one folder sorted in memory; those of a larger folder are sorted on disk."""

_FOLDER, _OTHER = b"d", b"f"


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of some paths: each file once, links to folders not followed.

    A path given twice, inside another, or reached by a link whose target lies in a folder given, is met once. A
    folder that cannot be read is given itself, to be told when it is its turn.
    """
    roots: list[str] = []
    files: set[str] = set()
    given = list(paths)
    below = [os.path.realpath(path) for path in given if path.is_dir()]
    for path in given:
        real = os.path.realpath(path)
        if any(_inside(real, root) for root in roots) or real in files:
            continue
        if not path.is_dir():
            files.add(real)
            yield path
            continue
        yield from _files(os.fsencode(path), os.fsencode(real), tuple(map(os.fsencode, roots)), below, files)
        roots.append(real)


def _inside(real: str, root: str) -> bool:
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _files(folder: bytes, real: bytes, done: tuple[bytes, ...], below: list[str], files: set[str]) -> Iterator[Path]:
    """The files under a folder; a stack of sorted listings, no recursion."""
    stack = [(folder, real, _sorted(folder))]
    while stack:
        folder, real, names = stack[-1]
        try:
            entry = next(names, None)
        except OSError:  # said when it is its turn to be read
            stack.pop()
            yield Path(os.fsdecode(folder))
            continue
        if entry is None:
            stack.pop()
            continue
        kind, name = entry[-1:], entry[:-2]
        at, really = _joined(folder, name), _joined(real, name)
        if kind == _FOLDER:
            if really not in done:
                stack.append((at, really, _sorted(at)))
        elif not _met(at, really, below, files):
            yield Path(os.fsdecode(at))


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder.rstrip(b"/") + b"/" + name


def _met(at: bytes, really: bytes, below: list[str], files: set[str]) -> bool:
    """True for a file already given by name, and for a link to a folder, or to a file that has its own turn."""
    if files and os.fsdecode(really) in files:
        return True
    try:
        linked = stat.S_ISLNK(os.lstat(at).st_mode)
        target = os.path.realpath(os.fsdecode(at), strict=True) if linked else ""
    except OSError:
        return False  # told when it is read
    if not linked:
        return False
    return os.path.isdir(target) or target in files or any(_inside(target, root) for root in below)  # noqa: PTH112


def _sorted(folder: bytes) -> Iterator[bytes]:
    """Names of a folder, each with NUL and a letter for its kind, sorted; runs of a large one are merged from disk."""
    runs: list[Iterator[bytes]] = []
    held: list[bytes] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            held.append(entry.name + b"\x00" + (_FOLDER if _is_folder(entry) else _OTHER))
            if len(held) >= HELD:
                held.sort()
                runs.append(_run(held))
                held = []
    held.sort()
    yield from heapq.merge(*runs, held) if runs else held


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _run(names: list[bytes]) -> Iterator[bytes]:
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the generator
    for name in names:
        file.write(len(name).to_bytes(4) + name)
    file.flush()
    file.seek(0)
    return _read(file)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while size := file.read(4):
            yield file.read(int.from_bytes(size))
