"""`conformance catalogue import`: what it prints, writes and exits with; the wording that explain then quotes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from conformance.catalogue import wording
from conformance.catalogue.lint import lint
from conformance.catalogue.loader import load_profile
from conformance.cli.app import run
from conformance.errors import ProfileError

sys.path.insert(0, str(Path(__file__).parents[1] / "catalogue"))
from workbook_samples import PROFILE, REM_34, rem_34, save, statement


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with no wording declared."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(wording.ENVIRONMENT_VARIABLE, raising=False)


def command(*words: object) -> int:
    """Run `conformance catalogue import` in English."""
    return run(["catalogue", "import", *(str(word) for word in words), "--lang", "en"])


def test_the_second_import_of_a_workbook_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reworded rows are told once, then the wording kept is the reference; 1 then 0."""
    place = save(tmp_path / "EXPORT_CONVERGENCE_24112026_PFI_V2.1.xlsx", rem_34())
    assert command(place) == 1
    told = capsys.readouterr().out
    assert "reworded" in told
    assert "Exigences!E2" in told
    assert f"{tmp_path}" not in told.splitlines()[0]
    assert command(place) == 0
    told = capsys.readouterr().out
    assert "REM, current model, V2.1" in told
    assert "Nothing changed." in told


def test_new_rows_get_a_skeleton_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The skeleton passes the strict loader and lint, says not-yet, and holds no word of the statement."""
    lines = rem_34()
    for id, nature, proof in (("MSS/CONF.99", "EXIGENCE", "Vidéo du dépôt"), ("MSS/CONF.98", "PRECONISATION", "Log")):
        line: list[object] = [None] * 34
        for name, value in {
            "Périmètre": "Vague 2", "ID": id, "Exigence": f"Confidentiel {id}", "Nature de l'exigence": nature,
            "Profil": 'Général: "oui" #non', "N° scénario": f"{id}.01", "N° preuve 1": f"{id}.01.01", "Preuve 1": proof,
        }.items():  # fmt: skip
            line[REM_34.index(name)] = value
        lines.append(line)
    assert command(save(tmp_path / "rem.xlsx", lines), "--out", "squelette", "--json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["skeleton"] == str(Path("squelette") / "pfi-new-rows.yaml")
    text = Path(summary["skeleton"]).read_text(encoding="utf-8")
    assert "Confidentiel" not in text
    made = load_profile(Path(summary["skeleton"]))
    must, may = made.requirements()
    assert (must.level, may.level, str(may.when)) == ("DOIT", "PEUT", f"claims({may.key})")
    assert must.scope == 'Général: "oui" #non'
    assert [(s.id, s.reason.code if s.reason else "", [(p.id, p.kind) for p in s.proofs]) for s in must.scenarios] == [
        ("MSS/CONF.99.01", "not-yet", [("MSS/CONF.99.01.01", "video_ou_captures")])
    ]
    assert {p.code for p in lint([made], ())} <= {"CAT017"}  # options that these two rows do not use


def test_json_names_the_workbook_and_every_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object: workbook, digest, version, changes with their cells, the files written."""
    place = save(tmp_path / "REM_PFI_v1.3.xlsx", rem_34())
    assert command(place, "--json", "--wording", "mots.json") == 1
    summary = json.loads(capsys.readouterr().out)
    assert (summary["dsr"], summary["version"], summary["rows"]) == ("PFI", "v1.3", 100)
    assert {c["kind"] for c in summary["changes"]} == {"reworded"}
    assert summary["wording"] == "mots.json"
    kept = json.loads(Path("mots.json").read_text(encoding="utf-8"))
    assert (kept["workbook"], kept["sha256"]) == (place.name, summary["sha256"])


def test_explain_quotes_the_wording_and_its_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the import on, explain prints the official words; before, it does not."""
    assert run(["explain", "SSI/GEN.01", "--lang", "en"]) == 0
    assert "Official wording" not in capsys.readouterr().out
    command(save(tmp_path / "REM_PFI_v1.3.xlsx", rem_34()))
    capsys.readouterr()
    assert run(["explain", "SSI/GEN.01", "--lang", "en"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"Official wording (v1.3): {' '.join(statement(PROFILE.requirement('PFI/va2/SSI/GEN.01')).split())}" in told
    assert "Scenario SSI/GEN.01.01 Official wording (v1.3): Déroulé" in told
    assert "SSI/GEN.01.01.01: x" in told


def test_the_wording_is_found_where_it_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CONFORMANCE_WORDING names a file or a folder; without any file there is no wording."""
    key = "PFI/va1/MSS/va1.03"
    assert wording.wording_of(key) is None
    command(save(tmp_path / "rem.xlsx", rem_34()), "--wording", tmp_path / "ailleurs" / "pfi.json")
    assert wording.wording_of(key) is None
    for place in (tmp_path / "ailleurs", tmp_path / "ailleurs" / "pfi.json"):
        monkeypatch.setenv(wording.ENVIRONMENT_VARIABLE, str(place))
        found = wording.wording_of(key)
        assert found is not None
        assert found.text == statement(PROFILE.requirement(key))
        assert (found.workbook, found.where) == ("rem.xlsx", "Exigences!E7")
        assert found.digest == wording.digest_of(found.text)
    assert wording.wording_of("PFI/va1/NOTHING") is None


@pytest.mark.parametrize(
    ("content", "id"),
    [
        (b"\xff\xfe", "workbook.wording-unreadable"),
        (b"[" * 100_000, "workbook.wording-unreadable"),
        (b'{"schema": "other"}', "workbook.wording-unreadable"),
        (
            b'{"schema": "conformance-wording/1", "dsr": "PFI", "workbook": "", "version": "",'
            b' "date": "", "sha256": "", "rows": {"PFI/va1/MSS/va1.03": {"text": "faux", "digest": "0", "where": ""}}}',
            "workbook.wording-altered",
        ),
    ],
)
def test_a_wording_file_that_is_not_ours_is_refused(tmp_path: Path, content: bytes, id: str) -> None:
    """Not UTF-8, nested without end, another schema, a text that was altered."""
    place = tmp_path / wording.FOLDER / "pfi.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        wording.wording_of("PFI/va1/MSS/va1.03")
    assert caught.value.id == id


def test_faults_end_in_two_and_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no workbook, an unknown wave, an unknown DSR, a place where nothing can be written."""
    other = tmp_path / "rem.xlsx"
    other.write_text("ID;Exigence")
    assert command(other) == 2
    assert "Save the workbook as .xlsx" in capsys.readouterr().err
    assert command(other, "--wave", "va9") == 2
    assert command(other, "--dsr", "XYZ") == 2
    place = save(tmp_path / "bon.xlsx", rem_34())
    assert command(place, "--wording", other / "x.json") == 2
    assert "--wording" in capsys.readouterr().err
