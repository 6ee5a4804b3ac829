"""What a PDF may cost before any library opens it: size, what its streams inflate to, what its pages unfold to.

Bounds are on work, never on time: the same file gives the same answer on any machine.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from conformance.errors import Malformed, SetupError

if TYPE_CHECKING:
    import pikepdf

LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_STREAM = 128 * 1024 * 1024
LIMIT_INFLATED = 512 * 1024 * 1024
LIMIT_OBJECTS = 500_000
LIMIT_PAGES = 2_000
LIMIT_WORK = 256 * 1024 * 1024
"""Bytes of content that drawing every page would read, each form counted as often as it is drawn."""
LIMIT_PIXELS = 120_000_000

_STREAM = re.compile(rb"stream\r?\n")
_OBJECT = re.compile(rb"\sobj\b")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_EXPANDING = re.compile(rb"/(?:LZW(?:Decode)?|RunLengthDecode|RL|JBIG2Decode)\b")
_STRUCTURE = re.compile(rb"/Type\s*/(?:ObjStm|XRef)\b")
_CHUNK = 1024 * 1024
_DRAWN = re.compile(rb"/([^\s/<>\[\]()%{}]+)\s+Do\b")


def guard(data: bytes) -> None:
    """Refuse what would cost too much to open; raises Malformed `pdf.bounds` saying which bound.

    Every stream is inflated in pieces that are thrown away, whatever filter it announces.
    """
    if len(data) > LIMIT_BYTES:
        raise Malformed("pdf.bounds", "size", f"{len(data)} bytes")
    if sum(1 for _ in _OBJECT.finditer(data)) > LIMIT_OBJECTS:
        raise Malformed("pdf.bounds", "objects", f"over {LIMIT_OBJECTS}")
    total = 0
    view = memoryview(data)
    for match in _STREAM.finditer(data):
        head = _dictionary(data, match.start())
        if _STRUCTURE.search(head) and _EXPANDING.search(head):
            raise Malformed("pdf.bounds", "streams", "cross-references behind a filter that is not Flate")
        size = _inflated(view[match.end() :], LIMIT_INFLATED - total)
        total += size
        if size > LIMIT_STREAM or total > LIMIT_INFLATED:
            raise Malformed("pdf.bounds", "streams", f"over {min(size, LIMIT_STREAM)} bytes once inflated")


def _dictionary(data: bytes, end: int) -> bytes:
    """What precedes `stream`, back to its object, names unescaped."""
    head = data[max(0, end - 4096) : end]
    head = head[max(head.rfind(b" obj"), 0) :]
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 16)]), head)


def _inflated(view: memoryview, limit: int) -> int:
    """How many bytes a zlib stream gives, counted up to the bounds; 0 when it is none."""
    if len(view) < 2 or view[0] & 0x0F != 8 or (view[0] * 256 + view[1]) % 31:
        return 0
    inflater, size, at = zlib.decompressobj(), 0, 0
    pending: bytes | memoryview = b""
    try:
        while size <= min(limit, LIMIT_STREAM):
            if not pending:
                pending, at = view[at : at + _CHUNK], at + _CHUNK
                if not len(pending):
                    break
            size += len(inflater.decompress(pending, _CHUNK))
            pending = inflater.unconsumed_tail
            if inflater.eof:
                break
    except zlib.error:
        pass
    return size


def library(name: str, extra: str = "pdf") -> Any:
    """A library of an extra, imported when first needed; raises SetupError `documents.no-library` without it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise SetupError("documents.no-library", library=name, extra=extra) from None


def opened(data: bytes) -> pikepdf.Pdf:
    """The PDF opened by pikepdf (QPDF), guarded; close it.

    Raises Malformed: `pdf.bounds`, `pdf.syntax.not-pdf`, `pdf.syntax.broken`, `pdf.a.encrypted` (a password is needed).
    """
    module = library("pikepdf")
    if b"%PDF-" not in data[:1024]:
        raise Malformed("pdf.syntax.not-pdf", "header", data[:16].hex(" "))
    guard(data)
    try:
        pdf: pikepdf.Pdf = module.open(io.BytesIO(data), suppress_warnings=True)
    except module.PasswordError:
        raise Malformed("pdf.a.encrypted", "trailer/Encrypt", "password") from None
    except Exception as error:  # noqa: BLE001 - QPDF has many ways to give up on hostile bytes
        raise Malformed("pdf.syntax.broken", "xref", str(error)[:200]) from None
    try:
        _measure(module, pdf)
    except Malformed:
        pdf.close()
        raise
    except Exception as error:  # noqa: BLE001 - a tree that QPDF cannot walk
        pdf.close()
        raise Malformed("pdf.syntax.broken", "objects", str(error)[:200]) from None
    if len(_passed) >= 16:
        _passed.pop(next(iter(_passed)), None)
    _passed[_digest(data)] = None
    return pdf


