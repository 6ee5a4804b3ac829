"""Prescription et dispensation (CI-SIS, volets eP-MED-DM 2024.01 et eDISP-MED 2024.01; IHE Pharmacy PRE, DIS)."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from conformance.standards.cda.builders import CdaSpec, Content, PersonSpec, StructureSpec, entity, organisation
from conformance.standards.cda.marks import coded, el, reference, status, templates, text, timestamp, ts, unknown
from conformance.standards.cda.volets.clinical import ACT_CODE, ATC, CIS, EDQM, TA_ASIP, observed, period
from conformance.standards.cda.volets.parts import entry, loinc, own_id, pdf_copy, section, table

IHE_ACT = "1.3.6.1.4.1.19376.1.5.3.2"
SUBSTITUTION = "2.16.840.1.113883.5.1070"
PHARMACY_ITEM = "1.3.6.1.4.1.19376.1.9.2.2"
CIP = "1.2.250.1.213.2.3.2"

_NAMESPACES = (("pharm", "urn:ihe:pharm:medication"),)
_PRODUCT = ("2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2", "1.2.250.1.213.1.1.3.43")


@dataclass(frozen=True, slots=True)
class Line:
    """One medicine: CIS and CIP13 codes, name, ATC code and label, form (EDQM), boxes, period, instruction."""

    cis: str
    cip: str
    label: str
    atc: str
    atc_label: str
    start: date
    end: date
    instruction: str
    form: tuple[str, str] = ("10219000", "Comprimé")
    boxes: int = 1
    renewals: int = 0


def prescription(spec: CdaSpec, lines: Sequence[Line]) -> CdaSpec:
    """The spec of an e-prescription of medicines; `service_stop` is the end of its validity."""
    body = _bar_code(spec) + _prescribed(spec, lines) + pdf_copy(spec.uid, "Prescription")
    content = Content(
        templates=(
            ("1.3.6.1.4.1.19376.1.9.1.1.1", ""),
            ("1.3.6.1.4.1.19376.1.5.3.1.1.1", ""),
            ("1.2.250.1.213.1.1.1.39", "2024.01"),
        ),
        body=body,
        act=el("id", {"root": "1.2.250.1.215.500.1.1", "extension": spec.uid.rpartition(".")[2]})
        + loinc("code", "57833-6", "Prescription de produits de santé"),
        namespaces=_NAMESPACES,
    )
    return replace(
        spec,
        level="N3",
        code="57833-6",
        label="Prescription de produits de santé",
        title="Prescription de médicaments et/ou de dispositifs médicaux",
        content=content,
    )


def dispensation(
    spec: CdaSpec, lines: Sequence[Line], *, prescriber: PersonSpec, practice: StructureSpec, prescribed: str
) -> CdaSpec:
    """The spec of a dispensation by a pharmacist; `prescribed` is the id of the prescription (an OID)."""
    content = Content(
        templates=(
            ("1.3.6.1.4.1.19376.1.5.3.1.1.1", ""),
            ("1.3.6.1.4.1.19376.1.9.1.1.3", ""),
            ("1.2.250.1.213.1.1.1.54", "2024.01"),
        ),
        body=_dispensed(spec, lines, prescriber, practice, prescribed),
        orders=el("inFulfillmentOf", None, el("order", None, el("id", {"root": prescribed}))),
        act=own_id(spec.uid, "event") + loinc("code", "60593-1", "Dispensation médicamenteuse"),
        responsible=el(
            "responsibleParty",
            None,
            el("assignedEntity", None, entity(spec.author, organisation("representedOrganization", spec.structure))),
        ),
        namespaces=_NAMESPACES,
    )
    return replace(
        spec,
        level="N3",
        code="60593-1",
        label="Dispensation médicamenteuse",
        title="Dispensation médicamenteuse",
        facility=("SA33", "Pharmacie d'officine"),
        content=content,
    )


def _rows(lines: Sequence[Line]) -> list[tuple[tuple[str, str], ...]]:
    return [
        (
            (line.label, f"med-{n}"),
            (str(line.boxes), ""),
            (line.instruction, f"consigne-{n}"),
            ("Sans objet", f"contexte-{n}"),
        )
        for n, line in enumerate(lines, 1)
    ]


_HEADS = ("Médicament", "Boîtes", "Consigne", "Contexte")


def _bar_code(spec: CdaSpec) -> str:
    shown = el("renderMultiMedia", {"referencedObject": "code-2d"})
    media = el(
        "observationMedia",
        {"classCode": "OBS", "moodCode": "EVN", "ID": "code-2d"},
        templates("2.16.840.1.113883.10.12.304", "1.2.250.1.213.1.1.3.103"),
        text("value", base64.b64encode(_png()).decode("ascii"), mediaType="image/png", representation="B64"),
    )
    return section(
        ("1.2.250.1.213.1.1.2.223",),
        own_id(spec.uid, "bar-code"),
        loinc("code", "57723-9", "Numéro de code à barres unique"),
        "Code 2D de la prescription",
        shown,
        entry(media),
    )


def _png() -> bytes:
    """One white pixel as PNG (ISO 15948): a place for the code, which a real prescription service issues."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00\xff")) + chunk(b"IEND", b"")
    )


