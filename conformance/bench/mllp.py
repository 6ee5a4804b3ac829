"""MLLP framing (HL7 v2 transport, minimal lower layer protocol release 1): `<VT> message <FS><CR>`, over asyncio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VT = b"\x0b"
FS_CR = b"\x1c\r"

LIMIT = 64 * 1024 * 1024
"""Bytes of one frame unless told otherwise."""

READ_BYTES = 512 * 1024
"""The read buffer of a connection, kept from one read to the next: allocating one a read costs more than the read."""

GARBAGE_KEPT = 1024
"""Bytes of garbage kept between two frames; more is only counted."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message between its block characters."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that belong to no whole frame: `body` is their beginning, `size` how many there were.

    `half` is true when they began a frame that another one interrupted.
    """

    body: bytes
    size: int
    half: bool = False


@dataclass(frozen=True, slots=True)
class TooBig:
    """A frame, or garbage without end, passed the limit: nothing more is read. `body` is the beginning."""

    body: bytes
    size: int


Event = Frame | Garbage | TooBig


def frame(body: bytes) -> bytes:
    """A message as it goes on the wire."""
    return b"".join((VT, body, FS_CR))


class Decoder:
    """Bytes as they come -> frames and garbage. Holds at most one unfinished frame, never more than `limit` bytes."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._buffer = bytearray()
        self._inside = False
        self._searched = 0  # bytes of the buffer that hold no end of frame
        self._lost = b""
        self._lost_size = 0
        self._full = False

    @property
    def half(self) -> bool:
        """A frame has begun and is not finished."""
        return self._inside

    def feed(self, data: bytes | memoryview) -> Iterator[Event]:
        """Take bytes and yield what they complete. After a TooBig nothing is taken any more."""
        if self._full:
            return
        if not self._buffer and not self._lost_size and data[:1] == VT and data[-2:] == FS_CR:
            # The usual case, one whole frame in one read: no copy into the buffer.
            body = bytes(data[1:-2])
            if FS_CR not in body and VT not in body and len(body) <= self.limit:
                yield Frame(body)
                return
        self._buffer += data
        while self._buffer:
            if self._inside:
                taken = self._take()
                if taken is None:
                    break
                before, begun, whole = taken.rpartition(VT)
                if begun:
                    yield Garbage(before[:GARBAGE_KEPT], len(before), half=True)
                yield Frame(whole)
            elif not self._skip():
                break
            elif self._lost_size:
                yield self._reported()
        size = max(len(self._buffer), self._lost_size)
        if size > self.limit:
            self._full = True
            head = bytes(self._buffer[:GARBAGE_KEPT]) or self._lost
            self._buffer.clear()
            self._inside, self._lost_size = False, 0
            yield TooBig(head, size)

    def end(self) -> Garbage | None:
        """What was left when the connection ended, if anything."""
        if self._inside:
            size = len(self._buffer)
            rest = bytes(self._buffer[:GARBAGE_KEPT])
            self._buffer.clear()
            self._inside = False
            self._searched = 0
            return Garbage(rest, size, half=True)
        return self.stray()

    def stray(self) -> Garbage | None:
        """Bytes heard outside any frame and not reported yet, if any; they are then."""
        return self._reported() if self._lost_size else None

    def _take(self) -> bytes | None:
        """The body of the frame at the head of the buffer, once its end is there."""
        at = self._buffer.find(FS_CR, self._searched)
        if at > self.limit:
            return None  # left in the buffer, which is then over the limit
        if at < 0:
            self._searched = max(0, len(self._buffer) - 1)  # FS may be the last byte, its CR still to come
            return None
        body = bytes(self._buffer[:at])
        del self._buffer[: at + 2]
        self._inside = False
        self._searched = 0
        return body

    def _skip(self) -> bool:
        """Drop what stands before the next frame; True when one begins."""
        at = self._buffer.find(VT)
        lost = self._buffer if at < 0 else self._buffer[:at]
        # Line ends between frames are common and harmless.
        if lost.strip(b"\r\n"):
            self._lost += bytes(lost[: GARBAGE_KEPT - len(self._lost)])
            self._lost_size += len(lost)
        if at < 0:
            self._buffer.clear()
            return False
        del self._buffer[: at + 1]
        self._inside = True
        return True

    def _reported(self) -> Garbage:
        found = Garbage(self._lost, self._lost_size)
        self._lost, self._lost_size = b"", 0
        return found
