"""`conformance check` on files and folders: every kind of file, in order, none stopping the others."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.cli import app, speech
from conformance.cli.checking import reading, telling
from conformance.standards.check import documents
from conformance.standards.check.members import CODES
from conformance.standards.check.settings import Judging

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "profiles" / "schema" / "check-1.schema.json").read_text(encoding="utf-8")
)
ORDER = (
    "MSH|^~\\&|A|B|C|D|20260105093100||ORM^O01^ORM_O01|M1|P|2.5|||||FRA|UNICODE UTF-8\rEVN||20260105093000\r"
    "PID|||X^^^A&1.2.3&ISO^PI||ESSAI^JEAN^JEAN^^^^L||19790328|M\rPV1|1|I\r"
)


DOCUMENT = (
    b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.1"/>'
    b'<code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/></ClinicalDocument>'
)


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The language of a test does not leak into the next."""
    yield
    speech.speak(None)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the JSON lines of `check --json`, each valid."""
    code = app.run(["check", *argv, "--json", "--no-verapdf"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for row in rows:
        jsonschema.validate(row, SCHEMA)
    return code, rows


def test_a_kind_that_the_rules_hardly_judge_is_not_called_conform(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An order is read but its structure is not judged: `not-judged`, exit 0."""
    (tmp_path / "a.hl7").write_bytes(ORDER.encode())
    code, rows = run(capsys, str(tmp_path))
    assert (code, rows[0]["kind"], rows[0]["verdict"]) == (0, "hl7v2/ORM^O01", "not-judged")


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
        (tmp_path / name).write_bytes(ORDER.encode())
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    _, rows = run(capsys, str(tmp_path / "c.hl7"), str(tmp_path))
    names = [Path(str(row["file"])).relative_to(tmp_path).as_posix() for row in rows]
    assert names == ["c.hl7", "a/1.hl7", "b/2.hl7"]


def test_a_name_that_is_not_utf_8_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file named in Latin-1 is checked like another, its name shown as far as it can be."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sum\xe9.hl7")).write_bytes(ORDER.encode())
    code, rows = run(capsys, str(tmp_path))
    assert code == 0
    assert str(rows[0]["file"]).endswith("r\ufffdsum\ufffd.hl7")


def test_a_file_too_large_is_said_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Over the limit: unreadable with its size and the limit, exit 1, nothing read; the next file is checked."""
    with (tmp_path / "a.xml").open("wb") as sparse:
        sparse.truncate(200 * 1024 * 1024)
    (tmp_path / "b.hl7").write_bytes(ORDER.encode())
    code, rows = run(capsys, str(tmp_path))
    assert code == 1
    assert [row["verdict"] for row in rows] == ["unreadable", "not-judged"]
    finding = rows[0]["findings"][0]
    assert (finding["code"], finding["seen"]) == ("check.file.too-large", str(200 * 1024 * 1024))


def test_what_cannot_be_read_is_told_and_the_others_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe, a socket, a link to itself and one to nowhere: a line each, never opened, exit 1."""
    os.mkfifo(tmp_path / "fifo")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "sock"))
    listening.close()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("no-such-file")
    (tmp_path / "z.hl7").write_bytes(ORDER.encode())
    code, rows = run(capsys, str(tmp_path), "/dev/null")
    assert code == 1
    told = {Path(str(row["file"])).name: row["findings"][0]["code"] for row in rows}
    special, unread = "check.file.special", "check.file.cannot-read"
    assert told.pop("z.hl7").startswith("hl7v2.")
    assert told == {"fifo": special, "sock": special, "null": special, "loop": unread, "nowhere": unread}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_rights_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason of the system is quoted."""
    (tmp_path / "a.hl7").write_bytes(b"")
    (tmp_path / "a.hl7").chmod(0)
    assert run(capsys, str(tmp_path))[1][0]["findings"][0]["code"] == "check.file.cannot-read"


def test_a_file_that_vanishes_is_told(tmp_path: Path) -> None:
    """Listed, then gone when its turn comes: a finding for that file."""
    (report,) = reading.reports(tmp_path / "gone.xml", Judging())
    assert (report.verdict, report.findings[0].code) == ("unreadable", "check.file.cannot-read")


def test_a_crash_of_a_rule_is_ours_and_the_other_files_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 4, the crash told with the file it came from, and every file still has its line."""
    real = documents.judge_message

    def broken(name: str, data: bytes, judging: Judging) -> object:
        if name.endswith("a.hl7"):
            raise RuntimeError("oups")
        return real(name, data, judging)

    monkeypatch.setattr(documents, "judge_message", broken)
    for name in ("a.hl7", "b.hl7"):
        (tmp_path / name).write_bytes(ORDER.encode())
    assert app.run(["check", str(tmp_path), "--json"]) == 4
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row.get("fault", False) for row in rows] == [True, False]
    jsonschema.validate(rows[0], SCHEMA)
    assert "RuntimeError: oups" in err
    assert "a.hl7" in err


