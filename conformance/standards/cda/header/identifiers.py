"""Identifiers of the header (II): form, authority, and the national numbers of professionals and structures.

PS_IdNat and Struct_IdNat begin with a digit that says what follows; the same digit means other things in the two lists.
"""

from __future__ import annotations

import re

from conformance.evidence.values import Severity
from conformance.standards.cda.header.core import Row, Run, before, same
from conformance.standards.cda.syntax import tag
from conformance.standards.ins import oids
from conformance.standards.xml.syntax import Element

PROFESSIONAL = "1.2.250.1.71.4.2.1"
STRUCTURE = "1.2.250.1.71.4.2.2"
PROFESSIONALS = frozenset({PROFESSIONAL, "1.2.250.1.215.300.5"})
"""PS_IdNat, and the number that the Assurance maladie gives to a professional."""
STRUCTURES = frozenset({STRUCTURE, "1.2.250.1.213.4.1"})
NATIONAL = "1.2.250.1.71"
"""The arc of the CPS system: under it only the two roots above identify persons and structures."""
SAMPLES = frozenset({NATIONAL, "1.2.250.1.213.1.1.9"})
"""Roots that stand for a professional in published examples though they are no authority: a warning."""

OTHERS = PROFESSIONALS | SAMPLES | frozenset(oids.AUTHORITIES)
"""Roots that may identify some professional, or the patient who writes, but nobody who attests."""

_ID, _DEVICE = tag("id"), tag("assignedAuthoringDevice")
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))*")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
LONGEST = 64

_COUNTY = r"(?:[0-9]{2}|2[AB])"
_RPPS = r"[0-9]{11}"
_ADELI = r"[0-9][0-9AB][0-9A-Z][0-9]{6}"
_FINESS = rf"{_COUNTY}[0-9]{{7}}"
_LOCAL = r"/\S+"
PS_FORMS = re.compile(
    rf"8{_RPPS}|0{_ADELI}|1{_ADELI}[0-9]*{_LOCAL}|3{_FINESS}{_LOCAL}|4[0-9]{{9}}{_LOCAL}|5[0-9]{{14}}{_LOCAL}"
    rf"|6{_RPPS}[0-9]*{_LOCAL}"
)
STRUCTURE_FORMS = re.compile(rf"0[0-9A-Z]{{11}}|1{_FINESS}|2[0-9]{{9}}|3[0-9]{{14}}|4{_RPPS}[0-9]{{2,3}}")
# What has the look of a number, but not its length or its prefix.
_ROUGH_PS = re.compile(r"[0-9][0-9A-Z]{7,19}(?:/\S+)?")
_BARE_RPPS = re.compile(_RPPS)
_ROUGH_STRUCTURE = re.compile(r"[0-9][0-9A-Z]{6,17}")


def identifier(node: Element, row: Row, run: Run) -> None:
    """An II: a root that is an OID or a UUID, an extension that is not empty, and its authority where one is asked."""
    root, extension = node.get("root"), node.get("extension")
    if node.get("nullFlavor") is not None:
        return
    if not root:
        run.say("cda.ident.root", node, row=row, below="@root", seen=extension or "", expected="@root")
        return
    fault = uid_fault(root)
    if fault:
        run.say("cda.id.oid", node, row=row, below="@root", seen=root, cause=fault, expected=_expected(root))
        return
    if extension is None:
        if "ext" in row.options or root in (PROFESSIONAL, STRUCTURE):
            run.say("cda.ident.extension", node, row=row, below="@extension", seen=root, expected="@extension")
            return
    elif not extension.strip() or extension != extension.strip():
        run.say("cda.ident.extension", node, row=row, below="@extension", seen=f"«{extension}»")
        return
    _once(node, row, run, root, extension)
    authority = row.options.get("root")
    if authority is not None:
        _AUTHORITIES[authority](node, row, run, root, extension or "")


def uid_fault(text: str) -> str:
    """Why a text is no uid as the CI-SIS wants it: `form` or `length`; empty for an OID or a UUID."""
    if _OID.fullmatch(text) is None:
        return "" if _UUID.fullmatch(text) else "form"
    return "length" if len(text) > LONGEST else ""


def _expected(root: str) -> str:
    bare = root.strip().removeprefix("urn:oid:").removeprefix("urn:uuid:")
    return bare if bare != root and not uid_fault(bare) else ""


