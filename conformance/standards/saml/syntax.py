"""SAML 2.0 bytes <-> tokens: where the assertion stands, its plain values. No table, no rule (SAML core 2.0)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.errors import Malformed
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
HL7 = "urn:hl7-org:v3"

ASSERTION = f"{{{SAML}}}Assertion"
SIGNATURE = f"{{{DS}}}Signature"

LIMIT_ATTRIBUTES = 200
LIMIT_VALUES = 1000


@dataclass(frozen=True, slots=True)
class Value:
    """One AttributeValue: its text, or the coded element it holds (`Role`, `PurposeOfUse`): code, system, label."""

    text: str = ""
    code: str = ""
    system: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One Attribute of the AttributeStatement: its Name as written, and all its values in order."""

    name: str
    values: tuple[Value, ...]


def find(security: Element | None) -> Element | None:
    """The assertion inside wsse:Security (or the element itself when it is one); None without any.

    Raises Malformed `saml.syntax.several` when there is more than one.
    """
    if security is None:
        return None
    if security.tag == ASSERTION:
        return security
    found = [e for e in security if e.tag == ASSERTION]
    if len(found) > 1:
        raise Malformed("saml.syntax.several", xml.path(security), f"{len(found)} assertions")
    return found[0] if found else None


def parse(raw: bytes) -> Element:
    """The assertion element of a document that is one; raises Malformed of the XML reader or `saml.syntax.root`."""
    root = xml.parse(raw, limit=1024 * 1024)
    if root.tag != ASSERTION:
        raise Malformed("saml.syntax.root", "/", str(root.tag)[:200])
    return root


def attributes(assertion: Element) -> tuple[Attribute, ...]:
    """The attributes of every AttributeStatement, in order; raises Malformed `saml.syntax.too-many`."""
    found: list[Attribute] = []
    count = 0
    for statement in assertion.iterfind(f"{{{SAML}}}AttributeStatement"):
        for attribute in statement.iterfind(f"{{{SAML}}}Attribute"):
            values = tuple(_value(v) for v in attribute.iterfind(f"{{{SAML}}}AttributeValue"))
            found.append(Attribute(attribute.get("Name", ""), values))
            count += len(values)
            if len(found) > LIMIT_ATTRIBUTES or count > LIMIT_VALUES:
                raise Malformed("saml.syntax.too-many", xml.path(statement), f"over {LIMIT_ATTRIBUTES} attributes")
    return tuple(found)


def _value(element: Element) -> Value:
    inside = next(xml.children(element), None)
    if inside is None:
        return Value(text=xml.text(element))
    return Value(
        text=xml.text(element),
        code=inside.get("code", ""),
        system=inside.get("codeSystem", ""),
        label=inside.get("displayName", ""),
    )
