"""SOAP 1.2 and MTOM bytes <-> parts, envelope, addressing. No table of the DMP, no rule.

Sources: W3C SOAP 1.2 part 1, WS-Addressing 1.0, MTOM, XOP; RFC 2046 5.1 and RFC 2387 for multipart/related.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from conformance.errors import Malformed
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
XOP = "http://www.w3.org/2004/08/xop/include"
ANONYMOUS = WSA + "/anonymous"

LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_PARTS = 64
LIMIT_HEADERS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart/related entity: its headers (lower-case names) and its bytes, exactly as sent."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def content_id(self) -> str:
        """The Content-ID without its angle brackets, empty when absent."""
        return self.headers.get("content-id", "").strip().removeprefix("<").removesuffix(">")


@dataclass(frozen=True, slots=True)
class Package:
    """An HTTP entity taken apart: the bytes of the root XML, and the other parts by Content-ID.

    `mtom` is false when the entity was plain XML (then there are no parts).
    """

    root: bytes
    parts: Mapping[str, Part]
    mtom: bool


@dataclass(frozen=True, slots=True)
class Addressing:
    """The WS-Addressing headers of a message; empty texts when absent."""

    action: str = ""
    message_id: str = ""
    to: str = ""
    relates_to: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SOAP message: `body` is the first element of soap:Body, `security` is wsse:Security, `parts` the MTOM parts.

    `version` is `1.2` or `1.1`, told from the namespace of the envelope.
    """

    version: str
    addressing: Addressing
    security: Element | None
    body: Element
    parts: Mapping[str, Part] = field(default_factory=dict)
    mtom: bool = False


def _content_type(value: str) -> tuple[str, dict[str, str]]:
    """Media type (lower case) and parameters (lower-case names) of a Content-Type value (RFC 2045 5.1)."""
    message = Message()
    message["content-type"] = value.replace("\r", " ").replace("\n", " ")
    parameters = message.get_params(failobj=[], unquote=True)
    if not parameters:
        return "", {}
    return parameters[0][0].strip().lower(), {k.lower(): v for k, v in parameters[1:] if isinstance(v, str)}


def unpack(entity: bytes, content_type: str, *, limit: int = LIMIT_BYTES) -> Package:
    """Take an HTTP entity apart: MTOM (multipart/related) or plain XML.

    Bodies are slices of the entity, never decoded but for a Content-Transfer-Encoding of base64. Raises Malformed:
    `xds.syntax.too-big`, `xds.syntax.multipart` (no boundary, no closing delimiter, a part without a blank line,
    two parts of one Content-ID, no root part).
    """
    if len(entity) > limit:
        raise Malformed("xds.syntax.too-big", "entity", f"{len(entity)} bytes")
    media, parameters = _content_type(content_type)
    if not media.startswith("multipart/"):
        return Package(entity, {}, False)
    boundary = parameters.get("boundary", "")
    if not boundary or len(boundary) > 200:
        raise Malformed("xds.syntax.multipart", "content-type", content_type[:200])
    parts = _parts(entity, boundary)
    start = parameters.get("start", "").strip().removeprefix("<").removesuffix(">")
    root = next((p for p in parts if p.content_id == start), None) if start else parts[0]
    if root is None:
        raise Malformed("xds.syntax.multipart", "start", start[:200])
    named: dict[str, Part] = {}
    for part in parts:
        if part is root:
            continue
        if part.content_id in named:
            raise Malformed("xds.syntax.multipart", "content-id", part.content_id[:200])
        named[part.content_id] = part
    return Package(root.body, named, True)


def _parts(entity: bytes, boundary: str) -> list[Part]:
    try:
        delimiter = b"--" + boundary.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed("xds.syntax.multipart", "boundary", boundary[:100]) from None
    # A delimiter stands at the start of a line; blanks may follow it (RFC 2046 5.1.1).
    line = re.compile(rb"(?:\A|\r?\n)" + re.escape(delimiter) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found: list[Part] = []
    begin: int | None = None
    for match in line.finditer(entity):
        if begin is not None:
            found.append(_part(entity[begin : match.start()]))
            if len(found) > LIMIT_PARTS:
                raise Malformed("xds.syntax.too-big", "parts", f"over {LIMIT_PARTS}")
        if match[1]:
            if not found:
                raise Malformed("xds.syntax.multipart", "parts", "none")
            return found
        begin = match.end()
    raise Malformed("xds.syntax.multipart", "closing delimiter", boundary[:100])


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_HEADER = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*(.*)$")


def _part(raw: bytes) -> Part:
    end = _BLANK_LINE.search(raw, 0, LIMIT_HEADERS)
    if end is None:
        raise Malformed("xds.syntax.multipart", "part headers", raw[:80].decode("latin-1"))
    headers: dict[str, str] = {}
    for row in re.sub(r"\r?\n[ \t]+", " ", raw[: end.start()].decode("latin-1")).splitlines():
        match = _HEADER.match(row)
        if match:
            headers.setdefault(match[1].lower(), match[2].strip())
    body = raw[end.end() :]
    if headers.get("content-transfer-encoding", "").lower() == "base64":
        body = decode_base64(body, "part")
    return Part(headers, body)


_SPACES = b" \t\r\n"


def decode_base64(data: bytes, where: str) -> bytes:
    """Strict Base64 (RFC 4648), white space ignored; raises Malformed `xds.syntax.base64` otherwise."""
    compact = data.translate(None, _SPACES)
    try:
        return binascii.a2b_base64(compact, strict_mode=True)
    except binascii.Error as error:
        raise Malformed("xds.syntax.base64", where, str(error)[:100]) from None


def pack(
    root: bytes, parts: Mapping[str, tuple[str, bytes]], *, action: str = "", boundary: str = ""
) -> tuple[str, bytes]:
    """An MTOM entity: (Content-Type, bytes). `parts` is Content-ID -> (media type, bytes), sent as binary.

    `boundary` is made from the contents when not given, so that it stands in none of them.
    """
    boundary = boundary or _free_boundary([root, *(b for _, b in parts.values())])
    info = f'application/soap+xml; action="{action}"' if action else "application/soap+xml"
    quoted = info.replace('"', '\\"')
    out = [
        f"--{boundary}\r\n".encode(),
        f'Content-Type: application/xop+xml; charset=UTF-8; type="{quoted}"\r\n'.encode(),
        b"Content-Transfer-Encoding: binary\r\nContent-ID: <root@message>\r\n\r\n",
        root,
    ]
    for content_id, (media, body) in parts.items():
        out.append(
            f"\r\n--{boundary}\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{content_id}>\r\n\r\n".encode()
        )
        out.append(body)
    out.append(f"\r\n--{boundary}--\r\n".encode())
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<root@message>"; start-info="application/soap+xml"; '
        f'boundary="{boundary}"' + (f'; action="{action}"' if action else "")
    )
    return content_type, b"".join(out)


