"""MLLP round trips, client and server in one event loop on one core, against python-hl7's asyncio client and server.

Goal: 10 times python-hl7. Run: `python benchmarks/bench_mllp.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable

import hl7.mllp
from bench_hl7v2 import ADT, ORU
from harness import pin, show

from conformance.bench.mllp import Event
from conformance.bench.mllp_client import MllpClient, connect
from conformance.bench.mllp_server import Link, MllpServer

ACK = "MSH|^~\\&|DPI|CHU|GAM|CHU|20240306111155||ACK^A01^ACK|{0}A|D|2.5\rMSA|AA|{0}\r"
ROUND_SECONDS = 1.0
ROUNDS = 5


class Ear:
    """Hears and counts."""

    def __init__(self) -> None:
        self.count = 0

    def heard(self, event: Event, answers: str | None) -> str:
        self.count += 1
        return f"x{self.count}"

    def accepted(self, body: bytes, answers: str) -> None:
        raise AssertionError("no accept acknowledgement is asked for")


def control_of(raw: bytes) -> bytes:
    """MSH-10, by a few cuts."""
    return raw[: raw.find(b"\r")].split(b"|", 10)[9]


async def measure(request: Callable[[], Awaitable[object]], seconds: float) -> float:
    """Round trips a second."""
    count = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        await request()
        count += 1
    return count / spent


async def ours(raw: bytes) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[None]]]:
    """Our client facing our server."""

    async def answer(event: Event, link: Link) -> bytes | None:
        return ACK.format(control_of(event.body).decode()).encode()

    numbers = itertools.count(1)
    server = MllpServer(answer, lambda: next(numbers), lambda: None)
    host, port = server.start("127.0.0.1", 0, None, lambda facts: None)
    client = await connect(host, port, 1, Ear(), timeout=5)
    assert isinstance(client, MllpClient)
    control = control_of(raw).decode()

    async def request() -> None:
        outcome = await client.request(raw, "x0", control, 5.0)
        assert outcome.failure is None and outcome.answer

    async def stop() -> None:
        client.close()
        await server.stop()

    return request, stop


async def theirs(raw: bytes) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[None]]]:
    """python-hl7's client facing its server; it parses every message, so does its user."""

    async def serve(reader: hl7.mllp.HL7StreamReader, writer: hl7.mllp.HL7StreamWriter) -> None:
        try:
            while True:
                writer.writemessage((await reader.readmessage()).create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    limit = 64 * 1024 * 1024
    server = await hl7.mllp.start_hl7_server(serve, host="127.0.0.1", port=0, limit=limit, encoding="utf-8")
    port = server.sockets[0].getsockname()[1]
    reader, writer = await hl7.mllp.open_hl7_connection("127.0.0.1", port, limit=limit, encoding="utf-8")
    message = hl7.parse(raw.decode())

    async def request() -> None:
        writer.writemessage(message)
        await writer.drain()
        assert str((await reader.readmessage())["MSA.F1"]) == "AA"

    async def stop() -> None:
        writer.close()
        server.close()

    return request, stop


async def compare(title: str, raw: bytes) -> None:
    """The two in turn, medians."""
    pairs = {"conformance": await ours(raw), "python-hl7": await theirs(raw)}
    found: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(ROUNDS):
        for name, (request, _) in pairs.items():
            found[name].append(await measure(request, ROUND_SECONDS))
    for _, stop in pairs.values():
        await stop()
    show(title, {n: statistics.median(v) for n, v in found.items()}, "conformance", 10, "round trips/s")


if __name__ == "__main__":
    pin()
    for name, raw in (("ADT", ADT), ("ORU", ORU)):
        asyncio.run(compare(f"MLLP: {name}, {len(raw):,} bytes", raw))
