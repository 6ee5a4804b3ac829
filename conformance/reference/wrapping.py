"""A PDF that came without CDA: the header written from the message, the PDF as body (CDA R2 level 1, XDS-SD)."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from conformance.reference.values import Coded, Ins, Institution, Person, Traits

SEXES = {"F": "Féminin", "M": "Masculin", "U": "Inconnu"}
DEVICE = Person("PFI-REFERENCE", "Plateforme", "Reference", "1.2.250.1.71.4.2.1", "RI")


def wrap(
    data: bytes,
    *,
    unique_id: str,
    type: Coded,
    ins: Ins | None,
    local: tuple[tuple[str, str], ...],
    patient: Traits,
    sender: Person | None,
    institution: Institution | None,
    replaced: str = "",
) -> bytes:
    """The document, in UTF-8."""
    ids = [(ins.matricule, ins.oid)] if ins is not None else []
    ids += [(value, oid) for value, oid in local if oid]
    when = datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z")
    house = institution or Institution("10B0000001", "Structure")
    system = {"LN": "2.16.840.1.113883.6.1", "TRE_A05": "1.2.250.1.213.1.1.4.12"}.get(type.system, type.system)
    title = escape(type.label or type.code)
    related = (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root={quoteattr(replaced)}/></parentDocument>'
        "</relatedDocument>"
        if replaced
        else ""
    )
    organisation = f"{_id(house.id, house.root)}<name>{escape(house.name or house.id)}</name>"
    who = _who(sender)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>'
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        '<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>'
        f"<id root={quoteattr(unique_id)}/>"
        f"<code code={quoteattr(type.code)} codeSystem={quoteattr(system)} displayName={quoteattr(type.label)}/>"
        f'<title>{title}</title><effectiveTime value="{when}"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>'
        '<languageCode code="fr-FR"/>'
        f'<setId root="{_series(replaced or unique_id)}"/><versionNumber value="{2 if replaced else 1}"/>'
        f"<recordTarget><patientRole>{''.join(_id(v, o) for v, o in ids)}"
        f'<addr nullFlavor="UNK"/><telecom nullFlavor="UNK"/>{_patient(patient)}</patientRole></recordTarget>'
        f'<author><time value="{when}"/><assignedAuthor>{who}'
        f"<representedOrganization>{organisation}</representedOrganization></assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f"{organisation}</representedCustodianOrganization></assignedCustodian></custodian>"
        f'<legalAuthenticator><time value="{when}"/><signatureCode code="S"/><assignedEntity>{who}'
        f"<representedOrganization>{organisation}</representedOrganization></assignedEntity></legalAuthenticator>"
        f'<documentationOf><serviceEvent><effectiveTime><low value="{when}"/></effectiveTime>'
        f'<performer typeCode="PRF"><assignedEntity>{who}<representedOrganization>'
        '<standardIndustryClassCode code="ETABLISSEMENT" codeSystem="1.2.250.1.213.1.1.4.9" '
        'displayName="Etablissement de santé"/>'
        f"</representedOrganization></assignedEntity></performer></serviceEvent></documentationOf>{related}"
        '<componentOf><encompassingEncounter><effectiveTime nullFlavor="UNK"/><location><healthCareFacility>'
        '<code code="SA01" codeSystem="1.2.250.1.71.4.2.4" displayName="Etablissement public de santé"/>'
        "</healthCareFacility></location></encompassingEncounter></componentOf>"
        '<component><nonXMLBody><text mediaType="application/pdf" representation="B64">'
        f"{base64.b64encode(data).decode()}</text></nonXMLBody></component></ClinicalDocument>"
    ).encode()


def _series(first: str) -> str:
    """The series of versions that begins with a document: the same for its replacement."""
    return f"2.25.{int.from_bytes(hashlib.sha256(first.encode()).digest()[:16])}"


def _id(value: str, root: str) -> str:
    return f"<id root={quoteattr(root)} extension={quoteattr(value)}/>"


def _patient(patient: Traits) -> str:
    used = f'<family qualifier="CL">{escape(patient.used)}</family>' if patient.used else ""
    sex = patient.sex if patient.sex in ("F", "M") else "U"
    birth = f"value={quoteattr(patient.birth_day)}" if patient.birth_day else 'nullFlavor="UNK"'
    place = (
        f"<birthplace><place><addr><county>{escape(patient.birth_place)}</county></addr></place></birthplace>"
        if patient.birth_place
        else ""
    )
    return (
        f'<patient><name><family qualifier="BR">{escape(patient.family)}</family>{used}'
        f'<given qualifier="BR">{escape(patient.given)}</given><given>{escape(patient.givens or patient.given)}</given>'
        "</name>"
        f'<administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1" '
        f'displayName="{SEXES[sex]}"/><birthTime {birth}/>{place}</patient>'
    )


def _who(sender: Person | None) -> str:
    head = '<addr nullFlavor="UNK"/><telecom nullFlavor="UNK"/>'
    if sender is None or sender.kind == "RI":
        device = sender or DEVICE
        name = f"<assignedPerson><name><family>{escape(device.family)}</family></name></assignedPerson>"
        return f"{_id(device.id, device.root)}{head}{name}"
    return (
        f"{_id(sender.id, sender.root)}{head}<assignedPerson><name><family>{escape(sender.family)}</family>"
        f"<given>{escape(sender.given)}</given></name></assignedPerson>"
    )
