"""Rows on the form of a document: CDA R2 N1 around a PDF, N3 of a volet, auto-presentable, PDF/A-1 and its name."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding, Witness
from conformance.properties.captured import pdfs
from conformance.properties.captured.core import CODES, register
from conformance.properties.captured.values import Bundle, Captured, body_of
from conformance.standards.cda import twins
from conformance.standards.cda.results import encapsulated
from conformance.standards.ins import oids

LETTERS = ("11490-0", "18761-7", "34133-9", "46209-3")
OPERATIVE = ("34874-8",)
PRESCRIPTIONS = ("57833-6", "57828-6", "57829-4", "57830-2", "57832-8", "57834-4")
IMAGING = ("18748-4",)
BIOLOGY = ("11502-2",)
INTERVIEW = ("56445-0", "11488-4")
VACCINATION_NOTE = ("87273-9",)

DPI_TYPES = (*LETTERS, *OPERATIVE, *PRESCRIPTIONS)
_N1 = "CI-SIS Structuration minimale, 3.7.2; DSR Ségur, annexe 3"


def _judge_n1(bundle: Bundle, types: tuple[str, ...]) -> Iterator[Finding | Witness]:
    """Each N1 of these types conforms to the Structuration minimale, with a PDF in Base64 that can be decoded."""
    for document in bundle.of_level("N1", *types):
        errors = bundle.errors(document)
        yield from errors
        if body_of(document)[:5] != b"%PDF-":
            path = "ClinicalDocument/component/nonXMLBody/text"
            yield CODES.finding("doc.n1.pdf", path).at(file=document.name)
        elif not errors:
            yield Witness("CDA R2 N1 conforming, PDF decoded", subject=document.name)


def _n1_row(name: str, requirements: tuple[str, ...], types: tuple[str, ...]) -> None:
    @register(name, requirements, clause=_N1, needs="n1", codes={"doc.n1.pdf"}, rules=True)
    def judge(bundle: Bundle) -> Iterator[Finding | Witness]:
        return _judge_n1(bundle, types)


_n1_row("doc.n1", ("DPI/va1/DOC/va1.08",), DPI_TYPES)
_n1_row("doc.n1-imaging", ("RIS/va1/DOC/va1.16",), IMAGING)
_n1_row("doc.n1-biology", ("SGL/va1/DOC/va1.27",), BIOLOGY)
_n1_row("doc.n1-pharmacy", ("LGO/va1/LGO.DOC.02",), INTERVIEW)


def _n3_row(name: str, requirements: tuple[str, ...], types: tuple[str, ...], clause: str) -> None:
    @register(name, requirements, clause=clause, needs="n3", codes=set(), rules=True)
    def judge(bundle: Bundle) -> Iterator[Finding | Witness]:
        for document in bundle.of_level("N3", *types):
            errors = bundle.errors(document)
            yield from errors
            if not errors:
                yield Witness("CDA R2 N3 conforming to its volet", subject=document.name)


_n3_row("doc.n3-biology", ("SGL/va1/DOC/va1.30",), BIOLOGY, "CI-SIS, volet CR-BIO; DSR Ségur SGL, DOC.30")
_n3_row(
    "doc.n3-vaccination", ("LGO/va1/LGO.DOC.06",), VACCINATION_NOTE, "CI-SIS, volet Vaccination, note de vaccination"
)


def _ins(document: Captured) -> Iterator[Finding]:
    header = document.header
    assert header is not None
    if header.patient.ins is None:
        path = "ClinicalDocument/recordTarget/patientRole/id"
        yield CODES.finding("doc.ins.absent", path, expected=" | ".join(sorted(oids.AUTHORITIES))).at(
            file=document.name
        )


def _of_patient(bundle: Bundle, document: Captured) -> tuple[Finding, ...]:
    return tuple(f for f in bundle.errors(document) if "/recordTarget" in f.location.path)


@register(
    "doc.ins",
    ("DPI/va1/DOC/va1.07",),
    clause="CI-SIS Structuration minimale, 3.5.5.12; DSR Ségur DPI, DOC.07",
    needs="qualified",
    codes={"doc.ins.absent"},
    rules=True,
)
def ins_in_document(bundle: Bundle) -> Iterator[Finding | Witness]:
    """Each letter, operative report and prescription of a qualified patient carries the INS and its traits."""
    if not bundle.declared.qualified:
        return
    for document in bundle.of_level("N1", *DPI_TYPES):
        found = (*_ins(document), *_of_patient(bundle, document))
        yield from found
        if not found:
            yield Witness("INS and traits in the CDA", subject=document.name)


def _matrix_row(requirements: tuple[str, ...], types: tuple[str, ...], name: str) -> None:
    @register(
        name,
        requirements,
        clause="CI-SIS Structuration minimale, 3.5.5.12; référentiel datamatrix INS",
        needs="qualified",
        codes={"doc.ins.absent", "doc.ins.datamatrix"},
        rules=True,
    )
    def judge(bundle: Bundle) -> Iterator[Finding | Witness]:
        if not bundle.declared.qualified:
            return
        for document in bundle.of_level("N1", *types):
            data = body_of(document)
            if data[:5] != b"%PDF-":
                continue
            header = document.header
            found = [*_ins(document), *_of_patient(bundle, document), *pdfs.ins_datamatrix(data, header, document.name)]
            yield from found
            if not any(f.severity.value == "error" for f in found):
                yield Witness("INS in the CDA and readable datamatrix in its PDF", subject=document.name)


_matrix_row(("DPI/va1/DOC/va1.04",), (*LETTERS, *OPERATIVE), "doc.ins-datamatrix")
_matrix_row(("RIS/va1/DOC/va1.04",), IMAGING, "doc.ins-datamatrix-imaging")
_matrix_row(("LGO/va1/DOC/va1.04",), INTERVIEW, "doc.ins-datamatrix-pharmacy")


@register(
    "doc.pdf-a",
    ("DPI/va1/DOC/va1.01", "SGL/va1/DOC/va1.01", "RIS/va1/DOC/va1.01", "LGO/va1/LGO.DOC.01"),
    clause="ISO 19005-1; référentiel socle MSSanté #2, ECO 2.1.5 et ECO 2.1.6",
    needs="pdf",
    codes={"doc.pdf.not-a"},
    rules=True,
)
def pdf_a(bundle: Bundle) -> Iterator[Finding | Witness]:
    """Each PDF is PDF/A-1; its file name is advice (the rule is known at second hand)."""
    for one in bundle.pdfs:
        found = tuple(pdfs.pdf_a(one.data, one.name))
        yield from found
        if not any(f.severity.value == "error" for f in found):
            yield Witness("PDF/A-1", subject=one.name)


@register(
    "doc.auto-presentable",
    ("SGL/va1/DOC/va1.25",),
    clause="CI-SIS, volet CR-BIO, document auto-présentable; DSR Ségur SGL, DOC.25",
    needs="presented",
    codes={"cda.twins.result", "cda.twins.header", "cda.twins.same-id"},
    rules=True,
    partial=True,
)
def auto_presentable(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The stylesheet inside shows every structured result, as the PDF of the same report does."""
    for document in bundle.of_level("N3", *BIOLOGY):
        header = document.header
        assert header is not None
        if not document.presented:
            continue
        found = [*bundle.errors(document), *pdfs.presentation(document.data, document.name)]
        for twin in bundle.of_level("N1", *BIOLOGY):
            other = twin.header
            if other is not None and twins.same_report(header, other):
                text = pdfs.text(body_of(twin))
                found += [f.at(file=document.name) for f in twins.judge(header, other, text=text)]
        yield from found
        if not any(f.severity.value == "error" for f in found):
            yield Witness("the stylesheet shows the structured data", subject=document.name)


