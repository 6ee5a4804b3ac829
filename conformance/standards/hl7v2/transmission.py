"""Pure reader of a parsed message into the typed values of `values.py` (CI-SIS transmission volets, INS annex)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from conformance.standards.hl7v2.syntax import Message, Segment, split
from conformance.standards.hl7v2.values import (
    FLAGS,
    FORMER_FLAG_NAMES,
    MAIL_BODIES,
    Ack,
    Carrier,
    Coded,
    Document,
    DocumentMessage,
    EntityId,
    ErrorSegment,
    Flag,
    Flow,
    Header,
    Identifier,
    MailPart,
    Organisation,
    Other,
    Participant,
    Payload,
    Person,
    PersonName,
    PidIdentity,
    Read,
    Zam,
)

__all__ = ["Ack", "DocumentMessage", "Other", "PidIdentity", "Read", "Zam", "header", "identity", "read"]

_PROFILE_FLOWS: dict[str, Flow] = {
    "CISIS_CDA_HL7_V1": "to-pfi",
    "CISIS_CDA_HL7_V2": "to-pfi",
    "CISIS_CDA_HL7_LPS": "to-lps",
}


def read(message: Message) -> Read:
    """Read any message; raises Malformed when MSH-18 names a character set we do not know.

    MDM is always a document; ORU and OUL are when MSH-21 says so or when an OBX carries encapsulated data (ED).
    """
    head = header(message)
    if head.code == "ACK":
        return _ack(message, head)
    if head.code == "ZAM":
        return _zam(message, head)
    if head.code == "MDM" or (head.code in ("ORU", "OUL") and _carries_document(message, head)):
        return _document_message(message, head)
    return Other(message, head, identity(message), *_visit(message))


def header(message: Message) -> Header:
    """MSH; raises Malformed when MSH-18 names a character set we do not know."""
    msh = message.segments[0]
    kind = [*msh.components(9), "", "", ""]
    profile = [*msh.components(21), "", ""]
    return Header(
        sending=(msh.cell(3), msh.cell(4)),
        receiving=(msh.cell(5), msh.cell(6)),
        sent_at=msh.cell(7),
        code=kind[0],
        trigger=kind[1],
        structure=kind[2],
        control_id=msh.value(10),
        processing=msh.cell(11),
        version=msh.cell(12),
        country=msh.value(17),
        charset=msh.value(18),
        profile=profile[0].strip(),
        profile_name=profile[1].strip(),
        line=message.line(msh),
    )


def identity(message: Message) -> PidIdentity | None:
    """The identity of the first PID segment of any message, or None."""
    pid = message.first("PID")
    if pid is None:
        return None
    line = message.line(pid)
    places = (_Composite(message, raw) for raw in pid.repetitions(11))
    birth = next((place for place in places if place(7) == "BDL"), None)
    return PidIdentity(
        identifiers=tuple(
            _identifier(_Composite(message, raw), f"PID-3[{n}]", line) for n, raw in enumerate(pid.repetitions(3), 1)
        ),
        names=tuple(_name(_Composite(message, raw), f"PID-5[{n}]") for n, raw in enumerate(pid.repetitions(5), 1)),
        birth_date=pid.cell(7),
        sex=pid.value(8),
        birth_place=birth(9) if birth is not None else "",
        status=tuple(message.text(r) for r in pid.repetitions(32)),
        account=_identifier(_first(message, pid, 18), "PID-18", line) if pid.raw_field(18) else None,
        line=line,
    )


class _Composite:
    """One repetition of a field, split once into its components; texts are decoded when asked."""

    __slots__ = ("_message", "parts")

    def __init__(self, message: Message, raw: bytes) -> None:
        self._message = message
        self.parts = split(raw, message.delimiters.component)

    def __call__(self, component: int, subcomponent: int | None = None) -> str:
        """The text of a component (or of one of its subcomponents), empty when absent; both count from 1."""
        return self._message.text(self.raw(component, subcomponent))

    def raw(self, component: int, subcomponent: int | None = None) -> bytes:
        """The bytes of a component, empty when absent."""
        if component > len(self.parts):
            return b""
        part = self.parts[component - 1]
        if subcomponent is None:
            return part
        inner = split(part, self._message.delimiters.subcomponent)
        return inner[subcomponent - 1] if subcomponent <= len(inner) else b""


def _first(message: Message, segment: Segment, number: int) -> _Composite:
    """The first repetition of a field."""
    repetitions = segment.repetitions(number)
    return _Composite(message, repetitions[0] if repetitions else b"")


def _identifier(cx: _Composite, path: str, line: int) -> Identifier:
    return Identifier(cx(1), cx(4, 1), cx(4, 2), cx(4, 3), cx(5), path, line)


def _name(xpn: _Composite, path: str) -> PersonName:
    # XPN-1 is a family name with subcomponents: the surname is the first one.
    return PersonName(xpn(1, 1), xpn(2), tuple(xpn(3).split()), xpn(7), path)


def _visit(message: Message) -> tuple[str, Identifier | None]:
    pv1 = message.first("PV1")
    if pv1 is None:
        return "", None
    visit = _identifier(_first(message, pv1, 19), "PV1-19", message.line(pv1)) if pv1.raw_field(19) else None
    return pv1.value(2, 1), visit


def _carries_document(message: Message, head: Header) -> bool:
    return head.profile_name in _PROFILE_FLOWS or any(s.raw_field(2) == b"ED" for s in message.all("OBX"))


def _coded(message: Message, segment: Segment, number: int) -> Coded:
    ce = _first(message, segment, number)
    return Coded(ce(1), ce(2), ce(3))


def _entity(message: Message, segment: Segment | None, number: int) -> EntityId | None:
    if segment is None or not segment.raw_field(number):
        return None
    ei = _first(message, segment, number)
    return EntityId(ei(1), ei(2), ei(3), ei(4), f"TXA-{number}", segment.line)


def _document_message(message: Message, head: Header) -> DocumentMessage:
    flow = _PROFILE_FLOWS.get(head.profile_name)
    documents: list[Document] = []
    flags: list[Flag] = []
    bodies: dict[str, Payload] = {}
    mail: MailPart | None = None
    for n, obx in enumerate(message.all("OBX"), 1):
        code = _coded(message, obx, 3)
        line, type = obx.line, obx.value(2)
        name = FORMER_FLAG_NAMES.get(code.code, code.code)
        if name in FLAGS:
            flags.append(Flag(name, code, type, _coded(message, obx, 5), obx.value(11), line, n))
            continue
        if type != "ED" and code.code not in MAIL_BODIES:
            continue
        data = _first(message, obx, 5)
        payload = Payload(data.raw(5), f"OBX({n})-5.5" if n > 1 else "OBX-5.5", line)
        if code.code in MAIL_BODIES:
            bodies.setdefault(code.code, payload)
        elif flow == "to-lps" and documents and not data.raw(3):
            mail = mail or MailPart(code.code, code.label, code.system, payload, line, n)
        else:
            media = (data(1), data(2), data(3), data(4))
            documents.append(Document(obx.value(1), code, media, obx.value(11), payload, line, n))
    patient_class, visit = _visit(message)
    txa = message.first("TXA")
    orc = message.first("ORC")
    obr = message.first("OBR")
    return DocumentMessage(
        message=message,
        header=head,
        carrier=cast(Carrier, head.code),
        flow=flow,
        dialect=head.profile,
        patient=identity(message),
        patient_class=patient_class,
        visit=visit,
        order_request=orc.value(1) if orc is not None else "",
        order_code=_coded(message, obr, 4) if obr is not None else None,
        documents=tuple(documents),
        document_id=_entity(message, txa, 12),
        replaced_id=_entity(message, txa, 13),
        participants=tuple(_participant(message, prt, n) for n, prt in enumerate(message.all("PRT"), 1)),
        flag_rows=tuple(flags),
        bodies=bodies,
        mail=mail,
        patient_must_not_answer=_patient_must_not_answer(message),
    )


def _patient_must_not_answer(message: Message) -> bool:
    """NTE-4 = FIN under DESTMSSANTEPAT."""
    inside = False
    for segment in message.segments:
        if segment.name == "OBX":
            inside = segment.raw_value(3, component=1) == b"DESTMSSANTEPAT"
        elif inside and segment.name == "NTE" and segment.value(4, 1) == "FIN":
            return True
    return False


def _participant(message: Message, prt: Segment, occurrence: int) -> Participant:
    role, contact = _coded(message, prt, 4), _first(message, prt, 15)
    return Participant(
        role=role.code,
        role_label=role.label,
        role_table=role.system,
        action=prt.value(2),
        person=_person(_first(message, prt, 5)) if prt.raw_field(5) else None,
        organisation=_organisation(_first(message, prt, 8)) if prt.raw_field(8) else None,
        device=prt.value(10, 1),
        address_use=contact(2),
        address_type=contact(3),
        address=contact(4),
        line=prt.line,
        occurrence=occurrence,
    )


def _person(xcn: _Composite) -> Person:
    return Person(xcn(1), xcn(2, 1), xcn(3), xcn(9, 1), xcn(9, 2), xcn(9, 3), xcn(13))


def _organisation(xon: _Composite) -> Organisation:
    return Organisation(xon(1), xon(6, 1), xon(6, 2), xon(6, 3), xon(7), xon(10))


def _errors(message: Message) -> Iterator[ErrorSegment]:
    for n, err in enumerate(message.all("ERR"), 1):
        code, application = _coded(message, err, 3), _coded(message, err, 5)
        yield ErrorSegment(err.value(2), code, err.value(4), application, err.line, n)


def _ack(message: Message, head: Header) -> Ack:
    msa = message.first("MSA")
    code, ref, text = (msa.value(1), msa.value(2), msa.value(3)) if msa is not None else ("", "", "")
    return Ack(message, head, code, ref, text, tuple(_errors(message)))


def _zam(message: Message, head: Header) -> Zam:
    rows = list(message.all("OBX"))
    status = rows[0] if rows else None
    address = rows[1] if len(rows) > 1 else None
    return Zam(
        message=message,
        header=head,
        dialect=head.profile,
        code=_coded(message, status, 3) if status is not None else Coded(),
        control_ref=status.value(4) if status is not None else "",
        answer=_coded(message, status, 5) if status is not None else Coded(),
        address_code=_coded(message, address, 3) if address is not None else None,
        address_id=address.value(4) if address is not None else "",
        address_type=address.value(5, 3) if address is not None else "",
        address=address.value(5, 4) if address is not None else "",
        errors=tuple(_errors(message)),
        line=message.line(status) if status is not None else 1,
    )
