"""What the syntax of a code tells by itself: LOINC and SNOMED CT codes end with a check digit."""

from __future__ import annotations

import re

LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"

_LOINC = re.compile(r"[1-9][0-9]{0,6}-[0-9]")
_LOINC_PART = re.compile(r"L[APLG][1-9][0-9]*-[0-9]")
_SNOMED = re.compile(r"[1-9][0-9]{5,17}")

# Verhoeff's tables (Error detecting decimal codes, 1969): the dihedral group of ten, and the permutation.
_GROUP = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_TURN = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def fault(code: str, system: str) -> str:
    """Why a code cannot be one of its system (what is expected), empty when it can."""
    if system == LOINC:
        if _LOINC.fullmatch(code):
            key = _mod10(code[:-2])
            return "" if code[-1] == key else f"{code[:-1]}{key}"
        return "" if _LOINC_PART.fullmatch(code) else "LOINC: n…n-k"
    if system == SNOMED:
        return "" if _SNOMED.fullmatch(code) and verhoeff(code) else "SNOMED CT: 6 à 18 chiffres, clé de Verhoeff"
    return ""


def _mod10(digits: str) -> str:
    """The check digit of a LOINC code (Luhn)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def verhoeff(digits: str) -> bool:
    """True when a number ends with its own Verhoeff check digit."""
    state = 0
    for position, digit in enumerate(reversed(digits)):
        state = int(_GROUP[state][int(_TURN[position % 8][int(digit)])])
    return state == 0
