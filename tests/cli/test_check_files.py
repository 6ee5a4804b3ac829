"""`conformance check` on files and folders: every kind of file, in order, none stopping the others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from conformance.cli import app, check, speech

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "profiles" / "schema" / "check-1.schema.json").read_text(encoding="utf-8")
)
ADMISSION = (
    "MSH|^~\\&|A|B|C|D|20260105093100||ADT^A01^ADT_A01|M1|P|2.5|||||FRA|UNICODE UTF-8\rEVN||20260105093000\r"
    "PID|||X^^^A&1.2.3&ISO^PI||ESSAI^JEAN^JEAN^^^^L||19790328|M\rPV1|1|I\r"
)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The language of a test does not leak into the next."""
    yield
    speech.speak(None)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code and the JSON lines of `check --json`, each valid."""
    code = app.run(["check", *argv, "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for row in rows:
        jsonschema.validate(row, SCHEMA)
    return code, rows


def test_a_kind_that_the_rules_hardly_judge_is_not_called_conform(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An admission is read but its structure is not judged: `not-judged`, exit 0."""
    (tmp_path / "a.hl7").write_bytes(ADMISSION.encode())
    code, rows = run(capsys, str(tmp_path))
    assert (code, rows[0]["kind"], rows[0]["verdict"]) == (0, "hl7v2/ADT^A01", "not-judged")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"\x00\xff\xfe", b"MSH", "é".encode("latin-1")])
def test_what_is_not_hl7_is_of_unknown_kind_and_never_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    """Any other bytes are unreadable, exit 1."""
    (tmp_path / "x.bin").write_bytes(data)
    code, rows = run(capsys, str(tmp_path))
    assert (code, rows[0]["verdict"]) == (1, "unreadable")


def test_folders_are_walked_in_order_each_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Alphabetical whatever the disk says, links to folders not followed, a file named twice checked once."""
    for name in ("b/2.hl7", "a/1.hl7", "c.hl7"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(ADMISSION.encode())
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    _, rows = run(capsys, str(tmp_path / "c.hl7"), str(tmp_path))
    names = [Path(str(row["file"])).relative_to(tmp_path).as_posix() for row in rows]
    assert names == ["c.hl7", "a/1.hl7", "b/2.hl7"]


def test_a_name_that_is_not_utf_8_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file named in Latin-1 is checked like another, its name shown as far as it can be."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sum\xe9.hl7")).write_bytes(ADMISSION.encode())
    code, rows = run(capsys, str(tmp_path))
    assert code == 0
    assert str(rows[0]["file"]).endswith("r\ufffdsum\ufffd.hl7")


def test_a_file_too_large_is_said_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the limit: unreadable, told on standard error with the limit, exit 1; the next file is checked."""
    monkeypatch.setattr(check, "LARGEST", 1000)
    (tmp_path / "a.hl7").write_bytes(b"MSH" * 1000)
    (tmp_path / "b.hl7").write_bytes(ADMISSION.encode())
    code = app.run(["check", str(tmp_path), "--json", "--lang", "en"])
    out, err = capsys.readouterr()
    assert code == 1
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["unreadable", "not-judged"]
    assert "3000" in err
    assert "1000" in err


def test_a_crash_of_a_rule_is_ours_and_the_other_files_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4, the crash told with the file it came from, and every file still has its line."""
    import conformance.standards.check as rules

    real = rules.check

    def broken(name: str, data: bytes) -> rules.Report:
        if name == "a.hl7":
            raise RuntimeError("oups")
        return real(name, data)

    monkeypatch.setattr(rules, "check", broken)
    for name in ("a.hl7", "b.hl7"):
        (tmp_path / name).write_bytes(ADMISSION.encode())
    assert app.run(["check", str(tmp_path), "--json"]) == 4
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "RuntimeError: oups" in err
    assert "a.hl7" in err


@pytest.mark.parametrize(("lang", "words"), [("fr", ("illisible", "Que faire")), ("en", ("unreadable", "What to do"))])
def test_the_plain_output_speaks_the_language_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str, words: tuple[str, ...]
) -> None:
    """Kind, verdict, finding, remedy and the last line, without control characters of the file."""
    (tmp_path / "x").write_bytes(b"\x1b[31mrouge")
    assert app.run(["check", str(tmp_path), "--lang", lang]) == 1
    out = capsys.readouterr().out
    for word in words:
        assert word in out
    assert "\x1b" not in out
    assert ("Files: 1" if lang == "en" else "Fichiers : 1") in out.splitlines()[-1]


@pytest.mark.corpus
def test_the_published_messages_each_have_one_valid_line(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The 33 published messages, the list and the read-me: one line each, all messages recognised as HL7 v2."""
    _, rows = run(capsys, str(shared / "corpus-hl7v2"))
    messages = [row for row in rows if str(row["file"]).endswith((".hl7", ".er7"))]
    assert len(messages) == 33
    assert all(str(row["kind"]).startswith("hl7v2/") for row in messages)
    assert {str(row["verdict"]) for row in rows if row not in messages} == {"unreadable"}
