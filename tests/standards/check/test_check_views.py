"""What a CDA carries is judged with it: its PDF against its header, and its N1 against its N3 in one container."""

from __future__ import annotations

import base64

from check_samples import PNG, zipped
from fpdf import FPDF

from conformance.evidence.values import Finding, Severity
from conformance.standards.check import dispatch
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import Report

RESULT = (
    '<observation><templateId root="1.3.6.1.4.1.19376.1.3.1.6"/><code code="1" displayName="Sodium"/>'
    '<statusCode code="completed"/><value xsi:type="PQ" value="140" unit="mmol/L"/></observation>'
)


def pdf(line: str) -> bytes:
    """A page written by fpdf2."""
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=12)
    page.cell(text=line)
    return bytes(page.output())


def document(level: str, uid: str, held: bytes = b"", birth: str = "19790328", media: str = "application/pdf") -> bytes:
    """A report of one level with what the comparison reads."""
    body = f"<structuredBody>{RESULT}</structuredBody>"
    if level == "N1":
        text = base64.b64encode(held).decode()
        body = f'<nonXMLBody><text mediaType="{media}" representation="B64">{text}</text></nonXMLBody>'
    return (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<id root="{uid}"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/><recordTarget><patientRole>'
        '<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><patient>'
        f'<birthTime value="{birth}"/></patient></patientRole></recordTarget><documentationOf><serviceEvent>'
        '<effectiveTime><low value="20240101"/></effectiveTime></serviceEvent></documentationOf>'
        f"<component>{body}</component></ClinicalDocument>"
    ).encode()


def twins(*members: tuple[str, bytes], judging: Judging = Judging()) -> list[tuple[str, str]]:  # noqa: B008 - frozen
    """(file, code) of the comparisons in a zip of some documents."""
    reports = list(dispatch.judge("a.zip", zipped(members), judging))
    assert not [r.fault for r in reports if r.fault]
    return [(r.file, f.code) for r in reports for f in r.findings if f.code.startswith("cda.twins.")]


def test_an_n1_that_shows_another_result_than_its_n3_is_told() -> None:
    """The finding is the N1's, whatever the order in the archive; the same result shown is not one."""
    structured = ("n3.xml", document("N3", "1.2.3"))
    wrong, right = document("N1", "1.2.4", pdf("Sodium 104 mmol/L")), document("N1", "1.2.4", pdf("Sodium 140 mmol/L"))
    assert twins(structured, ("n1.xml", wrong)) == [("a.zip!n1.xml", "cda.twins.result")]
    assert twins(("n1.xml", wrong), structured) == [("a.zip!n1.xml", "cda.twins.result")]
    assert twins(structured, ("n1.xml", right)) == []


def test_headers_that_disagree_are_told_and_other_reports_are_not_compared() -> None:
    """Another birth date; another act is another report."""
    structured = ("n3.xml", document("N3", "1.2.3"))
    other = document("N1", "1.2.4", pdf("Sodium 140"), birth="19790329")
    assert twins(structured, ("n1.xml", other)) == [("a.zip!n1.xml", "cda.twins.header")]
    assert twins(structured, ("n1.xml", other.replace(b'low value="20240101"', b'low value="20240102"'))) == []


def test_too_many_documents_are_not_held_to_be_compared() -> None:
    """Beyond the bound each document is judged alone, and every one has its report."""
    members = [(f"{n}.xml", document("N3", f"1.2.{n}")) for n in range(dispatch.TOGETHER + 5)]
    wrong = ("n1.xml", document("N1", "1.2.999", pdf("Sodium 104 mmol/L")))
    assert twins(wrong, *members) == []
    assert len(list(dispatch.judge("a.zip", zipped([wrong, *members])))) == dispatch.TOGETHER + 7


def judged(held: bytes, judging: Judging, media: str = "application/pdf") -> Report:
    """The report of an N1 that carries something."""
    (report,) = dispatch.judge("a.xml", document("N1", "1.2.4", held, media=media), judging)
    assert not report.fault
    return report


def test_the_pdf_of_an_n1_is_judged_inside_its_cda() -> None:
    """What it shows is compared with the header, at its place in the CDA; nothing of it when that is not asked."""
    report = judged(pdf("Sodium 140"), Judging())
    inside = [f for f in report.findings if f.location.path.startswith(f"{_BODY}!")]
    assert "pdf.identity.absent" in {f.code for f in inside}
    assert all(f.severity is not Severity.ERROR for f in inside)
    assert report.judges == ("conformance", "datamatrix")
    quick = judged(pdf("Sodium 140"), Judging(inside_pdf=False))
    assert not [f for f in quick.findings if f.location.path.startswith(f"{_BODY}!")]
    assert quick.judges == ("conformance",)


def test_verapdf_takes_the_place_of_our_own_rules_of_pdf_a() -> None:
    """Where it judges, our PDF/A rules say nothing, and the report names it."""
    seen: list[bytes] = []

    def verapdf(data: bytes, _owed: bool) -> tuple[Finding, ...]:
        seen.append(data)
        return ()

    held = pdf("Sodium 140")
    with_it, without = judged(held, Judging(verapdf=verapdf)), judged(held, Judging())
    assert seen == [held]
    assert "veraPDF" in with_it.judges
    ours = [f for f in without.findings if f.code.startswith("pdf.a.")]
    assert ours
    assert not [f for f in with_it.findings if f.code.startswith("pdf.a.") and f.location.path.startswith(f"{_BODY}!")]


def test_what_an_n1_carries_may_be_broken_or_an_image() -> None:
    """Never a fault of ours."""
    for held, media in ((b"%PDF-1.4\nbroken", "application/pdf"), (PNG, "image/png"), (b"", "application/pdf")):
        assert judged(held, Judging(), media).kind == "cda"


_BODY = "ClinicalDocument/component/nonXMLBody/text"
