"""Facts of the certificate of a signature, and whether a chain leads to given anchors. Nothing is fetched.

Trust is a fact of its own, apart from integrity: a signature may be intact and its signer unknown. Revocation is never
looked up here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

LIMIT_BYTES = 64 * 1024
LIMIT_CHAIN = 6

_IGC_SANTE = re.compile(r"\bIGC[- ]?SANTE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate: names (RFC 4514), serial (hexadecimal), fingerprint, validity (ISO 8601, UTC).

    `igc_sante` tells that its issuer calls itself an authority of IGC-Santé: a claim, not a proof. `trusted` is None
    when no anchor was given, else whether a chain of signatures leads to one at the moment asked.
    """

    subject: str
    issuer: str
    serial: str
    sha256: str
    not_before: str
    not_after: str
    igc_sante: bool
    trusted: bool | None = None


def load(der: bytes) -> x509.Certificate | None:
    """A certificate from DER, None when it cannot be read."""
    if not der or len(der) > LIMIT_BYTES:
        return None
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def facts(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate] = (),
    *,
    anchors: Iterable[x509.Certificate] = (),
    moment: datetime | None = None,
) -> Certificate:
    """The facts of a certificate; `others` may stand between it and the anchors, `moment` is when it signed."""
    roots = tuple(anchors)
    at = moment or certificate.not_valid_before_utc
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        not_before=certificate.not_valid_before_utc.isoformat(),
        not_after=certificate.not_valid_after_utc.isoformat(),
        igc_sante=_IGC_SANTE.search(certificate.issuer.rfc4514_string()) is not None,
        trusted=_leads(certificate, tuple(others), roots, at) if roots else None,
    )


def _leads(
    certificate: x509.Certificate,
    others: tuple[x509.Certificate, ...],
    anchors: tuple[x509.Certificate, ...],
    moment: datetime,
) -> bool:
    """True when each certificate, valid at the moment, is signed by the next up to an anchor (RFC 5280, 6)."""
    current = certificate
    for _ in range(LIMIT_CHAIN):
        if not current.not_valid_before_utc <= moment <= current.not_valid_after_utc:
            return False
        if current in anchors:
            return True
        above = next((c for c in (*anchors, *others[:50]) if c != current and _issued(current, c)), None)
        if above is None:
            return False
        current = above
    return False


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        constraints = above.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca:
            return False
        below.verify_directly_issued_by(above)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
