"""Typed values read from HL7 v2 messages: header, identity, documents, participants, flags, ACK and ZAM.

All are frozen. Each remembers its `path` (`PID-3[2]`) and 1-based `line` in the file, for findings.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from conformance.standards.hl7v2.syntax import Message

Flow = Literal["to-pfi", "to-lps"]
Carrier = Literal["ORU", "MDM", "OUL"]
Request = Literal["initial", "replacement", "deletion"]
Failure = Literal["empty", "alphabet", "padding", "truncated"]

FLAGS = (
    "MASQUE_PS",
    "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX",
    "CONNEXION_SECRETE",
    "MODIF_CONF_CODE",
    "DESTDMP",
    "DESTMSSANTEPS",
    "DESTMSSANTEPAT",
    "ACK_RECEPTION",
    "ACK_LECTURE_MSS",
)
"""The ten metadata flags of the volet V2.1, in the order it fixes."""

FORMER_FLAG_NAMES: Mapping[str, str] = {
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "MODIF_CONFIDENTIALITYCODE": "MODIF_CONF_CODE",
    "ACK_LECTURE": "ACK_LECTURE_MSS",
}
"""Names of older dialects -> names of V2.1."""

MAIL_BODIES = ("CORPSMAIL_PS", "CORPSMAIL_PATIENT")


@dataclass(frozen=True, slots=True)
class Coded:
    """A CE or CWE: code, label, coding system, as written."""

    code: str = ""
    label: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """MSH. `profile` is MSH-21.1 (a version), `profile_name` MSH-21.2; `sent_at` MSH-7 as written."""

    sending: tuple[str, str]
    receiving: tuple[str, str]
    sent_at: str
    code: str
    trigger: str
    structure: str
    control_id: str
    processing: str
    version: str
    country: str
    charset: str
    profile: str
    profile_name: str
    line: int = 1

    @property
    def type(self) -> str:
        """`MDM^T02`, `ACK` when there is no trigger."""
        return f"{self.code}^{self.trigger}" if self.trigger else self.code


@dataclass(frozen=True, slots=True)
class Identifier:
    """A CX: `value^^^namespace&oid&oid_type^type`."""

    value: str
    namespace: str
    oid: str
    oid_type: str
    type: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class PersonName:
    """An XPN: family name, first given name, the blank-separated list of given names, type (`L` or `D`)."""

    family: str
    given: str
    given_list: tuple[str, ...]
    type: str
    path: str


@dataclass(frozen=True, slots=True)
class PidIdentity:
    """Who the PID segment is about. `birth_place` is the COG of the BDL repetition of PID-11, `status` PID-32."""

    identifiers: tuple[Identifier, ...]
    names: tuple[PersonName, ...]
    birth_date: str
    sex: str
    birth_place: str
    status: tuple[str, ...]
    account: Identifier | None
    line: int

    @property
    def ins(self) -> Identifier | None:
        """The repetition of PID-3 typed INS, or None (15 digits of another type are not an INS)."""
        for identifier in self.identifiers:
            if identifier.type == "INS":
                return identifier
        return None

    @property
    def qualified(self) -> bool:
        """True when an INS goes with PID-32 = VALI, which is how HL7 v2 writes a qualified identity."""
        return self.ins is not None and "VALI" in self.status

    def name(self, type: str) -> PersonName | None:
        """The name of a type: `L` (birth name) or `D` (used name)."""
        return next((n for n in self.names if n.type == type), None)


@dataclass(frozen=True)
class Payload:
    """A Base64 component, decoded when first asked, once."""

    raw: bytes = field(repr=False)
    path: str
    line: int

    @cached_property
    def _decoded(self) -> tuple[bytes | None, Failure | None]:
        return _decode(self.raw)

    @property
    def data(self) -> bytes | None:
        """The bytes carried; also given when only the padding is missing; None when nothing sure can be decoded."""
        return self._decoded[0]

    @property
    def failure(self) -> Failure | None:
        """Why strict Base64 decoding fails (RFC 4648 section 3), None when it succeeds."""
        return self._decoded[1]


_ALPHABET = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")


def _decode(raw: bytes) -> tuple[bytes | None, Failure | None]:
    if not raw:
        return None, "empty"
    try:
        return binascii.a2b_base64(raw, strict_mode=True), None
    except binascii.Error:
        if _ALPHABET.match(raw) is None:
            return None, "alphabet"
    body = raw.rstrip(b"=")
    if len(body) % 4 == 1:
        return None, "truncated"
    return binascii.a2b_base64(body + b"=" * (-len(body) % 4)), "padding"


@dataclass(frozen=True, slots=True)
class Document:
    """A document OBX: `set_id` OBX-1, `code` OBX-3, `status` OBX-11, `media` the first four components of OBX-5."""

    set_id: str
    code: Coded
    media: tuple[str, str, str, str]
    status: str
    payload: Payload
    line: int
    occurrence: int  # the n-th OBX of the message, 1-based

    @property
    def data(self) -> bytes | None:
        """The CDA bytes, or None when the Base64 cannot be decoded."""
        return self.payload.data


@dataclass(frozen=True, slots=True)
class Person:
    """PRT-5 (XCN)."""

    id: str
    family: str
    given: str
    namespace: str
    oid: str
    oid_type: str
    id_type: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """PRT-8 (XON): `id` is component 10, `id_type` component 7, the authority component 6."""

    name: str
    namespace: str
    oid: str
    oid_type: str
    id_type: str
    id: str


@dataclass(frozen=True, slots=True)
class Participant:
    """A PRT segment. `role` is PRT-4.1 (SB, RCT, REPLY); `address` PRT-15.4, `address_type` PRT-15.3."""

    role: str
    role_label: str
    role_table: str
    action: str
    person: Person | None
    organisation: Organisation | None
    device: str
    address_use: str
    address_type: str
    address: str
    line: int
    occurrence: int  # the n-th PRT of the message, 1-based

    def path(self, rest: str) -> str:
        """`PRT(2)-5.9` for rest `5.9`."""
        return f"PRT-{rest}" if self.occurrence == 1 else f"PRT({self.occurrence})-{rest}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A metadata OBX: its name as written and normalised to V2.1, its answer."""

    name: str
    written: Coded
    type: str
    answer: Coded
    status: str
    line: int
    occurrence: int

    @property
    def value(self) -> bool | None:
        """True for Y, False for N, None for anything else."""
        return {"Y": True, "N": False}.get(self.answer.code)


