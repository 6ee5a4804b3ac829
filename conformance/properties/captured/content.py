"""Rows on what a document says: recipients, address of the requester, mentions, units, signature, versions."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding, Witness
from conformance.properties.captured import pdfs
from conformance.properties.captured.core import CODES, register
from conformance.properties.captured.forms import BIOLOGY, DPI_TYPES, IMAGING, INTERVIEW, LETTERS, OPERATIVE
from conformance.properties.captured.values import Bundle, Captured, body_of
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.results import results
from conformance.standards.cda.syntax import tag
from conformance.standards.xml import syntax as xml

_HEADER = "ClinicalDocument/informationRecipient"


def _text(document: Captured) -> str:
    """What a reader sees: the text of the PDF of an N1, the narrative of an N3."""
    header = document.header
    assert header is not None
    data = body_of(document)
    return pdfs.text(data) if data[:5] == b"%PDF-" else pdfs.body_text(header)


def _named(header: CdaHeader) -> tuple[str, ...]:
    return tuple(" ".join(p.text for p in (*r.name.givens, *r.name.families)) for r in header.recipients)


def _recipients_row(name: str, requirements: tuple[str, ...], types: tuple[str, ...]) -> None:
    @register(
        name,
        requirements,
        clause="DSR Ségur, mention des destinataires; CI-SIS Structuration minimale, 3.5.5.17",
        needs="recipients",
        codes={"doc.recipient.absent", "doc.recipient.other"},
    )
    def judge(bundle: Bundle) -> Iterator[Finding | Witness]:
        """Each professional it was sent to is named in the PDF or in the header; a list that differs is advice."""
        wanted = bundle.declared.recipients
        if not wanted:
            return
        for document in (*bundle.of_level("N1", *types), *bundle.of_level("N3", *types)):
            header = document.header
            assert header is not None
            listed, seen = " | ".join(_named(header)), _text(document)
            absent = [name for name in wanted if not pdfs.names(listed, name) and not pdfs.names(seen, name)]
            for name in absent:
                yield CODES.finding("doc.recipient.absent", _HEADER, seen=listed, expected=name).at(file=document.name)
            for named in _named(header):
                if not any(pdfs.names(named, name) for name in wanted):
                    yield CODES.finding("doc.recipient.other", _HEADER, seen=named).at(file=document.name)
            if not absent:
                yield Witness("every recipient is mentioned", subject=document.name)


_recipients_row("doc.recipients", ("DPI/va1/DOC/va1.06",), DPI_TYPES)
_recipients_row("doc.recipients-imaging", ("RIS/va1/DOC/va1.15",), IMAGING)
_recipients_row("doc.recipients-biology", ("SGL/va1/DOC/va1.26",), BIOLOGY)
_recipients_row("doc.recipients-pharmacy", ("LGO/va1/LGO.DOC.04",), INTERVIEW)


def _address_row(name: str, requirements: tuple[str, ...], types: tuple[str, ...]) -> None:
    @register(
        name,
        requirements,
        clause="CI-SIS Structuration minimale, 3.5.7 (telecom); DSR Ségur, adresse MSSanté du demandeur",
        needs="requester",
        codes={"doc.requester.address", "doc.requester.place"},
    )
    def judge(bundle: Bundle) -> Iterator[Finding | Witness]:
        """The MSSanté address of the requester stands in the CDA; elsewhere than with the requester is advice."""
        wanted = bundle.declared.requester_address.casefold()
        if not wanted:
            return
        for document in (*bundle.of_level("N1", *types), *bundle.of_level("N3", *types)):
            header = document.header
            assert header is not None
            found = [e for e in header.element.iter(tag("telecom")) if _address(e.get("value", "")) == wanted]
            if not found:
                path = "ClinicalDocument/participant/associatedEntity/telecom"
                yield CODES.finding("doc.requester.address", path, expected=wanted).at(file=document.name)
                continue
            yield Witness("address of the requester in the CDA", subject=document.name)
            if not any(_of_requester(e) for e in found):
                yield CODES.finding("doc.requester.place", xml.path(found[0]), seen=wanted).at(file=document.name)


def _address(value: str) -> str:
    return value.strip().removeprefix("mailto:").casefold()


def _of_requester(element: object) -> bool:
    """In a participant REF, the requester (or PRF, REFB...), or in a recipient."""
    at = element.getparent() if hasattr(element, "getparent") else None
    while at is not None:
        if xml.local(at) == "participant":
            return bool(at.get("typeCode") in ("REF", "REFB", "ORD", "DIST"))
        if xml.local(at) == "informationRecipient":
            return True
        at = at.getparent()
    return False


_address_row("doc.requester-imaging", ("RIS/va1/DOC/va1.17",), IMAGING)
_address_row("doc.requester-biology", ("SGL/va1/DOC/va1.28",), BIOLOGY)


@register(
    "doc.privacy-notice",
    ("DPI/va1/DOC/va1.03",),
    clause="DSR Ségur DPI, DOC.03",
    needs="privacy",
    codes={"doc.mention.absent"},
    partial=True,
)
def privacy_notice(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The RGPD text set up stands in each letter and operative report."""
    wanted = bundle.declared.privacy_notice
    if wanted:
        for document in bundle.of_level("N1", *LETTERS, *OPERATIVE):
            yield from _mention(document, wanted, present=True)


