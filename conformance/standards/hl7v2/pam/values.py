"""Typed values of a PAM message (ADT): patient, prior identifiers, movement, Z segments; frozen, texts as written."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.syntax import Message
from conformance.standards.hl7v2.values import Header, Identifier, PersonName, PidIdentity


@dataclass(frozen=True, slots=True)
class PamPatient(PidIdentity):
    """PID of a PAM message, with the secondary traits. `identifiers`, `names`, `status` (PID-32) keep their order.

    `phones` are XTN-12 (or XTN-1) of PID-13 and 14, `mails` their XTN-4, `address` the first PID-11 that is not BDL:
    street, other designation, town, postal code, country.
    """

    phones: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    address: tuple[str, str, str, str, str] | None = None
    mother_name: str = ""
    died_at: str = ""
    updated_at: str = ""

    @property
    def reliability(self) -> tuple[str, ...]:
        """PID-32 in order: `VALI`, `PROV`, and attributes such as `HOMA`, `DOUT`, `FICT`."""
        return self.status

    @property
    def matricule(self) -> str:
        """The INS (15 characters) of the repetition of PID-3 typed INS, empty without one."""
        return next((i.value for i in self.identifiers if i.type == "INS"), "")

    @property
    def oid(self) -> str:
        """The OID under which the INS is sent, empty without an INS."""
        return next((i.oid for i in self.identifiers if i.type == "INS"), "")

    @property
    def local_ids(self) -> tuple[Identifier, ...]:
        """The repetitions of PID-3 that are not an INS."""
        return tuple(i for i in self.identifiers if i.type != "INS")

    @property
    def ipps(self) -> tuple[str, ...]:
        """The values of the local identifiers typed PI, in order."""
        return tuple(i.value for i in self.identifiers if i.type == "PI" and i.value)

    @property
    def birth_name(self) -> str:
        """XPN-1 of the name of type L."""
        return self._of("L").family

    @property
    def first_given(self) -> str:
        """XPN-2 of the name of type L: the premier prénom de naissance."""
        return self._of("L").given

    @property
    def given_names(self) -> tuple[str, ...]:
        """XPN-3 of the name of type L: the list of birth given names, first one included."""
        return self._of("L").given_list

    @property
    def used_name(self) -> str:
        """XPN-1 of the name of type D, empty without one."""
        return self._of("D").family

    @property
    def used_given(self) -> str:
        """XPN-2 of the name of type D, empty without one."""
        return self._of("D").given

    def _of(self, type: str) -> PersonName:
        return next((n for n in self.names if n.type == type), _NO_NAME)


_NO_NAME = PersonName("", "", (), "", "PID-5")


@dataclass(frozen=True, slots=True)
class Unit:
    """An XON of ZBE-7 or ZBE-8: label, authority, kind (`UF`), code of the unit."""

    label: str
    authority: str
    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Movement:
    """ZBE. `ids` are the values of ZBE-1 with their authorities, `action` INSERT, UPDATE or CANCEL.

    `historic` is None when ZBE-5 is neither Y nor N; `origin` is the event first sent (ZBE-6), `nature` ZBE-9.
    """

    ids: tuple[tuple[str, str], ...]
    start: str
    action: str
    historic: bool | None
    origin: str
    medical: Unit | None
    care: Unit | None
    nature: str
    line: int


@dataclass(frozen=True, slots=True)
class Consent:
    """ZFA: status of the DMP (ZFA-1), feeding (ZFA-9, 10) and consultation (ZFA-11, 12) with their dates."""

    dmp: str
    collected_at: str
    closed_at: str
    feeding: str
    feeding_at: str
    consultation: str
    consultation_at: str
    line: int


@dataclass(frozen=True, slots=True)
class Collection:
    """ZFD: lunar date, weeks of gestation, consent to SMS, date corrected, how and when the INS was got, document.

    `corrected` is None when ZFD-4 is neither Y nor N; `mode` SM, CV, INSI, CB, RFID, AV; `document` a code of ZFD-7.
    """

    lunar: str
    weeks: str
    sms: str
    corrected: bool | None
    mode: str
    asked_at: str
    document: str
    document_until: str
    line: int


@dataclass(frozen=True)
class AdtMessage:
    """A PAM message. `version` is the extension it declares: `2.9`, `2.11`..., empty when MSH-12 and 21 say none.

    `merged` are the prior identifiers (MRG-1) of the first PATIENT group, `groups` how many PID the message holds.
    `recorded_at`, `planned_at`, `occurred_at` are EVN-2, 3 and 6. `visit` is PV1-19, `location` PV1-3.1 (UF).
    """

    message: Message = field(repr=False, compare=False)
    header: Header
    event: str
    structure: str
    version: str
    patient: PamPatient | None
    merged: tuple[Identifier, ...]
    groups: int
    recorded_at: str
    planned_at: str
    occurred_at: str
    patient_class: str
    location: str
    visit: Identifier | None
    zbe: Movement | None
    zfa: Consent | None
    zfd: Collection | None

    @property
    def transaction(self) -> str:
        """`ITI-30`, `ITI-31`, or empty for an event that PAM FR does not have."""
        return events.transaction(self.event)

    @property
    def known(self) -> bool:
        """True when PAM FR has the event."""
        return self.event in events.STRUCTURES
