"""Places of birth: the five characters of the COG, and what they say (INSEE; RNIV; annexe INS of the CI-SIS).

A code is never compared with digits 6 to 10 of a matricule: communes merge and change their code, the matricule stays.
"""

from __future__ import annotations

import re
from typing import Literal

from conformance.standards.ins.traits import UNKNOWN_PLACE, is_place

Kind = Literal["commune", "corsica", "overseas", "abroad", "unknown"]

_OVERSEAS = re.compile(r"9[78][0-9]{3}")


def kind(code: str) -> Kind | None:
    """What a COG code is; None when it has not the form of one.

    Corsica is written 2A or 2B (20 in older codes); 97 and 98 are overseas; 99 a foreign country; 99999 not known.
    """
    if not is_place(code):
        return None
    if code == UNKNOWN_PLACE:
        return "unknown"
    if code[:2] in ("2A", "2B", "20"):
        return "corsica"
    if _OVERSEAS.fullmatch(code):
        return "overseas"
    return "abroad" if code.startswith("99") else "commune"


def department(code: str) -> str:
    """The two characters that stand for the department (97 and 98 overseas, 99 abroad); "" when there is none."""
    return code[:2] if kind(code) is not None and code != UNKNOWN_PLACE else ""