def test_what_is_inside_a_file_has_lines_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The archive, then its document, which says what it is within and what it declares itself to be."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("d.xml", DOCUMENT)
    _, rows = run(capsys, str(tmp_path))
    outer = str(tmp_path / "a.zip")
    assert [row["file"] for row in rows] == [outer, f"{outer}!d.xml"]
    assert rows[1]["within"] == outer
    assert rows[1]["document"]["type_code"] == "11502-2"
    assert rows[1]["judges"] == ["conformance"]


@pytest.mark.parametrize(
    ("options", "code", "severities"),
    [
        ([], 0, {"note"}),
        (["--severity", "warning"], 0, set()),
        (["--fail-on", "warning"], 0, {"note"}),
        (["--fail-on", "note"], 1, {"note"}),
        (["--fail-on", "note", "--severity", "error"], 1, set()),
    ],
)
def test_severities_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, severities: set[str]
) -> None:
    """`--severity` says what is shown, `--fail-on` what decides of the exit code, shown or not."""
    (tmp_path / "a.hl7").write_bytes(ORDER.encode())
    found, rows = run(capsys, str(tmp_path), *options)
    assert {f["severity"] for f in rows[0]["findings"]} == severities
    assert found == code


def test_a_check_does_not_read_what_it_writes(tmp_path: Path) -> None:
    """Reports and redirected output in the very folder that is checked, twice: the documents alone are counted."""
    (tmp_path / "a.xml").write_bytes(DOCUMENT)
    command = (
        f"exec {sys.executable} -c 'import sys; from conformance.cli import main; sys.exit(main())' check . --json "
    )
    command += "--no-verapdf --html a.html --junit junit.xml --sarif a.sarif > lines.jsonl 2> errors.txt"
    for _ in range(2):
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False, timeout=120)
        rows = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
        assert [row["file"] for row in rows] == ["a.xml"]
    assert (tmp_path / "errors.txt").read_text() == ""


@pytest.mark.parametrize("report", ["--html a.html", "--junit a.xml", "--sarif a.sarif", "> lines.jsonl"])
def test_a_disk_without_room_is_told_and_leaves_nothing_half_written(tmp_path: Path, report: str) -> None:
    """Exit 2 and a remedy, no trace of ours, no half report; what stood there stays."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.xml").write_bytes(DOCUMENT)
    program = f"{sys.executable} -c 'import sys; from conformance.cli import main; sys.exit(main())'"
    command = f"ulimit -f 40; exec {program} check in --json --quick --lang en {report}"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"in", "lines.jsonl"}


def test_nothing_fails_when_never_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even an unreadable file."""
    (tmp_path / "a").write_bytes(b"")
    assert run(capsys, str(tmp_path), "--fail-on", "never")[0] == 0


