"""`conformance check --official`: the package judges beside us, and every disagreement is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli.app import run
from tests.arbiters.cisis.conftest import package_at

pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")

BARE = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><templateId root="1"/><code code="11502-2"/></ClinicalDocument>'


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_opinion_of_the_package_is_reported(tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A nearly empty document: the small package accepts it, we do not, and both say so."""
    package = package_at(tmp_path / "paquet")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "bare.xml").write_bytes(BARE)
    (tmp_path / "docs" / "cut.xml").write_bytes(BARE[:-4])
    assert run(["check", "--official", str(package), "--json", "--jobs", jobs, str(tmp_path / "docs")]) == 1
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    bare = next(row for row in rows if str(row.get("file", "")).endswith("bare.xml"))
    (opinion,) = bare["opinions"]
    assert (opinion["judge"], opinion["verdict"]) == ("CI-SIS", "conform")
    assert bare["verdict"] == "nonconform"
    assert opinion["disagreements"]
    assert all(d["fr"] and d["en"] for d in opinion["disagreements"])
    assert "StrucMin" in said.err


def test_a_folder_that_is_not_the_package_is_a_fault_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before any document is read."""
    (tmp_path / "a.xml").write_bytes(BARE)
    assert run(["check", "--official", str(tmp_path), str(tmp_path / "a.xml"), "--lang", "en"]) == 2
    assert "does not hold the TestContenuCDA package" in capsys.readouterr().err
