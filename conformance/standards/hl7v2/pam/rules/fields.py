"""Fields of a PAM message against the table of `profile.py`: required, forbidden, repeated, coded, well formed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.standards.hl7v2.pam.profile import PARTS, SEGMENTS, FieldRow
from conformance.standards.hl7v2.syntax import DEFAULT, Delimiters, Message, Segment

TIME = re.compile(
    rb"\d{4}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,4})?)?)?)?)?)?([+-]\d{4})?"
)
NUMBER = re.compile(rb"[+-]?\d+(\.\d*)?")
SHORT = 256
"""Bytes up to which a value is worth remembering."""
NULL = b'""'
"""The HL7 null: asks to delete the value; it is no code, no time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a row does not hold. `kind` is the end of the code (`hl7v2.pam.<kind>`)."""

    kind: str
    path: str
    line: int
    source: str
    seen: bytes = b""
    expected: str = ""


def faults(message: Message) -> Iterator[Fault]:
    """Every row that does not hold, in the order of the message. An empty Z segment and a shifted ZBE are left out."""
    seen: Counter[bytes] = Counter()
    d = message.delimiters
    for segment in message.segments:
        name = segment.raw[:3]
        rows = SEGMENTS.get(name)
        if rows is None:
            continue
        seen[name] += 1
        values = segment.fields
        if name[:1] == b"Z" and (empty(values) or shifted(segment)):
            continue
        count, size = seen[name], len(values)
        for row in rows.required:
            if row.number >= size or not values[row.number]:
                yield Fault("required", _path(segment, count, row.number), segment.line, row.source)
        for number, row in rows.fields.items():
            if number >= size:
                break
            raw = values[number]
            if not raw or _plain(row, raw, d) or raw == NULL:
                continue
            for kind, rest, source, found, expected in _field(row, raw, d):
                yield Fault(kind, _path(segment, count, number) + rest, segment.line, source, found, expected)


def empty(fields: list[bytes]) -> bool:
    """True for a segment of which no field is valued."""
    return not any(fields[1:])


def shifted(segment: Segment) -> bool:
    """A ZBE with one separator too many after ZBE-2: the action stands in ZBE-5."""
    return segment.raw[:3] == b"ZBE" and segment.raw_field(5) in (b"INSERT", b"UPDATE", b"CANCEL")


def _path(segment: Segment, count: int, number: int) -> str:
    return f"{segment.name}-{number}" if count == 1 else f"{segment.name}({count})-{number}"


def _plain(row: FieldRow, raw: bytes, d: Delimiters) -> bool:
    """True when a value is surely right: what most values are, told without taking them apart."""
    kind = row.type
    if kind == "CODE":
        return row.codes is not None and raw in row.codes
    if kind == "TS":
        return TIME.fullmatch(raw) is not None
    if d.repetition in raw or row.usage == "X":
        return False
    return kind == "-" or (d is DEFAULT and kind != "NM" and len(raw) <= SHORT and not _known_parts(row, raw))


_Found = tuple[str, str, str, bytes, str]


def _field(row: FieldRow, raw: bytes, d: Delimiters) -> Iterator[_Found]:
    """What is wrong with a valued field."""
    if row.usage == "X":
        yield "forbidden", "", row.source, raw, ""
        return
    if row.type == "-" and not row.single:
        return
    repetitions = raw.split(d.repetition) if d.repetition in raw else [raw]
    if row.single and len(repetitions) > 1:
        yield "repeated", "", row.source, raw, ""
    kind = row.type
    if kind == "-":
        return
    for n, repetition in enumerate(repetitions, 1):
        place = f"[{n}]" if len(repetitions) > 1 else ""
        if not repetition or repetition == NULL:
            continue
        if kind == "CODE":
            code = repetition.split(d.component, 1)[0]
            if row.codes is not None and code not in row.codes:
                yield "table", place, row.source, code, f"table {row.table}"
        elif kind == "TS":
            if TIME.fullmatch(repetition.split(d.component, 1)[0]) is None:
                yield "format", place, row.source, repetition, "AAAAMMJJhhmmss"
        elif kind == "NM":
            if NUMBER.fullmatch(repetition) is None:
                yield "format", place, row.source, repetition, "NM"
        else:
            known = d is DEFAULT and len(repetition) <= SHORT
            parts = _known_parts(row, repetition) if known else _components(row, repetition, d)
            for fault, rest, source, value, expected in parts:
                yield fault, place + rest, source, value, expected


@lru_cache(maxsize=4096)
def _known_parts(row: FieldRow, raw: bytes) -> tuple[_Found, ...]:
    """The same doctors, wards and facilities come in message after message."""
    return tuple(_components(row, raw, DEFAULT))


def _components(row: FieldRow, raw: bytes, d: Delimiters) -> Iterator[_Found]:
    """What is wrong with the components of one repetition."""
    kind = row.type
    values = raw.split(d.component)
    size = len(values)
    for part in PARTS[kind]:
        number = part.number
        value = values[number - 1] if number <= size else b""
        if not value:
            if part.usage == "R":
                yield "component-required", f".{number}", part.source, raw, ""
        elif part.usage == "X":
            yield "component-forbidden", f".{number}", part.source, value, ""
        elif part.codes is not None and value not in part.codes:
            yield "table", f".{number}", part.source, value, f"table {part.table}"
    if kind == "EI" and size > 2 and values[2] and not (size > 3 and values[3]):
        yield "ei-incomplete", ".4", "H", raw, "ISO"
    if row.table == "ZFV-6" and row.codes is not None and (size < 7 or values[6] not in row.codes):
        yield "table", ".7", row.source, values[6] if size > 6 else b"", "ORI | DST"
