"""Files judged in one process or in several: results in the order of the files, a bounded number in flight.

A process that dies takes no other file with it: what it held is judged again, one file at a time.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from conformance.cli.checking.judges import judging
from conformance.cli.checking.reading import Request, crashed, printable, reports
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import Report

CHUNK = 8
"""Files given to a process at once."""
FEW = 64
"""So many files are judged in this process when no number of processes is asked for."""
HELD = 500
"""Reports of a chunk that travel in memory; more go through a file."""

_AHEAD = 4

Outcome = tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Spilled:
    """Reports left in a file by another process: pickles, one after the other."""

    place: str


def judged(paths: Iterator[Path], request: Request, jobs: int | None) -> Iterator[Report]:
    """The reports of every file, in order. `jobs` None: one process for few files, one a core for many.

    Raises SetupError when a judge asked for cannot be had.
    """
    ready = judging(request)
    first = list(islice(paths, FEW + 1)) if jobs is None else []
    every = chain(first, paths)
    if jobs is None:
        jobs = 1 if len(first) <= FEW else max(1, os.cpu_count() or 1)
    if jobs == 1:
        for path in every:
            yield from reports(path, ready)
    else:
        pool = _Pool(request, jobs)
        try:
            yield from pool.run(every)
        finally:
            pool.stop()


class _Pool:
    def __init__(self, request: Request, jobs: int) -> None:
        self._request = request
        self._jobs = jobs
        self._executor = self._started(jobs)

    def _started(self, jobs: int) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(self._request,))

    def run(self, paths: Iterator[Path]) -> Iterator[Report]:
        window: deque[tuple[list[Path], Future[Outcome | Spilled]]] = deque()
        while True:
            while len(window) < self._jobs * _AHEAD and (chunk := list(islice(paths, CHUNK))):
                window.append((chunk, self._submit(chunk)))
            if not window:
                return
            chunk, future = window.popleft()
            try:
                outcome = future.result()
            except BrokenProcessPool:
                yield from self._one_by_one(chunk)
                _kill(self._executor)
                self._executor = self._started(self._jobs)
                window = deque((held, self._submit(held)) for held, _ in window)
                continue
            yield from _told(outcome)

    def _submit(self, chunk: list[Path]) -> Future[Outcome | Spilled]:
        try:
            return self._executor.submit(_judge, chunk)
        except (BrokenProcessPool, OSError, RuntimeError) as broken:  # it may be breaking at this very moment
            failed: Future[Outcome | Spilled] = Future()
            failed.set_exception(BrokenProcessPool(str(broken)))
            return failed

    def _one_by_one(self, chunk: list[Path]) -> Iterator[Report]:
        """Each file of a chunk alone: the one that kills its process is told, the others are judged."""
        alone = self._started(1)
        try:
            for path in chunk:
                try:
                    outcome = alone.submit(_judge, [path]).result()
                except (BrokenProcessPool, OSError) as broken:
                    _kill(alone)
                    alone = self._started(1)
                    yield crashed(printable(path), f"the process that judged this file died (out of memory?): {broken}")
                    continue
                yield from _told(outcome)
        finally:
            _kill(alone)

    def stop(self) -> None:
        """End the processes, whatever they are doing."""
        _kill(self._executor)


def _kill(executor: ProcessPoolExecutor) -> None:
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(5)


def _told(outcome: Outcome | Spilled) -> Iterator[Report]:
    if not isinstance(outcome, Spilled):
        yield from outcome
        return
    place = Path(outcome.place)
    try:
        with place.open("rb") as file:
            while True:
                try:
                    yield pickle.load(file)  # written a moment ago by a process of ours, in a folder of ours
                except EOFError:
                    return
    finally:
        place.unlink(missing_ok=True)


# -- in the other processes

_JUDGING: list[Judging] = []


def _begin(request: Request) -> None:
    """The first thing that another process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells every process: only the first one decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    _JUDGING[:] = [judging(request)]


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _judge(chunk: list[Path]) -> Outcome | Spilled:
    held: list[Report] = []
    file = None
    for path in chunk:
        for report in reports(path, _JUDGING[0]):
            if file is not None:
                pickle.dump(report, file)
                continue
            held.append(report)
            if len(held) > HELD:
                file = tempfile.NamedTemporaryFile(prefix="conformance-check-", delete=False)  # noqa: SIM115
                for earlier in held:
                    pickle.dump(earlier, file)
                held = []
    if file is None:
        return tuple(held)
    file.close()
    return Spilled(file.name)
