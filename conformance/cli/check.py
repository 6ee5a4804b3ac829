"""`conformance check`: rules applied to files, with no system to drive. One bad file never stops the others."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from conformance.bench.clock import today
from conformance.cli.ending import INTERRUPTED
from conformance.cli.options import Json, Lang
from conformance.cli.speech import complain, say, spoken, t
from conformance.errors import BenchError, InternalError, OutputError, UsageError

if TYPE_CHECKING:
    from conformance.audit.checked.tally import Tally
    from conformance.cli.checking.places import Places
    from conformance.cli.checking.reading import Request
    from conformance.standards.check.values import Report
    from conformance.standards.ins.oids import Environment

ENVIRONMENTS = ("production", "test", "demo")
SEVERITIES = ("error", "warning", "advice", "note")
NEVER = "never"

SHOWN = "|".join(SEVERITIES)
FAILING = f"{SHOWN}|{NEVER}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is shown and what makes the command fail: the least severity of each, None for none."""

    shown: str = "note"
    failing: str | None = "error"

    def keep(self, report: Report) -> Report:
        """The report without the findings that are not asked for."""
        if self.shown == SEVERITIES[-1]:
            return report
        kept = SEVERITIES[: SEVERITIES.index(self.shown) + 1]
        return replace(report, findings=tuple(f for f in report.findings if f.severity.value in kept))

    def failed(self, report: Report) -> bool:
        """True when what was found, shown or not, makes the command fail; what is unreadable always does."""
        if self.failing is None:
            return False
        grave = SEVERITIES[: SEVERITIES.index(self.failing) + 1]
        return report.verdict == "unreadable" or any(f.severity.value in grave for f in report.findings)


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="cli.check.paths")],
    json_: Json = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="cli.check.html")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="cli.check.junit")] = None,
    sarif: Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="cli.check.sarif")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="cli.check.summary")] = False,
    jobs: Annotated[str | None, typer.Option("--jobs", metavar="N", help="cli.check.jobs")] = None,
    env: Annotated[str | None, typer.Option("--env", metavar="production|test|demo", help="cli.check.env")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="cli.check.as-of")] = None,
    official: Annotated[Path | None, typer.Option("--official", metavar="DIR", help="cli.check.official")] = None,
    verapdf: Annotated[bool, typer.Option("--verapdf", help="cli.check.verapdf")] = False,
    no_verapdf: Annotated[bool, typer.Option("--no-verapdf", help="cli.check.no-verapdf")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="cli.check.quick")] = False,
    together: Annotated[bool, typer.Option("--together", help="cli.check.together")] = False,
    severity: Annotated[str, typer.Option("--severity", metavar=SHOWN, help="cli.check.severity")] = "note",
    fail_on: Annotated[str, typer.Option("--fail-on", metavar=FAILING, help="cli.check.fail-on")] = "error",
    lang: Lang = None,
) -> None:
    """Check each file of each path, in order; exit 1 when a finding is an error."""
    from conformance.cli.checking.places import Places
    from conformance.cli.checking.reading import Request

    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise UsageError("cli.no-such-path", path=path)
    if verapdf and no_verapdf:
        raise UsageError("check.verapdf-twice")
    request = Request(
        as_of=_date(as_of),
        environment=cast("Environment | None", _one_of(env, ENVIRONMENTS, "check.unknown-environment")),
        excerpts=html is not None,
        quick=quick,
        official=None if official is None else str(official.resolve()),
        verapdf=True if verapdf else False if no_verapdf else None,
    )
    wanted = _Wanted(
        shown=_one_of(severity, SEVERITIES, "check.unknown-severity") or "note",
        failing=None if fail_on == NEVER else _one_of(fail_on, (*SEVERITIES, NEVER), "check.unknown-severity"),
    )
    places = Places(html, junit, sarif)
    try:
        code = _Run(paths, request, wanted, places, _jobs(jobs), json_, summary, together).run()
    except KeyboardInterrupt:  # before the first file
        code = INTERRUPTED
    raise typer.Exit(code)


def _one_of(value: str | None, known: Sequence[str], id: str) -> str | None:
    if value is not None and value not in known:
        raise UsageError(id, value=value, known=", ".join(known))
    return value


