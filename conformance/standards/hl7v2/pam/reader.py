"""Pure reader of a parsed ADT message into an `AdtMessage` (PAM FR; HL7 v2.5 chapter 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from conformance.standards.hl7v2 import transmission
from conformance.standards.hl7v2.pam.values import AdtMessage, Collection, Consent, Movement, PamPatient, Unit
from conformance.standards.hl7v2.syntax import Message, Segment
from conformance.standards.hl7v2.values import Header, Identifier, Read

_VERSION = re.compile(r"2\.(?:9|1[0-9])(?:\.\d+)?")
_NAMED = re.compile(r"IHE_FRANCE-(\d+(?:\.\d+)*)-PAM")


def read(message: Message) -> Read | AdtMessage:
    """Read any message, ADT as PAM; raises Malformed when MSH-18 names a character set we do not know."""
    if message.segments[0].raw_value(9, 1, 1) == b"ADT":
        return adt(message, transmission.header(message))
    return transmission.read(message)


def adt(message: Message, head: Header) -> AdtMessage:
    """Read an ADT message whose header was read; segments that are absent give None or empty texts."""
    first: dict[bytes, Segment] = {}
    groups = 0
    for segment in message.segments:
        name = segment.raw[:3]
        groups += name == b"PID"
        first.setdefault(name, segment)
    evn, pv1 = first.get(b"EVN"), first.get(b"PV1")
    zbe, zfa, zfd = first.get(b"ZBE"), first.get(b"ZFA"), first.get(b"ZFD")
    return AdtMessage(
        message=message,
        header=head,
        event=head.trigger,
        structure=head.structure,
        version=version(message, head),
        patient=_patient(message, first.get(b"PID")),
        merged=_identifiers(message, first.get(b"MRG"), 1, "MRG"),
        groups=groups,
        recorded_at=evn.cell(2) if evn else "",
        planned_at=evn.cell(3) if evn else "",
        occurred_at=evn.cell(6) if evn else "",
        patient_class=pv1.cell(2) if pv1 else "",
        location=pv1.cell(3) if pv1 else "",
        visit=next(iter(_identifiers(message, pv1, 19, "PV1")), None),
        zbe=_movement(zbe) if zbe else None,
        zfa=_consent(zfa) if zfa else None,
        zfd=_collection(zfd) if zfd else None,
    )


def version(message: Message, head: Header) -> str:
    """The version of PAM FR that a message declares: MSH-21 first, else the third component of MSH-12, else empty.

    `2.5` in MSH-12.3, which an older text asks for, tells nothing.
    """
    msh = message.segments[0]
    return declared(msh.value(21), msh.value(12, 3))


@lru_cache(maxsize=256)
def declared(profile: str, internal: str) -> str:
    """The version told by a whole MSH-21 and by MSH-12.3; empty when neither tells one."""
    named = _NAMED.search(profile)
    if named:
        return named[1]
    for text in (*re.split(r"[\^~]", profile), internal):
        if _VERSION.fullmatch(text.strip()):
            return text.strip()
    return ""


def _patient(message: Message, pid: Segment | None) -> PamPatient | None:
    base = transmission.identity(message)
    if base is None or pid is None:
        return None
    phones, mails = _contacts(pid) if pid.raw_field(13) or pid.raw_field(14) else ((), ())
    return PamPatient(
        base.identifiers,
        base.names,
        base.birth_date,
        base.sex,
        base.birth_place,
        base.status,
        base.account,
        base.line,
        phones=phones,
        mails=mails,
        address=_address(pid),
        mother_name=pid.value(6, 1, 1),
        died_at=pid.cell(29),
        updated_at=pid.cell(33),
    )


def _contacts(pid: Segment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Phone numbers (XTN-12, or XTN-1 of older senders) and mail addresses (XTN-4) of PID-13 and PID-14."""
    found = [
        [*pid.components(number, n), *[""] * 12]
        for number in (13, 14)
        for n in range(1, len(pid.repetitions(number)) + 1)
    ]
    phones = tuple(phone for parts in found if (phone := parts[11] or parts[0]))
    return phones, tuple(parts[3] for parts in found if parts[3])


def _address(pid: Segment) -> tuple[str, str, str, str, str] | None:
    """The first XAD of PID-11 that is not the birth place."""
    separator = pid.encoding.delimiters.component
    for n, raw in enumerate(pid.repetitions(11), 1):
        parts = [*raw.split(separator), *[b""] * 7]
        if parts[6] != b"BDL" and any(parts[:6]):
            designation, town, code, country = (pid.value(11, k, repetition=n) for k in (2, 3, 5, 6))
            return pid.value(11, 1, 1, repetition=n), designation, town, code, country
    return None


def _identifiers(message: Message, segment: Segment | None, number: int, name: str) -> tuple[Identifier, ...]:
    """The CX of a field."""
    if segment is None:
        return ()
    found = []
    for n, raw in enumerate(segment.repetitions(number), 1):
        parts = [*raw.split(message.delimiters.component), b"", b"", b"", b""]
        authority = [*parts[3].split(message.delimiters.subcomponent), b"", b""]
        value, kind = message.text(parts[0]), message.text(parts[4])
        namespace, oid, oid_type = (message.text(part) for part in authority[:3])
        found.append(Identifier(value, namespace, oid, oid_type, kind, f"{name}-{number}[{n}]", segment.line))
    return tuple(found)


def _flag(text: str) -> bool | None:
    return {"Y": True, "N": False}.get(text)


def _unit(zbe: Segment, cell: Callable[..., str], number: int) -> Unit | None:
    if not zbe.raw_field(number):
        return None
    return Unit(cell(number), zbe.value(number, 6, 1), cell(number, 7), cell(number, 10))


def _movement(zbe: Segment) -> Movement:
    cell = zbe.cell
    count = len(zbe.repetitions(1))
    ids: tuple[tuple[str, str], ...] = ((cell(1), cell(1, 2)),) if count == 1 else ()
    if count > 1:
        ids = tuple((zbe.value(1, 1, repetition=n), zbe.value(1, 2, repetition=n)) for n in range(1, count + 1))
    return Movement(
        ids=ids,
        start=cell(2),
        action=cell(4),
        historic=_flag(cell(5)),
        origin=cell(6),
        medical=_unit(zbe, cell, 7),
        care=_unit(zbe, cell, 8),
        nature=cell(9),
        line=zbe.line,
    )


def _consent(zfa: Segment) -> Consent:
    cell = zfa.cell
    return Consent(cell(1), cell(2), cell(3), cell(9), cell(10), cell(11), cell(12), line=zfa.line)


def _collection(zfd: Segment) -> Collection:
    cell = zfd.cell
    return Collection(
        lunar=zfd.value(1),
        weeks=cell(2),
        sms=cell(3),
        corrected=_flag(cell(4)),
        mode=cell(5),
        asked_at=cell(6),
        document=cell(7),
        document_until=cell(8),
        line=zfd.line,
    )
