"""HL7 v2 messages of a file: found, told apart, each judged alone, and the documents that they carry. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from conformance.errors import Malformed
from conformance.evidence.values import Finding, Severity
from conformance.standards.check.members import CODES as CHECK
from conformance.standards.check.values import Report, Verdict
from conformance.standards.hl7v2 import syntax
from conformance.standards.hl7v2.pam import reader
from conformance.standards.hl7v2.pam import rules as pam
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules import CODES, DEFAULT, Settings, judge
from conformance.standards.hl7v2.rules.core import MOST
from conformance.standards.hl7v2.values import Ack, DocumentMessage, Other, Read

Value = Read | AdtMessage

MOST_MESSAGES = 20_000
MOST_LINES = 200_000
MOST_FIELDS = 4_000_000
"""Messages, line ends and field separators of a file that is read; one with more is told, not read."""

_WORST: tuple[Verdict, ...] = ("unreadable", "nonconform", "not-judged", "conform")
_LINE_END = re.compile(rb"\r\n|\r|\n")
# A run of blanks must be tried once only, from where it starts: the second branch stops at line ends.
_START = re.compile(rb"(?:\A[\s\x0b\x1c]*|(?<=[\r\n])[ \t\x0b\x1c]*)(MSH[^A-Za-z0-9\s])")
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x0b\x1c]*(?:MSH|(?:FHS|BHS)[^A-Za-z0-9\s])")
_BATCH = re.compile(rb"(?:\A|(?<=[\r\n]))(?:FHS|BHS|BTS|FTS)[^A-Za-z0-9\r\n][^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """A document that an OBX carries: its place (`OBX[2]`, `MSH[3]/OBX[1]` in a batch) and its bytes."""

    place: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """The messages of a file once judged: their report, the documents they carry, their MSH-10.

    `movements` are the PAM movements that they insert, each with the MSH-10 of its message.
    """

    report: Report
    documents: tuple[Carried, ...]
    control_ids: tuple[str, ...]
    movements: tuple[tuple[str, str], ...] = ()


def check(name: str, data: bytes, settings: Settings = DEFAULT) -> Report:
    """Judge the messages of a file, each alone; never raises for what the bytes hold.

    Segments may end by CR, LF or CRLF; MLLP framing, batch segments and blank lines around messages are tolerated.
    """
    return opened(name, data, settings).report


def opened(name: str, data: bytes, settings: Settings = DEFAULT) -> Held:
    """The same, with what the messages carry: each document whose Base64 can be decoded, at most `MOST` a message."""
    excess = _excess(data)
    if excess:
        finding = CHECK.finding("check.file.too-large", seen=excess[0], expected=excess[1])
        return Held(Report(name, "hl7v2/unreadable", "unreadable", (finding.at(file=name),), 0), (), ())
    parts = [_judge(raw, before, settings) for raw, before in split(data)]
    if not parts:
        finding = CODES.finding("hl7v2.check.not-hl7", seen=data[:40].decode("ascii", "replace"))
        return Held(Report(name, "unknown", "unreadable", (finding.at(file=name),), 0), (), ())
    values = [p.value for p in parts]
    findings = [f.at(file=name) for part in parts for f in part.findings]
    repeated = [f.at(file=name) for f in _repeated(values)]
    report = Report(
        file=name,
        kind=parts[0].kind if len(parts) == 1 else "hl7v2/batch",
        verdict=min((p.verdict for p in parts), key=_WORST.index),
        findings=(*findings, *repeated),
        messages=len(parts),
    )
    ids = tuple(id for value in values if (id := _control_id(value)))
    moves = tuple(("^".join(move), value.header.control_id) for value in values if value and (move := _movement(value)))
    return Held(report, tuple(_carried(values)), ids, moves)


def _excess(data: bytes) -> tuple[str, str] | None:
    """What a file has more of than is read, and how much is: each segment and each field costs many times its bytes."""
    start = _START.search(data)
    at = start.start(1) + 3 if start is not None else 3
    counts = (
        ("messages", sum(1 for _ in islice(_START.finditer(data), MOST_MESSAGES + 1)), MOST_MESSAGES),
        ("segments", data.count(b"\r") + data.count(b"\n"), MOST_LINES),
        ("fields", data.count(data[at : at + 1]) if at < len(data) else 0, MOST_FIELDS),
    )
    return next(((f"{count} {what}", f"<= {most}") for what, count, most in counts if count > most), None)


def _carried(values: list[Value | None]) -> Iterator[Carried]:
    for number, value in enumerate(values, 1):
        if not isinstance(value, DocumentMessage):
            continue
        for document in value.documents[:MOST]:
            if document.data:
                place = f"OBX[{document.occurrence}]"
                yield Carried(place if len(values) == 1 else f"MSH[{number}]/{place}", document.data)


def check_files(files: Mapping[str, bytes], settings: Settings = DEFAULT) -> tuple[Report, ...]:
    """Check each file, and say which documents share a control id, and movements a number, with another file."""
    reports = {name: check(name, data, settings) for name, data in files.items()}
    values = {name: [v for raw, _ in split(data) if (v := _read(raw)) is not None] for name, data in files.items()}
    ids = Counter(id for found in values.values() for id in {_control_id(v) for v in found} - {""})
    moves = Counter(move for found in values.values() for move in set(map(_movement, found)) - {None})
    for name, found in values.items():
        shared = [v for v in found if ids[_control_id(v)] > 1]
        extra = tuple(_control_finding(v).at(file=name) for v in shared)
        extra += tuple(_movement_finding(v).at(file=name) for v in found if moves[_movement(v)] > 1)
        reports[name] = replace(reports[name], findings=(*reports[name].findings, *extra))
    return tuple(reports.values())


def starts_message(data: bytes, *, first: bool = False) -> bool:
    """True when a message or a batch starts a line; with `first`, only when it starts the file."""
    if first:
        return _FIRST.match(data) is not None
    return _START.search(data) is not None


def split(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The messages of a file, each with the number of lines before it; nothing when no MSH starts a line."""
    starts = [m.start(1) for m in _START.finditer(data)]
    # Bytes that begin like a message but cannot be read as one still are that message's fault.
    if not starts and data.startswith((b"MSH", b"\xef\xbb\xbfMSH")):
        starts = [0]
    batch = len(starts) > 1 or (bool(starts) and _BATCH.search(data, 0, starts[0]) is not None)
    lines, counted = 0, 0
    for n, start in enumerate(starts):
        raw = data[start : starts[n + 1] if n + 1 < len(starts) else len(data)]
        lines += sum(1 for _ in _LINE_END.finditer(data, counted, start))
        counted = start
        yield (_BATCH.sub(b"", raw) if batch else raw).rstrip(b"\x1c\r\n \t\x1a\x0b"), lines


