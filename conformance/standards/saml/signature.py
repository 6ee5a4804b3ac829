"""Verifying the signature of an assertion against the certificate it carries.

Integrity only: never a chain, never trust (XML Signature 1.1; SAML 2.0 core, 5).
"""

from __future__ import annotations

import binascii
import hashlib
from copy import deepcopy
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from conformance.standards.saml.syntax import ASSERTION, DS, SIGNATURE
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

_METHODS = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
LIMIT_CERTIFICATE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as found on an assertion.

    `intact` is true when it covers this very assertion and matches the certificate beside it; `reason` says why not
    (`algorithm`, `certificate`, `coverage`, `digest`). `method` and `digest` are algorithm URIs as written, `sha1`
    tells that either uses SHA-1. `subject`, `serial` and the validity (ISO 8601, UTC, never judged here) come from the
    certificate, `sha256` is its fingerprint.
    """

    intact: bool
    reason: str
    method: str
    digest: str
    sha1: bool
    subject: str = ""
    serial: str = ""
    sha256: str = ""
    not_before: str = ""
    not_after: str = ""


def verify(assertion: Element, *, allow_sha1: bool = True) -> Signature | None:
    """The signature of an assertion, verified; None when it has none. Never raises on what the assertion holds."""
    found = assertion.find(SIGNATURE)
    if found is None:
        return None
    method = _uri(found, "SignatureMethod")
    digest = _uri(found, "DigestMethod")
    sha1 = method.endswith("sha1") or digest.endswith("sha1")
    certificate = _certificate(found)
    if certificate is None:
        return Signature(False, "certificate", method, digest, sha1)
    reason = _check(assertion, certificate, allow_sha1=allow_sha1)
    return Signature(
        intact=not reason,
        reason=reason,
        method=method,
        digest=digest,
        sha1=sha1,
        subject=certificate.subject.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        not_before=certificate.not_valid_before_utc.isoformat(),
        not_after=certificate.not_valid_after_utc.isoformat(),
    )


def _uri(signature: Element, name: str) -> str:
    found = next(signature.iter(f"{{{DS}}}{name}"), None)
    return "" if found is None else found.get("Algorithm", "")


def _certificate(signature: Element) -> x509.Certificate | None:
    """The first certificate of KeyInfo, None when absent or unreadable."""
    held = signature.find(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    data = "".join(xml.text(held).split())
    if not data or len(data) > LIMIT_CERTIFICATE:
        return None
    try:
        return x509.load_der_x509_certificate(binascii.a2b_base64(data.encode("ascii", "replace"), strict_mode=True))
    except ValueError:  # binascii.Error is one too
        return None


def _check(assertion: Element, certificate: x509.Certificate, *, allow_sha1: bool) -> str:
    alone = deepcopy(assertion)  # exclusive canonicalisation does not see the envelope around it
    methods = _METHODS | {SignatureMethod.RSA_SHA1} if allow_sha1 else _METHODS
    digests = _DIGESTS | {DigestAlgorithm.SHA1} if allow_sha1 else _DIGESTS
    expected = SignatureConfiguration(
        require_x509=True,
        location="./",
        expect_references=1,
        signature_methods=frozenset(methods),
        digest_algorithms=frozenset(digests),
        verification_time=certificate.not_valid_before_utc,  # expiry is for the judge, who knows the day
    )
    try:
        result = XMLVerifier().verify(alone, x509_cert=certificate, expect_config=expected, id_attribute="ID")
    except SignXMLException as error:
        return "algorithm" if "forbidden by configuration" in str(error) else "digest"
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        NotImplementedError,
        UnsupportedAlgorithm,
        etree.LxmlError,
    ):
        return "digest"  # a signature so broken that the library cannot read it
    signed = result[0].signed_xml if isinstance(result, list) else result.signed_xml
    if signed is None or signed.tag != ASSERTION or signed.get("ID") != assertion.get("ID"):
        return "coverage"
    return ""
