"""CDA R2 bytes <-> tree. No table, no rule: the document element, its namespace, embedded data."""

from __future__ import annotations

import binascii

from conformance.errors import Malformed
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

HL7 = "urn:hl7-org:v3"
SDTC = "urn:hl7-org:sdtc"
XSI = xml.XSI
XSL = "http://www.w3.org/1999/XSL/Transform"

LIMIT_BYTES = xml.LIMIT_BYTES
DOCUMENT = f"{{{HL7}}}ClinicalDocument"


def tag(name: str) -> str:
    """The qualified name of a CDA element, for lxml."""
    return f"{{{HL7}}}{name}"


def parse(raw: bytes, *, limit: int = LIMIT_BYTES) -> Element:
    """The ClinicalDocument element of a CDA, also when it stands inside an auto-presentable stylesheet.

    Raises Malformed: all that the XML reader raises, `cda.syntax.root` when no ClinicalDocument of HL7 v3 is there.
    """
    root = xml.parse(raw, limit=limit)
    if root.tag == DOCUMENT:
        return root
    if xml.namespace(root) == XSL:
        inside = next(root.iter(DOCUMENT), None)
        if inside is not None:
            return inside
    raise Malformed("cda.syntax.root", "/", str(root.tag)[:200])


def decode_base64(data: str, where: str) -> bytes:
    """Strict Base64 (RFC 4648) with white space ignored; raises Malformed `cda.syntax.base64` otherwise."""
    try:
        return binascii.a2b_base64("".join(data.split()), strict_mode=True)  # no copy of what may be 60 MB
    except ValueError as error:
        raise Malformed("cda.syntax.base64", where, str(error)[:100]) from None
