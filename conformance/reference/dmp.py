"""The client of the DMP: SOAP 1.2 over mutual TLS, one kept-alive session (TD0.2, TD2.1, TD3.1b, TD3.3c)."""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass

import aiohttp
from lxml import etree

from conformance.errors import Malformed
from conformance.reference import patients, registry
from conformance.reference.config import Config, ConfigError
from conformance.reference.ebrim import RIM
from conformance.reference.registry import Entry, SubmissionSet
from conformance.reference.values import Ins
from conformance.reference.vihf import Signer, Subject
from conformance.standards.xds.syntax import Addressing, build_envelope, pack, parse_envelope

ACTIONS = {
    "exists": ("patients", "urn:hl7-org:v3:PRPA_IN201307UV02"),
    "provide": ("repository", "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"),
    "find": ("registry", "urn:ihe:iti:2007:RegistryStoredQuery"),
    "authorise": ("habilitations", f"{patients.AUTHORISATION}:HabilitationsEndPoint:setAuthorization"),
    "delete": ("registry", "urn:ihe:iti:2010:UpdateDocumentSet"),
}
"""Operation -> (service, SOAP action)."""

RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
ANSWER_LIMIT = 16 * 1024 * 1024
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class Unreachable(Exception):
    """The DMP could not be asked, or did not answer in a usable way: worth another try.

    `sent` is true when the request may have been carried out all the same.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Rejected(Exception):
    """The DMP answered no: its code and label."""

    def __init__(self, code: str, label: str) -> None:
        super().__init__(code)
        self.code, self.label = code, label


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """A document the DMP holds: its entryUUID and availability status (full URN)."""

    entry_uuid: str
    status: str


class Dmp:
    """The DMP's services. Every method raises Unreachable or Rejected."""

    def __init__(self, config: Config, signer: Signer) -> None:
        """Raises ConfigError when the TLS files cannot be used."""
        self._config = config
        self._signer = signer
        self._ssl = _context(config)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Start the session (inside the event loop)."""
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=self._config.limits.parallel, keepalive_timeout=30)
        timeout = aiohttp.ClientTimeout(total=self._config.retry.timeout)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)

    async def close(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._session.close()

    async def exists(self, patient: Ins, subject: Subject) -> None:
        """TD0.2; returns when the patient has an open DMP, else raises Rejected."""
        body = await self._ask("exists", patients.existence_query(patient, self._config.organisation.oid), subject)
        state, detail = patients.existence_answer(body), patients.answer_detail(body)
        if state == "none":
            raise Rejected(detail or "NF", "Aucun DMP pour ce patient")
        if state == "closed" or detail not in ("", "DMPOk"):
            raise Rejected(detail or "DMPClosed", "DMP fermé")
        if state == "unknown":
            raise Unreachable("TD0.2 answered neither OK nor NF", sent=True)

    async def authorise(self, subject: Subject) -> None:
        """TD0.3: ask for access to the DMP of the patient of the VIHF. Feeding has no need of it."""
        await self._ask("authorise", patients.authorisation(), subject)

    async def provide(self, submission: SubmissionSet, entry: Entry, subject: Subject) -> None:
        """TD2.1: ITI-41 with the document as an MTOM part."""
        content_id = f"{uuid.uuid4()}@reference"
        body = registry.provide(submission, entry, content_id)
        media = entry.document.cda.mime
        _registry_response(await self._ask("provide", body, subject, {content_id: (media, entry.document.data)}))

    async def find(self, unique_id: str, subject: Subject) -> KnownEntry | None:
        """TD3.1b: the current entry of a document, or None. An approved entry wins over others."""
        answer = await self._ask("find", registry.get_documents(unique_id), subject)
        _registry_response(answer)
        found = [
            KnownEntry(entry.get("id") or "", entry.get("status") or registry.APPROVED)
            for entry in answer.iter(f"{{{RIM}}}ExtrinsicObject")
            if entry.get("id")
        ]
        return next((e for e in found if e.status == registry.APPROVED), None)

    async def delete(self, submission: SubmissionSet, entry: KnownEntry, subject: Subject) -> None:
        """TD3.3c: ITI-57."""
        body = registry.delete(submission, entry.entry_uuid, entry.status)
        _registry_response(await self._ask("delete", body, subject))

    async def _ask(
        self, operation: str, body: bytes, subject: Subject, parts: dict[str, tuple[str, bytes]] | None = None
    ) -> etree._Element:
        """Send a request, return the first element of the answer's body."""
        service, action = ACTIONS[operation]
        url = f"{self._config.services}/{service}"
        addressing = Addressing(
            action=action,
            message_id=f"urn:uuid:{uuid.uuid4()}",
            to=url,
            reply_to="http://www.w3.org/2005/08/addressing/anonymous",
        )
        envelope = build_envelope(body, addressing, security=self._signer.assertion(subject))
        if parts is None:
            content_type = f'application/soap+xml; charset=UTF-8; action="{action}"'
        else:
            content_type, envelope = pack(envelope, parts, action=action)
        return _answer(*await self._post(url, envelope, content_type))

    async def _post(self, url: str, body: bytes, content_type: str) -> tuple[int, bytes, str]:
        if self._session is None:
            raise RuntimeError("the session is not open")
        try:
            async with self._session.post(
                url, data=body, headers={"Content-Type": content_type}, allow_redirects=False
            ) as response:
                data = await response.content.read(ANSWER_LIMIT)
                return response.status, data, response.headers.get("Content-Type", "")
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(type(error).__name__, sent=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(type(error).__name__, sent=True) from None


def _context(config: Config) -> ssl.SSLContext:
    tls = config.tls
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(tls.ca)
    except (ssl.SSLError, OSError):
        raise ConfigError(tls.ca, "tls.ca", "holds no usable certificate.", "give a PEM file.") from None
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except (ssl.SSLError, OSError):
        problem = f"and {tls.key} are not a certificate and its key."
        raise ConfigError(tls.certificate, "tls.certificate", problem, "give two PEM files that match.") from None
    return context


def _answer(status: int, data: bytes, content_type: str) -> etree._Element:
    try:
        body = parse_envelope(data, content_type).body
    except Malformed:
        if status in TRANSIENT or status < 400:
            raise Unreachable(f"HTTP {status} without a SOAP answer", sent=True) from None
        raise Rejected(f"HTTP{status}", "Le DMP a refusé la requête") from None
    if etree.QName(body).localname == "Fault":
        raise Rejected(*_fault(body))
    return body


def _fault(fault: etree._Element) -> tuple[str, str]:
    """The most precise code of a fault (Subcode, Code or faultcode) and its reason."""
    space = f"{{{etree.QName(fault).namespace}}}"
    codes = [(e.text or "").strip() for e in fault.iter(f"{space}Value", "faultcode")]
    reasons = [(e.text or "").strip() for e in fault.iter(f"{space}Text", "faultstring")]
    code = next((c for c in reversed(codes) if c), "SOAPFault")
    return code.rpartition(":")[2], next((r for r in reasons if r), "Erreur SOAP")


def _registry_response(body: etree._Element) -> None:
    """Raise Rejected when a RegistryResponse (or query response) is not a success."""
    status = body.get("status") or ""
    if status.endswith(":Success"):
        return
    errors = list(body.iter(f"{{{RS}}}RegistryError"))
    serious = [e for e in errors if not (e.get("severity") or "").endswith(":Warning")]
    if not status:
        raise Unreachable("an answer without status", sent=True)
    first = next(iter(serious or errors), None)
    if first is None:
        raise Rejected("XDSRegistryError", "Refus sans motif")
    code = first.get("errorCode") or "XDSRegistryError"
    raise Rejected(code, first.get("codeContext") or code)
