"""What the engine tells while it runs: frozen events. Every display and report is a subscriber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.evidence.values import Finding


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The plan is made: the run keys and how many cases each will drive."""

    run: str
    folder: str
    cases: tuple[tuple[str, int], ...]
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class CaseDriven:
    """One more case of a batch was driven: `purpose` is `judge`, `confirm`, `isolate` or `shrink`.

    Told from the bench's thread; `done` of `total` cases of the batch, its sentinel included.
    """

    key: str
    window: str
    purpose: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class WindowSettled:
    """A batch was settled and judged; what it holds is safe on the disk. `done` of `total` cases of its run key."""

    key: str
    window: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FindingConfirmed:
    """An error of the vendor seen for the first time in this run (by property and fingerprint)."""

    property: str
    finding: Finding
    case: str


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A counterexample was made smaller, by that many vendor calls."""

    property: str
    fingerprint: str
    calls: int


@dataclass(frozen=True, slots=True)
class KeyAbandoned:
    """A run key was given up: nobody answers at its endpoint."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeySkipped:
    """A run key is not driven: the target does not give what it needs (`endpoint:`, `service:`, `pilot:`)."""

    key: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeySuspended:
    """Cases of a run key wait for the vendor's side (a gesture to come, a pilot that says `pending`).

    The run is not closed: it goes on when it is resumed.
    """

    key: str
    cases: int


@dataclass(frozen=True, slots=True)
class RunClosed:
    """The run is over and its journal closed."""

    run: str
    counts: tuple[tuple[str, int], ...]


Event = (
    RunStarted
    | CaseDriven
    | WindowSettled
    | FindingConfirmed
    | Shrunk
    | KeyAbandoned
    | KeySkipped
    | KeySuspended
    | RunClosed
)
OnEvent = Callable[[Event], None]


def quiet(event: Event) -> None:
    """A subscriber that does nothing."""
