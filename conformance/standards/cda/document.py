"""What the rules of a document share: its tree, what it declares itself to be, and the settings of the judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from lxml import etree

from conformance.standards.cda.syntax import DOCUMENT, tag
from conformance.standards.ins.oids import Environment
from conformance.standards.xml.syntax import Element

_TEMPLATE = tag("templateId")
_ID = "ID"
IDENTIFIED: Callable[[Element], Any] = etree.XPath(f"descendant-or-self::*[@{_ID}]", regexp=False)
"""Every element of a tree that has an ID, found in libxml2."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a judgement depends on besides the document.

    `environment`: whose INS OIDs the channel carries, None when nothing is declared.
    `as_of`: the day of the judgement, after which nothing done can be dated; None judges no date against today.
    """

    environment: Environment | None = None
    as_of: date | None = None


DEFAULT = Settings()


@dataclass(frozen=True)
class Document:
    """One CDA under judgement: `root` is its ClinicalDocument element."""

    root: Element
    settings: Settings = DEFAULT

    @cached_property
    def templates(self) -> Mapping[str, tuple[str, ...]]:
        """The templateIds of the document itself: root OID -> its extensions (`""` when one has none)."""
        found: dict[str, dict[str, None]] = {}
        for element in self.root.iterchildren(_TEMPLATE):
            found.setdefault(element.get("root", ""), {})[element.get("extension", "")] = None
        return {oid: tuple(versions) for oid, versions in found.items()}

    def declares(self, oid: str, version: str | None = None) -> bool:
        """True when the document declares a template, in a version when one is asked (`""`: without version)."""
        versions = self.templates.get(oid)
        return versions is not None and (version is None or version in versions)

    @cached_property
    def body(self) -> Element | None:
        """`structuredBody` or `nonXMLBody`, None when the document has none."""
        for component in self.root.iterchildren(tag("component")):
            for name in ("structuredBody", "nonXMLBody"):
                held = component.find(tag(name))
                if held is not None:
                    return held
        return None

    @cached_property
    def structured(self) -> bool:
        """True for a body in sections."""
        return self.body is not None and self.body.tag == tag("structuredBody")

    @cached_property
    def effective(self) -> str:
        """`effectiveTime/@value` as written."""
        return self._value("effectiveTime")

    @cached_property
    def birth(self) -> str:
        """`birthTime/@value` of the patient as written."""
        return self._value("recordTarget/patientRole/patient/birthTime")

    @cached_property
    def narrative_ids(self) -> Mapping[str, Element]:
        """Every ID of the document (narrative parts, media) and the element that has it."""
        return {e.get(_ID): e for e in IDENTIFIED(self.root)}

    def _value(self, path: str) -> str:
        found = self.root.find("/".join(tag(step) for step in path.split("/")))
        return "" if found is None else found.get("value", "")


def is_document(element: Element) -> bool:
    """True for a ClinicalDocument of HL7 v3."""
    return bool(element.tag == DOCUMENT)
