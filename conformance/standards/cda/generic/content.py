"""Embedded bytes: what they are (by their first bytes), whether they are whole, whether they are what was announced."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from functools import cache

from conformance.errors import Malformed
from conformance.standards import valuesets
from conformance.standards.cda.syntax import decode_base64

N1_TYPES = frozenset({"application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"})
"""The media types of a body that is not structured (Structuration minimale, 3.7.2)."""

MEDIA_SET = "JDV_MediaType_ObservationMedia_CISIS"

_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "text/rtf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    (b"BM", "image/bmp"),
    (b"<?xml", "application/xml"),
    (b"\xef\xbb\xbf<?xml", "application/xml"),
)
_ALIKE: Mapping[str, frozenset[str]] = {
    "application/xml": frozenset({"text/xml", "text/html", "text/plain", "image/svg+xml"}),
    "application/zip": frozenset({"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}),
    "text/rtf": frozenset({"application/rtf", "text/richtext"}),
}


_PDF_A = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*([0-9])")


def pdf_a_part(data: bytes) -> str:
    """The part of PDF/A that the XMP of a PDF claims (`1`, `2`...), empty when it claims none that can be read.

    XMP packets of PDF/A stand uncompressed (ISO 19005-1, 6.7.2), in UTF-8 as a rule, in UTF-16 sometimes.
    """
    match = _PDF_A.search(data)
    if match is None and b"p\x00d\x00f\x00a\x00i\x00d" in data:
        match = _PDF_A.search(data.replace(b"\x00", b""))
    return match[1].decode() if match else ""


@cache
def media_types() -> frozenset[str]:
    """The media types of an attachment, from the value set of the CI-SIS."""
    return valuesets.get(MEDIA_SET).codes


def what(data: bytes) -> str:
    """The media type that the first bytes tell, `text/plain` for readable text, empty when nothing is recognised."""
    for head, kind in _HEADS:
        if data.startswith(head):
            return kind
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    if data[132 - 4 : 132] == b"DICM":
        return "application/dicom"
    return "text/plain" if is_text(data) else ""


def is_text(data: bytes) -> bool:
    """True when the bytes have none of the control characters that no text has."""
    return data.translate(None, b"\t\n\r\f" + bytes(range(32, 256))) == b"" and bool(data.strip())


def agrees(announced: str, seen: str) -> bool:
    """True when bytes that look like `seen` may be what `announced` says."""
    if announced == seen or announced in _ALIKE.get(seen, ()):
        return True
    # nothing is known of a sound, of a film, of an unknown form: they are not recognised by their head
    return not seen and announced.partition("/")[0] in ("audio", "video", "application", "model")


def near(announced: str, seen: str) -> bool:
    """True for two images: a viewer looks at the bytes, so the mistake does no harm."""
    return announced.startswith("image/") and seen.startswith("image/")


def _pdf(data: bytes) -> str:
    tail = data[-2048:]
    if b"%%EOF" not in tail:
        return "%%EOF"
    starts = re.findall(rb"startxref\s+(\d{1,12})", tail)
    if not starts:
        return "startxref"
    shift = data.find(b"%PDF-", 0, 1024)
    at = int(starts[-1]) + max(shift, 0)
    place = data[at : at + 40].lstrip()
    if not (place.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", place)):
        return "xref"
    return ""


def _png(data: bytes) -> str:
    return "" if b"IEND" in data[-64:] else "IEND"


def _jpeg(data: bytes) -> str:
    return "" if b"\xff\xd9" in data[-4096:] else "EOI"


def _rtf(data: bytes) -> str:
    return "" if data.rstrip(b"\x00 \r\n\t").endswith(b"}") else "}"


def _tiff(data: bytes) -> str:
    order = "little" if data[:2] == b"II" else "big"
    offset = int.from_bytes(data[4:8], order)  # type: ignore[arg-type]  # one of the two words
    return "" if 8 <= offset < len(data) - 2 else "IFD"


_WHOLE: Mapping[str, Callable[[bytes], str]] = {
    "application/pdf": _pdf,
    "image/png": _png,
    "image/jpeg": _jpeg,
    "text/rtf": _rtf,
    "image/tiff": _tiff,
}


def cut(data: bytes, kind: str) -> str:
    """What lacks at the end of a file of a kind (`%%EOF`, `xref`, `IEND`...), empty when it is whole."""
    check = _WHOLE.get(kind)
    return check(data) if check is not None else ""


def is_locked(data: bytes, kind: str) -> bool:
    """True for a PDF that a password protects: its trailer names an encryption dictionary (ISO 32000-1, 7.6)."""
    return kind == "application/pdf" and b"/Encrypt" in data[-4096:]


def is_twice(data: bytes) -> bool:
    """True for bytes that are Base64 themselves, and that hold a file once decoded again."""
    head = data[:4096].split()
    if not head or re.fullmatch(rb"[A-Za-z0-9+/=]+", b"".join(head)) is None:
        return False
    text = b"".join(head)
    try:
        again = binascii.a2b_base64(text[: len(text) // 4 * 4])
    except binascii.Error:
        return False
    return any(again.startswith(start) for start, _ in _HEADS if len(start) > 2)


def decoded(text: str) -> tuple[bytes | None, str]:
    """The bytes of a Base64 text, or None and what is wrong: `data-uri`, `empty`, `alphabet`, `length`."""
    bare = text.strip()
    if not bare:
        return None, "empty"
    if bare[:5].lower() == "data:":
        return None, "data-uri"
    try:
        return decode_base64(bare, ""), ""
    except Malformed:
        compact = "".join(bare.split())
        outside = re.search(r"[^A-Za-z0-9+/=]", compact)
        return None, "alphabet" if outside else "length"
