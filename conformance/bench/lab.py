"""The laboratory: one daemon thread that owns the event loop, the services and the connections to the vendor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType

from conformance.bench.api import Drive
from conformance.bench.pki import Pki
from conformance.bench.recorder import Sink
from conformance.bench.service import Service
from conformance.bench.target import Target
from conformance.errors import InternalError
from conformance.evidence.values import Exchange, Sent

Progress = Callable[[int, int], None]
"""Told (jobs done, jobs in all), from the bench's thread."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case to drive: `run` is the exercise's `drive` with the case and the binding already given."""

    id: str
    run: Callable[[Drive], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: what was sent, the attribution keys it owns, and the bench's own fault if it crashed."""

    job: str
    sent: tuple[Sent, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    fault: InternalError | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A window once settled: its jobs by id, and everything heard, in order.

    `settled` is False when the vendor's system never fell silent within `settle_max`. `counters` are the services'
    counters of this window (`dmp.TD0.3`).
    """

    done: Mapping[str, Done]
    exchanges: tuple[Exchange, ...]
    settled: bool
    counters: Mapping[str, int]


class Lab:
    """`with Lab(target, services, sink, pki) as lab: lab.window(jobs, {})`.

    `services` are started on the addresses the target gives them (127.0.0.1 and a port chosen by the system when it
    gives none). `sink` takes each exchange at once. `as_of` is the run's day, today when not given.
    """

    def __init__(
        self, target: Target, services: Sequence[Service], sink: Sink, pki: Pki, *, as_of: date | None = None
    ) -> None: ...

    def start(self) -> None:
        """Start the thread and every service; raises SetupError (port taken, not allowed...), closing what was open."""

    def stop(self) -> None:
        """Close every connection, service and the thread; harmless when repeated."""

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def preflight(self, timeout: float = 3.0) -> Mapping[str, str | None]:
        """Endpoint name -> None when it takes connections, else the failure (`refused`, `unreachable`, `tls`)."""

    def addresses(self) -> Mapping[str, str]:
        """Service name -> the URL the vendor's system must use."""

    def reset(self) -> None:
        """Make every service forget: a new run begins."""

    def counter(self, service: str, name: str) -> int:
        """A counter of a service since the last reset."""

    def window(
        self,
        jobs: Sequence[Job],
        environment: Mapping[str, str],
        *,
        parallel: int | None = None,
        on_progress: Progress | None = None,
    ) -> Window:
        """Set the services for the environment, drive the jobs, settle once, and give back all that was heard.

        Raises BenchError when the set-up is wrong (an unknown endpoint or setting, a journal that cannot be written);
        whatever the vendor does is in the Window. Ctrl-C cancels the jobs and is raised again.
        """