@dataclass(frozen=True, slots=True)
class MailPart:
    """The second OBX of the LPS volet: Message-ID, subject, coding system, body."""

    message_id: str
    subject: str
    system: str
    body: Payload
    line: int
    occurrence: int


@dataclass(frozen=True, slots=True)
class ErrorSegment:
    """An ERR segment: location (ERR-2), code (ERR-3), severity (ERR-4), application code (ERR-5)."""

    location: str
    code: Coded
    severity: str
    application: Coded
    line: int
    occurrence: int


@dataclass(frozen=True)
class DocumentMessage:
    """A document carried by an ORU^R01, an MDM^T02/T10/T04 (or an OUL^R22 of the V1.2 dialect).

    `event_request`, `status_request` and `order_request` are what MSH-9.2, OBX-11 of the first document and ORC-1
    say, raw; `request` is their common meaning. `document_id`/`replaced_id` are TXA-12/13 as Identifier-like EI.
    """

    message: Message = field(repr=False, compare=False)
    header: Header
    carrier: Carrier
    flow: Flow | None
    dialect: str
    patient: PidIdentity | None
    patient_class: str
    visit: Identifier | None
    order_request: str
    order_code: Coded | None
    documents: tuple[Document, ...]
    document_id: EntityId | None
    replaced_id: EntityId | None
    participants: tuple[Participant, ...]
    flag_rows: tuple[Flag, ...]
    bodies: Mapping[str, Payload]
    mail: MailPart | None
    patient_must_not_answer: bool

    @property
    def event_request(self) -> str:
        """MSH-9.2."""
        return self.header.trigger

    @property
    def status_request(self) -> str:
        """OBX-11 of the first document, empty without a document."""
        return self.documents[0].status if self.documents else ""

    @property
    def request(self) -> Request | None:
        """What is asked, when event, OBX-11 and ORC-1 agree; None when they contradict each other.

        An ORU has no request in its event; an MDM without ORC (older dialects) is read by the two others.
        """
        said = [STATUS_REQUEST.get(d.status) for d in self.documents]
        if self.carrier == "MDM":
            said.append(EVENT_REQUEST.get(self.header.trigger))
        if self.order_request or self.order_code is not None or self.carrier != "MDM":
            said.append(ORDER_REQUEST.get(self.order_request))
        return said[0] if self.documents and len(set(said)) == 1 else None

    @cached_property
    def flags(self) -> Mapping[str, bool | None]:
        """The ten flags by their V2.1 name; None when a flag is absent or is neither Y nor N."""
        found: dict[str, bool | None] = dict.fromkeys(FLAGS)
        for row in reversed(self.flag_rows):
            if row.name in found:
                found[row.name] = row.value
        return found

    def with_role(self, role: str) -> tuple[Participant, ...]:
        """The participants of a role: SB, RCT or REPLY."""
        return tuple(p for p in self.participants if p.role == role)


