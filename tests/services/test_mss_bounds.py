"""The operator without a socket: bounds of its memory, white list, receipts, and the readers of its commands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_lab import APPLICATION, DOCTOR, PATIENT, mail

from conformance.services.mss import operator as module
from conformance.services.mss.imap_fetch import item, split_items
from conformance.services.mss.imap_search import compiled
from conformance.services.mss.imap_syntax import Text, Unreadable, numbers, quoted, values
from conformance.services.mss.operator import Envelope, Message, Operator
from conformance.services.mss.session import bearer, decoded, plain
from conformance.standards.mail.syntax import parse
from conformance.standards.receipts.syntax import Dsn, Mdn, report

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def operator() -> Operator:
    """An operator whose clock stands still."""
    return Operator(lambda: AT)


def held(operator: Operator, address: str) -> list[bytes]:
    """The messages of a mailbox."""
    return [m.raw for m in operator.mailbox(address).folders["INBOX"].messages]


def test_the_oldest_messages_go_first(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the number or the bytes kept in all, the oldest messages are dropped wherever they are."""
    monkeypatch.setattr(module, "LIMIT_MESSAGES", 3)
    for n in range(5):
        operator.put(DOCTOR if n % 2 else PATIENT, b"%d" % n)
    assert held(operator, PATIENT) + held(operator, DOCTOR) == [b"2", b"4", b"3"]
    monkeypatch.setattr(module, "LIMIT_HELD", 10)
    operator.put(APPLICATION, b"x" * 9)
    assert held(operator, PATIENT) + held(operator, DOCTOR) == [b"4"]
    operator.put(APPLICATION, b"y" * 50)
    assert held(operator, APPLICATION) == []


