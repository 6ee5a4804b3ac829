"""HL7 v2 ER7 bytes <-> tokens: byte-exact, any delimiters, lazy. No table, no rule (HL7 v2.5 chapter 2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from conformance.errors import Malformed

CR = b"\r"

CHARSETS = {
    "": "ascii",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "8859/1": "iso8859-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
}
"""MSH-18 values (HL7 table 0211) -> Python codec. The empty value means ASCII.

All of them keep ASCII as it is, which is what lets the delimiters be found in bytes; UTF-16 and UTF-32 do not.
"""

_SEGMENT_END = re.compile(rb"\r\n|\r|\n")
_PATH = re.compile(r"^([A-Z][A-Z0-9]{2})(?:\((\d+)\))?-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?$")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The five delimiters of MSH-1 and MSH-2, as bytes (one character each, which may be several bytes)."""

    field: bytes = b"|"
    component: bytes = b"^"
    repetition: bytes = b"~"
    escape: bytes = b"\\"
    subcomponent: bytes = b"&"

    @property
    def encoding_characters(self) -> bytes:
        """The value of MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


DEFAULT = Delimiters()


@dataclass(frozen=True, slots=True)
class Path:
    """`PID-3[2].4.2`: segment (its `(n)`th occurrence), field, repetition, component, subcomponent; all 1-based."""

    segment: str
    field: int
    occurrence: int = 1
    repetition: int | None = None
    component: int | None = None
    subcomponent: int | None = None

    @classmethod
    def parse(cls, text: str) -> Path:
        """Read `SEG(occ)-field[rep].comp.sub`; raises ValueError when it is not of that form."""
        m = _PATH.match(text)
        if m is None:
            raise ValueError(f"not an HL7 path: {text!r}")
        seg, fld, *rest = m.group(1, 3, 2, 4, 5, 6)
        number = [int(x) if x else None for x in (fld, *rest)]
        if 0 in number:
            raise ValueError(f"HL7 paths count from 1: {text!r}")
        return cls(seg, int(fld), number[1] or 1, number[2], number[3], number[4])


class Encoding:
    """How the bytes of one message are read: its delimiters, and the character set that its MSH-18 declares."""

    def __init__(self, delimiters: Delimiters, header: bytes) -> None:
        self.delimiters = delimiters
        self._header = header

    @cached_property
    def charset(self) -> str:
        """The Python codec of MSH-18; raises Malformed when MSH-18 is not one we know."""
        fields = self._header.split(self.delimiters.field)
        first = fields[17].split(self.delimiters.repetition)[0] if len(fields) > 17 else b""
        declared = first.decode("ascii", "replace")
        try:
            return CHARSETS[declared]
        except KeyError:
            raise Malformed("hl7v2.syntax.charset-unknown", "MSH-18", declared) from None

    def text(self, raw: bytes) -> str:
        """Decode with MSH-18 (undecodable bytes become U+FFFD) and unescape."""
        escape = self.delimiters.escape
        if escape and escape in raw:
            raw = unescape(raw, self.delimiters)
        return raw.decode(self.charset, "replace")


class Segment:
    """One segment: its raw bytes, split only when asked. It does not hold its message: no reference cycle."""

    __slots__ = ("_fields", "encoding", "line", "position", "raw")

    def __init__(self, raw: bytes, encoding: Encoding, position: int, line: int) -> None:
        self.raw = raw
        self.encoding = encoding
        self.position = position  # 0-based among the segments of the message
        self.line = line  # 1-based among the lines of the file, blank ones included
        self._fields: list[bytes] | None = None

    @property
    def name(self) -> str:
        """The three-letter segment id."""
        return self.raw[:3].decode("ascii", "replace")

    @property
    def fields(self) -> list[bytes]:
        """The fields, `fields[0]` being the segment id; for MSH, `fields[1]` is the field separator."""
        if self._fields is None:
            separator = self.encoding.delimiters.field
            parts = split(self.raw, separator)
            if parts[0] == b"MSH":
                parts.insert(1, separator)
            self._fields = parts
        return self._fields

    def raw_field(self, number: int) -> bytes:
        """The bytes of a field, empty when absent."""
        fields = self.fields
        return fields[number] if number < len(fields) else b""

    def repetitions(self, number: int) -> list[bytes]:
        """The repetitions of a field as bytes; an empty field has none."""
        raw = self.raw_field(number)
        if not raw:
            return []
        if self.raw[:3] == b"MSH" and number in (1, 2):
            return [raw]
        return split(raw, self.encoding.delimiters.repetition)

    def components(self, number: int, repetition: int = 1) -> list[str]:
        """The components of one repetition, decoded and unescaped (subcomponents stay joined)."""
        reps = self.repetitions(number)
        if repetition > len(reps):
            return []
        return [self.encoding.text(c) for c in reps[repetition - 1].split(self.encoding.delimiters.component)]

    def raw_value(
        self, number: int, repetition: int = 1, component: int | None = None, subcomponent: int | None = None
    ) -> bytes:
        """The bytes of a repetition, component or subcomponent, empty when absent."""
        value = self.raw_field(number)
        # Most fields that are asked for are empty, or hold one repetition of one component.
        if not value:
            return b""
        d = self.encoding.delimiters
        if repetition != 1 or d.repetition in value:
            reps = self.repetitions(number)
            if repetition > len(reps):
                return b""
            value = reps[repetition - 1]
        for index, separator in ((component, d.component), (subcomponent, d.subcomponent)):
            if index is None:
                continue
            if index == 1 and separator not in value:
                continue
            parts = split(value, separator)
            if index > len(parts):
                return b""
            value = parts[index - 1]
        return value

    def value(
        self,
        number: int,
        component: int | None = None,
        subcomponent: int | None = None,
        *,
        repetition: int = 1,
    ) -> str:
        """The text of a field, component or subcomponent: decoded with MSH-18, unescaped, empty when absent."""
        raw = self.raw_value(number, repetition, component, subcomponent)
        return self.encoding.text(raw) if raw else ""

    def cell(self, number: int, component: int = 1) -> str:
        """`value(number, component)`, made fast for the many fields of a segment that is read whole."""
        fields = self._fields if self._fields is not None else self.fields
        raw = fields[number] if number < len(fields) else b""
        if not raw:
            return ""
        d = self.encoding.delimiters
        if d.repetition in raw:
            raw = raw[: raw.index(d.repetition)]
        if d.component in raw:
            parts = raw.split(d.component, component)
            raw = parts[component - 1] if component <= len(parts) else b""
        elif component != 1:
            return ""
        return self.encoding.text(raw) if raw else ""

    def __repr__(self) -> str:
        return f"<Segment {self.raw[:40]!r}>"


class Message:
    """One ER7 message. `raw` is kept as given; every accessor reads from it, nothing is normalised."""

    def __init__(self, raw: bytes, delimiters: Delimiters, separator: bytes) -> None:
        self.raw = raw
        self.delimiters = delimiters
        self.separator = separator

    @cached_property
    def encoding(self) -> Encoding:
        """How the bytes of this message are read."""
        return Encoding(self.delimiters, self.header)

    @property
    def header(self) -> bytes:
        """The bytes of the first segment."""
        end = self.raw.find(self.separator)
        return self.raw if end < 0 else self.raw[:end]

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, in order; blank lines are not segments."""
        lines = ((raw, n) for n, raw in enumerate(split(self.raw, self.separator), 1) if raw and not raw.isspace())
        return tuple(Segment(raw, self.encoding, position, n) for position, (raw, n) in enumerate(lines))

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of a name, in order."""
        wanted = name.encode()
        return (s for s in self.segments if s.raw[:3] == wanted)

    def first(self, name: str) -> Segment | None:
        """The first segment of a name, or None."""
        return next(self.all(name), None)

    @property
    def charset(self) -> str:
        """The Python codec of MSH-18; raises Malformed when MSH-18 is not one we know."""
        return self.encoding.charset

    def text(self, raw: bytes) -> str:
        """Decode with MSH-18 (undecodable bytes become U+FFFD) and unescape."""
        return self.encoding.text(raw)

    def get(self, path: str) -> str:
        """The text at a path such as `PID-3[2].4.2`, empty when absent."""
        p = Path.parse(path)
        for count, segment in enumerate(self.all(p.segment), 1):
            if count == p.occurrence:
                if p.repetition is None and p.component is None and p.subcomponent is None:
                    return self.text(segment.raw_field(p.field))
                return segment.value(p.field, p.component, p.subcomponent, repetition=p.repetition or 1)
        return ""

    def line(self, segment: Segment) -> int:
        """The 1-based line of a segment in the file."""
        return segment.line

    def with_value(self, path: str, value: str | bytes) -> Message:
        """A copy with one place changed (missing fields, components are added); all other bytes stay.

        `str` is escaped and encoded with MSH-18, `bytes` are put as they are. Raises KeyError without the segment.
        """
        p = Path.parse(path)
        data = value if isinstance(value, bytes) else escape(value, self.delimiters, self.charset)
        d = self.delimiters
        target = next((s for n, s in enumerate(self.all(p.segment), 1) if n == p.occurrence), None)
        if target is None:
            raise KeyError(path)
        fields = list(target.fields)
        fields += [b""] * (p.field + 1 - len(fields))
        if p.repetition is None and p.component is None and p.subcomponent is None:
            fields[p.field] = data
        else:
            reps = fields[p.field].split(d.repetition)
            at = (p.repetition or 1) - 1
            reps += [b""] * (at + 1 - len(reps))
            reps[at] = _put(reps[at], data, ((p.component, d.component), (p.subcomponent, d.subcomponent)))
            fields[p.field] = d.repetition.join(reps)
        if fields[0] == b"MSH":
            del fields[1]
        return self.with_segment(target.position, d.field.join(fields))

    def with_segment(self, position: int, raw: bytes | None) -> Message:
        """A copy with the segment at a 0-based position replaced, or removed when `raw` is None."""
        lines = [s.raw for s in self.segments]
        if raw is None:
            del lines[position]
        else:
            lines[position] = raw
        return parse(self.separator.join(lines) + self.separator)

    def with_inserted(self, position: int, raw: bytes) -> Message:
        """A copy with a segment inserted before a 0-based position."""
        lines = [s.raw for s in self.segments]
        lines.insert(position, raw)
        return parse(self.separator.join(lines) + self.separator)

    def wire(self) -> bytes:
        """The bytes as they go over MLLP: segments closed by CR, nothing else changed."""
        if self.separator == CR:
            return self.raw
        return CR.join(s.raw for s in self.segments) + CR


def _put(whole: bytes, data: bytes, levels: Sequence[tuple[int | None, bytes]]) -> bytes:
    if not levels or levels[0][0] is None:
        return data
    index, separator = levels[0]
    assert index is not None
    parts = whole.split(separator)
    parts += [b""] * (index - len(parts))
    parts[index - 1] = _put(parts[index - 1], data, levels[1:])
    return separator.join(parts)


def parse(raw: bytes, *, limit: int = 64 * 1024 * 1024) -> Message:
    """Read one message. Segments may end by CR, LF or CRLF (files); raises Malformed when it is not ER7 at all."""
    if len(raw) > limit:
        raise Malformed("hl7v2.syntax.too-big", "MSH", f"{len(raw)} bytes")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise Malformed("hl7v2.syntax.byte-order-mark", "MSH", "EF BB BF")
    if not raw.startswith(b"MSH") or len(raw) < 8:
        raise Malformed("hl7v2.syntax.no-msh", "MSH", raw[:20].decode("ascii", "replace"))
    end = _SEGMENT_END.search(raw)
    head, separator = (raw, CR) if end is None else (raw[: end.start()], end[0])
    return Message(raw, _delimiters(head), separator)


def _delimiters(head: bytes) -> Delimiters:
    if head.startswith(b"MSH|^~\\&|"):
        return DEFAULT
    if len(head) < 8:
        raise Malformed("hl7v2.syntax.delimiters", "MSH-1", head.decode("latin-1"))
    field = head[3:4]
    declared = head[4:].split(field, 1)[0]
    # MSH-2 is four characters; in UTF-8 one of them may take several bytes.
    try:
        characters = [c.encode() for c in declared.decode("utf-8")]
    except UnicodeDecodeError:
        characters = [declared[i : i + 1] for i in range(len(declared))]
    distinct = len({field, *characters}) == len(characters) + 1
    # A letter, a digit, a blank or a control character cannot separate: the text around it would be unreadable.
    usable = field.isascii() and not any(c.isalnum() or c.isspace() or c < b" " for c in (field, *characters))
    if len(characters) not in (4, 5) or not distinct or not usable:
        raise Malformed("hl7v2.syntax.delimiters", "MSH-2", declared.decode("latin-1"))
    return Delimiters(field, *characters[:4])


LONG = 4096


def split(raw: bytes, separator: bytes) -> list[bytes]:
    """`raw.split(separator)`, which looks at every byte in turn, made fast for long input by jumping with `find`."""
    if len(raw) < LONG:
        return raw.split(separator)
    parts, start, step = [], 0, len(separator)
    while (end := raw.find(separator, start)) >= 0:
        parts.append(raw[start:end])
        start = end + step
    parts.append(raw[start:])
    return parts


_HEX = re.compile(rb"^X((?:[0-9A-Fa-f]{2})+)$")


def unescape(raw: bytes, d: Delimiters = DEFAULT) -> bytes:
    r"""Undo \F\ \S\ \T\ \R\ \E\ and \Xhh..\; other sequences (\H\, \.br\, \C..\) are kept as they are."""
    parts = raw.split(d.escape)
    if len(parts) < 3:
        return raw
    simple = {b"F": d.field, b"S": d.component, b"T": d.subcomponent, b"R": d.repetition, b"E": d.escape}
    out = [parts[0]]
    i = 1
    while i < len(parts):
        if i + 1 >= len(parts):  # an escape character that nothing closes
            out.append(d.escape + parts[i])
            break
        token = parts[i]
        match = _HEX.match(token)
        if token in simple:
            out.append(simple[token])
        elif match:
            out.append(bytes.fromhex(match[1].decode()))
        else:
            out.append(d.escape + token + d.escape)
        out.append(parts[i + 1])
        i += 2
    return b"".join(out)


def escape(text: str, d: Delimiters = DEFAULT, charset: str = "utf-8") -> bytes:
    r"""Encode a text for a field: delimiters become \F\ etc., CR and LF become \X0D\ and \X0A\.

    A character that the character set lacks raises UnicodeEncodeError: the caller decides.
    """
    raw = text.encode(charset)
    raw = raw.replace(d.escape, d.escape + b"E" + d.escape)
    for character, letter in (
        (d.field, b"F"),
        (d.component, b"S"),
        (d.subcomponent, b"T"),
        (d.repetition, b"R"),
        (b"\r", b"X0D"),
        (b"\n", b"X0A"),
    ):
        if character in raw:
            raw = raw.replace(character, d.escape + letter + d.escape)
    return raw


Field = str | bytes | Sequence["Field"] | None
"""What `build` takes for a field: text (escaped), bytes (put as they are), or a nested sequence:
a list is repetitions, a tuple is components, a tuple in a tuple is subcomponents."""


def _encode(value: Field, d: Delimiters, charset: str, level: int) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return escape(value, d, charset) if value else b""
    if isinstance(value, list):
        return d.repetition.join(_encode(v, d, charset, 0) for v in value)
    separator = d.component if level == 0 else d.subcomponent
    parts = [_encode(v, d, charset, level + 1) for v in value]
    while parts and not parts[-1]:
        parts.pop()
    return separator.join(parts)


def build_segment(name: str, fields: dict[int, Field], d: Delimiters = DEFAULT, charset: str = "utf-8") -> bytes:
    """One segment from numbered fields (`{3: ("id", "", "")}`); for MSH give fields from 3 on."""
    last = max(fields, default=0)
    if name == "MSH":
        parts = [b"MSH", d.encoding_characters]
        start = 3
    else:
        parts = [name.encode()]
        start = 1
    parts += [_encode(fields.get(n), d, charset, 0) for n in range(start, last + 1)]
    return d.field.join(parts)


def build(segments: Iterable[bytes]) -> bytes:
    """Segments joined and closed by CR."""
    return CR.join([*segments, b""])
