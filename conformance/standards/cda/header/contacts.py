"""Addresses and telecommunications of the header (CI-SIS Structuration minimale, AD and TEL)."""

from __future__ import annotations

import re

from conformance.standards.cda.header.core import NULLS, Row, Run, before, same
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element

PREFIXES = frozenset({"tel", "fax", "mailto", "http", "ftp", "mllp"})
_ADDRESS_USES = frozenset({"H", "HP", "HV", "WP", "TMP"})
_TELECOM_USES = frozenset({"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"})
_LINE = tag("streetAddressLine")
_PERIOD = tag("useablePeriod")
_COUNTRY = tag("country")
_POSTAL = re.compile(r"[0-9]{5}(?:[ -]?CEDEX.*)?")
# Characters that a URI holds only escaped (RFC 3987, 3.1), and the white space that no telecom has.
_NO_URI = re.compile(r"[\s<>\"{}|\\^`\x00-\x1f\x7f]")


def address(node: Element, row: Row, run: Run) -> None:
    """An AD: one of the admitted uses; parts or lines, not empty, not both; one of each kind; no address twice."""
    use = node.get("use")
    if use is not None and use not in _ADDRESS_USES:
        run.say("cda.address.use", node, row=row, below="@use", seen=use, expected=" ".join(sorted(_ADDRESS_USES)))
    if node.get("nullFlavor") is not None:
        if any(other.get("nullFlavor") is None for other in same(node)):
            run.say("cda.null.beside", node, row=row, seen=node.get("nullFlavor"))
        elif next(before(node), None) is not None:
            run.say("cda.contact.repeated", node, row=row, seen=node.get("nullFlavor"))
        return
    text, lines, parts, written = bool((node.text or "").strip()), False, False, False
    empty: list[Element] = []
    for child in node.iterchildren("{*}*"):
        if child.tag == _LINE:
            lines = True
        elif child.tag != _PERIOD:
            parts = True
        if (child.text or "").strip() or child.get("nullFlavor") is not None:
            written = True
        else:
            empty.append(child)
        text = text or bool((child.tail or "").strip())
    if (lines or parts) == text:
        run.say("cda.address.text" if text else "cda.address.empty", node, row=row)
        return
    if lines and parts:
        run.say("cda.address.mixed", node, row=row)
    if not text and not written:
        run.say("cda.address.blank", node, row=row)
    else:
        for child in empty:
            if child.tag != _PERIOD:
                run.say("cda.header.empty", child, row=row)
    for other in before(node) if run.nth > 1 else ():
        if _content(other) == _content(node):
            run.say("cda.contact.repeated", node, row=row)
            return


def postal_code(node: Element, row: Row, run: Run) -> None:
    """A French postal code has five digits; addresses abroad name their country."""
    parent = node.getparent()
    country = None if parent is None else parent.find(_COUNTRY)
    french = country is None or (country.text or "").strip().upper() in ("", "FR", "FRA", "FRANCE")
    if french and (node.text or "").strip() and _POSTAL.fullmatch((node.text or "").strip()) is None:
        run.say("cda.address.postal-code", node, row=row, seen=(node.text or "").strip(), expected="5 chiffres")


def _content(node: Element) -> tuple[str, ...]:
    return (node.get("use", ""), "".join(str(piece) for piece in node.itertext("*")))


def telecom(node: Element, row: Row, run: Run) -> None:
    """A TEL: `prefix:value`, an admitted prefix in lower case, an admitted use; or an admitted nullFlavor alone."""
    null, value, use = node.get("nullFlavor"), node.get("value"), node.get("use")
    if use is not None and use not in _TELECOM_USES:
        run.say("cda.telecom.use", node, row=row, below="@use", seen=use, expected=" ".join(sorted(_TELECOM_USES)))
        return
    if null is not None:
        if null not in NULLS or len(node.attrib) > 1:
            run.say("cda.telecom.null", node, row=row, seen=null, expected=" | ".join(sorted(NULLS)))
        elif any(other.get("nullFlavor") is None for other in same(node)):
            run.say("cda.null.beside", node, row=row, seen=null)
        return
    prefix, colon, rest = (value or "").partition(":")
    if not colon or prefix not in PREFIXES or not rest.strip() or _NO_URI.search(value or ""):
        run.say("cda.telecom.form", node, row=row, below="@value", seen=value or "", expected=_proposal(value or ""))
        return
    if prefix == "mailto" and "@" not in rest.strip("@"):
        run.say("cda.telecom.mail", node, row=row, below="@value", seen=value)
    elif prefix in ("tel", "fax") and not any(c.isdigit() for c in rest):
        run.say("cda.telecom.number", node, row=row, below="@value", seen=value)
    for other in before(node) if run.nth > 1 else ():
        if other.get("value") == value and other.get("use") == use and use is not None:
            run.say("cda.contact.repeated", node, row=row, seen=value)
            return


def _proposal(value: str) -> str:
    bare = value.strip()
    prefix, colon, rest = bare.partition(":")
    if colon and prefix.lower() in PREFIXES and rest.strip():
        return f"{prefix.lower()}:{''.join(rest.split())}"
    if re.fullmatch(r"[+0-9 .]{6,}", bare):
        return f"tel:{bare.replace(' ', '').replace('.', '')}"
    return f"mailto:{bare}" if "@" in bare and ":" not in bare else " | ".join(sorted(f"{p}:" for p in PREFIXES))
