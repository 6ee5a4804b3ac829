"""Reading the header of a CDA R2 document (CI-SIS, structuration minimale). Hostile until parsed."""

from __future__ import annotations

from typing import Literal

from lxml import etree

from conformance.reference.values import Author, Cda, Coded, Institution, Person, Refused, Traits

V3 = "urn:hl7-org:v3"
NS = {"h": V3, "d": "urn:dicom-org:ps3-20", "x": "http://www.w3.org/1999/XSL/Transform"}
Element = etree._Element
N1_TEMPLATE = "1.3.6.1.4.1.19376.1.2.20"
UNREADABLE = ("207", "OBX^1^5")
"""Code and place of the refusal of a document that is not a CDA."""

_parser = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
)
_big = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_comments=True)
_HUGE = 9_000_000


def parse_document(data: bytes) -> tuple[Element, str]:
    """The ClinicalDocument element and the MIME type; raises Refused when it is not a CDA document."""
    # libxml2 only needs its bounds lifted for a text node of ten megabytes; a document type is never accepted.
    head = data[:4096]
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Refused(*UNREADABLE)
    try:
        root = etree.fromstring(data, _big if len(data) > _HUGE else _parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused(*UNREADABLE) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused(*UNREADABLE)
    if root.tag == f"{{{V3}}}ClinicalDocument":
        return root, "text/xml"
    inner = root.find(f".//{{{V3}}}ClinicalDocument") if root.tag.startswith("{" + NS["x"]) else None
    if inner is None:
        raise Refused(*UNREADABLE)
    return inner, "application/xslt+xml"


def read(data: bytes) -> Cda:
    """The header of a document; raises Refused when it cannot be read or lacks what identifies it."""
    root, mime = parse_document(data)
    unique_id = _at(root, "h:id/@root")
    code = _coded(root.find("h:code", NS))
    role = root.find("h:recordTarget/h:patientRole", NS)
    if not unique_id or code is None or role is None:
        raise Refused(*UNREADABLE)
    body = root.find("h:component/h:nonXMLBody/h:text", NS)
    templates = tuple(str(v) for v in _all(root, "h:templateId/@root"))
    level: Literal["N1", "N3"] = "N1" if body is not None or N1_TEMPLATE in templates else "N3"
    event = root.find("h:documentationOf/h:serviceEvent", NS)
    performer = "h:performer/h:assignedEntity/h:representedOrganization/h:standardIndustryClassCode"
    return Cda(
        unique_id=unique_id,
        level=level,
        media=(body.get("mediaType") or "") if body is not None else "",
        mime=mime,
        templates=templates,
        type=code,
        title=_at(root, "h:title/text()")[:128],
        effective_time=_at(root, "h:effectiveTime/@value"),
        confidentiality=_coded(root.find("h:confidentialityCode", NS))
        or Coded("N", "Normal", "2.16.840.1.113883.5.25"),
        language=_at(root, "h:languageCode/@code") or "fr-FR",
        patient_ids=_ids(role, "h:id"),
        patient=_traits(role),
        authors=tuple(_author(a) for a in root.findall("h:author", NS)),
        legal=_person(root.find("h:legalAuthenticator/h:assignedEntity", NS)),
        start=_first(event, "h:effectiveTime/h:low/@value", "h:effectiveTime/@value"),
        stop=_first(event, "h:effectiveTime/h:high/@value"),
        events=tuple(c for c in map(_coded, root.findall("h:documentationOf/h:serviceEvent/h:code", NS)) if c),
        practice=_coded(event.find(performer, NS)) if event is not None else None,
        facility=_coded(root.find("h:componentOf/h:encompassingEncounter/h:location/h:healthCareFacility/h:code", NS)),
        orders=_ids(root, "h:inFulfillmentOf/h:order/h:id"),
        accessions=_ids(root, "h:inFulfillmentOf/h:order/d:accessionNumber"),
        recipients=_mailboxes(root),
        replaced=_at(root, "h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id/@root"),
    )


def _mailboxes(root: Element) -> tuple[str, ...]:
    """Where the intended recipients are written to (informationRecipient, telecom mailto:)."""
    values = _all(root, "h:informationRecipient/h:intendedRecipient/h:telecom/@value")
    found = (str(v)[7:].strip() for v in values if str(v).lower().startswith("mailto:"))
    return tuple(dict.fromkeys(v for v in found if "@" in v))


def _all(node: Element, path: str) -> list[object]:
    found = node.xpath(path, namespaces=NS)
    return list(found) if isinstance(found, list) else []


def _at(node: Element, path: str) -> str:
    values = _all(node, path)
    return str(values[0]).strip() if values else ""


def _first(node: Element | None, *paths: str) -> str:
    if node is None:
        return ""
    return next((value for value in (_at(node, p) for p in paths) if value), "")


def _ids(node: Element, path: str) -> tuple[tuple[str, str], ...]:
    found = node.findall(path, NS)
    return tuple((e.get("extension") or "", e.get("root") or "") for e in found if e.get("extension"))


def _coded(node: Element | None) -> Coded | None:
    if node is None or not node.get("code"):
        return None
    return Coded(node.get("code") or "", node.get("displayName") or "", node.get("codeSystem") or "")


def _traits(role: Element) -> Traits:
    name = "h:patient/h:name"
    return Traits(
        family=_first(role, f"{name}/h:family[@qualifier='BR']/text()", f"{name}/h:family/text()"),
        given=_first(role, f"{name}/h:given[@qualifier='BR']/text()", f"{name}/h:given/text()"),
        used=_at(role, f"{name}/h:family[@qualifier='CL']/text()"),
        birth_day=_at(role, "h:patient/h:birthTime/@value")[:8],
        sex=_at(role, "h:patient/h:administrativeGenderCode/@code"),
    )


def _person(entity: Element | None) -> Person | None:
    if entity is None:
        return None
    device = _at(entity, "h:assignedAuthoringDevice/h:softwareName/text()")
    return Person(
        id=_at(entity, "h:id/@extension"),
        family=device or _at(entity, "h:assignedPerson/h:name/h:family/text()"),
        given=_first(entity, "h:assignedAuthoringDevice/h:manufacturerModelName/text()")
        if device
        else _at(entity, "h:assignedPerson/h:name/h:given/text()"),
        root=_at(entity, "h:id/@root") or "1.2.250.1.71.4.2.1",
        kind="RI" if device else "IDNPS",
    )


def _author(author: Element) -> Author:
    assigned = author.find("h:assignedAuthor", NS)
    if assigned is None:
        return Author(Person())
    organisation = assigned.find("h:representedOrganization", NS)
    institution = None
    if organisation is not None:
        institution = Institution(
            _at(organisation, "h:id/@extension"),
            _at(organisation, "h:name/text()"),
            _at(organisation, "h:id/@root") or "1.2.250.1.71.4.2.2",
        )
    return Author(
        person=_person(assigned) or Person(),
        institution=institution,
        role=_at(author, "h:functionCode/@displayName"),
        specialty=_coded(assigned.find("h:code", NS)),
    )
