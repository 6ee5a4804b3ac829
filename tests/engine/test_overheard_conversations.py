"""What is overheard, sorted into conversations: by keys, by questions and answers, in order of time."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.engine.dumps import read_dump
from conformance.engine.listening import conversations
from conformance.errors import CasesError
from conformance.evidence.values import Direction, Exchange, Observation


def heard(number: int, *keys: tuple[str, str], answers: str | None = None) -> Observation:
    """An observation with keys, or that answers another."""
    way = Direction.TO_VENDOR if answers else Direction.FROM_VENDOR
    exchange = Exchange(f"x{number}", "mss", way, 1, number, b"", {}, answers)
    return Observation(exchange, "mail", None, keys)


def sorted_out(*observations: Observation) -> list[list[str]]:
    """The ids of each conversation."""
    return [[o.exchange.id for o in one] for one in conversations(observations)]


def test_what_shares_a_key_goes_together() -> None:
    """Directly or through a third; what shares nothing stands alone."""
    document, patient = ("document", "1.2.3"), ("patient", "P")
    found = sorted_out(heard(1, document), heard(2, patient), heard(3), heard(4, document, patient))
    assert found == [["x1", "x2", "x4"], ["x3"]]


def test_an_answer_goes_with_its_question() -> None:
    """Whatever came between."""
    assert sorted_out(heard(1), heard(2), heard(3, answers="x1")) == [["x1", "x3"], ["x2"]]


def test_keys_of_two_kinds_are_not_confused() -> None:
    """A patient and a document of the same number are two things."""
    assert len(sorted_out(heard(1, ("patient", "7")), heard(2, ("document", "7")))) == 2


def test_files_are_read_as_what_they_are(tmp_path: Path) -> None:
    """A mail by its name, HL7 v2 and HTTP bodies by their beginning, the others left out; nothing at all is told."""
    (tmp_path / "a.eml").write_bytes(b"Subject: x\r\n\r\n")
    (tmp_path / "b.hl7").write_bytes(b"MSH|^~\\&|A|B|C|D|20260101||ACK|1|P|2.5\r")
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n")
    read = list(read_dump(tmp_path))
    assert [(e.channel, e.facts["protocol"], e.facts["file"]) for e in read] == [
        ("mss", "smtp", "a.eml"),
        ("returns", "mllp", "b.hl7"),
    ]
    assert all(e.direction is Direction.FROM_VENDOR for e in read)
    (tmp_path / "a.eml").unlink()
    (tmp_path / "b.hl7").unlink()
    with pytest.raises(CasesError):
        list(read_dump(tmp_path))
