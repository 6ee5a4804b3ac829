"""The dashboard of the INSi service: rates by FINESS (TBB/va1.02), and each call (RI.TBB.02)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.identity_exchange.told import answered, between, finding
from conformance.properties.identity_life.flow import Call
from conformance.properties.mail_flow import step, told

NEEDS = frozenset({"pilot:dashboard.insi/1", "pilot:identity.search-insi/1"})
POINTS = 2.0
"""Points of percentage that two roundings may cost."""


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of a period put together. `calls` is None when a row does not count them."""

    rows: Sequence[Mapping[str, Any]]
    calls: int | None
    failed: float
    details: int | None

    @property
    def failure_rate(self) -> float:
        """Percentage of the calls that failed, all FINESS together."""
        if self.calls:
            return 100 * self.failed / self.calls
        return max((_number(r, "failure_rate") for r in self.rows), default=0.0)


def _board(driven: Driven[Any], heard: Heard, name: str) -> Board | None:
    data = told(driven, heard, name)
    rows = data.get("rows") if data is not None else None
    if data is None or not isinstance(rows, list):
        return None
    kept = [r for r in rows if isinstance(r, dict)]
    counted = [r.get("calls") for r in kept]
    whole = [n for n in counted if isinstance(n, int)]
    details = data.get("details")
    return Board(
        kept,
        sum(whole) if len(whole) == len(kept) else None,
        sum(_number(r, "failure_rate") * _number(r, "calls") / 100 for r in kept),
        len(details) if isinstance(details, list) else None,
    )


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _made(driven: Driven[Any], heard: Heard) -> tuple[Call, ...]:
    """The calls between the two looks at the dashboard."""
    return between(driven, heard, "year-0", "month-1")


@register(
    "dashboard.insi-rates",
    exercise="identity.traces",
    clause="DSR RI TBB/va1.02 (taux de sollicitations d'INSi réussies et en échec, par FINESS géographique)",
    requirements=("RI/va1/TBB/va1.02",),
    codes=frozenset({"tbb.insi.empty", "tbb.insi.calls", "tbb.insi.failures", "tbb.insi.sum"}),
    claims=frozenset({"traces:dashboard"}),
    needs=NEEDS,
)
def insi_rates(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The calls that INSi answered, and those that failed, are in the rates of the month and of the year."""
    made = _made(driven, heard)
    failed = [c for c in made if not answered(c)]
    if not made or not failed or _board(driven, heard, "last-year-1") is None:
        return
    for period in ("month", "year"):
        before, after = (_board(driven, heard, f"{period}-{n}") for n in "01")
        read = step(driven, f"{period}-1")
        if before is None or after is None or read is None:
            continue
        yield Witness("the dashboard was read before and after calls of INSi", read.exchange, period)
        yield from _judged(before, after, len(made), len(failed), period, read.answer or read.exchange)


def _judged(before: Board, after: Board, made: int, failed: int, period: str, exchange: str) -> Iterator[Finding]:
    if not after.rows:
        yield finding("tbb.insi.empty", "rows", exchange=exchange, subject=period)
        return
    for row in after.rows:
        whole = _number(row, "success_rate") + _number(row, "failure_rate")
        if abs(whole - 100) > 1 and (_number(row, "calls") or whole):
            yield finding("tbb.insi.sum", "rate", exchange=exchange, seen=round(whole, 2), subject=period)
    if before.calls is None or after.calls is None:
        if failed and after.failure_rate == 0:
            yield finding("tbb.insi.failures", "failure_rate", exchange=exchange, seen=0, subject=period)
        return
    more = after.calls - before.calls
    # A call that was tried again after a failure may be one solicitation or several.
    if not made - failed + 1 <= more <= made:
        yield finding("tbb.insi.calls", "calls", exchange=exchange, expected=made, seen=more, subject=period)
    elif abs(after.failure_rate - 100 * (before.failed + more - (made - failed)) / after.calls) > POINTS:
        expected = 100 * (before.failed + more - (made - failed)) / after.calls
        yield finding("tbb.insi.failures", "failure_rate", exchange=exchange, expected=round(expected, 2),
                      seen=round(after.failure_rate, 2), subject=period)  # fmt: skip


@register(
    "dashboard.insi-details",
    exercise="identity.traces",
    clause="DSR RI RI.TBB.02 (détail des sollicitations d'INSi)",
    requirements=("RI/va1/RI.TBB.02",),
    codes=frozenset({"tbb.insi.detail"}),
    claims=frozenset({"traces:dashboard"}),
    needs=NEEDS,
)
def insi_details(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each call of INSi has its line."""
    made = _made(driven, heard)
    read = step(driven, "month-1")
    before, after = (_board(driven, heard, f"month-{n}") for n in "01")
    if not made or read is None or before is None or after is None:
        return
    yield Witness("the calls of INSi were asked for one by one", read.exchange)
    more = (after.details or 0) - (before.details or 0)
    good = sum(answered(c) for c in made)
    if more < good or (more == good and good < len(made)):
        yield finding("tbb.insi.detail", "details", exchange=read.answer or read.exchange, expected=len(made),
                      seen=more)  # fmt: skip
