"""The base of the services that play a national service or a peer: life cycle, handlers, faults, counters."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, TypeVar

from conformance.bench.pki import Identity, Pki
from conformance.bench.recorder import Recorder
from conformance.errors import BenchError, InternalError
from conformance.evidence.values import NOTHING, Fact


@dataclass(frozen=True, slots=True)
class Site:
    """Where and with what a service runs. `port` 0 lets the system choose. `advertise` is None when not told.

    `pki` makes what certificates it needs, `hosts` are the names under which it is called, `client_anchors` the PEM
    files of the authorities of the vendor's own client certificates, `identity` the server certificate that the target
    gives it (None: one of `pki`), `neighbours` the services started before it, by name.
    """

    host: str
    port: int
    recorder: Recorder
    tls: ssl.SSLContext | None = None
    advertise: str | None = None
    pki: Pki | None = None
    hosts: tuple[str, ...] = ()
    client_anchors: tuple[Path, ...] = ()
    identity: Identity | None = None
    neighbours: Mapping[str, Service] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the service heard it. `transaction` is the service's name for it (`TD2.1`), empty if unknown.

    `content_type` is the whole header, parameters included; `facts` are those recorded with the exchange; `parsed`
    what the service made of the body before choosing how to answer.
    """

    body: bytes
    transaction: str = ""
    path: str = ""
    content_type: str = ""
    facts: Mapping[str, Fact] = field(default_factory=lambda: NOTHING)
    parsed: object = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; `facts` are recorded with it. `cut` hangs up after that share of the bytes (0.5: half)."""

    body: bytes
    status: int = 200
    content_type: str = ""
    facts: Mapping[str, Fact] = field(default_factory=lambda: NOTHING)
    cut: float | None = None


T = TypeVar("T")

Handler = Callable[[Call], Awaitable[Reply]]
Fault = Callable[[Handler], Handler]
"""A wrapper around a service's handler: it may wait, replace the reply, or mark it to be cut."""


class Service(ABC):
    """One service of the bench.

    `name` is its key in the target (`services.<name>`) and in environments (`<name>.fault`); `channel` the channel its
    exchanges are recorded on. `knobs` are the environment settings it takes, with the default of each.
    """

    name: ClassVar[str]
    channel: ClassVar[str]
    scheme: ClassVar[str]
    mutual_tls: ClassVar[bool] = False
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.busy = 0  # requests being answered: a window is not settled while there are some
        self.settings: dict[str, str] = dict(self.knobs)
        self.host = ""
        self.port = 0
        self._advertise: str | None = None

    async def start(self, site: Site) -> None:
        """Open the port; raises OSError when it cannot be had."""
        self.site = site
        self.host, self.port = await self.listen(site)
        self._advertise = site.advertise

    @abstractmethod
    async def listen(self, site: Site) -> tuple[str, int]:
        """Open the port of the site and return the address really bound."""

    @abstractmethod
    async def stop(self) -> None:
        """Close the port and every connection; harmless when not started."""

    @property
    def advertise(self) -> str:
        """The URL by which the vendor's system reaches this service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self._advertise or f"{self.scheme}://{host}:{self.port}"

    async def guarded(self, work: Awaitable[T]) -> T | None:
        """What some work on a request gives, or None when our own code crashed: the window then fails, as our fault."""
        self.busy += 1
        try:
            (reply,) = await asyncio.gather(work, return_exceptions=True)
        finally:
            self.busy -= 1
        if not isinstance(reply, BaseException):
            return reply
        recorder = self.site.recorder
        if not isinstance(reply, BenchError):
            crash = InternalError("bench.service-crashed", where=self.name, error=f"{type(reply).__name__}: {reply}")
            crash.__cause__ = reply
            reply = crash
        recorder.failure = recorder.failure or reply
        return None

    def configure(self, settings: Mapping[str, str]) -> None:
        """Behave as this window's environment says; keys are without the service's name, the rest goes to defaults.

        Raises InternalError when a key is not one of `knobs`.
        """
        for key in settings:
            if key not in self.knobs:
                raise InternalError("bench.unknown-setting", where=self.name, key=key)
        self.settings = {**self.knobs, **settings}

    async def instruct(self, verb: str, body: bytes, values: Mapping[str, str]) -> Mapping[str, Fact]:
        """Act by itself, as an exercise asks (`deliver` a mail...); the facts go with the recorded instruction.

        Raises InternalError for a verb that the service does not know.
        """
        raise InternalError("bench.unknown-instruction", where=self.name, verb=verb)

    def reset(self) -> None:
        """Forget what the vendor's system stored here and the counters: a new run begins."""
        self.counters.clear()

    def counter(self, name: str) -> int:
        """How many times something happened since the last reset (`TD0.3`)."""
        return self.counters[name]
