"""The signatures of a PDF (PAdES, ETSI EN 319 142-1): integrity, what they cover, who signed. Offline.

Integrity and trust are apart: see `standards/certificates.py`. Signing a PDF/A-1 with most tools breaks PDF/A-1.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from cryptography import x509

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards import certificates
from conformance.standards.certificates import Certificate
from conformance.standards.pdf import bounds

CODES = table(__package__)

LIMIT_SIGNATURES = 50
_LIBRARY = "pyhanko.sign.validation"


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature: its field, whether the bytes it covers are those signed and by its certificate.

    `covers_all` is true when nothing follows what it covers, or when only allowed updates do (`updates` says which:
    `none`, `lta_updates`, `form_filling`, `annotations`, `other`). `time` is the moment the signer says (ISO 8601),
    never proved here. `reason` says why it could not be verified.
    """

    field: str
    intact: bool
    covers_all: bool
    updates: str
    time: str
    certificate: Certificate | None
    reason: str = ""


def available() -> bool:
    """True when the library of signatures is installed (extra `sign`)."""
    return find_spec("pyhanko") is not None


def verify(
    data: bytes, *, anchors: Iterable[x509.Certificate] = (), moment: datetime | None = None
) -> tuple[PdfSignature, ...]:
    """Every signature of a PDF, verified offline; empty when it has none.

    `anchors` are the certificates trusted, `moment` when trust is judged (the time the signer says, by default).
    Raises Malformed as `bounds.opened` does, `pdf.signature.unreadable` when the signatures cannot be listed;
    SetupError without the library.
    """
    bounds.checked(data)
    library = bounds.library(_LIBRARY, "sign")
    reader = bounds.library("pyhanko.pdf_utils.reader", "sign")
    # Signers that no anchor covers are told as a fact: the library need not shout about them.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    roots = tuple(anchors)
    try:
        held = list(reader.PdfFileReader(io.BytesIO(data), strict=False).embedded_signatures)[:LIMIT_SIGNATURES]
    except Exception as error:  # noqa: BLE001 - hostile structure: the library has many ways to give up
        raise Malformed("pdf.signature.unreadable", "AcroForm", f"{type(error).__name__} {error}"[:200]) from None
    return tuple(_verified(library, signature, roots, moment) for signature in held)


def _verified(
    library: Any, signature: Any, anchors: tuple[x509.Certificate, ...], moment: datetime | None
) -> PdfSignature:
    field = str(getattr(signature, "field_name", ""))
    try:
        signer = certificates.load(signature.signer_cert.dump())
        others = [c for held in signature.other_embedded_certs if (c := certificates.load(held.dump())) is not None]
        context = bounds.library("pyhanko_certvalidator", "sign").ValidationContext(
            trust_roots=[],
            allow_fetching=False,
            revocation_mode="soft-fail",
            moment=signer.not_valid_before_utc if signer else None,
        )
        status = library.validate_pdf_signature(signature, context)
    except Exception as error:  # noqa: BLE001 - a signature so broken that it cannot be read is not intact
        return PdfSignature(field, False, False, "", "", None, reason=f"{type(error).__name__} {error}"[:200])
    reported = status.signer_reported_dt
    at = moment or reported
    level = getattr(status.modification_level, "name", "other").lower()
    return PdfSignature(
        field=field,
        intact=bool(status.intact and status.valid),
        covers_all=status.coverage.name == "ENTIRE_FILE" or (bool(status.docmdp_ok) and level != "other"),
        updates=level,
        time=reported.isoformat() if reported else "",
        certificate=certificates.facts(signer, others, anchors=anchors, moment=at) if signer else None,
    )


def judge(
    data: bytes, *, anchors: Iterable[x509.Certificate] = (), moment: datetime | None = None
) -> Iterator[Finding]:
    """The findings on the signatures of a PDF (DOC/va1.32); none when it has none. As `verify` for what it raises."""
    try:
        found = verify(data, anchors=anchors, moment=moment)
    except Malformed as error:
        yield CODES.finding(error.code, error.path, seen=error.seen)
        return
    for signature in found:
        where = f"signature {signature.field}".strip()
        if not signature.intact:
            yield CODES.finding("pdf.signature.altered", where, seen=signature.reason)
        elif not signature.covers_all:
            yield CODES.finding("pdf.signature.partial", where, seen=signature.updates)
        if signature.certificate is None:
            continue
        if not signature.certificate.igc_sante:
            yield CODES.finding("pdf.signature.issuer", where, seen=signature.certificate.issuer)
        if signature.certificate.trusted is False:
            yield CODES.finding("pdf.signature.untrusted", where, seen=signature.certificate.subject)
