"""What the platform accepts, and the small decisions it takes: `Behaviour` lists those that a defect may replace.

Sources: volet "Transmission d'un document CDA-R2 en HL7 v2" (requests, flags, acknowledgements) and the mapping of
its annex to XDS and VIHF; DMP guide for the form of identifiers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from conformance.reference.values import (
    Cda,
    Coded,
    Document,
    Envelope,
    Ins,
    Outcome,
    Received,
    Refusal,
    Request,
    Traits,
)

MESSAGES = {"ORU": ("R01",), "MDM": ("T02", "T10", "T04"), "OUL": ("R22",)}
"""Messages that carry documents. OUL^R22 belongs to the version 1.2 of the volet (laboratory)."""

IDENTITIES = {"ORM": ("O01",), "SIU": ("S12", "S13", "S14", "S15", "S26")}
"""Other messages taken in for their PID: an order, an appointment."""

BY_EVENT: dict[str, Request] = {"T02": "initial", "T10": "replacement", "T04": "deletion"}
BY_STATUS: dict[str, Request] = {"F": "initial", "C": "replacement", "D": "deletion"}
BY_ORDER: dict[str, Request] = {"NW": "initial", "RO": "replacement", "CA": "deletion"}
CONFIDENTIALITY = "1.2.250.1.213.1.1.4.13"
MASKS = (
    ("MASQUE_PS", Coded("MASQUE_PS", "Masqué aux professionnels de santé", CONFIDENTIALITY)),
    ("INVISIBLE_PATIENT", Coded("INVISIBLE_PATIENT", "Non visible par le patient", CONFIDENTIALITY)),
    (
        "INVISIBLE_REP_LEGAUX",
        Coded("INVISIBLE_REPRESENTANTS_LEGAUX", "Non visible par les représentants légaux", CONFIDENTIALITY),
    ),
)


@dataclass(slots=True)
class Memory:
    """What is remembered between messages: the last control id acknowledged, the last patients fed."""

    previous_control: str = ""
    current_patient: Ins | None = None
    previous_patient: Ins | None = None

    def saw_patient(self, ins: Ins) -> None:
        """Note the patient of a message taken in."""
        if ins != self.current_patient:
            self.previous_patient, self.current_patient = self.current_patient, ins


def request_of(received: Received) -> Request:
    """What is asked, by OBX-11 of the document (the only place that an ORU and an MDM share)."""
    return BY_STATUS.get(received.documents[0].status, "initial")


def unsupported(head: Envelope) -> Refusal | None:
    """Refuse the messages that carry neither a document of the volet nor an identity we take in."""
    known = {**MESSAGES, **IDENTITIES}
    if head.type not in known:
        return Refusal("200", "MSH^1^9")
    return None if head.event in known[head.type] else Refusal("201", "MSH^1^9")


def refused_request(received: Received) -> Refusal | None:
    """Refuse a kind of request: initial transmission, replacement and deletion are all taken.

    A replacement must name what it replaces, in the CDA or in TXA-13.
    """
    if request_of(received) != "replacement":
        return None
    named = received.replaced or any(d.cda.replaced for d in received.documents)
    return None if named else Refusal("101", "TXA^1^13")


def incoherent(received: Received) -> Refusal | None:
    """Refuse a message whose event, OBX-11 and ORC-1 do not ask for the same thing.

    V2.1 knows no ORC-1 but NW, RO and CA; the older dialects print others (SC) or no ORC, which say nothing.
    """
    asked = set()
    for document in received.documents:
        if document.status not in BY_STATUS:
            return Refusal("103", f"OBX^{document.position}^11")
        asked.add(BY_STATUS[document.status])
    if received.envelope.type == "MDM":
        asked.add(BY_EVENT[received.envelope.event])
    if received.order in BY_ORDER:
        asked.add(BY_ORDER[received.order])
    elif received.dialect == "2.1":
        return Refusal("103" if received.order else "101", "ORC^1^1")
    return None if len(asked) == 1 else Refusal("207", "OBX^1^11")


def refused_flags(received: Received) -> Refusal | None:
    """Refuse a document for its flags: no combination of masking flags is a reason to refuse it."""
    del received
    return None


def other_patient(received: Received) -> Refusal | None:
    """Refuse a CDA of another patient than the PID: no identifier in common, and another INS or other traits."""
    for document in received.documents:
        if _differs(received, document.cda):
            return Refusal("207", "PID^1^3")
    return None


def _differs(received: Received, document: Cda) -> bool:
    theirs = {extension for extension, _ in document.patient_ids}
    document_ins = [extension for extension, root in document.patient_ids if root.startswith("1.2.250.1.213.1.4.")]
    if received.ins is not None and document_ins:
        return received.ins.matricule not in document_ins
    ours = {value for value, _ in received.local_ids} | ({received.ins.matricule} if received.ins else set())
    if ours & theirs:
        return False
    return _key(received.patient) != _key(document.patient)


def _key(traits: Traits) -> tuple[str, str]:
    """Birth name without accent, case or punctuation, and birth day."""
    plain = unicodedata.normalize("NFKD", traits.family).upper()
    return "".join(c for c in plain if "A" <= c <= "Z"), traits.birth_day


def acknowledged_control(head: Envelope, memory: Memory) -> str:
    """MSA-2: the control id of the message acknowledged."""
    del memory
    return head.control


def is_fed(received: Received) -> bool:
    """Whether the message goes to the DMP: asked for (a missing flag asks for it), and the identity is qualified."""
    return received.flags.get("DESTDMP", "Y") == "Y" and received.qualified


def version_fed(documents: tuple[Document, ...]) -> Document:
    """The form that goes to the DMP: the N1 version, or the only one."""
    return next((d for d in documents if d.cda.level == "N1"), documents[0])


def confidentiality_codes(received: Received, document: Document) -> tuple[Coded, ...]:
    """The document's own code, then one for each masking flag set to Y."""
    return (document.cda.confidentiality, *(code for name, code in MASKS if received.flag(name)))


