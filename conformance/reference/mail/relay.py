"""Handing a received document to the destination system: MDM^T02/T10 of the volet "transmission à un LPS"."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from conformance.reference.config import Organisation, Relay
from conformance.reference.values import Document
from conformance.standards.hl7v2.syntax import Field, build, build_segment

FLAGS = (
    ("MASQUE_PS", "Masqué aux professionnels de Santé"),
    ("INVISIBLE_PATIENT", "Document Non Visible par le patient"),
    ("INVISIBLE_REP_LEGAUX", "Non visible par les représentants Légaux du patient"),
    ("MODIF_CONF_CODE", "Modification Confidentiality Code"),
)
MASKS = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
}
"""Confidentiality code of METADATA.XML -> flag."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A document to hand over: the mail it came in, its patient (matricule and OID), its confidentiality codes."""

    document: Document
    matricule: str
    oid: str
    codes: tuple[str, ...]
    message_id: str
    subject: str
    text: str
    sender: str
    recipient: str


def message(handed: Handed, control: str, relay: Relay, house: Organisation) -> bytes:
    """The message, in UTF-8."""
    cda, now = handed.document.cda, datetime.now().astimezone().strftime("%Y%m%d%H%M%S")
    event, order, status = ("T10", "RO", "C") if cda.replaced else ("T02", "NW", "F")
    type_: Field = (cda.type.code, cda.type.label, _system(cda.type.system))
    masks = {MASKS[c] for c in handed.codes if c in MASKS}
    segments = [
        build_segment(
            "MSH",
            {
                3: house.application,
                4: house.facility,
                5: relay.application,
                6: relay.facility,
                7: now,
                9: ("MDM", event, "MDM_T02"),
                10: control,
                11: "P",
                12: "2.6",
                17: "FRA",
                18: "UNICODE UTF-8",
                21: ("1.1", "CISIS_CDA_HL7_LPS"),
            },
        ),
        build_segment("EVN", {2: now}),
        _pid(handed),
        build_segment("PV1", {1: "1", 2: "N"}),
        build_segment("ORC", {1: order}),
        build_segment("OBR", {1: "1", 4: type_}),
        build_segment(
            "TXA",
            {1: "1", 2: type_, 3: "TEXT", 12: cda.unique_id, 13: cda.replaced or None, 17: "AU"},
        ),
        build_segment(
            "OBX", {1: "1", 2: "ED", 3: type_, 5: ("", "text", "XML", "Base64", _b64(handed.document.data)), 11: status}
        ),
        *_participants(handed),
        build_segment(
            "OBX",
            {
                1: "2",
                2: "ED",
                3: (handed.message_id, handed.subject),
                5: ("", "text", "", "Base64", _b64(handed.text.encode())),
                11: "F",
            },
        ),
        *(
            build_segment(
                "OBX",
                {
                    1: str(number),
                    2: "CWE",
                    3: (name, label, "MetaDMPMSS"),
                    5: ("Y" if name in masks else "N", "", "expandedYes-NoIndicator"),
                    11: "F",
                },
            )
            for number, (name, label) in enumerate(FLAGS, 3)
        ),
    ]
    return build(segments)


def _pid(handed: Handed) -> bytes:
    cda = handed.document.cda
    traits = cda.patient
    kind = "ASIP-SANTE-INS-NIA" if handed.oid.endswith(".9") else "ASIP-SANTE-INS-NIR"
    identifiers: list[Field] = [
        (handed.matricule, "", "", (kind, handed.oid, "ISO"), "INS"),
        *(
            (extension, "", "", ("", root, "ISO"), "PI")
            for extension, root in cda.patient_ids
            if not root.startswith("1.2.250.1.213.1.4.")
        ),
    ]
    name: Field = (traits.family, traits.given, "", "", "", "", "L")
    return build_segment("PID", {3: identifiers, 5: name, 7: traits.birth_day, 8: traits.sex, 32: "VALI"})


def _participants(handed: Handed) -> list[bytes]:
    author = handed.document.cda.authors[0] if handed.document.cda.authors else None
    sender: dict[int, Field] = {
        2: "UC",
        4: ("SB", "Send by", "participation"),
        15: ("", "", "X.400", handed.sender),
    }
    if author is not None and author.person.id and author.person.kind != "RI":
        who = author.person
        sender[5] = (who.id, who.family, who.given, "", "", "", "", "", ("", who.root, "ISO"), "", "", "", who.kind)
    if author is not None and author.institution is not None and author.institution.id:
        house = author.institution
        sender[8] = (house.name, "", "", "", "", ("", house.root, "ISO"), "IDNST", "", "", house.id)
    recipient: dict[int, Field] = {
        2: "UC",
        4: ("RCT", "Result Copies To", "participation"),
        15: ("", "", "X.400", handed.recipient),
    }
    return [build_segment("PRT", sender), build_segment("PRT", recipient)]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _system(oid: str) -> str:
    return {"2.16.840.1.113883.6.1": "LN", "1.2.250.1.213.1.1.4.12": "TRE_A05"}.get(oid, "TRE_A05")
