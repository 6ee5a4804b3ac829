"""The XSD of the package, with the verdict of the official validator (Xerces): libxml2, and what it lets through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from conformance.arbiters.cisis.package import GRAMMAR, Package
from conformance.errors import SetupError
from conformance.standards.xml.syntax import XSI, Element, local

LIMIT = 50
"""Errors told of one document."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ADDRESSED = frozenset({"telecom", "reference"})
_REFERENCES = ("IDREF", "referencedObject", "headers")


class Grammar:
    """`CDA_extended.xsd`, loaded. Raises SetupError when it does not load."""

    def __init__(self, package: Package) -> None:
        path = package.root / GRAMMAR
        try:
            self._schema: Any = etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
            raise SetupError("official.grammar", path=path, problem=str(error)[:300]) from None

    def errors(self, root: Element) -> tuple[str, ...]:
        """What is wrong, as `line: message`; empty when the document is valid."""
        found: list[str] = []
        if not self._schema.validate(root):
            found += [f"{entry.line}: {entry.message}" for entry in self._schema.error_log]
        found += [f"{line}: {message}" for line, message in beyond(root)]
        return tuple(dict.fromkeys(found))[:LIMIT]


def beyond(root: Element) -> Iterator[tuple[int, str]]:
    """What Xerces refuses and libxml2 does not: addresses (xs:anyURI) and references to an ID that nothing bears."""
    identifiers: set[str] = set()
    wanted: list[tuple[int, str]] = []
    elements: Iterator[Any] = root.iter("*")  # the stubs have attributes as bytes too
    for element in elements:
        attributes = element.attrib
        if "ID" in attributes:
            identifiers.add(attributes["ID"].strip())
        for name in _REFERENCES:
            if name in attributes:
                wanted += [(element.sourceline or 0, token) for token in attributes[name].split()]
        if "value" in attributes and (local(element) in _ADDRESSED or attributes.get(f"{{{XSI}}}type") == "TEL"):
            problem = address(attributes["value"])
            if problem:
                yield element.sourceline or 0, f"'{attributes['value'][:80]}' is not an xs:anyURI: {problem}"
    for line, token in wanted:
        if token not in identifiers:
            yield line, f"no ID for the IDREF '{token[:80]}'"


def address(value: str) -> str:
    """Why an address is not an xs:anyURI for Xerces (RFC 2396, relative addresses allowed); empty when it is one."""
    text = value.strip()
    colon = text.find(":")
    if colon == 0:
        return "no scheme"
    rest = text
    if colon > 0 and not any(c in text[:colon] for c in "/?#"):
        if not _SCHEME.match(text[:colon]):
            return "the scheme is not well-formed"
        rest = text[colon + 1 :]
        if not rest or rest.startswith("#"):
            return "nothing after the scheme"
    if _ESCAPE.search(text):
        return "a % that escapes nothing"
    if rest.count("#") > 1:
        return "two fragments"
    return ""
