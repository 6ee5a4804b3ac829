"""Pure reader of a parsed message into the typed values of `values.py` (CI-SIS transmission volets, INS annex)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from conformance.standards.hl7v2.syntax import Message, Segment
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
        sending=(msh.value(3, 1), msh.value(4, 1)),
        receiving=(msh.value(5, 1), msh.value(6, 1)),
        sent_at=msh.value(7, 1),
        code=kind[0],
        trigger=kind[1],
        structure=kind[2],
        control_id=msh.value(10),
        processing=msh.value(11, 1),
        version=msh.value(12, 1),
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
    birth_place = ""
    for n in range(1, len(pid.repetitions(11)) + 1):
        address = pid.components(11, n)
        if len(address) >= 7 and address[6] == "BDL":
            birth_place = address[8] if len(address) > 8 else ""
            break
    return PidIdentity(
        identifiers=tuple(_identifier(pid, 3, n, f"PID-3[{n}]", line) for n in range(1, len(pid.repetitions(3)) + 1)),
        names=tuple(_name(pid, n) for n in range(1, len(pid.repetitions(5)) + 1)),
        birth_date=pid.value(7, 1),
        sex=pid.value(8),
        birth_place=birth_place,
        status=tuple(message.text(r) for r in pid.repetitions(32)),
        account=_identifier(pid, 18, 1, "PID-18", line) if pid.raw_field(18) else None,
        line=line,
    )


def _identifier(segment: Segment, number: int, repetition: int, path: str, line: int) -> Identifier:
    return Identifier(
        value=segment.value(number, 1, repetition=repetition),
        namespace=segment.value(number, 4, 1, repetition=repetition),
        oid=segment.value(number, 4, 2, repetition=repetition),
        oid_type=segment.value(number, 4, 3, repetition=repetition),
        type=segment.value(number, 5, repetition=repetition),
        path=path,
        line=line,
    )


def _name(pid: Segment, repetition: int) -> PersonName:
    parts = [*pid.components(5, repetition), *[""] * 7]
    # XPN-1 is a family name with subcomponents: the surname is the first one.
    return PersonName(
        family=pid.value(5, 1, 1, repetition=repetition),
        given=parts[1],
        given_list=tuple(parts[2].split()),
        type=parts[6],
        path=f"PID-5[{repetition}]",
    )


def _visit(message: Message) -> tuple[str, Identifier | None]:
    pv1 = message.first("PV1")
    if pv1 is None:
        return "", None
    visit = _identifier(pv1, 19, 1, "PV1-19", message.line(pv1)) if pv1.raw_field(19) else None
    return pv1.value(2, 1), visit


def _carries_document(message: Message, head: Header) -> bool:
    return head.profile_name in _PROFILE_FLOWS or any(s.raw_field(2) == b"ED" for s in message.all("OBX"))


def _coded(segment: Segment, number: int) -> Coded:
    return Coded(segment.value(number, 1), segment.value(number, 2), segment.value(number, 3))


def _entity(segment: Segment | None, number: int) -> EntityId | None:
    if segment is None or not segment.raw_field(number):
        return None
    parts = [*segment.components(number), *[""] * 4]
    return EntityId(parts[0], parts[1], parts[2], parts[3], f"TXA-{number}", segment.line)


def _document_message(message: Message, head: Header) -> DocumentMessage:
    flow = _PROFILE_FLOWS.get(head.profile_name)
    documents: list[Document] = []
    flags: list[Flag] = []
    bodies: dict[str, Payload] = {}
    mail: MailPart | None = None
    for n, obx in enumerate(message.all("OBX"), 1):
        code = _coded(obx, 3)
        line = message.line(obx)
        name = FORMER_FLAG_NAMES.get(code.code, code.code)
        if name in FLAGS:
            flags.append(Flag(name, code, obx.value(2), _coded(obx, 5), obx.value(11), line, n))
        elif code.code in MAIL_BODIES:
            bodies.setdefault(code.code, _payload(obx, n, line))
        elif obx.value(2) == "ED":
            if flow == "to-lps" and documents and not obx.raw_value(5, component=3):
                if mail is None:
                    mail = MailPart(code.code, code.label, code.system, _payload(obx, n, line), line, n)
                continue
            media = (obx.value(5, 1), obx.value(5, 2), obx.value(5, 3), obx.value(5, 4))
            documents.append(Document(obx.value(1), code, media, obx.value(11), _payload(obx, n, line), line, n))
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
        order_code=_coded(obr, 4) if obr is not None else None,
        documents=tuple(documents),
        document_id=_entity(txa, 12),
        replaced_id=_entity(txa, 13),
        participants=tuple(_participant(prt, n) for n, prt in enumerate(message.all("PRT"), 1)),
        flag_rows=tuple(flags),
        bodies=bodies,
        mail=mail,
        patient_must_not_answer=_patient_must_not_answer(message),
    )


def _payload(obx: Segment, occurrence: int, line: int) -> Payload:
    where = f"OBX({occurrence})-5.5" if occurrence > 1 else "OBX-5.5"
    return Payload(obx.raw_value(5, component=5), where, line)


def _patient_must_not_answer(message: Message) -> bool:
    """NTE-4 = FIN under DESTMSSANTEPAT."""
    inside = False
    for segment in message.segments:
        if segment.name == "OBX":
            inside = segment.value(3, 1) == "DESTMSSANTEPAT"
        elif inside and segment.name == "NTE" and segment.value(4, 1) == "FIN":
            return True
    return False


def _participant(prt: Segment, occurrence: int) -> Participant:
    xcn = [*prt.components(5), *[""] * 13]
    xon = [*prt.components(8), *[""] * 10]
    xtn = [*prt.components(15), *[""] * 4]
    return Participant(
        role=prt.value(4, 1),
        role_label=prt.value(4, 2),
        role_table=prt.value(4, 3),
        action=prt.value(2),
        person=Person(
            id=xcn[0],
            family=prt.value(5, 2, 1),
            given=xcn[2],
            namespace=prt.value(5, 9, 1),
            oid=prt.value(5, 9, 2),
            oid_type=prt.value(5, 9, 3),
            id_type=xcn[12],
        )
        if prt.raw_field(5)
        else None,
        organisation=Organisation(
            name=xon[0],
            namespace=prt.value(8, 6, 1),
            oid=prt.value(8, 6, 2),
            oid_type=prt.value(8, 6, 3),
            id_type=xon[6],
            id=xon[9],
        )
        if prt.raw_field(8)
        else None,
        device=prt.value(10, 1),
        address_use=xtn[1],
        address_type=xtn[2],
        address=xtn[3],
        line=prt.line,
        occurrence=occurrence,
    )


def _errors(message: Message) -> Iterator[ErrorSegment]:
    for n, err in enumerate(message.all("ERR"), 1):
        yield ErrorSegment(err.value(2), _coded(err, 3), err.value(4), _coded(err, 5), message.line(err), n)


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
        code=_coded(status, 3) if status is not None else Coded(),
        control_ref=status.value(4) if status is not None else "",
        answer=_coded(status, 5) if status is not None else Coded(),
        address_code=_coded(address, 3) if address is not None else None,
        address_id=address.value(4) if address is not None else "",
        address_type=address.value(5, 3) if address is not None else "",
        address=address.value(5, 4) if address is not None else "",
        errors=tuple(_errors(message)),
        line=message.line(status) if status is not None else 1,
    )
