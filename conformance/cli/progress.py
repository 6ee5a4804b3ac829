"""What a run shows while it goes: a bar a flow on a terminal, one plain line a settled window elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from conformance.cli.speech import spoken, t
from conformance.engine import events
from conformance.evidence.codes import all_codes
from conformance.texts import all_texts, text


def told(event: events.Event) -> str | None:
    """An event as one line, or None when it is not worth one."""
    match event:
        case events.RunStarted():
            id = "cli.run.resumed" if event.resumed else "cli.run.started"
            cases = sum(count for _, count in event.cases)
            return t(id, run=event.run, keys=len(event.cases), cases=cases, folder=event.folder)
        case events.FindingConfirmed():
            code = all_codes().get(event.finding.code)
            said = code.text(spoken()) if code is not None else event.finding.code
            return t("cli.run.finding", text=said, path=event.finding.location.path or event.case)
        case events.Shrunk():
            return t("cli.run.shrunk", calls=event.calls, property=event.property)
        case events.KeyAbandoned():
            id = f"audit.unjudged.{event.reason}"
            reason = text(id, spoken()) if id in all_texts() else event.reason
            return t("cli.run.abandoned", key=event.key, reason=reason)
        case events.KeySkipped():
            return t("cli.run.skipped", key=event.key, needs=", ".join(event.needs))
        case events.KeySuspended():
            return t("cli.run.suspended", key=event.key, cases=event.cases)
        case events.WindowSettled():
            return t("cli.run.window", key=event.key, done=event.done, total=event.total)
        case events.RunClosed():
            return t("cli.run.closed", driven=sum(count for _, count in event.counts))
        case _:
            return None


class Display:
    """Shows events: `Display.on_event` is the subscriber. `folder` is where the run is, once it has begun."""

    def __init__(self, bars: Progress | None) -> None:
        self.bars = bars
        self.folder = ""
        self._tasks: dict[str, TaskID] = {}

    def on_event(self, event: events.Event) -> None:
        """Show one event."""
        if isinstance(event, events.RunStarted):
            self.folder = event.folder
        if self.bars is not None and isinstance(event, events.WindowSettled):
            self._advance(self.bars, event)
            return
        line = told(event)
        if line is None:
            return
        if self.bars is not None:
            self.bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, flush=True)

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """No bar is drawn meanwhile: somebody is asked something at the terminal."""
        if self.bars is None:
            yield
            return
        self.bars.stop()
        try:
            yield
        finally:
            self.bars.start()

    def _advance(self, bars: Progress, event: events.WindowSettled) -> None:
        if event.key not in self._tasks:
            self._tasks[event.key] = bars.add_task(event.key, total=event.total)
        bars.update(self._tasks[event.key], completed=event.done)


@contextmanager
def display(*, quiet: bool = False) -> Iterator[Display]:
    """A display fit for where standard output goes; `quiet` shows nothing but remembers the folder."""
    if quiet or not sys.stdout.isatty():
        yield _Quiet(None) if quiet else Display(None)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(), transient=True) as bars:
        yield Display(bars)


class _Quiet(Display):
    def on_event(self, event: events.Event) -> None:
        """Only remember where the run is."""
        if isinstance(event, events.RunStarted):
            self.folder = event.folder
