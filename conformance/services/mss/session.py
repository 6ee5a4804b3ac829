"""What SMTP and IMAP sessions share: the connection and its facts, faults at a step, what is recorded at the end."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from conformance.bench.clock import sleep
from conformance.bench.wire import Gone, Wire
from conformance.errors import InternalError
from conformance.evidence.values import Exchange, Fact
from conformance.services.mss.operator import Operator

STEPS = (
    *("greeting", "ehlo", "starttls", "auth", "sender", "rcpt", "data-command", "data"),
    *("select", "search", "fetch", "store", "expunge", "append", "idle", "status", "list"),
)
"""Where a fault can strike; `data` is the end of the data, `auth` is LOGIN too."""

KINDS = ("4xx", "5xx", "refused", "cut", "slow", "silent")
"""What a fault does: refuse for a time or for good, hang up, answer late, answer no more."""

ALIASES = {"smtp": {"cut": "data-cut", "slow": "data-slow", "silent": "greeting-silent", "full": "rcpt-full"}}
ALIASES["imap"] = {"cut": "fetch-cut", "slow": "fetch-slow", "silent": "greeting-silent", "full": "append-refused"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of an environment: at which step, what; `spare` is a mark that leaves alone what quotes it."""

    step: str = ""
    kind: str = ""
    name: str = "success"
    on: tuple[str, ...] = ()
    spare: str = ""
    delay: float = 5.0

    @classmethod
    def chosen(cls, settings: Mapping[str, str], protocol: str, service: str) -> Fault:
        """The fault that settings name; raises InternalError for one that does not exist."""
        name = settings["fault"]
        if name == "success":
            return cls()
        step, _, kind = ALIASES[protocol].get(name, name).rpartition("-")
        if step not in STEPS or kind not in (*KINDS, "full"):
            raise InternalError("bench.unknown-setting", where=service, key=f"{service}.fault={name}")
        return cls(step, kind, name, tuple(settings["on"].split()), settings["spare"], float(settings["delay"]))

    def strikes(self, step: str, quoted: str) -> bool:
        """Whether it strikes this step for something said (`quoted`: addresses, login, the message)."""
        if step != self.step or (self.spare and self.spare in quoted):
            return False
        return not self.on or any(mark in quoted for mark in self.on)


