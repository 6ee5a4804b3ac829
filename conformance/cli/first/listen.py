"""`conformance listen`: judge the ordinary use of a system, or recorded traffic, without driving anything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Lang, Out, Wave, rows_of, waves_of
from conformance.cli.speech import say, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.engine.listening import Listened
    from conformance.engine.run import RunRequest


def listen(
    target: Annotated[Path, typer.Option("--target", metavar="FILE", help="cli.listen.target")],
    wave: Wave = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ROW", help="cli.run.only")] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", metavar="N", help="cli.listen.minutes")] = None,
    dump: Annotated[Path | None, typer.Option("--dump", metavar="PATH", help="cli.listen.dump")] = None,
    out: Out = None,
    lang: Lang = None,
) -> None:
    """Listen until Ctrl-C (or so many minutes), judge what was heard, write the audit."""
    from conformance.bench.pki import Pki
    from conformance.cli.ending import conclude
    from conformance.cli.first.links import warn_of_names
    from conformance.cli.run import PKI
    from conformance.engine.dumps import read_dump
    from conformance.engine.listening import judge_dump, plan
    from conformance.engine.listening import listen as hear
    from conformance.services.facing import facing

    if dump is not None and minutes is not None:
        raise UsageError("cli.listen.either")
    if dump is not None and not dump.exists():
        raise UsageError("cli.no-such-path", path=dump)
    request = _request(target, wave, only or (), out)
    if not plan(request).keys:
        raise UsageError("cli.listen.no-rows")
    if dump is not None:
        judge_dump(request, read_dump(dump), _told)
        conclude(request.folder)
    warn_of_names(request.target)
    laboratory = facing(request.target, Pki.load_or_create(PKI), t, folder=request.folder)
    with _until(minutes) as over:
        say("cli.listen.begins")
        for name, listen_ in request.target.services.items():
            print(f"  {name:<10} {listen_.advertise or f'{listen_.host}:{listen_.port}'}")
        hear(request, laboratory, over.is_set, _told)
    conclude(request.folder)


def _request(target: Path, wave: str | None, only: list[str] | tuple[str, ...], out: Path | None) -> RunRequest:
    from conformance.bench.clock import today
    from conformance.bench.target import load
    from conformance.catalogue.loader import load_profile
    from conformance.cli.ending import new_folder, remember
    from conformance.engine.run import RunRequest

    loaded = load(target)
    profile = load_profile(loaded.dsr)
    waves = loaded.waves if wave is None else waves_of(wave, [w.name for w in profile.waves])
    kept = rows_of(only, profile.requirements(waves))
    folder = new_folder(out, f"{loaded.dsr.lower()}-listen-{today().isoformat()}")
    remember(folder, target=target)
    return RunRequest(profile, tuple(waves), loaded, folder, today(), "listen", 0, None, kept, shrink=False)


def _told(listened: Listened) -> None:
    say(
        "cli.listen.heard",
        exchanges=listened.exchanges,
        conversations=listened.conversations,
        findings=listened.findings,
    )


@contextmanager
def _until(minutes: float | None) -> Iterator[threading.Event]:
    """An event set by Ctrl-C, by a request to end, or after some minutes: what was heard is then judged and kept."""
    over = threading.Event()
    before = {number: signal.signal(number, lambda *_: over.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    timer = threading.Timer(60 * minutes, over.set) if minutes is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield over
    finally:
        if timer is not None:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
