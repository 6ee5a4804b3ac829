"""A Data Matrix ECC 200 symbol (ISO/IEC 16022): ASCII encodation, Reed-Solomon, placement of modules. Squares only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A symbol: side in modules, side of a region (without its frame), regions per side, data and error codewords,
    interleaved blocks (ISO/IEC 16022, table 7).
    """

    side: int
    region: int
    regions: int
    data: int
    error: int
    blocks: int = 1


SIZES = (
    Size(10, 8, 1, 3, 5), Size(12, 10, 1, 5, 7), Size(14, 12, 1, 8, 10), Size(16, 14, 1, 12, 12),
    Size(18, 16, 1, 18, 14), Size(20, 18, 1, 22, 18), Size(22, 20, 1, 30, 20), Size(24, 22, 1, 36, 24),
    Size(26, 24, 1, 44, 28), Size(32, 14, 2, 62, 36), Size(36, 16, 2, 86, 42), Size(40, 18, 2, 114, 48),
    Size(44, 20, 2, 144, 56), Size(48, 22, 2, 174, 68), Size(52, 24, 2, 204, 84, 2), Size(64, 14, 4, 280, 112, 2),
    Size(72, 16, 4, 368, 144, 4), Size(80, 18, 4, 456, 192, 4),
)  # fmt: skip
FIELD = 301
"""The polynomial of GF(256): x^8 + x^5 + x^3 + x^2 + 1."""
PAD = 129

_EXP = [1] * 255
for _n in range(1, 255):
    _doubled = _EXP[_n - 1] << 1
    _EXP[_n] = _doubled ^ FIELD if _doubled > 255 else _doubled
_LOG = {value: n for n, value in enumerate(_EXP)}


def modules(text: str) -> list[list[bool]]:
    """The modules of the smallest square that holds an ASCII text, row by row, dark ones true.

    Raises ValueError for what is no ASCII or is too long (456 codewords).
    """
    words = _codewords(text)
    size = next((s for s in SIZES if s.data >= len(words)), None)
    if size is None:
        raise ValueError("too long for a symbol")
    words = _padded(words, size.data)
    return _framed(_placed(words + _errors(words, size), size.region * size.regions), size)


def _codewords(text: str) -> list[int]:
    """ASCII encodation: two digits in one codeword, another character in one."""
    words, at = [], 0
    while at < len(text):
        pair = text[at : at + 2]
        if len(pair) == 2 and pair.isascii() and pair.isdigit():
            words.append(130 + int(pair))
            at += 2
            continue
        if ord(text[at]) > 127:
            raise ValueError("not ASCII")
        words.append(ord(text[at]) + 1)
        at += 1
    return words


def _padded(words: list[int], length: int) -> list[int]:
    out = [*words, PAD] if len(words) < length else [*words]
    while len(out) < length:
        value = PAD + (149 * (len(out) + 1)) % 253 + 1
        out.append(value if value <= 254 else value - 254)
    return out


def _errors(words: list[int], size: Size) -> list[int]:
    """The error codewords, interleaved as the blocks are."""
    each = size.error // size.blocks
    generator = [1]
    for n in range(1, each + 1):
        shifted = [*generator, 0]
        generator = [a ^ _times(b, _EXP[n]) for a, b in zip(shifted, [0, *generator], strict=True)]
    out = [0] * size.error
    for block in range(size.blocks):
        rest = [0] * each
        for word in words[block :: size.blocks]:
            factor = word ^ rest[0]
            rest = [a ^ _times(g, factor) for a, g in zip([*rest[1:], 0], generator[1:], strict=True)]
        out[block :: size.blocks] = rest
    return out


def _times(a: int, b: int) -> int:
    return _EXP[(_LOG[a] + _LOG[b]) % 255] if a and b else 0


def _placed(words: list[int], side: int) -> list[list[bool]]:
    """Modules of the mapping matrix (ISO/IEC 16022, annex F): each codeword in the shape of a bent L."""
    found: dict[tuple[int, int], bool] = {}

    def put(row: int, column: int, word: int, bit: int) -> None:
        if row < 0:
            row, column = row + side, column + 4 - (side + 4) % 8
        if column < 0:
            row, column = row + 4 - (side + 4) % 8, column + side
        found[row, column] = bool(word >> (7 - bit) & 1)

    def shape(row: int, column: int, word: int) -> None:
        offsets = ((-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0))
        for bit, (down, right) in enumerate(offsets):
            put(row + down, column + right, word, bit)

    def corner(word: int, places: tuple[tuple[int, int], ...]) -> None:
        for bit, (row, column) in enumerate(places):
            put(row % side, column % side, word, bit)

    corners = (
        ((-1, 0), (-1, 1), (-1, 2), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)),
        ((-3, 0), (-2, 0), (-1, 0), (0, -4), (0, -3), (0, -2), (0, -1), (1, -1)),
        ((-3, 0), (-2, 0), (-1, 0), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1)),
        ((-1, 0), (-1, -1), (0, -3), (0, -2), (0, -1), (1, -3), (1, -2), (1, -1)),
    )
    left = iter(words)
    row, column = 4, 0
    while row < side or column < side:
        if row == side and column == 0:
            corner(next(left), corners[0])
        if row == side - 2 and column == 0 and side % 4:
            corner(next(left), corners[1])
        if row == side - 2 and column == 0 and side % 8 == 4:
            corner(next(left), corners[2])
        if row == side + 4 and column == 2 and not side % 8:
            corner(next(left), corners[3])
        while row >= 0 and column < side:  # up and to the right
            if row < side and column >= 0 and (row, column) not in found:
                shape(row, column, next(left))
            row, column = row - 2, column + 2
        row, column = row + 1, column + 3
        while row < side and column >= 0:  # down and to the left
            if row >= 0 and column < side and (row, column) not in found:
                shape(row, column, next(left))
            row, column = row + 2, column - 2
        row, column = row + 3, column + 1
    if (side - 1, side - 1) not in found:
        for n in (1, 2):
            found[side - n, side - n] = True
    return [[found.get((r, c), False) for c in range(side)] for r in range(side)]


def _framed(inner: list[list[bool]], size: Size) -> list[list[bool]]:
    """Each region in its frame: full lines at left and below, dotted ones above and at right."""
    out = [[False] * size.side for _ in range(size.side)]
    step = size.region + 2
    for down in range(size.regions):
        for right in range(size.regions):
            top, start = down * step, right * step
            for n in range(step):
                out[top + n][start] = True
                out[top + step - 1][start + n] = True
                if n % 2 == 0:
                    out[top][start + n] = True
                else:
                    out[top + n][start + step - 1] = True
    for row, line in enumerate(inner):
        for column, dark in enumerate(line):
            at = row + 1 + 2 * (row // size.region), column + 1 + 2 * (column // size.region)
            out[at[0]][at[1]] = dark
    return out