def _prescribed(spec: CdaSpec, lines: Sequence[Line]) -> str:
    return section(
        ("1.3.6.1.4.1.19376.1.9.1.2.1", "1.2.250.1.213.1.1.2.171"),
        own_id(spec.uid, "prescription"),
        loinc("code", "57828-6", "Prescriptions"),
        "Prescription de médicaments",
        table(_HEADS, _rows(lines)),
        *(entry(_item(f"{spec.uid}/{n}", n, spec, line)) for n, line in enumerate(lines, 1)),
    )


def _item(key: str, number: int, spec: CdaSpec, line: Line) -> str:
    return el(
        "substanceAdministration",
        {"classCode": "SBADM", "moodCode": "INT"},
        templates(
            "2.16.840.1.113883.10.20.1.24",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7",
            "1.3.6.1.4.1.19376.1.9.1.3.2",
            "1.2.250.1.213.1.1.3.83",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7.1",
        ),
        own_id(key, "item"),
        coded("code", "DRUG", ACT_CODE, "Médicament", "HL7:ActCode"),
        reference("text", f"med-{number}"),
        status(),
        period(line.start, line.end, kind="IVL_TS"),
        el("repeatNumber", {"value": str(line.renewals)}),
        el("consumable", None, _product(number, line)),
        _instruction(number, "PINSTRUCT"),
        _instruction(number, "FINSTRUCT"),
        _related("COMP", _quantity(line)),
        _related("COMP", _substitution(number, "1.3.6.1.4.1.19376.1.9.1.3.9.1", "1.2.250.1.213.1.1.3.87", "DEF")),
        *(_related("COMP", _context(key, number, spec, *row)) for row in _CONTEXTS),
    )


_CONTEXTS = (
    ("13", "MED-574", "En rapport avec une ALD"),
    ("14", "GEN-180", "En rapport avec un accident du travail ou une maladie professionnelle"),
    ("34", "GEN-295", "En rapport avec la prévention"),
    ("15", "GEN-181", "Non remboursable"),
    ("12", "GEN-179", "Hors Autorisation de Mise sur le Marché (AMM)"),
)


def _context(key: str, number: int, spec: CdaSpec, suffix: str, code: str, label: str) -> str:
    when = ts("effectiveTime", spec.effective_time)
    held = el("value", {"xsi:type": "BL", "value": "false"})
    named = coded("code", code, TA_ASIP, label, "TA_ASIP")
    return observed(key, f"contexte-{number}", (f"1.2.250.1.213.1.1.3.48.{suffix}",), named, when, held)


def _related(kind: str, inside: str, inverted: str | None = None) -> str:
    return el("entryRelationship", {"typeCode": kind, "inversionInd": inverted}, inside)


def _instruction(number: int, code: str) -> str:
    roots = {
        "PINSTRUCT": ("2.16.840.1.113883.10.20.1.49", "1.3.6.1.4.1.19376.1.5.3.1.4.3", "1.2.250.1.213.1.1.3.33"),
        "FINSTRUCT": ("2.16.840.1.113883.10.20.1.43", "1.3.6.1.4.1.19376.1.5.3.1.4.3.1", "1.2.250.1.213.1.1.3.34"),
    }
    label = {"PINSTRUCT": "Instruction au patient", "FINSTRUCT": "Instruction au dispensateur"}[code]
    act = el(
        "act",
        {"classCode": "ACT", "moodCode": "INT"},
        templates(*roots[code]),
        coded("code", code, IHE_ACT, label, "IHEActCode"),
        reference("text", f"consigne-{number}"),
        status(),
    )
    return _related("SUBJ", act, "true")


def _quantity(line: Line) -> str:
    return el(
        "supply",
        {"classCode": "SPLY", "moodCode": "RQO"},
        templates("1.3.6.1.4.1.19376.1.9.1.3.8", "1.2.250.1.213.1.1.3.86"),
        el("independentInd", {"value": "false"}),
        el("quantity", {"value": str(line.boxes), "unit": "30009000"}),
    )


