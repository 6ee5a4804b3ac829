"""The matricule INS: 13 characters and a key of 2 digits (NIR or NIA; public rule of the NIR key)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_BODY = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}")
_MATRICULE = re.compile(_BODY.pattern + r"[0-9]{2}")


def is_matricule(text: str) -> bool:
    """True when a text has the form of a matricule with its key: 15 characters, A or B only in `2A`, `2B`."""
    return _MATRICULE.fullmatch(text) is not None


def key(thirteen: str) -> str:
    """The two digits of the key: 97 - (N mod 97), with 2A read as 19 and 2B as 18.

    Raises ValueError when `thirteen` has not the form of a matricule without key.
    """
    if _BODY.fullmatch(thirteen) is None:
        raise ValueError(f"not 13 characters of a matricule: {thirteen!r}")
    department = {"2A": "19", "2B": "18"}.get(thirteen[5:7], thirteen[5:7])
    return f"{97 - int(thirteen[:5] + department + thirteen[7:]) % 97:02d}"


def key_ok(matricule: str) -> bool:
    """True when a 15-character matricule ends with its own key; False also when it is not of that form."""
    return is_matricule(matricule) and key(matricule[:13]) == matricule[13:]


def build(*, sex: Literal["M", "F"], year: int, month: int, department: str, digits: str) -> str:
    """A matricule with its key.

    `department` is two characters (`75`, `2A`, `97`, `99`), `digits` the six of commune and order (positions 8-13).
    Raises ValueError when a part has not its form.
    """
    first = {"M": "1", "F": "2"}[sex]
    if not 1 <= month <= 12 or year < 0 or len(department) != 2 or len(digits) != 6:
        raise ValueError(f"not the parts of a matricule: {year!r} {month!r} {department!r} {digits!r}")
    thirteen = f"{first}{year % 100:02d}{month:02d}{department}{digits}"
    return thirteen + key(thirteen)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the first digits of a matricule say. `sex` is None for a first digit other than 1 or 2.

    `year` is its last two digits; `month` is None when the two digits are no month (unknown, or another calendar).
    """

    sex: Literal["M", "F"] | None
    year: int
    month: int | None


def meaning(matricule: str) -> Meaning:
    """Read sex, year and month; never the commune, which may differ from today's COG. Raises ValueError on the form."""
    if not is_matricule(matricule):
        raise ValueError(f"not a matricule: {matricule!r}")
    sexes: dict[str, Literal["M", "F"]] = {"1": "M", "2": "F"}
    month = int(matricule[3:5])
    return Meaning(sexes.get(matricule[0]), int(matricule[1:3]), month if 1 <= month <= 12 else None)
