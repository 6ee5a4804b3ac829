"""Findings on the body of an unstructured document (N1): announced type, Base64, and for a PDF its claims."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.cda.reader import Body

CODES = table(__package__)

MEDIA_TYPES = frozenset({"application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"})
ROOT = "ClinicalDocument"


def judge_body(body: Body) -> Iterator[Finding]:
    """The findings of the body of an N1: announced type, Base64, and for a PDF its first bytes and PDF/A-1 claim."""
    path = f"{ROOT}/component/nonXMLBody/text"
    if body.null or not body.text:
        yield CODES.finding("cda.body.empty", path, seen=body.null)
        return
    if body.representation != "B64":
        yield CODES.finding("cda.body.representation", path, seen=body.representation, expected="B64")
        return
    if body.media_type not in MEDIA_TYPES:
        yield CODES.finding("cda.body.media-type", path, seen=body.media_type, expected=" ".join(sorted(MEDIA_TYPES)))
    try:
        data = body.data
    except Malformed as error:
        yield CODES.finding(error.code, error.path, seen=error.seen)
        return
    if body.media_type != "application/pdf":
        return
    if not data.startswith(b"%PDF-"):
        yield CODES.finding("cda.body.pdf", path, seen=data[:8].hex(" "))
    elif pdf_a_part(data) != "1":
        yield CODES.finding("cda.body.pdf-a", path, seen=pdf_a_part(data), expected="1")


_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*([0-9])")


def pdf_a_part(data: bytes) -> str:
    """The part of PDF/A that the XMP of a PDF claims (`1`, `2`...), empty when it claims none that can be read.

    XMP packets of PDF/A stand uncompressed (ISO 19005-1, 6.7.2), in UTF-8 as a rule, in UTF-16 sometimes.
    """
    match = _PART.search(data) or _PART.search(data.replace(b"\x00", b""))
    return match[1].decode() if match else ""
