"""CDA R2 documents from resolved values: an N1 around a PDF/A-1b, or a minimal N3 with one narrative section.

Order of the header: CDA.xsd; content: CI-SIS Structuration minimale 3.5, as the official schematron enforces it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conformance.standards.cda import pdf
from conformance.standards.cda.marks import (
    LOINC,
    PROFESSIONS,
    PS,
    STRUCTURE,
    SYSTEM_NAMES,
    coded,
    el,
    identifier,
    interval,
    template,
    templates,
    text,
    ts,
    unknown,
)

TRE_A05 = "1.2.250.1.213.1.1.4.12"


@dataclass(frozen=True, slots=True)
class Contact:
    """A postal address and a telephone (`tel:...`)."""

    number: str
    street: str
    postal_code: str
    city: str
    telecom: str


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """A professional: `id` is PS_IdNat as sent (8 and the 11 digits of the RPPS), `specialty` a code of JDV_J01.

    `mailbox` is a MSSanté address, given for a recipient. A recipient without `id` is the patient.
    """

    id: str
    family: str
    given: str
    specialty: str = "G15_10/SM54"
    specialty_label: str = "Médecin - Médecine générale (SM)"
    contact: Contact | None = None
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class StructureSpec:
    """A structure: `id` is Struct_IdNat as sent (1 and the 9 characters of the FINESS)."""

    id: str
    name: str
    contact: Contact | None = None


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
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What makes an N3 a document of its volet; every text is XML already.

    `templates` are the (root, extension) after the two of every document. `body` is the components of
    structuredBody. `participants`, `orders` are header elements; `act` is the inside of serviceEvent before its
    effectiveTime, `acts` more documentationOf; `performer` stands at the start of the performer, `responsible` in the
    encounter.
    """

    templates: tuple[tuple[str, str], ...]
    body: str
    code_extra: str = ""
    participants: str = ""
    orders: str = ""
    act: str = ""
    acts: str = ""
    performer: str = ""
    responsible: str = ""
    namespaces: tuple[tuple[str, str], ...] = ()


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
    encounter: tuple[str, str, str] = ("IMP", "2.16.840.1.113883.5.4", "Hospitalisation (établissement, y compris HAD)")
    act: tuple[str, str, str] | None = None
    order: tuple[str, str] | None = None
    accession: tuple[str, str] | None = None
    content: Content | None = None


def build(spec: CdaSpec) -> bytes:
    """The document, UTF-8, ending with a newline. The same spec always gives the same bytes."""
    return _document(spec).encode()


def _person_name(person: PersonSpec) -> str:
    return el("name", None, text("family", person.family), text("given", person.given))


def _address(contact: Contact | None, use: str | None) -> str:
    if contact is None:
        return unknown("addr")
    return el(
        "addr",
        {"use": use},
        text("houseNumber", contact.number),
        text("streetName", contact.street),
        text("postalCode", contact.postal_code),
        text("city", contact.city),
    )


def _telecom(contact: Contact | None, use: str | None) -> str:
    return unknown("telecom") if contact is None else el("telecom", {"value": contact.telecom, "use": use})


def _where(contact: Contact | None, use: str) -> str:
    return _address(contact, use) + _telecom(contact, use)


def entity(person: PersonSpec, *inside: str) -> str:
    """What identifies a professional in a role: id, specialty, address, telecom, name; `inside` follows."""
    return (
        identifier(PS, person.id)
        + coded("code", person.specialty, PROFESSIONS, person.specialty_label)
        + _where(person.contact, "WP")
        + el("assignedPerson", None, _person_name(person))
        + "".join(inside)
    )


def entity_of_participant(person: PersonSpec) -> str:
    """What identifies a professional in a `participant` of the header."""
    return (
        identifier(PS, person.id)
        + coded("code", person.specialty, PROFESSIONS, person.specialty_label)
        + _where(person.contact, "WP")
        + el("associatedPerson", None, _person_name(person))
    )


def _patient(patient: PatientSpec) -> str:
    names = [
        text("family", patient.birth_name, qualifier="BR"),
        text("given", " ".join(patient.given)),
        text("given", patient.given[0], qualifier="BR") if patient.given else "",
        text("family", patient.used_name, qualifier="CL") if patient.used_name else "",
        text("given", patient.used_given, qualifier="CL") if patient.used_given else "",
    ]
    gender = {"M": "Masculin", "F": "Féminin", "UN": "Inconnu"}[patient.sex]
    county = el("place", None, el("addr", None, text("county", patient.birth_place)))
    return el(
        "recordTarget",
        None,
        el(
            "patientRole",
            None,
            *(identifier(root, extension) for root, extension in patient.ids),
            _where(patient.contact, "H"),
            el(
                "patient",
                None,
                el("name", None, *names),
                coded("administrativeGenderCode", patient.sex, "2.16.840.1.113883.5.1", gender),
                el("birthTime", {"value": patient.birth}),
                el("birthplace", None, county) if patient.birth_place else "",
            ),
        ),
    )


def organisation(name: str, structure: StructureSpec, *inside: str) -> str:
    """A structure under the name of its element: id, name, telecom, address; `inside` follows."""
    return el(
        name,
        None,
        identifier(STRUCTURE, structure.id),
        text("name", structure.name),
        _telecom(structure.contact, "WP"),
        _address(structure.contact, None),
        *inside,
    )


def _author(spec: CdaSpec) -> str:
    who = spec.author
    return el(
        "author",
        None,
        ts("time", spec.effective_time),
        el(
            "assignedAuthor",
            None,
            identifier(PS, who.id),
            coded("code", who.specialty, PROFESSIONS, who.specialty_label),
            _where(who.contact, "WP"),
            el("assignedPerson", None, _person_name(who)),
            organisation("representedOrganization", spec.structure),
        ),
    )


