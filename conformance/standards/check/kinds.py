"""What bytes are, told from the bytes alone: names and declared types lie."""

from __future__ import annotations

import re
from enum import StrEnum

from conformance.standards.check.messages import starts_message

HEAD = 65_536
"""Bytes looked at to tell a kind."""


class Kind(StrEnum):
    """The kinds that the check tells apart."""

    EMPTY = "empty"
    CDA = "cda"
    XML = "xml"
    HTML = "html"
    HL7 = "hl7v2"
    ZIP = "zip"
    GZIP = "gzip"
    TAR = "tar"
    MAIL = "mail"
    SMIME = "smime"
    PDF = "pdf"
    IMAGE = "image"
    TEST_VIRUS = "test-virus"
    UNKNOWN = "unknown"


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF-", Kind.PDF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PK\x07\x08", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
)
_IMAGES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*", "tiff"),
    (b"MM", "tiff"),
)
_TEST_VIRUS = b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!"
# signedData, envelopedData: object identifiers of PKCS #7 near the start of a DER file (RFC 5652)
_SMIME = re.compile(rb"0[\x80-\x84].{0,6}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x02\x03\x06]", re.S)

_FIELD = re.compile(rb"([!-9;-~]{1,76}):[ \t]?[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z)")
_MAIL_FIELDS = frozenset(
    b"from to cc subject date message-id mime-version received return-path content-type dkim-signature reply-to"
    b" delivered-to sender in-reply-to references content-transfer-encoding disposition-notification-to".split()
)

_SKIPPED = re.compile(
    r"\s*(?:<\?(?:(?!\?>)[\s\S])*\?>|<!--(?:(?!-->)[\s\S])*-->|<!DOCTYPE[^<>\[]*(?:\[[^\]]*\]\s*)?>|\s)*", re.I
)
_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_MARKUP = re.compile(r"\s*<[?!A-Za-z_:]")
_DOCUMENT = re.compile(r"<(?:[\w.-]+:)?ClinicalDocument\b")
_ENCODING = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]{1,40})")


def decoded_head(data: bytes, size: int = HEAD) -> str:
    """The beginning of a text, by its byte order mark, else by what its XML declaration says, else as UTF-8."""
    head = data[:size]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) & ~1].decode("utf-16", "replace")
    if head[:2] == b"<\x00":
        return head.decode("utf-16-le", "replace")
    if head[:2] == b"\x00<":
        return head.decode("utf-16-be", "replace")
    return head.decode(encoding_of(head), "replace").removeprefix("\ufeff")


def encoding_of(data: bytes) -> str:
    """A Python codec for the text of a document: what its XML declaration says when we know it, else UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    said = _ENCODING.match(data[:200].removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    name = said[1].lower() if said else "utf-8"
    return name if name in ("iso-8859-1", "iso-8859-15", "windows-1252", "us-ascii") else "utf-8"


def sniff(data: bytes) -> Kind:
    """What some bytes are. A document that only looks like a kind is of that kind: its reader says what is wrong."""
    if not data:
        return Kind.EMPTY
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[257:262] == b"ustar":
        return Kind.TAR
    if _SMIME.match(data[:40]):
        return Kind.SMIME
    if starts_message(data[:HEAD], first=True):
        return Kind.HL7
    head = decoded_head(data)
    if _MARKUP.match(head):
        return _markup(head, data)
    if _is_mail(data):
        return Kind.MAIL
    if starts_message(data):
        return Kind.HL7
    if b"%PDF-" in data[:1024]:
        return Kind.PDF
    if _TEST_VIRUS in data[:200]:
        return Kind.TEST_VIRUS
    return Kind.UNKNOWN


def image_type(data: bytes) -> str:
    """`png`, `jpeg` or `tiff`; empty for anything else."""
    return next((name for magic, name in _IMAGES if data.startswith(magic)), "")


def root_name(data: bytes) -> str:
    """The local name of the root element as far as the beginning shows it; empty when it does not."""
    head = decoded_head(data)
    skipped = _SKIPPED.match(head)
    tag = _TAG.match(head, skipped.end() if skipped else 0)
    return tag[1] if tag else ""


def _markup(head: str, data: bytes) -> Kind:
    name = root_name(data)
    if name == "ClinicalDocument" or (not name and _DOCUMENT.search(head)):
        return Kind.CDA
    if name.lower() == "html" or re.match(r"\s*<!doctype\s+html", head, re.I):
        return Kind.HTML
    # An auto-presentable document: the CDA stands somewhere inside its own style sheet.
    if name in ("stylesheet", "transform") and (b"ClinicalDocument" in data or "ClinicalDocument" in head):
        return Kind.CDA
    return Kind.XML


def _is_mail(data: bytes) -> bool:
    """Header fields from the first byte on, at least two of which are of RFC 5322, then an empty line or the end."""
    if data.startswith(b"From "):  # mbox, one message
        data = data[data.find(b"\n") + 1 :]
    at, known = 0, set()
    head = data[:HEAD]
    while (field := _FIELD.match(head, at)) is not None:
        name = field[1].lower()
        if name in _MAIL_FIELDS:
            known.add(name)
        at = field.end()
    ended = at >= len(head) or head[at : at + 2].startswith((b"\n", b"\r\n"))
    return len(known) >= 2 and ended
