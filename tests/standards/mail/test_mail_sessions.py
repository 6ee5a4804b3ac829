"""Sessions and reading commands made values, from facts as an operator records them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence.values import Direction, Exchange, Fact
from conformance.standards.mail.sessions import ImapCommand, Session, observe_imap, observe_session
from conformance.standards.observe import observe

# What the operator recorded of smtplib over STARTTLS, shortened.
ENDED: Mapping[str, Fact] = {
    "protocol": "smtp", "event": "session", "session": 4, "tls": "1.2", "cipher_id": "0xC030", "group": "x25519",
    "starttls": True, "implicit": False, "mechanism": "PLAIN", "login": "pfi@banc.mssante.fr",
    "client_certificate": "CN=PFI,OU=10B0000001,O=HOPITAL,C=FR", "client_usage": "AUTH_CLI", "certificate": "valid",
    "offer": "tls1.2-only", "handshake": "ok", "failure": "", "offered_versions": "1.3 1.2",
    "offered_suites": "0x1302 0xC030", "offered_groups": "0x001D 0x0017", "server_name": "localhost",
    "clear_commands": "EHLO STARTTLS", "closed": "client", "mails": 2,
}  # fmt: skip


def exchange(facts: Mapping[str, Fact], body: bytes = b"", channel: str = "mss") -> Exchange:
    """An exchange with these facts."""
    return Exchange("x1", channel, Direction.FROM_VENDOR, 4, 10, body, facts)


def test_a_session_at_its_end() -> None:
    """Every fact has its place, lists are lists."""
    found = observe_session(exchange(ENDED))
    assert found.kind == "mail-session"
    assert isinstance(found.value, Session)
    told = found.value
    assert (told.stage, told.protocol, told.number, told.tls, told.suite) == ("session", "smtp", 4, "1.2", "0xC030")
    assert told.offered_suites == ("0x1302", "0xC030")
    assert told.clear == ("EHLO", "STARTTLS")
    assert (told.starttls, told.implicit, told.mails, told.effects) == (True, False, 2, 0)


def test_reading_commands_are_attributed_by_message() -> None:
    """A command that read a message has the key of that message; a sign-in is a session without one."""
    facts: dict[str, Fact] = {
        "protocol": "imap", "event": "command", "session": 5, "command": "STORE", "mailbox": "pfi@banc.mssante.fr",
        "folder": "INBOX", "uid": 7, "message_id": "m1@banc",
    }  # fmt: skip
    found = observe(exchange(facts, b"\\Deleted \\Seen", "imap"))
    assert (found.kind, found.keys) == ("imap-command", (("message", "m1@banc"),))
    assert found.value == ImapCommand("STORE", "pfi@banc.mssante.fr", "INBOX", 7, "m1@banc", 5, "\\Deleted \\Seen")
    login = observe(exchange({**ENDED, "protocol": "imap", "event": "login"}, channel="imap"))
    assert login.kind == "imap-session"
    assert isinstance(login.value, Session)
    assert (login.value.stage, login.value.protocol, login.keys) == ("login", "imap", ())


@pytest.mark.parametrize("event", ["", "instruction", "receipt"])
def test_other_events_are_nothing(event: str) -> None:
    """What is neither a session nor a command tells nothing of the vendor."""
    assert observe_imap(exchange({"protocol": "imap", "event": event})).kind == "nothing"


FACTS = st.dictionaries(
    st.sampled_from([*ENDED, "command", "uid", "message_id", "mailbox"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
)


@given(FACTS)
def test_any_facts_can_be_read(facts: dict[str, Fact]) -> None:
    """Facts of the wrong type, or none, are read as empty."""
    assert observe_session(exchange(facts)).kind == "mail-session"
    assert observe_imap(exchange(facts)).kind.startswith(("imap-", "nothing"))
