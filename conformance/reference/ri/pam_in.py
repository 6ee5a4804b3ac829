"""Reading a PAM message: the patient as its sender tells it. Lenient on what it does not need.

Source: PAM-FR fact sheet, sections 1 to 3; INS fact sheet, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.errors import Malformed
from conformance.reference.ri.values import NATURES, Ins, Secondary, Traits
from conformance.standards.hl7v2.syntax import Message, Segment, parse

Kind = Literal["identity", "merge", "renumber"]
EVENTS: dict[str, Kind] = {
    **dict.fromkeys(("A28", "A31", "A01", "A04", "A05", "A06", "A07", "A13", "A14", "Z99"), "identity"),
    "A40": "merge",
    "A47": "renumber",
}
MOVES = frozenset(
    [
        "A02",
        "A03",
        "A09",
        "A10",
        "A11",
        "A12",
        "A15",
        "A16",
        "A21",
        "A22",
        "A25",
        "A26",
        "A27",
        "A32",
        "A33",
        "A38",
        "A44",
        "A49",
        "A52",
        "A53",
        "A54",
        "A55",
    ]
)
"""Movements: taken, without anything to do here."""


class Refused(Exception):
    """A message that is not taken: answer (AE or AR), code of table 0357, place."""

    def __init__(self, code: str, place: str, answer: str = "AE") -> None:
        super().__init__(code)
        self.code, self.place, self.answer = code, place, answer


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer needs of the header: MSH-3 to MSH-6, the event, MSH-10."""

    application: str = ""
    facility: str = ""
    to_application: str = ""
    to_facility: str = ""
    event: str = ""
    control: str = ""
    type: str = ""

    def fields(self) -> tuple[str, str, str, str, str, str]:
        """As an answer takes them."""
        return (self.application, self.facility, self.to_application, self.to_facility, self.event, self.control)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a patient, and the names of the authority that gave it."""

    value: str
    namespace: str
    oid: str

    @property
    def authority(self) -> str:
        """How the authority is told from others."""
        return self.oid or self.namespace


@dataclass(frozen=True, slots=True)
class Told:
    """A patient as its sender tells it. `validated` is VALI in PID-32; `merged` are the numbers of MRG-1."""

    kind: Kind
    numbers: tuple[Number, ...]
    ins: Ins | None
    traits: Traits
    secondary: Secondary
    validated: bool
    document: str
    merged: tuple[Number, ...]

    @property
    def qualified(self) -> bool:
        """Validated and with an INS: what PID-32 and PID-3 can say of a qualified identity."""
        return self.validated and self.ins is not None


def read(raw: bytes) -> tuple[Message, Head]:
    """The message and its header; raises Refused when it is no ER7."""
    try:
        message = parse(raw)
    except Malformed:
        raise Refused("100", "MSH^1") from None
    msh = message.segments[0]
    try:
        raw.decode(message.charset)  # bytes that MSH-18 does not describe would become other names
    except UnicodeDecodeError:
        raise Refused("102", "MSH^1^18") from None
    except Malformed:
        raise Refused("103", "MSH^1^18") from None
    try:
        applications = msh.value(3, 1), msh.value(4, 1), msh.value(5, 1), msh.value(6, 1)
        told = Head(*applications, event=msh.value(9, 2), control=msh.value(10), type=msh.value(9, 1))
    except Malformed:
        raise Refused("103", "MSH^1^18") from None
    return message, told


def told(message: Message, head: Head) -> Told | None:
    """The patient; None for a movement, which says nothing new. Raises Refused."""
    if head.type != "ADT":
        raise Refused("200", "MSH^1^9", "AR")
    if head.event in MOVES:
        return None
    if head.event not in EVENTS:
        raise Refused("201", "MSH^1^9", "AR")
    pid = message.first("PID")
    if pid is None:
        raise Refused("100", "PID^1")
    numbers, ins = _numbers(pid, 3)
    if not numbers and ins is None:
        raise Refused("101", "PID^1^3")
    names = [pid.components(5, n) for n, raw in enumerate(pid.repetitions(5), 1) if raw]
    legal = next((n for n in names if _at(n, 7) == "L"), names[0] if names else [])
    used = next((n for n in names if _at(n, 7) == "D"), [])
    if not _at(legal, 1):
        raise Refused("101", "PID^1^5")
    mrg = message.first("MRG")
    merged = _numbers(mrg, 1)[0] if mrg is not None else ()
    if EVENTS[head.event] != "identity" and not merged:
        raise Refused("101", "MRG^1^1")
    listed = tuple(_at(legal, 3).split())
    traits = Traits(
        _at(legal, 1),
        listed,
        _at(legal, 2) or (listed[0] if listed else ""),
        pid.value(7, 1)[:8],
        pid.value(8, 1),
        _birth_place(pid),
    )
    zfd = message.first("ZFD")
    reliability = [pid.value(32, 1, repetition=n) for n in range(1, len(pid.repetitions(32)) + 1)]
    return Told(
        EVENTS[head.event],
        numbers,
        ins,
        traits,
        Secondary(_at(used, 1), _at(used, 2)),
        "VALI" in reliability,
        zfd.value(7, 1) if zfd is not None else "",
        merged,
    )


def _numbers(segment: Segment, field: int) -> tuple[tuple[Number, ...], Ins | None]:
    """The local numbers of a field of CX, and the INS when there is one."""
    numbers: list[Number] = []
    ins: Ins | None = None
    for n, raw in enumerate(segment.repetitions(field), 1):
        if not raw:
            continue
        value = segment.value(field, 1, repetition=n)
        namespace, oid = (segment.value(field, 4, repetition=n, subcomponent=s) for s in (1, 2))
        kind = segment.value(field, 5, repetition=n)
        if oid in NATURES or kind == "INS":
            ins = ins or (Ins(value, oid, segment.value(field, 7, repetition=n)[:8]) if value else None)
        elif value and kind in ("PI", ""):
            numbers.append(Number(value, namespace, oid))
    return tuple(numbers), ins


def _birth_place(pid: Segment) -> str:
    for n in range(1, len(pid.repetitions(11)) + 1):
        if pid.value(11, 7, repetition=n) == "BDL":
            return pid.value(11, 9, repetition=n)
    return ""


def _at(parts: list[str], number: int) -> str:
    return parts[number - 1] if len(parts) >= number else ""
