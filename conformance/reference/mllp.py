"""MLLP: frames in (several connections, several messages each) and frames out, with bounds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from conformance.reference.config import Address

log = logging.getLogger("reference.mllp")

START, END = b"\x0b", b"\x1c\r"
Handler = Callable[[bytes], Awaitable[list[bytes]]]


class ChannelError(Exception):
    """A frame could not be delivered, or was not answered: a short reason."""


class Listener:
    """Takes frames one after the other on each connection and writes back what the handler answers."""

    def __init__(self, handler: Handler, *, frame_limit: int, connections: int) -> None:
        self._handler = handler
        self._limit = frame_limit
        self._connections = connections
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, address: Address) -> Address:
        """Listen; returns the real address. Raises OSError when the port cannot be had."""
        self._server = await asyncio.start_server(self._accept, address.host, address.port, limit=self._limit)
        port: int = self._server.sockets[0].getsockname()[1]
        return Address(address.host, port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= self._connections:
            log.warning("connection refused: %d are open", len(self._open))
            writer.close()
            return
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            log.info("connection cut")
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                frame = await reader.readuntil(END)
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                log.warning("frame too big: connection closed")
                return
            _, start, body = frame[: -len(END)].partition(START)
            if not start:
                log.warning("bytes outside a frame were skipped")
                continue
            for answer in await self._handler(body):
                writer.write(START + answer + END)
            await writer.drain()


class Sender:
    """Sends frames to one address and waits for each answer, over a few kept-open connections."""

    def __init__(self, address: Address, *, timeout: float, connections: int = 4) -> None:
        self._address = address
        self._timeout = timeout
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, message: bytes) -> bytes:
        """The answer to one message; raises ChannelError when it cannot be had in time."""
        async with self._slots:
            # A kept connection may have been closed by the peer meanwhile: then one new one is tried at once.
            while self._idle:
                kept = self._idle.pop()
                if kept[0].at_eof() or kept[1].is_closing():
                    kept[1].close()
                    continue
                with contextlib.suppress(ChannelError):
                    return await self._exchange(message, *kept)
            try:
                opened = await asyncio.wait_for(
                    asyncio.open_connection(self._address.host, self._address.port, limit=1 << 20), self._timeout
                )
            except (OSError, TimeoutError) as error:
                raise ChannelError(f"cannot connect ({type(error).__name__})") from None
            return await self._exchange(message, *opened)

    async def _exchange(self, message: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                writer.write(START + message + END)
                await writer.drain()
                frame = await reader.readuntil(END)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise ChannelError(f"no answer ({type(error).__name__})") from None
        self._idle.append((reader, writer))
        return frame[: -len(END)].partition(START)[2]

    def close(self) -> None:
        """Close the kept connections."""
        while self._idle:
            self._idle.pop()[1].close()
