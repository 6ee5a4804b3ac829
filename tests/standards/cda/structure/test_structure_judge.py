"""The structure judge on literal documents: one fault each, and what the finding says of it."""

from __future__ import annotations

import pytest

from conformance.errors import InternalError
from conformance.evidence.values import Finding
from conformance.standards.cda.structure import notation
from conformance.standards.cda.structure.judge import CODES, MOST, judge
from conformance.standards.xml import syntax

# CDA R2 4.1: the least that a structured document holds.
DOCUMENT = """<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/>
<id root="1.2.250.1.999.1"/>
<code code="11502-2" codeSystem="2.16.840.1.113883.6.1" displayName="CR"/>
<title>Compte rendu</title>
<effectiveTime value="20240102030405+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
<recordTarget><patientRole><id root="1.2.250.1.999.2" extension="1"/></patientRole></recordTarget>
<author><time value="20240102"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="8"/></assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.250.1.71.4.2.2"/>
</representedCustodianOrganization></assignedCustodian></custodian>
<component><structuredBody><component><section><code code="30954-2" codeSystem="2.16.840.1.113883.6.1"/>
<text><content ID="a">un</content> <footnote ID="n"/><footnoteRef IDREF="n"/></text>
<entry><observation classCode="OBS" moodCode="EVN"><code code="1234-5"/>
<value xsi:type="PQ" value="5.2" unit="g/L"/></observation></entry></section></component></structuredBody></component>
</ClinicalDocument>"""


def findings(old: str = "", new: str = "") -> list[Finding]:
    """The findings on the document once a piece of it is replaced; the piece must be there."""
    assert old in DOCUMENT
    return list(judge(syntax.parse(DOCUMENT.replace(old, new, 1).encode() if old else DOCUMENT.encode())))


def test_valid() -> None:
    """The least document is valid."""
    assert findings() == []


def test_prefixed() -> None:
    """A document whose names all bear a prefix, xsi:type included, is as valid as another."""
    text = DOCUMENT.replace('xmlns="', 'xmlns:h="').replace("</", "</h:").replace('"PQ"', '"h:PQ"')
    prefixed = "".join("<" + ("" if piece[:1] in ("/", "") else "h:") + piece for piece in text.split("<"))[1:]
    assert prefixed.count("<h:") > 20
    assert list(judge(syntax.parse(prefixed.encode()))) == []


BODY = "/ClinicalDocument/component/structuredBody/component/section"
CASES = [
    # old, new, code, path, seen, expected, cause
    ("<title>Compte rendu</title>", "<titre>x</titre>", "unexpected", "/ClinicalDocument/titre", "titre",
     "title effectiveTime", ""),
    ('<effectiveTime value="20240102030405+0100"/>', "", "missing", "/ClinicalDocument", "", "effectiveTime", ""),
    ('<id root="1.2.250.1.999.1"/>', '<id root="1.2.250.1.999.1"/><id root="1.2.250.1.999.1"/>', "repeated",
     "/ClinicalDocument/id[2]", "id", "code", ""),
    ("<title>Compte rendu</title>\n<effectiveTime", "<effectiveTime", "", "", "", "", ""),
    ('<realmCode code="FR"/>\n', "", "", "", "", "", ""),
    ("<title>Compte rendu</title>", '<title langue="fr">x</title>', "attribute-unknown",
     "/ClinicalDocument/title/@langue", "fr", "language mediaType nullFlavor representation", ""),
    ('<observation classCode="OBS" ', "<observation ", "attribute-missing", f"{BODY}/entry/observation/@classCode", "",
     "classCode", ""),
    ('value="5.2"', 'value="5,2"', "value", f"{BODY}/entry/observation/value/@value", "5,2", "9 | 9.9", "real"),
    ("20240102030405+0100", "2024-01-02", "value", "/ClinicalDocument/effectiveTime/@value", "2024-01-02",
     "AAAA | AAAAMM | AAAAMMJJ | AAAAMMJJhhmm[ss[.s]][±ZZzz]", "ts"),
    ('root="1.2.250.1.999.1"', 'root="1.2.250.01"', "value", "/ClinicalDocument/id/@root", "1.2.250.01",
     "1.2.250.1… | UUID", "oid"),
    ('moodCode="EVN"', 'moodCode="FAIT"', "value", f"{BODY}/entry/observation/@moodCode", "FAIT",
     "APT ARQ DEF EVN GOL INT PRMS PRP RQO RSK", "code"),
    ('extension="POCD_HD000040"/>', 'extension="POCD_HD000040">texte</typeId>', "text", "/ClinicalDocument/typeId",
     "texte", "", ""),
    ('<typeId root="2.16.840.1.113883.1.3"', '<typeId root="2.16.840.1.113883.1.4"', "fixed",
     "/ClinicalDocument/typeId/@root", "2.16.840.1.113883.1.4", "2.16.840.1.113883.1.3", ""),
    ('xsi:type="PQ"', 'xsi:type="QUANTITE"', "type", f"{BODY}/entry/observation/value", "QUANTITE", None, "unknown"),
    ('xsi:type="PQ" ', "", "type", f"{BODY}/entry/observation/value", "", None, "missing"),
    ('xsi:type="PQ"', 'xsi:type="QTY"', "type", f"{BODY}/entry/observation/value", "QTY", None, "abstract"),
    ('<title>', '<title xsi:type="PQ">', "type", "/ClinicalDocument/title", "PQ", None, "family"),
    ('<title>', '<title xsi:nil="true">', "nil", "/ClinicalDocument/title", "true", "", ""),
    ('ID="n"', 'ID="a"', "id-duplicate", f"{BODY}/text/footnote/@ID", "a", "", ""),
    ('IDREF="n"', 'IDREF="z"', "idref", f"{BODY}/text/footnoteRef/@IDREF", "z", "", ""),
    ('extension="1"/>', 'extension="1"/><telecom value="tel:"/>', "value",
     "/ClinicalDocument/recordTarget/patientRole/telecom/@value", "tel:", "tel:… | mailto:… | http:… | #…", "uri"),
    ("<entry>", '<entry xmlns:s="urn:hl7-org:sdtc"><s:id root="1.2"/>', "unexpected", f"{BODY}/entry/id", "sdtc:id",
     None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "path", "seen", "expected", "cause"), CASES)
