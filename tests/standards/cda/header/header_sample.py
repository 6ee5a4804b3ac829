"""A literal unstructured document, valid for the structuration minimale, that the tests of the header change."""

from __future__ import annotations

from datetime import date

from conformance.evidence.values import Finding, Severity
from conformance.standards.cda import header, syntax
from conformance.standards.cda.document import Document, Settings

AS_OF = date(2026, 6, 1)

N1 = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.2.20"/>
  <id root="2.25.1234567890"/>
  <code code="11502-2" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'examens biologiques"/>
  <title>Compte rendu</title>
  <effectiveTime value="20260102030405+0100"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
  <languageCode code="fr-FR"/>
  <setId root="2.25.999"/>
  <versionNumber value="2"/>
  <recordTarget>
    <patientRole>
      <id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>
      <id root="1.2.3.4.567" extension="IPP0017"/>
      <addr use="H"><houseNumber>1</houseNumber><streetName>rue A</streetName><city>REIMS</city></addr>
      <telecom value="tel:0144534551" use="H"/>
      <telecom value="mailto:279035121518989@patient.mssante.fr"/>
      <patient>
        <name>
          <family qualifier="BR">PAT-TROIS</family>
          <family qualifier="CL">UTILISE</family>
          <given>DOMINIQUE MARIE-LOUISE</given>
          <given qualifier="BR">DOMINIQUE</given>
        </name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1" displayName="Féminin"/>
        <birthTime value="19790328"/>
        <birthplace><place><addr><county>51215</county></addr></place></birthplace>
      </patient>
    </patientRole>
  </recordTarget>
  <author>
    <functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88" displayName="Médecin traitant"/>
    <time value="20260102030405+0100"/>
    <assignedAuthor>
      <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
      <code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5"
            displayName="Médecin - Qualifié en Médecine Générale (SM)"/>
      <assignedPerson>
        <name><prefix>M</prefix><family>AUGUIN</family><given>Léon</given><suffix>DR</suffix></name>
      </assignedPerson>
      <representedOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
        <name>Hôpital A</name>
      </representedOrganization>
    </assignedAuthor>
  </author>
  <informant>
    <relatedEntity classCode="NOK">
      <code code="SIS" codeSystem="2.16.840.1.113883.5.111" displayName="Soeur"/>
      <telecom value="tel:0147150000"/>
      <relatedPerson><name><family>NESSI</family><given>Jeanne</given></name></relatedPerson>
    </relatedEntity>
  </informant>
  <custodian>
    <assignedCustodian>
      <representedCustodianOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
        <name>Hôpital A</name>
      </representedCustodianOrganization>
    </assignedCustodian>
  </custodian>
  <informationRecipient>
    <intendedRecipient>
      <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
      <informationRecipient><name><family>DUCOUT</family></name></informationRecipient>
    </intendedRecipient>
  </informationRecipient>
  <legalAuthenticator>
    <time value="20260102030405+0100"/>
    <signatureCode code="S"/>
    <assignedEntity>
      <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
      <assignedPerson><name><family>AUGUIN</family></name></assignedPerson>
    </assignedEntity>
  </legalAuthenticator>
  <authenticator>
    <time value="20260102030405+0100"/>
    <signatureCode code="S"/>
    <assignedEntity>
      <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
      <assignedPerson><name><family>AUGUIN</family></name></assignedPerson>
    </assignedEntity>
  </authenticator>
  <participant typeCode="INF">
    <functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88" displayName="Médecin traitant"/>
    <time><low value="20250101"/></time>
    <associatedEntity classCode="PROV">
      <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
      <associatedPerson><name><family>AUGUIN</family></name></associatedPerson>
    </associatedEntity>
  </participant>
  <inFulfillmentOf><order><id root="1.2.250.1.999.1" extension="CMD1"/></order></inFulfillmentOf>
  <documentationOf>
    <serviceEvent>
      <code code="18719-5" codeSystem="2.16.840.1.113883.6.1" displayName="Biochimie"/>
      <effectiveTime><low value="20260101080000+0100"/><high value="20260101090000+0100"/></effectiveTime>
      <performer typeCode="PRF">
        <assignedEntity>
          <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
          <representedOrganization>
            <id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
            <standardIndustryClassCode code="ETABLISSEMENT" codeSystem="1.2.250.1.213.1.1.4.9"
                                       displayName="Établissement de santé"/>
          </representedOrganization>
        </assignedEntity>
      </performer>
    </serviceEvent>
  </documentationOf>
  <relatedDocument typeCode="RPLC">
    <parentDocument><id root="2.25.1234567889"/></parentDocument>
  </relatedDocument>
  <authorization>
    <consent>
      <code code="64292-6" codeSystem="2.16.840.1.113883.6.1" displayName="Non-opposition"/>
      <statusCode code="completed"/>
    </consent>
  </authorization>
  <componentOf>
    <encompassingEncounter>
      <code code="AMB" codeSystem="2.16.840.1.113883.5.4" displayName="Ambulatoire (hors établissement)"/>
      <effectiveTime><low value="20260101080000+0100"/><high value="20260101100000+0100"/></effectiveTime>
      <responsibleParty>
        <assignedEntity>
          <id root="1.2.250.1.71.4.2.1" extension="801234567897"/>
          <assignedPerson><name><family>AUGUIN</family></name></assignedPerson>
        </assignedEntity>
      </responsibleParty>
      <location>
        <healthCareFacility>
          <id root="1.2.250.1.71.4.2.2" extension="1750803447"/>
          <code code="SA01" codeSystem="1.2.250.1.71.4.2.4" displayName="Etablissement public de santé"/>
        </healthCareFacility>
      </location>
    </encompassingEncounter>
  </componentOf>
  <component><nonXMLBody><text mediaType="text/plain" representation="B64">Qm9uam91cg==</text></nonXMLBody></component>
</ClinicalDocument>
"""


def judged(text: str = N1, settings: Settings | None = None) -> tuple[Finding, ...]:
    """The findings of the header of a document given as text."""
    return header.judge(Document(syntax.parse(text.encode()), settings or Settings("test", AS_OF)))


def changed(old: str, new: str, count: int = 1) -> str:
    """The sample with a text replaced; the text must be there."""
    assert old in N1, old
    return N1.replace(old, new, count)


def errors(text: str) -> list[str]:
    """The codes of the errors of a document."""
    return [f.code for f in judged(text) if f.severity is Severity.ERROR]
