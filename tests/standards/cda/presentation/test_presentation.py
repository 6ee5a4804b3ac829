"""A vendor's stylesheet, run where it can reach nothing, and what it shows compared with the document."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.evidence.values import Severity
from conformance.standards.cda.presentation import rendering, shown
from conformance.standards.cda.presentation.judging import CODES, differs_from_pdf, judge, passages, values
from conformance.standards.cda.syntax import parse

CDA = """<c:ClinicalDocument xmlns:c="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><c:component>
<c:structuredBody><c:component><c:section><c:title>BIOCHIMIE</c:title><c:text><c:table><c:tbody><c:tr><c:td>Glycémie</c:td>
<c:td>0,88</c:td></c:tr></c:tbody></c:table></c:text><c:entry><c:observation classCode="OBS" moodCode="EVN">
<c:value xsi:type="c:PQ" value="0.880" unit="g/L"/></c:observation></c:entry></c:section></c:component>
<c:component><c:section><c:title>Section ajoutée</c:title><c:text>Un texte <c:content>libre</c:content> ajouté.</c:text>
<c:entry><c:observation classCode="OBS" moodCode="EVN"><c:value xsi:type="c:CD" code="1" displayName="Positif"/>
</c:observation></c:entry></c:section></c:component></c:structuredBody></c:component></c:ClinicalDocument>"""

ALL = """<xsl:template match="/"><html><head><title>CR</title></head><body><xsl:for-each select="//c:section">
<h2><xsl:value-of select="c:title"/></h2><div><xsl:value-of select="c:text"/></div>
<p><xsl:value-of select=".//c:value/@displayName"/></p></xsl:for-each>EXTRA</body></html></xsl:template>"""

HEAD = """<?xml-stylesheet type="text/xsl" href="#"?><xsl:stylesheet version="1.0" xmlns:c="urn:hl7-org:v3"
 xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:d="urn:x" xmlns:exsl="http://exslt.org/common"
 xmlns:str="http://exslt.org/strings" xmlns:date="http://exslt.org/dates-and-times">"""


def presenting(templates: str = ALL, *, head: str = HEAD, cda: str = CDA) -> bytes:
    """A self-presenting document."""
    return f"{head}<d:data>{cda}</d:data>{templates}</xsl:stylesheet>".encode()


def codes(document: bytes, stylesheet: bytes | None = None) -> list[tuple[str, Severity]]:
    """(code, severity) of each finding when a row asks."""
    return [(f.code, f.severity) for f in judge(document, stylesheet, required=True)]


def test_a_stylesheet_that_shows_all_is_right() -> None:
    """Titles, narrative, numbers (0,88 for 0.880) and coded values are all found in the page."""
    assert codes(presenting()) == []
    page = shown.read(rendering.render(presenting()).output)
    assert page.says("Un texte libre ajouté.")
    assert "0.88" in page.numbers


def test_the_same_stylesheet_beside_the_document() -> None:
    """A stylesheet given apart is run on the document."""
    alone = f"{HEAD}{ALL}</xsl:stylesheet>".encode()
    assert codes(CDA.encode(), alone) == []
    assert codes(CDA.encode()) == [("cda.presentation.absent", Severity.ERROR)]
    assert list(judge(CDA.encode())) == []


def test_a_section_left_out_is_found() -> None:
    """CDA/INT.16: the narrative of an added section must be shown."""
    found = list(judge(presenting(ALL.replace("//c:section", "(//c:section)[1]")), required=True))
    assert [(f.code, f.subject, f.severity) for f in found] == [
        ("cda.presentation.narrative", "Section ajoutée", Severity.ERROR),
        ("cda.presentation.value", "code", Severity.ADVICE),
    ]
    assert "libre" in found[0].expected
    assert {f.severity for f in judge(presenting(ALL.replace("//c:section", "(//c:section)[1]")))} <= {
        Severity.WARNING,
        Severity.ADVICE,
    }


def test_a_number_left_out_is_found() -> None:
    """DOC/va1.25: a structured result that neither table nor entry shows."""
    other = CDA.replace('value="0.880"', 'value="1.23"')
    found = list(judge(presenting(cda=other), required=True))
    assert [(f.code, f.subject, f.expected) for f in found] == [("cda.presentation.value", "number", "1.23")]


def test_what_styles_hide_is_not_shown() -> None:
    """Text under display:none is not shown, unless scripts could show it."""
    hidden = ALL.replace("<div>", '<div style="display: none">')
    assert ("cda.presentation.narrative", Severity.ERROR) in codes(presenting(hidden))
    scripted = hidden.replace("EXTRA", "<script>show()</script>")
    assert codes(presenting(scripted)) == [("cda.presentation.script", Severity.ADVICE)]


@pytest.mark.parametrize(
    "extra",
    [
        '<img src="http://exemple.fr/logo.png"/>',
        '<img src="logo.png"/>',
        '<link rel="stylesheet" href="https://exemple.fr/a.css"/>',
        "<style>@import 'a.css';</style>",
        '<p style="background: url(//exemple.fr/x.png)">a</p>',
        '<iframe src="file:///etc/passwd"></iframe>',
    ],
)
def test_what_the_page_loads_from_elsewhere_is_told(extra: str) -> None:
    """Images, styles and frames from outside are advice; data inside and links to follow are not."""
    assert ("cda.presentation.external", Severity.ADVICE) in codes(presenting(ALL.replace("EXTRA", extra)))
    fine = '<img src="data:image/png;base64,AA"/><a href="https://exemple.fr">lien</a><a href="#x">x</a>'
    assert codes(presenting(ALL.replace("EXTRA", fine))) == []


@pytest.mark.parametrize(
    "select",
    ["document('/etc/passwd')", "document('SECRET')", "document('http://127.0.0.1:9/x')", "document('../a.xml')"],
)
def test_nothing_is_read_from_outside(select: str, tmp_path: Path) -> None:
    """document() of a file or an address gives nothing of it, and is told."""
    secret = tmp_path / "secret.xml"
    secret.write_text("<secret>motdepasse</secret>")
    select = select.replace("SECRET", secret.as_uri())
    document = presenting(ALL.replace("EXTRA", f'<xsl:copy-of select="{select}"/>'))
    rendered = rendering.render(document)
    assert b"motdepasse" not in rendered.output
    assert b"root:" not in rendered.output
    assert rendered.asked or rendered.fault == "run"
    assert {c for c, _ in codes(document)} <= {"cda.presentation.external", "cda.presentation.failed"} != set()


def test_a_stylesheet_may_read_itself() -> None:
    """document('') is the stylesheet: tables of labels inside it are its own."""
    label = "<xsl:value-of select=\"document('')/*/d:label\"/>"
    document = presenting("<d:label>Libellé</d:label>" + ALL.replace("EXTRA", label))
    assert "Libellé" in shown.read(rendering.render(document).output).text
    assert codes(document) == []


@pytest.mark.parametrize("instruction", ["include", "import"])
def test_nothing_is_included_from_outside(instruction: str, tmp_path: Path) -> None:
    """xsl:include and xsl:import of a file do not bring it in."""
    other = tmp_path / "other.xsl"
    other.write_text(f"{HEAD}<xsl:template name='x'>motdepasse</xsl:template></xsl:stylesheet>")
    document = presenting(f'<xsl:{instruction} href="{other.as_uri()}"/>' + ALL)
    rendered = rendering.render(document)
    assert b"motdepasse" not in rendered.output
    assert rendered.asked or rendered.fault


def test_nothing_is_written(tmp_path: Path) -> None:
    """exsl:document writes no file."""
    target = tmp_path / "out.txt"
    head = HEAD.replace('version="1.0"', 'version="1.0" extension-element-prefixes="exsl"')
    write = f'<exsl:document href="{target.as_uri()}">x</exsl:document>'
    document = presenting(ALL.replace("EXTRA", write), head=head)
    assert rendering.render(document).fault == "extension"
    assert not target.exists()
    undeclared = presenting(ALL.replace("EXTRA", write))
    rendering.render(undeclared)
    assert not target.exists()


@pytest.mark.parametrize(
    "call", ["str:tokenize('a b')", "date:date-time()", "exsl:node-set(.)", "concat('str:x(', 'y')"]
)
def test_only_functions_that_browsers_have_may_be_called(call: str) -> None:
    """exsl:node-set and what is only quoted may run, other extensions may not."""
    document = presenting(ALL.replace("EXTRA", f'<xsl:value-of select="{call}"/>'))
    expected = [] if call.startswith(("exsl", "concat")) else [("cda.presentation.extension", Severity.ERROR)]
    assert codes(document) == expected


def test_another_version_of_xslt_is_refused() -> None:
    """XSLT 2.0 and 3.0 do not run in a browser."""
    for version in ("2.0", "3.0"):
        head = HEAD.replace('version="1.0"', f'version="{version}"')
        assert codes(presenting(head=head)) == [("cda.presentation.version", Severity.ERROR)]


def test_a_stylesheet_that_fails_or_shows_nothing_is_found() -> None:
    """A template that does not exist, an expression that does not parse, an empty page."""
    missing = ALL.replace("EXTRA", '<xsl:call-template name="absent"/>')
    assert codes(presenting(missing)) == [("cda.presentation.failed", Severity.ERROR)]
    broken = ALL.replace("EXTRA", '<xsl:value-of select="((("/>')
    assert codes(presenting(broken)) == [("cda.presentation.failed", Severity.ERROR)]
    assert codes(presenting('<xsl:template match="/"><html/></xsl:template>')) == [
        ("cda.presentation.empty", Severity.ERROR)
    ]


LOOP = '<xsl:template name="l"><xsl:call-template name="l"/></xsl:template>'
SLOW = (
    '<xsl:template name="l"><xsl:param name="n"/><xsl:if test="$n &gt; 0"><xsl:call-template name="l"><xsl:with-param '
    'name="n" select="$n - 1"/></xsl:call-template><xsl:call-template name="l"><xsl:with-param name="n" '
    'select="$n - 1"/></xsl:call-template></xsl:if></xsl:template>'
)


@pytest.mark.parametrize(("template", "code"), [(LOOP, "failed"), (SLOW, "stopped")])
def test_an_endless_stylesheet_is_stopped(template: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless recursion fails by its depth, an exponential one by its time."""
    monkeypatch.setattr(rendering, "SECONDS", 1)
    call = '<xsl:call-template name="l"><xsl:with-param name="n" select="60"/></xsl:call-template>'
    document = presenting(template + ALL.replace("EXTRA", call))
    assert codes(document) == [(f"cda.presentation.{code}", Severity.ERROR)]


