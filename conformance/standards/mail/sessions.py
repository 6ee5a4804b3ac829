"""Sessions with the operator as values: what a connection told of itself, whichever protocol it spoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from conformance.evidence.values import Exchange, Fact, Observation
from conformance.standards.mail.syntax import message_ids


@dataclass(frozen=True, slots=True)
class Session:
    """One connection to the operator, at log-in (`stage` is `login`) or at its end (`session`).

    `tls` is `1.2`, `1.3` or empty; `suite` the number on the wire (`0xC030`); `offered_*` what the client's hello
    offered. `certificate`, `offer` and `fault` are labels of what the operator showed. `handshake` is `ok`, `failed`
    or `none`, `failure` why it failed (`alert-certificate-expired`, `no-shared-cipher`, `closed`...). `clear` are the
    commands that came before TLS. `mails` counts the mails heard, `effects` what a reader did to its mailbox.
    """

    stage: Literal["login", "session"]
    protocol: Literal["smtp", "imap"]
    number: int
    tls: str
    suite: str
    group: str
    starttls: bool
    implicit: bool
    mechanism: str
    login: str
    client_certificate: str
    client_usage: str
    certificate: str
    offer: str
    fault: str
    handshake: str
    failure: str
    offered_versions: tuple[str, ...]
    offered_suites: tuple[str, ...]
    offered_groups: tuple[str, ...]
    server_name: str
    clear: tuple[str, ...]
    closed: str
    mails: int
    effects: int


@dataclass(frozen=True, slots=True)
class ImapCommand:
    """A command that read a message or changed a mailbox: `FETCH`, `STORE`, `COPY`, `MOVE`, `EXPUNGE`, `APPEND`."""

    command: str
    mailbox: str
    folder: str
    uid: int
    message_id: str
    session: int
    flags: str = ""


def session(facts: Mapping[str, Fact]) -> Session:
    """The session that the facts of an exchange tell; what they do not tell is empty."""

    def text(name: str) -> str:
        value = facts.get(name)
        return value if isinstance(value, str) else ""

    def number(name: str) -> int:
        value = facts.get(name)
        return value if isinstance(value, int) else 0

    def listed(name: str) -> tuple[str, ...]:
        return tuple(text(name).split())

    return Session(
        stage="login" if facts.get("event") == "login" else "session",
        protocol="imap" if facts.get("protocol") == "imap" else "smtp",
        number=number("session"),
        tls=text("tls"),
        suite=text("cipher_id"),
        group=text("group"),
        starttls=facts.get("starttls") is True,
        implicit=facts.get("implicit") is True,
        mechanism=text("mechanism"),
        login=text("login"),
        client_certificate=text("client_certificate"),
        client_usage=text("client_usage"),
        certificate=text("certificate"),
        offer=text("offer"),
        fault=text("fault"),
        handshake=text("handshake"),
        failure=text("failure"),
        offered_versions=listed("offered_versions"),
        offered_suites=listed("offered_suites"),
        offered_groups=listed("offered_groups"),
        server_name=text("server_name"),
        clear=listed("clear_commands"),
        closed=text("closed"),
        mails=number("mails"),
        effects=number("effects"),
    )


def observe_session(exchange: Exchange) -> Observation:
    """`mail-session` (Session) of an exchange of the submission service."""
    return Observation(exchange, "mail-session", session(exchange.facts))


def observe_imap(exchange: Exchange) -> Observation:
    """Decode what passed over IMAP; never raises.

    Kinds: `imap-session` (Session) at log-in and at the end, `imap-command` (ImapCommand), `nothing` otherwise.
    Keys: `message`, the Message-ID of the message read or changed.
    """
    facts = exchange.facts
    event = facts.get("event")
    if event in ("session", "login"):
        return Observation(exchange, "imap-session", session(facts))
    if event != "command":
        return Observation(exchange, "nothing", None)
    told = {name: str(facts.get(name) or "") for name in ("command", "mailbox", "folder", "message_id")}
    identifier = next(iter(message_ids(f"<{told['message_id'].strip('<>')}>")), "")
    uid, number = facts.get("uid"), facts.get("session")
    value = ImapCommand(
        told["command"],
        told["mailbox"],
        told["folder"],
        uid if isinstance(uid, int) else 0,
        identifier,
        number if isinstance(number, int) else 0,
        exchange.body[:500].decode("utf-8", "replace") if told["command"] == "STORE" else "",
    )
    return Observation(exchange, "imap-command", value, (("message", identifier),) if identifier else ())