EVENT_REQUEST: Mapping[str, Request] = {"T02": "initial", "T10": "replacement", "T04": "deletion"}
STATUS_REQUEST: Mapping[str, Request] = {"F": "initial", "C": "replacement", "D": "deletion"}
ORDER_REQUEST: Mapping[str, Request] = {"NW": "initial", "RO": "replacement", "CA": "deletion"}


@dataclass(frozen=True, slots=True)
class EntityId:
    """An EI: `value^namespace^universal^type` (TXA-12, TXA-13)."""

    value: str
    namespace: str
    universal: str
    universal_type: str
    path: str
    line: int

    @property
    def cda_id(self) -> tuple[str, str]:
        """(root, extension) of the CDA id it stands for: `extension^^root^ISO`, or `root` alone."""
        return (self.universal, self.value) if self.universal else (self.value, "")


@dataclass(frozen=True, slots=True)
class Ack:
    """An ACK: MSA-1, MSA-2 (control id of the message answered), MSA-3, the ERR segments."""

    message: Message = field(repr=False, compare=False)
    header: Header
    code: str
    control_ref: str
    text: str
    errors: tuple[ErrorSegment, ...]

    @property
    def accepted(self) -> bool:
        """True for AA: understood and integrated."""
        return self.code == "AA"

    @property
    def version(self) -> str:
        """MSH-12."""
        return self.header.version


@dataclass(frozen=True, slots=True)
class Zam:
    """A business acknowledgement ZAM^Z01 (DMP), Z02 (MSSanté received), Z03 (MSSanté read).

    `code` is OBX-3 of the first OBX, `control_ref` its OBX-4 (MSH-10 of the message), `answer` its OBX-5.
    The second OBX gives `address_code` (OBX-3), `address_id` (OBX-4), `address_type` and `address` (OBX-5.3, 5.4).
    """

    message: Message = field(repr=False, compare=False)
    header: Header
    dialect: str
    code: Coded
    control_ref: str
    answer: Coded
    address_code: Coded | None
    address_id: str
    address_type: str
    address: str
    errors: tuple[ErrorSegment, ...]
    line: int

    @property
    def trigger(self) -> str:
        """Z01, Z02 or Z03."""
        return self.header.trigger

    @property
    def success(self) -> bool | None:
        """True for Y, False for N, None for anything else."""
        return {"Y": True, "N": False}.get(self.answer.code)


@dataclass(frozen=True, slots=True)
class Other:
    """Any other message (ADT, ORM, SIU...), of which only the header and the identity are read."""

    message: Message = field(repr=False, compare=False)
    header: Header
    patient: PidIdentity | None
    patient_class: str
    visit: Identifier | None


Read = DocumentMessage | Ack | Zam | Other
