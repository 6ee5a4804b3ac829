"""What the document rows ask of PDFs and of what a reader sees, from the rooms that know them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from conformance.errors import Malformed
from conformance.evidence.values import Finding
from conformance.properties.captured.core import CODES
from conformance.standards.cda import signature as cda_signature
from conformance.standards.cda.presentation import judging as presentations
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.syntax import tag
from conformance.standards.datamatrix import ins, reading
from conformance.standards.datamatrix import judging as matrices
from conformance.standards.pdf import judging
from conformance.standards.pdf import signature as pdf_signature
from conformance.standards.pdf import text as texts
from conformance.standards.xml import syntax as xml

_BODY = "component/structuredBody"


def text(data: bytes) -> str:
    """The text of every page of a PDF, empty when it cannot be read; raises SetupError without the libraries."""
    try:
        return "\n".join(texts.pages(data))
    except Malformed:
        return ""


def mentions(held: str, wanted: str) -> bool:
    """True when a text says some words: case, accents and cut lines do not count."""
    return texts.says(texts.plain(held), wanted)


def names(held: str, person: str) -> bool:
    """True when a text names a person, family first or last."""
    words, shown = person.split(), texts.plain(held)
    return any(texts.says(shown, " ".join((*words[n:], *words[:n]))) for n in range(len(words)))


def pdf_a(data: bytes, name: str) -> Iterator[Finding]:
    """What is wrong with a PDF as PDF/A-1, and with the name of its file (advice)."""
    own = name.rpartition("!")[2].rpartition("/")[2]
    for finding in judging.judge(data, name=own if own.lower().endswith(".pdf") else "", required=True):
        yield finding.at(file=name)


def ins_datamatrix(data: bytes, header: CdaHeader | None, name: str) -> Iterator[Finding]:
    """The INS datamatrix of a PDF: there, readable, and saying what the header says."""
    try:
        symbols = reading.find(data)
    except Malformed:
        symbols = ()
    held = [s for s in symbols if ins.is_ins(s.data)]
    if not held:
        yield CODES.finding("doc.ins.datamatrix", "pdf").at(file=name)
        return
    for finding in matrices.judge_symbols(held, header, required=True):
        yield finding.at(file=name)


def body_text(header: CdaHeader) -> str:
    """The narrative of every section, titles included."""
    body = header.element.find("/".join(tag(step) for step in _BODY.split("/")))
    if body is None:
        return ""
    held = (e for section in body.iter(tag("section")) for e in section if xml.local(e) in ("title", "text"))
    return "\n".join(xml.text(e) for e in held)


def header_text(header: CdaHeader) -> str:
    """What identifiers and names of the header say: extensions, authorities, names."""
    pieces = []
    for element in header.element.iter("{*}*"):
        if element.tag == tag("component"):
            break
        pieces += [
            element.get("extension", ""),
            element.get("assigningAuthorityName", ""),
            (element.text or "").strip(),
        ]
    return " ".join(piece for piece in pieces if piece)


def links(header: CdaHeader) -> Iterator[tuple[str, str]]:
    """(path, target) of every link of the narrative that leads out of the document."""
    for element in header.element.iter(tag("linkHtml"), tag("reference")):
        target = element.get("href") or element.get("value") or ""
        if target.lower().startswith(("http:", "https:", "ftp:", "file:")):
            yield xml.path(element), target[:200]


def signatures(data: bytes, name: str) -> tuple[Finding, ...] | None:
    """The findings on the signatures of a PDF or a CDA; None when it has none, or none that can be listed."""
    room: ModuleType = pdf_signature if data[:5] == b"%PDF-" else cda_signature
    try:
        if not room.verify(data):
            return None
    except Malformed:
        return None
    return tuple(finding.at(file=name) for finding in room.judge(data))


def presentation(data: bytes, name: str) -> Iterator[Finding]:
    """What the stylesheet inside a CDA does not show of it, or loads from elsewhere."""
    for finding in presentations.judge(data, required=True):
        yield finding.at(file=name)
