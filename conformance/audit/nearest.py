"""The nearest case that was found right: what differs from the smallest one that was not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.audit.excerpt import elide, visible
from conformance.audit.model import Difference
from conformance.audit.tally import CaseLine, Tally
from conformance.evidence.journal import Reader

COMPARED = 60
"""Cases whose data are compared, those that share the most classes first."""

DIFFERENCES = 12
"""Differences told."""

CHARACTERS = 160
"""Of a value that differs."""

Leaves = Mapping[str, str]


class Neighbours:
    """Looks for the nearest right case of a mistake; the data of a case are read once."""

    def __init__(self, journal: Tally, reader: Reader) -> None:
        self._journal = journal
        self._reader = reader
        self._leaves: dict[str, Leaves] = {}

    def find(self, key: str, property: str, line: Mapping[str, Any]) -> tuple[str, int, tuple[Difference, ...]] | None:
        """The case, in how many places its data differ, and the first of them; None when no case was found right.

        `line` is the `counterexample` line. A case without any finding is preferred to one that has only others.
        """
        reached = self._journal.reached.get((key, property), [])
        right = [case for case, prints in reached if not prints and case != line["case"]]
        if not right:
            right = [case for case, prints in reached if line["fingerprint"] not in prints and case != line["case"]]
        if not right:
            return None
        labels = set(line["labels"])
        mine = dict(leaves(self._reader.plain(line["body"])))
        order = {case: n for n, case in enumerate(right)}
        near = sorted(right, key=lambda c: (len(labels ^ set(self._journal.cases[c].labels)), order[c]))[:COMPARED]
        best = min(near, key=lambda c: (len(_apart(self._of(c), mine)), order[c]))
        apart = _apart(self._of(best), mine)
        theirs = self._of(best)
        told = tuple(Difference(path, _short(theirs.get(path)), _short(mine.get(path))) for path in apart[:DIFFERENCES])
        return best, len(apart), told

    def _of(self, case: str) -> Leaves:
        if case not in self._leaves:
            self._leaves[case] = dict(leaves(self._reader.plain(self._journal.cases[case].body)))
        return self._leaves[case]

    def same_place(self, case: str, exchange: str) -> str | None:
        """The exchange of a case that stands where another one stands in its own: same channel, way and kind."""
        owner = next((c for c in self._journal.cases.values() if exchange in c.exchanges), None)
        kind = self._kind(exchange)
        twins = [x for x in self._journal.cases[case].exchanges if self._kind(x) == kind]
        if not twins:
            return None
        rank = self._rank(owner, exchange, kind)
        return twins[min(rank, len(twins) - 1)]

    def _rank(self, owner: CaseLine | None, exchange: str, kind: object) -> int:
        if owner is None:
            return 0
        return [x for x in owner.exchanges if self._kind(x) == kind].index(exchange)

    def _kind(self, exchange: str) -> object:
        heading = self._journal.exchanges.get(exchange)
        if heading is None:
            return None
        told = tuple(heading.facts.get(name) for name in ("event", "soap_action", "kind", "instruction", "command"))
        return heading.channel, heading.direction, told


def leaves(data: object, path: str = "") -> Iterator[tuple[str, str]]:
    """The values at the ends of plain data with where they are: `steps[0].flags.masked`, `true`. Empty ones too."""
    if isinstance(data, Mapping) and data:
        for name in sorted(data):
            yield from leaves(data[name], f"{path}.{name}" if path else str(name))
    elif isinstance(data, list) and data:
        for number, item in enumerate(data):
            yield from leaves(item, f"{path}[{number}]")
    else:
        yield path, json.dumps(data, ensure_ascii=False, sort_keys=True)


def _apart(one: Leaves, other: Leaves) -> list[str]:
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))


def _short(value: str | None) -> str | None:
    if value is None:
        return None
    shown = visible(elide(value))
    return shown if len(shown) <= CHARACTERS else shown[: CHARACTERS - 1] + "…"
