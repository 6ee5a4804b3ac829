"""Loopback peers of the reference PFI, written for its tests from literal XML and bytes: a DMP, a return listener."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://www.w3.org/2005/08/addressing",
    "w": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "q": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
    "x": "urn:ihe:iti:xds-b:2007",
    "xop": "http://www.w3.org/2004/08/xop/include",
    "h": "urn:hl7-org:v3",
}
SUCCESS = (
    '<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
    'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>'
)
FAILURE = (
    '<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
    'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"><rs:RegistryErrorList>'
    '<rs:RegistryError errorCode="DMPClosed" codeContext="DMP fermé" '
    'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/></rs:RegistryErrorList></rs:RegistryResponse>'
)
FAULT = (
    f'<s:Fault xmlns:s="{NS["s"]}"><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>DMPInvalidVihf</s:Value>'
    '</s:Subcode></s:Code><s:Reason><s:Text xml:lang="fr">jeton refusé</s:Text></s:Reason></s:Fault>'
)
EXISTS = (
    '<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0"><acknowledgement><typeCode code="AA"/>'
    "</acknowledgement><controlActProcess><subject><registrationEvent><subject1><patient>"
    '<statusCode code="{status}"/></patient></subject1></registrationEvent></subject>'
    '<queryAck><queryResponseCode code="{code}"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
)
FOUND = (
    '<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
    'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" '
    'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"><rim:RegistryObjectList>{entries}'
    "</rim:RegistryObjectList></q:AdhocQueryResponse>"
)
ENTRY = '<rim:ExtrinsicObject id="{uuid}" status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"/>'


def make_pki(folder: Path) -> None:
    """A throw-away authority, a server and a client certificate for 127.0.0.1, as PEM files."""
    keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("ca", "dmp", "pfi")}
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AC DE TEST")])
    now = datetime.now(UTC)
    for name, key in keys.items():
        subject = issuer if name == "ca" else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        )
        if name == "dmp":
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(keys["ca"], hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


@dataclass
class Asked:
    """One request the DMP peer received."""

    service: str
    action: str
    envelope: Any
    parts: dict[str, bytes]
    client: str

    def at(self, path: str) -> list[Any]:
        """An XPath over the envelope."""
        found: list[Any] = self.envelope.xpath(path, namespaces=NS)
        return found

    def slot(self, name: str) -> list[str]:
        """The values of the slots of a name."""
        return [str(v) for v in self.at(f"//rim:Slot[@name='{name}']/rim:ValueList/rim:Value/text()")]

    def codes(self, scheme: str) -> list[str]:
        """The codes classified under a scheme."""
        return [str(v) for v in self.at(f"//rim:Classification[@classificationScheme='{scheme}']/@nodeRepresentation")]

    def external(self, name: str) -> str:
        """The value of an external identifier, by its name."""
        path = f"//rim:ExternalIdentifier[rim:Name/rim:LocalizedString/@value='{name}']/@value"
        return str(self.at(path)[0])

    def attribute(self, name: str) -> list[Any]:
        """The values of an attribute of the VIHF."""
        return self.at(f"//saml:Attribute[@Name='{name}']/saml:AttributeValue")


@dataclass
class DmpPeer:
    """A DMP that answers well until told otherwise: `answers[action word]` is called first and may return a text."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Callable[[Asked], Any]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def of(self, word: str) -> list[Asked]:
        """The requests whose action contains a word."""
        return [a for a in self.asked if word in a.action]

    def reset(self) -> None:
        """Forget everything."""
        self.asked.clear()
        self.answers.clear()
        self.held.clear()

    def _default(self, asked: Asked) -> str:
        if "PRPA" in asked.action:
            return EXISTS.format(code="OK", status="active")
        if "Provide" in asked.action:
            self.held[asked.external("XDSDocumentEntry.uniqueId")] = f"urn:uuid:{len(self.held):032d}"
            return SUCCESS
        if "Query" in asked.action:
            wanted = asked.slot("$XDSDocumentEntryUniqueId")[0].strip("()'")
            return FOUND.format(entries=ENTRY.format(uuid=self.held[wanted]) if wanted in self.held else "")
        return SUCCESS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Read a request with the standard library's MIME parser, answer from literal XML."""
        body = await request.read()
        header = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        entity = email.message_from_bytes(header + body, policy=email.policy.HTTP)
        parts: dict[str, bytes] = {}
        if entity.is_multipart():
            found = list(entity.iter_parts())  # type: ignore[attr-defined]
            root = found[0].get_payload(decode=True)
            parts = {p["Content-ID"].strip("<>"): p.get_payload(decode=True) for p in found[1:]}
        else:
            root = body
        envelope = etree.fromstring(root)
        subject = request.transport.get_extra_info("peercert") if request.transport else None
        asked = Asked(
            request.path.rpartition("/")[2],
            envelope.xpath("string(//a:Action)", namespaces=NS),
            envelope,
            parts,
            str(dict(x[0] for x in subject["subject"])) if subject else "",
        )
        self.asked.append(asked)
        answer: Any = None
        for word, function in tuple(self.answers.items()):
            if word in asked.action:
                answer = function(asked)
                if asyncio.iscoroutine(answer):
                    answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        text = answer if isinstance(answer, str) else self._default(asked)
        return web.Response(
            text=f'<s:Envelope xmlns:s="{NS["s"]}"><s:Header/><s:Body>{text}</s:Body></s:Envelope>',
            content_type="application/soap+xml",
            charset="utf-8",
            status=500 if "Fault" in text else 200,
        )


@dataclass
class ReturnsPeer:
    """An MLLP listener that keeps what it hears and acknowledges it (`codes` are popped first, then AA)."""

    heard: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                frame = await reader.readuntil(b"\x1c\r")
                text = frame[1:-2].decode()
                self.heard.append(text)
                control = text.split("|")[9]
                code = self.codes.pop(0) if self.codes else "AA"
                writer.write(
                    f"\x0bMSH|^~\\&|R|R|P|P|202601010000||ACK^Z01^ACK|K{control}|P|2.6\rMSA|{code}|{control}\r\x1c\r".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Peers:
    """Both peers on one event loop in a thread."""

    def __init__(self, folder: Path) -> None:
        self.dmp, self.returns = DmpPeer(), ReturnsPeer()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(folder), self.loop).result(10)

    async def _start(self, folder: Path) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "dmp.pem", folder / "dmp.key")
        context.verify_mode = ssl.CERT_REQUIRED
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/si-dmp-server/v2/services/{service}", self.dmp.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.dmp.port = self._runner.addresses[0][1]
        server = await asyncio.start_server(self.returns.serve, "127.0.0.1", 0)
        self.returns.port = server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Forget what both heard."""
        self.dmp.reset()
        self.returns.heard.clear()
        self.returns.codes.clear()

    def stop(self) -> None:
        """End the servers and the thread."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)


def wait_for(condition: Callable[[], Any], seconds: float = 8.0) -> Any:
    """The first true value of a condition; fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError("nothing came in time")


class Mllp:
    """A plain-socket MLLP client."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._buffer = b""

    def send(self, message: bytes) -> None:
        """Send one frame."""
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")

    def receive(self) -> str:
        """The next frame, as text."""
        while b"\x1c\r" not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self._buffer += data
        frame, _, self._buffer = self._buffer.partition(b"\x1c\r")
        return frame.lstrip(b"\x0b").decode("iso8859-15" if b"8859/15" in frame else "utf-8")

    def ask(self, message: bytes) -> str:
        """Send and wait for the answer."""
        self.send(message)
        return self.receive()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
