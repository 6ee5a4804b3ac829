"""What a dashboard of sendings must show: pure counts of what was captured, and their difference with what it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Channel = Literal["dmp", "mss-pro", "mss-citizen"]
Outcome = Literal["success", "failure"]


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One counter of the dashboard: geographic FINESS (9 characters), channel, code of the document type, outcome."""

    finess: str
    channel: str
    type: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Flow:
    """One sending that was captured: its counter, the document it carried, whether that one is masked to somebody.

    `most` is how many attempts it may be counted for at most: a mail to three professionals is one or three.
    """

    cell: Cell
    document: str
    masked: bool = False
    most: int = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many attempts a counter may show: one for each document at least, every captured attempt at most."""

    least: int
    most: int

    def holds(self, count: int) -> bool:
        """Whether a count is between the two."""
        return self.least <= count <= self.most


def expected(flows: Iterable[Flow]) -> Mapping[Cell, Bounds]:
    """The counters that captured flows must make; what failed and then went may count as one success only."""
    flows = tuple(flows)
    went = {(f.cell.channel, f.document) for f in flows if f.cell.outcome == "success"}
    documents: dict[Cell, set[str]] = {}
    attempts: Counter[Cell] = Counter()
    for flow in flows:
        least = documents.setdefault(flow.cell, set())
        if flow.cell.outcome == "success" or (flow.cell.channel, flow.document) not in went:
            least.add(flow.document)
        attempts[flow.cell] += flow.most
    return {cell: Bounds(len(found), attempts[cell]) for cell, found in documents.items()}


def expected_masked(flows: Iterable[Flow]) -> Mapping[Cell, Bounds]:
    """The same of masked documents alone; a counter without any must show none."""
    flows = tuple(flows)
    masked = expected(f for f in flows if f.masked)
    return {f.cell: masked.get(f.cell, Bounds(0, 0)) for f in flows}


Rows = Iterable[Mapping[str, object]]


def read(rows: Rows, column: str = "count") -> Counter[Cell]:
    """The counters of an extraction; rows of the same counter add up, a row without the column counts for nothing."""
    found: Counter[Cell] = Counter()
    for row in rows:
        cell = Cell(*(str(row.get(name, "")) for name in ("finess", "channel", "type", "outcome")))
        value = row.get(column)
        if isinstance(value, int) and not isinstance(value, bool):
            found[cell] += value
    return found


def gained(before: Rows, after: Rows, column: str = "count") -> Counter[Cell]:
    """What each counter gained between two extractions (a loss is negative)."""
    first, last = read(before, column), read(after, column)
    return Counter({cell: last[cell] - first[cell] for cell in first | last if last[cell] != first[cell]})


@dataclass(frozen=True, slots=True)
class Gap:
    """A counter that is not what the flows make it."""

    cell: Cell
    expected: Bounds
    seen: int


def gaps(wanted: Mapping[Cell, Bounds], seen: Mapping[Cell, int]) -> Iterator[Gap]:
    """Every counter that differs, those that nothing was captured for included, in order."""
    for cell in sorted(wanted.keys() | seen.keys()):
        bounds, count = wanted.get(cell, Bounds(0, 0)), seen.get(cell, 0)
        if not bounds.holds(count):
            yield Gap(cell, bounds, count)


def plain_finess(identifier: str) -> str:
    """The FINESS in a Struct_IdNat (`1` then 9 characters), or the identifier itself."""
    return identifier[1:] if len(identifier) == 10 and identifier.startswith("1") else identifier
