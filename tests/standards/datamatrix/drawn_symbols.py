"""Symbols drawn by libraries that we did not write, as images and inside PDF pages."""

from __future__ import annotations

import io

import segno
from PIL import Image
from ppf.datamatrix import DataMatrix
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas


def datamatrix(payload: str, *, module: int = 4) -> Image.Image:
    """A DataMatrix encoded by ppf-datamatrix, with its quiet zone."""
    matrix = DataMatrix(payload).matrix
    side = len(matrix)
    image = Image.new("L", (side + 4, side + 4), 255)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                image.putpixel((x + 2, y + 2), 0)
    return image.resize((image.width * module, image.height * module), Image.Resampling.NEAREST)


def qrcode(payload: str) -> Image.Image:
    """A QR code encoded by segno."""
    held = io.BytesIO()
    segno.make(payload, micro=False).save(held, kind="png", scale=4, border=4)
    return Image.open(io.BytesIO(held.getvalue())).convert("L")


def png(image: Image.Image) -> bytes:
    """The bytes of an image in PNG."""
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def page(*images: Image.Image, text: str = "", before: int = 0, size: float = 51) -> bytes:
    """A PDF by reportlab: `before` pages, then one with each image on a square of `size` points (51 is 1.8 cm)."""
    held = io.BytesIO()
    drawn = canvas.Canvas(held, pagesize=(595, 842), invariant=True)
    for _ in range(before):
        drawn.drawString(40, 800, "page")
        drawn.showPage()
    for number, image in enumerate(images):
        drawn.drawImage(ImageReader(image), 400, 700 - 120 * number, size, size)
    for number, line in enumerate(text.splitlines()):
        drawn.drawString(40, 780 - 16 * number, line)
    drawn.showPage()
    drawn.save()
    return held.getvalue()
