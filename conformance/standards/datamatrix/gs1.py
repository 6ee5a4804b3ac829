"""GS1 DataMatrix of a box of medicines: element strings by identifier (GS1 General Specifications, 3 and 7.11).

FNC1 (read as GS, 0x1D) closes a value of variable length unless it is the last; an order is not imposed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from conformance.errors import Malformed

GS = "\x1d"

# Identifier -> (shortest, longest) of its value, fixed where both are equal (GS1 General Specifications, 3.2).
IDENTIFIERS: dict[str, tuple[int, int]] = {
    "00": (18, 18),
    "01": (14, 14),
    "02": (14, 14),
    "10": (1, 20),
    "11": (6, 6),
    "12": (6, 6),
    "13": (6, 6),
    "15": (6, 6),
    "16": (6, 6),
    "17": (6, 6),
    "20": (2, 2),
    "21": (1, 20),
    "22": (1, 20),
    "30": (1, 8),
    "37": (1, 8),
    "91": (1, 90),
    "92": (1, 90),
    "93": (1, 90),
    "94": (1, 90),
    "95": (1, 90),
    "96": (1, 90),
    "97": (1, 90),
    "98": (1, 90),
    "99": (1, 90),
    "240": (1, 30),
    "241": (1, 30),
    "250": (1, 30),
    "251": (1, 30),
    "400": (1, 30),
    "414": (13, 13),
    "710": (1, 20),
    "711": (1, 20),
    "712": (1, 20),
    "713": (1, 20),
    "714": (1, 20),
    "715": (1, 20),
    "716": (1, 20),
    "7003": (10, 10),
    "8200": (1, 70),
}
_DATES = frozenset({"11", "12", "13", "15", "16", "17"})
_PREFIXES = ("]d2", "]C1", "]Q3", GS)
# Letters, digits and signs of GS1 character set 82.
_ALLOWED = re.compile(r"[A-Za-z0-9!\"%&'()*+,\-./:;<=>?_]+")


@dataclass(frozen=True, slots=True)
class Element:
    """One element string: application identifier and value as written."""

    identifier: str
    value: str


@dataclass(frozen=True, slots=True)
class Gs1:
    """The element strings of a symbol, in order."""

    elements: tuple[Element, ...]

    def value(self, identifier: str) -> str:
        """The value of an application identifier, empty when absent."""
        return next((e.value for e in self.elements if e.identifier == identifier), "")

    @property
    def gtin(self) -> str:
        """AI 01, 14 digits."""
        return self.value("01")

    @property
    def cip(self) -> str:
        """The CIP13 of a French medicine: the GTIN without its leading 0, when it starts with 3400; else empty."""
        return self.gtin[1:] if self.gtin.startswith("03400") else ""

    @property
    def lot(self) -> str:
        """AI 10."""
        return self.value("10")

    @property
    def serial(self) -> str:
        """AI 21."""
        return self.value("21")

    def expiry(self, year: int) -> date | None:
        """AI 17 as a day, None when absent or no date; `year` is the present one, for the century."""
        return day_of(self.value("17"), year)


def day_of(text: str, year: int) -> date | None:
    """AAMMJJ as a day: day 00 is the last of the month; the century is the one that brings it nearest to `year`.

    GS1 General Specifications 7.12: 51 to 99 years ahead is the century before, 50 to 99 years behind the next one.
    """
    if not re.fullmatch(r"[0-9]{6}", text):
        return None
    two, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    century, gap = year - year % 100, two - year % 100
    full = century + two - (100 if gap >= 51 else -100 if gap <= -50 else 0)
    try:
        return date(full, month, day or calendar.monthrange(full, month)[1])
    except (ValueError, IndexError):  # calendar.IllegalMonthError is both
        return None


def check_digit(digits: str) -> str:
    """The last digit of a GTIN (or SSCC) from the ones before (GS1 General Specifications, 7.9.1)."""
    total = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(digits)))
    return str(-total % 10)


def parse(payload: bytes) -> Gs1:
    """The element strings of a payload, with or without the prefix of a reader (`]d2`, FNC1).

    Raises Malformed `datamatrix.gs1.syntax` with the place (an offset) when a value is cut, too long or unknown.
    """
    text = payload.decode("latin-1")
    at = next((len(p) for p in _PREFIXES if text.startswith(p)), 0)
    found: list[Element] = []
    while at < len(text):
        identifier = next((text[at : at + n] for n in (2, 3, 4) if text[at : at + n] in IDENTIFIERS), "")
        if not identifier:
            raise Malformed("datamatrix.gs1.syntax", f"offset {at}", text[at : at + 20], at)
        start = at + len(identifier)
        shortest, longest = IDENTIFIERS[identifier]
        if shortest == longest:
            end = start + longest
        else:
            end = text.find(GS, start)
            end = len(text) if end < 0 else end
        value = text[start:end]
        if not shortest <= len(value) <= longest or _ALLOWED.fullmatch(value) is None:
            raise Malformed("datamatrix.gs1.syntax", identifier, value[:40], at)
        found.append(Element(identifier, value))
        at = end + 1 if text[end : end + 1] == GS else end
    if not found:
        raise Malformed("datamatrix.gs1.syntax", "", "empty")
    return Gs1(tuple(found))


def faults(code: Gs1) -> Iterator[tuple[str, str, str]]:
    """(code of finding, identifier, what was seen) for each value that is false although well formed."""
    seen: dict[str, str] = {}
    for element in code.elements:
        if element.identifier in seen and seen[element.identifier] != element.value:
            yield "datamatrix.gs1.repeated", element.identifier, element.value
        seen[element.identifier] = element.value
        if element.identifier in ("01", "02", "00"):
            if not element.value.isdigit() or check_digit(element.value[:-1]) != element.value[-1]:
                yield "datamatrix.gs1.check-digit", element.identifier, element.value
        elif element.identifier in _DATES and day_of(element.value, 2000) is None:
            yield "datamatrix.gs1.date", element.identifier, element.value


def build(elements: Sequence[tuple[str, str]]) -> bytes:
    """The payload of element strings in the order given, without the leading FNC1; raises ValueError on a value."""
    out = ""
    for number, (identifier, value) in enumerate(elements):
        shortest, longest = IDENTIFIERS[identifier]
        if not shortest <= len(value) <= longest or _ALLOWED.fullmatch(value) is None:
            raise ValueError(f"not a value of AI {identifier}: {value!r}")
        out += identifier + value + (GS if shortest != longest and number < len(elements) - 1 else "")
    return out.encode("ascii")
