"""Tar archives, plain or gzipped, read as a stream, and lone gzip files; nothing is written."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from conformance.standards.check.bounds import Bounds, Budget, Exhausted
from conformance.standards.check.members import CODES, Member, Opened, shown, unsafe

_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError)


class _Bounded(io.RawIOBase):
    """A stream that gives no more than the bounds allow, in all and in one read."""

    def __init__(self, inner: BinaryIO, bounds: Bounds, compressed: BinaryIO | None = None) -> None:
        self._inner = inner
        self._bounds = bounds
        self._compressed = compressed
        self._given = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; raises Exhausted beyond the bounds."""
        bounds = self._bounds
        if not 0 <= size <= bounds.document:
            raise Exhausted("check.file.too-large", str(size), f"<= {bounds.document}")
        data = self._inner.read(size)
        self._given += len(data)
        if self._given > bounds.total:
            raise Exhausted("check.container.too-much", f"> {bounds.total}", f"<= {bounds.total}")
        if self._compressed is not None and self._given > bounds.ratio_from:
            taken = max(self._compressed.tell(), 1)
            if self._given > bounds.ratio * taken:
                raise Exhausted("check.container.bomb", f"{taken} -> {self._given}", f"<= {bounds.ratio}:1")
        return data


def open_tar(file: BinaryIO, budget: Budget) -> Opened:
    """A plain tar archive."""
    return Opened("tar", (), _members(_Bounded(file, budget.bounds), budget))


def open_gzip(file: BinaryIO, name: str, budget: Budget) -> Opened:
    """A gzip file: a tar inside is opened, anything else is its one member."""
    start = file.tell()
    try:
        head = gzip.GzipFile(fileobj=file).read(512)
    except _BROKEN as error:
        return Opened("gzip", (CODES.finding("check.gzip.damaged", seen=str(error)),), iter(()))
    file.seek(start)
    stream = _Bounded(gzip.GzipFile(fileobj=file), budget.bounds, file)  # type: ignore[arg-type]  # reads like one
    if head[257:262] == b"ustar":
        return Opened("tar", (), _members(stream, budget))
    return Opened("gzip", (), _single(stream, name, budget))


def _single(stream: _Bounded, name: str, budget: Budget) -> Iterator[Member]:
    inner = name.rpartition("/")[2]
    inner = inner[:-3] if inner.lower().endswith(".gz") else f"{inner} (gunzip)"
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := stream.read(1 << 20):
            pieces.append(piece)
            size += len(piece)
            if size > budget.bounds.document:
                raise Exhausted("check.file.too-large", f"> {size}", f"<= {budget.bounds.document}")
    except Exhausted as stop:
        yield Member(inner, None, CODES.finding(stop.code, seen=stop.seen, expected=stop.expected))
        return
    except _BROKEN as error:
        yield Member(inner, None, CODES.finding("check.gzip.damaged", seen=str(error)))
        return
    budget.spend(size)
    yield Member(inner, b"".join(pieces))


def _members(stream: _Bounded, budget: Budget) -> Iterator[Member]:
    try:
        reader: Any = stream
        archive = tarfile.open(fileobj=reader, mode="r|", errors="surrogateescape")  # noqa: SIM115 - a generator
        while (entry := archive.next()) is not None:
            remembered: Any = archive  # the stubs do not know `members`, which keeps every entry otherwise
            remembered.members = []
            if entry.isdir():
                continue
            yield from _entry(archive, entry, budget)
    except Exhausted as stop:
        yield Member("…", None, CODES.finding(stop.code, seen=stop.seen, expected=stop.expected))
    except _BROKEN as error:
        yield Member("…", None, CODES.finding("check.tar.damaged", seen=str(error)))


def _entry(archive: tarfile.TarFile, entry: tarfile.TarInfo, budget: Budget) -> Iterator[Member]:
    name = shown(entry.name)
    if not entry.isreg():
        yield Member(name, None, CODES.finding("check.container.link", name, seen=shown(entry.linkname)))
        return
    if entry.size > budget.bounds.document:
        finding = CODES.finding("check.file.too-large", seen=entry.size, expected=f"<= {budget.bounds.document}")
        yield Member(name, None, finding)
        return
    budget.spend(entry.size)
    held = archive.extractfile(entry)
    data = held.read() if held is not None else b""
    unsafe_name = CODES.finding("check.container.unsafe-name", name, seen=name) if unsafe(entry.name) else None
    yield Member(name, data, unsafe_name)
