"""Puts the finger on the offending place of a message: each line cut in pieces, the wrong ones marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.audit.model import Excerpt, FindingExample
from conformance.errors import Malformed
from conformance.standards.hl7v2 import syntax

SPEAKING = 6
"""A value shorter than this many characters may stand anywhere: it is only marked in the element of the path."""

_SEGMENT = re.compile(r"([A-Z][A-Z0-9]{2})(?:\(([1-9]\d{0,5})\))?")
_FIELD = re.compile(
    r"(?i:x-[a-z-]+|message-id|from|to|subject|date|reply-to|references|in-reply-to|return-receipt-to"
    r"|disposition-notification-to)"
)
_LAST_STEP = re.compile(r"([A-Za-z_][\w.-]*)(?:\[[^\]]*\])*/?$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters; `marked` when it is what the finding is about. An empty marked piece is an absence."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message, 0 for one that is not in it. `noted` when the finding is to be told under it."""

    number: int
    pieces: tuple[Piece, ...]
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines left out between two that are shown."""

    lines: int


AROUND = 8
"""Lines shown before and after the place of a finding in a long message."""

LONG = 40
"""A message of at most this many lines is shown whole."""

BEGINNING = 120
"""Lines shown of a message in which no place is noted."""


def fold(lines: Sequence[Line]) -> tuple[Line | Gap, ...]:
    """A long message with only its first lines and those around the place noted; the rest are gaps.

    One in which nothing is noted is shown by its beginning.
    """
    noted = [i for i, line in enumerate(lines) if line.noted]
    if len(lines) <= LONG or (not noted and len(lines) <= BEGINNING):
        return tuple(lines)
    if not noted:
        return (*lines[:BEGINNING], Gap(len(lines) - BEGINNING))
    shown: list[Line | Gap] = []
    hidden = 0
    for i, line in enumerate(lines):
        if i < 3 or any(abs(i - at) <= AROUND for at in noted):
            if hidden:
                shown.append(Gap(hidden))
                hidden = 0
            shown.append(line)
        else:
            hidden += 1
    return (*shown, Gap(hidden)) if hidden else tuple(shown)


def annotate(excerpt: Excerpt, finding: FindingExample) -> tuple[Line, ...]:
    """The lines of an excerpt with the place of a finding marked; nothing is marked when it is not found."""
    if excerpt.kind == "hl7v2":
        return _hl7(excerpt.lines, finding.path)
    if excerpt.kind == "mail":
        return _mail(excerpt.lines, finding)
    return _text(excerpt.lines, finding)


def plain(excerpt: Excerpt) -> tuple[Line, ...]:
    """The lines of an excerpt, nothing marked."""
    return tuple(_plain(excerpt.lines))


def _plain(lines: Sequence[str]) -> list[Line]:
    return [Line(number, (Piece(line),)) for number, line in enumerate(lines, 1)]


def _hl7(texts: Sequence[str], path: str) -> tuple[Line, ...]:
    lines = _plain(texts)
    spot = _spot(path)
    if spot is None:
        return tuple(lines)
    segment, occurrence, place = spot
    places = [i for i, text in enumerate(texts) if text[:3] == segment]
    index = places[occurrence - 1] if occurrence <= len(places) else None
    if index is None:
        return (*lines, Line(len(lines) + 1, (Piece(segment), Piece("", marked=True)), noted=True))
    text = texts[index]
    if place is None:
        lines[index] = Line(index + 1, (Piece(text, marked=True),), noted=True)
        return tuple(lines)
    try:
        delimiters = syntax.parse(texts[0].encode()).delimiters
    except Malformed:
        delimiters = syntax.DEFAULT
    start, end, absent = _span(text, place, delimiters)
    before = Piece(text[:start])
    pieces = (before, Piece("" if absent else text[start:end], marked=True), Piece(text[end:]))
    lines[index] = Line(index + 1, tuple(p for p in pieces if p.text or p.marked), noted=True)
    return tuple(lines)


def _spot(path: str) -> tuple[str, int, syntax.Path | None] | None:
    """The segment, its occurrence and the place of `PID-3[2].4.2` or `OBX(2)`; None when it is of another form."""
    try:
        place = syntax.Path.parse(path)
    except ValueError:
        match = _SEGMENT.fullmatch(path)
        return None if match is None else (match[1], int(match[2] or 1), None)
    return place.segment, place.occurrence, place


def _span(text: str, place: syntax.Path, delimiters: syntax.Delimiters) -> tuple[int, int, bool]:
    """Where a place begins and ends in the text of its segment, and whether it is empty or missing."""
    if text[:3] == "MSH" and place.field == 1:  # the separator itself
        return 3, 4, len(text) < 4
    number = place.field - 1 if text[:3] == "MSH" else place.field
    start, end = 0, len(text)
    repetition = place.repetition or (1 if place.component else None)
    levels: list[tuple[int | None, bytes]] = [(number + 1, delimiters.field)]
    if text[:3] != "MSH" or place.field not in (1, 2):
        levels.append((repetition, delimiters.repetition))
        levels.append((place.component, delimiters.component))
        levels.append((place.subcomponent, delimiters.subcomponent))
    for wanted, separator in levels:
        if wanted is None:
            continue
        parts = text[start:end].split(separator.decode())
        if wanted > len(parts):
            return end, end, True
        start += sum(len(part) + 1 for part in parts[: wanted - 1])
        end = start + len(parts[wanted - 1])
    return start, end, start == end


def _mail(texts: Sequence[str], finding: FindingExample) -> tuple[Line, ...]:
    """Mark the header field that the path begins with (or its absence), else the part or file it names."""
    name = finding.path.partition("/")[0]
    end = texts.index("") if "" in texts else len(texts)
    at = next((i for i in range(end) if texts[i].lower().startswith(f"{name.lower()}:")), None) if name else None
    if at is None and _FIELD.fullmatch(name):
        lines = _plain(texts)
        missing = Line(0, (Piece(f"{name}: "), Piece("", marked=True)), noted=True)
        return (*lines[:end], missing, *lines[end:])
    if at is None:
        wanted = {"attachments": "content-disposition: attachment", "body": "content-type:"}.get(name, name.lower())
        at = next((i for i, text in enumerate(texts) if wanted and wanted in text.lower()), None)
    if at is None:
        return _text(texts, finding)
    lines = _plain(texts)
    last = at + 1
    while at < end and last < end and texts[last][:1] in (" ", "\t"):
        last += 1
    for index in range(at, last):
        start = texts[index].find(finding.seen) if len(finding.seen) > 1 else -1
        if start >= 0:
            lines[index] = _marked(index, texts[index], start, start + len(finding.seen))
            return tuple(lines)
    for index in range(at, last):
        start = texts[index].find(":") + 1 if index == at and at < end else 0
        lines[index] = _marked(index, texts[index], start, len(texts[index]), noted=index == last - 1)
    return tuple(lines)


def _marked(index: int, text: str, start: int, end: int, *, noted: bool = True) -> Line:
    pieces = (Piece(text[:start]), Piece(text[start:end], marked=True), Piece(text[end:]))
    return Line(index + 1, tuple(p for p in pieces if p.text), noted=noted)


def _text(texts: Sequence[str], finding: FindingExample) -> tuple[Line, ...]:
    """Mark what was seen, near the element that the path ends with; else that element."""
    lines = _plain(texts)
    step = _LAST_STEP.search(finding.path)
    name = step[1] if step else ""
    about = [i for i, text in enumerate(texts) if name and re.search(rf"(?:^|[<:@\s\"]){re.escape(name)}\b", text)]
    anywhere = range(len(texts)) if len(finding.seen) >= SPEAKING else ()
    for index in (*about, *anywhere):
        at = texts[index].find(finding.seen) if finding.seen else -1
        if at >= 0:
            lines[index] = _marked(index, texts[index], at, at + len(finding.seen))
            return tuple(lines)
    if about:
        lines[about[0]] = Line(about[0] + 1, (Piece(texts[about[0]], marked=True),), noted=True)
        return tuple(lines)
    for index in range(len(texts)) if len(finding.expected) >= SPEAKING else ():
        at = texts[index].find(finding.expected)
        if at >= 0:  # what should have been seen elsewhere: in the trace of this very message, for instance
            lines[index] = _marked(index, texts[index], at, at + len(finding.expected))
            break
    return tuple(lines)
