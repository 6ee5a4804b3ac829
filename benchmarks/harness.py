"""Timing that can be trusted a little: competitors in turn, several rounds, medians, ratios of the same run."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


def pin() -> None:
    """Keep to one core, where the system lets us choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def rate(work: Work, seconds: float) -> float:
    """How many times a second `work` runs, over about that many seconds."""
    count = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        work()
        count += 1
    return count / spent


def rates(works: Mapping[str, Work], *, rounds: int = 5, seconds: float = 0.5) -> dict[str, float]:
    """The median rate of each, the competitors taken in turn so that a slow moment hits them all."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(rate(work, seconds))
    return {name: statistics.median(values) for name, values in found.items()}


def show(title: str, figures: Mapping[str, float], ours: str, goal: float | None, unit: str = "/s") -> None:
    """A table, with the ratio of ours to the fastest of the others, and the goal."""
    print(f"\n{title}")
    for name, value in sorted(figures.items(), key=lambda item: -item[1]):
        print(f"  {name:<34}{value:>12,.1f} {unit}")
    others = [v for n, v in figures.items() if n != ours]
    if others:
        ratio = figures[ours] / max(others)
        print(f"  ratio to the fastest other: {ratio:.2f}" + (f" (goal {goal:g})" if goal else ""))