def secret_connection(received: Received) -> bool:
    """Whether the VIHF carries the confidentiality-code attribute."""
    return received.flag("CONNEXION_SECRETE")


def patient_fed(ins: Ins, previous: Ins | None) -> Ins:
    """The patient whom the submission is about. `previous` is the last other patient received before this one."""
    del previous
    return ins


def patient_id(ins: Ins) -> str:
    """How the patient is written in XDS metadata."""
    return ins.cx()


def created(effective_time: str) -> str:
    """When a document was made: the effectiveTime of its header, from which creationTime comes."""
    return effective_time


def asks_access() -> bool:
    """Whether access to the patient's DMP is asked for before feeding: never (SC.DMP/CONF.05)."""
    return False


def is_returned(received: Received, outcome: Outcome) -> bool:
    """Whether a business return goes to the sender: when it asked for one."""
    del outcome
    return received.flag("ACK_RECEPTION")


def return_reference(head: Envelope, own_control: str) -> str:
    """OBX-4 of the return: the control id of the document's message."""
    del own_control
    return head.control


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The replaceable decisions of the platform. A defect is `dataclasses.replace` of one of them."""

    unsupported: Callable[[Envelope], Refusal | None] = unsupported
    refused_request: Callable[[Received], Refusal | None] = refused_request
    incoherent: Callable[[Received], Refusal | None] = incoherent
    refused_flags: Callable[[Received], Refusal | None] = refused_flags
    acknowledged_control: Callable[[Envelope, Memory], str] = acknowledged_control
    is_fed: Callable[[Received], bool] = is_fed
    version_fed: Callable[[tuple[Document, ...]], Document] = version_fed
    confidentiality_codes: Callable[[Received, Document], tuple[Coded, ...]] = confidentiality_codes
    secret_connection: Callable[[Received], bool] = secret_connection
    patient_fed: Callable[[Ins, Ins | None], Ins] = patient_fed
    patient_id: Callable[[Ins], str] = patient_id
    created: Callable[[str], str] = created
    asks_access: Callable[[], bool] = asks_access
    is_returned: Callable[[Received, Outcome], bool] = is_returned
    return_reference: Callable[[Envelope, str], str] = return_reference

    def refusal(self, received: Received) -> Refusal | None:
        """The first reason to refuse a message that could be read, or None."""
        checks = (self.incoherent, self.refused_request, self.refused_flags, other_patient)
        return next((found for check in checks if (found := check(received)) is not None), None)
