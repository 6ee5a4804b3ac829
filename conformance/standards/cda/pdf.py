"""A one-page PDF written byte by byte, claiming PDF/A-1b in its XMP (ISO 19005-1), always the same for the same text.

Text is drawn with a tiny Type 3 font of our own (3 x 5 squares), so that nothing needs embedding from outside;
colour goes through CalGray, so that no output intent is needed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from functools import cache
from xml.sax.saxutils import escape

_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-'./:,()+ "
# Five rows of three squares a glyph, one octal digit a row, from the top.
_ROWS = (
    "25755656563444365556746477464434553557557222711152556554444757755655552555265644255736565534216722225555755552"
    "55775552555522271247755572622761247612165571174616347577112275757757160070022000000021124402020000241222142224"
    "0272000000"
)
GLYPHS = {character: _ROWS[5 * i : 5 * i + 5] for i, character in enumerate(_CHARACTERS)}
_FIRST = 32
_LINE = 46
_LINES = 40


def pdf_a(text: str, *, title: str, uid: str, filler: int = 0) -> bytes:
    """The PDF. `uid` makes its /ID; `filler` is bytes of padding in a stream that nothing shows.

    Characters outside the font are drawn without their accent, or as a blank; what exceeds a page is cut.
    """
    identity = hashlib.sha256(uid.encode()).hexdigest()[:32].upper()
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> "
        b"/ColorSpace << /G " + _GRAY + b" >> >> >>",
        _font(first_glyph=7),
        _stream(b"", _page(text)),
        _stream(b"/Type /Metadata /Subtype /XML ", _xmp(title, identity)),
        *_glyphs(),
    ]
    if filler:
        objects.append(_stream(b"", padding(filler, uid)))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /ID [<%b> <%b>] >>\n" % (
        len(objects) + 1,
        identity.encode(),
        identity.encode(),
    )
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def padding(size: int, seed: str) -> bytes:
    """`size` bytes that look random (they do not compress), the same for the same seed."""
    block = hashlib.shake_256(seed.encode()).digest(min(size, 65536))
    return (block * (size // len(block) + 1))[:size] if block else b""


_GRAY = b"[/CalGray << /WhitePoint [0.9505 1 1.089] /Gamma 2.2 >>]"


def _stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %b/Length %d >>\nstream\n%b\nendstream" % (entries, len(data), data)


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).upper()
    return "".join(c if c in GLYPHS or c == "\n" else " " for c in bare)


def _page(text: str) -> bytes:
    lines = [row[i : i + _LINE] for row in _plain(text).split("\n") for i in range(0, max(len(row), 1), _LINE)]
    rows = [b"/G cs 0 sc", b"BT", b"/F1 18 Tf", b"20 TL", b"40 780 Td"]
    for line in lines[:_LINES]:
        literal = line.replace("(", r"\(").replace(")", r"\)")
        rows.append(f"({literal}) Tj T*".encode("ascii"))
    rows.append(b"ET")
    return b"\n".join(rows)


def _font(first_glyph: int) -> bytes:
    names = [f"/g{ord(c)}" for c in sorted(GLYPHS)]
    procedures = " ".join(f"{name} {first_glyph + i} 0 R" for i, name in enumerate(names))
    last = max(ord(c) for c in GLYPHS)
    widths = " ".join("4" if chr(code) in GLYPHS else "0" for code in range(_FIRST, last + 1))
    differences = " ".join(f"{ord(c)} /g{ord(c)}" for c in sorted(GLYPHS))
    return (
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 4 5] /FontMatrix [0.16 0 0 0.16 0 0] /Resources << >> "
        f"/FirstChar {_FIRST} /LastChar {last} /Widths [{widths}] "
        f"/Encoding << /Type /Encoding /Differences [{differences}] >> /CharProcs << {procedures} >> >>"
    ).encode("ascii")


@cache
def _glyphs() -> tuple[bytes, ...]:
    return tuple(_stream(b"", b"\n".join(_squares(GLYPHS[c]))) for c in sorted(GLYPHS))


def _squares(rows: str) -> Iterator[bytes]:
    yield b"4 0 0 0 3 5 d1"
    drawn = False
    for y, row in enumerate(rows):
        for x in range(3):
            if int(row, 8) & (4 >> x):
                drawn = True
                yield b"%d %d 1 1 re" % (x, 4 - y)
    if drawn:
        yield b"f"


def _xmp(title: str, identity: str) -> bytes:
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>application/pdf</dc:format>'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
        "</rdf:Description>\n"
        '<rdf:Description rdf:about="" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/">'
        f"<xmpMM:DocumentID>uuid:{identity.lower()}</xmpMM:DocumentID></rdf:Description>\n"
        "</rdf:RDF></x:xmpmeta>\n" + " " * 100 + '\n<?xpacket end="w"?>'
    )
    return packet.encode("utf-8")
