"""The laboratory: one daemon thread that owns the event loop, the services and the connections to the vendor."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from threading import Thread
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from conformance.bench.api import Drive
from conformance.bench.case import CaseDrive, Stage
from conformance.bench.clock import Clock, sleep, today
from conformance.bench.driving import Connections
from conformance.bench.pilot.base import Pilot
from conformance.bench.pilot.face import PilotFace
from conformance.bench.pki import Identity, Pki
from conformance.bench.recorder import Recorder, Sink
from conformance.bench.service import Service, Site
from conformance.bench.target import SETTLE_FLOOR, Listen, Target
from conformance.bench.tls import client_context, server_context
from conformance.errors import BenchError, InternalError, SetupError
from conformance.evidence.values import Exchange, Sent

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Told (jobs done, jobs in all), from the bench's thread."""

STOP_SECONDS = 10.0

TRANSPORT = frozenset(
    {"refused", "unreachable", "timeout", "closed", "garbage", "half-frame", "too-big", "tls"}
    | {"pilot-unreachable", "pilot-timeout", "pilot-garbage", "pilot-schema"}
)
"""Failures that say nothing was understood by anybody."""


def unanswered(sent: Sequence[Sent]) -> bool:
    """Whether something was sent, and nothing of it was understood by anybody."""
    return bool(sent) and all(one.failure in TRANSPORT for one in sent)


