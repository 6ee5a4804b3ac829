"""Segments of each message: which, in which order, how many times (volet tables, HL7 v2.5 and 2.6 structures)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.syntax import Message, Segment
from conformance.standards.hl7v2.values import DocumentMessage

MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Seg:
    """A segment of a structure."""

    name: str
    low: int = 1
    high: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """A group of segments: `first` are the names that open it, `names` all those it may hold."""

    nodes: tuple[Seg | Group, ...]
    low: int
    high: int
    first: frozenset[str]
    names: frozenset[str]


def group(*nodes: Seg | Group, low: int = 1, high: int = 1) -> Group:
    """A group of nodes, each at its place, at least `low` and at most `high` times."""
    first: set[str] = set()
    for node in nodes:
        first |= _first(node)
        if node.low:
            break
    return Group(nodes, low, high, frozenset(first), frozenset().union(*map(_names, nodes)))


def _first(node: Seg | Group) -> frozenset[str]:
    return frozenset({node.name}) if isinstance(node, Seg) else node.first


def _names(node: Seg | Group) -> frozenset[str]:
    return frozenset({node.name}) if isinstance(node, Seg) else node.names


_RESULT = group(Seg("OBX"), Seg("PRT", 0, MANY), Seg("NTE", 0, MANY), low=1, high=MANY)
_TIMING = (Seg("TQ1", 0, MANY), Seg("TQ2", 0, MANY))

STRUCTURES: Mapping[str, Group] = {
    "ORU": group(
        Seg("MSH"),
        Seg("SFT", 0, MANY),
        Seg("PID"),
        # V1.2 to V2.1 list PV1 as RE in the profile table: its absence is not a fault of structure.
        group(Seg("PV1"), low=0),
        group(Seg("ORC"), Seg("OBR"), Seg("NTE", 0, MANY), *_TIMING, _RESULT, high=MANY),
    ),
    "MDM": group(
        Seg("MSH"),
        Seg("SFT", 0, MANY),
        Seg("UAC", 0),
        Seg("EVN"),
        Seg("PID"),
        Seg("PV1"),
        # Its absence is the rule of `hl7v2.structure.no-order`, which depends on the dialect.
        group(Seg("ORC"), *_TIMING, Seg("OBR"), Seg("NTE", 0, MANY), low=0),
        Seg("TXA"),
        _RESULT,
    ),
    "ACK": group(Seg("MSH"), Seg("SFT", 0, MANY), Seg("UAC", 0), Seg("MSA"), Seg("ERR", 0, MANY)),
    "ZAM": group(Seg("MSH"), Seg("OBX", 1, 2), Seg("ERR", 0, 1)),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A segment missing before, or found unexpected at, a place."""

    missing: bool
    name: str
    line: int | None
    after: str


class _Walk:
    """Walks the segments along a structure; what does not fit is noted and stepped over."""

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = segments
        self.at = 0
        self.gaps: list[Gap] = []

    @property
    def name(self) -> str:
        return self.segments[self.at].name if self.at < len(self.segments) else ""

    def _note(self, missing: bool, name: str) -> None:
        previous = self.segments[self.at - 1] if self.at else None
        here = self.segments[self.at] if not missing else previous
        self.gaps.append(Gap(missing, name, here.line if here else None, previous.name if previous else ""))

    def group(self, group: Group, after: frozenset[str]) -> None:
        """One occurrence of a group; `after` holds the names that may follow it."""
        for n, node in enumerate(group.nodes):
            self.node(node, after.union(*map(_names, group.nodes[n + 1 :])))

    def node(self, node: Seg | Group, after: frozenset[str]) -> None:
        """All occurrences of a node; `after` holds the names that may still come once it is done."""
        first, count = _first(node), 0
        while self.at < len(self.segments):
            opens = self.name in first or (count == 0 and self.name in _names(node) and self.name not in after)
            if opens and count < node.high:
                count += 1
                if isinstance(node, Seg):
                    self.at += 1
                else:
                    self.group(node, after | (first if count < node.high else frozenset()))
            elif self.name in after:
                break
            else:
                self._note(False, self.name)
                self.at += 1
        if count < node.low:
            self._note(True, node.name if isinstance(node, Seg) else _required(node))