def _read(raw: bytes) -> Value | None:
    try:
        return reader.read(syntax.parse(raw))
    except Malformed:
        return None


def _judge(raw: bytes, lines_before: int, settings: Settings) -> _Part:
    try:
        value = reader.read(syntax.parse(raw))
    except Malformed as fault:
        finding = CODES.finding(fault.code, fault.path, seen=fault.seen, line=lines_before + 1)
        return _Part("hl7v2/unreadable", "unreadable", (finding,))
    findings = tuple(_shifted(f, lines_before) for f in _findings(value, settings))
    verdict: Verdict = "conform"
    if any(f.severity is Severity.ERROR for f in findings):
        verdict = "nonconform"
    elif isinstance(value, Other):
        verdict = "not-judged"
    return _Part(f"hl7v2/{value.header.type or 'untyped'}", verdict, findings, value)


def _findings(value: Value, settings: Settings) -> Iterator[Finding]:
    """A PAM message, or the answer to one, by the rules of PAM; all others by those of the transmission volets."""
    if isinstance(value, AdtMessage) or (isinstance(value, Ack) and pam.answers_pam(value)):
        return pam.judge(value, settings)
    return judge(value, settings)


def _shifted(finding: Finding, lines: int) -> Finding:
    spot = finding.location
    if not lines or spot.line is None:
        return finding
    return replace(finding, location=replace(spot, line=spot.line + lines))


def _control_id(value: Value | None) -> str:
    """MSH-10 of a document message: only there does a repetition make a document be taken for another."""
    return value.header.control_id if isinstance(value, DocumentMessage) else ""


def _control_finding(value: Value) -> Finding:
    return CODES.finding("hl7v2.check.control-id-repeated", "MSH-10", seen=value.header.control_id, line=1)


def _movement(value: Value | None) -> tuple[str, ...] | None:
    """The number of the movement that a PAM message inserts, with its authority; None when it inserts none."""
    if not isinstance(value, AdtMessage) or value.zbe is None or value.zbe.action != "INSERT" or not value.zbe.ids:
        return None
    return value.zbe.ids[0]


def _movement_finding(value: Value) -> Finding:
    zbe = value.zbe if isinstance(value, AdtMessage) else None
    number, authority = zbe.ids[0] if zbe is not None else ("", "")
    seen, line = f"{number} ({authority})", zbe.line if zbe is not None else None
    return pam.CODES.finding("hl7v2.pam.movement-repeated", "ZBE-1", seen=seen, line=line)


def _repeated(values: list[Value | None]) -> Iterator[Finding]:
    ids = Counter(map(_control_id, values))
    # The same message sent twice inserts its movement once.
    sent = {(value.header.control_id, move): value for value in values if value and (move := _movement(value))}
    moves = Counter(move for _, move in sent)
    for (_, move), inserted in sent.items():
        if moves[move] > 1:
            yield _movement_finding(inserted)
    for value in values:
        if value is not None and ids[_control_id(value)] > 1 and _control_id(value):
            yield _control_finding(value)
