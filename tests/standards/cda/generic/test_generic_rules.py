"""The generic rules of the body on literal documents: each code once, and the sound twin that stays silent."""

from __future__ import annotations

import base64
from datetime import date

import pytest

from conformance.evidence.values import Finding, Severity
from conformance.standards import valuesets
from conformance.standards.cda import generic, syntax
from conformance.standards.cda.document import Document, Settings
from conformance.standards.cda.pdf import pdf_a

LOINC, SNOMED, ATC = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "2.16.840.1.113883.6.73"
TA_ASIP, EDQM = "1.2.250.1.213.1.1.4.322", "0.4.0.127.0.16.1.1.2.1"
POST_PARTUM = valuesets.get("JDV_ActeOBP_CISIS").label("MED-1251", TA_ASIP)
PDF = pdf_a("ESSAI", title="essai", uid="1.2.250.1.999.1")
PLAIN_PDF = PDF.replace(b"pdfaid:part", b"pdfaid:rien")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB`\x82"


def b64(data: bytes) -> str:
    """Bytes as Base64 text."""
    return base64.b64encode(data).decode()


def judge(body: str, *, birth: str = "19790328") -> list[Finding]:
    """The findings on a document that holds a body."""
    text = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:pharm="urn:ihe:pharm:medication"><recordTarget><patientRole><patient>'
        f'<birthTime value="{birth}"/></patient></patientRole></recordTarget><component>{body}</component>'
        "</ClinicalDocument>"
    )
    document = Document(syntax.parse(text.encode()), Settings(as_of=date(2026, 11, 25)))
    return list(generic.judge(document))


def section(entry: str, text: str = '<content ID="a">lisible</content>') -> str:
    """A sound section around an entry."""
    return (
        '<structuredBody><component><section><templateId root="1.2.250.1.213.1.1.2.1"/>'
        f'<code code="30954-2" codeSystem="{LOINC}" displayName="Résultats d\'examens"/><title>Résultats</title>'
        f"<text>{text}</text><entry>{entry}</entry></section></component></structuredBody>"
    )


CODE = f'<code code="2160-0" codeSystem="{LOINC}" displayName="Créatinine"/>'
TIME = '<effectiveTime value="20240102"/>'


def observation(value: str = "", code: str = CODE, time: str = TIME, status: str = "completed", more: str = "") -> str:
    """A section with one observation."""
    return section(
        f'<observation classCode="OBS" moodCode="EVN">{code}{more}<statusCode code="{status}"/>'
        f"{time}{value}</observation>"
    )


def cd(code: str, system: str | None, label: str | None, tag: str = 'value xsi:type="CD"') -> str:
    """A coded value."""
    system = "" if system is None else f' codeSystem="{system}"'
    label = "" if label is None else f' displayName="{label}"'
    return f'<{tag} code="{code}"{system}{label}/>'


def drug(inside: str, time: str = TIME) -> str:
    """A section with one drug given."""
    return section(
        '<substanceAdministration classCode="SBADM" moodCode="EVN"><statusCode code="completed"/>'
        f"{time}{inside}</substanceAdministration>"
    )


def media(content: str, attributes: str = 'mediaType="application/pdf" representation="B64"') -> str:
    """A section with one attachment."""
    return section(
        f'<observationMedia classCode="OBS" moodCode="EVN"><value {attributes}>{content}</value></observationMedia>'
    )


def n1(content: str, attributes: str = 'mediaType="application/pdf" representation="B64"') -> str:
    """A body that is not structured."""
    return f"<nonXMLBody><text {attributes}>{content}</text></nonXMLBody>"


ID = '<id root="1.2.250.1.9"/>'


def interval(kind: str, low: int, high: int, tag: str = "value") -> str:
    """An interval of quantities or times."""
    unit = "" if tag == "effectiveTime" else ' unit="g"'
    return f'<{tag} xsi:type="{kind}"><low value="{low}"{unit}/><high value="{high}"{unit}/></{tag}>'


PQ = '<value xsi:type="PQ" value="5.2" unit="mg/L"/>'

SOUND = {
    "observation": observation(PQ),
    "ratio": observation('<value xsi:type="PQ" value="1.2" unit="1"/>'),
    "annotation": observation('<value xsi:type="PQ" value="2" unit="{score}"/>'),
    "litre": observation('<value xsi:type="PQ" value="2" unit="mmol/l"/>'),
    "snomed": observation(cd("24028007", SNOMED, "droit")),
    "local translation": observation(
        code=CODE.replace("/>", '><translation code="X1" codeSystem="1.2.250.1.999.5.1"/></code>')
    ),
    "nothing known": observation('<value xsi:type="CD" nullFlavor="UNK"/>'),
    "two units": observation(PQ.replace("/>", '><translation value="52" code="ug/dL"/></value>')),
    "free text": observation('<value xsi:type="CD"><originalText>texte</originalText></value>'),
    "original label": observation(cd("24028007", SNOMED, "côté droit")),
    "dose": drug('<doseQuantity><low value="1" unit="{tablet}"/><high value="2" unit="{tablet}"/></doseQuantity>'),
    "planned": section(
        '<observation classCode="OBS" moodCode="INT"><statusCode code="active"/>'
        '<effectiveTime value="20990101"/></observation>'
    ),
    "another person": section(
        '<procedure classCode="PROC" moodCode="EVN"><statusCode code="completed"/><effectiveTime value="19500101"/>'
        "<subject/></procedure>"
    ),
    "to the minute": observation(time='<effectiveTime value="202401021530+0100"/>'),
    "operator only": drug("", time=TIME + '<effectiveTime xsi:type="PIVL_TS" operator="A"/>'),
    "contact": drug('<author><telecom value="tel:+33102030405"/><telecom nullFlavor="UNK"/></author>'),
    "reference": observation(more='<text><reference value="#a"/></text>'),
    "url": observation(more='<text><reference value="https://exemple.fr/a"/></text>'),
    "pdf": media(b64(PDF)),
    "png": media(b64(PNG), 'mediaType="image/png" representation="B64"'),
    "spaced base64": media("\n".join(b64(PDF)[i : i + 76] for i in range(0, len(b64(PDF)), 76))),
    "n1": n1(b64(PDF)),
    "n1 text": n1(b64("Compte rendu à lire".encode()), 'mediaType="text/plain" representation="B64"'),
    "n1 rtf": n1(b64(b"{\\rtf1 texte}"), 'mediaType="text/rtf" representation="B64"'),
}


@pytest.mark.parametrize("name", sorted(SOUND))
def test_sound(name: str) -> None:
    """A sound body has no error nor warning."""
    found = [f for f in judge(SOUND[name]) if f.severity in (Severity.ERROR, Severity.WARNING)]
    assert found == []


E, W, A = Severity.ERROR, Severity.WARNING, Severity.ADVICE
TABLE = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
FAULTS = [
    # code (without `cda.`), severity, cause, body
    ("code.system-missing", E, "", observation(cd("24028007", None, "droit"))),
    ("code.system-impossible", E, "", observation(cd("24028007", "1.2.3", "droit"))),
    ("code.system-impossible", E, "", observation(cd("24028007", "2.999.1.2", "droit"))),
    ("code.system-set", E, "", observation(cd("MED-1", "1.2.250.1.213.1.1.5.503", "x"))),
    ("code.system-wrong", E, "", observation(cd("24028007", "1.2.250.1.213.9.9.9", "côté droit"))),
    ("code.system-unknown", W, "", observation(cd("ZZ", "1.2.250.1.213.9.9.9", "inconnu"))),
    ("code.form", E, "snomed-ct", observation(cd("XXX999", SNOMED, "x"))),
    ("code.form", E, "loinc", observation(code=cd("00000-0", LOINC, "x", "code"))),
    ("code.form", E, "cis", observation(cd("00000000", "1.2.250.1.213.2.3.1", "x"))),
    ("code.form", E, "cim-10", observation(cd("Z99.99X", "2.16.840.1.113883.6.3", "x"))),
    ("code.key", E, "loinc", observation(code=cd("2160-1", LOINC, "Créatinine", "code"))),
    ("code.key", E, "snomed-ct", observation(cd("24028008", SNOMED, "x"))),
    ("code.key", E, "cip", observation(cd("3400936876294", "1.2.250.1.213.2.3.2", "x"))),
    ("code.category", E, "atc", drug(f'<pharm:code code="J99ZZ99" codeSystem="{ATC}" displayName="x"/>')),
    ("code.category", E, "cim-10", observation(cd("Z15.1", "2.16.840.1.113883.6.3", "x"))),
    ("code.label-other", E, "ta_asip", observation(cd("MED-9999", TA_ASIP, POST_PARTUM))),
    ("code.label-missing", E, "", observation(cd("24028007", SNOMED, None))),
    ("code.label-missing", E, "", observation(code=cd("2160-0", LOINC, None, "code"))),
    ("code.label-missing", E, "", drug(cd("20053000", EDQM, None, "routeCode"))),
    ("code.label-missing", W, "", section("").replace(' displayName="Résultats d\'examens"', "")),
    ("code.label-unrelated", E, "", observation(cd("24028007", SNOMED, "hypertension artérielle"))),
    ("code.label-spoilt", E, "", observation(code=cd("2160-0", LOINC, "CrÃ©atinine", "code"))),
    ("code.label", W, "", observation(cd("24028007", SNOMED, "pas droit"))),
    ("code.and-null", W, "", observation(cd("24028007", SNOMED, "droit").replace("/>", ' nullFlavor="UNK"/>'))),
    ("code.absent-in-act", E, "", observation(code="<code/>")),
    ("value.unit-missing", E, "", observation('<value xsi:type="PQ" value="5.2"/>')),
    ("value.unit-empty", E, "", observation('<value xsi:type="PQ" value="5.2" unit=""/>')),
    ("value.unit", E, "", observation('<value xsi:type="PQ" value="5.2" unit="mg/litre"/>')),
    ("value.unit", E, "", observation('<value xsi:type="PQ" value="5.2" unit="MGY.CM"/>')),
    ("value.unit-case", E, "", observation('<value xsi:type="PQ" value="5.2" unit="/ML"/>')),
    ("value.bounds", E, "", observation(interval("IVL_PQ", 3, 2))),
    ("value.negative", E, "", drug('<doseQuantity><low value="-1"/></doseQuantity>')),
    ("value.zero", W, "", drug('<doseQuantity value="0"/>')),
    ("value.absent", E, "", observation('<value xsi:type="PQ" unit="g"/>')),
    ("value.absent", E, "", observation('<value xsi:type="CD"/>')),
    ("value.and-null", E, "", observation('<value xsi:type="PQ" value="1" unit="g" nullFlavor="UNK"/>')),
    ("body-time.invalid", E, "day", observation(time='<effectiveTime value="20230230"/>')),
    ("body-time.invalid", E, "month", observation(time='<effectiveTime value="20231301"/>')),
    ("body-time.invalid", E, "hour", observation(time='<effectiveTime value="202301012460+0100"/>')),
    ("body-time.invalid", E, "zone", observation(time='<effectiveTime value="202301011200+2500"/>')),
    ("body-time.invalid", E, "year", observation(time='<effectiveTime value="02300101"/>')),
    ("body-time.invalid", E, "form", observation(time='<effectiveTime value="202"/>')),
    ("body-time.zone-missing", W, "", observation(time='<effectiveTime value="202301011200"/>')),
    ("body-time.order", E, "", observation(time=interval("IVL_TS", 20240102, 20240101, "effectiveTime"))),
    ("body-time.future", E, "", drug("", time='<effectiveTime value="20990101"/>')),
    ("body-time.future", W, "", observation(time='<effectiveTime value="20990101"/>')),
    ("body-time.future", E, "", drug('<author><time value="20990101"/></author>')),
    ("body-time.before-birth", E, "", drug("", time='<effectiveTime value="19500101"/>')),
    ("body-time.before-birth", W, "", observation(time='<effectiveTime value="19780101"/>')),
    ("body-time.absent", E, "", observation(time="<effectiveTime/>")),
    ("narrative.reference", W, "", observation(more='<text><reference value="#z"/></text>')),
    ("narrative.reference-empty", W, "", observation(more='<text><reference value="#"/></text>')),
    ("narrative.reference-hash", W, "", observation(more='<text><reference value="a"/></text>')),
    ("narrative.image", W, "", section("", '<content ID="a">x</content><renderMultiMedia referencedObject="a"/>')),
    ("narrative.table", A, "", section("", TABLE)),
    ("narrative.characters", E, "", section("", "rÃ©sultat nÃ©gatif Ã  l'entrÃ©e")),
    ("narrative.characters", W, "", section("", "rÃ©sultat")),
    ("section.template", E, "", section("").replace("templateId", "realmCode")),
    ("section.title", W, "", section("").replace("<title>Résultats</title>", "")),
    ("section.code", E, "", section("").replace('code="30954-2" ', "")),
    ("section.text", W, "", section("", "")),
    ("section.text", E, "", section("").replace('<text><content ID="a">lisible</content></text>', "")),
    ("entry.status", E, "", observation(status="terminé")),
    ("entry.telecom", E, "", drug('<author><telecom value="0102030405"/></author>')),
    ("entry.telecom", E, "", drug("<author><telecom/></author>")),
    ("entry.id-root", W, "", observation(more='<id extension="1"/>')),
    ("entry.id-twice", W, "", section(
        f'<observation>{ID}</observation></entry><entry><procedure>{ID}</procedure>')),
    ("media.representation", E, "", media(b64(PDF), 'mediaType="application/pdf"')),
    ("media.type-missing", E, "", media(b64(PDF), 'representation="B64"')),
    ("media.type-unknown", W, "", media(b64(PDF), 'representation="B64" mediaType="application/x-pdf"')),
    ("media.type-other", E, "", media(b64(PDF), 'representation="B64" mediaType="text/plain"')),
    ("media.type-other", W, "", media(b64(PNG), 'representation="B64" mediaType="image/jpeg"')),
    ("media.base64", E, "length", media(b64(PDF)[:-5])),
    ("media.base64", E, "alphabet", media(b64(PDF) + "é")),
    ("media.base64", E, "data-uri", n1("data:application/pdf;base64," + b64(PDF))),
    ("media.empty", E, "empty", media("")),
    ("media.twice", E, "", n1(b64(b64(PDF).encode()))),
    ("media.locked", E, "", media(b64(PDF.replace(b"/Root", b"/Encrypt 9 0 R /Root")))),
    ("media.cut", E, "application/pdf", media(b64(PDF[:900]))),
    ("media.cut", E, "image/png", media(b64(PNG[:20]), 'mediaType="image/png" representation="B64"')),
    ("media.type-other", E, "", n1(b64(b"Ceci n'est pas un PDF"))),
    ("n1.absent", E, "", "<nonXMLBody/>"),
    ("n1.null", E, "", '<nonXMLBody><text nullFlavor="UNK"/></nonXMLBody>'),
    ("n1.empty", E, "", n1("")),
    ("n1.representation", E, "", n1(b64(PDF), 'mediaType="application/pdf"')),
    ("n1.media-type", E, "", n1(b64(PDF), 'representation="B64"')),
    ("n1.media-type", E, "", n1(b64(PDF), 'representation="B64" mediaType="application/msword"')),
    ("n1.pdf-a", W, "", n1(b64(PLAIN_PDF))),
]  # fmt: skip


def found_in(body: str, code: str) -> list[Finding]:
    """The findings of one code on a body."""
    return [f for f in judge(body) if f.code == f"cda.{code}"]


@pytest.mark.parametrize(("code", "severity", "cause", "body"), FAULTS)
def test_fault(code: str, severity: Severity, cause: str, body: str) -> None:
    """One fault gives its finding, with its severity and cause, at a place and a line."""
    found = found_in(body, code)
    assert [(f.severity, f.cause) for f in found[:1]] == [(severity, cause)], judge(body)
    assert found[0].location.path.startswith("/ClinicalDocument/component")
    assert found[0].location.line


def test_every_code_is_shown() -> None:
    """Every code of the table has a literal document that raises it."""
    assert {f"cda.{code}" for code, *_ in FAULTS} == set(generic.CODES)


def test_header_characters() -> None:
    """A title whose characters were lost is told at the title."""
    text = '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>R\ufffdsultats</title></ClinicalDocument>'
    found = list(generic.judge(Document(syntax.parse(text.encode()))))
    assert [(f.code, f.location.path, f.severity) for f in found] == [
        ("cda.narrative.characters", "/ClinicalDocument/title", E)
    ]


def test_bounded() -> None:
    """A body full of faults gives a bounded number of findings."""
    many = "".join(f'<entry><observation><statusCode code="x{n}"/></observation></entry>' for n in range(5000))
    assert len(
        judge(section(f"{many}").replace("<entry><entry>", "<entry>").replace("</entry></entry>", "</entry>"))
    ) == (generic.MOST)


HOSTILE = [
    "²",
    "٣٤٥",
    "9" * 5000,
    "-",
    "+",
    ".",
    "1e999999",
    "\u0661" * 8,
    "(" * 300,
    "[" * 300,
    "{" * 300,
    "#" * 300,
    "%",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values(text: str) -> None:
    """No value of an attribute makes the rules fail."""
    body = observation(
        f'<value xsi:type="PQ" value="{text}" unit="{text}"/>',
        code=cd(text, LOINC, text, "code"),
        time=f'<effectiveTime value="{text}"/>',
        more=f'<text><reference value="{text}"/></text>',
    )
    for system in ("2.16.840.1.113883.6.96", "1.2.250.1.213.2.3.2", ATC, text):
        assert isinstance(judge(body.replace(LOINC, system)), list)
    table = f'<table><thead><tr><th colspan="{text}">a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    assert isinstance(judge(section("", table)), list)
    assert isinstance(judge(n1(text)), list)
