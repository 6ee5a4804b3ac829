"""What every judge of transport looks at: the sessions with the operator, as the facts of each exchange tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from conformance.evidence.codes import table
from conformance.evidence.values import Context, Direction, Driven, Exchange, Finding, Heard, Severity
from conformance.models.transport import USUAL, VALID
from conformance.standards.tls import tables

CODES = table(__package__)

SMTP = frozenset({"mss", "mss-implicit"})
IMAP = frozenset({"imap", "imap-implicit"})
PROTOCOLS = (("SMTP", SMTP), ("IMAP", IMAP))
"""The channels on which each protocol is heard."""

APPLICATION_MAILBOX = "pfi@banc.mssante.fr"
"""The application mailbox when the target's settings name no other."""

_ENTRUSTING = frozenset({"AUTH", "AUTHENTICATE", "LOGIN", "MAIL", "RCPT", "DATA", "BDAT"})
"""The commands that hand a secret or a message over."""


@dataclass(frozen=True)
class Link:
    """One thing heard of a session with the operator: a mail, a log-in, a command, or its end (`session`)."""

    exchange: Exchange

    def fact(self, name: str) -> str:
        """A fact of the connection as text, empty when it is not told."""
        value = self.exchange.facts.get(name)
        return "" if value is None or value is False else str(value)

    @cached_property
    def event(self) -> str:
        """`mail`, `login`, `command` or `session`."""
        return self.fact("event")

    @property
    def certificate(self) -> str:
        """The label of the certificate that the operator had to show."""
        return self.fact("certificate") or VALID

    @property
    def offer(self) -> str:
        """The label of what the operator offered in TLS."""
        return self.fact("offer") or USUAL

    @property
    def usual(self) -> bool:
        """Whether the operator showed itself as usual."""
        return self.certificate == VALID and self.offer == USUAL

    @property
    def version(self) -> str:
        """The version of TLS of an established session (`1.2`), empty when there is none."""
        return "" if self.fact("handshake") == "failed" else tables.version(self.fact("tls"))

    @property
    def failed(self) -> bool:
        """Whether the handshake was begun and did not succeed."""
        return self.event == "session" and self.fact("handshake") == "failed"

    @property
    def entrusted(self) -> bool:
        """Whether the system logged in there, or gave a mail: it took the operator for the right one."""
        return self.event in ("mail", "command") or bool(self.fact("login"))

    @property
    def clear_secrets(self) -> tuple[str, ...]:
        """The commands that hand over a secret or a message, given before TLS; of a mail in clear, `MAIL`."""
        found = tuple(c for c in self.fact("clear_commands").upper().split() if c in _ENTRUSTING)
        if not found and self.entrusted and not self.version:
            return ("MAIL",) if self.event == "mail" else ("LOGIN",)
        return found


def links(heard: Heard, channels: Collection[str]) -> tuple[Link, ...]:
    """What was heard of sessions on some channels, in order of time."""
    return tuple(
        Link(o.exchange)
        for o in heard.own
        if o.exchange.direction is Direction.FROM_VENDOR
        and o.exchange.channel in channels
        and o.exchange.facts.get("event")
    )


def twin(met: Collection[Link]) -> Link | None:
    """The permitted twin: something entrusted over TLS to an operator that is as usual."""
    return next((link for link in met if link.usual and link.entrusted and link.version), None)


def plain(driven: Driven[object]) -> bool:
    """Whether the operator stayed as usual all along the case."""
    return not driven.labels.isdisjoint({"plain", "imap:plain"})


def ended(met: Collection[Link]) -> Iterator[Link]:
    """The ends of sessions."""
    return (link for link in met if link.event == "session")


TUNNELS = "tunnels"
"""The target setting that names the channels which a declared tunnel (VPN, SSH) protects: `mss imap returns`."""


def tunnelled(context: Context) -> frozenset[str]:
    """The channels that the vendor declares to be in a tunnel."""
    return frozenset(str(context.settings.get(TUNNELS) or "").replace(",", " ").split())


def mailbox(context: Context) -> str:
    """The address of the application mailbox under test."""
    return str(context.settings.get("mss_application_mailbox") or APPLICATION_MAILBOX).lower()


def finding(code: str, path: str = "", **details: object) -> Finding:
    """A finding of this room's table."""
    return CODES.finding(code, path, **details)  # type: ignore[arg-type]


def advice(code: str) -> bool:
    """Whether a code goes further than the statement of the row."""
    return CODES[code].severity is not Severity.ERROR
