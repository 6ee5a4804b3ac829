"""The ledger of sending attempts with a qualified INS: what the dashboard counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from conformance.reference.clock import Clock

Channel = Literal["dmp", "mss-pro", "mss-citizen"]
Result = Literal["success", "failure"]

KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """One attempt: `day` AAAA-MM-JJ (local), geographic FINESS (9 characters), channel, LOINC or TRE_A05 code of the
    document type, outcome, and whether the document is masked or not visible to someone.
    """

    day: str
    finess: str
    channel: Channel
    type: str
    outcome: Result
    masked: bool


class Ledger:
    """The attempts of the process, the latest `KEPT`. `is_kept` decides what is written (a defect replaces it)."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self.is_kept: Callable[[Line], bool] = _every

    def add(self, finess: str, channel: Channel, type: str, outcome: Result, *, masked: bool) -> None:
        """Write one, today."""
        line = Line(self._clock.now().date().isoformat(), finess, channel, type, outcome, masked)
        if self.is_kept(line):
            self._lines.append(line)

    def read(self, first: str, last: str) -> list[Line]:
        """The attempts of these days (AAAA-MM-JJ, both included)."""
        return [line for line in self._lines if first <= line.day <= last]

    def clear(self) -> None:
        """Forget them."""
        self._lines.clear()


def _every(line: Line) -> bool:
    del line
    return True
