"""MLLP over real loopback sockets: well-behaved peers, and peers that are not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import hl7
import pytest
from hl7.mllp import open_hl7_connection, start_hl7_server

from conformance.bench.mllp import Event, Frame, Garbage, TooBig, frame
from conformance.bench.mllp_client import MllpClient, Outcome, connect
from conformance.bench.mllp_server import Link, MllpServer

TEXT = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01^ADT_A01|{0}|P|2.5\rPID|1||é{0}\r"
WAIT = 0.3

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def message(control: str, *, enhanced: tuple[str, str] | None = None) -> bytes:
    """A small message of that control id."""
    text = TEXT.format(control)
    if enhanced:
        text = text.replace("|P|2.5\r", "|P|2.5|||{}|{}\r".format(*enhanced))
    return text.encode()


def ack(control: str, code: str = "AA", tail: str = "") -> bytes:
    """A framed acknowledgement."""
    return frame(f"MSH|^~\\&|C|D|A|B|20260101||ACK|R-{control}|P|2.5{tail}\rMSA|{code}|{control}\r".encode())


@dataclass
class Ear:
    """Keeps what was heard as (event, exchange answered), and what went out by itself."""

    events: list[tuple[Event, str | None]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def heard(self, event: Event, answers: str | None) -> str:
        self.events.append((event, answers))
        return f"h{len(self.events)}"

    def accepted(self, body: bytes, answers: str) -> None:
        self.sent.append(body)


def scripted(*answers: bytes | None) -> Peer:
    """A peer that answers the n-th message with the n-th bytes, and hangs up at None or at the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\x1c\r")
            if answer is None:
                break
            writer.write(answer)
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    return serve


async def talk(peer: Peer, *requests: tuple[bytes, str], limit: int = 1_000_000) -> tuple[list[Outcome], Ear]:
    """Send requests (bytes, control id) on one connection to a peer; `x1`, `x2`... are their exchanges."""
    ear = Ear()
    server = await asyncio.start_server(peer, "127.0.0.1", 0, limit=2**26)
    port = server.sockets[0].getsockname()[1]
    client = await connect("127.0.0.1", port, 1, ear, timeout=WAIT, limit=limit)
    assert isinstance(client, MllpClient)
    outcomes = []
    for number, (body, control) in enumerate(requests, 1):
        outcomes.append(await client.request(body, f"x{number}", control, WAIT))
    await asyncio.sleep(0.05)
    client.close()
    server.close()
    await asyncio.sleep(0)
    return outcomes, ear


def one(peer: Peer, **options: int) -> tuple[Outcome, Ear]:
    """The outcome of one plain request."""
    outcomes, ear = asyncio.run(talk(peer, (message("C1"), "C1"), **options))
    return outcomes[0], ear


def test_many_messages_on_one_connection() -> None:
    """Each message gets its own acknowledgement, in order, on the same connection."""
    outcomes, ear = asyncio.run(
        talk(scripted(ack("C1"), ack("C2", "AE")), (message("C1"), "C1"), (message("C2"), "C2"))
    )
    assert outcomes == [Outcome("h1"), Outcome("h2")]
    assert [answers for _, answers in ear.events] == ["x1", "x2"]


NEGATIVE_PEERS = {
    "garbage": (scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "garbage"),
    "a frame that is not HL7": (scripted(frame(b"<ack/>")), "garbage"),
    "HL7 without MSA": (scripted(frame(b"MSH|^~\\&|C|D|A|B|20260101||ACK|R|P|2.5\r")), "garbage"),
    "half a frame, then silence": (scripted(ack("C1")[:-2]), "half-frame"),
    "the control id of another message": (scripted(ack("C0")), "other-control-id"),
    "nothing": (scripted(b""), "timeout"),
    "hangs up": (scripted(None), "closed"),
    "an endless frame": (scripted(b"\x0b" + b"x" * 5_000_000), "too-big"),
    "endless garbage": (scripted(b"x" * 5_000_000), "too-big"),
}


