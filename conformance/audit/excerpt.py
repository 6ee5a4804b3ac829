"""A message made fit to be shown: one segment or element a line, long Base64 elided, bounded."""

from __future__ import annotations

import json
import quopri
import re
from collections.abc import Iterator, Mapping

from lxml import etree

from conformance.audit.model import Excerpt
from conformance.errors import Malformed
from conformance.evidence.values import NOTHING, Fact
from conformance.standards.hl7v2 import syntax
from conformance.standards.mail.syntax import decode_words
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
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{1,998}={0,2}")
_QUOTED = re.compile(r"(?i)content-transfer-encoding[ \t]*:[ \t]*quoted-printable[ \t]*")
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,70}[ \t]*:")
_MAIL = re.compile(rb"^(?:From|Date|Message-ID|Received|MIME-Version)[ \t]*:", re.M | re.I)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def elide(text: str) -> str:
    """A text with its long Base64 runs shortened to `first 24 characters…[length]`; delimiters never move."""
    return _BASE64.sub(lambda m: f"{m[0][:24]}…[{len(m[0])}]", text)


def visible(text: str) -> str:
    """A text without what XML refuses, control characters nor writing-direction marks, each shown as U+FFFD."""
    return _CONTROLS.sub("\ufffd", text)


def excerpt(exchange: str, channel: str, direction: str, body: bytes, facts: Mapping[str, Fact] = NOTHING) -> Excerpt:
    """What to show of an exchange, whatever its bytes are; without a body, what its connection told."""
    data = body[:BYTES]
    kind, lines = _read(data) if data else ("facts", _facts(facts))
    shown = [visible(elide(line))[:LINE_CHARACTERS] for line in lines[:LINES]]
    return Excerpt(exchange, channel, direction, kind, tuple(shown), cut=len(lines) > LINES or len(body) > BYTES)


def _read(data: bytes) -> tuple[str, list[str]]:
    """The kind of a body and its lines."""
    if data.lstrip(b"\x0b").startswith(b"MSH"):
        return "hl7v2", _segments(data.lstrip(b"\x0b"))
    if data.lstrip()[:1] in (b"{", b"[") and (pretty := _json(data)) is not None:
        return "json", pretty
    if _HEADER.match(data) and _MAIL.search(data[: data.find(b"\r\n\r\n") + 2]):
        return "mail", list(_mail(data.decode("utf-8", "replace")))
    start = data.find(b"<?xml", 0, 4096)
    if start < 0:
        start = data.find(b"<", data.find(b"\r\n\r\n", 0, 4096) + 1, 8192)
    if start >= 0 and (tree := _xml(data[start:])) is not None:
        return "xml", tree
    return "text", data.decode("utf-8", "replace").splitlines()


def _facts(facts: Mapping[str, Fact]) -> list[str]:
    return [f"{name}: {'' if value is None else value}" for name, value in sorted(facts.items())]


def _json(data: bytes) -> list[str] | None:
    try:
        return json.dumps(json.loads(data), ensure_ascii=False, indent=2).splitlines()
    except (ValueError, RecursionError):
        return None


def _mail(text: str) -> Iterator[str]:
    """The lines of a mail: encoded words also in clear after their field, quoted-printable decoded, Base64 folded."""
    field: list[str] = []
    run: list[str] = []
    heads, printable = True, False
    for line in [*text.splitlines(), "--"]:
        if heads:
            if line[:1] not in (" ", "\t"):
                yield from _clear(field)
                printable |= _QUOTED.fullmatch("".join(field)) is not None
                field = []
                heads = line != ""
            field.append(line)
            if not heads:
                yield field.pop()
            continue
        if line.startswith("--") or (not printable and not _BASE64_LINE.fullmatch(line)):
            yield from _decoded(run) if printable else _folded(run)
            run = []
            heads, printable = line.startswith("--"), printable and not line.startswith("--")
            if heads:
                field = [line]
            else:
                yield line
        else:
            run.append(line)


def _clear(field: list[str]) -> list[str]:
    whole = "".join(field)
    clear = decode_words(whole) if "=?" in whole else whole
    return field if clear == whole else [*field[:-1], f"{field[-1]}  ← {clear}"]


def _decoded(run: list[str]) -> list[str]:
    return quopri.decodestring("\n".join(run).encode()).decode("utf-8", "replace").splitlines()


def _folded(run: list[str]) -> list[str]:
    if len(run) < 3:
        return run
    return [f"{run[0][:24]}…[{sum(len(line) for line in run)}]"]


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
