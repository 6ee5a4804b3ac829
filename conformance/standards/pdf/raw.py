"""How the bytes of a PDF are laid out: header, cross-references, objects, end (ISO 19005-1, 6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT_SECTIONS = 64

_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_COMMENT = re.compile(rb"(?:\r\n|\r|\n)%[\x80-\xff]{4}")
_START = re.compile(rb"startxref\s+(\d{1,12})")
_SECTION = re.compile(rb"(\d{1,10})( +)(\d{1,10})[ ]?(\r\n|\r|\n)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])")
_PREVIOUS = re.compile(rb"/Prev\s+(\d{1,12})")
_XREF_STREAM = re.compile(rb"/Type\s*/XRef\b|/XRefStm\b")
_OBJECT = re.compile(rb"(\d{1,10}) (\d{1,5}) obj(?:\r\n|\r|\n)")
_LOOSE_OBJECT = re.compile(rb"\s*(\d{1,10})\s+(\d{1,5})\s+obj")
_STREAM = re.compile(rb">>\s*stream(\r\n|\n|\r|)")
_LENGTH = re.compile(rb"/Length\s+(\d{1,10})(\s+\d{1,5}\s+R)?")
_END = re.compile(rb"(?:\r\n|\r|\n)endstream\b")
_CLOSED = re.compile(rb"(?:\r\n|\r|\n)endobj(?:\r\n|\r|\n)")
_EOF = b"%%EOF"
_TAIL = re.compile(rb"startxref\s+\d{1,12}\s+%%EOF")


@dataclass(frozen=True, slots=True)
class Layout:
    """What the bytes show without being decoded.

    `header_at` is the offset of `%PDF-` (-1 when absent), `binary` whether four bytes above 127 follow in a comment,
    `xref_stream` whether cross-references stand in a stream, `xref_faults`, `object_faults` and `stream_faults` say
    where the layout is loose, `after_end` counts the bytes after the last `%%EOF` and its line end, `updates` the
    sections of cross-references.
    """

    version: str
    header_at: int
    binary: bool
    xref_stream: bool
    xref_faults: tuple[str, ...]
    object_faults: tuple[str, ...]
    stream_faults: tuple[str, ...]
    after_end: int
    updates: int


def layout(data: bytes) -> Layout:
    """Look at the bytes of a file; never raises."""
    head = _HEADER.search(data[:1024])
    binary = head is not None and _COMMENT.match(data, head.end()) is not None
    sections, offsets, faults = _sections(data)
    end = data.rfind(_EOF)
    rest = data[end + len(_EOF) :] if end >= 0 else b""
    after = len(rest) - (2 if rest.startswith(b"\r\n") else 1 if rest[:1] in (b"\r", b"\n") else 0)
    objects, streams = _bodies(data, offsets)
    return Layout(
        version=head[1].decode() if head else "",
        header_at=head.start() if head else -1,
        binary=binary,
        xref_stream=_XREF_STREAM.search(data) is not None,
        xref_faults=tuple(faults),
        object_faults=tuple(objects),
        stream_faults=tuple(streams),
        after_end=after,
        updates=sections,
    )


def _sections(data: bytes) -> tuple[int, dict[int, int], list[str]]:
    """(number of sections, offset of each object in use, faults of writing), from the last `startxref` back."""
    starts = list(_START.finditer(data, max(0, len(data) - 2048)))
    at = int(starts[-1][1]) if starts else -1
    offsets: dict[int, int] = {}
    faults: list[str] = []
    seen: set[int] = set()
    while 0 <= at < len(data) and at not in seen and len(seen) < LIMIT_SECTIONS:
        seen.add(at)
        if not data.startswith(b"xref", at):
            break  # a stream of cross-references, or garbage
        if re.compile(rb"xref(?:\r\n|\r|\n)\d").match(data, at) is None:
            faults.append(f"offset {at}")
        position = at + 4
        while data[position : position + 1] in (b" ", b"\r", b"\n", b"\t"):
            position += 1
        while (section := _SECTION.match(data, position)) is not None:
            if section[2] != b" ":
                faults.append(f"offset {position}")
            first, count, position = int(section[1]), int(section[3]), section.end()
            for number in range(first, first + min(count, (len(data) - position) // 20)):
                entry = _ENTRY.match(data, position)
                position += 20
                if entry is not None and entry[3] == b"n":
                    offsets.setdefault(number, int(entry[1]))
        trailer = data[position : position + 4096]
        previous = _PREVIOUS.search(trailer[: trailer.find(b"startxref")])
        at = int(previous[1]) if previous else -1
    return len(seen), offsets, faults


def _bodies(data: bytes, offsets: dict[int, int]) -> tuple[list[str], list[str]]:
    """(objects loosely delimited, streams whose length or ends are wrong), each named by its number."""
    objects: list[str] = []
    streams: list[str] = []
    places = sorted((offset, number) for number, offset in offsets.items() if 0 < offset < len(data))
    for index, (offset, number) in enumerate(places):
        limit = places[index + 1][0] if index + 1 < len(places) else len(data)
        begun = _OBJECT.match(data, offset)
        if begun is None or data[offset - 1 : offset] not in (b"\n", b"\r"):
            loose = _LOOSE_OBJECT.match(data, offset)
            if loose is None or int(loose[1]) != number:
                continue  # the table is wrong: QPDF says so itself
            objects.append(f"{number} 0 obj")
        found = _stream(data, offset, limit, offsets)
        if found:
            streams.append(f"{number} 0 obj ({found})")
        tail = data[max(offset, limit - 64 if limit < len(data) else offset) : limit]
        if limit < len(data) and b"endobj" in tail and _CLOSED.search(tail) is None:
            objects.append(f"{number} 0 obj")
    return list(dict.fromkeys(objects)), streams


def _stream(data: bytes, offset: int, limit: int, offsets: dict[int, int]) -> str:
    """Why the stream of an object is not delimited as it must be: `keyword`, `length`, `end`; empty when it is."""
    match = _STREAM.search(data, offset, min(limit, offset + 65536))
    if match is None or b"endobj" in data[offset : match.start()]:
        return ""
    if match[1] not in (b"\r\n", b"\n"):
        return "keyword"
    announced = _LENGTH.search(data, offset, match.start() + 2)
    if announced is None:
        return ""
    length = int(announced[1])
    if announced[2]:
        at = offsets.get(length, -1)
        held = re.compile(rb"\d+\s+\d+\s+obj\s*(\d{1,10})").match(data, at) if at > 0 else None
        if held is None:
            return ""
        length = int(held[1])
    start = match.end()
    if _END.match(data, start + length) is not None:
        return ""
    # The stream may be longer by the very line end that should precede `endstream`.
    return "end" if data.startswith(b"endstream", start + length) else "length"


def ended(data: bytes) -> bool:
    """True when a file ends as a PDF does: `startxref`, an offset and `%%EOF` within its last bytes (7.5.5)."""
    return _TAIL.search(data, max(0, len(data) - 2048)) is not None
