"""CDA R2 documents from resolved values: an N1 around a PDF/A-1b, or a minimal N3 with one narrative section.

Order of the header: CDA.xsd; content: CI-SIS Structuration minimale 3.5, as the official schematron enforces it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from conformance.standards.cda import pdf

PS = "1.2.250.1.71.4.2.1"
STRUCTURE = "1.2.250.1.71.4.2.2"
PROFESSIONS = "1.2.250.1.213.1.1.4.5"
LOINC = "2.16.840.1.113883.6.1"
TRE_A05 = "1.2.250.1.213.1.1.4.12"


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """A professional: `id` is PS_IdNat as sent (8 and the 11 digits of the RPPS), `specialty` a code of JDV_J01."""

    id: str
    family: str
    given: str
    specialty: str = "G15_10/SM54"
    specialty_label: str = "Médecin - Médecine générale (SM)"


@dataclass(frozen=True, slots=True)
class StructureSpec:
    """A structure: `id` is Struct_IdNat as sent (1 and the 9 characters of the FINESS)."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PatientSpec:
    """A patient. `ids` are (root OID, extension), the INS first when there is one, then local ids.

    `birth` is AAAAMMJJ (or AAAA, AAAAMM), `birth_place` the COG; `given` the prénoms of the birth record.
    """

    ids: tuple[tuple[str, str], ...]
    birth_name: str
    given: tuple[str, ...]
    sex: Literal["M", "F", "UN"]
    birth: str
    birth_place: str
    used_name: str | None = None
    used_given: str | None = None


@dataclass(frozen=True, slots=True)
class CdaSpec:
    """Everything a document needs, resolved.

    `uid`, `set_id`, `replaces` are OIDs without extension; `code_system` is the OID of the type code. Datetimes carry
    an offset. `service_stop` may be None. `filler` is bytes of padding inside the PDF of an N1, `text` its visible
    line, or the paragraph of an N3. Coded values are (code, label) or (code, system OID, label); `order` and
    `accession` are (root, extension), required by a CR d'imagerie.
    """

    uid: str
    set_id: str
    version: int
    patient: PatientSpec
    author: PersonSpec
    structure: StructureSpec
    code: str
    code_system: str
    label: str
    title: str
    effective_time: datetime
    service_start: datetime
    service_stop: datetime | None = None
    replaces: str | None = None
    recipients: tuple[PersonSpec, ...] = ()
    level: Literal["N1", "N3"] = "N1"
    text: str = ""
    filler: int = 0
    confidentiality: Literal["N", "R", "V"] = "N"
    facility: tuple[str, str] = ("SA01", "Etablissement public de santé")
    practice: tuple[str, str] = ("ETABLISSEMENT", "Etablissement de santé")
    encounter: tuple[str, str, str] = ("IMP", "2.16.840.1.113883.5.4", "Hospitalisation")
    act: tuple[str, str, str] | None = None
    order: tuple[str, str] | None = None
    accession: tuple[str, str] | None = None


def timestamp(moment: datetime) -> str:
    """AAAAMMJJhhmmss+ZZzz; raises ValueError for a time without offset (Structuration minimale 3.5.7.1)."""
    if moment.tzinfo is None:
        raise ValueError("a CDA time with an hour needs an offset")
    return moment.strftime("%Y%m%d%H%M%S%z")


def build(spec: CdaSpec) -> bytes:
    """The document, UTF-8, ending with a newline. The same spec always gives the same bytes."""
    return _document(spec).encode()


Attributes = dict[str, str | None]


def _el(name: str, attributes: Attributes | None = None, *inside: str) -> str:
    """One element; attributes that are None are left out; `inside` is already serialised."""
    head = name + "".join(f" {k}={quoteattr(v)}" for k, v in (attributes or {}).items() if v is not None)
    content = "".join(inside)
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"


def _id(root: str, extension: str | None = None) -> str:
    return _el("id", {"root": root, "extension": extension})


