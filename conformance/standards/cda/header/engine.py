"""The walk over a header: each element meets its row of the table, once, from the root to the leaves."""

from __future__ import annotations

from conformance.standards.cda.header.core import CROWD, Full, Row, Run
from conformance.standards.cda.syntax import XSI
from conformance.standards.xml.syntax import Element, local

_TYPE = f"{{{XSI}}}type"
_NIL = f"{{{XSI}}}nil"

# What may stand beside a nullFlavor: the fixed attributes of the roles, and the defaults of the schema.
_BESIDE = frozenset({"nullFlavor", "classCode", "typeCode", "determinerCode", "moodCode", "partType", _TYPE, _NIL})
_DEFAULTS = {
    "integrityCheckAlgorithm": "SHA-1",
    "inverted": "false",
    "mediaType": "text/plain",
    "operator": "I",
    "representation": "TXT",
    "inclusive": "true",
    "unit": "1",
}
_PARTIAL = frozenset({"OTH", "NA", "UNC"})
_PARTIAL_BESIDE = frozenset({"codeSystem", "codeSystemName", "codeSystemVersion", "extension", "valueSet"})


def judge(root: Element, table: Row, run: Run) -> None:
    """Judge a ClinicalDocument against the table; stops silently once there are enough findings."""
    try:
        _walk(root, table, run)
    except Full:
        return


def _walk(node: Element, row: Row, run: Run) -> None:
    names = node.keys()
    if "nullFlavor" in names and _null(node, row, run, node.get("nullFlavor", "")):
        return
    if _TYPE in names and row.type:
        _typed(node, row, run)
    for name, values, required in row.attributes:
        value = node.get(name)
        if value not in values and (required or value is not None):
            code = row.options.get("role", "cda.header.role")
            expected = " | ".join(sorted(values))
            run.say(code, node, row=row, below=f"@{name}", seen=value or "", expected=expected)
    for check in row.checks:
        check(node, row, run)
    if row.children:
        _children(node, row, run)


def _children(node: Element, row: Row, run: Run) -> None:
    counts: dict[str, int] = {}
    children = row.children
    for child in node:
        tag = child.tag
        spec = children.get(tag)
        if spec is None:
            continue
        number = counts[tag] = counts.get(tag, 0) + 1
        if spec.high is not None and number == spec.high + 1:
            run.say(spec.repeated, child, row=spec, seen=number, expected=spec.high)
        if number > CROWD:
            if number == CROWD + 1:
                run.say("cda.header.crowd", child, row=spec, expected=f"≤ {CROWD}")
        elif not spec.light or child.keys():
            run.nth = number
            _walk(child, spec, run)
    for spec in row.needed:
        if counts.get(spec.tag, 0) < spec.low:
            run.say(spec.absent, node, row=spec, below=spec.name, expected=spec.name)


def _null(node: Element, row: Row, run: Run, null: str) -> bool:
    """Judge a nullFlavor; True when nothing more is to be asked of the element.

    A class keeps its mandatory children; an address and a telecom are compared with their siblings.
    """
    partial = null in _PARTIAL and _partial(node)
    filled = bool((node.text or "").strip()) or next(node.iterchildren("{*}*"), None) is not None
    if not partial and (filled or not _bare(node)) and row.type != "TEL":
        run.say("cda.null.content", node, row=row, seen=null)
    elif row.solid:
        run.say("cda.null.forbidden", node, row=row, seen=null, severity=row.null)
    elif partial or row.type in ("", "AD", "TEL"):
        return False
    elif "set" in row.options:
        run.say("cda.null.coded", node, row=row, seen=null)
    return True


def _bare(node: Element) -> bool:
    return all(name in _BESIDE or _DEFAULTS.get(str(name)) == value for name, value in node.attrib.items())


def _partial(node: Element) -> bool:
    if any(str(name) not in _BESIDE and str(name) not in _PARTIAL_BESIDE for name in node.attrib):
        return False
    inside = any(local(child) in ("originalText", "translation") for child in node)
    return inside or "extension" in node.attrib or "codeSystem" in node.attrib


def _typed(node: Element, row: Row, run: Run) -> None:
    told = (node.get(_TYPE) or "").rpartition(":")[2]
    if told != row.type:
        run.say("cda.header.type", node, row=row, below="@xsi:type", seen=told, expected=row.type)
