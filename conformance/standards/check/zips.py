"""Zip archives opened in memory: nothing is written, and no entry is believed before it is checked (APPNOTE 6.3.10)."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from conformance.evidence.values import Finding
from conformance.standards.check.bounds import Budget
from conformance.standards.check.members import CODES, Member, Opened, shown, unsafe

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER = 30
MOST = 20
"""Entries named in findings of one sort."""

XDM_FOLDER = "IHE_XDM"
XDM_OWN = frozenset({"INDEX.HTM", "INDEX.HTML", "README.TXT", "METADATA.XML", "AUTORUN.INF"})
"""Files of an XDM that are of the package, not documents in it (ITI TF-2 3.32.4.1.2)."""


def directory_size(file: BinaryIO) -> int | None:
    """Bytes of the central directory as the end of the archive tells; None when there is no end of archive."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_535 - _END.size))
    tail = file.read(65_535 + _END.size)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        return None
    length = int(_END.unpack_from(tail, at)[5])
    if at >= _LOCATOR.size and tail[at - _LOCATOR.size : at].startswith(b"PK\x06\x07"):
        where = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)[2]
        file.seek(where if where < size else 0)
        record = file.read(_END_64.size)
        if len(record) == _END_64.size and record.startswith(b"PK\x06\x06"):
            length = max(length, int(_END_64.unpack(record)[8]))
    return length


def open_zip(file: BinaryIO, budget: Budget) -> Opened:
    """A zip archive: its kind (`xdm`, `office` or `zip`), what is wrong with its directory, and its members."""
    length = directory_size(file)
    if length is not None and length > budget.bounds.directory:
        most = budget.bounds.directory
        return _broken("check.container.too-many", f"{length} (central directory)", f"<= {most}")
    if length is None:
        return _broken("check.zip.damaged", "", "end of central directory")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, OverflowError, NotImplementedError) as error:
        return _broken("check.zip.damaged", str(error), "")
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    names = tuple(entry.filename for entry in entries)
    findings = tuple(_findings(archive.infolist()))
    return Opened(_kind(names), findings, _members(archive, entries, budget), names)


def _broken(code: str, seen: str, expected: str) -> Opened:
    return Opened("zip", (CODES.finding(code, seen=seen, expected=expected),), iter(()))


def _kind(names: Sequence[str]) -> str:
    folders = {part.upper() for name in names for part in name.split("/")[:-1]}
    if XDM_FOLDER in folders:
        return "xdm"
    if "[Content_Types].xml" in names or names[:1] == ("mimetype",):
        return "office"
    return "zip"


def _findings(entries: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    bad = [entry.filename for entry in entries if unsafe(entry.orig_filename) or unsafe(entry.filename)]
    yield from (CODES.finding("check.container.unsafe-name", shown(name), seen=shown(name)) for name in bad[:MOST])
    counts = Counter(entry.filename for entry in entries)
    twice = [name for name, count in counts.items() if count > 1]
    yield from (CODES.finding("check.container.name-twice", shown(name), seen=counts[name]) for name in twice[:MOST])
    links = [entry.filename for entry in entries if (entry.external_attr >> 28) == 0xA]
    yield from (CODES.finding("check.container.link", shown(name)) for name in links[:MOST])
    reached, before = -1, ""
    overlaps = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < reached and overlaps < MOST:
            overlaps += 1
            yield CODES.finding("check.zip.overlap", shown(entry.filename), seen=shown(before))
        reached = max(reached, entry.header_offset + _HEADER + entry.compress_size)
        before = entry.filename


def _members(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], budget: Budget) -> Iterator[Member]:
    for entry in entries:
        if (entry.external_attr >> 28) == 0xA:
            continue
        name = shown(entry.filename)
        refused = _refused(entry, budget)
        if refused is not None:
            yield Member(name, None, refused)
            continue
        budget.spend(entry.file_size)
        try:
            with archive.open(entry) as stream:
                data = stream.read(entry.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError,
                struct.error, OverflowError) as error:  # fmt: skip
            yield Member(name, None, CODES.finding("check.zip.damaged", name, seen=str(error)))
            continue
        if len(data) != entry.file_size:
            finding = CODES.finding("check.zip.damaged", name, seen=len(data), expected=entry.file_size)
            yield Member(name, None, finding)
            continue
        yield Member(name, data)


def _refused(entry: zipfile.ZipInfo, budget: Budget) -> Finding | None:
    """Why an entry is not even opened, or None."""
    bounds, size, name = budget.bounds, entry.file_size, shown(entry.filename)
    if entry.flag_bits & 0x1:
        return CODES.finding("check.container.encrypted", name)
    if entry.compress_type not in _METHODS:  # the decompressors of the others cannot be bounded
        return CODES.finding("check.zip.method", name, seen=entry.compress_type, expected="0, 8")
    if size > bounds.ratio_from and size > bounds.ratio * max(entry.compress_size, 1):
        return CODES.finding("check.container.bomb", name, seen=f"{entry.compress_size} -> {size}")
    if size > bounds.document:
        return CODES.finding("check.file.too-large", name, seen=size, expected=f"<= {bounds.document}")
    return None
