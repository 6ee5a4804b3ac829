"""The document rows: what each asks, on literal documents, official reports and PDFs written byte by byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from conformance.evidence.codes import all_codes
from conformance.properties.captured import core
from conformance.properties.captured.values import Bundle, Captured, Declared
from conformance.properties.captured.verdicts import ELSEWHERE, RowVerdict, judge
from conformance.texts import text

SIX = ("DPI", "PFI", "RI", "SGL", "RIS", "LGO")


def pdf(*lines: str) -> bytes:
    """A one-page PDF that shows some lines in Helvetica (PDF 1.4, 7.7 and 9.4), no PDF/A."""
    shown = b" ".join(b"(%b) Tj 0 -20 Td" % line.encode("latin-1") for line in lines)
    stream = b"BT /F1 12 Tf 40 780 Td " + shown + b" ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(out + b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)


def document(body: bytes, code: str = "18748-4", inside: str = "", ids: str = "") -> Captured:
    """An N1 with just what the rows about its content read."""
    held = base64.b64encode(body).decode()
    return Captured(
        "cr.xml",
        f"""<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3.4"/>
<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><recordTarget><patientRole>{ids}</patientRole></recordTarget>
{inside}<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{held}</text></nonXMLBody>
</component></ClinicalDocument>""".encode(),
    )


def biology(narrative: str, name: str = "n3.xml", uid: str = "1.2.3.5", result: str = "") -> Captured:
    """A structured biology report with one section."""
    return Captured(
        name,
        f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="{uid}"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/>
<component><structuredBody><component><section><title>Biochimie</title><text>{narrative}</text>{result}</section>
</component></structuredBody></component></ClinicalDocument>""".encode(),
    )


def verdict(key: str, *captured: Captured, **declared: object) -> RowVerdict:
    """The verdict of one row over some documents."""
    dsr = key.partition("/")[0]
    bundle = Bundle(captured, Declared(**declared))  # type: ignore[arg-type]
    return next(v for v in judge(bundle, dsr) if v.key == key)


RECIPIENT = """<informationRecipient><intendedRecipient><informationRecipient><name><family>HODA</family>
<given>Adam</given></name></informationRecipient></intendedRecipient></informationRecipient>"""


@pytest.mark.parametrize(
    ("captured", "outcome"),
    [
        (document(pdf("Destinataire : Dr Adam HODA")), "conform"),
        (document(pdf("Compte rendu"), inside=RECIPIENT), "conform"),
        (document(pdf("Destinataire : Dr Adam HODART")), "nonconform"),
        (document(pdf("Compte rendu")), "nonconform"),
    ],
)
def test_a_recipient_is_named_in_the_pdf_or_in_the_header(captured: Captured, outcome: str) -> None:
    """Either place will do, whatever the order of the names; a longer name is another person."""
    assert verdict("RIS/va1/DOC/va1.15", captured, recipients=("HODA Adam",)).outcome == outcome


def test_without_a_declared_recipient_the_row_is_not_judged() -> None:
    """Silence never passes."""
    found = verdict("RIS/va1/DOC/va1.15", document(pdf("rien"), inside=RECIPIENT))
    assert (found.outcome, found.reason) == ("not-judged", "recipients")


def test_a_recipient_of_the_header_that_was_not_served_is_advice() -> None:
    """The statement does not forbid it."""
    found = verdict("RIS/va1/DOC/va1.15", document(pdf("Pour Ana LUZ"), inside=RECIPIENT), recipients=("LUZ Ana",))
    assert (found.outcome, [f.code for f in found.findings]) == ("conform", ["doc.recipient.other"])


@pytest.mark.parametrize(
    ("inside", "outcome"),
    [
        ('<participant typeCode="REF"><telecom value="mailto:Dr@x.mssante.fr"/></participant>', "conform"),
        ('<participant typeCode="REF"><telecom value="mailto:dr@y.mssante.fr"/></participant>', "nonconform"),
        ("", "nonconform"),
    ],
)
def test_the_address_of_the_requester_stands_in_the_document(inside: str, outcome: str) -> None:
    """Case does not count, another address is not it."""
    found = verdict("RIS/va1/DOC/va1.17", document(pdf("x"), inside=inside), requester_address="dr@x.mssante.fr")
    assert found.outcome == outcome


def test_a_mention_is_found_across_lines_and_its_absence_is_an_error() -> None:
    """The text set up is looked for word for word; where it is not called for, it is advice."""
    notice = "Validé par un procédé automatique"
    key = "SGL/va1/DOC/va1.18"
    said = document(pdf("Valid\u00e9 par un", "proc\u00e9d\u00e9 automatique"), "11502-2")
    silent = document(pdf("Sodium 140"), "11502-2")
    assert verdict(key, said, automatic_validation=True, automatic_notice=notice).outcome == "conform"
    assert verdict(key, silent, automatic_validation=True, automatic_notice=notice).outcome == "nonconform"
    assert verdict(key, silent, automatic_validation=False, automatic_notice=notice).outcome == "conform"
    unexpected = verdict(key, said, automatic_validation=False, automatic_notice=notice)
    assert [f.code for f in unexpected.findings] == ["doc.mention.unexpected"]


def test_accreditation_is_shown_when_and_only_when_something_is_covered() -> None:
    """Both ways are errors, and the row still asks to see where the mention stands."""
    key = "SGL/va1/DOC/va1.29"
    shown = document(pdf("Cofrac examens m\u00e9dicaux 8-0000"), "11502-2")
    silent = document(pdf("Sodium"), "11502-2")
    assert verdict(key, shown, accredited=1, accreditation="8-0000").outcome == "to-attest"
    assert verdict(key, silent, accredited=1, accreditation="8-0000").outcome == "nonconform"
    assert verdict(key, shown, accredited=0, accreditation="8-0000").outcome == "nonconform"
    assert verdict(key, silent, accredited=0, accreditation="8-0000").outcome == "to-attest"


