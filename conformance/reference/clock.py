"""The platform's clock: the machine's local time, which a setting may move forward by whole days."""

from __future__ import annotations

from datetime import datetime, timedelta


class Clock:
    """`now()` is local time with its offset; `days_forward` moves it."""

    def __init__(self) -> None:
        self.days_forward = 0

    def now(self) -> datetime:
        """Local time with offset."""
        return datetime.now().astimezone() + timedelta(days=self.days_forward)

    def stamp(self) -> str:
        """Local time as ISO 8601 with milliseconds and offset."""
        return self.now().isoformat(timespec="milliseconds")
