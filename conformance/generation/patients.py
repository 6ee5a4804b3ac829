"""Strategies of fictitious French patients: valid, coherent, and covering the classes a PFI stumbles on.

Names keep to the characters of INSi: A-Z, space, apostrophe, hyphen (annexe INS; EF_INS01_03). Places are COG codes of
five characters; a person born abroad bears department 99 and a code 99xxx; Corsica is 2A or 2B from 1976 on (before,
its department was 20), so only later births are drawn there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.generation.draws import chosen, pick, pick_integer
from conformance.models.document import Patient

LONG_NAME = 54
"""A name of this length or more is long: what a system has to hold at least (INS/va1.56)."""
MINOR_DAYS = 6_500
"""Younger than this many days (17 years and a half): a minor in every time zone and leap year."""
CENTENARIAN_DAYS = 36_600
_CORSICA_DAYS = 17_800  # born after 1976 for every run until 2050

PLAIN_NAMES = ("MARTIN", "BERNARD", "PETIT", "DURAND", "MOREAU", "LAURENT", "GIRARD", "BLANC", "ROUX", "FAURE")
COMPOUND_NAMES = ("DUPONT-LECLERC", "LE BIHAN", "DE LA FONTAINE", "SAINT-PIERRE--ROY", "VAN DEN BERGHE", "ABD EL KADER")
APOSTROPHE_NAMES = ("D'ANGELO", "N'DIAYE", "DE L'HERMITE", "O'BRIEN-D'ARC", "L'HOSTIS")
LONG_NAMES = (
    "DE ROCHECHOUART DE MORTEMART-TONNAY-CHARENTE DE VIVONNE LUSSAC",
    "RAKOTONDRAMANANTSOA-ANDRIANAMPOINIMERINATOMPOKOINDRINDRA",
    "DA SILVA PEREIRA DOS SANTOS OLIVEIRA RODRIGUES-FERNANDES DE ALMEIDA E CASTRO",
)
GIVEN_NAMES: dict[str, tuple[str, ...]] = {
    "F": ("MARIE", "ZOE", "CAMILLE", "RUTH", "FATOU", "LOUISE", "INES", "DOMINIQUE"),
    "M": ("PAUL", "ANTHONY", "LOUIS", "KARIM", "NOAM", "JULES", "DOMINIQUE", "YANIS"),
}
HYPHENATED: dict[str, tuple[str, ...]] = {
    "F": ("ANNE-SOPHIE", "MARIE-JEANNE", "LOU-ANN"),
    "M": ("JEAN-BAPTISTE", "PIERRE-ALAIN", "MARC-ANTOINE"),
}

Origin = Literal["metropole", "corsica", "overseas", "abroad"]

PLACES: dict[Origin, tuple[tuple[str, str], ...]] = {
    "metropole": (("75", "75115"), ("63", "63220"), ("51", "51215"), ("13", "13208"), ("69", "69383"), ("29", "29019")),
    "corsica": (("2A", "2A004"), ("2B", "2B033"), ("2A", "2A041"), ("2B", "2B096")),
    "overseas": (("97", "97105"), ("97", "97209"), ("97", "97302"), ("97", "97411"), ("97", "97608")),
    "abroad": (("99", "99350"), ("99", "99109"), ("99", "99139"), ("99", "99401"), ("99", "99219")),
}
"""(department of the NIR, COG of the place of birth), by origin."""

HOMONYM = Patient("MARTIN", ("CAMILLE", "LOUISE"), "F", 14_000, "75", "75115", homonym=True)
"""All homonyms are this person but for the matricule and the IPP."""


@dataclass(frozen=True, slots=True)
class PatientWish:
    """What a patient must be; None leaves the choice open. `ages` bounds the days since birth, both included."""

    names: tuple[str, ...] | None = None
    several_given: bool | None = None
    hyphenated: bool | None = None
    origin: Origin | None = None
    nia: bool | None = None
    ages: tuple[int, int] | None = None
    homonym: bool = False
    used_name: bool | None = None
    qualified: bool = True


ANYONE = PatientWish()

_AGES = ((MINOR_DAYS + 200, 30_000), (400, MINOR_DAYS), (2, 400), (CENTENARIAN_DAYS, 39_400))
_NAME_LISTS = (PLAIN_NAMES, PLAIN_NAMES, COMPOUND_NAMES, APOSTROPHE_NAMES, LONG_NAMES)
_ORIGINS: tuple[Origin, ...] = ("metropole", "metropole", "metropole", "corsica", "overseas", "abroad")


@st.composite
def _patients(draw: DrawFn, wish: PatientWish) -> Patient:
    if wish.homonym:
        return HOMONYM
    sex: Literal["M", "F"] = pick(draw, ("F", "M"))
    origin: Origin = "abroad" if wish.nia else chosen(draw, wish.origin, _ORIGINS)
    department, birth_place = pick(draw, PLACES[origin])
    youngest, oldest = chosen(draw, wish.ages, _AGES)
    if origin == "corsica":
        youngest, oldest = min(youngest, _CORSICA_DAYS), min(oldest, _CORSICA_DAYS)
    birth_day = pick_integer(draw, youngest, oldest)
    names = chosen(draw, wish.names, _NAME_LISTS)
    birth_name = pick(draw, names)
    given = _given_names(draw, wish, sex)
    nia = origin == "abroad" and chosen(draw, wish.nia, (False, True))
    used = chosen(draw, wish.used_name, (False, False, False, True))
    return Patient(
        birth_name=birth_name,
        given_names=given,
        sex=sex,
        birth_day=birth_day,
        department=department,
        birth_place=birth_place,
        kind="NIA" if nia else "NIR",
        qualified=wish.qualified,
        used_name=pick(draw, PLAIN_NAMES + APOSTROPHE_NAMES) if used else None,
    )


def _given_names(draw: DrawFn, wish: PatientWish, sex: str) -> tuple[str, ...]:
    hyphenated = chosen(draw, wish.hyphenated, (False, False, True))
    first = pick(draw, HYPHENATED[sex] if hyphenated else GIVEN_NAMES[sex])
    several = chosen(draw, wish.several_given, (False, True))
    if not several:
        return (first,)
    others = tuple(n for n in GIVEN_NAMES[sex] if n != first)
    start = pick_integer(draw, 0, len(others) - 2)
    return (first, *others[start : start + 1 + (start % 2)])


def patients(wish: PatientWish = ANYONE) -> SearchStrategy[Patient]:
    """Patients as wished. An age and an origin that exclude each other give way to the origin."""
    return _patients(wish)
