"""The labels of codes: those of the value sets, those of the official examples, and how far a label is from them.

Labels differ without harm (case, accents, spaces, words in another order): the volet publishes them for the reader, and
the official package stopped comparing them. A label that shares no word with any label of its code is another matter:
the code and the text say two different things.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from conformance.standards import valuesets
from conformance.standards.valuesets import Concept

Relation = Literal["unknown", "same", "near", "far"]

_SMALL = frozenset(
    re.findall(
        r"\w+", "a au aux avec d dans de des du e en et in l la le les n of on or ou par pour s sans sur the un une y"
    )
)
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "’": "'"})


@cache
def observed() -> Mapping[Concept, tuple[str, ...]]:
    """The codes of the official examples, with the labels that the value sets do not give them."""
    found: dict[Concept, tuple[str, ...]] = {}
    system = ""
    for line in (files(__package__) / "observed.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            system = line[1:]
        elif line and not line.startswith("#"):
            code, *labels = line.split("\t")
            found[(code, system)] = tuple(labels)
    return found


def is_published(code: str, system: str) -> bool:
    """True for a code of a value set."""
    return (code, system) in valuesets.labels()


def is_seen(code: str, system: str) -> bool:
    """True for a code of a value set or of an official example."""
    return (code, system) in valuesets.labels() or (code, system) in observed()


@lru_cache(maxsize=16384)
def words(label: str) -> tuple[str, ...]:
    """The words of a label: lower case, no accents, no punctuation."""
    plain = unicodedata.normalize("NFD", label.translate(_LIGATURES).lower())
    return tuple(re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c))))


def _telling(label: str) -> frozenset[str]:
    every = words(label)
    return frozenset(word for word in every if word not in _SMALL) or frozenset(every)


_NEGATIONS = frozenset(
    {"absence", "absent", "aucun", "aucune", "hors", "jamais", "ne", "no", "non", "not", "pas", "sans"}
)


def _same(one: str, other: str) -> bool:
    """True for the same words, or for a label within the other, unless what it lacks is a negation."""
    mine, theirs = set(words(one)), set(words(other))
    within = mine <= theirs or theirs <= mine
    return bool(mine & theirs) and within and not (mine ^ theirs) & _NEGATIONS


def _shared(one: str, other: str) -> bool:
    mine, theirs = _telling(one), _telling(other)
    if mine & theirs or "".join(words(one)) in "".join(words(other)) or "".join(words(other)) in "".join(words(one)):
        return True
    # the same word with another ending: prescription, prescriptions
    return bool({word[:4] for word in mine if len(word) > 3} & {word[:4] for word in theirs if len(word) > 3})


@lru_cache(maxsize=16384)
def relation(code: str, system: str, label: str) -> Relation:
    """How a label stands to those known of a code: `same` but for its form or length, `near`, `far`, or `unknown`."""
    published = valuesets.labels().get((code, system), frozenset())
    seen = observed().get((code, system), ())
    known = [one for one in (*published, *seen) if one]
    if not known:
        return "unknown"
    if any(_same(label, one) for one in known):
        return "same"
    return "near" if any(_shared(label, one) for one in known) else "far"


def show(code: str, system: str) -> str:
    """The labels known of a code, for a reader."""
    published = sorted(valuesets.labels().get((code, system), frozenset()) - {""})
    return " | ".join([*published, *observed().get((code, system), ())][:3])


@cache
def _owners() -> Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]:
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (code, system), known in valuesets.labels().items():
        for label in known:
            found.setdefault((system, words(label)), []).append(code)
    return {key: tuple(codes) for key, codes in found.items()}


def owners(system: str, label: str) -> tuple[str, ...]:
    """The published codes of a system that bear a label."""
    return _owners().get((system, words(label)), ())


@cache
def _systems() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code, system in valuesets.labels():
        found.setdefault(code, []).append(system)
    return {code: tuple(systems) for code, systems in found.items()}


@lru_cache(maxsize=4096)
def elsewhere(code: str, system: str, label: str) -> str:
    """Another system that publishes a code under a label that fits, empty when there is none."""
    for other in _systems().get(code, ()):
        if other != system and label and relation(code, other, label) in ("same", "near"):
            return other
    return ""