@pytest.mark.parametrize("name", NEGATIVE_PEERS)
def test_peers_that_do_not_answer(name: str) -> None:
    """Each way of not answering has its own failure, within the time given."""
    peer, failure = NEGATIVE_PEERS[name]
    outcome, _ = one(peer)
    assert outcome.failure == failure


def test_half_frame_then_closed() -> None:
    """Half an acknowledgement and a closed connection is a half frame, and its bytes are kept."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x1c\r")
        writer.write(b"\x0bMSH|^~")
        writer.close()

    outcome, ear = one(peer)
    assert outcome.failure == "half-frame"
    assert ear.events == [(Garbage(b"MSH|^~", 6, half=True), "x1")]


def test_an_answer_in_pieces_is_an_answer() -> None:
    """Garbage before the right acknowledgement does not hide it, nor do bytes that come one by one."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x1c\r")
        for byte in b"junk" + ack("C1"):
            writer.write(bytes([byte]))
            await writer.drain()
        await reader.read()
        writer.close()

    outcome, ear = one(peer)
    assert outcome.failure is None
    assert [type(event) for event, _ in ear.events] == [Garbage, Frame]


def test_the_second_message_acknowledged_as_the_first() -> None:
    """A peer that quotes the first control id for ever (seen in a published library) is caught at the second one."""
    outcomes, _ = asyncio.run(talk(scripted(ack("C1"), ack("C1")), (message("C1"), "C1"), (message("C2"), "C2")))
    assert [o.failure for o in outcomes] == [None, "other-control-id"]


def test_enhanced_mode_waits_for_both() -> None:
    """With MSH-15 and MSH-16 at AL the accept acknowledgement is not the end."""
    body = message("C1", enhanced=("AL", "AL"))
    outcomes, ear = asyncio.run(talk(scripted(ack("C1", "CA") + ack("C1", "AE")), (body, "C1")))
    assert outcomes == [Outcome("h2")]
    assert len(ear.events) == 2
    outcomes, _ = asyncio.run(talk(scripted(ack("C1", "CA")), (body, "C1")))
    assert outcomes[0].failure == "timeout"
    outcomes, _ = asyncio.run(talk(scripted(ack("C1", "CE")), (body, "C1")))
    assert outcomes == [Outcome("h1")]


def test_enhanced_mode_without_any_acknowledgement() -> None:
    """With both at NE nothing is waited for."""
    outcomes, _ = asyncio.run(talk(scripted(b""), (message("C1", enhanced=("NE", "NE")), "C1")))
    assert outcomes == [Outcome()]


def test_application_acknowledgement_that_asks_for_an_accept() -> None:
    """An application acknowledgement whose own MSH-15 is AL gets its CA."""
    _, ear = one(scripted(ack("C1", "AA", "|||AL|NE")))
    (made,) = ear.sent
    assert str(hl7.parse(made.decode()).segment("MSA")) == "MSA|CA|R-C1"


def test_late_application_acknowledgement_is_not_an_error() -> None:
    """In the original mode, an AA that follows a CA belongs to the first message, not to the second."""
    peer = scripted(ack("C1", "CA"), ack("C1", "AA") + ack("C2"))
    outcomes, ear = asyncio.run(talk(peer, (message("C1"), "C1"), (message("C2"), "C2")))
    assert [o.failure for o in outcomes] == [None, None]
    assert [answers for _, answers in ear.events] == ["x1", "x1", "x2"]


