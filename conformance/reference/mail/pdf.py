"""A minimal PDF/A-1b (ISO 19005-1, level B): lines of text in an embedded Type 3 font of five by seven dots.

The font is drawn in the file itself, colours are CalGray (no output intent is needed), metadata is XMP only, nothing is
compressed, and a ToUnicode map gives the text back.
"""

from __future__ import annotations

import hashlib
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

SIZE, LEADING, MARGIN, WIDTH, HEIGHT = 9, 13, 40, 595, 842
COLUMNS = 95
ROWS = (HEIGHT - 2 * MARGIN) // LEADING

_ASCII = bytes.fromhex(
    "0000000000 00005F0000 0007000700 147F147F14 242A7F2A12 2313086462 3649562050 0008070300 001C224100 0041221C00 "
    "2A1C7F1C2A 08083E0808 0080703000 0808080808 0000606000 2010080402 3E5149453E 00427F4000 7249494946 2141494D33 "
    "1814127F10 2745454539 3C4A494931 4121110907 3649494936 464949291E 0036360000 0040340000 0008142241 1414141414 "
    "0041221408 0201590906 3E415D594E 7C1211127C 7F49494936 3E41414122 7F4141413E 7F49494941 7F09090901 3E41415173 "
    "7F0808087F 00417F4100 2040413F01 7F08142241 7F40404040 7F021C027F 7F0408107F 3E4141413E 7F09090906 3E4151215E "
    "7F09192946 2649494932 03017F0103 3F4040403F 1F2040201F 3F4038403F 6314081463 0304780403 6159494D43 007F414141 "
    "0204081020 004141417F 0402010204 4040404040 0003070800 2054547840 7F28444438 3844444428 384444287F 3854545418 "
    "00087E0902 18A4A49C78 7F08040478 00447D4000 2040403D00 7F10284400 00417F4000 7C04780478 7C08040478 3844444438 "
    "FC18242418 18242418FC 7C08040408 4854545424 04043F4424 3C4040207C 1C2040201C 3C4030403C 4428102844 4C9090907C "
    "4464544C44 0008364100 0000770000 0041360800 0201020402"
)
"""Dots of U+0020 to U+007E: five columns, the least significant bit on top."""

_MARKS = {
    "\u0300": ((1, -3), (2, -2)),
    "\u0301": ((3, -3), (2, -2)),
    "\u0302": ((2, -3), (1, -2), (3, -2)),
    "\u0303": ((0, -2), (1, -3), (2, -2), (3, -3)),
    "\u0308": ((1, -3), (3, -3)),
    "\u030a": ((2, -3), (1, -2), (3, -2), (2, -1)),
    "\u0327": ((2, 7), (1, 8)),
}
"""Dots of a combining mark: (column, row), rows above the letter counted from its top."""

_ALIKE = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "•": "*",
    "\u00a0": " ",
    "µ": "u",
}
_ALIKE |= {"µ": "u", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "≥": ">=", "≤": "<=", "°": "o", "€": "EUR", "…": "..."}
_ALIKE |= {"×": "x"}


def _dots(character: str) -> frozenset[tuple[int, int]] | None:
    """The dots of a character, None when the font does not have it."""
    base, *marks = list(unicodedata.normalize("NFD", character))
    if not " " <= base <= "~" or any(m not in _MARKS for m in marks):
        return None
    columns = _ASCII[5 * (ord(base) - 32) :][:5]
    dots = {(x, y) for x, bits in enumerate(columns) for y in range(8) if bits >> y & 1}
    top = 2 if base.islower() else 0
    if marks and base in "ij":
        dots = {(x, y) for x, y in dots if y >= top}
    for mark in marks:
        dots |= {(x, y + top if y < 0 else y) for x, y in _MARKS[mark]}
    return frozenset(dots)


def _glyph(dots: Iterable[tuple[int, int]]) -> bytes:
    drawn = " ".join(f"{x} {6 - y} 1 1 re" for x, y in sorted(dots))
    return f"6 0 0 -3 6 11 d1\n{drawn}{' f' if drawn else ''}".encode()