def test_a_link_to_the_subcontractor_is_forbidden() -> None:
    """A link is an error; without the permitted twin (its PDF inside) nothing is said."""
    key = "SGL/va1/DOC/va1.19"
    linked = biology('<linkHtml href="https://labo.example/cr">voir</linkHtml>')
    assert verdict(key, linked, subcontracted=True).outcome == "nonconform"
    assert verdict(key, biology("Rien"), subcontracted=True).outcome == "not-judged"


def test_two_versions_are_two_documents() -> None:
    """One document where two were set up is an error."""
    found = verdict("SGL/va1/DOC/va1.36", biology("x"), versions=2)
    assert "doc.versions.number" in {f.code for f in found.findings}


def test_a_qualified_patient_without_ins_is_found() -> None:
    """The row is about documents of a qualified patient only."""
    letter = document(pdf("Lettre"), "11490-0", ids='<id root="1.2.3" extension="IPP"/>')
    found = verdict("DPI/va1/DOC/va1.07", letter, qualified=True)
    assert "doc.ins.absent" in {f.code for f in found.findings}
    assert verdict("DPI/va1/DOC/va1.07", letter, qualified=False).outcome == "not-judged"


def test_a_pdf_that_is_no_pdf_a_is_found() -> None:
    """The literal PDF above embeds no font: it is not a PDF/A-1."""
    found = verdict("RIS/va1/DOC/va1.01", Captured("cr.pdf", pdf("x")))
    assert found.outcome == "nonconform"
    assert "pdf.a.font-embedded" in {f.code for f in found.findings}


def test_an_n1_without_a_pdf_is_found() -> None:
    """What is encapsulated must be a PDF."""
    found = verdict("RIS/va1/DOC/va1.16", document(b"plain text"))
    assert "doc.n1.pdf" in {f.code for f in found.findings}


@pytest.mark.corpus
def test_official_reports_make_their_rows_conform(shared: Path) -> None:
    """The official N1 and N3 of biology satisfy the rows about their form."""
    folder = shared / "corpus-cda"
    n1 = folder / "bases" / "BIO-CR-BIO_2021.01_CDA-R2-Niveau-1.xml"
    n3 = folder / "officiels" / "BIO-CR-BIO_2024.01_Microbiologie_V1.xml"
    captured = [Captured(p.name, p.read_bytes()) for p in (n1, n3)]
    for key in ("SGL/va1/DOC/va1.27", "SGL/va1/DOC/va1.30", "SGL/va1/DOC/va1.34"):
        assert verdict(key, *captured).outcome == "conform", key


@pytest.mark.corpus
def test_a_message_of_the_corpus_carries_the_report_in_one_form_only(shared: Path) -> None:
    """The published ORU with an N3 alone lacks the N1 that the row asks for."""
    name = next((shared / "corpus-hl7v2").glob("*CR_Bio_INIT_N3_SEGUR.hl7"))
    found = verdict("SGL/va1/DOC/va1.20", Captured(name.name, name.read_bytes()))
    assert "doc.message.form" in {f.code for f in found.findings}


@pytest.mark.corpus
def test_every_document_row_of_the_six_dsrs_is_listed(shared: Path) -> None:
    """Each DOC row of the export is either judged on documents or says what it needs instead."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    wanted = {
        f"{dsr}/{row['wave']}/{row['id']}"
        for row in rows
        for dsr in row["rem"]
        if dsr in SIX and row["id"].startswith(("DOC/", "LGO.DOC"))
    }
    listed = {key for dsr in SIX for key, _ in core.of(dsr)} | set(ELSEWHERE)
    # DOC/va1.04 of LGO is attributed by derivation, the rest are the rows of the export.
    assert wanted <= listed
    assert listed - wanted <= {"LGO/va1/DOC/va1.04"}


@pytest.mark.parametrize("row", core.rows(), ids=lambda row: row.name)
def test_a_row_has_its_clause_its_codes_and_its_word(row: object) -> None:
    """Codes exist, the clause is told, and what it needs is said in both languages."""
    from conformance.properties.captured.values import Row

    assert isinstance(row, Row)
    assert row.codes <= set(all_codes())
    assert len(row.clause) > 10
    assert text(f"rows.reason.{row.needs}", "fr") != text(f"rows.reason.{row.needs}", "en")


STYLE = b"""<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3">
<xsl:output method="html"/><xsl:template match="/"><html><body>%b</body></html></xsl:template>%b</xsl:stylesheet>"""


def presented(shown: bytes) -> Captured:
    """A structured report inside a stylesheet that shows the text of some elements."""
    inside = biology("Sodium 140 mmol/L").data.partition(b"?>")[2] or biology("Sodium 140 mmol/L").data
    return Captured("auto.xml", STYLE % (shown, inside))


def test_a_stylesheet_that_hides_the_results_is_found() -> None:
    """The output must show what the narrative says; what it does show is then left to attest."""
    key = "SGL/va1/DOC/va1.25"
    hidden = {f.code for f in verdict(key, presented(b"<p>Compte rendu</p>")).findings}
    whole = {f.code for f in verdict(key, presented(b'<xsl:value-of select="//h:section"/>')).findings}
    assert "cda.presentation.narrative" in hidden - whole
    assert verdict(key, biology("Sodium 140")).outcome == "not-judged"
