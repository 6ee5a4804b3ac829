"""The strict traits of identity: letters allowed, names, dates, place (RNIV; lexical profile of the INSi service)."""

from __future__ import annotations

import calendar
import re
import unicodedata
from typing import Literal

Fault = Literal["empty", "characters", "start", "end", "doubled"]

_ALLOWED = re.compile(r"[A-Z '\-]+")
_DOUBLED = re.compile(r"[ ']{2,}")
_LIGATURES = str.maketrans(
    {"Œ": "OE", "œ": "OE", "Æ": "AE", "æ": "AE", "ß": "SS", "’": "'", "‘": "'", "ʼ": "'", "‐": "-"}
)
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2}))?)?")
_COG = re.compile(r"(?:[0-9]{5}|2[AB][0-9]{3})")

UNKNOWN_PLACE = "99999"


def birth_name_faults(text: str) -> tuple[Fault, ...]:
    """What is wrong with a nom de naissance as the INSi service writes it.

    Capital letters, space, apostrophe, hyphen; it starts neither with a space nor with a hyphen; spaces and
    apostrophes neither doubled nor side by side; a double hyphen is allowed.
    """
    return _faults(text, starts=" -", ends=" ", doubled=_DOUBLED)


def given_name_faults(text: str) -> tuple[Fault, ...]:
    """What is wrong with a prénom, or a list of them: as a name, and no double hyphen nor hyphen or apostrophe last."""
    return _faults(text, starts=" -", ends=" -'", doubled=re.compile(r"[ ']{2,}|--"))


def _faults(text: str, *, starts: str, ends: str, doubled: re.Pattern[str]) -> tuple[Fault, ...]:
    if not text:
        return ("empty",)
    found: list[Fault] = []
    if _ALLOWED.fullmatch(text) is None:
        found.append("characters")
    if text[0] in starts:
        found.append("start")
    if text[-1] in ends:
        found.append("end")
    if doubled.search(text):
        found.append("doubled")
    return tuple(found)


def normalise(text: str) -> str:
    """Capital letters without accent nor ligature, curly apostrophes made straight; other characters stay."""
    bare = unicodedata.normalize("NFD", text.translate(_LIGATURES))
    return "".join(c for c in bare if not unicodedata.combining(c)).upper()


def same_name(one: str, other: str) -> bool:
    """Equal for a search of antecedents: case, accents, hyphens, apostrophes and spaces do not count."""
    return _letters(one) == _letters(other)


def first_given_fits(first: str, given: str) -> bool:
    """True when the premier prénom is how the list of prénoms begins; hyphen and apostrophe count as a space."""
    wanted, listed = _words(first), _words(given)
    return bool(wanted) and listed[: len(wanted)] == wanted


def _letters(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", normalise(text))


def _words(text: str) -> list[str]:
    return re.sub(r"[-']", " ", normalise(text)).split()


def parse_birth(text: str) -> tuple[int, int | None, int | None] | None:
    """(year, month, day) of AAAA, AAAAMM or AAAAMMJJ; None when it is none of these or no date of the calendar."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    if month is not None and not 1 <= month <= 12:
        return None
    if day is not None and not 1 <= day <= calendar.monthrange(max(year, 1), month or 1)[1]:
        return None
    return year, month, day


def substitute_birth(year: int, month: int | None = None, day: int | None = None) -> str:
    """AAAAMMJJ to type in when a part of a date of birth is not known (RNIV 1, EXI ID 11 and 12).

    A day that is not known becomes 01, a month 01, both 31 December; of a year, the decade is given by the caller.
    Raises ValueError when the parts make no date.
    """
    if month is None and day is None:
        month, day = 12, 31
    written = f"{year:04d}{month or 1:02d}{day or 1:02d}"
    if parse_birth(written) is None:
        raise ValueError(f"no date of birth: {year!r} {month!r} {day!r}")
    return written


def is_place(text: str) -> bool:
    """True when a text has the form of a COG code: five characters, Corsica `2A...` and `2B...` included."""
    return _COG.fullmatch(text) is not None
