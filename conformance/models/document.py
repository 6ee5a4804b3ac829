"""The life of a document sent to a PFI: what a case says, and what must be true after each step.

Everything here is plain data (JSON by `conformance.evidence.codec`): no identifier, no date of day. Identifiers,
trait letters and NIR digits come with the Binding when the case is driven; dates are days before the run's day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Request = Literal["initial", "replacement", "deletion"]
Carrier = Literal["ORU", "MDM", "OUL"]
Dialect = Literal["1.2", "2.0", "2.1"]
Level = Literal["N1", "N3"]


@dataclass(frozen=True, slots=True)
class Patient:
    """Traits of a fictitious patient. `birth_name` gets the binding's letters appended when driven.

    `birth_day` is days before the run's day. `department` is the two characters of the NIR (`75`, `2A`, `97`, `99`),
    `birth_place` the five-character COG. `qualified` says that the INS goes with PID-32 = VALI. `kind` is NIR or NIA.
    `homonym` keeps the binding's letters out of the name: all such patients of a run bear the same traits.
    """

    birth_name: str
    given_names: tuple[str, ...]
    sex: Literal["M", "F"]
    birth_day: int
    department: str
    birth_place: str
    kind: Literal["NIR", "NIA"] = "NIR"
    qualified: bool = True
    used_name: str | None = None
    homonym: bool = False


@dataclass(frozen=True, slots=True)
class Professional:
    """A fictitious professional. `rpps` is 11 digits with its Luhn key (sent prefixed by 8)."""

    family: str
    given: str
    rpps: str
    specialty: str = "G15_10/SM44"


@dataclass(frozen=True, slots=True)
class Structure:
    """A fictitious structure. `finess` is the 9 characters of a FINESS with its key."""

    name: str
    finess: str


@dataclass(frozen=True, slots=True)
class Flags:
    """The ten metadata flags of the volet (section 7 of the fact sheet), True meaning Y."""

    masque_ps: bool = False
    invisible_patient: bool = False
    invisible_rep_legaux: bool = False
    connexion_secrete: bool = False
    modif_conf_code: bool = False
    dest_dmp: bool = True
    dest_mss_ps: bool = False
    dest_mss_pat: bool = False
    ack_reception: bool = True
    ack_lecture: bool = False


@dataclass(frozen=True, slots=True)
class DocumentBody:
    """One form of the document: N1 (a PDF inside) or N3 (structured). `filler` is bytes of padding in the PDF."""

    level: Level = "N1"
    filler: int = 0


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """What the document is: its LOINC code or TRE_A05 code, coding system, label and CDA title."""

    code: str
    system: Literal["LN", "TRE_A05"]
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a story. A replacement or a deletion is about the document of the previous step.

    `no_reply` says that the patient, who gets a mail, must not answer it (NTE-4 = FIN under DESTMSSANTEPAT).
    """

    request: Request
    bodies: tuple[DocumentBody, ...] = (DocumentBody(),)
    flags: Flags = Flags()
    no_reply: bool = False


@dataclass(frozen=True, slots=True)
class DocumentStory:
    """A case: one patient, one document, one or more messages. `broken` names the one thing wrong, if any."""

    patient: Patient
    kind: DocumentKind
    author: Professional
    structure: Structure
    recipients: tuple[Professional, ...] = ()
    carrier: Carrier = "MDM"
    dialect: Dialect = "2.1"
    charset: Literal["UNICODE UTF-8", "8859/15"] = "UNICODE UTF-8"
    steps: tuple[Step, ...] = (Step("initial"),)
    patient_class: Literal["I", "O", "R", "N", "E"] = "I"
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """A case made from a file: its name and bytes (Base64), its expected outcome, and what must be driven before.

    `expected` is `accepted`, `rejected` or `any`. `seed` is true when a replacement or deletion needs its original:
    the exercise then derives and sends that original first.
    """

    file: str
    content: str
    expected: Literal["accepted", "rejected", "any"] = "any"
    seed: bool = False
