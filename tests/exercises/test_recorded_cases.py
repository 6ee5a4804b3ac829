"""Cases read from files, and the official examples addressed to a PFI."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import hl7
import pytest

from conformance.errors import CasesError
from conformance.exercises import recorded
from conformance.exercises.recorded import RecordedExercise, content_of, exercise, load_cases
from conformance.generation.binding import bind
from conformance.generation.documents import plainest
from conformance.generation.render import render
from conformance.models.document import Step
from conformance.texts import render_error

MESSAGE = render(plainest(), 0, bind("0a1b2c3d", 1), date(2026, 11, 24)).message
ACK = b"MSH|^~\\&|PFI|ORG|RIS|ORG|202106060932||ACK^T10^ACK|016|P|2.6|||||FRA|UNICODE UTF-8\rMSA|AA|015\r"


@pytest.mark.parametrize(
    ("files", "id"),
    [
        (None, "cases.missing"),
        ({}, "cases.empty"),
        ({"README.md": b"MSH|"}, "cases.empty"),
        ({"a.er7": ACK}, "cases.none-for-pfi"),
        ({"a.er7": MESSAGE.replace(b"2.1^CISIS_CDA_HL7_V2", b"1.1^CISIS_CDA_HL7_LPS")}, "cases.none-for-pfi"),
        ({"a.hl7": b"<xml/>"}, "cases.not-hl7"),
        ({"a.hl7": MESSAGE.replace(b"UNICODE UTF-8", b"MORSE")}, "cases.not-hl7"),
    ],
)
def test_a_folder_without_cases_is_an_error(tmp_path: Path, files: dict[str, bytes] | None, id: str) -> None:
    """A missing, empty or useless folder never means "test nothing"; the fault is told in both languages."""
    folder = tmp_path / "cases"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    with pytest.raises(CasesError) as caught:
        load_cases(folder)
    assert caught.value.id == id
    for language in ("fr", "en"):
        told = render_error(caught.value, language)  # type: ignore[arg-type]
        assert "{" not in told
        assert id not in told


def test_files_are_kept_byte_for_byte_and_in_order(tmp_path: Path) -> None:
    """Sub-folders are read, acknowledgements left out, names are relative, contents untouched."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.HL7").write_bytes(MESSAGE.replace(b"\r", b"\n"))
    (tmp_path / "a.er7").write_bytes(MESSAGE)
    (tmp_path / "ack.er7").write_bytes(ACK)
    cases = load_cases(tmp_path)
    assert [c.file for c in cases] == ["a.er7", "b/two.HL7"]
    assert content_of(cases[0]) == MESSAGE
    assert {c.expected for c in cases} == {"any"}
    assert load_cases(tmp_path / "a.er7")[0].file == "a.er7"


def test_labels_of_files_are_within_the_vocabulary(tmp_path: Path) -> None:
    """A recorded message tells its carrier, dialect and request; the sentinel is a generated story."""
    (tmp_path / "a.er7").write_bytes(MESSAGE)
    driven = exercise(load_cases(tmp_path))
    assert isinstance(driven, RecordedExercise)
    assert driven.labels() == {"carrier:MDM", "dialect:2.1", "story:initial"}
    assert driven.labels_of(driven.sentinel()) >= {"plain"}
    assert driven.simpler(driven.files[0]) == []


def test_a_recorded_message_is_driven_after_what_it_supposes(bench: Any, tmp_path: Path) -> None:
    """A recorded replacement reaches the peer after a derived initial transmission that bears the replaced id."""
    story = plainest()
    story = replace(story, steps=(*story.steps, Step("replacement")))
    replaced = render(story, 1, bind("0a1b2c3d", 9), date(2026, 11, 24))
    (tmp_path / "r.er7").write_bytes(replaced.message)
    driven = exercise(load_cases(tmp_path))
    done = bench.drive(driven, driven.files[0], bind("0a1b2c3d", 10)).done["w1-c1"]
    assert [s.name for s in done.sent] == ["seed-1-initial", "recorded-2-replacement"]
    first, second = (hl7.parse(m).segment("TXA") for m in bench.peer.received)
    assert str(first[12]) == str(second[13])
    assert str(second[12]) != replaced.uids[0]
    assert ("document", str(second[12])) in done.keys


@pytest.mark.corpus
def test_the_table_speaks_of_every_official_file(shared: Path) -> None:
    """The committed table names the 33 files of the corpus by their SHA-256, and no other."""
    corpus = {f for f in (shared / "corpus-hl7v2").iterdir() if f.suffix in recorded.SUFFIXES}
    assert len(corpus) == 33
    table = recorded.known_files()
    assert {hashlib.sha256(f.read_bytes()).hexdigest() for f in corpus} == set(table)
    assert all(known.why for known in table.values())


@pytest.mark.corpus
def test_official_messages_for_a_pfi_are_loaded_with_their_outcome(shared: Path) -> None:
    """Ten official examples are for a PFI; those with a sentence instead of a CDA promise nothing."""
    cases = load_cases(shared / "corpus-hl7v2")
    assert len(cases) == 10
    assert sorted(c.expected for c in cases) == ["accepted"] * 2 + ["any"] * 8
    assert [c.file for c in cases if c.expected == "accepted" and c.seed] == [
        f.name
        for f in (shared / "corpus-hl7v2").iterdir()
        if "V2.1__MDM__Remplacement-MDM__message" in f.name and "LPS" not in f.name
    ]


@pytest.mark.corpus
def test_official_messages_are_driven_whatever_they_are(bench: Any, shared: Path) -> None:
    """Every one of them, and the messages it supposes, reaches the peer under new control ids."""
    driven = exercise(load_cases(shared / "corpus-hl7v2"))
    readable = [c for c in driven.files if "V2.0__ORU" not in c.file]  # python-hl7 cannot read their MSH-2
    for number, case in enumerate(readable, 20):
        done = bench.drive(driven, case, bind("0a1b2c3d", number)).done["w1-c1"]
        assert done.fault is None
        assert done.sent[-1].failure is None
        assert len(done.sent) == (3 if "Suppression" in case.file else 2 if case.seed else 1)
    controls = [str(hl7.parse(m).segment("MSH")[10]) for m in bench.peer.received]
    assert len(set(controls)) == len(controls)
    assert "015" not in controls


def test_the_table_has_a_row_a_file() -> None:
    """Each row of the table is complete and says yes or no, accepted, rejected or any."""
    path = Path(recorded.__file__).resolve().parents[2] / "samples" / recorded.TABLE
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 33
    for row in rows:
        assert row["addressed_to_pfi"] in ("yes", "no")
        assert row["needs_seed"] in ("yes", "no")
        assert row["expected"] in ("accepted", "rejected", "any")
