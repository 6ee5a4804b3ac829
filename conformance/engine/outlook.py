"""Before a run: which rows a target lets the bench decide, and what each thing it does not give would unlock. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from conformance.catalogue.loader import applicable
from conformance.catalogue.model import Profile, Requirement
from conformance.exercises import registry
from conformance.properties import base as properties


class Prospect(StrEnum):
    """What can be expected of a row."""

    DECIDED = "decided"  # traffic alone decides it
    COMPLETED = "completed"  # traffic decides what it can, a proof completes it
    BLOCKED = "blocked"  # a property exists, the target does not give what it needs
    PROOF = "proof"  # only a proof shows it
    NOT_YET = "not-yet"  # the bench does not verify it yet
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class RowOutlook:
    """A row, what can be expected of it, the needs that are missing, and the exercises that decide it."""

    row: Requirement
    prospect: Prospect
    missing: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unlock:
    """A need that the target does not meet: the rows it would decide at once, and those it takes part in."""

    need: str
    alone: tuple[str, ...]
    together: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """All rows in the order of the profile, and what is missing, the most useful first."""

    rows: tuple[RowOutlook, ...]
    unlocks: tuple[Unlock, ...]

    def count(self, prospect: Prospect) -> int:
        """How many rows have this prospect."""
        return sum(one.prospect is prospect for one in self.rows)


def outlook(
    profile: Profile,
    waves: Collection[str],
    *,
    options: frozenset[str],
    claims: frozenset[str],
    available: frozenset[str],
) -> Outlook:
    """What a run would decide. `available` are the needs met: `endpoint:NAME`, `service:NAME`, `pilot:KIND`."""
    rows = tuple(_row(row, options, claims, available) for row in profile.requirements(waves))
    missing = sorted({need for one in rows for need in one.missing})
    unlocks = [
        Unlock(
            need,
            tuple(one.row.key for one in rows if one.missing == (need,)),
            tuple(one.row.key for one in rows if need in one.missing and len(one.missing) > 1),
        )
        for need in missing
    ]
    return Outlook(rows, tuple(sorted(unlocks, key=lambda u: (-len(u.alone), -len(u.together), u.need))))


def _row(row: Requirement, options: frozenset[str], claims: frozenset[str], available: frozenset[str]) -> RowOutlook:
    if not applicable(row, options, claims):
        return RowOutlook(row, Prospect.NOT_APPLICABLE)
    if not row.properties:
        waits = any(scenario.reason for scenario in row.scenarios)
        return RowOutlook(row, Prospect.NOT_YET if waits else Prospect.PROOF)
    missing: set[str] = set()
    exercises: list[str] = []
    for name in row.properties:
        found = properties.get(name)
        exercise = registry.get(found.exercise)
        exercises.append(exercise.name)
        missing |= (exercise.needs | found.needs) - available
    if missing:
        return RowOutlook(row, Prospect.BLOCKED, tuple(sorted(missing)), tuple(dict.fromkeys(exercises)))
    proof = any(scenario.attest for scenario in row.scenarios)
    prospect = Prospect.COMPLETED if proof else Prospect.DECIDED
    return RowOutlook(row, prospect, (), tuple(dict.fromkeys(exercises)))
