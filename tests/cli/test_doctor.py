"""`conformance doctor --cisis`: what is told of a package, in both languages, with sensible exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conformance.cli import doctor
from conformance.cli.app import run
from tests.arbiters.cisis.conftest import package_at


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package_at(tmp_path_factory.mktemp("paquet"))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CISIS_HOME", raising=False)
    monkeypatch.setattr(doctor, "_engine", lambda: "12.9")


def test_every_defect_is_told_with_its_place_consequence_and_answer(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In French by default, in English when asked."""
    assert run(["doctor", "--cisis", str(package)]) == 0
    french = capsys.readouterr().out
    assert "Contenu : 6 schématrons dont 1 volets, 6 règles actives" in french
    assert "où : schematrons/include/Absent" in french
    assert french.count("conséquence :") == french.count("ce que nous faisons :") > 3
    assert run(["doctor", "--cisis", str(package), "--lang", "en"]) == 0
    english = capsys.readouterr().out
    assert "A value set named by the minimal structure schematron is not published." in english
    assert "The terminology LOINC is missing." in english
    assert "The package can judge." in english


def test_the_same_for_a_program(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object: counts, hints of version, problems with kind and place."""
    assert run(["doctor", "--cisis", str(package), "--json", "--lang", "en"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "doctor/1"
    assert (told["schematrons"], told["asserts"], told["dated"], told["engine"]) == (6, 6, "20240102", "12.9")
    assert told["by_family"]["StrucMin"] == 4
    kinds = {p["kind"] for p in told["problems"]}
    assert {"rebuilt", "letter-case", "empty-folder", "empty-value-set", "terminology"} <= kinds
    assert all(p["where"] and p["problem"] and p["effect"] and p["answer"] for p in told["problems"])


def test_the_package_of_the_environment(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CISIS_HOME names it; with neither, a fault of usage says what to give."""
    assert run(["doctor"]) == 2
    assert "--cisis" in capsys.readouterr().err
    monkeypatch.setenv("CISIS_HOME", str(package))
    assert run(["doctor", "--lang", "en"]) == 0
    assert str(package) in capsys.readouterr().out


def test_exit_codes_of_what_cannot_judge(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 for what is not a whole package, 1 for a schematron that cannot be used or no SaxonC."""
    assert run(["doctor", "--cisis", str(tmp_path / "none")]) == 2
    assert "n'existe pas" in capsys.readouterr().err
    shutil.copytree(package, tmp_path / "p")
    (tmp_path / "p" / "schematrons" / "profils" / "IHE.sch").write_text("<schema", encoding="utf-8")
    assert run(["doctor", "--cisis", str(tmp_path / "p"), "--lang", "en"]) == 1
    assert "1 schematrons are unusable" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "_engine", lambda: None)
    assert run(["doctor", "--cisis", str(package), "--lang", "en"]) == 1
    assert "SaxonC is not installed" in capsys.readouterr().out
