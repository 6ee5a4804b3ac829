"""The name of a PDF file (référentiel socle MSSanté #2, ECO 2.1.5, 2.1.6): advice only, a rule known second-hand.

`date of the act _ type of document _ NOM _ prénom [_ number of the record]`, the type in 40 characters at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.standards.cda.reader import CdaHeader
from conformance.standards.ins import traits

LIMIT_TYPE = 40

_DATES = (
    (re.compile(r"(\d{4})[-.]?(\d{2})[-.]?(\d{2})"), (1, 2, 3)),
    (re.compile(r"(\d{2})[-.]?(\d{2})[-.]?(\d{4})"), (3, 2, 1)),
)


@dataclass(frozen=True, slots=True)
class FileName:
    """A name split: date as AAAAMMJJ, type, family name, given name, record number (empty when absent)."""

    date: str
    type: str
    family: str
    given: str
    record: str = ""


def day(text: str) -> str:
    """A date of a file name as AAAAMMJJ, empty when it is none."""
    for pattern, order in _DATES:
        match = pattern.fullmatch(text)
        if match is not None:
            found = "".join(match[n] for n in order)
            if traits.parse_birth(found) is not None and "1900" <= found[:4] <= "2199":
                return found
    return ""


def read(name: str) -> FileName | None:
    """A file name split by its underscores, None when it has neither four nor five parts or no date first."""
    stem = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.pdf$", "", stem, flags=re.IGNORECASE)
    parts = stem.split("_")
    date = day(parts[0])
    if not date or len(parts) not in (4, 5) or not all(p.strip() for p in parts):
        return None
    return FileName(date, *parts[1:])


def faults(name: str, header: CdaHeader | None = None) -> Iterator[tuple[str, str, str]]:
    """(what, seen, expected) of each departure from the rule; `what` is `form`, `type`, `date`, `family` or `given`."""
    found = read(name)
    if found is None:
        yield "form", name, "date_type_NOM_prénom[_dossier].pdf"
        return
    if len(found.type) > LIMIT_TYPE:
        yield "type", found.type, f"{LIMIT_TYPE}"
    if header is None:
        return
    acts = {t[:8] for act in header.acts for t in (act.low, act.high) if len(t) >= 8}
    if acts and found.date not in acts:
        yield "date", found.date, " ".join(sorted(acts))
    person = header.patient.name
    families = {p.text for p in person.families if p.text}
    givens = {p.text for p in person.givens if p.text}
    for what, seen, known in (("family", found.family, families), ("given", found.given, givens)):
        if known and not any(traits.same_name(seen, k) or traits.first_given_fits(seen, k) for k in known):
            yield what, seen, " / ".join(sorted(known))
