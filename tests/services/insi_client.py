"""Clients of INSi for the tests: zeep on a WSDL written here from the public facts, and raw HTTPS with literal SOAP."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import zeep
from lxml import etree
from zeep.transports import Transport
from zeep.wsa import WsAddressingPlugin

from conformance.bench.pki import Identity, Pki, export

SOAP = "http://www.w3.org/2003/05/soap-envelope"

# Shapes as the WSDL of the service gives them: names, namespaces, cardinalities, patterns.
WSDL = """<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:b="http://schemas.xmlsoap.org/wsdl/soap12/"
  xmlns:t="http://www.cnamts.fr/webservice" xmlns:x="http://www.w3.org/2001/XMLSchema"
  xmlns:rs="http://www.cnamts.fr/INSiRecSans" xmlns:rv="http://www.cnamts.fr/INSiRecVit"
  xmlns:re="http://www.cnamts.fr/INSiResultat" targetNamespace="http://www.cnamts.fr/webservice">
<w:types>
<x:schema targetNamespace="http://www.cnamts.fr/INSiRecSans" elementFormDefault="qualified">
 <x:element name="RECSANSVITALE"><x:complexType><x:sequence>
  <x:element name="NomNaissance" type="x:string" minOccurs="0"/>
  <x:element name="Prenom" type="x:string" minOccurs="0" maxOccurs="unbounded"/>
  <x:element name="Sexe" type="x:string" minOccurs="0"/>
  <x:element name="DateNaissance" type="x:string" minOccurs="0"/>
  <x:element name="LieuNaissance" type="x:string" minOccurs="0"/>
 </x:sequence></x:complexType></x:element>
</x:schema>
<x:schema targetNamespace="http://www.cnamts.fr/INSiRecVit" elementFormDefault="qualified">
 <x:complexType name="Matricule"><x:sequence>
  <x:element name="NumIdentifiant" type="x:string" minOccurs="0"/>
  <x:element name="Cle" type="x:string" minOccurs="0"/>
  <x:element name="TypeMatricule" type="x:string" minOccurs="0"/>
 </x:sequence></x:complexType>
 <x:element name="RECVITALE"><x:complexType><x:sequence>
  <x:element name="MatriculeIndividu" type="rv:Matricule" minOccurs="0"/>
  <x:element name="MatriculeOD" type="rv:Matricule" minOccurs="0"/>
  <x:element name="NomNaissance" type="x:string" minOccurs="0"/>
  <x:element name="DateNaissance" type="x:string" minOccurs="0"/>
  <x:element name="RangNaissance" type="x:string" minOccurs="0"/>
 </x:sequence></x:complexType></x:element>
</x:schema>
<x:schema targetNamespace="http://www.cnamts.fr/INSiResultat" elementFormDefault="qualified">
 <x:complexType name="Ins"><x:sequence>
  <x:element name="DateDeb" type="x:string" minOccurs="0"/>
  <x:element name="DateFin" type="x:string" minOccurs="0"/>
  <x:element name="IdIndividu"><x:complexType><x:sequence>
   <x:element name="NumIdentifiant" type="x:string"/>
   <x:element name="Cle" type="x:string" minOccurs="0"/>
   <x:element name="TypeMatricule" type="x:string" minOccurs="0"/>
  </x:sequence></x:complexType></x:element>
  <x:element name="OID" type="x:string"/>
 </x:sequence></x:complexType>
 <x:element name="RESULTAT"><x:complexType><x:sequence>
  <x:element name="CR"><x:complexType><x:sequence>
   <x:element name="CodeCR" type="x:string"/><x:element name="LibelleCR" type="x:string"/>
  </x:sequence></x:complexType></x:element>
  <x:element name="INDIVIDU" minOccurs="0"><x:complexType><x:sequence>
   <x:element name="INSACTIF" type="re:Ins"/>
   <x:element name="INSHISTO" type="re:Ins" minOccurs="0" maxOccurs="unbounded"/>
   <x:element name="TIQ"><x:complexType><x:sequence>
    <x:element name="NomNaissance" type="x:string" minOccurs="0"/>
    <x:element name="Prenom" type="x:string" minOccurs="0"/>
    <x:element name="ListePrenom" type="x:string" minOccurs="0"/>
    <x:element name="Sexe" type="x:string" minOccurs="0"/>
    <x:element name="DateNaissance" type="x:string" minOccurs="0"/>
    <x:element name="LieuNaissance" type="x:string" minOccurs="0"/>
   </x:sequence></x:complexType></x:element>
  </x:sequence></x:complexType></x:element>
 </x:sequence></x:complexType></x:element>
