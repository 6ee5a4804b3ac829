"""What the PAM builders take: frozen dataclasses of fully resolved values (no clock, no identifier made here)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conformance.standards.hl7v2.orders import Envelope, Ins, LocalId

PamVersion = Literal["2.9", "2.11"]
Action = Literal["INSERT", "UPDATE", "CANCEL"]


@dataclass(frozen=True, slots=True)
class Address:
    """A home address (XAD of type H); `country` is an ISO 3166 code of three letters."""

    street: str = ""
    town: str = ""
    postal_code: str = ""
    country: str = "FRA"


@dataclass(frozen=True, slots=True)
class Person:
    """The patient of a PAM message. Dates are AAAAMMJJ as they must be written (`00` allowed).

    `ids` are the local identifiers (IPP first). `given_names` is the birth list; `first_given` is its first name when
    left empty. `reliability` is PID-32 in order; the INS is written as given, qualified or not: the caller decides.
    """

    birth_name: str
    given_names: tuple[str, ...]
    birth: str
    sex: str
    birth_place: str
    ids: tuple[LocalId, ...]
    ins: Ins | None = None
    reliability: tuple[str, ...] = ("PROV",)
    first_given: str = ""
    used_name: str = ""
    used_given: str = ""
    phone: str = ""
    mail: str = ""
    address: Address | None = None
    account: LocalId | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """PV1 of a movement: class (I, O, E, R, N), UF of accommodation, venue number, entry and exit."""

    patient_class: Literal["I", "O", "E", "R", "N"] = "I"
    unit: str = ""
    facility: str = ""
    visit: LocalId | None = None
    admitted_at: datetime | None = None
    discharged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """ZBE: the movement's number under an authority, its start, its action; units are (label, code) of a UF.

    `origin` is the event first sent, for UPDATE and CANCEL. `authority` is a namespace and its universal id.
    """

    number: str
    authority: tuple[str, str]
    start: datetime
    action: Action = "INSERT"
    historic: bool = False
    origin: str = ""
    medical: tuple[str, str] | None = None
    care: tuple[str, str] | None = None
    nature: str = "HMS"


@dataclass(frozen=True, slots=True)
class Agreement:
    """ZFA: status of the DMP and the two consents; a date is written unless its code is NA."""

    dmp: Literal["ACTIF", "FERME", "INEXISTANT"] = "ACTIF"
    collected_at: datetime | None = None
    feeding: Literal["INO", "IO", "NA"] | None = None
    consultation: Literal["IC", "INC", "NA"] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """ZFD: how the traits were got. `mode` SM, CV, INSI, CB, RFID; `document` a code of ZFD-7 (PA, CN...)."""

    mode: str = ""
    asked_on: str = ""
    document: str = ""
    document_until: str = ""
    corrected: bool | None = None
    lunar: str = ""
    sms: bool | None = None


@dataclass(frozen=True, slots=True)
class AdtOrder:
    """One PAM message, every value resolved. `event_at` is EVN-2 (the sending time when None).

    `merged` are the identifiers that disappear (MRG-1) with `merged_name` (MRG-7: family, given). `accept` and
    `application` are MSH-15 and MSH-16 (AL, NE, ER, SU): both empty is the original mode.
    """

    envelope: Envelope
    person: Person
    version: PamVersion = "2.11"
    event_at: datetime | None = None
    occurred_at: datetime | None = None
    planned_at: datetime | None = None
    merged: tuple[LocalId, ...] = ()
    merged_name: tuple[str, str] | None = None
    stay: Stay | None = None
    move: Move | None = None
    agreement: Agreement | None = None
    origin: Origin | None = None
    accept: str = ""
    application: str = ""
