"""A small package with the shape and the defects of the official one, written by us: it runs everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.arbiters.cisis.package import FAMILIES, TERMINOLOGIES

SCH = "http://purl.oclc.org/dsdl/schematron"
HEAD = (
    f'<schema xmlns="{SCH}" queryBinding="xslt2"><ns prefix="h" uri="urn:hl7-org:v3"/>'
    '<ns prefix="skos" uri="http://www.w3.org/2004/02/skos/core#"/>'
    '<ns prefix="xsi" uri="http://www.w3.org/2001/XMLSchema-instance"/>'
)
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3" xmlns="urn:hl7-org:v3"
  elementFormDefault="qualified">
  <xs:element name="ClinicalDocument"><xs:complexType><xs:sequence>
    <xs:element name="templateId" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="root"/><xs:attribute name="extension"/></xs:complexType></xs:element>
    <xs:element name="code" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="code"/><xs:attribute name="codeSystem"/></xs:complexType></xs:element>
    <xs:element name="telecom" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="value" type="xs:anyURI"/></xs:complexType></xs:element>
    <xs:element name="content" minOccurs="0" maxOccurs="unbounded"><xs:complexType mixed="true">
      <xs:attribute name="ID" type="xs:ID"/><xs:attribute name="IDREF" type="xs:IDREF"/></xs:complexType></xs:element>
    <xs:element name="component" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="structuredBody"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:schema>"""
JDV = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
  <ValueSet id="1.2.250.1.213.1.1.5.471" dateMaj="20240102000000" displayName="J07"><ConceptList>
    <Concept code="11502-2" codeSystem="2.16.840.1.113883.6.1" displayName="CR"/></ConceptList></ValueSet>
</RetrieveValueSetResponse>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="http://www.w3.org/2004/02/skos/core#">
  <rdf:Description><skos:notation>A00</skos:notation></rdf:Description>
  <rdf:Description><skos:notation>B<!-- in two --> 1</skos:notation></rdf:Description></rdf:RDF>"""
STRUCTURE = f"""{HEAD}<include href="include/Entete.sch"/></schema>"""
HEADER = f"""<pattern xmlns="{SCH}" id="entête">
  <rule context="h:ClinicalDocument">
    <assert role="error" test="h:templateId">templateId attendu</assert>
    <assert role="warning" test="h:code">code attendu</assert>
  </rule>
  <rule context="h:ClinicalDocument/h:code[@type]"><assert test="false()">jamais</assert></rule>
  <rule context="h:ClinicalDocument/h:code">
    <assert role="error" test="empty(@code[not(. =
      (doc('include/voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml')/*/valueSet/conceptList/concept/@code))])"
      >hors jeu</assert>
  </rule>
</pattern>"""
TERMINOLOGY = f"""{HEAD}<pattern><let name="path" value="'../terminologie/'"/>
  <rule context="//h:code"><let name="c" value="@code"/><let name="s" value="@codeSystem"/>
    <assert test="not(doc-available(concat($path, $s, '.rdf')) and
      not(exists(doc(concat($path, $s, '.rdf'))//skos:notation[text()= string($c)])))">inconnu</assert></rule>
</pattern></schema>"""
VOLET = f"""{HEAD}<include href="include/Absent/rien.sch"/><pattern id="volet">
  <rule context="h:structuredBody"><assert test="h:x">corps vide</assert></rule>
</pattern></schema>"""
EMPTY = f"{HEAD}</schema>"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def package_at(root: Path) -> Path:
    """The small package, written in a folder."""
    structure = FAMILIES["StrucMin"]
    write(root, "infrastructure/cda/CDA_extended.xsd", XSD)
    write(root, "jeuxDeValeurs/JDV_J07.xml", JDV)
    write(root, "jeuxDeValeurs/Vide.xml", "")
    write(root, structure, STRUCTURE)
    write(root, structure.rpartition("/")[0] + "/include/ENTETE.sch", HEADER)
    for name in ("IHE", "ModelesDeContenusCDA", "Modeles_ANS"):
        write(root, FAMILIES[name], EMPTY)
    write(root, FAMILIES["terminologie"], TERMINOLOGY)
    write(root, f"{TERMINOLOGIES}/2.16.840.1.113883.6.3.rdf", RDF)
    write(root, "schematrons/CI-SIS_BIO-CR-BIO_2024.01.sch", VOLET)
    write(root, "schematrons/include/Absent", "")
    return root


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small package."""
    return package_at(tmp_path_factory.mktemp("paquet é"))
