"""What a document declares itself to be: its templateIds, the volet and its version, its type (3.5.5.3, 3.5.5.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from conformance.errors import InternalError
from conformance.evidence.values import Severity
from conformance.standards import valuesets
from conformance.standards.cda.header.core import Run
from conformance.standards.cda.syntax import tag
from conformance.standards.xml.syntax import Element

HL7_FRANCE = "2.16.840.1.113883.2.8.2.1"
TYPES = "JDV_J07_XdsTypeCode_CISIS"
MINIMAL = "1.2.250.1.213.1.1.1.1"
UNSTRUCTURED = "1.3.6.1.4.1.19376.1.2.20"
_VERSION = re.compile(r"20[0-9]{2}\.0[1-9]")
VOLETS = "1.2.250.1.213.1.1.1."
"""The arc of the document models of the CI-SIS."""


@dataclass(frozen=True, slots=True)
class Volet:
    """A document model: OID, name, published versions (`""`: without extension), admitted type codes.

    `family` models stand beside a more precise one. `restarts`: a replacement may bear version 1 again.
    """

    oid: str
    name: str
    versions: frozenset[str]
    types: frozenset[str]
    family: bool = False
    restarts: bool = False


@cache
def volets() -> Mapping[str, Volet]:
    """The known volets by OID, from `volets.txt`; raises InternalError when it cannot be read."""
    found = {}
    text = (files("conformance.standards.cda.header") / "volets.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 5 or parts[0] in found:
            raise InternalError("cda.rules", where=f"volets.txt:{number}", line=line, reason="five parts, one OID")
        oid, name, versions, types, words = parts
        found[oid] = Volet(
            oid,
            name,
            frozenset("" if one == "-" else one for one in versions.split()),
            frozenset(types.split()),
            "family" in words,
            "restarts" in words,
        )
    return found


def declared(root: Element, run: Run) -> None:
    """The templateIds of the document: the two common ones, then those of an N1 or of one volet."""
    document = run.document
    templates = document.templates
    for oid, code in ((HL7_FRANCE, "cda.model.hl7-france"), (MINIMAL, "cda.model.minimal")):
        if oid not in templates:
            run.say(code, root, below="templateId", expected=oid)
    if document.body is None:
        run.say("cda.body.absent", root, below="component")
        return
    if not document.structured:
        _unstructured(root, run)
        return
    if UNSTRUCTURED in templates:
        run.say("cda.model.n1-structured", root, below="templateId", seen=UNSTRUCTURED)
    named = [oid for oid in templates if oid.startswith(VOLETS) and oid != MINIMAL]
    if not named:
        _no_volet(root, run)
    for element in root.iterchildren(tag("templateId")):
        _volet(element, root, run)
    _type(root, run, named)


def _unstructured(root: Element, run: Run) -> None:
    if UNSTRUCTURED not in run.document.templates:
        extra = " ".join(oid for oid in run.document.templates if oid not in (HL7_FRANCE, MINIMAL))
        run.say("cda.model.n1", root, below="templateId", seen=extra, expected=UNSTRUCTURED)
        return
    for element in root.iterchildren(tag("templateId")):
        oid = element.get("root", "")
        if oid not in (HL7_FRANCE, MINIMAL, UNSTRUCTURED):
            run.say("cda.model.n1-extra", element, seen=oid)


def _described(root: Element) -> list[str]:
    """The volets whose type of document is that of this one."""
    code = root.find(tag("code"))
    mine = "" if code is None else code.get("code", "")
    return [volet.oid for volet in volets().values() if mine in volet.types and not volet.family]


def _no_volet(root: Element, run: Run) -> None:
    """A type that a volet describes is declared with the template of that volet; another may have a model elsewhere."""
    meant = _described(root)
    severity = None if meant else Severity.WARNING
    run.say("cda.model.volet", root, below="templateId", expected=" | ".join(meant) or f"{VOLETS}*", severity=severity)


def _volet(element: Element, root: Element, run: Run) -> None:
    """A volet of the table, in a version of the table; what was published after it is only a warning."""
    oid, version = element.get("root", ""), element.get("extension", "")
    if not oid.startswith(VOLETS) or oid == MINIMAL:
        return
    volet = volets().get(oid)
    if volet is None:
        meant = _described(root)
        severity = None if meant else Severity.WARNING
        run.say("cda.model.unknown", element, below="@root", seen=oid, expected=" | ".join(meant), severity=severity)
    elif version not in volet.versions:
        known = sorted(one for one in volet.versions if one)
        newer = bool(known) and _VERSION.fullmatch(version) is not None and version > max(known)
        code = "cda.model.version" if version else "cda.model.version-absent"
        severity = Severity.WARNING if newer else None
        run.say(
            code,
            element,
            below="@extension",
            seen=version,
            expected=" | ".join(known),
            subject=volet.name,
            severity=severity,
        )


def _type(root: Element, run: Run, named: list[str]) -> None:
    code = root.find(tag("code"))
    if code is None or not code.get("code"):
        return
    types = {one for oid in named if (volet := volets().get(oid)) is not None for one in volet.types}
    mine = code.get("code", "")
    if types and mine not in types and mine in valuesets.get(TYPES).codes:
        run.say("cda.type.other", code, below="@code", seen=code.get("code"), expected=" | ".join(sorted(types)))