def _free_boundary(bodies: list[bytes]) -> str:
    number = 0
    while any(b"MIME-part-%d" % number in body for body in bodies):
        number += 1
    return f"MIME-part-{number}"


def parse_envelope(entity: bytes, content_type: str = "application/soap+xml", *, limit: int = LIMIT_BYTES) -> Envelope:
    """Read a SOAP message from an HTTP entity. SOAP 1.1 envelopes are read too, and told by `version`.

    Raises Malformed: all that `unpack` and the XML reader raise, `xds.syntax.envelope` when the root is no SOAP
    envelope, `xds.syntax.body` when soap:Body is missing or empty.
    """
    package = unpack(entity, content_type, limit=limit)
    root = xml.parse(package.root, limit=limit)
    versions = {f"{{{SOAP12}}}Envelope": "1.2", f"{{{SOAP11}}}Envelope": "1.1"}
    if root.tag not in versions:
        raise Malformed("xds.syntax.envelope", "/", str(root.tag)[:200])
    space = xml.namespace(root)
    header = root.find(f"{{{space}}}Header")
    body = root.find(f"{{{space}}}Body")
    first = next(xml.children(body), None) if body is not None else None
    if first is None:
        raise Malformed("xds.syntax.body", "/Envelope/Body", "")
    security = header.find(f"{{{WSSE}}}Security") if header is not None else None
    return Envelope(versions[root.tag], _addressing(header), security, first, package.parts, package.mtom)


def _addressing(header: Element | None) -> Addressing:
    if header is None:
        return Addressing()

    def value(name: str, inner: str | None = None) -> str:
        found = header.find(f"{{{WSA}}}{name}")
        return xml.text(found if inner is None or found is None else found.find(f"{{{WSA}}}{inner}"))

    return Addressing(
        action=value("Action"),
        message_id=value("MessageID"),
        to=value("To"),
        relates_to=value("RelatesTo"),
        reply_to=value("ReplyTo", "Address"),
    )


def binary(element: Element, parts: Mapping[str, Part]) -> bytes:
    """The bytes an element carries: through its xop:Include (`cid:` href, percent-decoded) or as inline Base64.

    Raises Malformed `xds.syntax.xop` when the part is missing or the href is no cid, `xds.syntax.base64`.
    """
    include = element.find(f"{{{XOP}}}Include")
    if include is None:
        return decode_base64(xml.text(element).encode("ascii", "replace"), xml.path(element))
    href = include.get("href", "")
    part = parts.get(unquote(href.removeprefix("cid:"))) or parts.get(href.removeprefix("cid:"))
    if not href.startswith("cid:") or part is None:
        raise Malformed("xds.syntax.xop", xml.path(element), href[:200])
    return part.body


def include(content_id: str) -> str:
    """The xop:Include element that stands for a part."""
    return f'<xop:Include xmlns:xop="{XOP}" href={quoteattr("cid:" + content_id)}/>'


def build_envelope(body: bytes, addressing: Addressing, *, security: bytes = b"") -> bytes:
    """A SOAP 1.2 envelope in UTF-8 around serialised XML (no XML declaration in `body` or `security`).

    `security` is the serialised content of wsse:Security (an assertion); the header is left out when it is empty.
    Empty addressing fields are left out, `To` excepted.
    """
    rows = [f'<wsa:Action soap:mustUnderstand="true">{escape(addressing.action)}</wsa:Action>']
    if addressing.message_id:
        rows.append(f"<wsa:MessageID>{escape(addressing.message_id)}</wsa:MessageID>")
    rows.append(f"<wsa:To>{escape(addressing.to or ANONYMOUS)}</wsa:To>")
    if addressing.reply_to:
        rows.append(f"<wsa:ReplyTo><wsa:Address>{escape(addressing.reply_to)}</wsa:Address></wsa:ReplyTo>")
    if addressing.relates_to:
        rows.append(f"<wsa:RelatesTo>{escape(addressing.relates_to)}</wsa:RelatesTo>")
    header = "".join(rows).encode()
    if security:
        header += b'<wsse:Security xmlns:wsse="' + WSSE.encode() + b'">' + security + b"</wsse:Security>"
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            f'<soap:Envelope xmlns:soap="{SOAP12}"><soap:Header xmlns:wsa="{WSA}">'.encode(),
            header,
            b"</soap:Header><soap:Body>",
            body,
            b"</soap:Body></soap:Envelope>",
        )
    )
