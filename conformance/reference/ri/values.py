"""An identity and what happens to it, as values (INS/va1.56, rule 1; rules 19 to 27)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Literal

Status = Literal["provisoire", "recuperee", "validee", "qualifiee"]
Attribute = Literal["homonyme", "douteuse", "fictive"]
ATTRIBUTES: tuple[Attribute, ...] = ("homonyme", "douteuse", "fictive")
BLOCKING = frozenset[Attribute]({"douteuse", "fictive"})

NIR_OIDS = {"1.2.250.1.213.1.4.8": "NIR", "1.2.250.1.213.1.4.10": "NIR", "1.2.250.1.213.1.4.11": "NIR"}
NATURES = {**NIR_OIDS, "1.2.250.1.213.1.4.9": "NIA"}
"""OID of an INS -> the nature of its matricule (CI-SIS annex INS)."""

STRICT = ("birth_name", "given_names", "first_given", "birth", "sex", "place")
SECONDARY = ("used_name", "used_given", "phone", "mail", "address")


class Denied(Exception):
    """The repository says no: why, for a person."""


@dataclass(frozen=True, slots=True)
class Traits:
    """Strict traits: `birth` AAAAMMJJ, `sex` M, F or U, `place` a COG code; empty when not given."""

    birth_name: str = ""
    given_names: tuple[str, ...] = ()
    first_given: str = ""
    birth: str = ""
    sex: str = ""
    place: str = ""

    def shown(self) -> dict[str, object]:
        """As an object of the pilot."""
        return {name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name in STRICT}


@dataclass(frozen=True, slots=True)
class Secondary:
    """Complementary traits, empty when not given."""

    used_name: str = ""
    used_given: str = ""
    phone: str = ""
    mail: str = ""
    address: str = ""

    def shown(self) -> dict[str, str]:
        """As an object of the pilot."""
        return {name: v for name in SECONDARY if (v := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule of 15 characters, its OID, and the day it was retrieved (AAAAMMJJ)."""

    matricule: str
    oid: str
    since: str = ""

    @property
    def nature(self) -> str:
        """NIR or NIA."""
        return NATURES.get(self.oid, "NIR")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history. `status` is the one before; `field`, `before`, `after` tell a change."""

    at: str
    author: str
    action: str
    status: Status
    field: str = ""
    before: str = ""
    after: str = ""

    def shown(self) -> dict[str, str]:
        """As an object of the pilot."""
        told = {"at": self.at, "author": self.author, "action": self.action, "status": self.status}
        if self.field:
            told |= {"field": self.field, "before": self.before, "after": self.after}
        return told


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity. `former` are the INS it had, `others` its numbers in other domains (authority, number).

    `presented` says whether a document of high trust was shown, `checked` whether it was validated on it.
    """

    ipp: str
    traits: Traits
    status: Status
    created: str
    secondary: Secondary = Secondary()
    ins: Ins | None = None
    former: tuple[Ins, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    document: str = ""
    presented: bool = False
    checked: bool = False
    merged_into: str = ""
    worklists: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    history: tuple[Event, ...] = field(default=(), repr=False)

    def without_ins(self, status: Status) -> Identity:
        """With this status, and its INS among those it had."""
        former = (*self.former, self.ins) if self.ins is not None else self.former
        return replace(self, status=status, ins=None, former=former)

    def shown(self, *, with_ins: bool = True) -> dict[str, object]:
        """As an object of the pilot."""
        known = self.ins if with_ins else None
        return {
            "ipp": self.ipp,
            "traits": self.traits.shown(),
            "secondary": self.secondary.shown(),
            "status": self.status,
            "matricule": known.matricule if known is not None else None,
            "oid": known.oid if known is not None else None,
            "attributes": list(self.attributes),
            "document": self.document or None,
            "merged_into": self.merged_into or None,
            "worklists": list(self.worklists),
            "history": [e.shown() for e in self.history],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the INSi service answered. `code` 00, 01, 02, `ok`, `ko`, or that of a fault; `failed` for a fault.

    `birth` of the traits is as answered (AAAA-MM-JJ).
    """

    code: str
    label: str = ""
    failed: bool = False
    ins: Ins | None = None
    historic: tuple[Ins, ...] = ()
    traits: Traits = Traits()


def plain(text: str) -> str:
    """Upper case, without accent nor ligature, apostrophes straight, blanks single (INS/va1.56)."""
    text = text.replace("’", "'").replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    kept = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in kept if not unicodedata.combining(c)).upper().split())


def sought(text: str) -> str:
    """A name as it is searched: accents, apostrophes, hyphens and blanks do not count (rule 17)."""
    return "".join(c for c in plain(text) if c.isalnum())


def valid_date(birth: str) -> bool:
    """Whether AAAAMMJJ is a day of the calendar."""
    if not re.fullmatch(r"\d{8}", birth):
        return False
    year, month, day = int(birth[:4]), int(birth[4:6]), int(birth[6:])
    if not (year >= 1850 and 1 <= month <= 12):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    return 1 <= day <= longest


def valid_matricule(matricule: str) -> bool:
    """15 characters whose key agrees; 2A and 2B count as 19 and 18."""
    if not re.fullmatch(r"\d{6}[\dAB]\d{8}", matricule):
        return False
    number = matricule[:13]
    digits = number.replace("A", "0").replace("B", "0")
    value = int(digits) - {"A": 1_000_000, "B": 2_000_000}.get(number[6], 0)
    return 97 - value % 97 == int(matricule[13:])
