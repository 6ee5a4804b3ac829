"""What an audit did not test, and why: the same for every report. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.audit.model import Audit, RequirementResult, ScenarioResult

UNHEARD = frozenset({"no-witness", "unsettled"})
CUT = frozenset({"abandoned", "interrupted", "suspended", "not-driven", "no-scenario"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A scenario that is not (wholly) tested, of the row it belongs to."""

    row: RequirementResult
    scenario: ScenarioResult


@dataclass(frozen=True, slots=True)
class Need:
    """What the target does not give, and the rows it would take part in deciding: `alone` lack nothing else."""

    name: str  # `endpoint:NAME`, `service:NAME`, `pilot:KIND`
    alone: tuple[RequirementResult, ...]
    together: tuple[RequirementResult, ...]

    @property
    def kind(self) -> str:
        """`endpoint`, `service` or `pilot`."""
        return self.name.partition(":")[0]

    @property
    def what(self) -> str:
        """The name after the kind."""
        return self.name.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Untested:
    """Each reason with what it concerns, in the order of the audit; a scenario may stand under several reasons.

    `needs` the most useful first; `attest` what a person must show; `walls` what no bench can verify; `cut` what was
    given up, interrupted, suspended or never driven; `faults` where the tool failed; `unheard` what was driven without
    a judgement; `uncovered` the input classes without a witness; `inapplicable` rows by their condition.
    """

    needs: tuple[Need, ...]
    attest: tuple[Entry, ...]
    walls: tuple[Entry, ...]
    cut: tuple[Entry, ...]
    faults: tuple[Entry, ...]
    unheard: tuple[Entry, ...]
    uncovered: tuple[Entry, ...]
    inapplicable: tuple[tuple[str, tuple[RequirementResult, ...]], ...]

    def __bool__(self) -> bool:
        told = (self.needs, self.attest, self.walls, self.cut, self.faults, self.unheard, self.uncovered)
        return any((*told, self.inapplicable))


def untested(audit: Audit) -> Untested:
    """What was not tested in an audit, and why."""
    entries = tuple(_entries(audit))
    conditions: dict[str, list[RequirementResult]] = {}
    for row in audit.requirements:
        if row.reason == "not-applicable":
            conditions.setdefault(row.when or row.detail.get("fr", ""), []).append(row)
    return Untested(
        needs=_needs(audit),
        attest=tuple(e for e in entries if e.scenario.attest),
        walls=tuple(e for e in entries if e.scenario.reason == "not-testable"),
        cut=tuple(e for e in entries if e.scenario.reason in CUT),
        faults=tuple(e for e in entries if e.scenario.reason == "tool"),
        unheard=tuple(e for e in entries if e.scenario.reason in UNHEARD),
        uncovered=tuple(e for e in entries if e.scenario.counts.driven and e.scenario.uncovered()),
        inapplicable=tuple((condition, tuple(rows)) for condition, rows in conditions.items()),
    )


def _entries(audit: Audit) -> Iterator[Entry]:
    for row in audit.requirements:
        if row.reason != "not-applicable":
            for scenario in row.scenarios:
                yield Entry(row, scenario)


def _needs(audit: Audit) -> tuple[Need, ...]:
    lacking = {}
    for row in audit.requirements:
        needs = {need for s in row.scenarios for need in s.needs}
        if needs and row.reason != "not-applicable":
            lacking[row.key] = (row, needs)
    found = []
    for name in sorted({need for _, needs in lacking.values() for need in needs}):
        alone = tuple(row for row, needs in lacking.values() if needs == {name})
        together = tuple(row for row, needs in lacking.values() if name in needs and len(needs) > 1)
        found.append(Need(name, alone, together))
    return tuple(sorted(found, key=lambda n: (-len(n.alone), -len(n.together), n.name)))
