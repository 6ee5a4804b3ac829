"""What the platform says over MLLP: acknowledgements (ACK) and business returns (ZAM^Z01). Own templates.

Source: volet "Transmission d'un document CDA-R2 en HL7 v2", acknowledgements; HL7 v2.5 chapter 2 (enhanced mode).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conformance.reference.values import Envelope, Outcome, Received, Refusal
from conformance.standards.hl7v2.syntax import CHARSETS, Field, build, build_segment

LABELS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "203": "Unsupported version id",
    "207": "Application error",
}
"""messageErrorCondition (table 0357)."""

PROFILES = {"2.0": ("HL70136", "HL70357"), "2.1": ("expandedYes-NoIndicator", "messageErrorCondition")}
"""Names of the yes/no and error tables in each version of the volet that knows business returns."""

TEXT_LIMIT = 199


def acknowledgement(
    head: Envelope | None, control: str, own_control: str, answer: str, refusal: Refusal | None = None
) -> bytes:
    """An ACK: MSA-1 is `answer`, MSA-2 `control`; ERR tells a refusal. `head` is None for unreadable bytes."""
    head = head or _UNKNOWN
    codec = CHARSETS.get(head.charset, "utf-8")
    segments = [
        _msh(
            head,
            codec,
            own_control,
            type=("ACK", head.event, "ACK") if head.event else "ACK",
            version="2.6" if head.type == "MDM" else "2.5",
        ),
        build_segment("MSA", {1: answer, 2: _fit(control, codec)}, charset=codec),
    ]
    if refusal is not None:
        error: Field = (refusal.code, LABELS[refusal.code], "messageErrorCondition")
        place = tuple(refusal.place.split("^")) if refusal.place else None
        segments.append(build_segment("ERR", {2: place, 3: error, 4: "E"}, charset=codec))
    return build(segments)


@dataclass(frozen=True, slots=True)
class Kind:
    """A business return: event, OBX-3 of its status, OBX-3 of its recipient (empty: none), system of ERR-5."""

    event: str
    status: tuple[str, str]
    recipient: tuple[str, str]
    errors: str


DMP = Kind("Z01", ("ACK_RECEPTION_DMP", "Accusé de réception DMP"), ("", ""), "DMP_ERROR_CODE")
MAIL = Kind(
    "Z02",
    ("ACK_RECEPTION_MSS", "Accusé de réception MSSanté"),
    ("DESTINATAIRE_MSS", "Destinataire MSSanté"),
    "SMTPERRORCODE",
)
READING = Kind(
    "Z03",
    ("ACK_LECTURE_MSS", "Accusé de lecture"),
    ("LECTEUR_MSS", "Lecteur du courriel MSSanté"),
    "applicationErrorCondition",
)


def business_return(
    received: Received, reference: str, own_control: str, outcome: Outcome, kind: Kind = DMP, recipient: str = ""
) -> bytes:
    """A ZAM: what the DMP, the operator or the reader said of a document. OBX-4 is `reference`."""
    head = received.envelope
    codec = CHARSETS.get(head.charset, "utf-8")
    yes_no, errors = PROFILES.get(received.dialect, PROFILES["2.1"])
    version = received.dialect if received.dialect in PROFILES else "2.1"
    status: Field = (kind.status[0], _fit(kind.status[1], codec), "AckMetierZAM")
    verdict: Field = ("Y" if outcome.success else "N", "", yes_no)
    segments = [
        _msh(
            head,
            codec,
            own_control,
            type=("ZAM", kind.event, "ZAM_Z01"),
            version="2.6",
            profile=(version, "CISIS_CDA_HL7_V2"),
        ),
        build_segment(
            "OBX",
            {1: "1", 2: "CWE", 3: status, 4: _fit(reference, codec), 5: verdict, 11: "F"},
            charset=codec,
        ),
    ]
    if kind.recipient[0]:
        who: Field = (kind.recipient[0], _fit(kind.recipient[1], codec), "AckMetierZAM")
        address: Field = ("", "", "X.400", _fit(recipient, codec))
        segments.append(build_segment("OBX", {1: "2", 2: "XTN", 3: who, 5: address, 11: "F"}, charset=codec))
    if not outcome.success:
        cause: Field = (_fit(outcome.code, codec), _fit(outcome.label[:TEXT_LIMIT], codec), kind.errors)
        general: Field = ("207", LABELS["207"], errors)
        segments.append(build_segment("ERR", {3: general, 4: "E", 5: cause}, charset=codec))
    return build(segments)


_UNKNOWN = Envelope("", "", "", "", "", "", "", "P", "", "UNICODE UTF-8", "", "", "")


def _fit(text: str, codec: str) -> str:
    """The text with `?` for what the character set cannot carry."""
    return text.encode(codec, "replace").decode(codec)


def _msh(
    head: Envelope, codec: str, own_control: str, *, type: Field, version: str, profile: Field | None = None
) -> bytes:
    """MSH of a message that goes back to a sender: applications and facilities change places."""
    fields: dict[int, Field] = {
        3: _fit(head.to_application, codec),
        4: _fit(head.to_facility, codec),
        5: _fit(head.application, codec),
        6: _fit(head.facility, codec),
        7: datetime.now().astimezone().strftime("%Y%m%d%H%M%S"),
        9: type,
        10: own_control,
        11: head.processing,
        12: version,
        17: "FRA",
        18: head.charset or "UNICODE UTF-8",
        21: profile,
    }
    return build_segment("MSH", fields if profile else {n: v for n, v in fields.items() if n != 21}, charset=codec)
