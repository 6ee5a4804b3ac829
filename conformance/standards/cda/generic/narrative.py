"""The narrative of the body and the links to it: references, images, tables, text that is there and readable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import characters
from conformance.standards.cda.generic.found import found
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element, local

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|.*[/?&=.]")
_COMPONENT = tag("component")
_string: Callable[[Element], Any] = etree.XPath("string()")


def _text(element: Element) -> str:
    return str(_string(element))


def judge_reference(element: Element, document: Document) -> Iterator[Finding]:
    """A `reference` to the narrative names an ID of the document, with its `#`."""
    value = element.get("value")
    parent = element.getparent()
    if value is None or parent is None or local(parent) not in ("text", "originalText"):
        return
    if value.startswith("#"):
        target = value[1:]
        if target and target in document.narrative_ids:
            return
        if not target:
            yield found("cda.narrative.reference-empty", element, "value", seen=value)
        else:
            yield found("cda.narrative.reference", element, "value", seen=value)
    elif not value:
        yield found("cda.narrative.reference-empty", element, "value", seen=value)
    elif value in document.narrative_ids or not _SCHEME.match(value):
        yield found("cda.narrative.reference-hash", element, "value", seen=value, expected=f"#{value}")


def judge_image(element: Element, document: Document) -> Iterator[Finding]:
    """A `renderMultiMedia` shows an `observationMedia` or a region of interest."""
    for name in (element.get("referencedObject") or "").split():
        target = document.narrative_ids.get(name)
        if target is not None and local(target) not in ("observationMedia", "regionOfInterest"):
            yield found("cda.narrative.image", element, "referencedObject", seen=f"{name} {local(target)}")


def judge_section(element: Element, document: Document) -> Iterator[Finding]:
    """A section says what it is: template, title, code; and what it codes can be read in its text."""
    if element.find(tag("templateId")) is None:
        yield found("cda.section.template", element)
    title = element.find(tag("title"))
    if title is None or not _text(title).strip():
        yield found("cda.section.title", element)
    code = element.find(tag("code"))
    if code is None:
        yield found("cda.section.code", element)
    elif code.get("code") is None and code.get("nullFlavor") is None:
        yield found("cda.section.code", code)
    text = element.find(tag("text"))
    entries = element.find(tag("entry")) is not None
    if text is None:
        if entries:
            yield found("cda.section.text", element, severity=Severity.ERROR)
        return
    readable = _text(text)
    if entries and not readable.strip() and next(text.iter(tag("renderMultiMedia")), None) is None:
        yield found("cda.section.text", text)
    yield from _spoilt(text, readable)


def _spoilt(element: Element, readable: str) -> Iterator[Finding]:
    odd = characters.odd(readable)
    if odd:
        severity = None if characters.is_certain(odd) else Severity.WARNING
        seen = characters.around(readable, odd[0])
        yield found("cda.narrative.characters", element, seen=seen, severity=severity)


_labels: Callable[[Element], Any] = etree.XPath("descendant-or-self::*/@displayName")


def judge_header(document: Document) -> Iterator[Finding]:
    """The texts of the header (title, names, addresses) and the labels of its codes are readable too."""
    for element in document.root.iterchildren("{*}*"):
        if element.tag != _COMPONENT:
            yield from _spoilt(element, "\n".join([_text(element), *_labels(element)]))


_TR, _HEAD, _BODY = tag("tr"), tag("thead"), tag("tbody")


def judge_table(element: Element, document: Document) -> Iterator[Finding]:
    """A body row of a table has no more cells than its head has columns (what overflows has no heading)."""
    head = element.find(_HEAD)
    columns = max(map(_width, head.iterchildren(_TR)), default=0) if head is not None else 0
    if not columns:
        return
    for body in element.iterchildren(_BODY):
        for row in body.iterchildren(_TR):
            if len(row) > columns or (row.find("*[@colspan]") is not None and _width(row) > columns):
                yield found("cda.narrative.table", row, seen=_width(row), expected=columns)
                return


def _width(row: Element) -> int:
    spans = (cell.get("colspan", "1") for cell in row.iterchildren("{*}*"))
    return sum(int(span) if span.isdecimal() and len(span) < 4 else 1 for span in spans)


DOCUMENT_RULES = (judge_header,)
RULES = {
    "reference": (judge_reference,),
    "renderMultiMedia": (judge_image,),
    "section": (judge_section,),
    "table": (judge_table,),
}
