"""A target with several configurations: one run each, one merged audit, resumed where it was cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from handmade import Book, listens, run_key

from conformance.cli import run as command
from conformance.cli.app import run
from conformance.engine.run import RunRequest
from conformance.evidence.journal import FILE

TARGET = """
schema = "target/1"
[vendor]
name = "Éditeur Exemple"
product = "Plateforme Exemple"
version = "1.0"
[target]
dsr = "PFI"
waves = ["va1"]
[[configuration]]
name = "hopital"
options = ["bal-app"]
[[configuration]]
name = "ville"
endpoints = { documents = "mllp://127.0.0.1:9" }
[endpoints]
documents = "mllp://127.0.0.1:10"
"""


class Driver:
    """Stands for the engine: writes a small journal for each request; stops before the run numbered `cut`."""

    def __init__(self) -> None:
        self.requests: list[RunRequest] = []
        self.cut: int | None = None

    def __call__(self, request: RunRequest, named: Path | None = None) -> None:
        if len(self.requests) == self.cut:
            raise KeyboardInterrupt
        self.requests.append(request)
        book = Book(request.folder)
        vendor = {"name": "É", "product": "P", "version": "1", "build": "", "reference_produit": ""}
        target: dict[str, Any] = {
            "configuration": request.target.configuration,
            "options": sorted(request.target.options),
            "claims": [],
            "settings": {},
        }
        book.begin(
            run_key("documents.intake@normal", 1, listens("dmp.systematic-feeding", "DMP/va1.01#1")),
            target=target, vendor=vendor, seed=request.seed, effort=request.effort, only=sorted(request.only),
        )  # fmt: skip
        book.line("close", counts={})
        book.done()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Driver:
    """A driver in the place of the engine, in a folder of its own."""
    stands = Driver()
    monkeypatch.setattr(command, "drive", stands)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text(TARGET, encoding="utf-8")
    return stands


def go(*words: str) -> int:
    """The command line, in English."""
    return run(["run", *words, "--lang", "en"])


def test_each_configuration_is_run_in_its_folder_and_merged(driver: Driver, tmp_path: Path) -> None:
    """Without --configuration every one is run, with one seed; the merged audit names them, and how each ended."""
    assert go("--target", "t.toml", "--effort", "smoke", "--out", "out") == 3
    assert [r.target.configuration for r in driver.requests] == ["hopital", "ville"]
    assert len({r.seed for r in driver.requests}) == 1
    assert [r.folder for r in driver.requests] == [Path("out/hopital"), Path("out/ville")]
    audit = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    assert [part["configuration"] for part in audit["parts"]] == ["hopital", "ville"]
    assert (tmp_path / "out" / "ville" / "audit.json").is_file()


def test_one_configuration_is_run_alone_when_it_is_named(driver: Driver, tmp_path: Path) -> None:
    """--configuration keeps to a single run, whose journal lies in the folder itself."""
    assert go("--target", "t.toml", "--configuration", "ville", "--out", "out") == 3
    assert [r.target.configuration for r in driver.requests] == ["ville"]
    assert (tmp_path / "out" / FILE).is_file()


def test_what_was_never_begun_is_run_when_resumed(driver: Driver, tmp_path: Path) -> None:
    """Cut before the second configuration, the audit goes on with that one alone, same seed, and is then whole."""
    driver.cut = 1
    assert go("--target", "t.toml", "--out", "out") not in (0, 3)
    driver.cut = None
    assert go("--resume", "out") == 3
    assert [r.target.configuration for r in driver.requests] == ["hopital", "ville"]
    assert driver.requests[0].seed == driver.requests[1].seed
    assert json.loads((tmp_path / "out" / "audit.json").read_bytes())["complete"] is True


def test_a_target_that_changed_is_not_resumed(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other configurations than those the audit began with would be another audit."""
    assert go("--target", "t.toml", "--out", "out") == 3
    (tmp_path / "t.toml").write_text(TARGET.replace("ville", "cite"), encoding="utf-8")
    assert go("--resume", "out") == 2
    assert "no longer those of this audit" in capsys.readouterr().err


def test_an_unknown_option_is_told_before_any_run(driver: Driver, tmp_path: Path) -> None:
    """The option of the second configuration is checked before the first one is driven."""
    (tmp_path / "t.toml").write_text(TARGET.replace('name = "ville"', 'name = "ville"\noptions = ["nothing-such"]'))
    assert go("--target", "t.toml", "--out", "out") == 2
    assert driver.requests == []
