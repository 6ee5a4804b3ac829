"""The structured results of a report (CI-SIS CR-BIO: laboratory observations) and the PDF that it encapsulates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.errors import Malformed
from conformance.standards.cda import syntax
from conformance.standards.cda.syntax import XSI, tag
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

LABORATORY_OBSERVATION = "1.3.6.1.4.1.19376.1.3.1.6"
PDF_COPY = "1.2.250.1.213.1.1.2.243"
SECOND_INTENTION = "1.2.250.1.213.1.1.2.60"

_TYPE = f"{{{XSI}}}type"
_OBSERVATION, _TEMPLATE, _SECTION = tag("observation"), tag("templateId"), tag("section")


@dataclass(frozen=True, slots=True)
class Result:
    """One structured result.

    `numbers` are its values as written (two for a range, none for a coded or textual result), `words` its labels or
    text, `unit` in UCUM. `completed` is false for one that was given up or is still awaited.
    """

    path: str
    line: int | None
    code: str
    label: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    unit: str
    completed: bool


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """A file inside a structured report: its media type and bytes (None when it is not Base64).

    `role` is `copy` (the PDF copy of the same report), `subcontractor` (section of second intention), or `other`.
    """

    path: str
    media_type: str
    role: str
    data: bytes | None


def results(root: Element) -> Iterator[Result]:
    """The laboratory results of a document, in order; those without a value are left out."""
    for element in root.iter(_OBSERVATION):
        if any(t.get("root") == LABORATORY_OBSERVATION for t in element.iterchildren(_TEMPLATE)):
            found = _result(element)
            if found is not None:
                yield found


def _result(element: Element) -> Result | None:
    numbers: list[str] = []
    words: list[str] = []
    unit = ""
    for value in element.iterchildren(tag("value")):
        kind = value.get(_TYPE, "").rpartition(":")[2]
        bounds = [b for name in ("low", "center", "high") for b in value.iterchildren(tag(name))]
        for held in (value, *bounds):
            if held.get("value"):
                numbers.append(held.get("value", ""))
                unit = unit or held.get("unit", "")
        if kind in ("CD", "CE"):
            words += [label for label in (value.get("displayName", ""), _original(value, element)) if label]
        elif kind in ("ST", "ED") and xml.text(value):
            words.append(xml.text(value))
    if not numbers and not words:
        return None
    code = element.find(tag("code"))
    status = element.find(tag("statusCode"))
    place: str = xml.path(element)
    line = element.sourceline
    return Result(
        path=place,
        line=line if isinstance(line, int) else None,
        code="" if code is None else code.get("code", ""),
        label="" if code is None else code.get("displayName", ""),
        numbers=tuple(numbers),
        words=tuple(dict.fromkeys(words)),
        unit=unit,
        completed=status is None or status.get("code") == "completed",
    )


def _original(value: Element, element: Element) -> str:
    """The text that originalText holds or points to."""
    original = value.find(tag("originalText"))
    if original is None:
        return ""
    reference = original.find(tag("reference"))
    if reference is None:
        return xml.text(original)
    wanted = reference.get("value", "").removeprefix("#")
    root = element.getroottree().getroot()
    target = next((e for e in root.iter("{*}*") if e.get("ID") == wanted), None) if wanted else None
    return xml.text(target)


def encapsulated(root: Element) -> Iterator[Encapsulated]:
    """The files inside the sections of a structured report, in order."""
    for media in root.iter(tag("observationMedia")):
        value = media.find(tag("value"))
        if value is None:
            continue
        try:
            data = syntax.decode_base64(xml.text(value), xml.path(value))
        except Malformed:
            data = None
        yield Encapsulated(xml.path(value), value.get("mediaType", ""), _role(media), data)


def _role(media: Element) -> str:
    for section in media.iterancestors(_SECTION):
        templates = {t.get("root") for t in section.iterchildren(_TEMPLATE)}
        if PDF_COPY in templates:
            return "copy"
        if SECOND_INTENTION in templates:
            return "subcontractor"
    return "other"