def _date(value: str | None) -> date:
    if value is None:
        return today()
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError("check.bad-date", value=value) from None


def _jobs(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isdecimal() or not 1 <= int(value) <= 256:
        raise UsageError("check.bad-jobs", value=value)
    return int(value)


@dataclass(slots=True)
class _Run:
    """One check: reports told and written as they come, counted, and ended properly whatever happens."""

    paths: list[Path]
    request: Request
    wanted: _Wanted
    places: Places
    jobs: int | None
    json: bool
    summary: bool
    together: bool
    failed: bool = False

    def run(self) -> int:
        """Judge everything and give the exit code; Ctrl-C and SIGTERM end it with reports that are whole."""
        from conformance.audit.checked.html import Heading, Html
        from conformance.audit.checked.junit import JUnit
        from conformance.audit.checked.sarif import Sarif
        from conformance.audit.checked.tally import Tally
        from conformance.cli.checking import telling
        from conformance.cli.checking.repeats import Repeats
        from conformance.cli.checking.stop import Stop, Stopped

        self.places.check()
        tally, lang = Tally(), spoken()
        teller: telling.Teller = telling.Lines() if self.json else telling.Plain(summary=self.summary)
        with ExitStack() as stack, Stop() as stop:
            page = junit = sarif = None
            if self.places.html is not None:
                told = "  ".join(map(str, self.paths[:20]))
                heading = Heading(told, self.request.as_of, self.request.environment or "")
                page = Html(self.places.html, lang, heading)
                stack.callback(page.abandon)
            if self.places.junit is not None:
                junit = JUnit(self.places.junit, lang)
                stack.callback(junit.abandon)
            if self.places.sarif is not None:
                sarif = Sarif(self.places.sarif, lang)
                stack.callback(sarif.abandon)
            repeats = Repeats() if self.together else None
            writers = [writer for writer in (page, junit, sarif) if writer is not None]
            try:
                with telling.progress(prints=not self.summary) as bar:
                    for found in self._reports():
                        with stop.whole():
                            report = found if repeats is None else repeats.told(found)
                            self.failed = self.failed or self.wanted.failed(report)
                            report = self.wanted.keep(report)
                            tally.add(report)
                            if report.fault:
                                _complain(report)
                            for tell in (teller.tell, *(writer.add for writer in writers)):
                                _told(tell, report, tally)
                            bar.show(tally, report)
            except Stopped:
                tally.interrupted = True
            with stop.ending():
                if page is not None:
                    page.finish(tally)
                if junit is not None:
                    junit.finish()
                if sarif is not None:
                    sarif.finish(complete=not tally.interrupted)
                teller.conclude(tally)
                self._last(tally)
        return self._outcome(tally)

    def _outcome(self, tally: Tally) -> int:
        if tally.interrupted:
            return INTERRUPTED
        if tally.faults:
            return InternalError.exit_code
        return 1 if self.failed else 0

    def _reports(self) -> Iterator[Report]:
        from conformance.cli.checking.pool import judged
        from conformance.cli.checking.walk import walk

        own = self.places.own()
        return judged((path for path in walk(self.paths) if not own(path)), self.request, self.jobs)

    def _last(self, tally: Tally) -> None:
        if not self.json:
            for place in (self.places.html, self.places.junit, self.places.sarif):
                if place is not None:
                    say("cli.written", path=place)
        if tally.interrupted:
            print(t("check.interrupted", documents=tally.documents), file=sys.stderr)


def _told(tell: Callable[[Report], None], report: Report, tally: Tally) -> None:
    """Tell a report; a fault of ours in telling it is told itself, and the others are still told."""
    try:
        tell(report)
    except (BenchError, BrokenPipeError):  # nothing more can be told
        raise
    except OSError as error:
        raise OutputError("check.cannot-write", reason=error.strerror or str(error)) from error
    except Exception:  # noqa: BLE001 - as the docstring says
        tally.faults += 1
        _complain(replace(report, fault=traceback.format_exc(limit=-12)))


def _complain(report: Report) -> None:
    last = report.fault.strip().rpartition("\n")[2]
    complain(InternalError("check.crash", where=report.file, trace=report.fault.strip(), detail=last))
