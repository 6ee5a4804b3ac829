"""The publication point of the throw-away PKI: revocation lists, status of certificates (OCSP), authorities."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp

from conformance.bench.clock import now
from conformance.bench.pki import AUTHORITIES, Identity, Pki, Spots
from conformance.bench.service import Reply, Site
from conformance.errors import InternalError
from conformance.evidence.values import Fact
from conformance.services.web import WebCall, WebService

_CHOICES = {
    "crl": ("current", "unreachable", "expired", "revokes"),
    "ocsp": ("good", "revoked", "unreachable"),
}


class IgcService(WebService):
    """Plain HTTP, GET and POST. `/CRL/<authority>.crl`, `/AC/<authority>.cer`, `/AC/chain.p7b`, `/OCSP`.

    Knobs: `crl` is `current`, `unreachable` (503), `expired` (was to be renewed yesterday) or `revokes` (the operator's
    usual certificate is on it too); `ocsp` is `good` (what the PKI says), `revoked` or `unreachable`. Each fetch is an
    exchange: facts `event` (`crl`, `ocsp`, `authority`), `authority`, and for OCSP the `serial` and the `answer`.
    """

    name: ClassVar[str] = "igc"
    channel: ClassVar[str] = "igc"
    scheme: ClassVar[str] = "http"
    protocol: ClassVar[str] = "igc"
    largest_body: ClassVar[int] = 64 * 1024
    knobs: ClassVar[Mapping[str, str]] = MappingProxyType({"crl": "current", "ocsp": "good"})

    async def listen(self, site: Site) -> tuple[str, int]:
        self._pki = site.pki or Pki.generate()
        host, port = await super().listen(site)
        shown = f"[{host}]" if ":" in host else host
        self._pki.spots = Spots((site.advertise or f"http://{shown}:{port}").rstrip("/"))
        return host, port

    def configure(self, settings: Mapping[str, str]) -> None:
        super().configure(settings)
        for key, allowed in _CHOICES.items():
            if self.settings[key] not in allowed:
                raise InternalError("bench.unknown-setting", where=self.name, key=f"{self.name}.{key}")

    def event(self, method: str, path: str) -> str:
        return _asked(path)[0]

    def about(self, call: WebCall) -> Mapping[str, Fact]:
        event, authority = _asked(call.path)
        if event == "ocsp":
            request = _request(call)
            return {"serial": f"{request.serial_number:X}" if request else ""}
        return {"authority": authority}

    async def serve(self, call: WebCall) -> Reply:
        event, authority = _asked(call.path)
        if event == "crl":
            return self._crl(authority)
        if event == "ocsp":
            return self._ocsp(call)
        if authority == "chain":
            chain = [self._pki.authority(name).certificate for name in AUTHORITIES]
            return Reply(
                pkcs7.serialize_certificates(chain, Encoding.DER), content_type="application/x-pkcs7-certificates"
            )
        certificate = self._pki.authority(authority).certificate
        return Reply(certificate.public_bytes(Encoding.DER), content_type="application/pkix-cert")

    def _crl(self, authority: str) -> Reply:
        mode = self.settings["crl"]
        facts: Mapping[str, Fact] = {"crl": mode}
        if mode == "unreachable":
            return Reply(b"", 503, facts=facts)
        also = self._pki.operator_serials("valid") if mode == "revokes" else ()
        body = self._pki.crl(authority, also=also, expired=mode == "expired")
        return Reply(body, content_type="application/pkix-crl", facts=facts)

    def _ocsp(self, call: WebCall) -> Reply:
        mode = self.settings["ocsp"]
        facts: dict[str, Fact] = {"ocsp": mode}
        if mode == "unreachable":
            return Reply(b"", 503, facts=facts)
        request = _request(call)
        if request is None:
            unread = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
            return Reply(unread.public_bytes(Encoding.DER), content_type="application/ocsp-response", facts=facts)
        issuer = self._issuer(request)
        facts["serial"] = f"{request.serial_number:X}"
        if issuer is None:
            unknown = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
            return Reply(unknown.public_bytes(Encoding.DER), content_type="application/ocsp-response", facts=facts)
        revoked = self._pki.revoked(request.serial_number)
        if mode == "revoked":
            revoked = revoked or now() - timedelta(hours=1)
        facts["answer"] = "revoked" if revoked else "good"
        at = now()
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=at - timedelta(minutes=5),
            next_update=at + timedelta(hours=12),
            revocation_time=revoked,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer.certificate)
        try:
            nonce = request.extensions.get_extension_for_class(x509.OCSPNonce)
            builder = builder.add_extension(x509.OCSPNonce(nonce.value.nonce), critical=False)
        except x509.ExtensionNotFound:
            pass
        body = builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
        return Reply(body, content_type="application/ocsp-response", facts=facts)

    def _issuer(self, request: ocsp.OCSPRequest) -> Identity | None:
        """The authority a request speaks of, None when it is none of ours."""
        for name in AUTHORITIES:
            identity = self._pki.authority(name)
            digest = hashes.Hash(request.hash_algorithm)
            digest.update(identity.certificate.subject.public_bytes())
            if digest.finalize() == request.issuer_name_hash:
                return identity
        return None


def _asked(path: str) -> tuple[str, str]:
    """What a path asks for (`crl`, `ocsp`, `authority`, or nothing), and of which authority."""
    folder, _, file = path.lstrip("/").partition("/")
    name, _, end = file.rpartition(".")
    if folder == "OCSP":
        return "ocsp", ""
    if folder == "CRL" and end == "crl" and name in AUTHORITIES:
        return "crl", name
    if folder == "AC" and ((end == "cer" and name in AUTHORITIES) or file == "chain.p7b"):
        return "authority", name
    return "", ""


def _request(call: WebCall) -> ocsp.OCSPRequest | None:
    """The OCSP request of a POST, or of the path of a GET (RFC 6960 A.1); None when it is none."""
    body = call.body
    try:
        if not body:
            body = base64.b64decode(unquote(call.path.lstrip("/").partition("/")[2]), validate=True)
        return ocsp.load_der_ocsp_request(body)
    except (ValueError, binascii.Error):
        return None
