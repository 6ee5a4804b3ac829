"""One document judged: XSD with Xerces' verdict, schematrons, document model, terminologies, hostile bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from conformance.arbiters.cisis import codes, reading
from conformance.arbiters.cisis.compare import Agreement, compare
from conformance.arbiters.cisis.engine import Engine
from conformance.arbiters.cisis.grammar import address
from conformance.arbiters.cisis.package import Package
from conformance.arbiters.cisis.report import OfficialReport
from conformance.evidence.values import Finding, Location, Severity

pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")

GOOD = '<templateId root="1.2.250.1.213.1.1.1.55" extension="2024.01"/><code code="11502-2"/>'


@pytest.fixture(scope="module")
def engine(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    kept = tmp_path_factory.mktemp("cache")
    return Engine(Package.open(small, kept=kept), kept=kept)


def document(inside: str, before: str = "") -> bytes:
    root = f'<ClinicalDocument xmlns="urn:hl7-org:v3">{inside}</ClinicalDocument>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}{root}'.encode()


def test_a_good_document_is_accepted(engine: Engine) -> None:
    """No finding at all, and what was not looked up is not invented."""
    assert engine.judge(document(GOOD), "a.xml") == OfficialReport("a.xml", True)


@pytest.mark.parametrize(
    ("inside", "accepted", "rules"),
    [
        ('<code code="11502-2"/>', False, [("StrucMin", "error", "/ClinicalDocument", "templateId attendu", 2)]),
        ('<templateId root="1"/>', True, [("StrucMin", "warning", "/ClinicalDocument", "code attendu", 2)]),
        (
            '<templateId root="1"/>\n<code code="11502-2"/><code code="no"/>',
            False,
            [("StrucMin", "error", "/ClinicalDocument/code[2]", "hors jeu", 3)],
        ),
        (
            '<templateId root="1"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.3"/>',
            False,
            [("terminologie", "", "/ClinicalDocument/code", "inconnu", 2)],
        ),
    ],
)
def test_findings_of_the_schematrons(
    engine: Engine, inside: str, accepted: bool, rules: list[tuple[str, str, str, str, int]]
) -> None:
    """Schematron, role, path, text and line; a warning does not reject, no role does."""
    report = engine.judge(b"\n" + document(inside).partition(b"?>")[2])
    assert report.accepted is accepted
    assert [(f.schematron, f.role, f.path, f.text, f.line) for f in report.findings] == rules


def test_codes_are_looked_up_in_the_terminologies(engine: Engine, small: Path, tmp_path: Path) -> None:
    """The table holds each text of each notation; a code of a system without file is not judged, and that is told."""
    table = codes.Codes(codes.build(Package.open(small, kept=tmp_path), kept=tmp_path))
    icd = "2.16.840.1.113883.6.3"
    assert table.systems == {icd: 3}
    assert table.known([(icd, "A00"), (icd, "a00"), (icd, "B"), (icd, " 1"), ("1", "A00")]) == {
        (icd, "A00"),
        (icd, "B"),
        (icd, " 1"),
    }
    loinc = engine.judge(document('<templateId/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/>'))
    assert loinc.accepted
    assert [(n.what, n.reason, n.detail) for n in loinc.not_run] == [
        ("2.16.840.1.113883.6.1", "terminology-absent", "LOINC")
    ]


def test_the_document_model_is_chosen(engine: Engine) -> None:
    """By template and version, by instruction, never without a structured body, and an unknown version is told."""
    body = "<component><structuredBody/></component>"
    told = engine.judge(document(GOOD + body))
    assert (told.volet, told.families) == ("BIO-CR-BIO_2024.01", ("BIO-CR-BIO_2024.01",))
    assert engine.judge(document(GOOD)).volet is None
    other = engine.judge(document(GOOD.replace("2024.01", "2031.01") + body))
    assert other.volet is None
    assert [(n.what, n.reason) for n in other.not_run] == [("BIO-CR-BIO_2031.01", "volet-unknown")]
    said = '<?oxygen SCHSchema="..\\schematrons/CI-SIS_BIO-CR-BIO_2024.01.sch" SCHPhase="x"?>'
    assert engine.judge(document('<templateId root="1"/>' + body, said)).volet == "BIO-CR-BIO_2024.01"


def test_an_auto_presentable_document_is_unwrapped(engine: Engine) -> None:
    """The ClinicalDocument inside a stylesheet is judged, with paths from its own root."""
    inside = document('<code code="11502-2"/>').partition(b"?>")[2]
    raw = (
        b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
        + inside
        + b"</xsl:stylesheet>"
    )
    report = engine.judge(raw)
    assert [f.path for f in report.findings] == ["/ClinicalDocument"]
    assert report.xsd == ()


@pytest.mark.parametrize(
    "inside",
    [
        '<telecom value="tel:"/>',
        '<telecom value="http://a/%zz"/>',
        '<content IDREF="nothing"/>',
        "<unknown/>",
    ],
)
def test_the_schema_has_the_verdict_of_xerces(engine: Engine, inside: str) -> None:
    """What libxml2 lets through and Xerces does not is refused too."""
    report = engine.judge(document(GOOD + inside))
    assert not report.accepted
    assert report.xsd


def test_references_that_have_a_target_are_accepted(engine: Engine) -> None:
    """Whatever the order."""
    assert engine.judge(document(GOOD + '<telecom value="tel:+33"/><content IDREF="a"/><content ID="a"/>')).accepted


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("tel:+33(0)1", True),
        ("#a1", True),
        ("a b/é", True),
        ("", True),
        ("mailto:", False),
        (":a", False),
        ("1x:a", False),
        ("a/1x:a", True),
        ("a#b#c", False),
        ("x:#b", False),
        ("100%", False),
    ],
)
def test_addresses_as_xerces_reads_them(value: str, good: bool) -> None:
    """RFC 2396 with relative addresses and characters to be escaped allowed."""
    assert (address(value) == "") is good


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\x01\x02",
        b"<a",
        document(GOOD)[:-5],
        document("&lt;" * 10).replace(b"UTF-8", b"EBCDIC-CP-FR"),
        document("é").decode().encode("latin-1"),
        document("<a>" * 400 + "</a>" * 400),
        document("<a/>" * 2_000_001),
        b" " * (65 * 1024 * 1024) + document(GOOD),
        b"<!DOCTYPE a ["
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><a b='&a11;'/>",
    ],
    ids=["empty", "binary", "cut", "truncated", "encoding", "not-utf8", "deep", "marks", "huge", "bomb"],
)
def test_bytes_that_are_not_xml_are_refused_and_nothing_else_is_run(engine: Engine, raw: bytes) -> None:
    """The safe reader decides first: SaxonC never sees them."""
    report = engine.judge(raw)
    assert report.accepted is False
    assert [n.reason for n in report.not_run] == ["malformed"]
    assert report.findings == ()


def test_a_document_type_is_taken_off(engine: Engine, tmp_path: Path) -> None:
    """As for the official tool the document is accepted; files are never read, bombs never grow, and that is told."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    declared = f'<!DOCTYPE x [<!ENTITY n "DUPONT"><!ENTITY f SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    raw = document(GOOD + "<content>&n;<!--x-->&f;&n;</content>", declared)
    report = engine.judge(raw)
    assert report.accepted
    assert [(n.what, n.reason) for n in report.not_run] == [("f", "entity")]
    root, left = reading.read(raw)
    assert left == ("f",)
    assert "".join(root.itertext()) == "DUPONTDUPONT"
    assert "DOCTYPE" not in reading.source(root)
    bomb = '<!ENTITY a0 "x">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    grown = engine.judge(document(GOOD + "<content>&a9;</content>", f"<!DOCTYPE x [{bomb}]>"))
    assert [(n.reason, n.detail) for n in grown.not_run] == [("malformed", "xml.syntax.too-big")]


