"""Coded values of the body: the code system, the form and key of the code, and its label, taken together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import characters, labels, systems
from conformance.standards.cda.generic.found import found
from conformance.standards.xml.syntax import XSI, Element, local

CODED_TYPES = frozenset({"CD", "CE", "CV", "CO"})

# Systems that only the national programme writes: a label that belongs to another of their codes is no synonym.
CLOSED = frozenset({"1.2.250.1.213.1.1.4.322"})

# Codes whose meaning is fixed by their template, which the official examples write without a label.
SILENT = frozenset({("ASSERTION", "2.16.840.1.113883.5.4"), ("SURG", "2.16.840.1.113883.5.4")})
SILENT_SYSTEMS = frozenset({"1.3.6.1.4.1.19376.1.5.3.2", "2.16.840.1.113883.5.83"})

UNLABELLED = frozenset({"interpretationCode", "translation", "name"})

WARNING = Severity.WARNING

_TYPE = f"{{{XSI}}}type"

ACTS = frozenset({"act", "encounter", "observation", "organizer", "procedure", "substanceAdministration", "supply"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a coded value: the end of a finding code, and what to show."""

    code: str
    seen: str = ""
    expected: str = ""
    severity: Severity | None = None
    cause: str = ""


@lru_cache(maxsize=16384)
def faults(kind: str, code: str, system: str | None, label: str | None) -> tuple[Fault, ...]:
    """The faults of a coded value.

    `kind` is the name of the element, or `act` for the code of an act. A `translation` may be a local code; the code of
    a section or of a procedure stands without label in official examples.
    """
    local_allowed = WARNING if kind == "translation" else None
    if system is None:
        return (Fault("system-missing", code, "codeSystem", local_allowed),)
    return (*_system(code, system, label or "", local_allowed), *_label(kind, code, system, label))


def _system(code: str, system: str, label: str, lenient: Severity | None) -> Iterator[Fault]:
    shown = f"{code} {system}"
    if systems.is_impossible(system):
        yield Fault("system-impossible", shown, _elsewhere(code, system, label), lenient)
    elif systems.is_value_set(system):
        yield Fault("system-set", shown, _elsewhere(code, system, label), lenient)
    elif not systems.is_known(system):
        other = labels.elsewhere(code, system, label)
        if other:
            yield Fault("system-wrong", shown, f"{other} {systems.name_of(other)}", lenient)
        elif lenient is None:
            yield Fault("system-unknown", shown)
    elif not labels.is_seen(code, system):
        yield from _code(code, system, label)


def _elsewhere(code: str, system: str, label: str) -> str:
    other = labels.elsewhere(code, system, label)
    return f"{other} {systems.name_of(other)}" if other else ""


def _code(code: str, system: str, label: str) -> Iterator[Fault]:
    wrong = systems.fault(code, system)
    name = systems.name_of(system)
    if wrong:
        yield Fault(wrong, code, name, cause=name.lower())
        return
    others = labels.owners(system, label) if label else ()
    if others:
        severity = None if system in CLOSED and len(labels.words(label)) > 1 else WARNING
        yield Fault("label-other", f"{code} {label}", " ".join(others[:3]), severity, name.lower())


def _label(kind: str, code: str, system: str, label: str | None) -> Iterator[Fault]:
    if not label:
        if kind not in UNLABELLED and system not in SILENT_SYSTEMS and (code, system) not in SILENT:
            yield Fault("label-missing", code, labels.show(code, system), WARNING if kind == "code" else None)
        return
    if characters.odd(label):
        yield Fault("label-spoilt", f"{code} {label}", labels.show(code, system))
        return
    relation = labels.relation(code, system, label)
    if relation == "far":
        long_enough = any(len(word) > 3 for word in labels.words(label))
        severity = None if long_enough and kind != "translation" else WARNING
        yield Fault("label-unrelated", f"{code} {label}", labels.show(code, system), severity)
    elif relation == "near":
        yield Fault("label", f"{code} {label}", labels.show(code, system))


LABELLED_ACTS = ACTS - {"procedure"}


def _absent(element: Element) -> Iterator[Finding]:
    """The code of an act that says nothing: no code, no text, no translation, no nullFlavor."""
    parent = element.getparent()
    if parent is not None and local(parent) in ACTS and not len(element) and element.get("nullFlavor") is None:
        yield found("cda.code.absent-in-act", element, expected="code | nullFlavor")


def judge_coded(element: Element, document: Document) -> Iterator[Finding]:
    """The findings of one coded element; nothing when it has no code."""
    code = element.get("code")
    kind = local(element)
    if code is None:
        if kind == "code":
            yield from _absent(element)
        return
    if element.get("nullFlavor") is not None:
        yield found("cda.code.and-null", element, seen=f"{code} {element.get('nullFlavor')}")
    if kind == "value" and (element.get(_TYPE) or "").rpartition(":")[2] not in CODED_TYPES:
        return
    parent = element.getparent()
    if parent is not None and kind == "translation" and parent.get("unit") is not None:
        return  # a quantity in another unit (PQR): its code is that unit
    if parent is not None and kind == "code" and local(parent) in LABELLED_ACTS:
        kind = "act"
    for fault in faults(kind, code, element.get("codeSystem"), element.get("displayName")):
        yield found(
            f"cda.code.{fault.code}",
            element,
            seen=fault.seen,
            expected=fault.expected,
            severity=fault.severity,
            cause=fault.cause,
        )


NAMES = tuple(
    re.findall(
        r"\w+",
        "code value translation interpretationCode methodCode routeCode priorityCode targetSiteCode approachSiteCode "
        "administrationUnitCode formCode functionCode standardIndustryClassCode name awarenessCode riskCode "
        "handlingCode confidentialityCode dischargeDispositionCode maritalStatusCode raceCode ethnicGroupCode "
        "administrativeGenderCode",
    )
)
"""The elements whose type is CD, CE or CV; those of type CS (statusCode, languageCode...) have no code system."""