def test_refused_and_unreachable() -> None:
    """Nobody listening is `refused`, a host that does not exist `unreachable`."""

    async def run() -> list[object]:
        server = await asyncio.start_server(scripted(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return [
            await connect("127.0.0.1", port, 1, Ear(), timeout=WAIT),
            await connect("host.invalid", 2575, 1, Ear(), timeout=2),
        ]

    assert asyncio.run(run()) == ["refused", "unreachable"]


async def with_server(
    handler: Callable[[Event, Link], Awaitable[bytes | None]],
    work: Callable[[int, MllpServer], Awaitable[None]],
    limit: int = 1_000_000,
) -> None:
    """Do some work against our server."""
    numbers = itertools.count(1)
    server = MllpServer(handler, lambda: next(numbers), lambda: None, limit)
    _, port = server.start("127.0.0.1", 0, None, lambda facts: None)
    try:
        async with asyncio.timeout(5):
            await work(port, server)
    finally:
        await server.stop()


async def echo(event: Event, link: Link) -> bytes | None:
    """Acknowledge with the library, as a receiver would."""
    if isinstance(event, Frame):
        return str(hl7.parse(event.body.decode()).create_ack()).encode()
    return None


def test_our_server_answers_the_hl7_library() -> None:
    """python-hl7's own client gets its acknowledgements, several on a connection, several connections at once."""

    async def session(port: int, name: str) -> list[str]:
        reader, writer = await open_hl7_connection("127.0.0.1", port, encoding="utf-8")
        got = []
        for n in range(3):
            writer.writemessage(hl7.parse(message(f"{name}{n}").decode()))
            await writer.drain()
            got.append(str((await reader.readmessage()).segment("MSA")[2]))
        writer.close()
        return got

    async def work(port: int, server: MllpServer) -> None:
        assert await asyncio.gather(*(session(port, n) for n in "AB")) == [["A0", "A1", "A2"], ["B0", "B1", "B2"]]

    asyncio.run(with_server(echo, work))


def test_our_client_is_answered_by_the_hl7_library() -> None:
    """python-hl7's own server understands our client."""

    async def serve(reader: hl7.mllp.HL7StreamReader, writer: hl7.mllp.HL7StreamWriter) -> None:
        writer.writemessage((await reader.readmessage()).create_ack())
        await writer.drain()
        writer.close()

    async def run() -> Outcome:
        server = await start_hl7_server(serve, host="127.0.0.1", port=0, encoding="utf-8")
        client = await connect("127.0.0.1", server.sockets[0].getsockname()[1], 1, Ear(), timeout=WAIT)
        assert isinstance(client, MllpClient)
        outcome = await client.request(message("C1"), "x1", "C1", 2)
        client.close()
        server.close()
        return outcome

    assert asyncio.run(run()) == Outcome("h1")


def test_messages_sent_at_once_are_answered_in_order() -> None:
    """A peer may send many messages without waiting: the answers come in the same order."""

    async def work(port: int, server: MllpServer) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(frame(message(f"M{n}")) for n in range(200)))
        got = [(await reader.readuntil(b"\x1c\r")).split(b"MSA|AA|")[1].split(b"\r")[0] for _ in range(200)]
        assert got == [b"M%d" % n for n in range(200)]
        writer.close()

    asyncio.run(with_server(echo, work))


def test_our_server_survives_hostile_peers() -> None:
    """Garbage, a half frame and an endless frame are told to the handler; the next connection is served as ever."""
    seen: list[Event] = []

    async def handler(event: Event, link: Link) -> bytes | None:
        seen.append(event)
        return await echo(event, link)

    async def work(port: int, server: MllpServer) -> None:
        for hostile in (b"GET / HTTP/1.1\r\n\r\n", b"\x0bMSH|half", b"\x0b" + b"x" * 2_000_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(hostile)
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(frame(message("OK")))
        assert b"MSA|AA|OK" in await reader.readuntil(b"\x1c\r")
        writer.close()
        while server.links:
            await asyncio.sleep(0.01)

    asyncio.run(with_server(handler, work))
    assert {type(event) for event in seen} == {Garbage, TooBig, Frame}
    assert sum(isinstance(event, Garbage) and event.half for event in seen) == 1