_passed: dict[bytes, None] = {}


def checked(data: bytes) -> None:
    """As `opened`, for who gives the bytes to another library: the last files that passed are not opened again."""
    if _digest(data) not in _passed:
        opened(data).close()


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=20).digest()


def _measure(module: Any, pdf: pikepdf.Pdf) -> None:
    if len(pdf.objects) > LIMIT_OBJECTS:
        raise Malformed("pdf.bounds", "objects", f"{len(pdf.objects)}")
    if len(pdf.pages) > LIMIT_PAGES:
        raise Malformed("pdf.bounds", "pages", f"{len(pdf.pages)}")
    for held in pdf.objects:
        if isinstance(held, module.Stream):
            _stream(held)
    weights: dict[tuple[int, int], int] = {}
    total = 0
    for page in pdf.pages:
        total += _weight(module, page.obj, page.obj.get("/Contents"), weights, 0)
        if total > LIMIT_WORK:
            raise Malformed("pdf.bounds", "pages", f"over {LIMIT_WORK} bytes to draw")


def _stream(held: Any) -> None:
    """One stream: one filter that expands at most, and no image beyond the bound of pixels."""
    filters = [str(f) for f in _listed(held.get("/Filter"))]
    expanding = [f for f in filters if f not in ("/ASCIIHexDecode", "/ASCII85Decode", "/AHx", "/A85", "/Crypt")]
    if len(expanding) > 1 and expanding not in (["/FlateDecode", "/DCTDecode"], ["/Fl", "/DCT"]):
        raise Malformed("pdf.bounds", "streams", f"filters one above another: {' '.join(filters)[:100]}")
    ratio = {"/LZWDecode": 1366, "/LZW": 1366, "/RunLengthDecode": 64, "/RL": 64}.get("".join(expanding), 1)
    if ratio > 1 and len(held.read_raw_bytes()) * ratio > 4 * LIMIT_STREAM:
        raise Malformed("pdf.bounds", "streams", "".join(expanding))
    # Flate behind an ASCII filter was not seen by `guard`: its worst ratio is 1032.
    hidden = len(filters) > len(expanding) and expanding in (["/FlateDecode"], ["/Fl"])
    if hidden and len(held.read_raw_bytes()) * 1032 > 4 * LIMIT_STREAM:
        raise Malformed("pdf.bounds", "streams", " ".join(filters)[:100])
    if str(held.get("/Subtype", "")) == "/Image":
        width, height = held.get("/Width", 0), held.get("/Height", 0)
        if isinstance(width, int) and isinstance(height, int) and width * height > LIMIT_PIXELS:
            raise Malformed("pdf.bounds", "images", f"{width} x {height}")


def _listed(value: Any) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__") or type(value).__name__ == "Name":
        yield value
        return
    try:
        yield from value
    except (TypeError, ValueError):
        yield value


def _weight(module: Any, holder: Any, contents: Any, weights: dict[tuple[int, int], int], depth: int) -> int:
    """Bytes read to draw `contents`, forms unfolded; a form that draws itself counts once."""
    streams = list(contents) if isinstance(contents, module.Array) else [contents]
    resources = holder.get("/Resources")
    drawable = resources.get("/XObject") if isinstance(resources, module.Dictionary) else None
    total = 0
    for held in streams:
        if not isinstance(held, module.Stream):
            continue
        try:
            body = held.read_bytes()
        except Exception:  # noqa: BLE001 - an undecodable stream draws nothing
            continue
        total += len(body)
        if not isinstance(drawable, module.Dictionary) or depth > 30:
            continue
        for name in _DRAWN.findall(body):
            form = drawable.get("/" + name.decode("latin-1"))
            if not isinstance(form, module.Stream) or str(form.get("/Subtype", "")) != "/Form":
                continue
            key = form.objgen
            if key not in weights:
                weights[key] = 0
                weights[key] = _weight(module, form, form, weights, depth + 1)
            total += weights[key]
            if total > LIMIT_WORK:
                return total
    return total