class Host(Protocol):
    """The service as a session sees it."""

    operator: Operator
    implicit: ClassVar[bool]

    @property
    def fault(self) -> Fault: ...
    @property
    def certificate(self) -> str: ...
    @property
    def offer(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def receipts(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def context(self) -> ssl.SSLContext: ...

    def heard(self, session: Session, event: str, body: bytes, facts: Mapping[str, Fact], *, quiet: bool) -> Exchange:
        """Record what came from the vendor; `quiet` does not put off the end of the window."""
        ...

    def said(self, session: Session, event: str, body: bytes, facts: Mapping[str, Fact], answers: str | None) -> None:
        """Record what went to the vendor."""
        ...

    def hold(self, more: int) -> None:
        """Something is being answered (1), or has been (-1): the window is not over in between."""
        ...


class Refused(Exception):
    """A step that a fault refuses, for a time or for good; `full` says that a mailbox has no room."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    @property
    def transient(self) -> bool:
        """Whether the same may work later."""
        return self.kind in ("4xx", "full")


class Session:
    """One connection. `run` plays it until the end; `facts` are those of every exchange of it."""

    protocol: ClassVar[str] = ""
    farewell: ClassVar[bytes] = b""
    """What is said when the operator closes the session."""

    def __init__(self, host: Host, wire: Wire, number: int) -> None:
        self.host = host
        self.wire = wire
        self.number = number
        self.fault = host.fault
        self.context = host.context
        self.certificate = host.certificate
        self.offer = host.offer
        self.starttls = False
        self.mechanism = ""
        self.login = ""
        self.clear: list[str] = []
        self.closed = "client"
        self.struck = ""
        self.effects = 0  # what it did that is worth hearing

    def facts(self) -> dict[str, Fact]:
        """What is known of the connection now."""
        return {
            "protocol": self.protocol,
            "session": self.number,
            "peer": self.wire.peer,
            **self.wire.handshake.facts(),
            "starttls": self.starttls,
            "implicit": self.host.implicit,
            "mechanism": self.mechanism,
            "login": self.login,
            "certificate": self.certificate,
            "offer": self.offer,
            **({"fault": self.struck} if self.struck else {}),
        }

    def end_facts(self) -> dict[str, Fact]:
        """What is known at the end of the session."""
        return {
            **self.facts(),
            **self.wire.handshake.offers(),
            "clear_commands": " ".join(self.clear),
            "closed": self.closed,
        }

    async def run(self) -> None:
        """Play the session; never raises for what the peer does."""
        try:
            if self.host.implicit:
                await self.secure()
            await self.play()
        except Gone as gone:
            self.closed = "idle" if str(gone) == "idle" else self.closed
        finally:
            self.wire.close()
        quiet = self.effects == 0 and self.wire.handshake.state == "ok"
        self.host.heard(self, "session", b"", self.end_facts(), quiet=quiet)

    async def play(self) -> None:
        """What the protocol does, once any implicit TLS is on."""
        raise NotImplementedError

    async def secure(self) -> None:
        """Turn to TLS; raises Gone when it fails."""
        if not await self.wire.secure(self.context):
            self.closed = "handshake"
            raise Gone("handshake")

    def hang_up(self) -> None:
        """Close from the operator's side, with a word of it."""
        self.closed = "operator"
        self.wire.write(self.farewell)
        self.wire.close()

    def note(self, command: str) -> None:
        """Keep the name of a command that came in clear."""
        if not self.wire.secured and len(self.clear) < 100:
            self.clear.append(command[:20])

    async def step(self, name: str, quoted: str = "") -> None:
        """Let the fault strike: raises Refused, or Gone when the connection is cut or left silent."""
        fault = self.fault
        if not fault.strikes(name, quoted):
            return
        self.struck = fault.name
        if fault.kind == "slow":
            await sleep(fault.delay)
        elif fault.kind == "cut":
            self.closed = "fault"
            self.wire.abort()
            raise Gone("fault")
        elif fault.kind == "silent":
            while True:  # until the peer gives up
                await self.wire.some()
        else:
            raise Refused(fault.kind)

    async def send(self, text: str | bytes) -> None:
        """Send one line, or bytes that end with one."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace") + b"\r\n"
        self.wire.write(data)
        await self.wire.drain()

    def signed_in(self, mechanism: str, credentials: bytes) -> bool:
        """Whether credentials of a mechanism open a mailbox; keeps who it was either way. Nothing secret is kept."""
        self.mechanism = mechanism
        login, proved = plain(credentials) if mechanism == "PLAIN" else bearer(credentials)
        self.login = login[:320]
        if mechanism == "PLAIN" and self.host.client == "required" and not self.wire.handshake.client_certificate:
            return False
        return proved and self.host.operator.serves(login)


def plain(data: bytes) -> tuple[str, bool]:
    """Login of SASL PLAIN (RFC 4616), and whether it is well formed. The password is not looked at (MSS/CONF.12)."""
    parts = data.split(b"\0")
    if len(parts) != 3 or not parts[1]:
        return "", False
    return parts[1].decode("utf-8", "replace"), True


_XOAUTH2 = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]+)\x01\x01", re.IGNORECASE)


def bearer(data: bytes) -> tuple[str, bool]:
    """Login of XOAUTH2 (MSS/CONF.07), and whether it is well formed and comes with a token."""
    found = _XOAUTH2.fullmatch(data)
    return (found[1].decode("utf-8", "replace"), True) if found else ("", False)


def decoded(text: bytes) -> bytes | None:
    """Base64 of a SASL exchange, `=` for nothing; None when it is not base64."""
    if text == b"=":
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
