"""Scenes for judges, made of literal bytes: what the bench sent, what a vendor answered and sent elsewhere.

Nothing here comes from our generators nor from the reference vendor. The messages follow the tables of the CI-SIS
volet "Transmission de documents CDA en HL7 v2" V2.1; the submission follows IHE ITI-41.
"""

from __future__ import annotations

import base64
from datetime import date

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Finding,
    Heard,
    Observation,
    Sent,
    Witness,
)
from conformance.properties import base
from conformance.standards.observe import observe

INS, OID, UID = "279035121518989", "1.2.250.1.213.1.4.10", "1.2.250.1.999.1.77.1"
DAY = Context(as_of=date(2026, 1, 5), wave="va1+va2", environment="normal")

CDA = f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/>
<templateId root="1.3.6.1.4.1.19376.1.2.20"/><id root="{UID}"/>
<code code="18748-4" displayName="CR d'imagerie médicale" codeSystem="2.16.840.1.113883.6.1"/>
<title>CR d'imagerie médicale</title><effectiveTime value="20260104101500+0100"/>
<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.1.77"/><versionNumber value="1"/>
<recordTarget><patientRole><id root="{OID}" extension="{INS}"/><patient><name><family qualifier="BR">PAT-TROIS</family>
<given>DOMINIQUE</given><given qualifier="BR">DOMINIQUE</given></name>
<administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>
<birthTime value="19790328"/><birthplace><place><addr><county>51215</county></addr></place></birthplace>
</patient></patientRole></recordTarget>
<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{{pdf}}</text></nonXMLBody></component>
</ClinicalDocument>"""

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Metadata 2 0 R>>endobj\n2 0 obj<</Type/Metadata>>stream\n"
    b"<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\nendstream endobj\n%%EOF\n"
)

FLAGS = (
    ("MASQUE_PS", "Masqué aux professionnels de Santé"),
    ("INVISIBLE_PATIENT", "Document Non Visible par le patient"),
    ("INVISIBLE_REP_LEGAUX", "Non visible par les représentants Légaux du patient"),
    ("CONNEXION_SECRETE", "Connexion Secrete"),
    ("MODIF_CONF_CODE", "Modification Confidentiality Code"),
    ("DESTDMP", "Destinataire DMP"),
    ("DESTMSSANTEPS", "Destinataire (Professionnel de Santé, organisation ou BAL applicative)"),
    ("DESTMSSANTEPAT", "Destinataire Patient"),
    ("ACK_RECEPTION", "Accusé de réception"),
    ("ACK_LECTURE_MSS", "Accusé de lecture"),
)


def cda() -> bytes:
    """An imaging report N1 of the test person PAT-TROIS."""
    return CDA.replace("{pdf}", base64.b64encode(PDF).decode()).encode()


def mdm(*yes: str, control: str = "M1", order: str = "NW", status: str = "F", event: str = "T02") -> bytes:
    """An MDM V2.1 with that report; `yes` are the flags set to Y, besides DESTDMP and ACK_RECEPTION."""
    on = {"DESTDMP", "ACK_RECEPTION", *yes}
    rows = [
        f"MSH|^~\\&|RIS-Y|Organisation-Y|PFI-Y|Organisation-Y|20260105093100||MDM^{event}^MDM_T02|{control}|P|2.6"
        "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2",
        "EVN||20260105093000",
        f"PID|||{INS}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS||PAT-TROIS^DOMINIQUE^DOMINIQUE^^^^L||19790328|F"
        "|||^^^^^^BDL^^51215|||||||||||||||||||||VALI",
        "PV1|1|I|||||||||||||||||V1^^^AUT&1.2.250.1.999.2&ISO^VN",
        f"ORC|{order}",
        "OBR|1|||18748-4^CR d'imagerie médicale^LN",
        f"TXA|1|18748-4|TEXT|20260105093000||||||||{UID}|||||AU",
        "OBX|1|ED|18748-4^CR d'imagerie médicale^LN||^text^XML^Base64^"
        f"{base64.b64encode(cda()).decode()}||||||{status}",
        "PRT||UC||SB^Send by^participation|801234567897^Réault^Pierre^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO"
        "^D^^^IDNPS"
        "|||Organisation-Y^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000018",
    ]
    rows += [
        f"OBX|{n}|CWE|{code}^{label}^MetaDMPMSS||{'Y' if code in on else 'N'}^^expandedYes-NoIndicator||||||F"
        for n, (code, label) in enumerate(FLAGS, 2)
    ]
    return ("\r".join(rows) + "\r").encode()


def ack(code: str, control: str = "M1") -> bytes:
    """A technical acknowledgement, as the volet gives it."""
    return (
        "MSH|^~\\&|PFI-Y|Organisation-Y|RIS-Y|Organisation-Y|20260105093101||ACK^T02^ACK|A1|P|2.6"
        "|||||FRA|UNICODE UTF-8\r"
        f"MSA|{code}|{control}\r"
    ).encode()


def zam(answer: str, reference: str = "M1", error: str = "") -> bytes:
    """A business return of the DMP, ZAM^Z01."""
    return (
        "MSH|^~\\&|PFI-Y|Organisation-Y|RIS-Y|Organisation-Y|20260105093105||ZAM^Z01^ZAM_Z01|Z1|P|2.6"
        "|||||FRA|UNICODE UTF-8"
        "|||2.1^CISIS_CDA_HL7_V2\r"
        f"OBX|1|CWE|ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|{reference}"
        f"|{answer}^^expandedYes-NoIndicator||||||F\r{error}"
    ).encode()


def submission(*codes: str, matricule: str = INS, secret: bool = False, document: bytes | None = None) -> bytes:
    """A bare ITI-41 in SOAP 1.2 with the document inline; `codes` are confidentiality codes."""
    held = base64.b64encode(document if document is not None else cda()).decode()
    patient = f"{matricule}^^^&amp;{OID}&amp;ISO^NH"
    scheme = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    classes = "".join(
        f'<rim:Classification id="c{n}" classificationScheme="{scheme}" classifiedObject="D" '
        f'nodeRepresentation="{code}"/>'
        for n, code in enumerate(codes)
    )
    attribute = (
        '<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:resource:hl7:confidentiality-code">'
        "<saml:AttributeValue>1</saml:AttributeValue></saml:Attribute>"
        if secret
        else '<saml:Attribute Name="Ressource_URN"><saml:AttributeValue>urn:dmp</saml:AttributeValue></saml:Attribute>'
    )

    def external(owner: str, kind: str, value: str) -> str:
        return (
            f'<rim:ExternalIdentifier id="{owner}{kind[:4]}" registryObject="{owner}" '
            f'identificationScheme="urn:uuid:{kind}" value="{value}"/>'
        )

    return (
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header>'
        '<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
        '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a" Version="2.0" '
        f'IssueInstant="2026-01-05T09:31:00Z"><saml:Issuer>CN=PFI</saml:Issuer><saml:AttributeStatement>{attribute}'
        "</saml:AttributeStatement></saml:Assertion></wsse:Security></soap:Header><soap:Body>"
        '<xdsb:ProvideAndRegisterDocumentSetRequest xmlns:xdsb="urn:ihe:iti:xds-b:2007">'
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
        '<rim:RegistryObjectList xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        '<rim:ExtrinsicObject id="D" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        f"{classes}{external('D', '58a6f841-87b3-4a3e-92fd-a8ffeff98427', patient)}"
        f"{external('D', '2e82c1f6-a085-4c72-9da3-8640a32e42ab', UID)}</rim:ExtrinsicObject>"
        f'<rim:RegistryPackage id="S">{external("S", "6b5aea1a-874d-4603-a4bc-96a0a7b38446", patient)}'
        f"{external('S', '96fdda7c-d067-4183-912e-bf5ee74998a8', UID + '.9')}"
        f"{external('S', '554ac39e-e3fe-47fe-b233-965d2a147832', '1.2.250.1.999.3')}</rim:RegistryPackage>"
        '<rim:Classification id="k" classifiedObject="S" '
        'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
        '<rim:Association id="A" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember" '
        'sourceObject="S" targetObject="D"/>'
        "</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
        f'<xdsb:Document id="D">{held}</xdsb:Document></xdsb:ProvideAndRegisterDocumentSetRequest>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def judged(
    property: str,
    sent: bytes,
    answer: bytes | None,
    *elsewhere: tuple[str, bytes],
    failure: str | None = None,
    context: Context = DAY,
) -> tuple[list[Finding], list[Witness]]:
    """What a property says of one message, its answer, and what was heard on other channels (`dmp`, `returns`)."""
    heard: list[Observation] = []

    def hear(id: str, channel: str, direction: Direction, body: bytes, answers: str | None = None) -> None:
        facts = {"protocol": "http"} if channel == "dmp" else {"protocol": "mllp"}
        heard.append(observe(Exchange(id, channel, direction, 1, len(heard), body, facts, answers)))

    hear("x1", "documents", Direction.TO_VENDOR, sent)
    if answer is not None:
        hear("x2", "documents", Direction.FROM_VENDOR, answer, "x1")
    for number, (channel, body) in enumerate(elsewhere, 3):
        hear(f"x{number}", channel, Direction.FROM_VENDOR, body)
    driven = Driven(
        "c1",
        "documents.intake",
        context.environment,
        None,
        Binding("00000000", 1, "AB", "001001"),
        (Sent("step-1", "x1", None if answer is None else "x2", failure),),
    )
    words = list(base.get(property).judge(driven, Heard(tuple(heard), tuple(heard)), context))
    return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]