def test_one_fault(old: str, new: str, code: str, path: str, seen: str, expected: str | None, cause: str) -> None:
    """One fault gives one finding: its code, its place, what was seen and what could stand there."""
    found = findings(old, new)
    if not code:
        assert found == []
        return
    assert {f.code for f in found} >= {f"cda.structure.{code}"}
    first = next(f for f in found if f.code == f"cda.structure.{code}")
    assert (first.location.path, first.seen, first.cause) == (path, seen, cause)
    assert first.location.line
    assert expected is None or first.expected == expected


def test_order() -> None:
    """Two elements exchanged are told as a fault of order, not as two faults."""
    title, time = "<title>Compte rendu</title>", '<effectiveTime value="20240102030405+0100"/>'
    found = findings(f"{title}\n{time}", f"{time}\n{title}")
    assert [(f.code, f.location.path) for f in found] == [("cda.structure.order", "/ClinicalDocument/title")]


@pytest.mark.parametrize(
    "text",
    [
        "<ClinicalDocument/>",
        '<ClinicalDocument xmlns="urn:hl7-org:v2"/>',
        '<h:clinicalDocument xmlns:h="urn:hl7-org:v3"/>',
    ],
)
def test_root(text: str) -> None:
    """Another root, or the right name in the wrong namespace, is one finding."""
    assert [f.code for f in judge(syntax.parse(text.encode()))] == ["cda.structure.root"]


def test_bounded() -> None:
    """A document full of faults gives a bounded number of findings."""
    many = '<templateId racine="1"/>' * 5000
    found = findings('<templateId root="2.16.840.1.113883.2.8.2.1"/>', many)
    assert len(found) == MOST
    assert {f.code for f in found} == {"cda.structure.attribute-unknown"}


@pytest.mark.parametrize("count", [500, 20_000])
def test_large(count: int) -> None:
    """A very large document is judged too, in time that grows as its size: valid or not."""
    text = '<templateId root="2.16.840.1.113883.2.8.2.1"/>'
    assert findings(text, text * count) == []
    found = findings(text, text * count + '<templateId racine="1"/>' * count)
    assert found
    assert {f.code for f in found} <= {"cda.structure.attribute-unknown", "cda.structure.other"}


def test_texts_of_codes() -> None:
    """No finding carries the sentences of libxml2: expected and seen are names and values only."""
    for old, new, *_ in CASES:
        for finding in findings(old, new):
            assert finding.code in CODES
            assert "Element '" not in finding.seen + finding.expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("typ X", "1"),
        ("namespace hl7 urn:a\nschema hl8", "2"),
        ("namespace hl7 urn:a\nschema hl7\ntype A\n    b!! C", "4"),
        ("namespace hl7 urn:a\nschema hl7\ntype A\n    @b", "4"),
        ("namespace hl7 urn:a\nschema hl7\ntype A\n    &rien", "4"),
        ("simple a xs:string colour blue", "1"),
        ("codes A:", "1"),
        ("namespace hl7 urn:a\nschema hl7\ntype A\n    b B", "A"),
    ],
)
def test_notation_errors(line: str, said: str) -> None:
    """A line that does not follow the notation, or a name that leads nowhere, is our own fault, told with its line."""
    with pytest.raises(InternalError) as raised:
        notation.read(line)
    assert f"model.txt:{said}" in str(raised.value) or f"model.txt, {said}" in str(raised.value)
