"""Requests written by hand from the clauses: ITI-41 (TF-2 3.41, TF-3 4.2), ITI-18, ITI-57, DMP TD0.2 and TD0.3."""

from __future__ import annotations

import hashlib

from conformance.evidence.values import Direction, Exchange, Fact

INS = "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
CDA = (
    b'<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3">'
    b'<id root="2.25.77"/><setId root="2.25.7"/><versionNumber value="2"/></ClinicalDocument>'
)
SIGNED = b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"

VIHF = (
    '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_v1" IssueInstant="2026-01-02T03:04:05Z" '
    'Version="2.0"><s:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">CN=PFI</s:Issuer>'
    "<s:Subject><s:NameID>801234567897</s:NameID></s:Subject><s:AttributeStatement>"
    '<s:Attribute Name="Authentification_Mode"><s:AttributeValue>INDIRECTE</s:AttributeValue></s:Attribute>'
    '<s:Attribute Name="urn:oasis:names:tc:xacml:2.0:resource:resource-id">'
    f"<s:AttributeValue>{INS}</s:AttributeValue></s:Attribute></s:AttributeStatement></s:Assertion>"
)


def envelope(body: str, action: str, *, vihf: str = VIHF) -> bytes:
    """A SOAP 1.2 envelope around a body, with WS-Addressing and a VIHF."""
    security = (
        '<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
        f"{vihf}</w:Security>"
        if vihf
        else ""
    )
    return (
        f'<e:Envelope xmlns:e="{SOAP}"><e:Header xmlns:a="http://www.w3.org/2005/08/addressing">'
        f"<a:Action>{action}</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To>urn:here</a:To>{security}"
        f"</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def slot(name: str, *values: str) -> str:
    """A slot and its values."""
    return f'<Slot name="{name}"><ValueList>{"".join(f"<Value>{v}</Value>" for v in values)}</ValueList></Slot>'


def coded(scheme: str, code: str, system: str, label: str, owner: str) -> str:
    """A classification by a coded value."""
    return (
        f'<Classification id="{owner}{code}" classificationScheme="urn:uuid:{scheme}" classifiedObject="{owner}" '
        f'nodeRepresentation="{code}">{slot("codingScheme", system)}'
        f'<Name><LocalizedString value="{label}"/></Name></Classification>'
    )


def external(scheme: str, value: str, owner: str) -> str:
    """An external identifier."""
    return (
        f'<ExternalIdentifier id="{owner}{scheme[:4]}" registryObject="{owner}" '
        f'identificationScheme="urn:uuid:{scheme}" value="{value}"/>'
    )


def author(scheme: str, owner: str) -> str:
    """An author classification: a professional in a structure."""
    return (
        f'<Classification id="{owner}au" classificationScheme="urn:uuid:{scheme}" classifiedObject="{owner}" '
        'nodeRepresentation="">'
        + slot("authorPerson", "801234567897^AUGUIN^Léon^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS")
        + slot("authorInstitution", "CHU^^^^^&amp;1.2.250.1.71.4.2.2&amp;ISO^IDNST^^^1750803447")
        + slot("authorSpecialty", "G15_10/SM54^Médecine générale^1.2.250.1.213.1.1.4.5")
        + "</Classification>"
    )


ENTRY = (
    '<ExtrinsicObject id="Doc1" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
    + slot("creationTime", "20260102020405")
    + slot("languageCode", "fr-FR")
    + slot("hash", hashlib.sha1(CDA).hexdigest())
    + slot("size", str(len(CDA)))
    + slot("serviceStartTime", "20260101070000")
    + slot("sourcePatientId", "IPP17^^^&amp;1.2.3.4&amp;ISO^PI")
    + slot("sourcePatientInfo", "PID-5|PAT-TROIS^DOMINIQUE^^^^^L", "PID-7|19790328", "PID-8|F")
    + slot("legalAuthenticator", "801234567897^AUGUIN^Léon^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS")
    + slot("URI", "DOC0001.XML")
    + '<Name><LocalizedString value="Compte rendu"/></Name>'
    + author("93606bcf-9494-43ec-9b4e-a7748d1a838d", "Doc1")
    + coded("41a5887f-8865-4c09-adf7-e362475b143a", "10", "1.2.250.1.213.1.1.4.1", "Compte rendu", "Doc1")
    + coded("f0306f51-975f-434e-a61c-c59651d33983", "11490-0", "2.16.840.1.113883.6.1", "CR", "Doc1")
    + coded("f4f85eac-e6cb-4883-b524-f2705394840f", "N", "2.16.840.1.113883.5.25", "Normal", "Doc1")
    + coded("f4f85eac-e6cb-4883-b524-f2705394840f", "MASQUE_PS", "1.2.250.1.213.1.1.4.13", "Masqué", "Doc1")
    + coded(
        "a09d5840-386c-46f2-b5ad-9c3699a4309d", "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "PDF", "Doc1"
    )
    + coded("f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "SA01", "1.2.250.1.71.4.2.4", "EPS", "Doc1")
    + coded("cccf5598-8b07-4b77-a05e-ae952c785ead", "ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", "ES", "Doc1")
    + external("58a6f841-87b3-4a3e-92fd-a8ffeff98427", INS, "Doc1")
    + external("2e82c1f6-a085-4c72-9da3-8640a32e42ab", "2.25.77", "Doc1")
    + "</ExtrinsicObject>"
)
SIGNATURE = (
    ENTRY.replace("Doc1", "Sig1")
    .replace('"2.25.77"', '"2.25.78"')
    .replace('"11490-0"', '"E1762"')
    .replace("urn:ihe:iti:xds-sd:pdf:2008", "http://www.w3.org/2000/09/xmldsig#")
)
PACKAGE = (
    '<RegistryPackage id="Set1">'
    + slot("submissionTime", "20260102020500")
    + '<Name><LocalizedString value="Lot"/></Name>'
    + author("a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", "Set1")
    + coded("aa543740-bdda-424e-8c96-df4873be8500", "03", "1.2.250.1.213.2.2", "Hospitalisation", "Set1")
    + '<Classification id="c0" classifiedObject="Set1" '
    + 'classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>'
    + external("6b5aea1a-874d-4603-a4bc-96a0a7b38446", INS, "Set1")
    + external("554ac39e-e3fe-47fe-b233-965d2a147832", "1.2.3.9", "Set1")
    + external("96fdda7c-d067-4183-912e-bf5ee74998a8", "2.25.79", "Set1")
    + "</RegistryPackage>"
)
MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"


def association(kind: str, source: str, target: str, inside: str = "") -> str:
    """An association between two registry objects."""
    return (
        f'<Association id="{source}{target}" associationType="{kind}" sourceObject="{source}" '
        f'targetObject="{target}">{inside}</Association>'
    )


LINKS = (
    association(MEMBER, "Set1", "Doc1", slot("SubmissionSetStatus", "Original"))
    + association(MEMBER, "Set1", "Sig1", slot("SubmissionSetStatus", "Original"))
    + association("urn:ihe:iti:2007:AssociationType:signs", "Sig1", "Set1")
    + association("urn:ihe:iti:2007:AssociationType:RPLC", "Doc1", "urn:uuid:0000-old")
)
OLD = "urn:uuid:0000-old"


def submit(
    objects: str = PACKAGE + ENTRY + SIGNATURE + LINKS, documents: str | None = None, *, vihf: str = VIHF
) -> bytes:
    """An ITI-41 request; its documents are XOP inclusions of `doc1@x` and `sig1@x` unless given."""
    if documents is None:
        documents = "".join(
            f'<x:Document id="{id}"><i:Include xmlns:i="http://www.w3.org/2004/08/xop/include" href="cid:{cid}"/>'
            "</x:Document>"
            for id, cid in (("Doc1", "doc1%40x"), ("Sig1", "sig1@x"))
        )
    return envelope(
        '<x:ProvideAndRegisterDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007">'
        '<l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
        f'<RegistryObjectList xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">{objects}</RegistryObjectList>'
        f"</l:SubmitObjectsRequest>{documents}</x:ProvideAndRegisterDocumentSetRequest>",
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        vihf=vihf,
    )


def multipart(root: bytes, *parts: tuple[str, bytes], boundary: str = "=_part") -> tuple[str, bytes]:
    """A multipart/related entity as RFC 2387 describes it: (Content-Type, bytes)."""
    rows = [b"--%b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r@x>\r\n\r\n%b" % (boundary.encode(), root)]
    rows += [
        b"--%b\r\nContent-Type: text/xml\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <%b>\r\n\r\n%b"
        % (boundary.encode(), cid.encode(), data)
        for cid, data in parts
    ]
    content_type = f'multipart/related; type="application/xop+xml"; start="<r@x>"; boundary="{boundary}"'
    return content_type, b"\r\n".join(rows) + b"\r\n--" + boundary.encode() + b"--\r\n"


def query(id: str, *slots: str) -> bytes:
    """An ITI-18 request."""
    return envelope(
        '<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0">'
        '<q:ResponseOption returnComposedObjects="true" returnType="LeafClass"/>'
        f'<AdhocQuery xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" id="urn:uuid:{id}">{"".join(slots)}'
        "</AdhocQuery>"
        "</q:AdhocQueryRequest>",
        "urn:ihe:iti:2007:RegistryStoredQuery",
    )


def update(new: str = "urn:asip:ci-sis:2010:StatusType:Deleted") -> bytes:
    """An ITI-57 request that changes the status of one entry."""
    change = slot("OriginalStatus", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved") + slot("NewStatus", new)
    return envelope(
        '<l:SubmitObjectsRequest xmlns:l="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
        '<RegistryObjectList xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">'
        + PACKAGE
        + association("urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus", "Set1", OLD, change)
        + "</RegistryObjectList></l:SubmitObjectsRequest>",
        "urn:ihe:iti:2010:UpdateDocumentSet",
    )


def existence(reason: str = "TEST_EXST") -> bytes:
    """A TD0.2 request."""
    return envelope(
        '<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><id root="1.2.3" extension="M1"/>'
        '<creationTime value="20260102030405"/><sender typeCode="SND"><device><id root="1.2.3.9"/></device></sender>'
        f'<controlActProcess classCode="CACT" moodCode="EVN"><reasonCode code="{reason}"/><queryByParameter>'
        '<queryId root="1.2.4" extension="Q1"/><statusCode code="new"/><parameterList><patientIdentifier>'
        '<value root="1.2.250.1.213.1.4.10" extension="279035121518989"/><semanticsText>Patient.id</semanticsText>'
        "</patientIdentifier></parameterList></queryByParameter></controlActProcess></PRPA_IN201307UV02>",
        "urn:hl7-org:v3:PRPA_IN201307UV02",
    )


def authorisation(action: str = "AJOUT") -> bytes:
    """A TD0.3 request."""
    return envelope(
        f'<setAuthorization xmlns="urn:si-dmp-habilitations"><action>{action}</action></setAuthorization>',
        "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
    )


def exchange(body: bytes, content_type: str = "application/soap+xml; charset=UTF-8", **facts: Fact) -> Exchange:
    """An exchange of the channel `dmp`."""
    held = {"protocol": "http", "content_type": content_type, **facts}
    return Exchange("x1", "dmp", Direction.FROM_VENDOR, 1, 0, body, held)
