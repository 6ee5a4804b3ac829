"""The services of the operator: SMTP submission and IMAP, each with STARTTLS or over implicit TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from conformance.bench.clock import now
from conformance.bench.listening import Listener, bind
from conformance.bench.pki import SERVER_LABELS, Pki, Spots
from conformance.bench.service import Service, Site
from conformance.bench.tls import OFFERS, operator_context
from conformance.bench.wire import Wire
from conformance.errors import BenchError, InternalError
from conformance.evidence.values import Direction, Exchange, Fact
from conformance.services.mss.imap import ImapSession
from conformance.services.mss.operator import Operator
from conformance.services.mss.receipts import REASONS
from conformance.services.mss.session import Fault, Session
from conformance.services.mss.smtp import SmtpSession

IDLE_SECONDS = 1_800.0
"""How long a session may stay silent (RFC 3501 5.4: at least 30 minutes)."""
LIMIT_SESSIONS = 1_000
STREAM_BYTES = 256 * 1024
QUIET_BURST = 200
QUIET_EVERY_MS = 100
"""What has no effect (sessions, sign-ins, a message read again) is recorded ten times a second at most, and up to a
burst; the rest is counted. A client that polls in a loop fills no journal."""

ALIKE_HEARD = 3
"""Sessions that fail in the same way, after which a client that tries for ever no longer keeps a window from ending."""

KNOBS: Mapping[str, str] = MappingProxyType(
    {
        "certificate": "valid",
        "offer": "usual",
        "client": "asked",
        "fault": "success",
        "on": "",
        "spare": "",
        "delay": "5",
        "receipts": "none",
        "reason": "unknown",
    }
)
"""`certificate` and `offer` by the labels of the PKI and of the TLS offers; `client`: whether the certificate of the
client is `asked` or `required` to sign in by PLAIN. `fault`: `success`, or a step and what befalls it (`rcpt-5xx`), for
what quotes one of `on` (all when empty) and not `spare`, after `delay` seconds when it is slow. `receipts`: what the
sender gets back; `reason`: why it failed."""

_MET = ("certificate", "offer", "client", "fault", "on", "spare", "delay")
"""The knobs that a session meets as they were when it began."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "certificate": SERVER_LABELS,
    "offer": tuple(OFFERS),
    "client": ("asked", "required"),
    "receipts": ("none", "delivery", "read", "both", "failed"),
    "reason": tuple(REASONS),
}