def _custodian(spec: CdaSpec) -> str:
    held = organisation("representedCustodianOrganization", spec.structure)
    return el("custodian", None, el("assignedCustodian", None, held))


def _recipient(person: PersonSpec) -> str:
    named = el("informationRecipient", None, _person_name(person))
    known = identifier(PS, person.id) if person.id else ""
    mailbox = el("telecom", {"value": f"mailto:{person.mailbox}"}) if person.mailbox else ""
    return el("informationRecipient", None, el("intendedRecipient", None, known, mailbox, named))


def _legal_authenticator(spec: CdaSpec) -> str:
    return el(
        "legalAuthenticator",
        None,
        ts("time", spec.effective_time),
        el("signatureCode", {"code": "S"}),
        el(
            "assignedEntity",
            None,
            entity(spec.author, organisation("representedOrganization", spec.structure)),
        ),
    )


def _order(spec: CdaSpec) -> str:
    if spec.order is None:
        return ""
    accession = ""
    if spec.accession is not None:
        root, extension = spec.accession
        accession = el(
            "ps3-20:accessionNumber", {"xmlns:ps3-20": "urn:dicom-org:ps3-20", "root": root, "extension": extension}
        )
    return el("inFulfillmentOf", None, el("order", None, identifier(*spec.order), accession))


def _act(spec: CdaSpec) -> str:
    practice = coded("standardIndustryClassCode", spec.practice[0], "1.2.250.1.213.1.1.4.9", spec.practice[1])
    content = spec.content
    act = coded("code", spec.act[0], spec.act[1], spec.act[2]) if spec.act else el("code", {"nullFlavor": "UNK"})
    held = organisation("representedOrganization", spec.structure, practice)
    return el(
        "documentationOf",
        None,
        el(
            "serviceEvent",
            None,
            (content.act if content is not None else "") or act,
            interval("effectiveTime", spec.service_start, spec.service_stop),
            el(
                "performer",
                {"typeCode": "PRF"},
                content.performer if content is not None else "",
                el("assignedEntity", None, entity(spec.author, held)),
            ),
        ),
    )


def _related(spec: CdaSpec) -> str:
    if spec.replaces is None:
        return ""
    return el("relatedDocument", {"typeCode": "RPLC"}, el("parentDocument", None, identifier(spec.replaces)))


def _encounter(spec: CdaSpec) -> str:
    facility = coded("code", spec.facility[0], "1.2.250.1.71.4.2.4", spec.facility[1])
    place = el("healthCareFacility", None, identifier(STRUCTURE, spec.structure.id), facility)
    return el(
        "componentOf",
        None,
        el(
            "encompassingEncounter",
            None,
            coded("code", spec.encounter[0], spec.encounter[1], spec.encounter[2]),
            interval("effectiveTime", spec.service_start, spec.service_stop),
            spec.content.responsible if spec.content is not None else "",
            el("location", None, place),
        ),
    )


def _n1(spec: CdaSpec) -> str:
    document = pdf.pdf_a(spec.text or spec.title, title=spec.title, uid=spec.uid, filler=spec.filler)
    data = base64.b64encode(document).decode("ascii")
    return el("nonXMLBody", None, el("text", {"mediaType": "application/pdf", "representation": "B64"}, data))


def _n3(spec: CdaSpec) -> str:
    if spec.content is not None:
        return el("structuredBody", None, spec.content.body)
    paragraph = el("text", None, text("paragraph", spec.text or spec.title))
    section = el(
        "section",
        None,
        el("templateId", {"root": "1.3.6.1.4.1.19376.1.4.1.2.16"}),  # uncoded comment, IHE then CI-SIS
        el("templateId", {"root": "1.2.250.1.213.1.1.2.73"}),
        coded("code", "55112-7", LOINC, "Commentaire", "LOINC"),
        text("title", "Commentaire"),
        paragraph,
    )
    return el("structuredBody", None, el("component", None, section))


def _document(spec: CdaSpec) -> str:
    models = {"N1": "1.3.6.1.4.1.19376.1.2.20", "N3": "1.3.6.1.4.1.19376.1.5.3.1.1.1"}
    content = spec.content if spec.level == "N3" else None
    own = content.templates if content is not None else ((models[spec.level], ""),)
    namespaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in (content.namespaces if content else ()))
    confidentiality = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}[spec.confidentiality]
    rows: Iterable[str] = (
        el("realmCode", {"code": "FR"}),
        el("typeId", {"root": "2.16.840.1.113883.1.3", "extension": "POCD_HD000040"}),
        templates("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"),
        *(template(root, extension or None) for root, extension in own),
        identifier(spec.uid),
        coded(
            "code",
            spec.code,
            spec.code_system,
            spec.label,
            SYSTEM_NAMES.get(spec.code_system),
            content.code_extra if content is not None else "",
        ),
        text("title", spec.title),
        ts("effectiveTime", spec.effective_time),
        coded("confidentialityCode", spec.confidentiality, "2.16.840.1.113883.5.25", confidentiality),
        el("languageCode", {"code": "fr-FR"}),
        el("setId", {"root": spec.set_id}),
        el("versionNumber", {"value": str(spec.version)}),
        _patient(spec.patient),
        _author(spec),
        _custodian(spec),
        *(_recipient(person) for person in spec.recipients),
        _legal_authenticator(spec),
        content.participants if content is not None else "",
        (content.orders if content is not None else "") or _order(spec),
        _act(spec),
        content.acts if content is not None else "",
        _related(spec),
        _encounter(spec),
        el("component", None, _n1(spec) if spec.level == "N1" else _n3(spec)),
    )
    body = "\n".join(row for row in rows if row)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{namespaces}>\n{body}\n</ClinicalDocument>\n'
    )