def test_hostile_xml_is_told() -> None:
    """Entities, cut documents and other roots are findings, never a crash."""
    for document, code in (
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "xml.syntax.doctype"),
        (b"<a", "xml.syntax.not-well-formed"),
        (b"", "xml.syntax.not-well-formed"),
        (b"<a/>", "cda.syntax.root"),
    ):
        assert [f.code for f in judge(document, required=True)] == [code]
    assert [f.code for f in judge(CDA.encode(), b"<a", required=True)] == ["xml.syntax.not-well-formed"]


def test_the_twin_pdf_says_no_more() -> None:
    """Numbers and words of the PDF that the page lacks are advice; what it has is not told."""
    assert list(differs_from_pdf(presenting(), "BIOCHIMIE Glycémie 0,88 g/L")) == []
    [found] = differs_from_pdf(presenting(), "Cholestérol 1,90")
    assert found.severity is Severity.ADVICE
    assert found.expected == "1.9 Cholestérol"


def test_passages_and_values_are_those_of_the_document() -> None:
    """What is looked for comes from the document alone."""
    document = parse(presenting())
    assert [p.text for p in passages(document)][:3] == ["BIOCHIMIE", "Glycémie", "0,88"]
    assert [(k, v) for _, k, v in values(document)] == [("number", "0.880"), ("code", "Positif")]


@pytest.mark.parametrize(
    "name", ["BIO-CR-BIO_2021.01_Auto-Presentable", "BIO-CR-BIO_2021.01_Auto-Presentable_avec-image"]
)
def test_the_official_self_presenting_reports_show_all(cisis: Path, name: str) -> None:
    """The stylesheets of the official CR-BIO show every passage and value, but need a table beside them."""
    found = list(judge((cisis / "ExemplesCDA" / f"{name}.xml").read_bytes(), required=True))
    assert [(f.code, f.subject) for f in found] == [("cda.presentation.external", "stylesheet")]
    assert set(CODES) >= {f.code for f in found}
