"""What an answer of INSi must hold before its identity may be taken in (Guide INS, rules 11 and 12), and its codes."""

from __future__ import annotations

import re
from typing import Literal

Refusal = Literal["lunar-date", "empty-name", "empty-given", "empty-sex"]

FOUND, NOBODY, SEVERAL = "00", "01", "02"
CODES = (FOUND, NOBODY, SEVERAL)
"""CodeCR of a search: one identity, none, several (then search again with more given names, then with the place)."""

_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")


def refusals(*, birth_name: str, given: str, sex: str, birth: str) -> tuple[Refusal, ...]:
    """Why the identity of an answer may not be taken in; empty when it may.

    `given` is ListePrenom (Prenom when there is none), `birth` AAAA-MM-JJ or AAAAMMJJ. A missing place hinders nothing.
    """
    match = _DATE.fullmatch(birth)
    marks: tuple[tuple[bool, Refusal], ...] = (
        (match is not None and "00" in (match[2], match[3]), "lunar-date"),
        (not birth_name.strip(), "empty-name"),
        (not given.strip(), "empty-given"),
        (not sex.strip(), "empty-sex"),
    )
    return tuple(word for holds, word in marks if holds)
