"""One case being driven: what it sends, makes the bench do, asks the pilot; and the stage that cases share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from conformance.bench.api import Acted, Keys
from conformance.bench.clock import sleep
from conformance.bench.driving import Connections
from conformance.bench.pilot.face import PilotFace, Told
from conformance.bench.recorder import Recorder
from conformance.bench.service import Service
from conformance.bench.target import Target
from conformance.bench.user_agent import UserAgent
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange, Sent

POLL = 0.02
"""Seconds between two looks at what was heard."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the cases of a window act on. `environment` holds the settings of the services (`dmp.fault`)."""

    target: Target
    as_of: date
    services: Mapping[str, Service]
    environment: Mapping[str, str]
    recorder: Recorder
    connections: Connections
    pilot: PilotFace
    settle: Callable[[], Awaitable[bool]]

    def configure_all(self) -> None:
        """Every service as the environment says; raises InternalError for a service or a setting nobody knows."""
        for key in self.environment:
            name, dot, _ = key.partition(".")
            if not dot or name not in self.services:
                raise InternalError("bench.unknown-setting", where=name, key=key)
        for name in self.services:
            self.configure(name, {})

    def configure(self, name: str, own: Mapping[str, str]) -> None:
        """One service as the environment says, and as `own` says besides."""
        prefix = f"{name}."
        usual = {k.removeprefix(prefix): v for k, v in self.environment.items() if k.startswith(prefix)}
        self.service(name).configure({**usual, **own})

    def service(self, name: str) -> Service:
        """A service by name; raises InternalError when there is none."""
        if name not in self.services:
            raise InternalError("bench.unknown-setting", where=name, key=name)
        return self.services[name]


class CaseDrive:
    """The `Drive` of one case: what it sent, the keys it owns, the exchanges it made."""

    def __init__(self, case: str, stamp: str, stage: Stage) -> None:
        self.as_of = stage.as_of
        self.settings = stage.target.settings
        self.options = stage.target.options
        self.sent: list[Sent] = []
        self.keys: list[tuple[str, str]] = []
        self.exchanges: list[str] = []
        self._case = case
        self._stamp = stamp
        self._stage = stage
        self._names: set[str] = set()
        self._touched: set[str] = set()
        self._since = stage.recorder.count()
        self._given: set[str] = set()
        self._agent: UserAgent | None = None

    def _step(self, name: str, keys: Keys) -> None:
        if name in self._names:
            raise InternalError("bench.step-repeated", where=self._case, name=name)
        self._names.add(name)
        self.keys.extend(keys)

    def _note(self, sent: Sent, made: list[str]) -> Sent:
        self.exchanges.extend(made)
        self.sent.append(sent)
        return sent

    async def send(
        self, endpoint: str, body: bytes, *, name: str, keys: Keys, control: str = "", identity: str = ""
    ) -> Sent:
        """See `conformance.bench.api.Drive.send`; raises InternalError when a step name is used twice."""
        self._step(name, keys)
        return self._note(*await self._stage.connections.send(endpoint, body, name, control, identity))

    async def configure(self, service: str, settings: Mapping[str, str]) -> None:
        """See `Drive.configure`."""
        self._touched.add(service)
        self._stage.configure(service, settings)

    def restore(self) -> None:
        """Every service touched goes back to what the environment says."""
        for service in self._touched:
            self._stage.configure(service, {})
        self._touched.clear()
        if self._agent is not None:
            self._agent.close()

    async def instruct(
        self, service: str, verb: str, body: bytes = b"", *, name: str, keys: Keys = (), **values: str
    ) -> Sent:
        """See `Drive.instruct`."""
        self._step(name, keys)
        stage = self._stage
        played = stage.service(service)
        found = await played.instruct(verb, body, values)
        facts = {"instruction": verb, **values, **found}
        recorder = stage.recorder
        made = recorder.record(played.channel, Direction.TO_VENDOR, recorder.connection(), body, facts)
        return self._note(Sent(name, made.id), [made.id])

    async def stimulate(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        name: str,
        subject: Mapping[str, Any] | None = None,
        keys: Keys = (),
    ) -> Acted:
        """See `Drive.stimulate`."""
        self._step(name, keys)
        return self._acted(name, await self._stage.pilot.stimulate(kind, payload, subject, self._stamp, name))

    async def query(
        self, kind: str, payload: Mapping[str, Any], *, name: str, subject: Mapping[str, Any] | None = None
    ) -> Acted:
        """See `Drive.query`."""
        self._step(name, ())
        return self._acted(name, await self._stage.pilot.query(kind, payload, subject, self._stamp, name))

    def _acted(self, name: str, told: Told) -> Acted:
        made = list(told.exchanges)
        sent = self._note(Sent(name, made[0] if made else "", told.reply, told.failure), made)
        answer = told.answer
        if answer is None:
            return Acted(sent)
        return Acted(sent, answer.status.value, answer.reason, answer.ref, answer.data)

    async def browse(self, url: str, *, name: str) -> Sent:
        """See `Drive.browse`."""
        self._step(name, ())
        if self._agent is None:
            self._agent = UserAgent(self._stage.recorder, self._stage.target.timing.answer)
        return self._note(*await self._agent.open(url, name))

    async def wait(
        self, channel: str, mark: bytes = b"", *, event: str = "", timeout: float | None = None
    ) -> Exchange | None:
        """See `Drive.wait`."""
        recorder = self._stage.recorder
        until = recorder.clock.ms() + 1000 * (self._stage.target.timing.reaction if timeout is None else timeout)
        place = self._since
        while True:
            for exchange in recorder.heard(place):
                place += 1
                if exchange.id not in self._given and _matches(exchange, channel, mark, event):
                    self._given.add(exchange.id)
                    return exchange
            if recorder.clock.ms() >= until or recorder.failure is not None:
                return None
            await sleep(POLL)

    async def quiet(self) -> bool:
        """See `Drive.quiet`."""
        return await self._stage.settle()

    def has(self, service: str) -> bool:
        """See `Drive.has`."""
        return service in self._stage.services and service in self._stage.target.services

    def address(self, service: str) -> str:
        """See `Drive.address`."""
        return self._stage.service(service).advertise


def _matches(exchange: Exchange, channel: str, mark: bytes, event: str) -> bool:
    if exchange.channel != channel or exchange.direction is not Direction.FROM_VENDOR:
        return False
    if event and exchange.facts.get("event") != event:
        return False
    if not mark or mark in exchange.body:
        return True
    text = mark.decode("utf-8", "replace")
    return any(isinstance(value, str) and text in value for value in exchange.facts.values())
