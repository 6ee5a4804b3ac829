"""Sending stimuli: connections to the vendor's endpoints, kept from one message to the next."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

from conformance.bench import acknowledgement
from conformance.bench.clock import now
from conformance.bench.mllp import Event, Frame
from conformance.bench.mllp_client import MllpClient, Outcome, connect
from conformance.bench.recorder import Recorder
from conformance.bench.target import Endpoint, Target
from conformance.evidence.values import Direction, Fact, Sent

DRIFT = 300
"""Seconds between MSH-7 of what is heard and the bench's clock above which the fact `ahead` tells how many."""


class _Ear:
    """Records what is heard on one connection to an endpoint."""

    def __init__(self, recorder: Recorder, channel: str) -> None:
        self.number = recorder.connection()
        self.facts: Mapping[str, Fact] = {}
        self._recorder = recorder
        self._channel = channel

    def heard(self, event: Event, answers: str | None) -> str:
        facts = dict(self.facts)
        if not isinstance(event, Frame):
            facts |= {"framing": type(event).__name__.lower(), "size": event.size}
        if answers is None:
            facts["unasked"] = True
        drift = acknowledgement.ahead(event.body, now().astimezone()) if isinstance(event, Frame) else None
        if drift is not None and abs(drift) > DRIFT:
            facts["ahead"] = drift
        recorded = self._recorder.record(
            self._channel, Direction.FROM_VENDOR, self.number, event.body, facts, answers=answers
        )
        return recorded.id

    def accepted(self, body: bytes, answers: str) -> None:
        self._recorder.record(self._channel, Direction.TO_VENDOR, self.number, body, self.facts, answers=answers)


class Connections:
    """The connections to the endpoints of a target: idle ones are used again, failed ones never.

    One that failed is kept open, unused, until `retire`: what comes late is still heard.
    """

    def __init__(self, target: Target, recorder: Recorder, tls: Callable[[str], ssl.SSLContext]) -> None:
        self._target = target
        self._recorder = recorder
        self._make_tls = tls
        self._tls: dict[str, ssl.SSLContext] = {}
        self._idle: dict[str, list[MllpClient]] = {}
        self._all: set[MllpClient] = set()
        self._failed: set[MllpClient] = set()

    async def send(
        self, endpoint: str, body: bytes, name: str, control: str, identity: str = ""
    ) -> tuple[Sent, list[str]]:
        """Send one message to an endpoint; gives what became of it and every exchange recorded as sent for it.

        A kept connection that the peer closed before answering a single byte was most often closed before our message:
        the message goes once more on a new connection. Another `identity` than the usual one has a connection of its
        own. Raises TargetError for an endpoint the target does not have.
        """
        made: list[str] = []
        fresh = bool(identity)
        sent, again = await self._try(endpoint, body, name, control, made, fresh=fresh, identity=identity)
        if again:
            sent, _ = await self._try(endpoint, body, name, control, made, fresh=True, identity=identity)
        return sent, made

    async def probe(self, endpoint: str, timeout: float) -> str | None:
        """None when the endpoint takes connections, else the failure."""
        client = await self._open(endpoint, self._target.endpoint(endpoint), timeout)
        if isinstance(client, str):
            return client
        client.close()
        return None

    def retire(self) -> None:
        """Close the connections that failed, and forget those that ended."""
        for client in self._failed:
            client.close()
        self._failed.clear()
        self._all = {c for c in self._all if not c.closed}

    def close(self) -> None:
        """Close every connection."""
        for client in self._all:
            client.close()
        self._all.clear()
        self._idle.clear()
        self._failed.clear()

    async def _try(
        self, endpoint: str, body: bytes, name: str, control: str, made: list[str], *, fresh: bool, identity: str
    ) -> tuple[Sent, bool]:
        place = self._target.endpoint(endpoint)
        client = None if fresh else self._reuse(endpoint)
        kept = client is not None
        found = client or await self._open(endpoint, place, self._target.timing.answer, identity)
        facts: dict[str, Fact] = {"endpoint": str(place), "sent": not isinstance(found, str)}
        if identity:
            facts["identity"] = identity
        if made:
            facts["resends"] = made[-1]
        if isinstance(found, str):
            number = self._recorder.connection()
            facts["failure"] = found
        else:
            number = found.number
            facts |= found.facts
        exchange = self._recorder.record(endpoint, Direction.TO_VENDOR, number, body, facts).id
        made.append(exchange)
        if isinstance(found, str):
            return Sent(name, exchange, None, found), False
        outcome = await self._ask(endpoint, found, body, exchange, control, keep=not identity)
        return Sent(name, exchange, outcome.answer, outcome.failure), kept and outcome.nothing

    async def _ask(
        self, endpoint: str, client: MllpClient, body: bytes, exchange: str, control: str, *, keep: bool
    ) -> Outcome:
        finished = False
        try:
            outcome = await client.request(body, exchange, control, self._target.timing.answer)
            finished = outcome.failure is None
            return outcome
        finally:
            if not keep:
                client.close()
            elif finished:
                self._idle.setdefault(endpoint, []).append(client)
            else:
                self._failed.add(client)

    def _reuse(self, endpoint: str) -> MllpClient | None:
        idle = self._idle.get(endpoint, [])
        while idle:
            client = idle.pop()
            if not client.closed:
                return client
        return None

    async def _open(self, endpoint: str, place: Endpoint, timeout: float, identity: str = "") -> MllpClient | str:
        tls = None
        if place.scheme == "mllps":
            if identity not in self._tls:
                self._tls[identity] = self._make_tls(identity)
            tls = self._tls[identity]
        ear = _Ear(self._recorder, endpoint)
        client = await connect(
            place.host,
            place.port,
            ear.number,
            ear,
            timeout=timeout,
            tls=tls,
            server_hostname=place.host if tls else None,
        )
        if isinstance(client, MllpClient):
            ear.facts = client.facts
            self._all.add(client)
        return client
