"""A message made fit to be shown: one segment or element a line, long Base64 elided, bounded."""

from __future__ import annotations

import re

from lxml import etree

from conformance.audit.model import Excerpt
from conformance.errors import Malformed
from conformance.standards.hl7v2 import syntax
from conformance.standards.xds import constants
from conformance.standards.xml import syntax as xml

LINES = 400
METADATA = {
    "confidentialityCode": constants.ENTRY_SCHEMES["confidentiality_codes"],
    "typeCode": constants.ENTRY_SCHEMES["type_code"],
    "formatCode": constants.ENTRY_SCHEMES["format_code"],
    "classCode": constants.ENTRY_SCHEMES["class_code"],
    "patientId (DocumentEntry)": constants.ENTRY_IDENTIFIERS["patient_id"],
    "uniqueId (DocumentEntry)": constants.ENTRY_IDENTIFIERS["unique_id"],
    "patientId (SubmissionSet)": constants.SET_IDENTIFIERS["patient_id"],
    "uniqueId (SubmissionSet)": constants.SET_IDENTIFIERS["unique_id"],
}
"""Names written beside the UUIDs of ebRIM, which nobody knows by heart."""
LINE_CHARACTERS = 1500
BYTES = 4 * 1024 * 1024  # a larger body is shown by its beginning

_BASE64 = re.compile(r"[A-Za-z0-9+/]{96,}={0,2}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def elide(text: str) -> str:
    """A text with its long Base64 runs shortened to `first 24 characters…[length]`; delimiters never move."""
    return _BASE64.sub(lambda m: f"{m[0][:24]}…[{len(m[0])}]", text)


def visible(text: str) -> str:
    """A text without what XML refuses, control characters nor writing-direction marks, each shown as U+FFFD."""
    return _CONTROLS.sub("\ufffd", text)


def excerpt(exchange: str, channel: str, direction: str, body: bytes) -> Excerpt:
    """What to show of an exchange, whatever its bytes are."""
    data = body[:BYTES]
    kind, lines = "text", data.decode("utf-8", "replace").splitlines()
    start = data.find(b"<?xml", 0, 4096)
    if start < 0:
        start = data.find(b"<", data.find(b"\r\n\r\n", 0, 4096) + 1, 8192)
    if data.lstrip(b"\x0b").startswith(b"MSH"):
        kind, lines = "hl7v2", _segments(data.lstrip(b"\x0b"))
    elif start >= 0 and (tree := _xml(data[start:])) is not None:
        kind, lines = "xml", tree
    shown = [visible(elide(line))[:LINE_CHARACTERS] for line in lines[:LINES]]
    return Excerpt(exchange, channel, direction, kind, tuple(shown), cut=len(lines) > LINES or len(body) > BYTES)


def _segments(data: bytes) -> list[str]:
    try:
        message = syntax.parse(data)
        charset = message.charset
    except Malformed:
        return data.decode("utf-8", "replace").splitlines()
    return [segment.raw.decode(charset, "replace") for segment in message.segments]


def _xml(data: bytes) -> list[str] | None:
    """The first XML document of a body (a MIME part may follow it), indented; None when it is not XML."""
    end = data.find(b"\r\n--")
    try:
        root = xml.parse(data if end < 0 else data[:end])
    except Malformed:
        return None
    for element in [e for e in root.iter("{*}Header", "{*}Signature") if e.getparent() is not None]:
        element[:] = []
        element.text = "…"
    etree.indent(root)
    return [_named(line.replace("&amp;", "&")) for line in etree.tostring(root, encoding="unicode").splitlines()]


def _named(line: str) -> str:
    """A line of ebRIM with the name of the metadata beside the UUID that stands for it."""
    for name, scheme in METADATA.items():
        if scheme in line:
            return f"{line}  ← {name}"
    return line