def write(title: str, lines: Sequence[str], marks: Sequence[tuple[float, float, float, float]] = ()) -> bytes:
    """The document: its title, then the lines, wrapped; what the font does not have becomes `?`.

    `marks` are black rectangles of the first page: left, bottom, width and height in points.
    """
    title = " ".join(_fit(title).split()) or "Document"
    wrapped = [title, "=" * min(len(title), COLUMNS), ""]
    for line in lines:
        wrapped += textwrap.wrap(_fit(line), COLUMNS, break_long_words=True) or [""]
    pages = [wrapped[n : n + ROWS] for n in range(0, len(wrapped), ROWS)]
    used = sorted({c for line in wrapped for c in line} | {" "})
    code = {c: n for n, c in enumerate(used, 1)}
    objects: list[bytes] = []

    def add(content: bytes) -> int:
        objects.append(content)
        return len(objects)

    glyphs = [add(_stream(_glyph(_dots(c) or ()))) for c in used]
    unicode_map = add(_stream(_to_unicode(used)))
    procedures = " ".join(f"/c{code[c]} {number} 0 R" for c, number in zip(used, glyphs, strict=True))
    names = " ".join(f"/c{n}" for n in code.values())
    font = add(
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 -3 6 11] /FontMatrix [0.1 0 0 0.1 0 0] /FirstChar 1 "
        f"/LastChar {len(used)} /Widths [{' '.join('6' for _ in used)}] /CharProcs << {procedures} >> "
        f"/Encoding << /Type /Encoding /Differences [1 {names}] >> /Resources << >> "
        f"/ToUnicode {unicode_map} 0 R >>".encode()
    )
    gray = add(b"[/CalGray << /WhitePoint [0.9505 1 1.089] >>]")
    tree = len(objects) + 2 * len(pages) + 1
    kids = []
    for number, page in enumerate(pages):
        content = add(_stream(_content(page, code) + (_marked(marks) if number == 0 else b"")))
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {content} 0 R "
                f"/Resources << /Font << /F {font} 0 R >> /ColorSpace << /G {gray} 0 R >> >> >>".encode()
            )
        )
    add(f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>".encode())
    metadata = add(_stream(_xmp(title), "/Type /Metadata /Subtype /XML "))
    root = add(f"<< /Type /Catalog /Pages {tree} 0 R /Metadata {metadata} 0 R /Lang (fr-FR) >>".encode())
    return _file(objects, root)


def _fit(text: str) -> str:
    spelled = "".join(_ALIKE.get(c, c) for c in text.expandtabs(4))
    return "".join(c if _dots(c) is not None else "?" for c in unicodedata.normalize("NFC", spelled))


def _content(lines: Sequence[str], code: dict[str, int]) -> bytes:
    rows = [f"/G cs 0 sc BT /F {SIZE} Tf {LEADING} TL {MARGIN} {HEIGHT - MARGIN} Td"]
    rows += [f"<{bytes(code[c] for c in line).hex()}> Tj T*" if line else "T*" for line in lines]
    return "\n".join([*rows, "ET"]).encode()


def _marked(marks: Sequence[tuple[float, float, float, float]]) -> bytes:
    drawn = " ".join(f"{x:g} {y:g} {w:g} {h:g} re" for x, y, w, h in marks)
    return f"\n/G cs 0 sc {drawn} f".encode() if drawn else b""


def _to_unicode(used: Sequence[str]) -> bytes:
    pairs = [f"<{n:02x}> <{c.encode('utf-16-be').hex()}>" for n, c in enumerate(used, 1)]
    blocks = [
        f"{len(pairs[n : n + 100])} beginbfchar\n" + "\n".join(pairs[n : n + 100]) + "\nendbfchar"
        for n in range(0, len(pairs), 100)
    ]
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n1 begincodespacerange <00> <ff> endcodespacerange\n"
        + "\n".join(blocks)
        + "\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode()


def _xmp(title: str) -> bytes:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{rdf}"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<dc:format>application/pdf</dc:format><dc:title><rdf:Alt>"
        f'<rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title></rdf:Description>'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>"
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def _stream(data: bytes, entries: str = "") -> bytes:
    return f"<< {entries}/Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _file(objects: Sequence[bytes], root: int) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    name = hashlib.md5(bytes(out), usedforsecurity=False).hexdigest()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root {root} 0 R /ID [<{name}> <{name}>] >>\n".encode()
    out += f"startxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