@dataclass(frozen=True, slots=True)
class Job:
    """One case to drive: `run` is the exercise's `drive` with the case and the binding already given.

    `stamp` makes the stimuli given to a pilot unique: the same one when a cut run does the case again.
    """

    id: str
    run: Callable[[Drive], Awaitable[None]]
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job: what was sent, the attribution keys it owns, and the bench's own fault if it crashed.

    `exchanges` are the ids of all it sent, a message sent again on a new connection included.
    """

    job: str
    sent: tuple[Sent, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    exchanges: tuple[str, ...] = ()
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
    gives none). `sink` takes each exchange at once. `as_of` is the run's day, today when not given;
    `first` the number of exchanges recorded before, when a run goes on. `pilot` makes the vendor's system act.
    """

    def __init__(
        self,
        target: Target,
        services: Sequence[Service],
        sink: Sink,
        pki: Pki,
        *,
        as_of: date | None = None,
        first: int = 0,
        pilot: Pilot | None = None,
    ) -> None:
        self.target = target
        self.services = {service.name: service for service in services}
        self.as_of = as_of or today()
        self.clock = Clock()
        self.recorder = Recorder(self.clock, sink, target.secrets, first=first)
        self.pki = pki
        self._connections = Connections(target, self.recorder, self._client_tls)
        self._pilot = PilotFace(pilot, self.recorder, target.timing)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread and every service; raises SetupError (port taken, not allowed...), closing what was open."""
        loop = asyncio.new_event_loop()
        self._loop = loop
        self._thread = Thread(target=_own, args=(loop,), name="conformance-lab", daemon=True)
        self._thread.start()
        try:
            self._call(self._open())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection, service and the thread; harmless when repeated."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        closing = asyncio.run_coroutine_threadsafe(self._close(), loop)
        try:
            closing.result(STOP_SECONDS)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(STOP_SECONDS)

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def elapsed(self) -> float:
        """Seconds since this laboratory was made."""
        return self.clock.ms() / 1000

    def preflight(self, timeout: float = 3.0) -> Mapping[str, str | None]:
        """Endpoint name -> None when it takes connections, else the failure (`refused`, `unreachable`, `tls`)."""

        async def probe() -> Mapping[str, str | None]:
            names = list(self.target.endpoints)
            found = await asyncio.gather(*(self._connections.probe(name, timeout) for name in names))
            return dict(zip(names, found, strict=True))

        return self._call(probe())

    def capabilities(self) -> frozenset[str]:
        """The kinds that the vendor's pilot says it has; empty without a pilot, or when it does not answer."""
        kinds, _ = self._call(self._pilot.capabilities())
        return kinds

    def addresses(self) -> Mapping[str, str]:
        """Service name -> the URL the vendor's system must use."""
        return {name: service.advertise for name, service in self.services.items()}

    def reset(self) -> None:
        """Make every service forget: a new run begins."""

        async def forget() -> None:
            for service in self.services.values():
                service.reset()

        self._call(forget())

    def counter(self, service: str, name: str) -> int:
        """A counter of a service since the last reset."""
        return self.services[service].counter(name)

    def window(
        self,
        jobs: Sequence[Job],
        environment: Mapping[str, str],
        *,
        parallel: int | None = None,
        exclusive: bool = False,
        synchronous: bool = False,
        on_progress: Progress | None = None,
    ) -> Window:
        """Set the services for the environment, drive the jobs, settle once, and give back all that was heard.

        `exclusive` drives the jobs one by one and settles after each (`synchronous`: without waiting for silence): all
        that is heard meanwhile is the job's own. When nobody answers the first of them, the others are not driven, and
        are not in the Window.

        Raises BenchError when the set-up is wrong (an unknown endpoint or setting, a journal that cannot be written);
        whatever the vendor does is in the Window. Ctrl-C cancels the jobs and is raised again.
        """
        parallel = 1 if exclusive else parallel or self.target.timing.parallel
        alone = None if not exclusive else not synchronous
        return self._call(self._window(jobs, environment, parallel, alone, on_progress))

    def overhear(self, over: Callable[[], bool], longest: float) -> Window:
        """Listen without driving: until something was heard and then nothing for a while, `over` says so, or
        `longest` seconds. Raises BenchError as `window` does."""
        return self._call(self._overhear(over, longest))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the laboratory's thread and wait for it."""
        if self._loop is None:
            work.close()
            raise InternalError("bench.not-started")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    async def _open(self) -> None:
        for name, service in self.services.items():
            listen = self.target.services.get(name, Listen())
            try:
                await service.start(self._site(service, listen))
            except OSError as error:
                raise _port_fault(name, listen, error) from None

    def _site(self, service: Service, listen: Listen) -> Site:
        tls = None
        hosts = _hosts(listen)
        own = _own_identity(listen)
        if service.mutual_tls:
            identity = own or self.pki.server(hosts)
            tls = server_context(identity, self.pki.anchors_pem, listen.client_anchors, latest=listen.tls_max)
        return Site(
            listen.host,
            listen.port,
            self.recorder,
            tls=tls,
            advertise=listen.advertise,
            pki=self.pki,
            hosts=tuple(hosts),
            client_anchors=listen.client_anchors,
            identity=own,
            neighbours=self.services,
        )

    def _client_tls(self, kind: str) -> Any:
        target = self.target
        identity = None if kind == "none" else self.pki.bench_client(kind or "usual")
        return client_context(
            identity, self.pki.anchors_pem, target.endpoint_anchors, check_hostname=target.check_hostname
        )

    async def _close(self) -> None:
        self._connections.close()
        await self._pilot.close()
        for service in self.services.values():
            await service.stop()

    async def _window(
        self,
        jobs: Sequence[Job],
        environment: Mapping[str, str],
        parallel: int,
        alone: bool | None,
        on_progress: Progress | None,
    ) -> Window:
        stage = Stage(
            self.target, self.as_of, self.services, environment, self.recorder, self._connections, self._pilot,
            self._settle,
        )  # fmt: skip
        stage.configure_all()
        before = self._counters()
        self.recorder.open_window()
        try:
            done = await self._drive(jobs, stage, parallel, alone, on_progress)
            settled = await self._settle()
        finally:
            self._connections.retire()
            exchanges = self.recorder.close_window()
        after = self._counters()
        counters = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
        return Window(done, exchanges, settled, counters)

    async def _overhear(self, over: Callable[[], bool], longest: float) -> Window:
        self.recorder.open_window()
        end = self.clock.ms() + 1000 * longest
        try:
            while not over() and self.clock.ms() < end:
                if self.recorder.failure:
                    raise self.recorder.failure
                if self.recorder.count() and await self._settle():
                    break
                await sleep(0.05)
            settled = await self._settle() if over() else True
        finally:
            exchanges = self.recorder.close_window()
        return Window({}, exchanges, settled, {})

    def _counters(self) -> dict[str, int]:
        return {f"{name}.{key}": n for name, service in self.services.items() for key, n in service.counters.items()}

    async def _drive(
        self, jobs: Sequence[Job], stage: Stage, parallel: int, alone: bool | None, on_progress: Progress | None
    ) -> dict[str, Done]:
        """Drive the jobs. `alone` (not None) gives each all that is heard meanwhile, once silence came when True."""
        done: dict[str, Done] = {}
        waiting = iter(jobs)

        async def work() -> None:
            for job in waiting:
                since = self.recorder.count()
                one = await self._one(job, stage)
                if alone is not None:
                    if alone:
                        await self._settle()
                    one = replace(one, exchanges=tuple(x.id for x in self.recorder.heard(since)))
                done[job.id] = one
                if alone is not None and len(done) == 1 and unanswered(one.sent):
                    return  # nobody there: the others would each wait for nothing
                if on_progress:
                    on_progress(len(done), len(jobs))

        workers = [asyncio.ensure_future(work()) for _ in range(min(parallel, len(jobs)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
        return done

    async def _one(self, job: Job, stage: Stage) -> Done:
        drive = CaseDrive(job.id, job.stamp or job.id, stage)

        async def run() -> None:
            await job.run(drive)

        (crash,) = await asyncio.gather(run(), return_exceptions=True)
        drive.restore()
        if isinstance(crash, BenchError) and not isinstance(crash, InternalError):
            raise crash
        fault = None
        if isinstance(crash, InternalError):
            fault = crash
        elif crash is not None:
            fault = InternalError("bench.job-crashed", where=job.id, error=f"{type(crash).__name__}: {crash}")
            fault.__cause__ = crash
        return Done(job.id, tuple(drive.sent), tuple(drive.keys), tuple(drive.exchanges), fault)

    async def _settle(self) -> bool:
        """Wait until nothing has been sent nor heard for a while; False when that never came."""
        timing = self.target.timing
        began = self.clock.ms()
        quiet = 1000 * max(SETTLE_FLOOR, timing.settle)
        end = began + 1000 * max(SETTLE_FLOOR, timing.settle_max)
        while True:
            if self.recorder.failure:
                raise self.recorder.failure
            now = self.clock.ms()
            busy = any(service.busy for service in self.services.values())
            left = quiet - (now - self.recorder.last_activity)
            if not busy and left <= 0:
                return True
            if now >= end:
                return False
            await sleep(min(20 if busy else max(left, 1), end - now) / 1000)


def _own(loop: asyncio.AbstractEventLoop) -> None:
    """The life of the laboratory's thread."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


_PORT_FAULTS = {
    errno.EADDRINUSE: "bench.port-taken",
    errno.EACCES: "bench.port-forbidden",
    errno.EADDRNOTAVAIL: "bench.address-unknown",
}


def _port_fault(name: str, listen: Listen, error: OSError) -> SetupError:
    id = "bench.address-unknown" if isinstance(error, socket.gaierror) else _PORT_FAULTS.get(error.errno or 0)
    return SetupError(
        id or "bench.cannot-listen",
        where=f"services.{name}",
        host=listen.host,
        port=listen.port,
        reason=error.strerror or error,
    )


def _own_identity(listen: Listen) -> Identity | None:
    """The server certificate that a target gives a service, None when the bench's own is to be shown."""
    if listen.certificate is None:
        return None
    if listen.key is None:
        return Identity.read_p12(listen.certificate, listen.password)
    return Identity.read(listen.certificate, listen.key)


def _hosts(listen: Listen) -> list[str]:
    """The names under which a service may be called, for its certificate."""
    told = urlsplit(listen.advertise).hostname if listen.advertise else None
    names = [told, listen.host if listen.host not in ("0.0.0.0", "::") else None, "localhost", "127.0.0.1", "::1"]
    return [name for name in names if name]
