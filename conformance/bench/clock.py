"""The only module that reads a clock or waits."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime


class Clock:
    """Milliseconds since the start of the run."""

    def __init__(self) -> None:
        self._start = time.monotonic_ns()

    def ms(self) -> int:
        """Milliseconds since this clock was made; never goes back."""
        return (time.monotonic_ns() - self._start) // 1_000_000


async def sleep(seconds: float) -> None:
    """Let other tasks run for a while."""
    await asyncio.sleep(seconds)


def today() -> date:
    """The local calendar day."""
    return date.today()  # noqa: DTZ011 - the day of the place where the bench stands


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
