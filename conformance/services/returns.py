"""The receiver to which a platform sends its business returns (ZAM): an MLLP listener that acknowledges."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from conformance.bench.clock import now
from conformance.bench.mllp import Event, Frame
from conformance.bench.mllp_server import Link, MllpServer
from conformance.bench.service import Call, Handler, Reply, Service, Site
from conformance.errors import Malformed
from conformance.evidence.values import Direction, Fact
from conformance.services import faults
from conformance.standards.hl7v2 import builders
from conformance.standards.hl7v2.syntax import parse


class ReturnsService(Service):
    """Acknowledges (AA) every HL7 v2 message; garbage is recorded and not answered.

    Settings: `fault` (`success`, `slow`, `cut`) for the message types of `on`, with `delay` in seconds and `share`.
    Each message is counted by its type (`ZAM^Z01`).
    """

    name: ClassVar[str] = "returns"
    channel: ClassVar[str] = "returns"
    scheme: ClassVar[str] = "mllp"
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"fault": "success", "on": "ZAM^Z01 ZAM^Z02 ZAM^Z03", "delay": "5", "share": "0.5"}
    )

    def __init__(self) -> None:
        super().__init__()
        self._server: MllpServer | None = None
        self._handler: Handler = self._plain

    async def listen(self, site: Site) -> tuple[str, int]:
        self._server = MllpServer(self._event, site.recorder.connection, site.recorder.touch)
        return self._server.start(site.host, site.port, site.tls, self._no_handshake)

    async def stop(self) -> None:
        if self._server:
            await self._server.stop()

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        self._handler = faults.chosen(self.settings, {}, self.name)(self._plain)

    def _no_handshake(self, facts: dict[str, Fact]) -> None:
        recorder = self.site.recorder
        recorder.record(self.channel, Direction.FROM_VENDOR, recorder.connection(), b"", facts)

    async def _event(self, event: Event, link: Link) -> bytes | None:
        """Record what was heard, answer a message."""
        record = self.site.recorder.record
        facts = dict(link.facts)
        if not isinstance(event, Frame):
            facts |= {"framing": type(event).__name__.lower(), "size": event.size}
            record(self.channel, Direction.FROM_VENDOR, link.number, event.body, facts)
            return None
        heard = record(self.channel, Direction.FROM_VENDOR, link.number, event.body, facts)
        call = Call(event.body, _type(event.body), facts=facts)
        self.counters[call.transaction or "other"] += 1
        reply = await self.guarded(self._handler(call))
        if reply is None or not reply.body:
            return None
        sent = reply.body if reply.cut is None else reply.body[: int(len(reply.body) * reply.cut)]
        record(self.channel, Direction.TO_VENDOR, link.number, sent, {**link.facts, **reply.facts}, answers=heard.id)
        if reply.cut is None:
            return reply.body
        link.cut(reply.body, reply.cut)
        return None

    async def _plain(self, call: Call) -> Reply:
        try:
            control = parse(call.body).segments[0].raw_field(10)
            # Derived from the message: the same acknowledgement for the same message.
            own = "A" + hashlib.sha256(control).hexdigest()[:15].upper()
            return Reply(builders.ack(call.body, control_id=own, sent_at=now()))
        except Malformed:
            return Reply(b"")  # nothing to quote in an acknowledgement


def _type(body: bytes) -> str:
    """Message type and event (`ZAM^Z01`), empty when it is not HL7 v2."""
    try:
        header = parse(body).segments[0]
        return f"{header.value(9, 1)}^{header.value(9, 2)}"[:20]
    except Malformed:
        return ""
