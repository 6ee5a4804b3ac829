"""The command line as a stranger meets it: messages with a place and a remedy, exit codes, machine output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

SCHEMAS = Path(__file__).resolve().parents[2] / "profiles" / "schema"
MESSAGE = (
    "MSH|^~\\&|RIS|Y|PFI|Y|20260105093100||MDM^T02^MDM_T02|M1|P|2.6|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
    "EVN||20260105093000\rPID|||X^^^A&1.2.3&ISO^PI||ESSAI^JEAN^JEAN^^^^L||19790328|M\rPV1|1|I\rORC|SC\r"
)
TARGET = (
    'schema = "target/1"\n[vendor]\nname = "E"\nproduct = "P"\nversion = "1"\n'
    '[target]\ndsr = "PFI"\nwaves = ["va1", "va2"]\n[endpoints]\ndocuments = "mllp://127.0.0.1:{port}"\n'
    '[services.dmp]\nlisten = "127.0.0.1:0"\n[services.returns]\nlisten = "127.0.0.1:0"\n'
    "[timing]\nanswer = 0.5\nsettle = 0.2\nsettle_max = 2.0\n"
)


def conformance(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the real command in its own process."""
    program = "import sys; from conformance.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "--dsr", "PFI", "--wave", "va1"), "--target"),
        (("run", "--target", "absent.toml"), "absent.toml"),
        (("run", "--nothing"), "--nothing"),
        (("check", "absent.hl7"), "absent.hl7"),
        (("report", "."), "journal.jsonl"),
    ],
)
def test_a_wrong_use_exits_2_and_names_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """Usage faults exit with 2 (a missing journal with 4), name the thing, and never show a traceback."""
    done = conformance(*arguments, cwd=tmp_path)
    assert done.returncode in (2, 4)
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_key_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    """A misspelt key of the target is told with file, line, and the key that was probably meant."""
    (tmp_path / "t.toml").write_text(TARGET.format(port=9).replace("settle_max", "setle_max"), encoding="utf-8")
    done = conformance("run", "--target", "t.toml", cwd=tmp_path)
    told = done.stdout + done.stderr
    assert done.returncode == 2
    assert "t.toml:18" in told
    assert "settle_max" in told


def test_a_vendor_that_is_off_is_incomplete_and_the_last_line_names_the_next_step(tmp_path: Path) -> None:
    """Nobody listens: exit 3, no row conform, reports written, the report named last."""
    (tmp_path / "t.toml").write_text(TARGET.format(port=9), encoding="utf-8")
    done = conformance("run", "--target", "t.toml", "--effort", "smoke", "--out", "out", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "audit.fr.html" in done.stdout.splitlines()[-1]
    audit = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    jsonschema.validate(audit, json.loads((SCHEMAS / "audit-1.schema.json").read_bytes()))
    assert "conform" not in {r["verdict"] for r in audit["requirements"]}
    again = conformance("run", "--target", "t.toml", "--effort", "smoke", "--out", "out", cwd=tmp_path)
    assert again.returncode == 2


def test_check_prints_one_json_line_a_file_and_goes_on_after_a_bad_one(tmp_path: Path) -> None:
    """Findings have code, severity, path, line, clause, seen, expected, remedy; a binary file stops nothing."""
    (tmp_path / "a.hl7").write_bytes(MESSAGE.encode())
    (tmp_path / "b.hl7").write_bytes(b"\x00\xff\x00")
    done = conformance("check", ".", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    schema = json.loads((SCHEMAS / "check-1.schema.json").read_bytes())
    for row in rows:
        jsonschema.validate(row, schema)
    assert done.returncode == 1
    assert [Path(r["file"]).name for r in rows] == ["a.hl7", "b.hl7"]
    assert any(f["code"] == "hl7v2.request.incoherent" or f["path"].startswith("ORC") for f in rows[0]["findings"])


def test_the_catalogue_lists_every_row_for_machines(tmp_path: Path) -> None:
    """One line a row, each with its key and a property, a proof or a reason."""
    done = conformance("catalogue", "list", "--json", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len({r["key"] for r in rows}) == len(rows) == 100 + 57 + 146 + 222 + 248 + 106  # two rows of RIS hide
    assert all(r.get("property") or r.get("attest") or r.get("reason") for r in rows)
    assert conformance("catalogue", "lint", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_help_page_speaks_one_language(tmp_path: Path, lang: str) -> None:
    """Help is complete in both languages, and no text id shows through."""
    for command in ((), ("run",), ("check",), ("demo",), ("selftest",), ("report",), ("catalogue",), ("reference",)):
        done = conformance(*command, "--help", "--lang", lang, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "cli." not in done.stdout
        assert ("Usage" if lang == "en" else "Utilisation") in done.stdout or ("usage" in done.stdout.lower())
