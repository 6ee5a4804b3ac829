"""The first pass: cases are drawn, nothing is sent. One explicit case for each class claimed, then Hypothesis."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.strategies import SearchStrategy

from conformance.evidence.codec import digest
from conformance.exercises.base import Exercise

# Hypothesis writes tables of its own even without a database: not in the user's folder.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "conformance-hypothesis")


@dataclass(frozen=True, slots=True)
class Collected:
    """A drawn case: its data, its digest, its labels, and the class it was drawn for (None: generated)."""

    case: Any
    digest: str
    labels: frozenset[str]
    explicit: str | None = None


def seed_for(seed: int, *parts: str) -> int:
    """A seed derived from the run's seed and some names, stable across processes."""
    text = "/".join((str(seed), *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def draw(strategy: SearchStrategy[Any], count: int, seed: int) -> list[Any]:
    """At most `count` examples of a strategy (a finite one may give fewer); the same seed gives the same ones."""
    found: list[Any] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def body(case: Any) -> None:
        found.append(case)

    body()
    return found[:count]


def collect(
    exercise: Exercise, claims: Sequence[str], count: int, seed: int, *, name: str = ""
) -> tuple[Collected, ...]:
    """All cases of a run key: one of each claimed class, then `count` generated ones; no case twice."""
    cases: dict[str, Collected] = {}

    def add(case: Any, explicit: str | None) -> None:
        key = digest(case)
        if key not in cases:
            cases[key] = Collected(case, key, exercise.labels_of(case), explicit)

    for label in claims:
        for case in draw(exercise.cases(label), 1, seed_for(seed, name, label)):
            add(case, label)
    if count:
        for case in draw(exercise.cases(None), count, seed_for(seed, name)):
            add(case, None)
    return tuple(cases.values())
