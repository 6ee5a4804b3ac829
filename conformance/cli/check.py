"""`conformance check`: rules applied to files, with no system to drive. One bad file never stops the others."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Json, Lang
from conformance.cli.speech import complain, say, spoken, t
from conformance.errors import InternalError, UsageError

if TYPE_CHECKING:
    from conformance.evidence.values import Finding

SCHEMA = "check/1"

LARGEST = 64 * 1024 * 1024
"""Bytes of a file; a larger one is reported, not read."""

UNKNOWN = "unknown"

UNREADABLE = "unreadable"

BAD = ("nonconform", UNREADABLE)
"""The verdicts for which the command exits with 1."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, what it was taken for, and what was found in it.

    `verdict` is `conform`, `nonconform`, `unreadable`, or `not-judged` where the rules say little of that kind.
    `fault` tells that the tool itself failed on this file.
    """

    file: str
    kind: str = UNKNOWN
    verdict: str = UNREADABLE
    findings: tuple[Finding, ...] = ()
    fault: bool = False


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="cli.check.paths")],
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Check each file of each path, in order; exit 1 when a finding is an error."""
    counts: Counter[str] = Counter()
    crashed = False
    for path in paths:
        if not path.exists():
            raise UsageError("cli.no-such-path", path=path)
    for file in walk(paths):
        checked = check_file(file)
        counts[checked.verdict] += 1
        crashed |= checked.fault
        if json_:
            print(json.dumps(as_json(checked), ensure_ascii=False, sort_keys=True), flush=True)
        else:
            _print(checked)
    if not json_:
        bad, unjudged = counts["nonconform"], counts["not-judged"]
        say("cli.check.next", files=counts.total(), bad=bad, unreadable=counts[UNREADABLE], unjudged=unjudged)
    if crashed:
        raise typer.Exit(InternalError.exit_code)
    raise typer.Exit(1 if any(counts[verdict] for verdict in BAD) else 0)


def walk(paths: Iterable[Path]) -> Iterator[Path]:
    """The files of some paths, folders walked in alphabetical order, each file once; links to folders not followed."""
    seen: set[Path] = set()
    for path in paths:
        for file in sorted(_below(path)) if path.is_dir() else [path]:
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield file


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:  # said when it is its turn to be read
        yield folder
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _below(entry)
        elif entry.is_file():
            yield entry


def check_file(path: Path) -> Checked:
    """Check one file, whatever is in it; one that cannot be read, or is too large, is unreadable and said why."""
    from conformance.standards.check import check as check_data

    name = printable(path)
    try:
        size = path.stat().st_size
        if size > LARGEST:
            complain(UsageError("cli.check.too-large", where=name, size=size, most=LARGEST))
            return Checked(name)
        data = path.read_bytes()
    except OSError as error:
        complain(UsageError("cli.check.cannot-read", where=name, reason=error.strerror or str(error)))
        return Checked(name)
    try:
        report = check_data(printable(Path(path.name)), data)
    except Exception as error:  # noqa: BLE001 - a crash of a rule is ours: told, and the other files still checked
        traceback.print_exc()
        complain(InternalError("cli.crash", where=name, detail=f"{type(error).__name__}: {error}"))
        return Checked(name, fault=True)
    return Checked(name, report.kind, report.verdict, tuple(report.findings))


def printable(path: Path) -> str:
    """A path as text that any output takes: bytes of a name that are not UTF-8 become U+FFFD."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def as_json(checked: Checked) -> dict[str, object]:
    """One line of `check/1`."""
    return {
        "schema": SCHEMA,
        "file": checked.file,
        "kind": checked.kind,
        "verdict": checked.verdict,
        "findings": [_finding(finding) for finding in checked.findings],
    }


def _finding(finding: Finding) -> dict[str, object]:
    from conformance.evidence.codes import all_codes

    code = all_codes()[finding.code]
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "path": finding.location.path,
        "line": finding.location.line,
        "clause": code.clause,
        "seen": finding.seen,
        "expected": finding.expected,
        "remedy": code.remedy(spoken()),
    }


def _print(checked: Checked) -> None:
    from conformance.audit.excerpt import visible
    from conformance.evidence.codes import all_codes

    kind = t("cli.check.kind.unknown") if checked.kind == UNKNOWN else checked.kind
    say("cli.check.file", file=checked.file, kind=kind, verdict=t(f"cli.check.{checked.verdict}"))
    for finding in checked.findings:
        code = all_codes()[finding.code]
        spot = finding.location
        line = f" ({t('audit.page.line', line=spot.line)})" if spot.line else ""
        severity = t(f"audit.severity.{finding.severity}")
        print(f"  {severity:<13} {visible(spot.path)}{line} {code.text(spoken())} [{finding.code}]")
        for id, value in (("seen", finding.seen), ("expected", finding.expected), ("clause", code.clause)):
            if value:
                print(f"{'':<16}{t(f'cli.check.{id}', **{id: visible(value)})}")
        print(f"{'':<16}{t('texts.remedy', remedy=code.remedy(spoken()))}")
