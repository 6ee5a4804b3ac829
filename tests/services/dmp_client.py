"""A client of the DMP written for the tests: requests by hand, MTOM packed by soapbar, the standard library's HTTPS."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from soapbar import MtomAttachment, build_mtom, parse_mtom

from conformance.bench.pki import Identity, Pki, export

ROOT = "/si-dmp-server/v2/services"
PATIENT = "180017500012345^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"


@dataclass
class Answer:
    """One HTTP answer: status, content type, the SOAP envelope."""

    status: int
    content_type: str
    body: bytes

    @property
    def envelope(self) -> bytes:
        """The XML, out of its MTOM package when it came in one (read by soapbar)."""
        if self.content_type.startswith("multipart/"):
            return parse_mtom(self.body, self.content_type).soap_xml
        return self.body

    @property
    def result(self) -> ElementTree.Element:
        """The first element of the body."""
        envelope = ElementTree.fromstring(self.envelope)
        body = envelope.find("{http://www.w3.org/2003/05/soap-envelope}Body")
        assert body is not None
        return body[0]

    @property
    def outcome(self) -> str:
        """The last part of the status URN."""
        return self.result.attrib["status"].rpartition(":")[2]

    @property
    def errors(self) -> list[str]:
        """The error codes."""
        return [e.attrib["errorCode"] for e in self.result.iter() if e.tag.endswith("}RegistryError")]

    @property
    def entries(self) -> list[ElementTree.Element]:
        """The ExtrinsicObject of a query answer."""
        return list(self.result.iter(f"{{{RIM}}}ExtrinsicObject"))


class DmpClient:
    """One HTTPS connection to the DMP of the bench, with a client certificate (or without: `identity` None)."""

    def __init__(self, url: str, pki: Pki, folder: Path, identity: Identity | None) -> None:
        host, _, port = url.split("/")[2].rpartition(":")
        context = ssl.create_default_context(cadata=pki.anchors_pem.decode())
        if identity:
            context.load_cert_chain(*export(folder, "client", identity))
        self.connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=5)

    def post(self, place: str, body: bytes, content_type: str = "application/soap+xml") -> Answer:
        """POST an entity to a service."""
        self.connection.request("POST", f"{ROOT}/{place}", body, {"Content-Type": content_type})
        response = self.connection.getresponse()
        return Answer(response.status, response.headers.get("Content-Type", ""), response.read())

    def soap(self, place: str, body: str) -> Answer:
        """POST a SOAP 1.2 message."""
        return self.post(place, soap(body))

    def feed(self, *documents: tuple[str, str], replaces: str = "", patient: str = PATIENT) -> Answer:
        """Submit documents of (symbolic id, unique id) as MTOM."""
        return self.post("repository", *submission(*documents, replaces=replaces, patient=patient))

    def search(self, name: str, **parameters: str) -> Answer:
        """A stored query by its UUID."""
        rows = "".join(slot(f"$XDSDocumentEntry{k}", v) for k, v in parameters.items())
        return self.soap(
            "registry",
            '<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0">'
            f'<q:ResponseOption returnType="LeafClass"/><AdhocQuery xmlns="{RIM}" id="urn:uuid:{name}">'
            f"{rows}</AdhocQuery></q:AdhocQueryRequest>",
        )

    def delete(self, entry: str, status: str = DELETED) -> Answer:
        """Change the status of an entry (ITI-57)."""
        association = (
            f'<Association id="a" associationType="urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus" '
            f'sourceObject="set" targetObject="{entry}">{slot("OriginalStatus", APPROVED)}{slot("NewStatus", status)}'
            "</Association>"
        )
        return self.soap("registry", _submit(_package(PATIENT) + association))


GET_DOCUMENTS = "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
FIND_DOCUMENTS = "14d4debf-8f97-4251-9a74-a90016b0af0d"


def soap(body: str) -> bytes:
    """A SOAP 1.2 message with addressing."""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header '
        'xmlns:a="http://www.w3.org/2005/08/addressing"><a:Action>urn:test</a:Action>'
        f"<a:MessageID>urn:uuid:m1</a:MessageID></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def slot(name: str, value: str) -> str:
    """An ebRIM slot of one value."""
    return f'<Slot name="{name}"><ValueList><Value>{value}</Value></ValueList></Slot>'


def _identifier(scheme: str, owner: str, value: str) -> str:
    return (
        f'<ExternalIdentifier id="i-{scheme[:8]}-{owner}" registryObject="{owner}" '
        f'identificationScheme="urn:uuid:{scheme}" value="{value}"/>'
    )


def _package(patient: str) -> str:
    return (
        f'<RegistryPackage id="set">{slot("submissionTime", "20260101120000")}'
        f"{_identifier('6b5aea1a-874d-4603-a4bc-96a0a7b38446', 'set', patient)}"
        f"{_identifier('96fdda7c-d067-4183-912e-bf5ee74998a8', 'set', '2.25.9')}</RegistryPackage>"
        f'<Classification id="c" classifiedObject="set" classificationNode="{SET}"/>'
    )


def _entry(name: str, uid: str, patient: str) -> str:
    return (
        f'<ExtrinsicObject id="{name}" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">'
        f'<Name><LocalizedString value="Compte rendu &amp; suite"/></Name>'
        f"{_identifier('58a6f841-87b3-4a3e-92fd-a8ffeff98427', name, patient)}"
        f"{_identifier('2e82c1f6-a085-4c72-9da3-8640a32e42ab', name, uid)}</ExtrinsicObject>"
    )


def _submit(objects: str) -> str:
    return (
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
        f'<RegistryObjectList xmlns="{RIM}">{objects}</RegistryObjectList></lcm:SubmitObjectsRequest>'
    )


def submission(
    *documents: tuple[str, str], replaces: str = "", patient: str = PATIENT, of: str = ""
) -> tuple[bytes, str]:
    """An ITI-41 as MTOM: (entity, content type). `of` is the patient of the entries, that of the set by default."""
    objects = _package(patient) + "".join(_entry(name, uid, of or patient) for name, uid in documents)
    if replaces:
        objects += (
            f'<Association id="r" associationType="{RPLC}" sourceObject="{documents[0][0]}" targetObject="{replaces}"/>'
        )
    contents = "".join(
        f'<Document id="{name}"><x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:{name}@test"/>'
        "</Document>"
        for name, _ in documents
    )
    root = soap(
        '<ProvideAndRegisterDocumentSetRequest xmlns="urn:ihe:iti:xds-b:2007">'
        f"{_submit(objects)}{contents}</ProvideAndRegisterDocumentSetRequest>"
    )
    parts = [MtomAttachment(f"{name}@test", "text/xml", b"<ClinicalDocument/>") for name, _ in documents]
    return build_mtom(root, parts)
