"""Which acknowledgements a message asks for, and what one says (HL7 v2.5, 2.9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import hl7
import pytest

from conformance.bench.acknowledgement import ORIGINAL, Expected, accept, ahead, expected, read

HEADER = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01^ADT_A01|ID1|P|2.5|||{0}|{1}\rPID|1\r"


@pytest.mark.parametrize(
    ("accept_type", "application_type", "accepts", "applications"),
    [("AL", "AL", True, True), ("AL", "NE", True, False), ("NE", "AL", False, True), ("NE", "NE", False, False)],
)
def test_enhanced_mode_follows_msh_15_and_16(
    accept_type: str, application_type: str, accepts: bool, applications: bool
) -> None:
    """MSH-15 and MSH-16 (table 0155) say which acknowledgements to wait for."""
    asked = expected(HEADER.format(accept_type, application_type).encode())
    assert (asked.enhanced, asked.accept, asked.application) == (True, accepts, applications)


def test_original_mode_without_msh_15_and_16() -> None:
    """Both empty, or a message too short to have them, or no message at all: the original mode."""
    for text in (HEADER.format("", ""), "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|ID1|P|2.5\r", "garbage"):
        assert expected(text.encode()) == ORIGINAL


@pytest.mark.parametrize(
    ("asked", "code", "ends"),
    [
        (ORIGINAL, "AA", True),
        (ORIGINAL, "CA", True),
        (Expected(True, True, True), "CA", False),
        (Expected(True, True, True), "CE", True),
        (Expected(True, True, True), "CR", True),
        (Expected(True, True, True), "AE", True),
        (Expected(True, False, True), "CA", True),
        (Expected(False, True, True), "CA", False),
    ],
)
def test_which_code_ends_the_wait(asked: Expected, code: str, ends: bool) -> None:
    """A refusal or an application code always ends the wait, CA only when nothing else is due."""
    assert asked.final(code) is ends


def test_reads_the_acknowledgement_of_the_hl7_library() -> None:
    """An ACK made by python-hl7 is read for its code and the control id it quotes."""
    ack = hl7.parse(HEADER.format("", "")).create_ack("AR")
    found = read(str(ack).encode())
    assert found is not None
    assert (found.code, found.control, found.asks_accept) == ("AR", "ID1", False)


def test_reads_other_delimiters_and_escapes() -> None:
    """The delimiters are those the header declares; an escaped control id is told in clear."""
    found = read(b"MSH$%~\\&$A$B$C$D$20260101$$ACK$R1$P$2.5\rMSA$AA$ID\\F\\1\r")
    assert found is not None
    assert found.control == "ID$1"


@pytest.mark.parametrize("body", [b"", b"MSA|AA|1\r", b"MSH|^~\\&|A\rPID|1\r", b"<ack/>", b"MSH"])
def test_what_is_no_acknowledgement(body: bytes) -> None:
    """Without a header or without MSA there is no acknowledgement."""
    assert read(body) is None


def test_accept_acknowledgement_can_be_read_by_the_hl7_library() -> None:
    """The CA we send has its header turned round, quotes the message, and python-hl7 reads it."""
    made = accept(HEADER.format("AL", "NE").encode(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    message = hl7.parse(made.decode())
    assert str(message.segment("MSA")[1]) == "CA"
    assert str(message.segment("MSA")[2]) == "ID1"
    assert [str(message.segment("MSH")[n]) for n in (3, 4, 5, 6)] == ["C", "D", "A", "B"]
    assert str(message.segment("MSH")[10]) != "ID1"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("20260105120000", 0),
        ("20260105130000", 3600),
        ("20260105115000.1234", -600),
        ("20260105110000+0000", 0),
        ("20260105110500+0000", 300),
        ("202601051200", 0),
        ("202601051150", -541),
        ("20260105", None),
        ("20261399250000", None),
        ("", None),
    ],
)
def test_how_far_a_clock_is(written: str, seconds: int | None) -> None:
    """MSH-7 (DTM) with an offset is an instant; without one it is read in the zone of the bench (here +0100)."""
    at = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=1)))
    assert ahead(f"MSH|^~\\&|A|B|C|D|{written}||ACK|I|P|2.5\rMSA|AA|X\r".encode(), at) == seconds


def test_what_has_no_header_has_no_clock() -> None:
    """No message, no time."""
    assert ahead(b"garbage", datetime(2026, 1, 5, tzinfo=UTC)) is None