def _required(group: Group) -> str:
    node = next(n for n in group.nodes if n.low)
    return node.name if isinstance(node, Seg) else _required(node)


def _pattern(node: Seg | Group) -> str:
    """A node as a regular expression on names each followed by a comma; possessive, hence linear."""
    inside = f"{node.name}," if isinstance(node, Seg) else "".join(map(_pattern, node.nodes))
    high = "" if node.high == MANY else node.high
    return f"(?:{inside}){{{node.low},{high}}}+"


@dataclass(frozen=True, slots=True)
class Grammar:
    """A structure ready to be compared with messages."""

    root: Group
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, root: Group) -> Grammar:
        """Compile a structure."""
        return cls(root, re.compile(_pattern(root)))

    def fits(self, names: Iterable[str]) -> bool:
        """True when segments of these names, in this order, make the structure."""
        return self.pattern.fullmatch("".join(f"{name}," for name in names)) is not None

    def gaps(self, segments: tuple[Segment, ...]) -> list[Gap]:
        """What is missing from, or does not belong to, the structure; empty when the segments fit it."""
        # Most messages fit: the walk is only worth its time to say where one does not.
        if self.fits(s.name for s in segments):
            return []
        walk = _Walk(segments)
        walk.group(self.root, frozenset())
        return walk.gaps


_GRAMMARS = {code: Grammar.of(structure) for code, structure in STRUCTURES.items()}


def gaps(message: Message, code: str) -> list[Gap]:
    """What is missing from, or does not belong to, the structure of a message code; empty when it has none here."""
    return _GRAMMARS[code].gaps(message.segments) if code in _GRAMMARS else []


def missing(message: Message, code: str) -> Iterator[Hit]:
    """Segments that the structure requires and that are absent."""
    for gap in gaps(message, code):
        if gap.missing:
            yield Hit(gap.name, gap.line, expected=f"{gap.name} ({gap.after} +)", subject=gap.name)


def unexpected(message: Message, code: str) -> Iterator[Hit]:
    """Segments that the structure does not have at this place; EVN in a ZAM has its own code."""
    for gap in gaps(message, code):
        if not gap.missing and (code, gap.name) != ("ZAM", "EVN"):
            yield Hit(gap.name, gap.line, seen=f"{gap.after} {gap.name}", subject=gap.name)


def _no_order(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.carrier == "MDM" and not m.order_request and m.order_code is None:
        absent = [name for name in ("ORC", "OBR") if m.message.first(name) is None]
        if absent:
            yield Hit("ORC", None, expected="ORC, OBR", seen="")


def _stray_prt(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """PRT follow the document OBX, never a flag."""
    documents = {d.line for d in m.documents} | ({m.mail.line} if m.mail else set())
    here = 0
    for segment in m.message.segments:
        if segment.name == "OBX":
            here = segment.line
        elif segment.name == "PRT" and here and here not in documents:
            yield Hit("PRT", segment.line)


def mixed_separators(message: Message) -> Iterator[Hit]:
    """A CR or LF inside a segment: the message does not end its segments all in one way."""
    others = [b for b in (b"\r", b"\n") if b not in message.separator]
    if any(b in message.raw for b in others) or message.separator == b"\r\n":
        for segment in message.segments:
            if b"\r" in segment.raw or b"\n" in segment.raw:
                yield Hit(segment.name, segment.line, seen=segment.raw[:40].decode("ascii", "replace"))
                return


DOCUMENT_RULES: Rules = (
    Rule("hl7v2.structure.missing", lambda m, _: missing(m.message, m.carrier)),
    Rule("hl7v2.structure.unexpected", lambda m, _: unexpected(m.message, m.carrier)),
    Rule("hl7v2.structure.no-order", _no_order, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.structure.prt-place", _stray_prt),
)