</x:schema>
</w:types>
<w:message name="traits"><w:part name="p" element="rs:RECSANSVITALE"/></w:message>
<w:message name="carte"><w:part name="p" element="rv:RECVITALE"/></w:message>
<w:message name="resultat"><w:part name="p" element="re:RESULTAT"/></w:message>
<w:portType name="CIR">
 <w:operation name="rechercherInsAvecTraitsIdentite"><w:input message="t:traits"/><w:output message="t:resultat"/>
 </w:operation>
 <w:operation name="rechercherInsAvecCarteVitale"><w:input message="t:carte"/><w:output message="t:resultat"/>
 </w:operation>
</w:portType>
<w:binding name="CIRBinding" type="t:CIR">
 <b:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
 <w:operation name="rechercherInsAvecTraitsIdentite">
  <b:operation soapAction="urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"/>
  <w:input><b:body use="literal"/></w:input><w:output><b:body use="literal"/></w:output></w:operation>
 <w:operation name="rechercherInsAvecCarteVitale">
  <b:operation soapAction="urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"/>
  <w:input><b:body use="literal"/></w:input><w:output><b:body use="literal"/></w:output></w:operation>
</w:binding>
<w:service name="CIRService"><w:port name="CIR" binding="t:CIRBinding"><b:address location="{url}"/></w:port>
</w:service></w:definitions>"""

BAM = (
    '<c:ContexteBAM xmlns:c="urn:siram:bam:ctxbam" Version="01_02"><c:Id>c1a2ff23-fc05-4bd1-b500-1ec7d3178f1c</c:Id>'
    "<c:Temps>2026-07-05T13:58:27.452Z</c:Temps><c:Emetteur>10B0000001</c:Emetteur><c:COUVERTURE/></c:ContexteBAM>"
)
LPS = (
    '<c:ContexteLPS xmlns:c="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00">'
    "<c:Id>01f21998-e842-46e9-b4ea-99c15de82e65</c:Id><c:Temps>2026-07-05T13:58:27.452Z</c:Temps>"
    '<c:Emetteur>10B0000001</c:Emetteur><c:LPS><c:IDAM R="4">NumAutorisation</c:IDAM><c:Version>2026</c:Version>'
    "<c:Instance>b3549edd-4ae9-472a-b26f-fd2fb4ef397f</c:Instance><c:Nom>urn:lps:essai:2026</c:Nom></c:LPS>"
    "</c:ContexteLPS>"
)

LOT2 = "http://www.cnamts.fr/INSiLot2/"


def soap(body: str, *, action: str = "", header: str = BAM + LPS, message_id: str = "uuid:m1") -> bytes:
    """A SOAP 1.2 message with contexts and addressing, as the public examples have them."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}'
        '<wsa:Action xmlns:wsa="http://www.w3.org/2005/08/addressing">urn:ServiceIdentiteCertifiee:1.0.0:'
        f"{action or 'rechercherInsAvecTraitsIdentite'}</wsa:Action>"
        f'<wsa:MessageID xmlns:wsa="http://www.w3.org/2005/08/addressing">{message_id}</wsa:MessageID>'
        f"</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def traits(name: str = "ADRUN", given: str = "ZOE", sex: str = "F", birth: str = "1975-12-31") -> str:
    """A search by traits, with a prefix on every element."""
    return (
        '<i:RECSANSVITALE xmlns:i="http://www.cnamts.fr/INSiRecSans" xmlns="http://www.cnamts.fr/INSiRecSans">'
        f"<i:NomNaissance>{name}</i:NomNaissance><i:Prenom>{given}</i:Prenom><i:Sexe>{sex}</i:Sexe>"
        f"<i:DateNaissance>{birth}</i:DateNaissance></i:RECSANSVITALE>"
    )


