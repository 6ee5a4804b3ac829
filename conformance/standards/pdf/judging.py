"""The findings of a PDF: its bytes, PDF/A-1 by our own rules, its name, the identity and recipients it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.pdf import identity, naming, raw, reader, signature, text
from conformance.standards.pdf.reader import Pdf
from conformance.standards.pdf.rules import RULES

CODES = table(__package__)

NORM = "ISO 19005-1"
MOST = 5
"""Breaches quoted of one rule; the rest is counted."""


def judge(
    data: bytes,
    *,
    name: str = "",
    header: CdaHeader | None = None,
    required: bool = False,
    pdf_a: bool = True,
) -> Iterator[Finding]:
    """The findings of a PDF.

    `name` is its file name, judged when there is one. `header` is the CDA that carries or accompanies it: the identity
    and the recipients shown are compared with it. `required` says that a row asks for PDF/A-1 and for the visible
    identity (DOC/va1.01, INS/va1.15): otherwise what it finds wrong is lowered to a warning. `pdf_a` false leaves
    PDF/A-1 to another judge (veraPDF). Raises SetupError without the libraries; never for what the bytes hold.
    """
    for finding in _judged(data, name, header, pdf_a):
        lower = not required and finding.severity is Severity.ERROR and finding.code not in _ALWAYS
        yield replace(finding, severity=Severity.WARNING) if lower else finding


_ALWAYS = frozenset({"pdf.syntax.not-pdf", "pdf.syntax.broken", "pdf.syntax.cut", "pdf.signature.altered"})
"""What is wrong whoever asks."""


def _judged(data: bytes, name: str, header: CdaHeader | None, pdf_a: bool) -> Iterator[Finding]:
    try:
        pdf = reader.read(data)
        shown = text.pages(data) if header is not None else ()
    except Malformed as error:
        yield CODES.finding(error.code, error.path, seen=error.seen)
        return
    if not raw.ended(data):
        yield CODES.finding("pdf.syntax.cut", "%%EOF")
    if pdf_a:
        yield from judge_pdf_a(pdf)
    if "signatures" in pdf.features:
        if signature.available():
            yield from signature.judge(data)
        else:
            yield CODES.finding("pdf.signature.unjudged", "AcroForm")
    if name:
        yield from judge_name(name, header)
    if header is not None:
        yield from judge_identity("\n".join(shown), header)


def judge_pdf_a(pdf: Pdf) -> Iterator[Finding]:
    """The breaches of PDF/A-1 in the facts of a PDF, one finding for each place, a few for each rule."""
    for rule in RULES:
        found = list(dict.fromkeys(rule.breaches(pdf)))
        for number, (where, seen) in enumerate(found[:MOST]):
            more = f" (+{len(found) - MOST})" if number == MOST - 1 and len(found) > MOST else ""
            yield CODES.finding(
                rule.code,
                where,
                seen=f"{seen}{more}",
                subject=f"{rule.clause}-{rule.test}",
                clause=f"{NORM}, {rule.clause}",
            )
    if "cut" in pdf.features:
        yield CODES.finding("pdf.a.partial", "content", seen=pdf.drawn.operators)


def judge_name(name: str, header: CdaHeader | None = None) -> Iterator[Finding]:
    """Advice on the name of a file."""
    for what, seen, expected in naming.faults(name, header):
        code = "pdf.name.form" if what in ("form", "type") else "pdf.name.differs"
        yield CODES.finding(code, "file name", seen=seen, expected=expected, subject=what)


_ELEMENTS = {
    "birth-name": "family[@qualifier='BR']",
    "first-given": "given[@qualifier='BR']",
    "birth-date": "birthTime",
    "sex": "administrativeGenderCode",
    "other-sex": "administrativeGenderCode",
    "matricule": "patientRole/id/@extension",
    "nature": "patientRole/id/@root",
    "nature-before": "patientRole/id/@root",
}


def judge_identity(shown: str, header: CdaHeader) -> Iterator[Finding]:
    """What a text shows of the patient and of the recipients of a header."""
    if not text.compact(text.plain(shown)):
        if header.patient.ins is not None or header.recipients:
            yield CODES.finding("pdf.text.absent", "pages")
        return
    for trait, expected in identity.missing(shown, header.patient):
        code = {
            "nature": "pdf.identity.nature",
            "nature-before": "pdf.identity.nature",
            "other-sex": "pdf.identity.differs",
        }.get(trait, "pdf.identity.absent")
        mild = Severity.WARNING if trait == "nature-before" else None
        told = f"{expected} ({_ELEMENTS[trait]})"
        yield CODES.finding(code, "pages", expected=told, subject=trait, severity=mild)
    for recipient in identity.unnamed(shown, header.recipients):
        yield CODES.finding("pdf.recipient.absent", "pages", expected=identity.label(recipient))