def _once(node: Element, row: Row, run: Run, root: str, extension: str | None) -> None:
    if run.nth == 1 or row.high == 1:  # where one is admitted, a second one is told as such
        return
    for other in before(node):
        if other.get("root") == root and (extension is None or other.get("extension") in (None, extension)):
            code = "cda.model.repeated" if row.name == "templateId" else "cda.ident.repeated"
            run.say(code, node, row=row, seen=" ".join(t for t in (root, extension) if t))
            return


def _professional(node: Element, row: Row, run: Run, root: str, extension: str) -> None:
    """PS_IdNat; a patient who writes or signs is identified by the INS. A device may have any root."""
    if root == PROFESSIONAL:
        _numbered(node, row, run, extension, PS_FORMS, _ROUGH_PS, "cda.ident.professional", "8 + RPPS (11 chiffres)")
    elif root in PROFESSIONALS or oids.is_ins(root) or _device(node):
        return
    else:
        severity = Severity.WARNING if root in SAMPLES else None
        run.say("cda.ident.professional-root", node, row=row, below="@root", seen=root, expected=PROFESSIONAL,
                severity=severity)  # fmt: skip


def national(node: Element, row: Row, run: Run) -> None:
    """Who attests, or answers for the encounter, has a PS_IdNat."""
    ids = list(node.iterchildren(_ID))
    others = all(i.get("root") in OTHERS or i.get("nullFlavor") for i in ids)
    if ids and others and not any(i.get("root") == PROFESSIONAL for i in ids):
        run.say("cda.actor.id", node, row=row, below="id", seen=ids[0].get("root", ""), expected=PROFESSIONAL)


def _device(node: Element) -> bool:
    parent = node.getparent()
    return parent is not None and parent.find(_DEVICE) is not None


def _structure(node: Element, row: Row, run: Run, root: str, extension: str) -> None:
    """Struct_IdNat; a local identifier may only stand beside it."""
    if root == STRUCTURE:
        _numbered(node, row, run, extension, STRUCTURE_FORMS, _ROUGH_STRUCTURE, "cda.ident.structure",
                  "1 + FINESS (9) | 2 + SIREN (9) | 3 + SIRET (14)")  # fmt: skip
    elif root not in STRUCTURES:
        beside = any(other.get("root") in STRUCTURES for other in same(node))
        if _national(root) or not beside:
            _other_structure(node, row, run, root)


def _facility(node: Element, row: Row, run: Run, root: str, extension: str) -> None:
    """The place of care: Struct_IdNat, or an identifier of its own authority."""
    if root == STRUCTURE:
        _numbered(node, row, run, extension, STRUCTURE_FORMS, re.compile(r"[0-9][0-9A-Z]{6,17}"),
                  "cda.ident.structure", "1 + FINESS (9) | 2 + SIREN (9) | 3 + SIRET (14)")  # fmt: skip
    elif _national(root):
        _other_structure(node, row, run, root)


def _scoping(node: Element, row: Row, run: Run, root: str, extension: str) -> None:
    """The structure of a participant: as a place of care; published examples put a PS_IdNat there (a warning)."""
    if root == PROFESSIONAL:
        run.say("cda.ident.structure-root", node, row=row, below="@root", seen=root, expected=STRUCTURE,
                severity=Severity.WARNING)  # fmt: skip
    elif extension or root != STRUCTURE:
        _facility(node, row, run, root, extension)


def _national(root: str) -> bool:
    return root == NATIONAL or root.startswith(f"{NATIONAL}.")


def _other_structure(node: Element, row: Row, run: Run, root: str) -> None:
    run.say("cda.ident.structure-root", node, row=row, below="@root", seen=root, expected=STRUCTURE)


def _numbered(
    node: Element,
    row: Row,
    run: Run,
    extension: str,
    forms: re.Pattern[str],
    rough: re.Pattern[str],
    code: str,
    expected: str,
) -> None:
    """A national number has one of its published forms. One of nearly its form is an error where XDS takes it from."""
    if not extension or forms.fullmatch(extension):
        return
    bare = forms is PS_FORMS and _BARE_RPPS.fullmatch(extension) is not None
    strict = rough.fullmatch(extension) is None or ("near" in row.options and (bare or forms is STRUCTURE_FORMS))
    severity = None if strict else Severity.WARNING
    run.say(code, node, row=row, below="@extension", seen=extension, expected=expected, severity=severity)


_AUTHORITIES = {"ps": _professional, "structure": _structure, "facility": _facility, "scoping": _scoping}
