"""Choices that a seed decides alone.

Hypothesis mixes into every integer it draws (hence into `sampled_from`) the constants of the local modules loaded so
far: the same seed would give other cases in a checkout, in a wheel, under pytest or under the command line. A range
lying far from any constant escapes that, and is drawn evenly; it still shrinks towards its first value.
"""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")

_FAR = (1 << 90) + (1 << 77) + (1 << 53)


@cache
def _places(count: int) -> SearchStrategy[int]:
    # Strategies cost more to build than to draw from: each is built once.
    return st.integers(_FAR, _FAR + count - 1)


def pick(draw: DrawFn, options: tuple[T, ...]) -> T:
    """One of the options, all as likely; the first is the plainest, towards which cases shrink."""
    return options[pick_integer(draw, 0, len(options) - 1)]


def chosen(draw: DrawFn, fixed: T | None, options: tuple[T, ...]) -> T:
    """What is fixed, else one of the options."""
    return pick(draw, options) if fixed is None else fixed


def pick_integer(draw: DrawFn, low: int, high: int) -> int:
    """A whole number between two bounds, both included; shrinks towards the lower one."""
    if low == high:
        return low
    return low + draw(_places(high - low + 1)) - _FAR
