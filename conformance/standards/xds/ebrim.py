"""Reading ebRIM objects: slots, classifications, external identifiers (ebXML RegRep 3.0, RIM)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.errors import Malformed
from conformance.standards.xds.datatypes import Author, Coded, Xcn, Xon
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

LIMIT_OBJECTS = 2000


def slots(element: Element) -> dict[str, tuple[str, ...]]:
    """Slot name -> its values. A name given twice keeps all the values, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for slot in xml.children(element, "Slot"):
        values = tuple(
            (value.text or "").strip()
            for rows in xml.children(slot, "ValueList")
            for value in xml.children(rows, "Value")
        )
        name = slot.get("name", "")
        found[name] = found.get(name, ()) + values
    return found


def first(values: Mapping[str, tuple[str, ...]], name: str) -> str:
    """The first value of a slot, empty when absent."""
    return next(iter(values.get(name, ())), "")


def label(element: Element, name: str = "Name") -> str:
    """The value of the first LocalizedString of Name or Description."""
    return next(
        (s.get("value", "") for n in xml.children(element, name) for s in xml.children(n, "LocalizedString")), ""
    )


def classifications(element: Element, scheme: str) -> Iterator[Element]:
    """The classifications of an object in a scheme, in order; UUIDs are compared without case."""
    return (
        c
        for c in xml.children(element, "Classification")
        if c.get("classificationScheme", "").casefold() == scheme.casefold()
    )


def coded(element: Element, scheme: str) -> tuple[Coded, ...]:
    """The coded values of an object in a scheme."""
    return tuple(
        Coded(c.get("nodeRepresentation", ""), first(slots(c), "codingScheme"), label(c))
        for c in classifications(element, scheme)
    )


def authors(element: Element, scheme: str) -> tuple[Author, ...]:
    """The author classifications of an object."""
    found = []
    for classification in classifications(element, scheme):
        s = slots(classification)
        found.append(
            Author(
                persons=tuple(Xcn.parse(v) for v in s.get("authorPerson", ())),
                institutions=tuple(Xon.parse(v) for v in s.get("authorInstitution", ())),
                roles=s.get("authorRole", ()),
                specialties=s.get("authorSpecialty", ()),
            )
        )
    return tuple(found)


def identifier(element: Element, scheme: str) -> str:
    """The value of an external identifier, empty when absent."""
    for found in xml.children(element, "ExternalIdentifier"):
        if found.get("identificationScheme", "").casefold() == scheme.casefold():
            return found.get("value", "").strip()
    return ""


def objects(container: Element | None) -> list[Element]:
    """The registry objects of a RegistryObjectList; raises Malformed `xds.ebrim.too-many`."""
    listed = xml.child(container, "RegistryObjectList")
    found = [] if listed is None else list(xml.children(listed))
    if len(found) > LIMIT_OBJECTS:
        raise Malformed("xds.ebrim.too-many", "RegistryObjectList", f"{len(found)} objects")
    return found