def test_mailboxes_are_bounded(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past their number the oldest mailbox is forgotten."""
    monkeypatch.setattr(module, "LIMIT_MAILBOXES", 2)
    for n in range(4):
        operator.mailbox(f"p{n}@patient.mssante.fr")
    assert operator.addresses() == ("p2@patient.mssante.fr", "p3@patient.mssante.fr")


@pytest.mark.parametrize(
    ("address", "served"),
    [
        (APPLICATION, True),
        (PATIENT, True),
        ("x@hopital.MSSANTE.fr", True),
        ("x@mssante.fr", False),
        ("x@mssante.fr.exemple.org", False),
        ("x@fauxmssante.fr", False),
        ("@banc.mssante.fr", False),
        ("a b@banc.mssante.fr", False),
        ("a\r\nBcc: z@banc.mssante.fr", False),
        ("", False),
    ],
)
def test_the_white_list(address: str, served: bool) -> None:
    """Only addresses of the MSSanté space are served, and nothing that would break a header line."""
    assert Operator.serves(address) is served


def submitted(operator: Operator, *headers: str, notify: str = "", big: bool = False) -> tuple[Envelope, Message]:
    """A mail as the submission side hands it over."""
    body = "x" * (26 * 1024 * 1024) if big else "Bonjour.\r\n"
    envelope = Envelope(APPLICATION, APPLICATION, (DOCTOR, PATIENT), notify, "", "e+1")
    return envelope, operator.accept(envelope, mail("m1@pfi", *headers, body=body))


def test_receipts_are_read_back_by_the_reader_of_receipts(operator: Operator) -> None:
    """What the operator sends is what RFC 3464 and RFC 8098 describe, as our reader of vendors' receipts has it."""
    asked = ("Return-Receipt-To: pfi@banc.mssante.fr", "Disposition-Notification-To: <pfi@banc.mssante.fr>")
    envelope, message = submitted(operator, *asked)
    made = list(operator.answer(envelope, message, "both"))
    assert [(r.kind, r.recipient) for r in made] == [
        ("delivery", DOCTOR), ("read", DOCTOR), ("delivery", PATIENT), ("read", PATIENT),
    ]  # fmt: skip
    assert held(operator, APPLICATION) == [r.raw for r in made]
    dsn, mdn = report(parse(made[0].raw)), report(parse(made[1].raw))
    assert isinstance(dsn, Dsn)
    assert (dsn.about, dsn.envelope_id) == ("m1@pfi", "e+1")
    assert [(r.final, r.action, r.status) for r in dsn.recipients] == [(DOCTOR, "delivered", "2.0.0")]
    assert isinstance(mdn, Mdn)
    assert (mdn.about, mdn.final, mdn.type) == ("m1@pfi", DOCTOR, "displayed")
    assert [f for m in (dsn.mail, mdn.mail) for f in m.faults] == []


def test_receipts_not_asked_for_do_not_come(operator: Operator) -> None:
    """Without a header nor NOTIFY nothing comes; NOTIFY=SUCCESS alone gives the delivery, to the envelope sender."""
    assert list(operator.answer(*submitted(operator), "both")) == []
    (one, two) = operator.answer(*submitted(operator, notify="SUCCESS"), "both")
    assert {one.mailbox, two.mailbox} == {APPLICATION}
    assert one.kind == "delivery"


def test_a_patient_mailbox_takes_25_megabytes(operator: Operator) -> None:
    """Over that, the patient's copy bounces whatever the mode, and the professional's arrives."""
    made = list(operator.answer(*submitted(operator, big=True), "none"))
    assert [(r.kind, r.recipient) for r in made] == [("failed", PATIENT)]
    found = report(parse(made[0].raw))
    assert isinstance(found, Dsn)
    assert found.recipients[0].status == "5.3.4"
    assert len(held(operator, DOCTOR)) == 1
    assert held(operator, PATIENT) == []


def test_credentials() -> None:
    """PLAIN (RFC 4616) and XOAUTH2 as MSS/CONF.07 and CONF.12 describe them, and what is neither."""
    assert plain(b"\0pfi@banc.mssante.fr\0") == ("pfi@banc.mssante.fr", True)
    assert plain(b"autre\0pfi@banc.mssante.fr\0secret") == ("pfi@banc.mssante.fr", True)
    assert [plain(b)[1] for b in (b"", b"\0\0", b"pfi", b"a\0b\0c\0d")] == [False] * 4
    assert bearer(b"user=a@b\1auth=Bearer j.w.t\1\1") == ("a@b", True)
    assert [bearer(b)[1] for b in (b"user=a@b\1auth=Bearer \1\1", b"user=a\1auth=Basic x\1\1", b"")] == [False] * 3
    assert (decoded(b"="), decoded(b"AGE="), decoded(b"A*")) == (b"", b"\0a", None)


def test_values_of_a_command() -> None:
    """Atoms, strings, literals, lists and sections (RFC 3501 9)."""
    assert values(b'a "b\\"c" {3}\r\nd"e (f (g) "") BODY.PEEK[HEADER.FIELDS (TO "CC")]<0.9>') == (
        "a", Text(b'b"c'), Text(b'd"e'), ("f", ("g",), Text(b"")), 'BODY.PEEK[HEADER.FIELDS (TO "CC")]<0.9>',
    )  # fmt: skip
    assert list(numbers("3:1,5,7:*", 9)) == [(1, 3), (5, 5), (7, 9)]
    assert [quoted(v) for v in (None, "a", b'"\\', "é", "")] == [
        b"NIL", b'"a"', b'"\\"\\\\"', b"{2}\r\n\xc3\xa9", b'""',
    ]  # fmt: skip


MESSAGE = Message(1, mail("m@pfi"), AT)


@given(st.binary(max_size=200) | st.text('()"{}[] <>.*:,0123456789ABODYNTSEARCHU\\\r\n', max_size=80).map(str.encode))
def test_hostile_commands_are_unreadable_or_values(noise: bytes) -> None:
    """No bytes make the readers fail in another way than by saying that they cannot be read."""
    try:
        read = values(noise)
        for one in read:
            for name in split_items(one):
                item(MESSAGE, name, "")
        compiled(read, 1, 1)(1, MESSAGE)
    except Unreadable:
        return
    assert isinstance(read, tuple)


@pytest.mark.parametrize("told", [b"NOT " * 5000 + b"ALL", b"(" * 30 + b")" * 30, b"1," * 3000 + b"1"])
def test_depth_and_number_are_bounded(told: bytes) -> None:
    """Nesting and ranges beyond reason are refused, not followed."""
    with pytest.raises(Unreadable):
        compiled(values(told), 5, 5)(1, MESSAGE)
