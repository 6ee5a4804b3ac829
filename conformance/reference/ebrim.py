"""ebRIM pieces: slots, classifications, identifiers, associations, and the HL7 v2 types their values hold."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from conformance.reference.values import Author, Coded, Institution, Person, Traits

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
OBJECT_TYPES = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"


def element(name: str, attributes: dict[str, str], inner: str = "") -> str:
    """A `rim:` element; `inner` is XML already."""
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<rim:{name}{written}>{inner}</rim:{name}>" if inner else f"<rim:{name}{written}/>"


def registered(name: str, attributes: dict[str, str], inner: str = "") -> str:
    """A `rim:` element that is a registry object: with an id of its own and its object type."""
    own = {"id": f"urn:uuid:{uuid.uuid4()}", **attributes, "objectType": OBJECT_TYPES + name}
    return element(name, own, inner)


def slot(name: str, values: Iterable[str]) -> str:
    """A slot of these values, nothing when all are empty."""
    inner = "".join(f"<rim:Value>{escape(v)}</rim:Value>" for v in values if v)
    return element("Slot", {"name": name}, f"<rim:ValueList>{inner}</rim:ValueList>") if inner else ""


def label(text: str) -> str:
    """A rim:Name, nothing when the text is empty."""
    return element("Name", {}, element("LocalizedString", {"value": text})) if text else ""


def code(scheme: str, object_id: str, value: Coded) -> str:
    """A classification by a coded value."""
    attributes = {"classificationScheme": scheme, "classifiedObject": object_id, "nodeRepresentation": value.code}
    return registered(
        "Classification", attributes, slot("codingScheme", [value.system]) + label(value.label or value.code)
    )


def author(scheme: str, object_id: str, value: Author) -> str:
    """A classification by an author: person, institution, role, specialty."""
    known = value.specialty
    inner = "".join(
        (
            slot("authorPerson", [xcn(value.person)]),
            slot("authorInstitution", [xon(value.institution)] if value.institution else []),
            slot("authorRole", [value.role]),
            slot("authorSpecialty", [f"{known.code}^{_plain(known.label)}^{known.system}"] if known else []),
        )
    )
    attributes = {"classificationScheme": scheme, "classifiedObject": object_id, "nodeRepresentation": ""}
    return registered("Classification", attributes, inner)


def identifier(scheme: str, object_id: str, value: str, name: str) -> str:
    """An external identifier."""
    attributes = {"identificationScheme": scheme, "registryObject": object_id, "value": value}
    return registered("ExternalIdentifier", attributes, label(name))


def association(kind: str, source: str, target: str, slots: str = "") -> str:
    """An association between two objects."""
    attributes = {"associationType": kind, "sourceObject": source, "targetObject": target}
    return registered("Association", attributes, slots)


_TIME = re.compile(r"^(\d{4,14})(?:\.\d+)?([+-]\d{4})?$")


def utc(value: str) -> str:
    """A CDA time as XDS writes it: UTC, no offset. Without offset the time is French; a mere day stays as it is."""
    match = _TIME.match(value)
    if match is None or len(match[1]) < 10:
        return match[1] if match else value
    stamp, offset = match[1].ljust(14, "0"), match[2]
    try:
        zoned = datetime.strptime(stamp + (offset or "+0000"), "%Y%m%d%H%M%S%z")
    except ValueError:
        return match[1]
    return (zoned if offset else zoned.replace(tzinfo=_PARIS)).astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _paris() -> ZoneInfo | timezone:
    try:
        return ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:  # a machine without time zone data: winter time
        return timezone(timedelta(hours=1))


_PARIS = _paris()


def _plain(text: str) -> str:
    """A text without HL7 delimiters, as a component of XCN, XON or XPN."""
    return "".join(" " if c in "^&~|\\" else c for c in text).strip()


def xcn(person: Person) -> str:
    """A person or device as XCN."""
    role = "U" if person.kind == "RI" else "D"
    kind = person.kind if person.root == "1.2.250.1.71.4.2.1" or person.kind == "RI" else "EI"
    identifier, family, given = (_plain(v) for v in (person.id, person.family, person.given))
    return f"{identifier}^{family}^{given}^^^^^^&{person.root}&ISO^{role}^^^{kind}"


def xon(institution: Institution) -> str:
    """A structure as XON."""
    name = _plain(institution.name)
    if not institution.id:
        return name
    return f"{name}^^^^^&{institution.root}&ISO^IDNST^^^{_plain(institution.id)}"


def source_patient_info(traits: Traits) -> list[str]:
    """The values of sourcePatientInfo."""
    names = [f"{_plain(traits.family)}^{_plain(traits.given)}^^^^^L"] if traits.family else []
    if traits.used:
        names.append(f"{_plain(traits.used)}^{_plain(traits.given)}^^^^^D")
    return [
        *(f"PID-5|{'~'.join(names)}" for _ in names[:1]),
        *(f"PID-7|{day}" for day in [traits.birth_day] if day),
        *(f"PID-8|{sex}" for sex in [traits.sex] if sex),
    ]
