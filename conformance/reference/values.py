"""What the platform knows of a message it received: plain values, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Request = Literal["initial", "replacement", "deletion"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded value: code, label, OID or name of its system."""

    code: str
    label: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Ins:
    """An identité nationale de santé: the 15 characters of the matricule and the OID of its authority."""

    matricule: str
    oid: str

    def cx(self) -> str:
        """The form the DMP expects in patientId and in the VIHF."""
        return f"{self.matricule}^^^&{self.oid}&ISO^NH"


@dataclass(frozen=True, slots=True)
class Person:
    """A professional, a person or a device as XCN: `id` may be empty; `kind` is the XCN-13 type."""

    id: str = ""
    family: str = ""
    given: str = ""
    root: str = "1.2.250.1.71.4.2.1"
    kind: str = "IDNPS"


@dataclass(frozen=True, slots=True)
class Institution:
    """A structure as XON: `id` is a Struct_IdNat (`1` + FINESS)."""

    id: str = ""
    name: str = ""
    root: str = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Traits:
    """What identifies a patient besides identifiers; `birth_day` is AAAAMMJJ.

    `givens` are all first names, `birth_place` the INSEE code of the place of birth; a CDA header does not give them.
    """

    family: str = ""
    given: str = ""
    used: str = ""
    birth_day: str = ""
    sex: str = ""
    givens: str = ""
    birth_place: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """One author of a CDA, with role and specialty when told."""

    person: Person
    institution: Institution | None = None
    role: str = ""
    specialty: Coded | None = None


@dataclass(frozen=True, slots=True)
class Cda:
    """The header of a CDA document. Times are as written in the document."""

    unique_id: str
    level: Literal["N1", "N3"]
    media: str  # mediaType of a non-XML body
    mime: str  # text/xml, or application/xslt+xml when it carries its own presentation
    templates: tuple[str, ...]
    type: Coded
    title: str
    effective_time: str
    confidentiality: Coded
    language: str
    patient_ids: tuple[tuple[str, str], ...]  # (extension, root)
    patient: Traits
    authors: tuple[Author, ...]
    legal: Person | None
    start: str
    stop: str
    events: tuple[Coded, ...]
    practice: Coded | None
    facility: Coded | None
    orders: tuple[tuple[str, str], ...]
    accessions: tuple[tuple[str, str], ...]
    replaced: str  # id of the parent document when RPLC, else empty
    recipients: tuple[str, ...] = ()  # mailboxes of the intended recipients


@dataclass(frozen=True, slots=True)
class Document:
    """One form of the document carried by a message: its OBX number, type code, status, bytes and header."""

    position: str
    code: Coded
    status: str
    data: bytes
    cda: Cda


@dataclass(frozen=True, slots=True)
class Envelope:
    """The MSH of a message, as texts. Known even when the rest cannot be read."""

    control: str
    type: str
    event: str
    application: str
    facility: str
    to_application: str
    to_facility: str
    processing: str
    version: str
    charset: str  # MSH-18 as written
    profile: str  # MSH-21, as `2.1^CISIS_CDA_HL7_V2`
    accept_ack: str
    application_ack: str


@dataclass(frozen=True, slots=True)
class Received:
    """A whole document message, read. `flags` maps short flag names to their letter (`Y`, `N` or what was written)."""

    envelope: Envelope
    dialect: Literal["1.2", "2.0", "2.1"]
    order: str  # ORC-1
    documents: tuple[Document, ...]
    flags: Mapping[str, str]
    ins: Ins | None  # the INS of PID-3, whatever the identity's status
    qualified: bool
    local_ids: tuple[tuple[str, str], ...]  # other PID-3: (value, authority OID)
    patient: Traits
    patient_class: str
    sender: Person | None
    institution: Institution | None
    recipients: tuple[str, ...]  # MSSanté addresses
    replaced: str  # TXA-13, root
    replies: tuple[str, ...] = ()  # MSSanté addresses to answer to (PRT REPLY)
    bodies: Mapping[str, str] = field(default_factory=dict)  # CORPSMAIL_PS, CORPSMAIL_PATIENT -> text
    final: bool = False  # the patient must not answer (NTE-4 FIN under DESTMSSANTEPAT)

    def flag(self, name: str) -> bool:
        """True when a flag says Y."""
        return self.flags.get(name) == "Y"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is refused: code of messageErrorCondition (ERR-3), the place (ERR-2), MSA-1."""

    code: str
    place: str = ""
    answer: Literal["AE", "AR"] = "AE"


class Refused(Exception):
    """Raised while reading: the message cannot be taken, for this reason."""

    def __init__(self, code: str, place: str = "") -> None:
        self.refusal = Refusal(code, place)
        super().__init__(code, place)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document at the DMP: success, or the code and label of the failure."""

    success: bool
    code: str = ""
    label: str = ""
