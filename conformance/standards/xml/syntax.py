"""XML bytes <-> tree, safe on hostile input: no DTD, no entity, no network, bounded size and depth (XML 1.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from conformance.errors import Malformed

Element = etree._Element

LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_MARKS = 2_000_000
"""At most this many `<` and this many `=`: a small document must not become a huge tree."""
LIMIT_DEPTH = 256
LIMIT_TEXT = 10_000_000
"""What libxml2 allows in one text by itself; a longer document without any DTD is read with our bounds alone."""

XSI = "http://www.w3.org/2001/XMLSchema-instance"

_ENCODINGS = frozenset(
    {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252"}
)
_ENCODING_ERRORS = frozenset({"ERR_UNSUPPORTED_ENCODING", "ERR_INVALID_ENCODING", "ERR_UNKNOWN_ENCODING"})


# The prolog up to the first tag, when nothing in it can declare an entity: no `<!DOCTYPE`, no unknown encoding.
_EIGHT_BITS = "UTF-8|US-ASCII|ASCII|ISO-8859-1|ISO-8859-15|WINDOWS-1252"
_PROLOG = (
    r"(?:<\?xml(?=\s)(?:(?!encoding)[^?<>])*(?:encoding\s*=\s*[\"'](?i:{encodings})[\"'][^?<>]*)?\?>)?"
    r"(?:\s|<!--(?:(?!--)[\s\S])*-->|<\?(?!xml\s)(?:(?!\?>)[\s\S])*\?>)*<[A-Za-z_:\x80-\xff]"
)
_PLAIN_8 = re.compile(_PROLOG.format(encodings=_EIGHT_BITS).encode("latin-1"))
_PLAIN_16 = re.compile(_PROLOG.format(encodings="UTF-16"))
LIMIT_PROLOG = 65_536


def _parser(huge: bool = False) -> etree.XMLParser:
    # huge_tree off keeps libxml2's own bounds: depth 256, 10 MB in one text, entity amplification.
    # collect_ids=False would make libxml2 load the external DTD: never set it.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=huge,
        recover=False,
    )


def _without_dtd(raw: bytes) -> bool:
    """True only when the prolog is surely that of a document without any DTD, in the encoding it will be read in."""
    head = raw[:LIMIT_PROLOG]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _PLAIN_16.match(head.decode("utf-16", "replace")) is not None
    return _PLAIN_8.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def parse(raw: bytes, *, limit: int = LIMIT_BYTES) -> Element:
    """The root element of a document.

    A byte order mark and the common encodings (UTF-8, UTF-16, Latin-1, Latin-9, Windows-1252) are accepted. A text
    may be as long as the document (a PDF in Base64), provided that the document has no DTD at all.
    Raises Malformed:
    `xml.syntax.too-big` (over `limit`, too many marks, deeper than 256),
    `xml.syntax.encoding`, `xml.syntax.doctype`, `xml.syntax.not-well-formed` with the line as `path`.
    """
    if len(raw) > limit:
        raise Malformed("xml.syntax.too-big", "/", f"{len(raw)} bytes")
    if len(raw) > LIMIT_MARKS and (raw.count(b"<") > LIMIT_MARKS or raw.count(b"=") > LIMIT_MARKS):
        raise Malformed("xml.syntax.too-big", "/", f"over {LIMIT_MARKS} tags or attributes")
    # Without a DTD there is no entity, hence no amplification: only then may libxml2's own bounds be lifted.
    huge = len(raw) > LIMIT_TEXT and _without_dtd(raw)
    try:
        root = etree.fromstring(raw, _parser(huge))
    except etree.XMLSyntaxError as error:
        raise _malformed(error) from None
    except (ValueError, LookupError) as error:  # an encoding lxml refuses before it parses
        raise Malformed("xml.syntax.encoding", "/", str(error)[:200]) from None
    info = root.getroottree().docinfo
    if info.internalDTD is not None:
        declared: Any = info  # the stubs do not know `doctype`
        raise Malformed("xml.syntax.doctype", "/", str(declared.doctype)[:200])
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise Malformed("xml.syntax.encoding", "/", (info.encoding or "")[:200])
    if huge and _deeper(root, LIMIT_DEPTH):
        raise Malformed("xml.syntax.too-big", "/", f"depth over {LIMIT_DEPTH}")
    return root


def _deeper(root: Element, most: int) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > most:
            return True
    return False


def _malformed(error: etree.XMLSyntaxError) -> Malformed:
    log: Any = error.error_log  # the stubs say nothing of it
    last = log.last_error
    kind = last.type_name if last is not None else ""
    message = (last.message if last is not None else str(error)) or "empty document"
    where = f"line {error.lineno}" if error.lineno else "/"
    if kind == "ERR_RESOURCE_LIMIT" or "xcessive depth" in message or "too long" in message:
        return Malformed("xml.syntax.too-big", where, message[:200])
    if kind in _ENCODING_ERRORS:
        return Malformed("xml.syntax.encoding", where, message[:200])
    return Malformed("xml.syntax.not-well-formed", where, message[:200])


def serialise(root: Element, *, declaration: bool = True) -> bytes:
    """The tree as UTF-8 bytes, with an XML declaration unless told otherwise."""
    return bytes(etree.tostring(root, encoding="UTF-8" if declaration else "utf-8", xml_declaration=declaration))


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for a comment or a processing instruction."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2]


def namespace(element: Element) -> str:
    """The namespace of an element, empty when it has none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: Element, name: str | None = None) -> Iterator[Element]:
    """The child elements (comments and instructions left out), of a local name when one is given."""
    for child in element:
        found = local(child)
        if found and (name is None or found == name):
            yield child


def child(element: Element | None, name: str) -> Element | None:
    """The first child element of a local name, or None."""
    return None if element is None else next(children(element, name), None)


def text(element: Element | None) -> str:
    """All the character data below an element, stripped; empty for None."""
    if element is None:
        return ""
    return "".join(str(piece) for piece in element.itertext("*")).strip()


_NAMESPACE = re.compile(r"\{[^}]*\}")


def path(element: Element) -> str:
    """A readable path from the root: local names, with `[n]` where siblings share a name."""
    tree: Any = element.getroottree()
    inner = tree.getelementpath(element)  # counts siblings in C: a document may have thousands
    top = f"/{local(tree.getroot())}"
    return top if inner == "." else f"{top}/{_NAMESPACE.sub('', inner)}"
