"""Ctrl-C and SIGTERM during a check: heard between two documents while one is being told, at once otherwise."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Stopped(KeyboardInterrupt):
    """The user, or the system, asked to stop."""


class Stop:
    """Turns SIGINT and SIGTERM into `Stopped`, never in the middle of what is `whole`."""

    def __init__(self) -> None:
        self._whole = 0
        self._asked = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._whole:
            raise Stopped

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is inside is done to its end; then a stop asked for meanwhile is obeyed."""
        self._whole += 1
        try:
            yield
        finally:
            self._whole -= 1
        if self._asked and not self._whole:
            raise Stopped

    @contextmanager
    def ending(self) -> Iterator[None]:
        """What is inside is done to its end, whatever is asked."""
        self._whole += 1
        try:
            yield
        finally:
            self._whole -= 1
