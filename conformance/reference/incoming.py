"""Reading a document message: ORU^R01 or MDM^T02/T10/T04 carrying CDA documents (volet transmission, V1.2 to V2.1)."""

from __future__ import annotations

import base64
import binascii
import codecs
import uuid
from collections.abc import Callable
from typing import Literal

from conformance.errors import Malformed
from conformance.reference import cda, wrapping
from conformance.reference.values import (
    Coded,
    Document,
    Envelope,
    Ins,
    Institution,
    Person,
    Received,
    Refused,
    Traits,
)
from conformance.standards.hl7v2.syntax import Message, Segment, parse

INS_OIDS = frozenset(f"1.2.250.1.213.1.4.{n}" for n in (8, 9, 10, 11))
FLAG_NAMES = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE": "CONNEXION_SECRETE",
    "MODIF_CONF_CODE": "MODIF_CONF_CODE",
    "MODIF_CONFIDENTIALITYCODE": "MODIF_CONF_CODE",
    "DESTDMP": "DESTDMP",
    "DESTMSSANTEPS": "DESTMSSANTEPS",
    "DESTMSSANTEPAT": "DESTMSSANTEPAT",
    "ACK_RECEPTION": "ACK_RECEPTION",
    "ACK_LECTURE_MSS": "ACK_LECTURE_MSS",
    "ACK_LECTURE": "ACK_LECTURE_MSS",
}
"""Flag names met on the wire (short since V2.0, long in V1.2) -> the short name."""

BODY_LIMIT = 100_000
MAIL_BODIES = frozenset({"CORPSMAIL_PS", "CORPSMAIL_PATIENT"})
DIALECTS: dict[str, Literal["1.2", "2.0", "2.1"]] = {
    "1.2^CISIS_CDA_HL7_V1": "1.2",
    "2.0^CISIS_CDA_HL7_V2": "2.0",
    "2.1^CISIS_CDA_HL7_V2": "2.1",
    "": "2.1",
}


def envelope(message: Message) -> Envelope:
    """The MSH as texts; raises Refused when its character set is not one we know."""
    try:
        codecs.lookup(message.charset)
    except Malformed:
        raise Refused("103", "MSH^1^18") from None
    msh = message.segments[0]
    profile = "^".join(msh.components(21)[:2]) if msh.raw_field(21) else ""
    return Envelope(
        control=msh.value(10),
        type=msh.value(9, 1),
        event=msh.value(9, 2),
        application=msh.value(3, 1),
        facility=msh.value(4, 1),
        to_application=msh.value(5, 1),
        to_facility=msh.value(6, 1),
        processing=msh.value(11, 1) or "P",
        version=msh.value(12, 1),
        charset=msh.value(18),
        profile=profile,
        accept_ack=msh.value(15),
        application_ack=msh.value(16),
    )


def read(raw: bytes) -> Message:
    """The message as tokens; raises Refused when it is not ER7."""
    try:
        return parse(raw)
    except Malformed:
        raise Refused("100", "MSH^1") from None


def identity(message: Message) -> tuple[Ins | None, Traits]:
    """The INS and the traits of a message taken in for its PID; raises Refused when there is no patient."""
    pid = message.first("PID")
    if pid is None:
        raise Refused("100", "PID^1")
    ins, local = _identifiers(pid)
    if ins is None and not local:
        raise Refused("101", "PID^1^3")
    traits = _traits(pid)
    if not traits.family:
        raise Refused("101", "PID^1^5")
    return ins, traits


def received(message: Message, head: Envelope) -> Received:
    """The message read in full; raises Refused when something needed cannot be understood."""
    dialect = DIALECTS.get(head.profile.replace(" ", ""))
    if dialect is None:
        raise Refused("203", "MSH^1^21")
    pid = message.first("PID")
    if pid is None:
        raise Refused("100", "PID^1")
    ins, local = _identifiers(pid)
    documents, sender, institution, recipients, replies = _documents(message, pid)
    order = message.first("ORC")
    return Received(
        envelope=head,
        dialect=dialect,
        order=order.value(1) if order is not None else "",
        documents=documents,
        flags=_flags(message),
        ins=ins,
        qualified=ins is not None and "VALI" in [r.strip() for r in _texts(pid, 32)],
        local_ids=local,
        patient=_traits(pid),
        patient_class=message.get("PV1-2"),
        sender=sender,
        institution=institution,
        recipients=recipients,
        replaced=message.get("TXA-13.3") or message.get("TXA-13.1") if message.first("TXA") else "",
        replies=replies,
        bodies=_bodies(message),
        final=_final(message),
    )


def _texts(segment: Segment, field: int) -> list[str]:
    return [segment.encoding.text(r) for r in segment.repetitions(field)]


def _identifiers(pid: Segment) -> tuple[Ins | None, tuple[tuple[str, str], ...]]:
    """The INS (typed `INS`, or issued under an INS authority) and the other identifiers of PID-3."""
    ins, local = None, []
    for number in range(1, len(pid.repetitions(3)) + 1):
        value = pid.value(3, 1, repetition=number)
        oid = pid.value(3, 4, 2, repetition=number)
        kind = pid.value(3, 5, repetition=number)
        if not value:
            continue
        if ins is None and (kind in ("INS", "INS-NIR", "INS-NIA", "NH") or not kind) and oid in INS_OIDS:
            ins = Ins(value, oid)
        else:
            local.append((value, oid))
    return ins, tuple(local)


