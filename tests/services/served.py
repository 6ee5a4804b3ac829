"""One service of the bench on its own socket, without a laboratory around it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from conformance.bench.clock import Clock
from conformance.bench.pki import Identity, Pki
from conformance.bench.recorder import Recorder
from conformance.bench.service import Service, Site
from conformance.evidence.values import Exchange


class Served:
    """A service that listens, what it recorded, and how to speak to it."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop, kept: list[Exchange], pki: Pki) -> None:
        self.service, self.loop, self.kept, self.pki = service, loop, kept, pki

    @property
    def url(self) -> str:
        """Where it is."""
        return self.service.advertise

    def configure(self, **settings: str) -> None:
        """Settings in force from now on (`access_seconds` is `access-seconds`)."""
        self.service.configure({name.replace("_", "-"): value for name, value in settings.items()})

    def instruct(self, verb: str, body: bytes = b"", **values: str) -> None:
        """Make it act."""
        asyncio.run_coroutine_threadsafe(self.service.instruct(verb, body, values), self.loop).result(10)

    def trusting(self) -> ssl.SSLContext:
        """A client context that trusts the authorities of the bench and nobody else."""
        context = ssl.create_default_context(cadata=self.pki.anchors_pem.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context


@contextmanager
def served(service: Service, pki: Pki, identity: Identity | None = None) -> Iterator[Served]:
    """Start a service on 127.0.0.1, in a thread of its own; `identity` is the certificate that a target gives it."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    kept: list[Exchange] = []
    hosts = ("127.0.0.1", "localhost")
    site = Site("127.0.0.1", 0, Recorder(Clock(), kept.append), pki=pki, hosts=hosts, identity=identity)
    asyncio.run_coroutine_threadsafe(service.start(site), loop).result(10)
    try:
        yield Served(service, loop, kept, pki)
    finally:
        asyncio.run_coroutine_threadsafe(service.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