def _coded(name: str, code: str, system: str, label: str, system_name: str | None = None, *inside: str) -> str:
    attributes = {"code": code, "displayName": label, "codeSystem": system, "codeSystemName": system_name}
    return _el(name, attributes, *inside)


def _ts(name: str, moment: datetime) -> str:
    return _el(name, {"value": timestamp(moment)})


def _interval(name: str, low: datetime, high: datetime | None) -> str:
    return _el(name, None, _ts("low", low), _ts("high", high) if high else "")


def _text(name: str, value: str, **attributes: str | None) -> str:
    return _el(name, dict(attributes), escape(value))


def _person_name(person: PersonSpec) -> str:
    return _el("name", None, _text("family", person.family), _text("given", person.given))


def _patient(patient: PatientSpec) -> str:
    names = [
        _text("family", patient.birth_name, qualifier="BR"),
        _text("given", " ".join(patient.given)),
        _text("given", patient.given[0], qualifier="BR") if patient.given else "",
        _text("family", patient.used_name, qualifier="CL") if patient.used_name else "",
        _text("given", patient.used_given, qualifier="CL") if patient.used_given else "",
    ]
    gender = {"M": "Masculin", "F": "Féminin", "UN": "Inconnu"}[patient.sex]
    county = _el("place", None, _el("addr", None, _text("county", patient.birth_place)))
    return _el(
        "recordTarget",
        None,
        _el(
            "patientRole",
            None,
            *(_id(root, extension) for root, extension in patient.ids),
            _el("addr", {"nullFlavor": "UNK"}),
            _el("telecom", {"nullFlavor": "UNK"}),
            _el(
                "patient",
                None,
                _el("name", None, *names),
                _coded("administrativeGenderCode", patient.sex, "2.16.840.1.113883.5.1", gender),
                _el("birthTime", {"value": patient.birth}),
                _el("birthplace", None, county) if patient.birth_place else "",
            ),
        ),
    )


def _organisation(name: str, structure: StructureSpec, *inside: str) -> str:
    return _el(
        name,
        None,
        _id(STRUCTURE, structure.id),
        _text("name", structure.name),
        _el("telecom", {"nullFlavor": "UNK"}),
        _el("addr", {"nullFlavor": "UNK"}),
        *inside,
    )


def _author(spec: CdaSpec) -> str:
    who = spec.author
    return _el(
        "author",
        None,
        _ts("time", spec.effective_time),
        _el(
            "assignedAuthor",
            None,
            _id(PS, who.id),
            _coded("code", who.specialty, PROFESSIONS, who.specialty_label),
            _el("addr", {"nullFlavor": "UNK"}),
            _el("telecom", {"nullFlavor": "UNK"}),
            _el("assignedPerson", None, _person_name(who)),
            _organisation("representedOrganization", spec.structure),
        ),
    )


def _custodian(spec: CdaSpec) -> str:
    held = _organisation("representedCustodianOrganization", spec.structure)
    return _el("custodian", None, _el("assignedCustodian", None, held))


def _recipient(person: PersonSpec) -> str:
    named = _el("informationRecipient", None, _person_name(person))
    return _el("informationRecipient", None, _el("intendedRecipient", None, _id(PS, person.id), named))


def _legal_authenticator(spec: CdaSpec) -> str:
    return _el(
        "legalAuthenticator",
        None,
        _ts("time", spec.effective_time),
        _el("signatureCode", {"code": "S"}),
        _el(
            "assignedEntity",
            None,
            _id(PS, spec.author.id),
            _el("assignedPerson", None, _person_name(spec.author)),
            _organisation("representedOrganization", spec.structure),
        ),
    )


def _order(spec: CdaSpec) -> str:
    if spec.order is None:
        return ""
    accession = ""
    if spec.accession is not None:
        root, extension = spec.accession
        accession = _el(
            "ps3-20:accessionNumber", {"xmlns:ps3-20": "urn:dicom-org:ps3-20", "root": root, "extension": extension}
        )
    return _el("inFulfillmentOf", None, _el("order", None, _id(*spec.order), accession))


