"""The tables of the volets: which of them judge a document, and what they refuse in the official examples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from lxml import etree

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda import syntax
from conformance.standards.cda.document import Document
from conformance.standards.cda.templates import engine, notation
from conformance.standards.xml.syntax import Element

HL7 = "urn:hl7-org:v3"
NAMES = {"h": HL7, "xsi": "http://www.w3.org/2001/XMLSchema-instance", "dicom": "urn:dicom-org:ps3-20"}
VOLETS = "1.2.250.1.213.1.1.1"


@cache
def tables() -> engine.Tables:
    """The tables of the volets alone."""
    folder = files("conformance.standards.cda.templates") / "tables"
    texts = {e.name: e.read_text(encoding="utf-8") for e in folder.iterdir() if e.name.startswith("volet_")}
    return engine.Tables.of(draft for name, text in sorted(texts.items()) for draft in notation.scan(text, name))


def findings(root: Element, severity: Severity = Severity.ERROR) -> list[Finding]:
    """What the tables say of a document, of one severity."""
    return [one for one in tables().judge(Document(root)) if one.severity is severity]


def made(templates: str, body: str, head: str = "", code: str = "11502-2") -> Element:
    """A structured document with some templateIds (`OID` or `OID:version`), header elements and sections."""
    declared = ""
    for one in templates.split():
        oid, _, version = one.partition(":")
        extension = f' extension="{version}"' if version else ""
        declared += f'<templateId root="{oid}"{extension}/>'
    return etree.fromstring(
        f'<ClinicalDocument xmlns="{HL7}" xmlns:v3="{HL7}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'{declared}<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>{head}'
        f"<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"
    )


def expected(root: Element) -> set[str]:
    """What the errors of a document say they expect."""
    return {one.expected for one in findings(root)}


def test_no_volet_refuses_an_official_example(cisis: Path) -> None:
    """The 94 examples that ANS publishes are what the volets ask: none has an error of a volet."""
    paths = sorted((cisis / "ExemplesCDA").glob("*.xml"))
    assert len(paths) >= 94
    refused = {path.name: [one.expected for one in findings(syntax.parse(path.read_bytes()))] for path in paths}
    assert {name: what for name, what in refused.items() if what} == {}


def removed(path: str) -> Callable[[Element], None]:
    """Removes the first element of a path."""

    def change(root: Element) -> None:
        found = root.xpath(path, namespaces=NAMES)[0]
        found.getparent().remove(found)

    return change


def doubled(path: str) -> Callable[[Element], None]:
    """Repeats the first element of a path."""

    def change(root: Element) -> None:
        found = root.xpath(path, namespaces=NAMES)[0]
        copy = etree.fromstring(etree.tostring(found))
        for inside in copy.iter("*"):
            inside.attrib.pop("ID", None)
        found.addnext(copy)

    return change


def changed(path: str, attribute: str, value: str | None) -> Callable[[Element], None]:
    """Gives an attribute of the first element of a path another value, or removes it."""

    def change(root: Element) -> None:
        found = root.xpath(path, namespaces=NAMES)[0]
        if value is None:
            del found.attrib[attribute]
        else:
            found.set(attribute, value)

    return change


def retitled(text: str) -> Callable[[Element], None]:
    """Gives the document another title."""

    def change(root: Element) -> None:
        root.xpath("h:title", namespaces=NAMES)[0].text = text

    return change


def template(oid: str) -> str:
    """Any element with a templateId, as an XPath."""
    return f"//*[h:templateId/@root='{oid}']"


BIO = "BIO-CR-BIO_2024.01_Microbiologie_V2.xml"
IMG = "IMG_CR_IMG_2024.01.xml"
DA = "IMG-DA-IMG_2024.01_TEP_Thorax.xml"
TROD = "BIO-TROD_2024.01_Angine.xml"
EP = "eP-MED-DM_2024.01_PosoStruct.xml"
DISP = "eDISP-MED_2024.01.xml"
NOTE = "VAC-NOTE_2023.01.xml"
SES = "LDL-SES_2022.01.xml"
EES = "LDL-EES_2022.01.xml"
VSM = "VSM_1.4_2022.01.xml"
IPS = "IPS-FR_2024.01.xml"
LABORATORY = "h:documentationOf/h:serviceEvent/h:performer/h:assignedEntity/h:representedOrganization/h:name"
DRUG = "//h:manufacturedMaterial/h:code"

REFUSED: list[tuple[str, Callable[[Element], None], str]] = [
    (BIO, retitled("Résultats de laboratoire"), "text"),
    (BIO, removed("h:templateId[@root='1.3.6.1.4.1.19376.1.3.3']"), "missing"),
    (BIO, removed(f"h:templateId[@root='{VOLETS}.55']"), "missing"),
    (BIO, changed("h:versionNumber", "value", "0"), "attribute"),
    (BIO, removed(LABORATORY), "missing"),
    (BIO, removed("h:componentOf//h:responsibleParty/h:assignedEntity/h:code"), "missing"),
    (BIO, removed("h:authenticator/h:templateId"), "missing"),
    (BIO, removed("//h:section/h:templateId[@root='1.2.250.1.213.1.1.2.243']"), "missing"),
    (BIO, changed("//h:entry[h:templateId/@root='1.3.6.1.4.1.19376.1.3.1']", "typeCode", None), "attribute"),
    (BIO, changed("//h:entry/h:act/h:statusCode", "code", "held"), "attribute"),
    (BIO, removed("//h:organizer/h:specimen"), "missing"),
    (BIO, changed(template("1.3.6.1.4.1.19376.1.3.1.2") + "/h:effectiveTime", "value", "20990101"), "time"),
    (TROD, changed("h:documentationOf//h:standardIndustryClassCode", "code", "AMBULATOIRE"), "attribute"),
    (TROD, removed("//h:participant[@typeCode='DEV']"), "missing"),
    (TROD, changed(template("1.3.6.1.4.1.19376.1.3.1.6") + "/h:value", "code", "GEN-1"), "value-set"),
    (IMG, removed("h:inFulfillmentOf/h:order/dicom:accessionNumber"), "missing"),
    (IMG, removed("h:documentationOf/h:serviceEvent/h:id"), "missing"),
    (IMG, removed(template("1.2.250.1.213.1.1.3.153") + "/h:methodCode"), "missing"),
    (IMG, removed("//h:component[h:section/h:templateId/@root='1.2.250.1.213.1.1.2.209']"), "missing"),
    (IMG, doubled("//h:component[h:section/h:templateId/@root='1.2.250.1.213.1.1.2.209']"), "repeated"),
    (DA, removed(template("1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1") + "/h:targetSiteCode"), "missing"),
    (EP, removed("h:recordTarget/h:patientRole/h:addr"), "missing"),
    (EP, removed("h:author/h:assignedAuthor/h:representedOrganization/h:name"), "missing"),
    (EP, removed("//h:supply/h:repeatNumber"), "missing"),
    (EP, removed("//h:component[h:section/h:templateId/@root='1.2.250.1.213.1.1.2.243']"), "missing"),
    (DISP, removed(template("1.3.6.1.4.1.19376.1.9.1.3.4") + "/h:quantity"), "missing"),
    (DISP, removed("//h:effectiveTime[@xsi:type='SXPR_TS']"), "missing"),
    (NOTE, doubled("//h:entry[h:substanceAdministration]"), "repeated"),
    (NOTE, changed("//h:substanceAdministration/h:effectiveTime", "value", "200909"), "attribute"),
    (NOTE, changed("//h:substanceAdministration/h:effectiveTime", "value", "19500101"), "time"),
    (NOTE, changed("//h:substanceAdministration/h:statusCode", "code", "aborted"), "attribute"),
    (NOTE, removed("//h:lotNumberText"), "missing"),
    (NOTE, changed(DRUG, "displayName", None), "attribute"),
    (SES, removed("//h:component[h:section/h:templateId/@root='1.3.6.1.4.1.19376.1.5.3.1.3.22']"), "missing"),
    (SES, changed("//h:observation[h:code/@code='ORG-070']/h:value", "code", "ORG-999"), "value-set"),
    (EES, changed("h:documentationOf/h:serviceEvent/h:code", "code", "AMB"), "missing"),
    (VSM, removed("h:participant[h:functionCode/@code='PCP']"), "missing"),
    (VSM, changed("h:documentationOf/h:serviceEvent/h:code", "code", "34133-9"), "missing"),
    (IPS, changed("h:code", "code", "34133-9"), "attribute"),
    ("CSE-CS8_2025.01.xml", removed("//h:procedure/h:code[@code='MED-1304']"), "missing"),
    ("DLU-EHPAD-DLU_2022.01.xml", removed("h:participant[@typeCode='INF']"), "missing"),
    ("TLM-DA_2022.01_TCG.xml", changed("h:documentationOf/h:serviceEvent/h:code", "code", "XXX"), "attribute"),
]


@pytest.mark.parametrize(("name", "change", "code"), REFUSED, ids=[f"{r[0]}-{n}" for n, r in enumerate(REFUSED)])
def test_a_broken_example_is_refused(cisis: Path, name: str, change: Callable[[Element], None], code: str) -> None:
    """One thing that a volet asks for, taken out of the official example of the volet, is an error that says what."""
    root = syntax.parse((cisis / "ExemplesCDA" / name).read_bytes())
    change(root)
    found = findings(root)
    assert f"cda.template.{code}" in {one.code for one in found}
    assert all(one.clause.startswith("CI-SIS") and one.location.path for one in found)


def test_a_version_is_judged_by_its_own_rules() -> None:
    """The copy as PDF that CR-BIO asks for since 2024.01 is not asked of 2023.01, nor of 2021.01 (without version)."""
    copy = "component/structuredBody/component/section[template=1.2.250.1.213.1.1.2.243] 1.."
    asked = {version: copy in expected(made(f"{VOLETS}.55{version}", "")) for version in ("", ":2023.01", ":2024.01")}
    assert asked == {"": False, ":2023.01": False, ":2024.01": True}


def test_a_report_without_version_may_have_the_sections_of_any_that_comes_without() -> None:
    """Two official examples of CR-BIO 2024.01 forget their version: a vaccination section is no error without one."""
    section = '<component><section><templateId root="1.2.250.1.213.1.1.2.147"/></section></component>'
    refused = {
        version: any("1.2.250.1.213.1.1.2.60" in one for one in expected(made(f"{VOLETS}.55{version}", section)))
        for version in ("", ":2021.01", ":2024.01")
    }
    assert refused == {"": False, ":2021.01": True, ":2024.01": False}


def test_a_body_that_is_not_in_xml_gets_no_rule_of_a_volet() -> None:
    """An N1 document declares no volet, and none judges it, not even by its type."""
    root = made(f"{VOLETS}.1 1.3.6.1.4.1.19376.1.2.20 {VOLETS}.55:2024.01", "")
    component = root.find(f"{{{HL7}}}component")
    assert component is not None
    component[:] = [etree.fromstring(f'<nonXMLBody xmlns="{HL7}"><text/></nonXMLBody>')]
    assert list(tables().judge(Document(root))) == []


def test_a_type_without_the_template_of_its_volet_is_said() -> None:
    """A structured biology report that forgets the template of CR-BIO would otherwise be judged by no volet."""
    assert f"templateId[@root={VOLETS}.55] 1" in expected(made(f"{VOLETS}.1", ""))
    assert expected(made(f"{VOLETS}.1", "", code="34133-9")) == {f"templateId {VOLETS}.*"}
    assert expected(made(f"{VOLETS}.1 {VOLETS}.99:2030.01", "", code="34133-9")) == set()


def test_an_unknown_version_is_a_warning() -> None:
    """A version later than these tables is not an error of the document."""
    root = made(f"{VOLETS}.1 {VOLETS}.47:2031.01", "", code="55115-0")
    assert findings(root) == []
    assert [one.seen for one in findings(root, Severity.WARNING)] == ["2031.01"]


def test_the_prefix_of_a_type_is_free() -> None:
    """`xsi:type="v3:SXPR_TS"` is the type SXPR_TS; the official schematron compares the string and refuses it."""
    dose = (
        '<component><section><entry><substanceAdministration><templateId root="1.3.6.1.4.1.19376.1.9.1.3.6"/>'
        '<effectiveTime xsi:type="{0}IVL_TS"/><effectiveTime xsi:type="{0}SXPR_TS"><comp operator="A"/></effectiveTime>'
        '<consumable><manufacturedProduct><manufacturedMaterial nullFlavor="NA"/></manufacturedProduct></consumable>'
        "</substanceAdministration></entry></section></component>"
    )
    for prefix in ("", "v3:"):
        said = expected(made(f"{VOLETS}.54:2024.01", dose.format(prefix), code="60593-1"))
        assert not any("effectiveTime[@xsi:type" in one for one in said)


def test_a_history_may_tell_an_older_date_than_birth_with_a_warning() -> None:
    """An official history of vaccinations holds `1975` for a birth in 1979: a warning there, an error in a note."""
    birth = '<recordTarget><patientRole><patient><birthTime value="19790328"/></patient></patientRole></recordTarget>'
    given = (
        '<component><section><templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.23"/><entry><substanceAdministration>'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.12"/><effectiveTime value="1975"/>'
        "</substanceAdministration></entry></section></component>"
    )
    history = made(f"{VOLETS}.37:2023.01", given, birth, "11369-6")
    note = made(f"{VOLETS}.46:2023.01", given, birth, "87273-9")
    assert "≥ birthTime 19790328" not in expected(history)
    assert [one.seen for one in findings(history, Severity.WARNING)] == ["1975"]
    assert "≥ birthTime 19790328" in expected(note)


def test_a_specimen_is_received_after_its_collection() -> None:
    """The laboratory cannot receive on the 3rd what was collected on the 4th; on the same day it can."""
    specimen = (
        '<component><section><entry><procedure><templateId root="1.3.6.1.4.1.19376.1.3.1.2"/>'
        '<effectiveTime value="20240104"/><entryRelationship><act><code code="SPRECEIVE"/>'
        '<effectiveTime value="{}"/></act></entryRelationship></procedure></entry></section></component>'
    )
    said = {day: expected(made(f"{VOLETS}.55", specimen.format(day))) for day in ("202401030900+0100", "20240104")}
    assert [day for day, what in said.items() if "≥ 20240104" in what] == ["202401030900+0100"]


def test_a_catalogued_study_is_one_that_the_header_documents() -> None:
    """A Study Instance UID of the catalogue that no documented act has is a warning: it may be of an earlier study."""
    act = '<documentationOf><serviceEvent><id root="1.2.3.1"/></serviceEvent></documentationOf>'
    study = (
        '<component><section><entry><act><templateId root="1.2.250.1.213.1.1.3.155"/><id root="{}"/>'
        "</act></entry></section></component>"
    )
    for uid, seen in (("1.2.3.1", []), ("1.2.3.9", ["1.2.3.9"])):
        root = made(f"{VOLETS}.1 {VOLETS}.45:2024.01", study.format(uid), act, "18748-4")
        assert [one.seen for one in findings(root, Severity.WARNING)] == seen
