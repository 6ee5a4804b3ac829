"""Commands of IMAP4rev1 as values: atoms, strings, lists (RFC 3501 9). Bytes in, values out, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_DEPTH = 20
LIMIT_VALUES = 20_000
LIMIT_RANGES = 2_000

LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}$")
"""What ends a line that a literal follows."""


class Unreadable(ValueError):
    """A command that is not written as RFC 3501 says."""


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string or a literal."""

    data: bytes

    def __str__(self) -> str:
        return self.data.decode("utf-8", "replace")


Value = str | Text | tuple["Value", ...]
"""An atom, a string, or a list in parentheses."""

_ATOM = re.compile(rb"[^\s(){\"\x00-\x1f\x7f\[\]]+")
_SECTION = re.compile(rb"\[[^\]]{0,4000}\](?:<[0-9.]{1,25}>)?")
_SIZE = re.compile(rb"\{(\d{1,10})\+?\}\r\n")


def values(data: bytes) -> tuple[Value, ...]:
    """The values of a command's arguments, literals in place (`{5}` CRLF then the bytes); raises Unreadable."""
    reader = _Reader(data)
    found = tuple(reader.sequence(b"", 0))
    if reader.at != len(data):
        raise Unreadable("trailing bytes")
    return found


def text(value: Value) -> str:
    """A string or an atom as text; raises Unreadable for a list."""
    if isinstance(value, tuple):
        raise Unreadable("a string is expected")
    return str(value)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.count = 0

    def sequence(self, end: bytes, depth: int) -> Iterator[Value]:
        """Values between blanks, up to `end`."""
        if depth > LIMIT_DEPTH:
            raise Unreadable("too deep")
        while True:
            while self.data[self.at : self.at + 1] == b" ":
                self.at += 1
            if self.data[self.at : self.at + 1] == end:
                return
            if self.at >= len(self.data):
                raise Unreadable("a parenthesis is open")
            yield self.value(depth)

    def value(self, depth: int) -> Value:
        self.count += 1
        if self.count > LIMIT_VALUES:
            raise Unreadable("too many values")
        first = self.data[self.at : self.at + 1]
        if first == b"(":
            self.at += 1
            inside = tuple(self.sequence(b")", depth + 1))
            self.at += 1
            return inside
        if first == b'"':
            return self.quoted()
        literal = _SIZE.match(self.data, self.at)
        if literal:
            start = literal.end()
            self.at = start + int(literal[1])
            if self.at > len(self.data):
                raise Unreadable("a literal is short")
            return Text(self.data[start : self.at])
        return self.atom()

    def quoted(self) -> Text:
        made = bytearray()
        at = self.at + 1
        while True:
            c = self.data[at : at + 1]
            if not c or c in b"\r\n":
                raise Unreadable("a string is open")
            if c == b'"':
                self.at = at + 1
                return Text(bytes(made))
            if c == b"\\":
                at += 1
                c = self.data[at : at + 1]
            made += c
            at += 1

    def atom(self) -> str:
        """An atom, with a section in brackets when it has one (`BODY[HEADER.FIELDS (TO)]<0.10>`)."""
        start = self.at
        while True:
            found = _ATOM.match(self.data, self.at) or _SECTION.match(self.data, self.at)
            if not found:
                break
            self.at = found.end()
        if self.at == start:
            raise Unreadable("unexpected character")
        return self.data[start : self.at].decode("utf-8", "replace")


def numbers(told: str, largest: int) -> Iterator[tuple[int, int]]:
    """The ranges of a sequence set (`1:3,7,9:*`), each in order, `*` being `largest`; raises Unreadable."""
    parts = told.split(",")
    if len(parts) > LIMIT_RANGES:
        raise Unreadable("too many numbers")
    for part in parts:
        first, colon, last = part.partition(":")
        ends = [_number(first, largest), _number(last, largest) if colon else _number(first, largest)]
        yield min(ends), max(ends)


def _number(told: str, largest: int) -> int:
    if told == "*":
        return largest
    if not (told.isascii() and told.isdigit() and len(told) <= 10):
        raise Unreadable("not a sequence set")
    return int(told)


def quoted(data: bytes | str | None) -> bytes:
    """An nstring: NIL, a quoted string, or a literal when quoting cannot hold it."""
    if data is None:
        return b"NIL"
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > 500 or any(b in raw for b in b"\r\n\0") or any(b > 126 for b in raw):
        return b"{%d}\r\n%s" % (len(raw), raw)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
