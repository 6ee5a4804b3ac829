"""`conformance init`: answers typed, wrong answers, nobody there; the file written loads and is planned."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from conformance.bench.target import load
from conformance.cli.app import run
from conformance.cli.first import init as wizard
from conformance.cli.options import DSRS

SCOPES = 6
"""The scopes of the two waves that are off until they are declared."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Lines typed at the terminal, then the end of input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_defaults_make_a_target_that_loads_and_is_planned(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody at the terminal: the defaults are taken, it is said, and `plan` reads the file."""
    answer(monkeypatch)
    assert run(["init"]) == 0
    assert "Personne ne répond" in capsys.readouterr().out
    target = load(here / "conformance.toml", {})
    assert (target.dsr, target.waves, target.vendor.product) == ("PFI", ("va1", "va2"), "Mon produit")
    assert set(target.services) == {"igc", "annuaire", "psc", "dmp", "returns", "relay", "mss", "imap"}
    assert run(["plan", "--target", "conformance.toml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(told["counts"].values()) == 100
    assert told["counts"]["decided"] > 20


def test_what_is_typed_is_what_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every answer reaches its key, accents and quotation marks included, the bench seen from another machine too."""
    scopes = ("y",) * 3 + ("n",) * (SCOPES - 3)
    answer(
        monkeypatch, "Éditions \"L'Étoile\"", "Passerelle", "2.4.1", "9990000001", "pfi", "va1,va2", *scopes,
        "pfi.example:2575", "", "banc.example", "http", "https://pfi.example/pilot", "PILOT_TOKEN",
    )  # fmt: skip
    assert run(["init", "sub/t.toml", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "Where your product takes HL7 v2 messages" in said
    assert "Nobody answers" not in said
    assert "First set the environment variable PILOT_TOKEN" in said
    target = load(here / "sub" / "t.toml", {"PILOT_TOKEN": "a-long-token"})
    assert target.vendor.name == 'Éditions "L\'Étoile"'
    assert target.vendor.reference_produit == "9990000001"
    assert {"bal-per-org", "iam", "ie-aspm"} <= target.options
    assert str(target.endpoints["documents"]) == "mllp://pfi.example:2575"
    assert str(target.endpoints["third-party"]) == "mllps://127.0.0.1:2577"
    assert target.services["mss"].advertise == "smtp://banc.example:1587"
    assert target.services["mss"].host == "0.0.0.0"
    assert target.pilot is not None
    assert (target.pilot.url, target.pilot.token_env) == ("https://pfi.example/pilot", "PILOT_TOKEN")


def test_a_wrong_answer_is_explained_and_asked_again(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DSR, waves, yes or no, address, name, pilot, address of the pilot, variable: the next answer counts."""
    # A family that no profile of ours covers, as far as the wizard can know.
    monkeypatch.setattr(wizard, "DSRS", (*DSRS, "XXX"))
    scopes = ("peut-être", "o", *("",) * (SCOPES - 1))
    answer(
        monkeypatch, "É", "P", "1", "", "XYZ", "XXX", "PFI", "va3", "va2,va1", *scopes,
        "2575", "h:99999", "h:2575", "a/b", "", "robot", "http", "nulle part", "http://127.0.0.1:9000", "jeton",
        "JETON",
    )  # fmt: skip
    run(["init"])
    said = capsys.readouterr().out
    for expected in (
        "Un DSR est l'un de", "pas encore de profil pour XXX", "Vagues connues : va1, va2", "Répondez o ou n",
        "Écrivez hôte:port", "sans port ni barre", "Un pilote est l'un de", "adresse complète", "en capitales",
    ):  # fmt: skip
        assert expected in said, expected
    target = load(here / "conformance.toml", {"JETON": "un-jeton"})
    assert target.waves == ("va2", "va1")
    assert target.pilot is not None
    assert target.pilot.token_env == "JETON"


@pytest.mark.parametrize(
    ("kind", "place", "expected"),
    [
        ("command", "./pilote --keep 'deux mots'", ("./pilote", "--keep", "deux mots")),
        ("files", "echanges", ()),
        ("person", "", ()),
    ],
)
def test_the_other_pilots(
    here: Path, monkeypatch: pytest.MonkeyPatch, kind: str, place: str, expected: tuple[str, ...]
) -> None:
    """A command with its words, a folder, a person."""
    answer(monkeypatch, "É", "P", "1", "", "PFI", "", *("",) * SCOPES, "", "", kind, place)
    assert run(["init"]) == 0
    pilot = load(here / "conformance.toml", {}).pilot
    assert pilot is not None
    assert (pilot.kind, pilot.command) == (kind, expected)
    assert (pilot.folder is not None) == (kind == "files")


def test_an_existing_file_is_kept(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused with its name and the way out; --force replaces it."""
    (here / "conformance.toml").write_text("mine", encoding="utf-8")
    assert run(["init", "--yes"]) != 0
    assert "--force" in capsys.readouterr().err
    assert (here / "conformance.toml").read_text(encoding="utf-8") == "mine"
    assert run(["init", "--yes", "--force"]) == 0
    assert load(here / "conformance.toml", {}).dsr == "PFI"


def test_a_file_that_cannot_be_written_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder in the place of a file, a file in the place of a folder: no trace of Python."""
    (here / "file").write_text("", encoding="utf-8")
    assert run(["init", "file/t.toml", "--yes", "--lang", "en"]) != 0
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "cannot be written" in said


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_key_written_is_explained_in_the_language(
    here: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    """Comments in one language, and the next commands at the end."""
    assert run(["init", "--yes", "--lang", lang]) == 0
    text = (here / "conformance.toml").read_text(encoding="utf-8")
    assert ("# Où le banc envoie" in text, "Where the bench sends" in text) == (lang == "fr", lang == "en")
    assert "conformance plan --target conformance.toml" in capsys.readouterr().out
