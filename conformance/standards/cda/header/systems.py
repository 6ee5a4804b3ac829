"""What the syntax of a code tells by itself: LOINC and SNOMED CT codes end with a check digit."""

from __future__ import annotations

import re

from conformance.standards.cda.generic import digits

LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"

_LOINC = re.compile(r"[1-9][0-9]{0,6}-[0-9]")
_LOINC_PART = re.compile(r"L[APLG][1-9][0-9]*-[0-9]")
_SNOMED = re.compile(r"[1-9][0-9]{5,17}")


def fault(code: str, system: str) -> str:
    """Why a code cannot be one of its system (what is expected), empty when it can."""
    if system == LOINC:
        if _LOINC.fullmatch(code):
            key = str(digits.luhn(code[:-2]))
            return "" if code[-1] == key else f"{code[:-1]}{key}"
        return "" if _LOINC_PART.fullmatch(code) else "LOINC: n…n-k"
    if system == SNOMED:
        good = _SNOMED.fullmatch(code) is not None and digits.verhoeff(code)
        return "" if good else "SNOMED CT: 6 à 18 chiffres, clé de Verhoeff"
    return ""
