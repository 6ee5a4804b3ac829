"""PAdES signatures: integrity, coverage, issuer and trust as separate facts, altered bytes detected."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import made_pdfs as made
import pikepdf
import pytest
import signers

from conformance.evidence.values import Severity
from conformance.standards.pdf import signature
from conformance.standards.pdf.judging import judge


@pytest.fixture(scope="module")
def signed() -> bytes:
    """A PDF sealed by a certificate whose issuer is called as IGC-Santé."""
    root, signer = signers.igc()
    return signers.signed_pdf(made.by_fpdf("Compte rendu"), signer, root)


def test_an_intact_signature_has_its_facts(signed: bytes) -> None:
    """Integrity, coverage, signer and trust of a signature by pyHanko."""
    root, _ = signers.igc()
    [found] = signature.verify(signed, anchors=[root.certificate])
    assert (found.field, found.intact, found.covers_all, found.reason) == ("Cachet", True, True, "")
    assert found.certificate is not None
    assert found.certificate.subject == "CN=Laboratoire des tests,C=FR"
    assert found.certificate.igc_sante
    assert found.certificate.trusted is True
    assert list(signature.judge(signed, anchors=[root.certificate])) == []


def test_trust_is_a_fact_apart(signed: bytes) -> None:
    """Without anchors trust is not told; with others, or outside validity, it is refused; integrity stays."""
    root, _ = signers.igc()
    assert signature.verify(signed)[0].certificate.trusted is None  # type: ignore[union-attr]  # asserted above
    for anchors, moment in (
        ([signers.stranger().certificate], None),
        ([root.certificate], datetime(2040, 1, 1, tzinfo=UTC)),
    ):
        [found] = signature.verify(signed, anchors=anchors, moment=moment)
        assert found.intact
        assert [f.code for f in signature.judge(signed, anchors=anchors, moment=moment)] == ["pdf.signature.untrusted"]


def test_another_issuer_is_told() -> None:
    """A certificate that IGC-Santé did not issue is a warning."""
    data = signers.signed_pdf(made.by_fpdf(), signers.stranger())
    assert [(f.code, f.severity) for f in signature.judge(data)] == [("pdf.signature.issuer", Severity.WARNING)]


def test_one_byte_altered_is_detected_anywhere(signed: bytes) -> None:
    """DOC/va1.32: a byte changed in what was signed makes the signature fail."""
    base = len(made.by_fpdf("Compte rendu"))
    for offset in (20, base // 3, base // 2, base - 200):
        data = bytearray(signed)
        data[offset] ^= 1
        codes = {f.code for f in judge(bytes(data), required=True)}
        assert codes & {"pdf.signature.altered", "pdf.syntax.broken", "pdf.signature.unreadable"}, offset
    plain = signed.replace(b"595.28", b"595.29", 1)
    assert plain != signed
    assert "pdf.signature.altered" in {f.code for f in judge(plain)}


def test_what_is_added_after_the_signature_is_told(signed: bytes) -> None:
    """A later update of the pages leaves the signature intact and uncovered."""
    from pyhanko.pdf_utils.generic import NameObject, NumberObject
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0]
    page[NameObject("/Rotate")] = NumberObject(90)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    [found] = signature.verify(out.getvalue())
    assert (found.intact, found.covers_all) == (True, False)
    assert "pdf.signature.partial" in {f.code for f in signature.judge(out.getvalue())}


def test_an_unsigned_pdf_has_none() -> None:
    """No signature, no finding."""
    assert signature.verify(made.by_fpdf()) == ()
    assert list(signature.judge(made.by_fpdf())) == []


def test_a_hostile_signature_never_stops_the_judge(signed: bytes) -> None:
    """Contents that are no CMS, byte ranges out of the file: findings."""
    with pikepdf.open(io.BytesIO(signed)) as pdf:
        for held in pdf.objects:
            if isinstance(held, pikepdf.Dictionary) and held.get("/Type") == pikepdf.Name.Sig:
                held.Contents = pikepdf.String(b"\x30\x80" * 50)
                held.ByteRange = pikepdf.Array([0, 10, 10**9, 10])
        data = made.saved(pdf)
    codes = {f.code for f in judge(data)}
    assert codes & {"pdf.signature.altered", "pdf.signature.unreadable"}


def test_without_the_library_the_signature_is_said_not_judged(signed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `sign` is named in a note."""
    monkeypatch.setattr(signature, "available", lambda: False)
    assert ("pdf.signature.unjudged", Severity.NOTE) in {(f.code, f.severity) for f in judge(signed)}
