"""What the builders take: frozen dataclasses of fully resolved values (no clock, no identifier made here)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from conformance.standards.hl7v2.values import Coded, Request

Charset = Literal["UNICODE UTF-8", "8859/15"]
PfiDialect = Literal["1.2", "2.0", "2.1"]
LpsDialect = Literal["1.0", "1.1"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An application and its facility (MSH-3/4, MSH-5/6)."""

    application: str
    facility: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MSH needs. `sent_at` must carry an offset. `processing`: P production, T test, D debug."""

    sender: Endpoint
    receiver: Endpoint
    control_id: str
    sent_at: datetime
    charset: Charset = "UNICODE UTF-8"
    processing: Literal["P", "T", "D"] = "P"


@dataclass(frozen=True, slots=True)
class Ins:
    """A qualified INS: 15 characters, its OID, its namespace."""

    matricule: str
    oid: str
    namespace: str = "ASIP-SANTE-INS-NIR"


@dataclass(frozen=True, slots=True)
class LocalId:
    """An identifier given by an authority: IPP (`PI`), dossier (`AN`), venue (`VN`)."""

    value: str
    namespace: str
    oid: str
    oid_type: str = "ISO"
    type: str = "PI"


@dataclass(frozen=True, slots=True)
class PatientTraits:
    """Who the patient is. `given_names` is the list of birth given names, first one first.

    With `ins`, the identity is sent as qualified (PID-3 INS and PID-32 = VALI) unless `status` says otherwise.
    """

    birth_name: str
    given_names: tuple[str, ...]
    birth_date: date
    sex: Literal["M", "F", "U"]
    birth_place: str = ""
    ins: Ins | None = None
    local_ids: tuple[LocalId, ...] = ()
    used_name: str | None = None
    used_given: str | None = None
    status: tuple[str, ...] = ()
    account: LocalId | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """PV1: patient class (PV1-2) and venue number (PV1-19)."""

    patient_class: Literal["I", "O", "R", "N", "E"] = "I"
    number: LocalId | None = None


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A professional as PRT-5 names it: `id` is `8` + RPPS."""

    id: str
    family: str
    given: str
    id_type: Literal["IDNPS", "RPPS"] = "IDNPS"


@dataclass(frozen=True, slots=True)
class Structure:
    """An organisation as PRT-8 names it. `oid` is the authority (1.2.250.1.71.4.2.2), or the FINESS for a UF."""

    name: str
    id: str
    id_type: Literal["FINEJ", "FINEG", "IDNST", "UF", "SVR"] = "FINEG"
    authority: str = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Sender:
    """PRT SB: a person or a device, and a structure; `address` is its MSSanté address (LPS volet)."""

    structure: Structure | None = None
    person: Practitioner | None = None
    device: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """PRT RCT: an MSSanté address and whom it belongs to (a professional, an organisation, or the patient).

    `ins` is the patient's matricule when PID does not give it, the identity not being qualified.
    """

    address: str
    person: Practitioner | None = None
    structure: Structure | None = None
    patient: bool = False
    ins: Ins | None = None


@dataclass(frozen=True, slots=True)
class DocumentOrder:
    """One document message towards the PFI, every value resolved.

    `documents` holds one CDA, or two forms of one content (N1 then N3, ORU only). `flags` maps V2.1 names to
    True (Y) or False (N); those left out are N. `document_id` and `replaced_id` are OIDs (TXA-12, TXA-13).
    `bodies` maps CORPSMAIL_PS / CORPSMAIL_PATIENT to plain text.
    """

    envelope: Envelope
    patient: PatientTraits
    visit: Visit
    request: Request
    kind: Coded
    documents: tuple[bytes, ...]
    document_id: str
    sender: Sender
    dialect: PfiDialect = "2.1"
    replaced_id: str | None = None
    recipients: tuple[Recipient, ...] = ()
    reply_to: tuple[str, ...] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    bodies: Mapping[str, str] = field(default_factory=dict)
    patient_must_not_answer: bool = False
    event_at: datetime | None = None  # EVN-2 and TXA-4; the sending time when None


@dataclass(frozen=True, slots=True)
class LpsOrder:
    """One document message from the PFI to a LPS (a received MSSanté mail). `flags` as in DocumentOrder."""

    envelope: Envelope
    patient: PatientTraits
    request: Request
    kind: Coded
    document: bytes
    document_id: str
    sender: Sender
    message_id: str
    subject: str
    body: str
    dialect: LpsDialect = "1.1"
    replaced_id: str | None = None
    recipients: tuple[Recipient, ...] = ()
    reply_to: tuple[str, ...] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One ERR segment: location `PID^1^3`, code of table 0357, severity E F I W, application code."""

    code: Coded
    severity: Literal["E", "F", "I", "W"] = "E"
    location: str = ""
    application: Coded | None = None
