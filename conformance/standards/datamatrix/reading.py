"""Finding and decoding the symbols of a PDF or an image (ISO/IEC 16022 DataMatrix ECC200, ISO/IEC 18004 QR)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from conformance.errors import Malformed
from conformance.standards.pdf import bounds

Kind = Literal["datamatrix", "qrcode", "other"]

RESOLUTIONS = (110, 200, 300)
"""Dots an inch at which a page is drawn, until it gives a DataMatrix. A symbol of 1.8 cm is read at the first."""
PAGES = 20
PIXELS = 12_000_000
"""Points drawn of a page at most: A4 at 300 dots an inch is 8.7 million."""
LIMIT_IMAGE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol read: its kind, its bytes as encoded (GS is 0x1D), its page from 1, and the resolution it took.

    `gs1` is true when it starts with FNC1 (GS1 DataMatrix), which is not part of `data`.
    """

    kind: Kind
    data: bytes
    page: int = 1
    dpi: int = 0
    gs1: bool = False


def find(data: bytes, *, pages: int = PAGES) -> tuple[Symbol, ...]:
    """Every symbol of a PDF (its first pages, drawn) or of an image (PNG, JPEG, TIFF, BMP, GIF), in order of page.

    Raises Malformed: as `pdf.bounds.opened` does, `datamatrix.image` when the bytes are no image that can be read;
    SetupError when the libraries are absent.
    """
    if b"%PDF-" in data[:1024]:
        return tuple(_of_pdf(data, pages))
    return tuple(_of_image(data))


def _of_pdf(data: bytes, pages: int) -> Iterator[Symbol]:
    bounds.checked(data)
    pdfium = bounds.library("pypdfium2")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise Malformed("pdf.syntax.broken", "xref", str(error)[:200]) from None
    resolutions: tuple[int, ...] = RESOLUTIONS
    try:
        for number in range(min(len(document), pages)):
            try:
                page = document[number]
            except pdfium.PdfiumError:
                continue
            try:
                found = tuple(_of_page(page, number + 1, resolutions))
            finally:
                page.close()
            yield from found
            if any(s.kind == "datamatrix" for s in found):
                resolutions = RESOLUTIONS[:1]  # what the next pages repeat is no longer sought so hard
    finally:
        document.close()


def _of_page(page: Any, number: int, resolutions: tuple[int, ...]) -> Iterator[Symbol]:
    width, height = page.get_size()
    seen: dict[tuple[Kind, bytes], Symbol] = {}
    for dpi in resolutions:
        scale = dpi / 72
        if not 0 < width * height * scale * scale <= PIXELS:
            break
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            # The decoder keeps no hold on the memory it reads: give it bytes of its own.
            raw, size = bytes(bitmap.buffer), (bitmap.height, bitmap.stride)
        finally:
            bitmap.close()
        # Linear codes, slow to look for, are large: the first drawing shows them.
        for symbol in _decode(memoryview(raw).cast("B", shape=size), number, dpi, matrix_only=dpi != RESOLUTIONS[0]):
            seen.setdefault((symbol.kind, symbol.data), symbol)
        if any(kind == "datamatrix" for kind, _ in seen):
            break
    yield from seen.values()


def _of_image(data: bytes) -> Iterator[Symbol]:
    if len(data) > LIMIT_IMAGE:
        raise Malformed("datamatrix.image", "", f"{len(data)} bytes")
    pillow = bounds.library("PIL.Image")
    try:
        with pillow.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF", "BMP", "GIF")) as image:
            if image.width * image.height > 4 * PIXELS:
                raise Malformed("datamatrix.image", "", f"{image.width} x {image.height}")
            grey = image.convert("RGBA")
            paper = pillow.new("RGBA", grey.size, "white")  # a transparent ground is paper
            grey = pillow.alpha_composite(paper, grey).convert("L")
    except Malformed:
        raise
    except Exception as error:  # noqa: BLE001 - every decoder of images fails in its own way
        raise Malformed("datamatrix.image", "", str(error)[:200]) from None
    raw = grey.tobytes()
    found = list(_decode(memoryview(raw).cast("B", shape=(grey.height, grey.width)), 1, 0))
    if not found and grey.width * grey.height < 1_000_000:  # a symbol drawn with very small modules
        larger = grey.resize((grey.width * 3, grey.height * 3), pillow.Resampling.NEAREST)
        found = list(_decode(memoryview(larger.tobytes()).cast("B", shape=(larger.height, larger.width)), 1, 0))
    yield from found


def _decode(image: memoryview, page: int, dpi: int, *, matrix_only: bool = False) -> Iterator[Symbol]:
    zxing = bounds.library("zxingcpp")
    kinds: dict[Any, Kind] = {zxing.BarcodeFormat.DataMatrix: "datamatrix", zxing.BarcodeFormat.QRCode: "qrcode"}
    sought = {"formats": zxing.BarcodeFormats(list(kinds))} if matrix_only else {}
    for code in zxing.read_barcodes(image, **sought):
        yield Symbol(
            kind=kinds.get(code.format, "other"),
            data=bytes(code.bytes),
            page=page,
            dpi=dpi,
            gs1=code.content_type == zxing.ContentType.GS1,
        )
