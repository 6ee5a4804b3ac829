"""The value sets (jeux de valeurs) of the CI-SIS: which codes may stand where, and under which labels.

The table `sets.txt` holds facts derived from the files that ANS publishes (codes, code systems, OIDs, dates, short
labels) by `derive.py`; its first lines say from which files, and their digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from conformance.errors import InternalError

Concept = tuple[str, str]
"""(code, OID of its code system)."""


@dataclass(frozen=True)
class ValueSet:
    """One value set: its published name, OID, date of its last revision (AAAAMMJJ), and its concepts with labels."""

    name: str
    oid: str
    revised: str
    concepts: Mapping[Concept, str]

    def has(self, code: str, system: str) -> bool:
        """True when the code of that code system belongs to the set."""
        return (code, system) in self.concepts

    def label(self, code: str, system: str) -> str:
        """The published label of a concept, empty when it does not belong to the set."""
        return self.concepts.get((code, system), "")

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes, whatever their system."""
        return frozenset(code for code, _ in self.concepts)

    @cached_property
    def systems(self) -> frozenset[str]:
        """The code systems that the set draws from."""
        return frozenset(system for _, system in self.concepts)

    def systems_of(self, code: str) -> tuple[str, ...]:
        """The code systems under which a code belongs to the set."""
        return tuple(system for system in sorted(self.systems) if (code, system) in self.concepts)


@dataclass(frozen=True, slots=True)
class _Block:
    name: str
    oid: str
    revised: str
    text: str


@cache
def _blocks() -> dict[str, _Block]:
    found = {}
    text = (files(__package__) / "sets.txt").read_text(encoding="utf-8")
    for piece in text.split("\n= ")[1:]:
        head, _, body = piece.partition("\n")
        name, oid, revised = head.split(" ")
        found[name] = _Block(name, oid.strip("-"), revised.strip("-"), body)
    return found


@cache
def get(name: str) -> ValueSet:
    """A value set by its published name (`JDV_J01_XdsAuthorSpecialty_CISIS`) or OID; raises InternalError."""
    block = _blocks().get(_by_oid().get(name, name))
    if block is None:
        raise InternalError("valuesets.unknown", set=name)
    return ValueSet(block.name, block.oid, block.revised, dict(_concepts(block.text)))


def names() -> tuple[str, ...]:
    """The published names of all sets, in alphabetical order."""
    return tuple(_blocks())


@cache
def _by_oid() -> dict[str, str]:
    return {block.oid: block.name for block in _blocks().values() if block.oid}


@cache
def labels() -> Mapping[Concept, frozenset[str]]:
    """Every concept of every set, with all the labels that the sets give it."""
    found: dict[Concept, set[str]] = {}
    for block in _blocks().values():
        for concept, label in _concepts(block.text):
            found.setdefault(concept, set()).add(label)
    return {concept: frozenset(known) for concept, known in found.items()}


@cache
def systems() -> frozenset[str]:
    """The OID of every code system that a set draws from."""
    return frozenset(system for _, system in labels())


def _concepts(text: str) -> Iterator[tuple[Concept, str]]:
    system = ""
    for line in text.split("\n"):
        if line.startswith("@"):
            system = line[1:]
        elif line:
            code, _, label = line.partition("\t")
            yield (code, system), label