def _act(spec: CdaSpec) -> str:
    practice = _coded("standardIndustryClassCode", spec.practice[0], "1.2.250.1.213.1.1.4.9", spec.practice[1])
    act = _coded("code", spec.act[0], spec.act[1], spec.act[2]) if spec.act else _el("code", {"nullFlavor": "UNK"})
    return _el(
        "documentationOf",
        None,
        _el(
            "serviceEvent",
            None,
            act,
            _interval("effectiveTime", spec.service_start, spec.service_stop),
            _el(
                "performer",
                {"typeCode": "PRF"},
                _el(
                    "assignedEntity",
                    None,
                    _id(PS, spec.author.id),
                    _el("assignedPerson", None, _person_name(spec.author)),
                    _organisation("representedOrganization", spec.structure, practice),
                ),
            ),
        ),
    )


def _related(spec: CdaSpec) -> str:
    if spec.replaces is None:
        return ""
    return _el("relatedDocument", {"typeCode": "RPLC"}, _el("parentDocument", None, _id(spec.replaces)))


def _encounter(spec: CdaSpec) -> str:
    facility = _coded("code", spec.facility[0], "1.2.250.1.71.4.2.4", spec.facility[1])
    place = _el("healthCareFacility", None, _id(STRUCTURE, spec.structure.id), facility)
    return _el(
        "componentOf",
        None,
        _el(
            "encompassingEncounter",
            None,
            _coded("code", spec.encounter[0], spec.encounter[1], spec.encounter[2]),
            _interval("effectiveTime", spec.service_start, spec.service_stop),
            _el("location", None, place),
        ),
    )


def _n1(spec: CdaSpec) -> str:
    document = pdf.pdf_a(spec.text or spec.title, title=spec.title, uid=spec.uid, filler=spec.filler)
    data = base64.b64encode(document).decode("ascii")
    return _el("nonXMLBody", None, _el("text", {"mediaType": "application/pdf", "representation": "B64"}, data))


def _n3(spec: CdaSpec) -> str:
    paragraph = _el("text", None, _text("paragraph", spec.text or spec.title))
    section = _el(
        "section",
        None,
        _el("templateId", {"root": "1.3.6.1.4.1.19376.1.4.1.2.16"}),  # uncoded comment, IHE then CI-SIS
        _el("templateId", {"root": "1.2.250.1.213.1.1.2.73"}),
        _coded("code", "55112-7", LOINC, "Commentaire", "LOINC"),
        _text("title", "Commentaire"),
        paragraph,
    )
    return _el("structuredBody", None, _el("component", None, section))


def _document(spec: CdaSpec) -> str:
    models = {"N1": "1.3.6.1.4.1.19376.1.2.20", "N3": "1.3.6.1.4.1.19376.1.5.3.1.1.1"}
    templates = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", models[spec.level])
    confidentiality = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}[spec.confidentiality]
    rows: Iterable[str] = (
        _el("realmCode", {"code": "FR"}),
        _el("typeId", {"root": "2.16.840.1.113883.1.3", "extension": "POCD_HD000040"}),
        *(_el("templateId", {"root": root}) for root in templates),
        _id(spec.uid),
        _coded("code", spec.code, spec.code_system, spec.label, "LOINC" if spec.code_system == LOINC else None),
        _text("title", spec.title),
        _ts("effectiveTime", spec.effective_time),
        _coded("confidentialityCode", spec.confidentiality, "2.16.840.1.113883.5.25", confidentiality),
        _el("languageCode", {"code": "fr-FR"}),
        _el("setId", {"root": spec.set_id}),
        _el("versionNumber", {"value": str(spec.version)}),
        _patient(spec.patient),
        _author(spec),
        _custodian(spec),
        *(_recipient(person) for person in spec.recipients),
        _legal_authenticator(spec),
        _order(spec),
        _act(spec),
        _related(spec),
        _encounter(spec),
        _el("component", None, _n1(spec) if spec.level == "N1" else _n3(spec)),
    )
    body = "\n".join(row for row in rows if row)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n{body}\n</ClinicalDocument>\n'
    )
