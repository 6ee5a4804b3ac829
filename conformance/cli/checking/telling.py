"""What `conformance check` prints: one block a document, identical findings folded, and what it all comes down to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.style import Style

from conformance.audit.checked.html import kind_name, number
from conformance.audit.checked.rows import Group, as_json, clause_of, code_of, grouped
from conformance.audit.checked.tally import VERDICTS, Tally
from conformance.audit.excerpt import visible
from conformance.cli.speech import say, spoken, t
from conformance.evidence.codes import all_codes
from conformance.standards.check.values import Opinion, Report

GROUPS = 100
"""Groups of findings printed of one document."""

_MARGIN = " " * 16
_COLOURS = {
    "nonconform": "bold red", "unreadable": "bold magenta", "not-judged": "dim", "conform": "green",
    "error": "red", "warning": "yellow", "advice": "blue", "note": "dim",
}  # fmt: skip


class Teller(Protocol):
    """Tells documents as they are judged."""

    def tell(self, report: Report) -> None:
        """Tell one."""

    def conclude(self, tally: Tally) -> None:
        """Tell what it all comes down to."""


class Lines:
    """JSON lines of `check/1`, and nothing else."""

    def tell(self, report: Report) -> None:
        """One line."""
        told = json.dumps(as_json(report, spoken()), ensure_ascii=False, sort_keys=True)
        print(told.encode("utf-8", "replace").decode(), flush=True)

    def conclude(self, tally: Tally) -> None:
        """Nothing: a reader of lines counts them."""


class Plain:
    """Words for a person. With `summary`, counts only."""

    def __init__(self, *, summary: bool = False) -> None:
        self._summary = summary
        self._colour = sys.stdout.isatty()

    def tell(self, report: Report) -> None:
        """The name, the verdict, then each finding with its place, source, and remedy."""
        if self._summary:
            return
        kind, verdict = kind_name(report.kind, spoken()), t(f"cli.check.{report.verdict}")
        said = t("cli.check.file", file=visible(report.file), kind=kind, verdict=self._in(report.verdict, verdict))
        print(said)
        groups = grouped(report.findings)
        for group in groups[:GROUPS]:
            self._finding(group)
        if len(groups) > GROUPS:
            print(f"  {t('check.more-findings', count=len(groups) - GROUPS)}")
        for opinion in report.opinions:
            self._opinion(opinion)

    def _in(self, name: str, text: str) -> str:
        if not self._colour or name not in _COLOURS:
            return text
        return Style.parse(_COLOURS[name]).render(text)

    def _finding(self, group: Group) -> None:
        finding, lang = group.first, spoken()
        code, spot = code_of(finding), finding.location
        line = f" ({t('audit.page.line', line=spot.line)})" if spot.line else ""
        severity = self._in(finding.severity.value, f"{t(f'audit.severity.{finding.severity}'):<13}")
        place = f"{visible(spot.path)}{line} " if spot.path or line else ""
        print(f"  {severity} {place}{code.text(lang)} [{finding.code}]")
        told = (("seen", finding.seen), ("expected", finding.expected), ("clause", clause_of(finding)))
        for id, value in told:
            if value:
                print(f"{_MARGIN}{t(f'cli.check.{id}', **{id: visible(value)})}")
        print(f"{_MARGIN}{t('texts.remedy', remedy=code.remedy(lang))}")
        if group.count > 1:
            others = ", ".join(_place(f.location.path, f.location.line) for f in group.places[1:])
            more = group.count - len(group.places)
            ending = f" {t('check.more-places', count=more)}" if more else ""
            print(f"{_MARGIN}{t('check.also-at', count=group.count, places=visible(others))}{ending}")

    def _opinion(self, opinion: Opinion) -> None:
        print(f"  {opinion.judge} : {self._in(opinion.verdict, t(f'check.opinion.{opinion.verdict}'))}")
        if opinion.reason:
            print(f"{_MARGIN}{visible(opinion.reason)}")
        for said in opinion.disagreements[:GROUPS]:
            print(f"{_MARGIN}≠ {visible(said[spoken()])}")
        for told in opinion.findings[:GROUPS]:
            print(f"{_MARGIN}{visible(told)}")

    def conclude(self, tally: Tally) -> None:
        """Counts by kind and verdict when there are several documents, the most frequent codes, and one last line."""
        lang = spoken()
        if tally.documents > 1 or self._summary:
            print()
            for kind, counts in sorted(tally.kinds.items(), key=lambda row: -row[1].total()):
                told = ", ".join(
                    self._in(v, f"{number(counts[v], lang)} {t(f'cli.check.{v}')}") for v in VERDICTS if counts[v]
                )
                print(f"  {kind_name(kind, lang):<28} {told}")
            for code, severity, count, carriers in tally.worst():
                counted = t("check.frequent", count=number(count, lang), documents=number(carriers, lang))
                print(f"  {self._in(severity.value, f'{counted:<34}')} {all_codes()[code].text(lang)} [{code}]")
        if len(tally.judges) > 1:
            judges = ", ".join(f"{judge} ({number(count, lang)})" for judge, count in tally.judges.items())
            say("check.judges", judges=judges)
        if "CI-SIS" in tally.judges:
            say("check.page.disagreements", count=number(tally.disagreements, lang))
        say(
            "cli.check.next",
            files=tally.files,
            documents=tally.documents,
            bad=tally.verdicts["nonconform"],
            unreadable=tally.verdicts["unreadable"],
            unjudged=tally.verdicts["not-judged"],
        )


def _place(path: str, line: int | None) -> str:
    told = path or "-"
    return f"{told} ({t('audit.page.line', line=line)})" if line else told


class Bar:
    """A line on standard error that tells how far the check is."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None) if bars is not None else None

    def show(self, tally: Tally, report: Report) -> None:
        """Tell where the check is."""
        if self._bars is None or self._task is None:
            return
        bad = tally.verdicts["nonconform"] + tally.verdicts["unreadable"]
        lang = spoken()
        told = t("check.progress", documents=number(tally.documents, lang), bad=number(bad, lang))
        self._bars.update(self._task, description=f"{told}  {visible(report.file)[-60:]}")


@contextmanager
def progress(*, prints: bool) -> Iterator[Bar]:
    """A bar when standard error is a terminal that nothing else is printed on."""
    if not sys.stderr.isatty() or (prints and sys.stdout.isatty()):
        yield Bar(None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    # Standard output belongs to whoever reads it: rich would take it too.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        yield Bar(bars)