def test_another_root_is_judged_as_it_is(engine: Engine) -> None:
    """The schema refuses it; the schematrons find nothing to say of it."""
    report = engine.judge(b"<a/>")
    assert (report.accepted, len(report.xsd), report.findings) == (False, 1, ())


def test_paths_lead_back_to_lines() -> None:
    """Prefixes as written, second siblings numbered."""
    root = etree.fromstring(b"<p:a xmlns:p='u' xmlns='v'>\n<b/>\n<b>\n<p:c/></b></p:a>")
    assert [reading.line_of(root, p) for p in ("/p:a", "/p:a/b", "/p:a/b[2]/p:c", "/p:a/b[3]", "/x", "")] == [
        1, 2, 4, None, None, None,
    ]  # fmt: skip


ERROR = Finding("cda.x", Severity.ERROR, Location("/ClinicalDocument"))


@pytest.mark.parametrize(
    ("ours", "accepted", "expected"),
    [
        ([], True, Agreement.BOTH_ACCEPT),
        ([ERROR], False, Agreement.BOTH_REJECT),
        ([ERROR], True, Agreement.ONLY_WE_REJECT),
        ([], False, Agreement.ONLY_OFFICIAL_REJECTS),
        ([ERROR], None, Agreement.UNKNOWN),
        (
            [Finding("cda.x", Severity.WARNING), Finding("cda.y", Severity.ERROR, inherited=True)],
            True,
            Agreement.BOTH_ACCEPT,
        ),
    ],
)
def test_two_verdicts_compared(ours: list[Finding], accepted: bool | None, expected: Agreement) -> None:
    """Only our own errors reject; a document that the package could not judge is never a disagreement."""
    seen = compare(ours, OfficialReport("a", accepted, xsd=() if accepted else ("1: x",)))
    assert seen.agreement is expected
    assert seen.disagree is (expected in (Agreement.ONLY_WE_REJECT, Agreement.ONLY_OFFICIAL_REJECTS))