class MailService(Service):
    """A door of the operator. Doors of one laboratory share its mailboxes: they take those of `mss` when it is there.

    Counters: `session`, `login`, `mail`, `command`, `quiet` (sessions without effect that were not recorded), and
    `failed` (handshakes).
    """

    session: ClassVar[type[Session]]
    implicit: ClassVar[bool] = False
    knobs: ClassVar[Mapping[str, str]] = KNOBS

    def __init__(self) -> None:
        super().__init__()
        self.operator = Operator(now)
        self._listener: Listener | None = None
        self._open: dict[Session, asyncio.Task[None]] = {}
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self._quiet = float(QUIET_BURST)
        self._quiet_ms = 0
        self._alike: Counter[tuple[str, ...]] = Counter()
        self._pki: Pki | None = None

    async def listen(self, site: Site) -> tuple[str, int]:
        first = site.neighbours.get("mss")
        if isinstance(first, MailService):
            self.operator = first.operator
        igc = site.neighbours.get("igc")
        self._pki = site.pki or Pki.generate()
        if igc is not None and igc.port and self._pki.spots is None:
            self._pki.spots = Spots(igc.advertise)
        self._anchors = site.client_anchors
        self._contexts.clear()
        self._ready()
        self._listener = bind(site.host, site.port)
        self._listener.accept(self._protocol, None, lambda facts: None)
        return self._listener.host, self._listener.port

    async def stop(self) -> None:
        if self._listener:
            await self._listener.close()
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def configure(self, settings: Mapping[str, str]) -> None:
        before = dict(self.settings)
        super().configure(settings)
        for key, allowed in _CHOICES.items():
            if self.settings[key] not in allowed:
                raise InternalError("bench.unknown-setting", where=self.name, key=f"{self.name}.{key}")
        self._quiet = float(QUIET_BURST)
        self._alike.clear()
        self._ready()
        if any(self.settings[key] != before[key] for key in _MET):
            self.close_sessions()  # a client that keeps its connection would never meet the new set-up

    def reset(self) -> None:
        super().reset()
        self.operator.reset()

    def close_sessions(self) -> int:
        """Close every session from the operator's side; how many there were."""
        sessions = list(self._open)
        for session in sessions:
            session.hang_up()
        return len(sessions)

    async def instruct(self, verb: str, body: bytes, values: Mapping[str, str]) -> Mapping[str, Fact]:
        """Verbs: `deliver` (`to`, blank separated: put these bytes in those mailboxes), `receipt` (`message`, a
        Message-ID heard; `kind` delivery, read or failed; `recipient`, `reason`, `disposition`), `close` (the
        sessions), `empty` (`mailbox`: forget its messages)."""
        facts: dict[str, Fact] = {"protocol": self.session.protocol, "event": "instruction"}
        if verb == "deliver":
            messages = [self.operator.put(address, body) for address in values["to"].split()]
            facts |= {"event": "delivered", "uid": " ".join(str(m.uid) for m in messages)}
            facts["message_id"] = messages[0].message_id if messages else ""
        elif verb == "receipt":
            facts |= self._receipt(values)
        elif verb == "close":
            facts["closed"] = self.close_sessions()
        elif verb == "empty":
            inbox = self.operator.mailbox(values["mailbox"]).folders["INBOX"]
            facts["removed"] = len(inbox.messages)
            inbox.remove(list(inbox.messages))
        else:
            return await super().instruct(verb, body, values)
        return facts

    def _receipt(self, values: Mapping[str, str]) -> dict[str, Fact]:
        heard = self.operator.heard(values["message"])
        if heard is None:
            raise InternalError("bench.unknown-message", where=self.name, message=values["message"])
        envelope, message = heard
        recipient = values.get("recipient") or envelope.recipients[0]
        made = list(
            self.operator.receipt(
                envelope,
                message,
                recipient,
                values.get("kind", "delivery"),
                reason=values.get("reason", "unknown"),
                disposed=values.get("disposition", "displayed"),
            )
        )
        for receipt in made:
            facts: dict[str, Fact] = {"protocol": self.session.protocol, "event": "receipt", "receipt": receipt.kind}
            facts |= {"to": receipt.mailbox, "message_id": receipt.about}
            recorder = self.site.recorder
            recorder.record(self.channel, Direction.TO_VENDOR, recorder.connection(), receipt.raw, facts)
        return {"sent": len(made), "to": made[0].mailbox if made else ""}

    # What sessions ask of their host.

    @property
    def fault(self) -> Fault:
        """The fault of the present settings."""
        return self._fault

    @property
    def certificate(self) -> str:
        """The label of the certificate shown."""
        return self.settings["certificate"]

    @property
    def offer(self) -> str:
        """The label of the TLS offer."""
        return self.settings["offer"]

    @property
    def client(self) -> str:
        """Whether a client certificate is `asked` or `required`."""
        return self.settings["client"]

    @property
    def receipts(self) -> str:
        """What comes back to a sender."""
        return self.settings["receipts"]

    @property
    def reason(self) -> str:
        """Why a delivery fails, when it does."""
        return self.settings["reason"]

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS context of the present settings, made once."""
        return self._context

    def heard(self, session: Session, event: str, body: bytes, facts: Mapping[str, Fact], *, quiet: bool) -> Exchange:
        """Record something that came; what is quiet leaves the window as settled as it was."""
        self.counters[event] += 1
        if event == "session" and facts.get("handshake") == "failed":
            self.counters["failed"] += 1
        recorder = self.site.recorder
        told = {**session.facts(), **facts, "event": event}
        if event == "session" and not session.effects:
            alike = (self.certificate, self.offer, str(facts.get("failure")), str(facts.get("clear_commands")))
            self._alike[alike] += 1
            quiet = quiet or self._alike[alike] > ALIKE_HEARD
        if not quiet:
            return recorder.record(self.channel, Direction.FROM_VENDOR, session.number, body, told)
        ms, before = recorder.clock.ms(), recorder.last_activity
        self._quiet = min(QUIET_BURST, self._quiet + (ms - self._quiet_ms) / QUIET_EVERY_MS)
        self._quiet_ms = ms
        if self._quiet < 1:
            self.counters["quiet"] += 1
            return Exchange("", self.channel, Direction.FROM_VENDOR, session.number, ms, body, told)
        self._quiet -= 1
        made = recorder.record(self.channel, Direction.FROM_VENDOR, session.number, body, told)
        recorder.last_activity = before
        return made

    def said(self, session: Session, event: str, body: bytes, facts: Mapping[str, Fact], answers: str | None) -> None:
        """Record something that went."""
        told = {"protocol": session.protocol, "session": session.number, **facts, "event": event}
        self.site.recorder.record(self.channel, Direction.TO_VENDOR, session.number, body, told, answers=answers)

    def hold(self, more: int) -> None:
        """Something is being answered, or no longer."""
        self.busy += more

    def _ready(self) -> None:
        """Make the fault and the context of the present settings."""
        self._fault = Fault.chosen(self.settings, self.session.protocol, self.name)
        if self._pki is None:
            return  # not started yet
        key = (self.certificate, self.offer)
        if key not in self._contexts:
            hosts = self.site.hosts or (self.site.host, "localhost", "127.0.0.1")
            own = self.site.identity if self.certificate == "valid" else None
            identity = own or self._pki.operator(self.certificate, hosts)
            self._contexts[key] = operator_context(identity, self._pki.anchors_pem, self._anchors, offer=self.offer)
        self._context = self._contexts[key]

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(limit=STREAM_BYTES)
        return asyncio.StreamReaderProtocol(reader, self._connected)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= LIMIT_SESSIONS:
            writer.close()
            return
        session = self.session(self, Wire(reader, writer, IDLE_SECONDS), self.site.recorder.connection())
        task = asyncio.get_running_loop().create_task(session.run())
        self._open[session] = task
        task.add_done_callback(lambda done: self._over(session, done))

    def _over(self, session: Session, task: asyncio.Task[None]) -> None:
        """A session has ended: a crash of our own fails the window."""
        self._open.pop(session, None)
        crash = None if task.cancelled() else task.exception()
        if crash is None:
            return
        if not isinstance(crash, BenchError):
            fault = InternalError("bench.service-crashed", where=self.name, error=f"{type(crash).__name__}: {crash}")
            fault.__cause__ = crash
            crash = fault
        self.site.recorder.failure = self.site.recorder.failure or crash


class MssService(MailService):
    """Submission of mails, STARTTLS."""

    name: ClassVar[str] = "mss"
    channel: ClassVar[str] = "mss"
    scheme: ClassVar[str] = "smtp"
    session: ClassVar[type[Session]] = SmtpSession


class MssImplicitService(MssService):
    """Submission of mails over TLS from the first byte (RFC 8314)."""

    name: ClassVar[str] = "mss-implicit"
    scheme: ClassVar[str] = "smtps"
    implicit: ClassVar[bool] = True


class ImapService(MailService):
    """Reading of mailboxes, STARTTLS."""

    name: ClassVar[str] = "imap"
    channel: ClassVar[str] = "imap"
    scheme: ClassVar[str] = "imap"
    session: ClassVar[type[Session]] = ImapSession


class ImapImplicitService(ImapService):
    """Reading of mailboxes over TLS from the first byte (RFC 8314)."""

    name: ClassVar[str] = "imap-implicit"
    scheme: ClassVar[str] = "imaps"
    implicit: ClassVar[bool] = True
