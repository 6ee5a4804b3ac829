"""Whether the operator's certificate is revoked, by CRL or OCSP (RFC 5280 6.3, RFC 6960).

The last CRL of each address is kept, in memory and in a folder when there is one, until its nextUpdate: it serves when
the current one cannot be fetched (MSS/CONF.22).
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from conformance.reference.mail import MailError

LIMIT = 8 * 1024 * 1024
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Revocation:
    """Checks chains by one method (`crl`, `ocsp` or `none`). Safe to use from several threads."""

    def __init__(self, method: str, *, timeout: float, folder: Path | None = None) -> None:
        self._method = method
        self._timeout = timeout
        self._folder = folder
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def check(self, chain: Sequence[x509.Certificate], *, keep: bool = True) -> None:
        """Each certificate of a chain (leaf first, root last) but the root; raises MailError `tls`.

        A certificate that names no distribution point (no responder) cannot be looked up, and is let through.
        """
        for certificate, issuer in itertools.pairwise(chain):
            if self._method == "crl":
                self._by_crl(certificate, issuer, keep)
            elif self._method == "ocsp":
                self._by_ocsp(certificate, issuer)

    def _by_crl(self, certificate: x509.Certificate, issuer: x509.Certificate, keep: bool) -> None:
        addresses = _distribution_points(certificate)
        if not addresses:
            return
        for address in addresses:
            crl = self._current(address, issuer) or (self._last(address, issuer) if keep else None)
            if crl is not None:
                if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
                    raise MailError("tls", f"the certificate {certificate.serial_number:x} is revoked")
                return
        raise MailError("tls", f"no CRL can be had from {addresses[0]}")

    def _current(self, address: str, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        data = self._get(address)
        crl = _usable(data, issuer) if data is not None else None
        if crl is not None and data is not None:
            with self._lock:
                self._kept[address] = data
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file(address).write_bytes(data)
        return crl

    def _last(self, address: str, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
        with self._lock:
            data = self._kept.get(address)
        if data is None and self._folder is not None and self._file(address).is_file():
            data = self._file(address).read_bytes()
        return _usable(data, issuer) if data is not None else None

    def _file(self, address: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:24]}.crl"

    def _get(self, address: str, body: bytes | None = None) -> bytes | None:
        if not address.startswith("http://"):
            return None
        headers = {"Content-Type": "application/ocsp-request"} if body is not None else {}
        request = urllib.request.Request(address, data=body, headers=headers)
        try:
            with OPENER.open(request, timeout=self._timeout) as response:
                data: bytes = response.read(LIMIT + 1)
        except (OSError, ValueError):
            return None
        return data if len(data) <= LIMIT else None

    def _by_ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        addresses = _responders(certificate)
        if not addresses:
            return
        request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()
        data = self._get(addresses[0], request.public_bytes(Encoding.DER))
        status = _ocsp_status(data, certificate, issuer) if data is not None else None
        if status is not ocsp.OCSPCertStatus.GOOD:
            said = status.name.lower() if status is not None else "silent"
            raise MailError("tls", f"the responder of {addresses[0]} is {said}")


def _usable(data: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList | None:
    """A CRL that this authority signed and that has not expired; DER, or PEM as some servers give."""
    try:
        load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
        crl = load(data)
        valid = crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    until = crl.next_update_utc
    return crl if valid and crl.issuer == issuer.subject and until is not None and until > datetime.now(UTC) else None


def _distribution_points(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = [n for p in points for n in (p.full_name or ()) if isinstance(n, x509.UniformResourceIdentifier)]
    return [n.value for n in names if n.value.startswith("http://")]


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        a.access_location.value
        for a in access
        if a.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(a.access_location, x509.UniformResourceIdentifier)
    ]


def _ocsp_status(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPCertStatus | None:
    """The status in an answer that the authority, or a responder it named, signed; None when it is not usable."""
    try:
        answer = ocsp.load_der_ocsp_response(data)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return None
        if answer.serial_number != certificate.serial_number:
            return None
        until = answer.next_update_utc
        if until is not None and until < datetime.now(UTC):
            return None
        signer = next((c for c in answer.certificates if _may_answer(c, issuer)), issuer)
        algorithm = answer.signature_hash_algorithm
        if algorithm is None or not _signed(signer, answer.signature, answer.tbs_response_bytes, algorithm):
            return None
        return answer.certificate_status
    except ValueError:
        return None


def _may_answer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _signed(signer: x509.Certificate, signature: bytes, data: bytes, algorithm: HashAlgorithm) -> bool:
    key = signer.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, data, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
