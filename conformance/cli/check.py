"""`conformance check`: rules applied to files, with no system to drive. One bad file never stops the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Json, Lang
from conformance.cli.speech import say, spoken, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.evidence.values import Finding

SCHEMA = "check/1"

LARGEST = 64 * 1024 * 1024
"""Bytes of a file; a larger one is reported, not read."""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, what it was taken for, and what was found in it."""

    file: str
    kind: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """`nonconform` with an error, `unknown` for a file nothing here reads, else `conform`."""
        if any(finding.severity == "error" for finding in self.findings):
            return "nonconform"
        return UNKNOWN if self.kind == UNKNOWN else "conform"


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="cli.check.paths")],
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Check each file of each path, in order; exit 1 when a finding is an error."""
    counts = {"conform": 0, "nonconform": 0, UNKNOWN: 0}
    for path in paths:
        if not path.exists():
            raise UsageError("cli.no-such-path", path=path)
    for file in walk(paths):
        checked = check_file(file)
        counts[checked.verdict] += 1
        if json_:
            print(json.dumps(as_json(checked), ensure_ascii=False, sort_keys=True), flush=True)
        else:
            _print(checked)
    if not json_:
        say("cli.check.next", files=sum(counts.values()), bad=counts["nonconform"], unknown=counts[UNKNOWN])
    raise typer.Exit(1 if counts["nonconform"] else 0)


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
    for entry in folder.iterdir():
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _below(entry)
        elif entry.is_file():
            yield entry


def check_file(path: Path) -> Checked:
    """Check one file, whatever is in it; a file that cannot be read or is too large is of unknown kind."""
    from conformance.standards.check import check as check_data

    try:
        if path.stat().st_size > LARGEST:
            return Checked(str(path), UNKNOWN, ())
        data = path.read_bytes()
    except OSError:
        return Checked(str(path), UNKNOWN, ())
    report = check_data(path.name, data)
    return Checked(str(path), report.kind, tuple(report.findings))


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
