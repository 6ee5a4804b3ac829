"""Pure reader of a parsed ADT message into an `AdtMessage` (PAM FR; HL7 v2.5 chapter 3)."""

from __future__ import annotations

import re
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
    evn, mrg, pv1 = first.get(b"EVN"), first.get(b"MRG"), first.get(b"PV1")
    zbe, zfa, zfd = first.get(b"ZBE"), first.get(b"ZFA"), first.get(b"ZFD")
    return AdtMessage(
        message=message,
        header=head,
        event=head.trigger,
        structure=head.structure,
        version=version(message, head),
        patient=_patient(message, first.get(b"PID")),
        merged=_identifiers(message, mrg, 1, "MRG"),
        groups=groups,
        recorded_at=evn.value(2, 1) if evn else "",
        planned_at=evn.value(3, 1) if evn else "",
        occurred_at=evn.value(6, 1) if evn else "",
        patient_class=pv1.value(2, 1) if pv1 else "",
        location=pv1.value(3, 1) if pv1 else "",
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
    phones: list[str] = []
    mails: list[str] = []
    for number in (13, 14):
        for n in range(1, len(pid.repetitions(number)) + 1):
            parts = pid.components(number, n)
            phone = (parts[11] if len(parts) > 11 else "") or parts[0]
            if phone:
                phones.append(phone)
            if len(parts) > 3 and parts[3]:
                mails.append(parts[3])
    return PamPatient(
        identifiers=base.identifiers,
        names=base.names,
        birth_date=base.birth_date,
        sex=base.sex,
        birth_place=base.birth_place,
        status=base.status,
        account=base.account,
        line=base.line,
        phones=tuple(phones),
        mails=tuple(mails),
        address=_address(pid),
        mother_name=pid.value(6, 1, 1),
        died_at=pid.value(29, 1),
        updated_at=pid.value(33, 1),
    )


def _address(pid: Segment) -> tuple[str, str, str, str, str] | None:
    for n in range(1, len(pid.repetitions(11)) + 1):
        xad = [*pid.components(11, n), *[""] * 7]
        if xad[6] != "BDL" and any(xad[:6]):
            return (xad[0].split("&")[0], xad[1], xad[2], xad[4], xad[5])
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


def _unit(segment: Segment, number: int) -> Unit | None:
    if not segment.raw_field(number):
        return None
    return Unit(
        segment.value(number, 1), segment.value(number, 6, 1), segment.value(number, 7), segment.value(number, 10)
    )


def _movement(zbe: Segment) -> Movement:
    ids = tuple(
        (zbe.value(1, 1, repetition=n), zbe.value(1, 2, repetition=n)) for n in range(1, len(zbe.repetitions(1)) + 1)
    )
    return Movement(
        ids=ids,
        start=zbe.value(2, 1),
        action=zbe.value(4),
        historic=_flag(zbe.value(5)),
        origin=zbe.value(6),
        medical=_unit(zbe, 7),
        care=_unit(zbe, 8),
        nature=zbe.value(9, 1),
        line=zbe.line,
    )


def _consent(zfa: Segment) -> Consent:
    return Consent(
        dmp=zfa.value(1),
        collected_at=zfa.value(2, 1),
        closed_at=zfa.value(3, 1),
        feeding=zfa.value(9, 1),
        feeding_at=zfa.value(10, 1),
        consultation=zfa.value(11, 1),
        consultation_at=zfa.value(12, 1),
        line=zfa.line,
    )


def _collection(zfd: Segment) -> Collection:
    return Collection(
        lunar=zfd.value(1),
        weeks=zfd.value(2),
        sms=zfd.value(3),
        corrected=_flag(zfd.value(4)),
        mode=zfd.value(5),
        asked_at=zfd.value(6, 1),
        document=zfd.value(7),
        document_until=zfd.value(8, 1),
        line=zfd.line,
    )
