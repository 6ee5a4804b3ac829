"""How a run ends on the command line: reports, summary, next step, exit code; or how to go on after an interruption."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from conformance.cli.speech import complain, say, spoken, t
from conformance.errors import BenchError, OutputError
from conformance.evidence.verdict import Verdict

if TYPE_CHECKING:
    from conformance.audit.model import Audit
    from conformance.cli.progress import Display

INTERRUPTED = 130

COMMAND = "command.json"
"""Beside the journal: the files a resumed run needs again (the journal keeps their digests, not their places)."""

UNBEGUN = "0" * 8
"""The run of a configuration that was never begun."""

SHOWN = 20

_NEXT = {0: "cli.run.next.0", 1: "cli.run.next.1", 3: "cli.run.next.3", 4: "cli.run.next.4"}


def new_folder(out: Path | None, stem: str) -> Path:
    """The folder for a new run: the one given, which must be empty, or the next free one of `reports/`."""
    if out is not None:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError("cli.run.out-exists", where=str(out), path=out)
        return out
    number = 1
    while (folder := Path("reports") / f"{stem}-{number}").exists():
        number += 1
    return folder


def remember(folder: Path, **paths: Path | None) -> None:
    """Write down where the files of a run are; raises OutputError."""
    places = {name: str(path.resolve()) for name, path in paths.items() if path is not None}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / COMMAND).write_text(json.dumps(places, indent=2) + "\n", encoding="utf-8")
    except OSError as e:
        raise OutputError("journal.cannot-write", where=str(folder), reason=e.strerror or str(e)) from e


def remembered(folder: Path) -> dict[str, Path]:
    """What `remember` wrote, or nothing."""
    try:
        places = json.loads((folder / COMMAND).read_bytes())
        return {str(name): Path(str(place)) for name, place in places.items()}
    except (OSError, ValueError, AttributeError):
        return {}


@contextmanager
def resumable(display: Display, *, demo: bool = False, named: Path | None = None) -> Iterator[None]:
    """Say how to go on when the run inside is interrupted or stopped by a fault of the set-up.

    A demonstration is not resumed: its vendor ends with it. `named` is the folder to resume when it is not that of the
    run: the one of a merged audit, which can be resumed before any of its runs has begun.
    """
    try:
        yield
    except KeyboardInterrupt:
        if demo:
            say("cli.demo.interrupted")
        elif folder := named or display.folder:
            say("cli.run.interrupted", folder=folder)
        else:
            say("cli.run.interrupted-early")
        raise typer.Exit(INTERRUPTED) from None
    except BenchError as error:
        folder = named or display.folder
        if demo or not folder:
            raise
        complain(error)
        say("cli.run.stopped", folder=folder)
        raise typer.Exit(error.exit_code) from None


def conclude(folder: Path) -> NoReturn:
    """Write the reports of a run, print what they come down to, and leave with the exit code of the audit."""
    from conformance.audit.write import rebuild

    audit, written = rebuild(folder, spoken())
    _print(audit)
    for path in written:
        say("cli.written", path=path)
    only = len(audit.identity.only)
    if only:
        say("cli.run.only-these", count=only)
    say("cli.run.next.0-only" if only and audit.exit_code == 0 else _NEXT[audit.exit_code], report=page(written))
    raise typer.Exit(audit.exit_code)


def page(written: Sequence[Path]) -> Path:
    """The report to read first among those written: the page when there is one."""
    return next((path for path in written if path.suffix == ".html"), written[0])


def _print(audit: Audit) -> None:
    for part in audit.parts:
        outcome = "cli.run.part-unbegun" if part.identity.run == UNBEGUN else "cli.run.part"
        says = t(f"audit.outcome.{part.exit_code}")
        say(outcome, name=part.configuration, outcome=says, folder=part.folder)
    bad = [row for row in audit.requirements if row.verdict in (Verdict.NONCONFORM, Verdict.TOOL_ERROR)]
    for row in bad[:SHOWN]:
        print(f"  {row.id:<16} {t(f'audit.verdict.{row.verdict}')} : {row.title[spoken()]}")
    if len(bad) > SHOWN:
        say("cli.run.more", count=len(bad) - SHOWN)
    counted = audit.by_verdict()
    say(
        "cli.run.summary",
        conform=counted[Verdict.CONFORM],
        nonconform=counted[Verdict.NONCONFORM],
        inconclusive=counted[Verdict.INCONCLUSIVE],
        attest=counted[Verdict.TO_ATTEST],
        na=counted[Verdict.NOT_APPLICABLE],
        tool=counted[Verdict.TOOL_ERROR],
    )
