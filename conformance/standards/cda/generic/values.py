"""Quantities of the body: unit present and known to UCUM, order of the bounds, sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import ucum
from conformance.standards.cda.generic.found import found
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import XSI, Element, local

_TYPE = f"{{{XSI}}}type"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_EDQM = re.compile(r"\d{8}")

# Quantities that count something given, taken or lasting: they cannot be below zero.
COUNTED = frozenset({"doseQuantity", "rateQuantity", "quantity", "period", "width", "maxDoseQuantity", "repeatNumber"})


PLAIN = frozenset({"PQ", "INT", "REAL", "TS", "BL", "MO"})
"""The types whose whole content is one `value`."""


def kind(element: Element) -> str:
    """The type that `xsi:type` names, without its prefix; empty when there is none."""
    return (element.get(_TYPE) or "").rpartition(":")[2]


def number(text: str | None) -> float | None:
    """The number that a value holds, None when it is none (the structure says so)."""
    return float(text) if text is not None and len(text) < 60 and _NUMBER.fullmatch(text.strip()) else None


def judge_unit(element: Element, document: Document) -> Iterator[Finding]:
    """The unit of a quantity: a UCUM unit, in its usual case; in a supply also a code of EDQM (a box, a tube)."""
    unit = element.get("unit")
    if unit is None:
        return
    if not unit:
        yield found("cda.value.unit-empty", element, "unit")
    elif not ucum.is_unit(unit):
        yield found("cda.value.unit", element, "unit", seen=unit, expected=ucum.meant(unit) or "UCUM")
    elif not _EDQM.fullmatch(unit) and ucum.meant(unit):
        yield found("cda.value.unit-case", element, "unit", seen=unit, expected=ucum.meant(unit))


def judge_given(element: Element, attribute: str) -> Iterator[Finding]:
    """A value is there, or a nullFlavor says why it is not; never both (CDA R2, data types)."""
    given, null = element.get(attribute) is not None, element.get("nullFlavor")
    if not given and null is None:
        yield found("cda.value.absent", element, expected=f"{attribute} | nullFlavor")
    elif given and null is not None:
        yield found("cda.value.and-null", element, seen=f"{element.get(attribute)} {null}")


def judge_value(element: Element, document: Document) -> Iterator[Finding]:
    """An observed value: a measure has a unit (`1` or an annotation without dimension), an interval is in order."""
    said = kind(element)
    if said in PLAIN:
        yield from judge_given(element, "value")
    elif said in ("CD", "CE") and not len(element):
        yield from judge_given(element, "code")
    if said == "PQ":
        yield from judge_unit(element, document)
        if element.get("value") is not None and element.get("unit") is None and _observed(element):
            yield found("cda.value.unit-missing", element, seen=element.get("value"))
    elif said.startswith("IVL_") and said != "IVL_TS":
        yield from judge_interval(element, document)


def _observed(element: Element) -> bool:
    parent = element.getparent()
    return parent is not None and local(parent) in ("observation", "observationRange")


def judge_interval(element: Element, document: Document) -> Iterator[Finding]:
    """Bounds of a quantity: each has a good unit, and the low one is not above the high one."""
    low, high = element.find(tag("low")), element.find(tag("high"))
    for bound in (low, high):
        if bound is not None:
            yield from judge_unit(bound, document)
    if low is None or high is None or low.get("unit") != high.get("unit"):
        return
    first, last = number(low.get("value")), number(high.get("value"))
    if first is not None and last is not None and first > last:
        yield found("cda.value.bounds", element, seen=f"{low.get('value')} > {high.get('value')}")


def judge_quantity(element: Element, document: Document) -> Iterator[Finding]:
    """A quantity given, taken or lasting: unit, sign, order of its bounds."""
    yield from judge_unit(element, document)
    yield from judge_interval(element, document)
    for held in element.iter("{*}*"):
        value = number(held.get("value"))
        if value is not None and value < 0:
            yield found("cda.value.negative", held, "value", seen=held.get("value"))
        elif value == 0 and local(element) == "doseQuantity" and held is element:
            yield found("cda.value.zero", held, "value", seen=held.get("value"))
        if held is not element and local(held) in ("numerator", "denominator", "center"):
            yield from judge_unit(held, document)


RULES = {
    "value": (judge_value,),
    **dict.fromkeys(sorted(COUNTED), (judge_quantity,)),
}