def _traits(pid: Segment) -> Traits:
    family, given, used, givens = "", "", "", ""
    for number in range(1, len(pid.repetitions(5)) + 1):
        kind = pid.value(5, 7, repetition=number)
        if kind == "D":
            used = pid.value(5, 1, repetition=number)
        elif not family:
            family, given = pid.value(5, 1, 1, repetition=number), pid.value(5, 2, repetition=number)
            givens = pid.value(5, 3, repetition=number)
    addresses = range(1, len(pid.repetitions(11)) + 1)
    born = next((pid.value(11, 9, repetition=n) for n in addresses if pid.value(11, 7, repetition=n) == "BDL"), "")
    return Traits(family, given, used, pid.value(7, 1)[:8], pid.value(8), givens, born)


def _flags(message: Message) -> dict[str, str]:
    flags = {}
    for obx in message.all("OBX"):
        name = FLAG_NAMES.get(obx.value(3, 1).strip())
        if name is None:
            continue
        value = obx.value(5, 1).strip().upper()
        if value not in ("Y", "N"):
            raise Refused("103", f"OBX^{obx.value(1)}^5")
        flags[name] = value
    return flags


def _documents(
    message: Message,
    pid: Segment,
) -> tuple[tuple[Document, ...], Person | None, Institution | None, tuple[str, ...], tuple[str, ...]]:
    found: list[Segment] = []
    sender, institution = None, None
    recipients: list[str] = []
    replies: list[str] = []
    for segment in message.segments:
        if segment.name == "OBX" and segment.value(2) == "ED" and segment.value(3, 1) not in MAIL_BODIES:
            found.append(segment)
        elif segment.name == "PRT":
            kind = segment.value(4, 1)
            if kind == "SB" and sender is None and institution is None:
                sender, institution = _participant(segment)
            elif kind in ("RCT", "REPLY"):
                # The example of the volet V2.1 has one separator too many: its address is then in PRT-16.
                address = segment.value(15, 4) or segment.value(16, 4)
                (recipients if kind == "RCT" else replies).append(address.strip())
    if not found:
        raise Refused("101", "OBX^1^5")
    documents = [
        _document(segment, lambda s, data: _wrapped(message, pid, s, data, sender, institution)) for segment in found
    ]
    named = tuple(filter(None, recipients)) or documents[0].cda.recipients  # V1.2 names them in the document only
    return tuple(documents), sender, institution, named, tuple(filter(None, replies))


def _bodies(message: Message) -> dict[str, str]:
    """The texts asked for as body of the mails; what cannot be read is as if it were not there."""
    found = {}
    for obx in message.all("OBX"):
        name = obx.value(3, 1).strip()
        if name not in MAIL_BODIES:
            continue
        raw = obx.raw_value(5, component=5)
        try:
            text = _base64(raw, "").decode() if raw else obx.value(5, 1)
        except (Refused, UnicodeDecodeError):
            continue
        found[name] = text[:BODY_LIMIT]
    return found


def _final(message: Message) -> bool:
    """Whether NTE-4 says FIN under the flag DESTMSSANTEPAT."""
    under = False
    for segment in message.segments:
        if segment.name == "OBX":
            under = segment.value(3, 1).strip() == "DESTMSSANTEPAT"
        elif under and segment.name == "NTE" and segment.value(4, 1).strip() == "FIN":
            return True
    return False


def _participant(prt: Segment) -> tuple[Person | None, Institution | None]:
    person = None
    if prt.value(5, 1):
        root = prt.value(5, 9, 2) or "1.2.250.1.71.4.2.1"
        person = Person(prt.value(5, 1), prt.value(5, 2, 1), prt.value(5, 3), root, "IDNPS")
    elif prt.value(10, 1):
        person = Person(prt.value(10, 1), prt.value(10, 1), "", prt.value(10, 3), "RI")
    number = prt.value(8, 10).strip()
    if not number:
        return person, None
    if prt.value(8, 7) in ("FINEG", "FINEJ") and len(number) == 9:
        number = "1" + number  # Struct_IdNat: a FINESS is prefixed by 1
    return person, Institution(number, prt.value(8, 1), prt.value(8, 6, 2) or "1.2.250.1.71.4.2.2")


def _wrapped(
    message: Message, pid: Segment, obx: Segment, data: bytes, sender: Person | None, institution: Institution | None
) -> bytes:
    """The CDA N1 of a PDF that came alone."""
    ins, local = _identifiers(pid)
    named = bool(message.first("TXA"))
    return wrapping.wrap(
        data,
        unique_id=(message.get("TXA-12.3") or message.get("TXA-12.1") if named else "") or f"2.25.{uuid.uuid4().int}",
        type=Coded(obx.value(3, 1), obx.value(3, 2), obx.value(3, 3)),
        ins=ins,
        local=local,
        patient=_traits(pid),
        sender=sender,
        institution=institution,
        replaced=(message.get("TXA-13.3") or message.get("TXA-13.1")) if named else "",
    )


def _document(obx: Segment, wrap: Callable[[Segment, bytes], bytes]) -> Document:
    place = f"OBX^{obx.value(1) or obx.position + 1}^5"
    raw = obx.raw_value(5, component=5)
    if not raw:
        raise Refused("101", place)
    data = _base64(raw, place)
    if data.startswith(b"%PDF-"):
        data = wrap(obx, data)
    try:
        header = cda.read(data)
    except Refused as refused:
        raise Refused(refused.refusal.code, place) from None
    code = Coded(obx.value(3, 1), obx.value(3, 2), obx.value(3, 3))
    return Document(obx.value(1), code, obx.value(11), data, header)


def _base64(raw: bytes, place: str) -> bytes:
    """Decode; blanks are ignored and missing padding is supplied (senders forget it), anything else is refused."""
    compact = raw.translate(None, b" \t\r\n")
    try:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        raise Refused("102", place) from None