@register(
    "doc.automatic-validation",
    ("SGL/va1/DOC/va1.18",),
    clause="DSR Ségur SGL, DOC.18",
    needs="automatic",
    codes={"doc.mention.absent", "doc.mention.unexpected"},
)
def automatic_validation(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The mention of an automatic validation stands in every form of a report that needs it; elsewhere it is advice."""
    declared = bundle.declared
    if declared.automatic_validation is None or not declared.automatic_notice:
        return
    for document in (*bundle.of_level("N1", *BIOLOGY), *bundle.of_level("N3", *BIOLOGY)):
        yield from _mention(document, declared.automatic_notice, present=declared.automatic_validation)


def _mention(document: Captured, wanted: str, *, present: bool) -> Iterator[Finding | Witness]:
    text = _text(document)
    if not text.strip():
        return
    held = pdfs.mentions(text, wanted)
    if held != present:
        code = "doc.mention.absent" if present else "doc.mention.unexpected"
        yield CODES.finding(code, "text", expected=wanted if present else "").at(file=document.name)
    else:
        yield Witness("mention present" if present else "mention absent", subject=document.name)


@register(
    "doc.accreditation",
    ("SGL/va1/DOC/va1.29",),
    clause="Cofrac GEN REF 11; DSR Ségur SGL, DOC.29",
    needs="accredited",
    codes={"doc.accreditation.absent", "doc.accreditation.unexpected"},
    partial=True,
)
def accreditation(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The accreditation number and the reference to Cofrac stand in every form when an examination is covered."""
    declared = bundle.declared
    if declared.accredited is None or not declared.accreditation:
        return
    for document in (*bundle.of_level("N1", *BIOLOGY), *bundle.of_level("N3", *BIOLOGY)):
        header = document.header
        assert header is not None
        text = _text(document) + " " + pdfs.header_text(header)
        if not text.strip():
            continue
        held = pdfs.mentions(text, declared.accreditation) and pdfs.mentions(text, "Cofrac")
        if bool(declared.accredited) == held:
            yield Witness("accreditation shown as declared", subject=document.name)
        else:
            code = "doc.accreditation.absent" if declared.accredited else "doc.accreditation.unexpected"
            yield CODES.finding(code, "text", expected=declared.accreditation).at(file=document.name)


@register(
    "doc.ucum",
    ("SGL/va1/DOC/va1.34",),
    clause="UCUM; CI-SIS, volet CR-BIO; DSR Ségur SGL, DOC.34",
    needs="n3",
    codes=set(),
    rules=True,
)
def ucum(bundle: Bundle) -> Iterator[Finding | Witness]:
    """The unit of every quantitative result is a UCUM expression."""
    for document in bundle.of_level("N3", *BIOLOGY):
        header = document.header
        assert header is not None
        measured = [r for r in results(header.element) if r.unit]
        wrong = [f for f in bundle.errors(document) if "unit" in f.code]
        yield from wrong
        if measured and not wrong:
            yield Witness("units in UCUM", subject=document.name)


@register(
    "doc.signature",
    ("SGL/va1/DOC/va1.32",),
    clause="Référentiel force probante des documents de santé; DSR Ségur SGL, DOC.32",
    needs="signed",
    codes=set(),
    rules=True,
    partial=True,
)
def signature(bundle: Bundle) -> Iterator[Finding | Witness]:
    """Each signature found in a report verifies; the chain to IGC-Santé is told as a fact."""
    for one in (*bundle.pdfs, *bundle.documents):
        verified = pdfs.signatures(one.data, one.name)
        if verified is None:
            continue
        yield from verified
        if not any(f.severity.value == "error" for f in verified):
            yield Witness("signature intact", subject=one.name)


@register(
    "doc.versions",
    ("SGL/va1/DOC/va1.36",),
    clause="CI-SIS, volet CR-BIO; DSR Ségur SGL, DOC.36",
    needs="versions",
    codes={"doc.versions.number", "doc.versions.differ"},
    rules=True,
)
def versions(bundle: Bundle) -> Iterator[Finding | Witness]:
    """One N3, or two (patient and professional) with the same results under distinct ids, as the setting says."""
    wanted = bundle.declared.versions
    found = tuple(bundle.of_level("N3", *BIOLOGY))
    if wanted is None or not found:
        return
    headers = [d.header for d in found if d.header is not None]
    ids = {h.unique_id for h in headers}
    errors = [f for d in found for f in bundle.errors(d)]
    yield from errors
    if len(ids) != wanted:
        yield CODES.finding("doc.versions.number", "ClinicalDocument/id", seen=len(ids), expected=wanted)
        return
    shown = {tuple((r.code, r.numbers, r.unit) for r in results(h.element)) for h in headers}
    if len(shown) > 1:
        yield CODES.finding("doc.versions.differ", "ClinicalDocument/component", seen=len(shown), expected=1)
    if not errors:
        yield Witness("versions as set up", subject=found[0].name)
