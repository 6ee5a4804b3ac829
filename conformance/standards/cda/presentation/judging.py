"""Findings on how a vendor's stylesheet shows a CDA (DOC/va1.25, CDA/INT.16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes, table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda import syntax
from conformance.standards.cda.presentation import rendering, shown
from conformance.standards.cda.syntax import tag
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

CODES = table(__package__)

MOST = 5
"""Passages or values quoted of one section; the rest is counted."""
LIMIT_WORK = 2_000_000_000
_NUMBERS = frozenset({"PQ", "REAL", "INT", "IVL_PQ", "IVL_REAL", "IVL_INT", "RTO_PQ_PQ", "MO"})
_XSI_TYPE = f"{{{xml.XSI}}}type"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of narrative that must be shown: its section (path and title) and its text."""

    path: str
    title: str
    text: str


def judge(document: bytes, stylesheet: bytes | None = None, *, required: bool = False) -> Iterator[Finding]:
    """The findings on the stylesheet of a document: the one given, else the one that the document is.

    A document without any stylesheet gives a finding only when `required` (DOC/va1.25 asks for a self-presenting one);
    otherwise errors are lowered to warnings. Never raises for what the bytes hold.
    """
    for finding in _judged(document, stylesheet, required):
        lower = not required and finding.severity is Severity.ERROR
        yield replace(finding, severity=Severity.WARNING) if lower else finding


def _judged(document: bytes, stylesheet: bytes | None, required: bool) -> Iterator[Finding]:
    try:
        element = syntax.parse(document)
        rendered = rendering.render(document, stylesheet)
    except Malformed as error:
        if error.code != "cda.presentation.absent" or required:
            yield all_codes().finding(error.code, error.path, seen=error.seen)
        return
    for address in rendered.asked:
        yield CODES.finding("cda.presentation.external", "stylesheet", seen=address, subject="stylesheet")
    if rendered.fault:
        code = {"version": "version", "extension": "extension", "stopped": "stopped", "too-big": "stopped"}
        yield CODES.finding(
            f"cda.presentation.{code.get(rendered.fault, 'failed')}",
            "stylesheet",
            seen=rendered.detail,
            cause=rendered.fault,
        )
        return
    page = shown.read(rendered.output)
    if not page.joined:
        yield CODES.finding("cda.presentation.empty", "output")
        return
    yield from _compared(element, page)
    for address in page.loads:
        yield CODES.finding("cda.presentation.external", "output", seen=address, subject="output")
    if page.scripts:
        yield CODES.finding("cda.presentation.script", "output", seen=" ".join(sorted(set(page.scripts)))[:200])


def _compared(element: Element, page: shown.Page) -> Iterator[Finding]:
    """Narrative passages and structured values that the page does not show."""
    absent: dict[tuple[str, str], list[str]] = {}
    work = 0
    for passage in passages(element):
        work += len(page.joined)
        if work > LIMIT_WORK:
            break
        if not page.says(passage.text):
            absent.setdefault((passage.path, passage.title), []).append(passage.text)
    for (path, title), missed in absent.items():
        more = f" (+{len(missed) - MOST})" if len(missed) > MOST else ""
        yield CODES.finding(
            "cda.presentation.narrative",
            path,
            seen=f"{len(missed)} passages",
            expected=" | ".join(m[:80] for m in missed[:MOST]) + more,
            subject=title,
        )
    for path, kind, value in values(element):
        work += len(page.joined)
        if work > LIMIT_WORK:
            return
        if kind == "number":
            if shown.number(value) not in page.numbers:
                yield CODES.finding("cda.presentation.value", path, expected=value, subject=kind)
        elif not page.says(value):
            # A coded value may be told in other words: only a number must be shown as it is.
            yield CODES.finding("cda.presentation.value", path, expected=value, subject=kind, severity=Severity.ADVICE)


def passages(document: Element) -> Iterator[Passage]:
    """Every passage of the narrative of every section, added sections included, with its title."""
    for section in document.iter(tag("section")):
        path = xml.path(section)
        title = " ".join(xml.text(section.find(tag("title"))).split())
        if title:
            yield Passage(path, title, title)
        narrative = section.find(tag("text"))
        if narrative is None:
            continue
        for piece in narrative.itertext("*"):
            text = " ".join(str(piece).split())
            if sum(c.isalnum() for c in text) >= 2:
                yield Passage(path, title, text)


def values(document: Element) -> Iterator[tuple[str, str, str]]:
    """(path, `number` or `code`, value) of every value of an observation in the entries."""
    for observation in document.iter(tag("observation")):
        if observation.get("negationInd") == "true" or observation.get("nullFlavor"):
            continue
        for value in observation.iterfind(tag("value")):
            kind = value.get(_XSI_TYPE, "").rpartition(":")[2]
            if value.get("nullFlavor"):
                continue
            where = f"{xml.path(observation)}/value"
            if kind in _NUMBERS:
                held = [value, *xml.children(value)] if kind.startswith(("IVL", "RTO")) else [value]
                for part in held:
                    number = part.get("value", "")
                    if number.replace(".", "", 1).isdigit():
                        yield where, "number", number
            elif kind in ("CD", "CE", "CV", "CO") and value.get("displayName"):
                yield where, "code", value.get("displayName", "")


def differs_from_pdf(document: bytes, pdf_text: str, stylesheet: bytes | None = None) -> Iterator[Finding]:
    """DOC/va1.25: the numbers and long words of the twin PDF that the page does not show. Advice only."""
    rendered = rendering.render(document, stylesheet)
    if rendered.fault:
        return
    page = shown.read(rendered.output)
    numbers = {shown.number(n) for n in _numbers(pdf_text)} - page.numbers
    words = {w for w in pdf_text.split() if len(w) >= 6 and w.isalpha() and not page.says(w)}
    if numbers or words:
        quoted = " ".join([*sorted(numbers)[:10], *sorted(words)[:10]])
        yield CODES.finding("cda.presentation.pdf", "output", expected=quoted, seen=f"{len(numbers)} + {len(words)}")


def _numbers(text: str) -> list[str]:
    import re

    return re.findall(r"(?<![\d.,/:\-])\d+[.,]\d+(?![\d.,/:\-])", text)
