"""Code systems: which are known, the form of their codes, and the OIDs that cannot exist at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from conformance.standards import valuesets
from conformance.standards.cda.generic import digits, labels


@dataclass(frozen=True, slots=True)
class System:
    """A code system: its name, the form of its codes (None: any), how they are checked further."""

    oid: str
    name: str
    check: str
    form: re.Pattern[str] | None


@cache
def table() -> Mapping[str, System]:
    """The systems of `systems.txt`, by OID."""
    found = {}
    for line in (files(__package__) / "systems.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        oid, name, check, form = line.split()
        found[oid] = System(oid, name, check, None if form == "-" else re.compile(form))
    return found


@cache
def _observed() -> frozenset[str]:
    return frozenset(system for _, system in labels.observed())


@lru_cache(maxsize=1024)
def is_known(oid: str) -> bool:
    """True for a system that some value set draws from, that `systems.txt` has, or that an official example uses."""
    return oid in table() or oid in valuesets.systems() or oid in _observed()


@lru_cache(maxsize=1024)
def name_of(oid: str) -> str:
    """The name of a known system, else its OID."""
    held = table().get(oid)
    return held.name if held is not None and held.name != "-" else oid


@cache
def _set_oids() -> frozenset[str]:
    return frozenset(valuesets.get(name).oid for name in valuesets.names()) - {""}


@lru_cache(maxsize=1024)
def is_value_set(oid: str) -> bool:
    """True for the OID of a value set (JDV), which is not a code system."""
    return oid in _set_oids() and not is_known(oid)


@cache
def _countries() -> frozenset[int]:
    lines = (files(__package__) / "countries.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(int(word) for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1024)
def is_impossible(oid: str) -> bool:
    """True for an OID whose first arcs lead nowhere in the tree of ISO/IEC 9834-1, or that is too short for a system.

    A member body under 1.2 and a country under 2.16 bear the numeric code of ISO 3166-1 (X.660, annex A); 2.999 is the
    arc of examples.
    """
    if not re.fullmatch(r"[0-2](\.\d{1,40}){1,60}", oid):
        return False  # a form that the structure refuses already, or a UUID
    arcs = [int(arc) for arc in oid.split(".")]
    if arcs[:2] == [2, 25]:
        return False  # a UUID written as an OID
    if len(arcs) < 4 or (arcs[0] < 2 and arcs[1] > 39):
        return True
    if arcs[:2] in ([1, 2], [2, 16]):
        return arcs[2] not in _countries()
    return arcs[:2] == [2, 999] or (arcs[0] == 1 and arcs[1] > 3) or (arcs[0] == 0 and arcs[1] > 9)


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "loinc": digits.loinc,
    "sctid": digits.verhoeff,
    "ean": digits.ean13,
    "atc": digits.atc,
    "cim10": digits.cim10,
}


@lru_cache(maxsize=8192)
def fault(code: str, oid: str) -> str:
    """What is wrong with a code of a system: `form`, `key` (its check digit), `category`, or empty."""
    system = table().get(oid)
    if system is None or system.form is None:
        return ""
    if system.form.fullmatch(code) is None:
        return "form"
    check = CHECKS.get(system.check)
    if check is None or check(code):
        return ""
    return "category" if system.check in ("atc", "cim10") else "key"
