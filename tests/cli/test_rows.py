"""`conformance rows`: verdicts of document rows on files, in words and in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app, speech
from conformance.cli.rows import declared_of
from conformance.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The language of one test is not that of the next."""
    yield
    speech.speak(None)


def rows(*words: str) -> Result:
    """The command, in English."""
    speech.speak("en")
    return CliRunner().invoke(app.build(), ["rows", *words], prog_name="conformance")


def test_the_sample_reports_make_their_rows_conform() -> None:
    """A structured report of the samples satisfies the rows on its form; the others say what they need."""
    done = rows("--dsr", "SGL", str(SAMPLES / "cda" / "cr-bio-2024.01.xml"))
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line for line in done.output.splitlines() if line.startswith("SGL/")}
    assert "conform" in lines["SGL/va1/DOC/va1.30"]
    assert "not judged: no CDA R2 N1" in lines["SGL/va1/DOC/va1.27"]


def test_each_json_line_follows_its_schema() -> None:
    """`rows/1`, findings included."""
    schema = json.loads((ROOT / "profiles" / "schema" / "rows-1.schema.json").read_text(encoding="utf-8"))
    done = rows("--dsr", "LGO", "--json", str(SAMPLES / "cda"))
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert {line["verdict"] for line in lines} >= {"conform", "not-judged"}
    for line in lines:
        jsonschema.validate(line, schema)


def test_a_wrong_document_makes_its_row_nonconform(tmp_path: Path) -> None:
    """Exit 1, with the place and the remedy."""
    raw = (SAMPLES / "cda" / "vac-note-2023.01.xml").read_bytes()
    (tmp_path / "note.xml").write_bytes(raw.replace(b'code="fr-FR"', b'code="fr"'))
    done = rows("--dsr", "LGO", str(tmp_path))
    assert done.exit_code == 1
    assert "LGO.DOC.06" in done.output
    assert "languageCode" in done.output


def test_nothing_to_judge_is_told_by_the_exit_code(tmp_path: Path) -> None:
    """A folder without any document of the DSR exits with 3, never 0."""
    (tmp_path / "note.txt").write_bytes(b"bonjour")
    assert rows("--dsr", "SGL", str(tmp_path)).exit_code == 3


def test_the_sample_of_a_declaration_is_read() -> None:
    """Every field of the sample is known."""
    found = declared_of(SAMPLES / "declared" / "biologie.toml")
    assert (found.qualified, found.recipients, found.accredited) == (True, ("HODA Adam",), 2)


@pytest.mark.parametrize(
    "text",
    [
        "qualified = true",
        'schema = "declared/2"',
        'schema = "declared/1"\nqualifed = true',
        'schema = "declared/1"\nqualified = "yes"',
        'schema = "declared/1"\nrecipients = "HODA"',
        'schema = "declared/1"\nversions = true',
        "schema = ",
    ],
)
def test_a_declaration_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    """A missing or other schema, an unknown field, a value of another type, broken TOML."""
    path = tmp_path / "d.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        declared_of(path)


def test_a_missing_file_is_a_fault_of_usage(tmp_path: Path) -> None:
    """Nothing is judged."""
    with pytest.raises(UsageError):
        declared_of(tmp_path / "absent.toml")