def _substitution(number: int, first: str, second: str, mood: str) -> str:
    return el(
        "act",
        {"classCode": "ACT", "moodCode": mood},
        templates(first, second),
        coded(
            "code",
            "N",
            SUBSTITUTION,
            "Aucune substitution permise",
            "HL7_substanceAdminSubstitution",
            reference("originalText", f"med-{number}"),
        ),
        status(),
    )


def _product(number: int, line: Line, *inside: str) -> str:
    return el(
        "manufacturedProduct",
        {"classCode": "MANU"},
        templates(*_PRODUCT),
        el(
            "manufacturedMaterial",
            {"classCode": "MMAT", "determinerCode": "KIND"},
            templates("1.3.6.1.4.1.19376.1.9.1.3.1"),
            coded(
                "code",
                line.cis,
                CIS,
                line.label,
                "CIS",
                reference("originalText", f"med-{number}"),
                coded("translation", line.cip, CIP, line.label, "CIP"),
            ),
            text("name", line.label),
            coded("pharm:formCode", line.form[0], EDQM, line.form[1], "EDQM"),
            *inside,
            el(
                "pharm:asSpecializedKind",
                {"classCode": "GRIC"},
                el(
                    "pharm:generalizedMedicineClass",
                    {"classCode": "MMAT"},
                    coded("pharm:code", line.atc, ATC, line.atc_label, "ATC"),
                    text("pharm:name", line.atc_label),
                ),
            ),
        ),
    )


def _dispensed(
    spec: CdaSpec, lines: Sequence[Line], prescriber: PersonSpec, practice: StructureSpec, prescribed: str
) -> str:
    return section(
        ("1.3.6.1.4.1.19376.1.9.1.2.3", "2.16.840.1.113883.10.20.1.8", "1.2.250.1.213.1.1.2.236"),
        own_id(spec.uid, "dispensation"),
        loinc("code", "60590-7", "Médicaments délivrés"),
        "Médicaments délivrés",
        table(_HEADS, _rows(lines)),
        _author(spec, replace(spec.author, specialty="G15_21", specialty_label="Pharmacien"), spec.structure),
        *(
            entry(_supply(f"{spec.uid}/{n}", n, spec, line, _author(spec, prescriber, practice), prescribed))
            for n, line in enumerate(lines, 1)
        ),
    )


def _author(spec: CdaSpec, person: PersonSpec, structure: StructureSpec) -> str:
    held = organisation("representedOrganization", structure)
    return el(
        "author",
        None,
        el("time", {"value": timestamp(spec.service_start)}),
        el("assignedAuthor", {"classCode": "ASSIGNED"}, entity(person, held)),
    )


def _supply(key: str, number: int, spec: CdaSpec, line: Line, author: str, prescribed: str) -> str:
    item = el(
        "substanceAdministration",
        {"classCode": "SBADM", "moodCode": "INT"},
        templates("1.3.6.1.4.1.19376.1.9.1.3.11", "1.2.250.1.213.1.1.3.90"),
        own_id(key, "item"),
        coded(
            "code",
            "PREItem",
            PHARMACY_ITEM,
            "Prescription Item",
            "IHE Pharmacy Item Type List",
            reference("originalText", f"med-{number}"),
        ),
        el(
            "consumable",
            None,
            el("manufacturedProduct", None, el("manufacturedMaterial", {"nullFlavor": "NA"}, unknown("name", "NA"))),
        ),
        author,
        el("reference", {"typeCode": "XCRPT"}, el("externalDocument", None, el("id", {"root": prescribed}))),
    )
    return el(
        "supply",
        {"classCode": "SPLY", "moodCode": "EVN"},
        templates(
            "2.16.840.1.113883.10.20.1.34",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7.3",
            "1.3.6.1.4.1.19376.1.9.1.3.4",
            "1.2.250.1.213.1.1.3.204",
        ),
        own_id(key, "supply"),
        reference("text", f"med-{number}"),
        el("quantity", {"value": str(line.boxes), "unit": "30009000"}),
        el("product", None, _product(number, line)),
        _related("REFR", item, "false"),
        _instruction(number, "PINSTRUCT"),
        _instruction(number, "FINSTRUCT"),
        _related("COMP", _substitution(number, "1.3.6.1.4.1.19376.1.9.1.3.9.2", "1.2.250.1.213.1.1.3.206", "EVN")),
    )
