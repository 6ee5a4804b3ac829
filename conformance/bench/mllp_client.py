"""The bench as an MLLP sender: one connection, messages one after the other, the acknowledgements they ask for."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from conformance.bench import acknowledgement
from conformance.bench.acknowledgement import Acknowledgement, Expected
from conformance.bench.clock import now
from conformance.bench.listening import connection_facts
from conformance.bench.mllp import LIMIT, READ_BYTES, Decoder, Event, Frame, Garbage, TooBig, frame
from conformance.evidence.values import Fact

REMEMBERED = 256
"""Control ids a connection remembers, to tell what a late acknowledgement answers."""


class Ear(Protocol):
    """Who is told of what goes on a connection, and records it."""

    def heard(self, event: Event, answers: str | None) -> str:
        """A frame or garbage came, in answer to an exchange (None: to nothing known); gives back its exchange id."""
        ...

    def accepted(self, body: bytes, answers: str) -> None:
        """An accept acknowledgement went out by itself, for the exchange `answers`."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended: the exchange of the acknowledgement that ended it, or a failure of `Sent.failure`.

    `nothing` is true when the connection closed before a single byte was heard in answer.
    """

    answer: str | None = None
    failure: str | None = None
    nothing: bool = False


@dataclass(slots=True)
class _Wait:
    exchange: str
    control: str
    expected: Expected
    done: asyncio.Future[Outcome]
    garbage: bool = False
    heard: bool = False


class MllpClient(asyncio.BufferedProtocol):
    """One connection to an MLLP receiver; made by `connect`. One request at a time.

    `ear` is told of every frame and of all garbage, asked for or not. `number` is the recorder's connection number.
    """

    def __init__(self, number: int, ear: Ear, limit: int = LIMIT) -> None:
        self.number = number
        self.facts: dict[str, Fact] = {}
        self.closed = False
        self.used = 0
        self._ear = ear
        self._decoder = Decoder(limit)
        self._view = memoryview(bytearray(READ_BYTES))
        self._transport: asyncio.Transport | None = None
        self._wait: _Wait | None = None
        self._sent: OrderedDict[str, str] = OrderedDict()  # control id -> exchange
        self._open_end: set[str] = set()  # control ids answered by an accept acknowledgement only

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.facts = connection_facts(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        if self._wait:
            self._wait.heard = True
        for event in self._decoder.feed(self._view[:nbytes]):
            self._take(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        rest = self._decoder.end()
        if rest:
            self._take(rest)
        if self._wait:
            nothing = not self._wait.heard
            failure = "tls" if isinstance(exc, ssl.SSLError) else self._why("closed", half=bool(rest and rest.half))
            self._finish(Outcome(failure=failure, nothing=nothing))

    async def request(self, body: bytes, exchange: str, control: str, timeout: float) -> Outcome:
        """Send a message and wait for what it asks for. `exchange` is the id it was recorded under.

        After a timeout, or an answer that is not one, the connection must not be used for another request.
        """
        assert self._transport is not None
        asked = acknowledgement.expected(body)
        self.used += 1
        if control:
            self._sent[control] = exchange
            if len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)
        self._transport.write(frame(body))
        if not (asked.accept or asked.application):
            return Outcome()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._wait = _Wait(exchange, control, asked, future)
        if self.closed:
            self._finish(Outcome(failure="closed", nothing=True))
        expiry = loop.call_later(timeout, self._expire)
        try:
            return await future
        finally:
            expiry.cancel()
            self._wait = None

    def close(self) -> None:
        """Close the connection; harmless when repeated."""
        if self._transport is None:
            return
        if self._decoder.half or self._transport.get_write_buffer_size():
            self._transport.abort()  # a peer that neither reads nor finishes would hold a polite close for ever
        else:
            self._transport.close()

    def _expire(self) -> None:
        stray = self._decoder.stray()
        if stray:
            self._take(stray)
        self._finish(Outcome(failure=self._why("timeout", half=self._decoder.half)))

    def _why(self, plain: str, *, half: bool) -> str:
        if half:
            return "half-frame"
        return "garbage" if self._wait and self._wait.garbage else plain

    def _take(self, event: Event) -> None:
        wait = self._wait
        if not isinstance(event, Frame):
            self._ear.heard(event, wait.exchange if wait else None)
            if wait and not (isinstance(event, Garbage) and event.half):
                wait.garbage = True
            if isinstance(event, TooBig):
                self.close()
                self._finish(Outcome(failure="too-big"))
            return
        ack = acknowledgement.read(event.body)
        known = self._sent.get(ack.control) if ack else None
        mine = wait is not None and (not wait.control or (ack is not None and ack.control == wait.control))
        late = ack is not None and ack.control in self._open_end and not mine
        answered = wait.exchange if wait and not late else known
        heard = self._ear.heard(event, answered)
        if ack and ack.asks_accept and self._transport and not self.closed:
            self._accept(event, heard)
        if wait and not late:
            self._judge(wait, ack, heard, mine)

    def _judge(self, wait: _Wait, ack: Acknowledgement | None, heard: str, mine: bool) -> None:
        """Decide whether a frame ends the wait."""
        if ack is None:
            self._finish(Outcome(heard, "garbage"))
        elif not mine:
            self._finish(Outcome(heard, "other-control-id"))
        elif wait.expected.final(ack.code):
            if ack.code in acknowledgement.ACCEPT_CODES:
                self._open_end.add(wait.control)
            self._finish(Outcome(heard))

    def _accept(self, event: Frame, heard: str) -> None:
        body = acknowledgement.accept(event.body, now())
        self._ear.accepted(body, heard)
        assert self._transport is not None
        self._transport.write(frame(body))

    def _finish(self, outcome: Outcome) -> None:
        if self._wait and not self._wait.done.done():
            self._wait.done.set_result(outcome)


async def connect(
    host: str,
    port: int,
    number: int,
    ear: Ear,
    *,
    timeout: float,
    tls: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    limit: int = LIMIT,
) -> MllpClient | str:
    """Open a connection, or say why not: `refused`, `unreachable`, `tls`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            _, client = await loop.create_connection(
                lambda: MllpClient(number, ear, limit), host, port, ssl=tls, server_hostname=server_hostname
            )
    except ConnectionRefusedError:
        return "refused"
    except ssl.SSLError:
        return "tls"
    except (ConnectionError, TimeoutError) as error:
        # During the TLS handshake the peer may just hang up.
        return "tls" if tls and isinstance(error, ConnectionError) else "unreachable"
    except OSError:
        return "unreachable"
    return client
