"""The Data Matrix writer of the reference RI, read back by ZXing."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import Image

from conformance.reference.ri.datamatrix import SIZES, Size, modules

QUIET, SCALE = 3, 5
LETTERS = "IS01 D'ARTAGNAN-7\x1d24"


def read(symbol: list[list[bool]]) -> list[bytes]:
    """What ZXing reads of the modules, drawn with a quiet zone."""
    side = len(symbol) + 2 * QUIET
    image = Image.new("L", (side, side), 255)
    for row, line in enumerate(symbol):
        for column, dark in enumerate(line):
            if dark:
                image.putpixel((column + QUIET, row + QUIET), 0)
    return [s.bytes for s in zxingcpp.read_barcodes(image.resize((side * SCALE, side * SCALE)))]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s.side))
def test_every_size_is_read_back(size: Size) -> None:
    """A full symbol and one with padding of each size, several interleaved blocks included."""
    words = size.data
    for length in (words, words - 1):
        text = "".join(LETTERS[n % 17] if n % 3 else "A" for n in range(length))
        symbol = modules(text)
        assert read(symbol) == [text.encode()]


def test_what_cannot_be_written_is_refused() -> None:
    """Too long, or not ASCII."""
    with pytest.raises(ValueError, match="too long"):
        modules("A" * 457)
    with pytest.raises(ValueError, match="ASCII"):
        modules("é")