@register(
    "doc.subcontracted",
    ("SGL/va1/DOC/va1.22",),
    clause="CI-SIS, volet CR-BIO, 3.3.6; DSR Ségur SGL, DOC.22",
    needs="subcontracted",
    codes={"doc.subcontracted.absent", "doc.subcontracted.unreadable"},
)
def subcontracted(bundle: Bundle) -> Iterator[Finding | Witness]:
    """A report with subcontracted examinations holds the PDF of the subcontractor, or names it beside its analyses."""
    if not bundle.declared.subcontracted:
        return
    for document in bundle.of_level("N3", *BIOLOGY):
        header = document.header
        assert header is not None
        held = [e for e in encapsulated(header.element) if e.role == "subcontractor"]
        broken = [e for e in held if e.data is None or not e.data.startswith(b"%PDF-")]
        for one in broken:
            yield CODES.finding("doc.subcontracted.unreadable", one.path, seen=one.media_type).at(file=document.name)
        named = bundle.declared.subcontractor
        if not held and not (named and pdfs.mentions(pdfs.body_text(header), named)):
            yield CODES.finding(
                "doc.subcontracted.absent", "ClinicalDocument/component/structuredBody", expected=named
            ).at(file=document.name)
        elif not broken:
            yield Witness("subcontracted examinations in the report", subject=document.name)


@register(
    "doc.not-a-link",
    ("SGL/va1/DOC/va1.19",),
    clause="DSR Ségur SGL, DOC.19",
    needs="subcontracted",
    codes={"doc.subcontracted.link", "doc.subcontracted.image"},
    partial=True,
)
def not_a_link(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The report of a subcontractor is neither linked nor shown as an image; its twin is a report with the PDF."""
    if not bundle.declared.subcontracted:
        return
    for document in bundle.of_level("N3", *BIOLOGY):
        header = document.header
        assert header is not None
        found = list(pdfs.links(header))
        held = [e for e in encapsulated(header.element) if e.role == "subcontractor"]
        images = [e for e in held if e.media_type.startswith("image/")]
        for path, target in found:
            yield CODES.finding("doc.subcontracted.link", path, seen=target).at(file=document.name)
        for one in images:
            yield CODES.finding("doc.subcontracted.image", one.path, seen=one.media_type).at(file=document.name)
        if held and not found and not images:
            yield Witness("subcontracted report integrated as PDF", subject=document.name)
