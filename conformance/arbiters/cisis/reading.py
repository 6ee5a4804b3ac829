"""Bytes -> tree for the official judge: the safe reader decides, and a document type that it refuses is taken off.

The official tool accepts a document with a DOCTYPE: to give its verdict we must too, without ever reading what the
DOCTYPE names. Short internal entities are put in their place; any other is left out, and that is told.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from conformance.errors import Malformed
from conformance.standards.cda.syntax import DOCUMENT, XSL
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

LIMIT_EXPANDED = 1024 * 1024
"""Characters that entities may add to one document."""

_DOCTYPE = "xml.syntax.doctype"


def read(raw: bytes) -> tuple[Element, tuple[str, ...]]:
    """The root of a document, and the names of the entities left out. Raises Malformed as the safe reader does."""
    try:
        return xml.parse(raw), ()
    except Malformed as error:
        if error.code != _DOCTYPE:
            raise
    # the reader has bounded size, depth and marks before it refused the DOCTYPE; entities stay unexpanded here
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root: Element = etree.fromstring(raw, parser)
    left = _expand(root)
    return root, left


def _expand(root: Element) -> tuple[str, ...]:
    declared: Any = root.getroottree().docinfo.internalDTD
    contents = {e.name: e.content or "" for e in declared.entities()} if declared is not None else {}
    left: set[str] = set()
    added = 0
    spots: list[Any] = list(root.iter(etree.Entity))
    for spot in spots:
        name = str(spot.name)
        text = contents.get(name, "")
        added += len(text)
        if not text or "&" in text or "<" in text or added > LIMIT_EXPANDED:
            text = ""
            left.add(name)
        _replace(spot, text)
    return tuple(sorted(left))


def _replace(spot: Any, text: str) -> None:
    whole = text + (spot.tail or "")
    before, parent = spot.getprevious(), spot.getparent()
    if before is not None:
        before.tail = (before.tail or "") + whole
    else:
        parent.text = (parent.text or "") + whole
    spot.tail = None
    parent.remove(spot)


def unwrapped(root: Element) -> Element:
    """The ClinicalDocument inside an auto-presentable document; any other root as it is."""
    if xml.namespace(root) == XSL:
        return next(root.iter(DOCUMENT), root)
    return root


def source(document: Element) -> str:
    """The document as text for another processor: comments and instructions around the root kept, no DOCTYPE."""
    around: list[str] = []
    if document.getparent() is None:
        node: Any = document.getprevious()
        while node is not None:
            around.insert(0, etree.tostring(node, encoding="unicode", with_tail=False))
            node = node.getprevious()
    return "\n".join([*around, etree.tostring(document, encoding="unicode", with_tail=False)])


def line_of(document: Element, path: str) -> int | None:
    """The line of the element at a path (names as written, `[n]` from the second on)."""
    at: Any = None
    for step in path.split("/")[1:]:
        name, _, rest = step.partition("[")
        wanted = int(rest.rstrip("]")) if rest else 1
        seen = 0
        for element in [document] if at is None else at.iterchildren("*"):
            written = f"{element.prefix}:{xml.local(element)}" if element.prefix else xml.local(element)
            if written == name:
                seen += 1
                if seen == wanted:
                    at = element
                    break
        else:
            return None
    return None if at is None else at.sourceline
