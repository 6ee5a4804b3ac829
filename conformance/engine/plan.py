"""What a run will do: applicable rows, the properties owed to them, grouped by run key."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from conformance.catalogue.loader import applicable
from conformance.catalogue.model import Profile
from conformance.evidence.codec import canonical
from conformance.exercises import registry
from conformance.exercises.base import Environment, Exercise
from conformance.properties import base as properties

EFFORTS: Mapping[str, int] = {"smoke": 8, "standard": 60, "full": 600}
"""Generated cases a run key, besides one explicit case for each input class claimed."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A property listening to a run key, with its parameters, for the scenarios it decides."""

    property: properties.Property
    parameters: Mapping[str, object]
    scenarios: tuple[str, ...]
    waves: tuple[str, ...]

    @builtins.property
    def id(self) -> str:
        """The property's name, with its parameters when it has any: unique within a run key."""
        return self.property.name + (canonical(dict(self.parameters)).decode() if self.parameters else "")


@dataclass(frozen=True, slots=True)
class RunKey:
    """An exercise in one environment, and who listens. It is driven once, however many rows read it."""

    exercise: Exercise
    environment: Environment
    subscriptions: tuple[Subscription, ...]

    @property
    def id(self) -> str:
        """`exercise@environment`."""
        return f"{self.exercise.name}@{self.environment.name}"

    @property
    def claims(self) -> tuple[str, ...]:
        """The input classes that the listening properties claim and the exercise can generate, sorted."""
        claimed = frozenset[str]().union(*(s.property.claims for s in self.subscriptions))
        return tuple(sorted(claimed & self.exercise.labels()))

    @property
    def needs(self) -> frozenset[str]:
        """What must be there for it to be driven at all."""
        return frozenset(self.exercise.needs)


def missing(needs: frozenset[str], available: frozenset[str]) -> tuple[str, ...]:
    """The needs that are not available, sorted."""
    return tuple(sorted(needs - available))


@dataclass(frozen=True, slots=True)
class Plan:
    """The run keys, in a stable order."""

    keys: tuple[RunKey, ...]


@dataclass(slots=True)
class _Gathered:
    scenarios: list[str] = field(default_factory=list)
    waves: set[str] = field(default_factory=set)


def make(
    profile: Profile,
    waves: Collection[str],
    *,
    options: frozenset[str] = frozenset(),
    claims: frozenset[str] = frozenset(),
    only: frozenset[str] = frozenset(),
) -> Plan:
    """The plan for some waves of a profile. `only` keeps the rows whose key or official id is in it."""
    gathered: dict[tuple[str, str, str], tuple[properties.Property, Mapping[str, object], _Gathered]] = {}
    for wave in profile.waves:
        if wave.name not in waves:
            continue
        for row in wave.requirements:
            if only and row.key not in only and row.id not in only:
                continue
            if not applicable(row, options, claims):
                continue
            for scenario in row.scenarios:
                if scenario.property is None:
                    continue
                found = properties.get(scenario.property)
                identity = (found.exercise, found.name, canonical(dict(scenario.parameters)).decode())
                entry = gathered.setdefault(identity, (found, scenario.parameters, _Gathered()))
                entry[2].scenarios.append(scenario.key)
                entry[2].waves.add(wave.name)
    keys: list[RunKey] = []
    for name in sorted({exercise for exercise, _, _ in gathered}):
        exercise = registry.get(name).for_waves(frozenset(waves))
        for environment in exercise.environments:
            listening = tuple(
                Subscription(found, parameters, tuple(got.scenarios), tuple(sorted(got.waves)))
                for (owner, _, _), (found, parameters, got) in sorted(gathered.items(), key=lambda item: item[0])
                if owner == name and (not found.environments or environment.name in found.environments)
            )
            if listening:
                keys.append(RunKey(exercise, environment, listening))
    return Plan(tuple(keys))
