"""Names and other texts of the header: parts that are not empty, civility and title from their value sets, numbers."""

from __future__ import annotations

import re

from conformance.standards import valuesets
from conformance.standards.cda.header.core import Row, Run
from conformance.standards.xml.syntax import Element

CIVILITY = "JDV_J245_Civilite_CISIS"
_INTEGER = re.compile(r"[1-9][0-9]*")
TITLE = "JDV_J246_Titre_CISIS"


def name(node: Element, row: Row, run: Run) -> None:
    """An EN or PN: parts or text, never both, never nothing; no name twice."""
    if node.get("nullFlavor") is not None:
        return
    text, parts = bool((node.text or "").strip()), False
    for part in node.iterchildren("{*}*"):
        parts = True
        text = text or bool((part.tail or "").strip())
        qualifier = part.get("qualifier")
        if qualifier is not None:
            words = qualifier.split()
            if qualifier != " ".join(words) or not words or len(words) != len(set(words)) or "LS" in words:
                run.say("cda.name.qualifier", part, row=row, below="@qualifier", seen=qualifier)
    if parts == text:
        run.say("cda.name.mixed" if text else "cda.name.empty", node, row=row)


def organisation(node: Element, row: Row, run: Run) -> None:
    """An ON: text alone, not empty."""
    if node.get("nullFlavor") is None:
        if next(node.iterchildren("{*}*"), None) is not None:
            run.say("cda.name.organisation", node, row=row)
        elif not (node.text or "").strip():
            run.say("cda.name.empty", node, row=row)


def filled(node: Element, row: Row, run: Run) -> None:
    """A part of a name has letters."""
    if not any(c.isalpha() for c in (node.text or "")):
        run.say("cda.name.blank", node, row=row, seen=(node.text or "").strip())


def text(node: Element, row: Row, run: Run) -> None:
    """An ST is not empty."""
    if not (node.text or "").strip() and node.get("nullFlavor") is None:
        run.say(row.options.get("code", "cda.header.empty"), node, row=row)


def data(node: Element, row: Row, run: Run) -> None:
    """An ED has a text or a reference."""
    if next(node.iterchildren("{*}*"), None) is None:
        text(node, row, run)


def integer(node: Element, row: Row, run: Run) -> None:
    """An INT of the header counts from 1."""
    value = node.get("value")
    if value is None or _INTEGER.fullmatch(value) is None:
        code = row.options.get("code", "cda.header.number")
        run.say(code, node, row=row, below="@value", seen=value or "", expected="1, 2, 3…")


def civility(node: Element, row: Row, run: Run) -> None:
    """`prefix` holds a code of JDV_J245 (M, MME)."""
    _listed(node, row, run, CIVILITY, "cda.name.civility")


def title(node: Element, row: Row, run: Run) -> None:
    """`suffix` holds a code of JDV_J246 (DR, PR...)."""
    _listed(node, row, run, TITLE, "cda.name.title")


def _listed(node: Element, row: Row, run: Run, known: str, code: str) -> None:
    if node.get("nullFlavor") is None and (node.text or "") not in valuesets.get(known).codes:
        run.say(code, node, row=row, seen=node.text or "", expected=" | ".join(sorted(valuesets.get(known).codes)))
