"""The XMP packet of a PDF: the claim of PDF/A and what must agree with the Info dictionary (ISO 19005-1, 6.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from lxml import etree

from conformance.errors import Malformed
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PDFAID = "http://www.aiim.org/pdfa/ns/id/"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
PDF = "http://ns.adobe.com/pdf/1.3/"
EXTENSION = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA = "http://www.aiim.org/pdfa/ns/schema#"

PREDEFINED = frozenset(
    {
        RDF, PDFAID, DC, XMP, PDF, EXTENSION,
        "http://www.w3.org/XML/1998/namespace",
        "http://ns.adobe.com/xap/1.0/rights/",
        "http://ns.adobe.com/xap/1.0/mm/",
        "http://ns.adobe.com/xap/1.0/bj/",
        "http://ns.adobe.com/xap/1.0/t/pg/",
        "http://ns.adobe.com/xmp/Identifier/qual/1.0/",
        "http://ns.adobe.com/photoshop/1.0/",
        "http://ns.adobe.com/tiff/1.0/",
        "http://ns.adobe.com/exif/1.0/",
    }
)  # fmt: skip
"""Namespaces of XMP 2004 and of PDF/A itself: any other must be declared by an extension schema (6.7.8, 6.7.9)."""

LIMIT_BYTES = 4 * 1024 * 1024
_PACKET = re.compile(r"<\?xpacket\s+begin=[^?]*\?>")
_DATE = re.compile(
    r"(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:T?(\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?)?)?(Z(?:00'?00'?)?|[+-]\d{2}[:']?(?:\d{2})?'?)?"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file says it is: the part (`1`) and conformance (`A`, `B`, `U`) of PDF/A, and the prefix used."""

    part: str
    conformance: str
    prefix: str = "pdfaid"

    def __str__(self) -> str:
        return f"PDF/A-{self.part}{self.conformance.lower()}"


@dataclass(frozen=True, slots=True)
class Packet:
    """An XMP packet read: its claim, simple properties by `{namespace}name`, undeclared namespaces, its header.

    `properties` holds the text of a simple value, the x-default of an alternative, the items of a list joined by
    `, `; `counts` the number of items of lists.
    """

    claim: Claim | None
    properties: dict[str, str]
    counts: dict[str, int]
    undeclared: tuple[str, ...]
    header: str


def read(data: bytes) -> Packet:
    """Read an XMP packet; raises Malformed `pdf.a.xmp` when it is not XML with an rdf:RDF."""
    if len(data) > LIMIT_BYTES:
        raise Malformed("pdf.a.xmp", "Metadata", f"{len(data)} bytes")
    text = _decoded(data)
    header = _PACKET.search(text)
    start, end = text.find("<"), text.rfind(">")
    body = re.sub(r"<\?.*?\?>", "", text[start : end + 1], flags=re.S).strip("\ufeff\x00 \r\n\t")
    try:
        root = xml.parse(body.encode("utf-8"), limit=LIMIT_BYTES)
    except Malformed as error:
        raise Malformed("pdf.a.xmp", "Metadata", f"{error.code} {error.seen}"[:200]) from None
    except etree.LxmlError as error:
        raise Malformed("pdf.a.xmp", "Metadata", str(error)[:200]) from None
    rdf = root if root.tag == f"{{{RDF}}}RDF" else next(root.iter(f"{{{RDF}}}RDF"), None)
    if rdf is None:
        raise Malformed("pdf.a.xmp", "Metadata", str(root.tag)[:100])
    properties: dict[str, str] = {}
    counts: dict[str, int] = {}
    prefix = "pdfaid"
    declared: set[str] = set()
    for description in rdf:
        if not isinstance(description.tag, str):
            continue
        for name, value in description.attrib.items():
            properties.setdefault(str(name), str(value))
            prefix = _prefix(description, str(name), prefix)
        for held in description:
            if not isinstance(held.tag, str):
                continue
            text_value, count = _value(held)
            properties.setdefault(held.tag, text_value)
            if count:
                counts[held.tag] = count
            if held.tag.startswith(f"{{{PDFAID}}}"):
                prefix = held.prefix or ""
            if held.tag.startswith(f"{{{EXTENSION}}}"):
                declared |= {xml.text(e) for e in held.iter(f"{{{SCHEMA}}}namespaceURI")}
                declared |= {v for e in held.iter() if (v := e.get(f"{{{SCHEMA}}}namespaceURI"))}
    used = {name[1:].partition("}")[0] for name in properties if name.startswith("{")}
    part, conformance = (properties.get(f"{{{PDFAID}}}{name}", "").strip() for name in ("part", "conformance"))
    return Packet(
        claim=Claim(part, conformance, prefix) if part or conformance else None,
        properties=properties,
        counts=counts,
        undeclared=tuple(sorted(used - PREDEFINED - declared)),
        header=header.group() if header else "",
    )


def _decoded(data: bytes) -> str:
    for mark, encoding in (
        (b"\xfe\xff", "utf-16"),
        (b"\xff\xfe", "utf-16"),
        (b"\x00<", "utf-16-be"),
        (b"<\x00", "utf-16-le"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")


def _prefix(description: Element, name: str, known: str) -> str:
    if not name.startswith(f"{{{PDFAID}}}"):
        return known
    return next((p or "" for p, uri in description.nsmap.items() if uri == PDFAID), known)


def _value(held: Element) -> tuple[str, int]:
    """(text, number of items) of a property: simple, alternative by language, or list."""
    for kind in ("Alt", "Seq", "Bag"):
        listed = held.find(f"{{{RDF}}}{kind}")
        if listed is None:
            continue
        items = listed.findall(f"{{{RDF}}}li")
        if kind == "Alt":
            lang = "{http://www.w3.org/XML/1998/namespace}lang"
            chosen = next((i for i in items if i.get(lang) == "x-default"), items[0] if items else None)
            return "" if chosen is None else (chosen.text or ""), 0
        return ", ".join(i.text or "" for i in items), len(items)
    return held.text or "", 0


def instant(text: str) -> datetime | None:
    """A date of the Info dictionary (`D:20240101120000+01'00'`) or of XMP (ISO 8601) as an instant, None when neither.

    Without a zone it is taken as UTC.
    """
    match = _DATE.fullmatch(text.strip().removeprefix("D:"))
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        naive = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    digits = re.sub(r"\D", "", zone or "")
    if not digits or zone.startswith("Z"):
        return naive
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    if shift >= timedelta(hours=24):
        return None
    return naive.replace(tzinfo=timezone(-shift if zone[0] == "-" else shift))
