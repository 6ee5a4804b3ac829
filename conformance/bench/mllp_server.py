"""The bench as an MLLP receiver: many connections, each one answering its messages in order."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable

from conformance.bench.listening import Listener, OnFailure, bind, connection_facts
from conformance.bench.mllp import LIMIT, READ_BYTES, Decoder, Event, TooBig, frame
from conformance.evidence.values import Fact

WAITING = 64
"""Messages a connection may have waiting for their answers before it is no longer read."""


class Link(asyncio.BufferedProtocol):
    """One connection of a peer to our server; `facts` are what it tells of itself, `closed` whether it ended."""

    def __init__(self, server: MllpServer) -> None:
        self.facts: dict[str, Fact] = {}
        self.closed = False
        self.number = 0
        self._server = server
        self._decoder = Decoder(server.limit)
        self._view = memoryview(bytearray(READ_BYTES))
        self._events: deque[Event] = deque()
        self._held = 0  # bytes of the events that wait
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.facts = connection_facts(transport)
        self.number = self._server.number()
        self._server.links.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        self._server.on_data()
        for event in self._decoder.feed(self._view[:nbytes]):
            self._events.append(event)
            self._held += len(event.body)
        if self._events:
            self._ready.set()
            if len(self._events) > WAITING or self._held > self._server.limit:
                self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        rest = self._decoder.end()
        if rest:
            self._events.append(rest)
            self._held += len(rest.body)
        self._ready.set()

    def cut(self, body: bytes, share: float) -> None:
        """Send that share of a framed message and hang up."""
        whole = frame(body)
        self._transport.write(whole[: int(len(whole) * share)])
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection and whatever it was doing."""
        if self._task:
            self._task.cancel()
        self._transport.abort()

    async def _serve(self) -> None:
        try:
            while self._events or not self.closed:
                if not self._events:
                    self._ready.clear()
                    await self._ready.wait()
                    continue
                event = self._events.popleft()
                self._held -= len(event.body)
                answer = await self._server.handler(event, self)
                if isinstance(event, TooBig):
                    self._transport.abort()
                elif answer is not None and not self.closed:
                    self._transport.write(frame(answer))
                if not self._events:
                    self._transport.resume_reading()
        finally:
            self._server.links.discard(self)


Handler = Callable[[Event, Link], Awaitable[bytes | None]]
"""Given each frame and each garbage of a connection, gives the message to send back, or None."""


class MllpServer:
    """A listening MLLP receiver.

    `handler` must not raise; `numbers` gives connection numbers; `on_data` is told of every read.
    """

    def __init__(
        self, handler: Handler, numbers: Callable[[], int], on_data: Callable[[], None], limit: int = LIMIT
    ) -> None:
        self.handler = handler
        self.number = numbers
        self.on_data = on_data
        self.limit = limit
        self.links: set[Link] = set()
        self._listener: Listener | None = None

    def start(self, host: str, port: int, tls: ssl.SSLContext | None, on_failure: OnFailure) -> tuple[str, int]:
        """Listen; returns the address really bound; raises OSError."""
        self._listener = bind(host, port)
        self._listener.accept(lambda: Link(self), tls, on_failure)
        return self._listener.host, self._listener.port

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._listener:
            await self._listener.close()
        for link in list(self.links):
            link.abort()
