"""`Official`: documents judged by the package in several processes, in order, in bounded memory."""

from __future__ import annotations

import multiprocessing
import queue
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType

from conformance.arbiters.cisis import codes, worker
from conformance.arbiters.cisis.package import FAMILIES, Package
from conformance.arbiters.cisis.report import OfficialReport, failed
from conformance.arbiters.cisis.stylesheets import Stylesheets
from conformance.errors import SetupError
from conformance.standards.schematron import SchemaError

Progress = Callable[[str, str], None]
"""Told what is being prepared: (`schematron` or `terminologies`, name)."""

JUDGE_SECONDS = 60.0
START_SECONDS = 120.0
AHEAD = 2
"""Documents read ahead for each process."""

RECYCLED = 5_000
"""Documents after which a process is replaced: what SaxonC keeps never grows without end."""


@dataclass(slots=True)
class _Lane:
    """A process and our end of its pipe."""

    process: BaseProcess
    pipe: Connection
    judged: int = 0


class Official:
    """The official package as a judge; a context manager. Usable from one thread at a time.

    `jobs` processes of SaxonC, started when they are needed; `cache` is the folder where compiled schematrons and
    tables of codes are kept; `seconds` bounds one document. A process that dies or hangs is replaced, and the document
    is reported as not judged by our fault. Raises SetupError when SaxonC or a part of the package is missing.
    """

    def __init__(
        self,
        package: Package,
        *,
        jobs: int = 1,
        cache: Path | None = None,
        seconds: float = JUDGE_SECONDS,
        progress: Progress | None = None,
    ) -> None:
        _require_saxon()
        self.package = package
        self.jobs = max(1, jobs)
        self._cache = cache
        self._seconds = seconds
        self._progress = progress or (lambda kind, name: None)
        self._idle: queue.LifoQueue[_Lane | None] = queue.LifoQueue()
        for _ in range(self.jobs):
            self._idle.put(None)
        self._prepared = False
        self._threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="official")

    def __enter__(self) -> Official:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        while not self._idle.empty():
            lane = self._idle.get()
            if lane is not None:
                _end(lane, gently=True)

    def judge(self, raw: bytes, name: str = "") -> OfficialReport:
        """The verdict on one document, given as its bytes."""
        self.prepare()
        return self._one(raw, name)

    def judge_many(self, documents: Iterable[tuple[bytes, str]]) -> Iterator[OfficialReport]:
        """The verdicts on (bytes, name) pairs, in order; only a few documents are held at once, however many come."""
        self.prepare()
        waiting: deque[Future[OfficialReport]] = deque()
        try:
            for raw, name in documents:
                waiting.append(self._threads.submit(self._one, raw, name))
                if len(waiting) > self.jobs * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def pids(self) -> tuple[int, ...]:
        """The processes alive between two documents."""
        with self._idle.mutex:
            lanes = [lane for lane in self._idle.queue if lane is not None]
        return tuple(lane.process.pid for lane in lanes if lane.process.pid is not None)

    # -- preparation ---------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make what all processes will need, once: the schematrons of every document, the table of codes."""
        if self._prepared:
            return
        stylesheets = Stylesheets(self.package, kept=self._cache)
        for name in FAMILIES:
            if not stylesheets.ready(name):
                self._progress("schematron", name)
                try:
                    stylesheets.get(name)
                except SchemaError as error:
                    raise SetupError("official.schematron", name=name, problem=str(error)) from None
        if not codes.place(self.package, kept=self._cache).is_file():
            self._progress("terminologies", "")
            codes.build(self.package, kept=self._cache)
        self._prepared = True

    # -- processes -----------------------------------------------------------------------------------------------

    def _one(self, raw: bytes, name: str) -> OfficialReport:
        lane = self._idle.get()
        try:
            if lane is None:
                lane = self._start()
            answer, lane = self._ask(lane, raw, name)
        except BaseException:
            if lane is not None:
                _end(lane)
            lane = None
            raise
        finally:
            self._idle.put(lane)
        if isinstance(answer, OfficialReport):
            return answer
        id, where, values = answer
        raise SetupError(id, where=where, **values)

    def _ask(self, lane: _Lane, raw: bytes, name: str) -> tuple[worker.Answer, _Lane | None]:
        """The answer, and the process to keep (None: it is gone)."""
        try:
            lane.pipe.send((raw, name))
            patience = self._seconds if lane.judged else self._seconds + START_SECONDS
            if not lane.pipe.poll(patience):
                _end(lane)
                return failed(name, "timeout", f"{patience:g} s"), None
            answer: worker.Answer = lane.pipe.recv()
        except (EOFError, OSError):
            _end(lane)
            return failed(name, "died", f"exit code {lane.process.exitcode}"), None
        lane.judged += 1
        if lane.judged >= RECYCLED or not isinstance(answer, OfficialReport):
            _end(lane, gently=True)
            return answer, None
        return answer, lane

    def _start(self) -> _Lane:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        kept = None if self._cache is None else str(self._cache)
        process = context.Process(target=worker.serve, args=(theirs, str(self.package.root), kept), daemon=True)
        process.start()
        theirs.close()
        return _Lane(process, ours)


def _require_saxon() -> None:
    from importlib.util import find_spec

    if find_spec("saxonche") is None:
        raise SetupError("official.no-saxon")


def _end(lane: _Lane, *, gently: bool = False) -> None:
    try:
        if gently:
            lane.pipe.send(None)
            lane.process.join(2)
    except OSError:
        pass
    if lane.process.is_alive():
        lane.process.kill()
    lane.process.join(5)
    lane.pipe.close()
