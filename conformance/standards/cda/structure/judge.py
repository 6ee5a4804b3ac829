"""Findings on the structure of a document: what libxml2 refuses, and the little that Xerces alone refuses.

The verdict is that of the schema (`schema.py`); the words are ours, drawn from the model (`content.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lxml import etree

from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.cda.document import IDENTIFIED
from conformance.standards.cda.structure import content
from conformance.standards.cda.structure.notation import Attribute, Name, model
from conformance.standards.cda.structure.schema import schema
from conformance.standards.xml.syntax import XSI, Element, children, local, namespace, path

CODES = table(__package__)

MOST = 50
"""Findings on the structure of one document, at most."""

LARGE = 15_000
"""Elements above which a document is judged as a stream: on a tree, libxml2 walks the siblings of every fault it finds,
which takes minutes on a hostile document. The largest official example has 5,600."""

HL7 = "urn:hl7-org:v3"

KINDS: Mapping[str, tuple[str, str]] = {
    "bl": ("boolean", "true | false"),
    "bn": ("boolean", "true | false"),
    "cs": ("token", "un mot sans blanc"),
    "st": ("empty", "un texte non vide"),
    "uid": ("oid", "1.2.250.1… | UUID"),
    "oid": ("oid", "1.2.250.1…"),
    "ts": ("ts", "AAAA | AAAAMM | AAAAMMJJ | AAAAMMJJhhmm[ss[.s]][±ZZzz]"),
    "int": ("integer", "0-9"),
    "int_pos": ("integer", ">= 1"),
    "real": ("real", "9 | 9.9"),
    "probability": ("real", "0.0 - 1.0"),
    "url": ("uri", "tel:… | mailto:… | http:… | #…"),
    "bin": ("base64", "Base64"),
    "xs:ID": ("id", "A-Z a-z _ puis A-Z a-z 0-9 . - _"),
    "xs:IDREF": ("idref", "ID"),
    "xs:IDREFS": ("idref", "ID ID…"),
    "xs:boolean": ("boolean", "true | false | 1 | 0"),
}
"""What the values of a simple type are called (the cause of a finding), and how to show what they look like."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where libxml2 found a fault: the element, its type when the model can tell, the attribute when there is one.

    `key` is the attribute as lxml names it, `attribute` as the model does.
    """

    element: Element
    types: list[Name | None]
    attribute: Name | None
    key: str
    line: int

    @property
    def type(self) -> Name | None:
        return self.types[-1]

    def finding(self, code: str, *, at: Element | None = None, **values: object) -> Finding:
        where = path(self.element if at is None else at)
        if self.attribute is not None and at is None:
            where += f"/@{content.spelled(self.attribute).removeprefix('?:')}"
        given: dict[str, Any] = dict(values)
        return CODES.finding(code, where, line=self.line, **given)


def judge(root: Element) -> Iterator[Finding]:
    """The findings of a document on the CDA content model, at most `MOST`; none when it is valid.

    `root` is the ClinicalDocument element. The identifiers of the tree become known to libxml2 as a side effect.
    """
    if namespace(root) != HL7 or local(root) != "ClinicalDocument":
        yield CODES.finding(
            "cda.structure.root", f"/{local(root)}", seen=root.tag, expected=f"{{{HL7}}}ClinicalDocument"
        )
        return
    compiled = schema()
    if _count(root) > LARGE:
        yield from _streamed(root)
    elif not compiled.validate(root):
        log: Any = compiled.error_log  # the stubs do not know that it can be walked
        yield from islice(_explained(root, list(islice(log, 4 * MOST))), MOST)
    yield from islice(_beyond(root), MOST)


_count: Any = etree.XPath("count(descendant::*)")
_NAMED = re.compile(r"Element '(?:\{[^}]*\})?(?P<name>[^']+)'")


def _streamed(root: Element) -> Iterator[Finding]:
    """The faults of a very large document: their kinds and elements, without their places."""
    parser = etree.XMLParser(schema=schema(), resolve_entities=False, no_network=True, huge_tree=True)
    try:
        etree.fromstring(etree.tostring(root, with_tail=False), parser)
        return
    except etree.XMLSyntaxError:
        log: Any = parser.error_log
    told: set[tuple[str, str]] = set()
    for entry in islice(log, 2 * MOST):
        named = _NAMED.search(entry.message or "")
        key = (entry.type_name, named["name"] if named else "")
        if key not in told:
            told.add(key)
            cause = entry.type_name.removeprefix("SCHEMAV_").lower()
            yield CODES.finding("cda.structure.other", f"//{key[1]}" if key[1] else "/", seen=key[1], cause=cause)


def _explained(root: Element, log: list[Any]) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for entry in log:
        spot = _spot(root, entry)
        if spot is None:
            finding = CODES.finding("cda.structure.other", "/", line=entry.line, cause=entry.type_name.lower())
        else:
            finding = _HANDLERS.get(entry.type_name, _other)(spot, entry.type_name)
        # one fault of a value is told twice by libxml2: by its facet, then by its type
        key = (finding.code, finding.location.path)
        if key not in told:
            told.add(key)
            yield finding


_STEP = re.compile(r"(?:(?P<prefix>[^:\[/]+):)?(?P<name>[^:\[/]+)(?:\[(?P<index>\d+)\])?")
_ATTRIBUTE = re.compile(r"attribute '(?:\{(?P<uri>[^}]*)\})?(?P<name>[^']+)'")


def _spot(root: Element, entry: Any) -> _Spot | None:
    at = root
    for step in (entry.path or "/").split("/")[2:]:
        match = _STEP.fullmatch(step)
        if match is None:
            return None
        every = match["name"] == "*"
        same = (
            child
            for child in children(at)
            if every or (local(child) == match["name"] and (child.prefix or None) == match["prefix"])
        )
        found = next(islice(same, int(match["index"] or 1) - 1, None), None)
        if found is None:
            return None
        at = found
    named = _ATTRIBUTE.search(entry.message or "")
    if named is None:
        return _Spot(at, content.types_along(at), None, "", entry.line)
    uri, name = named["uri"] or "", named["name"]
    prefix = "xsi" if uri == XSI else content.prefix_of(uri) if uri else ""
    return _Spot(at, content.types_along(at), (prefix, name), f"{{{uri}}}{name}" if uri else name, entry.line)


def _names(names: tuple[Name, ...]) -> str:
    return " ".join(map(content.spelled, names))


def _content(spot: _Spot, kind: str) -> Finding:
    """An element that may not stand there, or one that is missing."""
    parent = spot.element.getparent()
    above = spot.types[-2] if len(spot.types) > 1 else None
    found = None
    if parent is not None and above is not None:
        found = content.misfit(above, parent, spot.element)
    if found is None and spot.type is not None:
        found = content.misfit(spot.type, spot.element, None)
        parent = spot.element
    if found is None or parent is None:
        return _other(spot, kind)
    code = f"cda.structure.{found.fault}"
    if found.fault == "missing":
        return spot.finding(code, at=parent, expected=_names(found.names), subject=_names(found.names))
    return spot.finding(
        code, seen=_names(found.names), expected=_names(found.expected) or "-", subject=_names(found.names)
    )


def _empty(spot: _Spot, kind: str) -> Finding:
    """Something inside an element that must be empty, or text among elements."""
    child = next(children(spot.element), None)
    if child is not None and kind == "SCHEMAV_CVC_COMPLEX_TYPE_2_1":
        return spot.finding("cda.structure.unexpected", at=child, seen=_names((content.name_of(child),)), expected="-")
    pieces = [spot.element.text, *(child.tail for child in spot.element)]
    text = next((piece.strip() for piece in pieces if piece and piece.strip()), "")
    return spot.finding("cda.structure.text", seen=text[:60])


def _declared(spot: _Spot) -> Attribute | None:
    if spot.type is None or spot.attribute is None:
        return None
    return content.attributes_of(spot.type).get(spot.attribute)


def _value(spot: _Spot, kind: str) -> Finding:
    """A value that its simple type refuses, in an attribute or as the text of an element."""
    if spot.attribute is None:
        return spot.finding("cda.structure.value", seen=(spot.element.text or "").strip()[:80], cause="text")
    seen = _seen(spot)
    found = _declared(spot)
    if found is None:
        return spot.finding("cda.structure.value", seen=seen, cause="other")
    if found.type == "xs:ID" and _is_name(seen):
        return spot.finding("cda.structure.id-duplicate", seen=seen)
    if found.codes:
        return spot.finding("cda.structure.value", seen=seen, expected=" ".join(found.codes), cause="code")
    cause, expected = _kind(found.type)
    return spot.finding("cda.structure.value", seen=seen, expected=expected, cause=cause)


def _seen(spot: _Spot) -> str:
    return (spot.element.get(spot.key) or "")[:120] if spot.key else ""


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[^\W\d][\w.\-]*", text.strip()) is not None


def _kind(type_: str) -> tuple[str, str]:
    if type_ in KINDS:
        return KINDS[type_]
    simple = model().simples.get(type_)
    if simple is None:
        return "token", type_.removeprefix("xs:")
    if simple.variety == "list":
        return _kind(simple.members[0])
    if simple.codes:
        return "code", " ".join(simple.codes)
    return _kind(simple.base)


def _fixed(spot: _Spot, kind: str) -> Finding:
    found = _declared(spot)
    expected = "" if found is None or found.fixed is None else found.fixed
    return spot.finding("cda.structure.fixed", seen=_seen(spot), expected=expected)


def _unknown_attribute(spot: _Spot, kind: str) -> Finding:
    known = sorted(map(content.spelled, content.attributes_of(spot.type))) if spot.type is not None else []
    return spot.finding("cda.structure.attribute-unknown", seen=_seen(spot), expected=" ".join(known))


def _missing_attribute(spot: _Spot, kind: str) -> Finding:
    known = content.attributes_of(spot.type) if spot.type is not None else {}
    missing = [name for name, one in known.items() if one.required and spot.element.get(name[1]) is None]
    names = _names(tuple(missing))
    return spot.finding("cda.structure.attribute-missing", expected=names, subject=names)


def _type(spot: _Spot, kind: str) -> Finding:
    """An `xsi:type` that is missing, unknown, or of another family."""
    said = spot.element.get(f"{{{XSI}}}type")
    above = spot.types[-2] if len(spot.types) > 1 else None
    wanted = None if above is None else content.child_type(above, content.name_of(spot.element))
    expected = " ".join(content.family(wanted)) if wanted is not None else ""
    announced = content.announced(spot.element)
    if announced is None:
        cause = "missing"
    elif announced not in model().types:
        cause = "unknown"
    elif model().types[announced].abstract:
        cause = "abstract"
    else:
        cause = "family"
    return CODES.finding(
        "cda.structure.type", path(spot.element), line=spot.line, seen=said or "", expected=expected, cause=cause
    )


def _nil(spot: _Spot, kind: str) -> Finding:
    return spot.finding("cda.structure.nil", seen=spot.element.get(f"{{{XSI}}}nil") or "")


def _other(spot: _Spot, kind: str) -> Finding:
    return spot.finding("cda.structure.other", cause=kind.removeprefix("SCHEMAV_").lower())


_HANDLERS: Mapping[str, Callable[[_Spot, str], Finding]] = {
    "SCHEMAV_ELEMENT_CONTENT": _content,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": _empty,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _empty,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _unknown_attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": _unknown_attribute,
    "SCHEMAV_CVC_COMPLEX_TYPE_4": _missing_attribute,
    "SCHEMAV_CVC_AU": _fixed,
    "SCHEMAV_CVC_ENUMERATION_VALID": _value,
    "SCHEMAV_CVC_PATTERN_VALID": _value,
    "SCHEMAV_CVC_MINLENGTH_VALID": _value,
    "SCHEMAV_CVC_MININCLUSIVE_VALID": _value,
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": _value,
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": _value,
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": _value,
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_3": _value,
    "SCHEMAV_CVC_ELT_4_1": _type,
    "SCHEMAV_CVC_ELT_4_2": _type,
    "SCHEMAV_CVC_ELT_4_3": _type,
    "SCHEMAV_CVC_TYPE_2": _type,
    "SCHEMAV_CVC_ELT_2": _type,
    "SCHEMAV_CVC_ELT_3_1": _nil,
    "SCHEMAV_CVC_ELT_3_2_1": _nil,
    "SCHEMAV_CVC_ELT_3_2_2": _nil,
}


def _q(name: str) -> str:
    return f"{{{HL7}}}{name}"


# The attributes that name other elements of the document.
_REFERENCES = (
    ("IDREF", (_q("footnoteRef"),)),
    ("referencedObject", (_q("renderMultiMedia"),)),
    ("headers", (_q("td"), _q("th"))),
)
_NO_BODY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(#.*)?")  # RFC 2396, 3: something must follow a scheme


def _beyond(root: Element) -> Iterator[Finding]:
    """What Xerces, the engine of the official tool, refuses and libxml2 accepts: empty URIs, references to nothing."""
    for element in root.iter(_q("telecom"), _q("reference"), _q("value")):
        value = element.get("value")
        if value is not None and ":" in value and _NO_BODY.fullmatch(value) and _uri_typed(element):
            yield _beyond_finding("value", element, "value", value, *KINDS["url"])
    ids: set[str] | None = None
    for name, tags in _REFERENCES:
        for element in root.iter(*tags):
            listed = element.get(name)
            if listed is None:
                continue
            if ids is None:
                ids = {str(other.get("ID")) for other in IDENTIFIED(root)}
            for target in listed.split():
                if target not in ids:
                    yield _beyond_finding("idref", element, name, target)


def _beyond_finding(code: str, at: Element, name: str, seen: str, cause: str = "", expected: str = "") -> Finding:
    line: Any = at.sourceline
    where = f"{path(at)}/@{name}"
    return CODES.finding(f"cda.structure.{code}", where, line=line, seen=seen, expected=expected, cause=cause)


def _uri_typed(element: Element) -> bool:
    return element.tag != _q("value") or (element.get(f"{{{XSI}}}type") or "").rpartition(":")[2] in ("TEL", "URL")