def test_files_of_one_production_do_not_share_identifiers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--together`: the second document of an id with another content is told; without, it is not."""
    (tmp_path / "a.xml").write_bytes(DOCUMENT)
    (tmp_path / "b.xml").write_bytes(DOCUMENT)
    (tmp_path / "c.xml").write_bytes(DOCUMENT + b"<!-- other -->")
    for option, expected in (([], [False] * 3), (["--together"], [False, False, True])):
        _, rows = run(capsys, str(tmp_path), *option)
        told = ["check.document.id-repeated" in {f["code"] for f in row["findings"]} for row in rows]
        assert told == expected


def test_the_views_of_one_report_in_a_folder_are_held_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--together`: an N1 born another day than its N3 is told where the second of them is met, and it fails."""
    both = [
        ("n1", "19790328", "nonXMLBody"),
        ("n3", "19790329", "structuredBody"),
        ("n9", "19790328", "structuredBody"),
    ]
    for name, birth, body in both:
        act = "20240101" if name != "n9" else "20240102"
        (tmp_path / f"{name}.xml").write_text(
            f'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.{len(name)}"/><code code="11502-2"/>'
            '<recordTarget><patientRole><id root="1.2.3" extension="P1"/><patient>'
            f'<birthTime value="197903{birth}"/></patient></patientRole></recordTarget><documentationOf><serviceEvent>'
            f'<effectiveTime><low value="{act}"/></effectiveTime></serviceEvent></documentationOf>'
            f"<component><{body}/></component></ClinicalDocument>"
        )
    for options, expected in (([], []), (["--together"], ["n3.xml"])):
        _, rows = run(capsys, str(tmp_path), *options)
        told = [r["file"] for r in rows for f in r["findings"] if f["code"] == "cda.twins.header"]
        assert [Path(file).name for file in told] == expected


def test_a_summary_is_counts_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file is named; kinds, verdicts, most frequent findings and the last line are."""
    (tmp_path / "secret-name.hl7").write_bytes(ORDER.encode())
    assert app.run(["check", str(tmp_path), "--summary", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "secret-name" not in out
    assert "hl7v2/ORM^O01" in out
    assert out.splitlines()[-1].startswith("Files: 1;")


def test_the_same_finding_many_times_is_folded(capsys: pytest.CaptureFixture[str]) -> None:
    """Said once, graver findings first, with the number of times and some of the places."""
    notes = [CODES.finding("check.document.not-judged", f"/a/b[{n}]", line=n) for n in range(1, 10)]
    error = CODES.finding("check.file.unknown", seen="\x1b[31m")
    speech.speak("en")
    telling.Plain().tell(documents.report("a.xml", "cda", (*notes, error)))
    out = capsys.readouterr().out
    assert out.count("[check.document.not-judged]") == 1
    assert "9 times, also at: /a/b[2] (line 2), /a/b[3] (line 3). And 6 other places." in out
    assert out.index("check.file.unknown") < out.index("check.document.not-judged")
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--jobs", "0"], "number of processes"),
        (["--jobs", "many"], "number of processes"),
        (["--env", "moon"], "moon"),
        (["--as-of", "31/12/2026"], "31/12/2026"),
        (["--severity", "huge"], "huge"),
        (["--fail-on", "huge"], "huge"),
        (["--html", "no/such/folder/a.html"], "no/such/folder"),
        (["--verapdf", "--no-verapdf"], "contradict"),
    ],
)
def test_options_that_cannot_be_are_usage_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    """Exit 2, what was wrong quoted, before anything is judged."""
    assert app.run(["check", str(tmp_path), *options, "--lang", "en"]) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""


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
    inside = [row for row in rows if "within" in row]
    assert len(inside) == 7
    assert {str(row["kind"]) for row in inside} == {"cda"}
    assert {str(row["verdict"]) for row in rows if row not in messages and row not in inside} == {"unreadable"}


@pytest.mark.corpus
def test_the_official_package_speaks_beside_our_rules(
    tmp_path: Path, cisis: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One official example that both accept, and one whose date is no date: each verdict, and who disagrees."""
    sample = cisis / "ExemplesCDA" / "BIO-CR-BIO_2024.01_TSH_1.xml"
    (tmp_path / "a.xml").write_bytes(sample.read_bytes())
    (tmp_path / "b.xml").write_bytes(re.sub(rb"(<birthTime value=.)\d+", rb"\g<1>19991399", sample.read_bytes()))
    _, rows = run(capsys, str(tmp_path), "--official", str(cisis))
    opinions = [row["opinions"][0] for row in rows]
    assert [opinion["judge"] for opinion in opinions] == ["CI-SIS", "CI-SIS"]
    assert [opinion["verdict"] for opinion in opinions] == ["conform", "nonconform"]
    assert opinions[1]["findings"]
    for row, opinion in zip(rows, opinions, strict=True):
        agree = (row["verdict"] == "conform") == (opinion["verdict"] == "conform")
        assert bool(opinion["disagreements"]) == (not agree)
