"""Check digits and categories of codes: LOINC, SNOMED CT, EAN-13, ATC, CIM-10."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_D5 = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
       "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_TURN = ("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258")


def luhn(number: str) -> int:
    """The modulo 10 check digit of some digits."""
    doubled = (int(d) * (2 - n % 2) for n, d in enumerate(reversed(number)))
    return (10 - sum(d - 9 * (d > 9) for d in doubled) % 10) % 10


def loinc(code: str) -> bool:
    """True when the digit after the hyphen is the check digit of a LOINC number.

    Answers and parts (`LA`, `LP`...) are numbered otherwise, and codes in `XX-` are not numbers yet.
    """
    number, _, key = code.partition("-")
    return not number.isdigit() or not key.isdigit() or luhn(number) == int(key)


def verhoeff(number: str) -> bool:
    """True when the last digit is the Verhoeff check digit of the others (dihedral group of order 10)."""
    state = 0
    for position, digit in enumerate(reversed(number)):
        state = int(_D5[state][int(_TURN[position % 8][int(digit)])])
    return state == 0


def ean13(number: str) -> bool:
    """True for 13 digits whose last one is the EAN key, and for any shorter code (CIP7, UCD7)."""
    if len(number) != 13:
        return True
    total = sum(int(d) * (3 if n % 2 else 1) for n, d in enumerate(number[:12]))
    return (10 - total % 10) % 10 == int(number[12])


@cache
def _atc() -> Mapping[str, str]:
    """The pharmacological subgroups (`J07B`), each with the letters of its chemical subgroups."""
    found: dict[str, str] = {}
    group = ""
    for line in (files(__package__) / "atc.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        if not line.startswith(" "):
            group = words.pop(0)
            found[group] = ""
        found.update((group + word[0], word[2:]) for word in words)
    return found


def atc(code: str) -> bool:
    """True when the therapeutic and pharmacological subgroups of an ATC code exist. Newer levels are not judged."""
    known = _atc()
    return (len(code) < 3 or code[:3] in known) and (len(code) < 4 or code[:4] in known)


@cache
def _cim10() -> frozenset[str]:
    found: set[str] = set()
    letter = ""
    for line in (files(__package__) / "cim10.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        if not line.startswith(" "):
            letter = words.pop(0)
        for word in words:
            first, _, last = word.partition("-")
            found.update(f"{letter}{number:02d}" for number in range(int(first), int(last or first) + 1))
    return frozenset(found)


def cim10(code: str) -> bool:
    """True when the three-character category of a CIM-10 code exists."""
    return code[:3] in _cim10()
