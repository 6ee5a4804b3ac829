"""A vendor's system reduced to its MLLP port: the server of python-hl7, which acknowledges everything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread

import hl7
import pytest
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Pki
from conformance.bench.target import Endpoint, Target, Timing, Vendor
from conformance.evidence.values import Binding, Exchange


@dataclass
class Peer:
    """What python-hl7 received, in order, and where it listens."""

    port: int = 0
    received: list[str] = field(default_factory=list)
    silent: bool = False

    async def serve(self, reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        """Acknowledge each message with AA, or hang up when silent."""
        try:
            while not writer.is_closing():
                message: hl7.Message = await reader.readmessage()
                self.received.append(str(message))
                if self.silent:
                    writer.close()
                    return
                writer.writemessage(message.create_ack())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A python-hl7 server on a port of its own."""
    one = Peer()
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        # Its default limit of 64 kiB would cut documents.
        return await start_hl7_server(one.serve, "127.0.0.1", 0, limit=64 * 1024 * 1024, encoding="utf-8")

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def pki() -> Pki:
    """One throw-away PKI."""
    return Pki.generate()


@dataclass
class Bench:
    """Drives one case of an exercise on a peer and gives what was sent."""

    peer: Peer
    pki: Pki
    exchanges: list[Exchange] = field(default_factory=list)

    def drive(self, exercise: object, case: object, binding: Binding) -> Window:
        """One window holding that case alone."""
        target = Target(
            vendor=Vendor("Éditeur", "Logiciel", "1"),
            dsr="PFI",
            waves=("va2",),
            endpoints={"documents": Endpoint("mllp", "127.0.0.1", self.peer.port)},
            timing=Timing(answer=5.0, settle=0.2, settle_max=2.0),
        )
        with Lab(target, (), self.exchanges.append, self.pki) as lab:
            run = exercise.drive  # type: ignore[attr-defined]
            return lab.window([Job("w1-c1", lambda drive: run(drive, case, binding))], {})


@pytest.fixture
def bench(peer: Peer, pki: Pki) -> Bench:
    """The bench in front of the peer."""
    return Bench(peer, pki)