def individual(matricule: str = "275126322074974", oid: str = "1.2.250.1.213.1.4.8", **changed: str) -> str:
    """Somebody to verify: ADRUN ZOE, but for what is changed."""
    told = {
        "NomNaissance": "ADRUN",
        "ListePrenom": "ZOE",
        "Sexe": "F",
        "DateNaissance": "1975-12-31",
        "LieuNaissance": "63220",
        **changed,
    }
    reference = told.pop("Reference", "")
    rows = "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value)
    first = f"<Reference>{reference}</Reference>" if reference else ""
    return (
        f"<IndividuVerifie>{first}<INSFourni><IdIndividu><NumIdentifiant>{matricule[:13]}</NumIdentifiant>"
        f"<Cle>{matricule[13:]}</Cle></IdIndividu><OID>{oid}</OID></INSFourni>"
        f"<TraitsIdentiteIndividu>{rows}</TraitsIdentiteIndividu></IndividuVerifie>"
    )


def unit(person: str) -> str:
    """A unit verification."""
    return f'<RequeteUnitaire xmlns="{LOT2}REQUnitaire">{person}</RequeteUnitaire>'


def mass(*people: str) -> str:
    """A mass verification."""
    return f'<RequeteMasse xmlns="{LOT2}REQMasse">{"".join(people)}</RequeteMasse>'


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    content_type: str
    body: bytes

    def texts(self, name: str) -> list[str]:
        """The texts of all elements of a local name."""
        return [e.text or "" for e in etree.fromstring(self.body).iter(f"{{*}}{name}")]

    def text(self, name: str) -> str:
        """The text of the only element of a local name; fails when there is another number of them."""
        (found,) = self.texts(name)
        return found


class InsiClient:
    """Raw HTTPS with a client certificate (`identity` None: without)."""

    def __init__(self, url: str, pki: Pki, folder: Path, identity: Identity | None) -> None:
        host, _, port = url.split("/")[2].rpartition(":")
        self.path = "/" + url.split("/", 3)[3]
        self.where = (host, int(port))
        self.context = ssl.create_default_context(cadata=pki.anchors_pem.decode())
        if identity:
            self.context.load_cert_chain(*export(folder, "insi-client", identity))

    def post(self, body: bytes, content_type: str = "application/soap+xml; charset=utf-8") -> Answer:
        """POST an entity, on a connection of its own."""
        connection = http.client.HTTPSConnection(*self.where, context=self.context, timeout=10)
        try:
            connection.request("POST", self.path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
        finally:
            connection.close()

    def search(self, *told: str, **more: str) -> Answer:
        """A search by traits."""
        return self.post(soap(traits(*told), **more))

    def verify(self, *people: str) -> Answer:
        """A verification, of one or of many."""
        return self.post(soap(unit(people[0]) if len(people) == 1 else mass(*people), action="verifier"))


def zeep_client(url: str, pki: Pki, folder: Path, identity: Identity) -> Any:
    """A zeep client of the two published operations, over TLS with that certificate, with WS-Addressing."""
    wsdl = folder / "insi.wsdl"
    wsdl.write_text(WSDL.replace("{url}", url), encoding="utf-8")
    anchors = folder / "anchors.pem"
    anchors.write_bytes(pki.anchors_pem)
    session = requests.Session()
    session.trust_env = False
    session.verify = str(anchors)
    session.cert = tuple(str(p) for p in export(folder, "zeep-client", identity))
    session.headers["Connection"] = "close"
    transport = Transport(session=session, timeout=10, operation_timeout=10)
    return zeep.Client(str(wsdl), transport=transport, plugins=[WsAddressingPlugin()])


def headers() -> list[Any]:
    """The two contexts, as zeep takes headers."""
    return [etree.fromstring(BAM), etree.fromstring(LPS)]
