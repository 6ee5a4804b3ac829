"""A check as JUnit XML: one test case a document, for continuous integration."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from conformance.audit.checked.rows import clause_of, code_of, grouped
from conformance.audit.checked.spool import Spool, scratch
from conformance.audit.excerpt import visible
from conformance.standards.check.values import Report
from conformance.texts import Lang, text

FINDINGS = 50
"""Groups of findings told of one document."""


class JUnit:
    """The file in the making; its counts stand at its head, hence the scratch file."""

    def __init__(self, place: Path, lang: Lang) -> None:
        self._spool = Spool(place)
        self._cases = scratch()
        self._lang = lang
        self._tests = self._failures = self._errors = self._skipped = 0

    def add(self, report: Report) -> None:
        """One test case: a failure when nonconform or unreadable, an error for a fault of ours."""
        self._tests += 1
        self._cases.write(f"  <testcase classname={_attribute(report.kind)} name={_attribute(report.file)}")
        verdict = text(f"cli.check.{report.verdict}", self._lang)
        if report.fault:
            self._errors += 1
            message = _attribute(text("check.fault", self._lang))
            self._outcome(f"error message={message}", report.fault)
        elif report.verdict in ("nonconform", "unreadable"):
            self._failures += 1
            self._outcome(f'failure message={_attribute(verdict)} type="{report.verdict}"', self._account(report))
        elif report.verdict == "not-judged":
            self._skipped += 1
            self._cases.write(f">\n    <skipped message={_attribute(verdict)}/>\n  </testcase>\n")
        else:
            self._cases.write("/>\n")

    def _outcome(self, start: str, told: str) -> None:
        name = start.partition(" ")[0]
        lines = "\n".join(visible(line) for line in told.split("\n"))
        self._cases.write(f">\n    <{start}>{escape(lines)}</{name}>\n  </testcase>\n")

    def _account(self, report: Report) -> str:
        lines: list[str] = []
        groups = grouped(report.findings)
        for group in groups[:FINDINGS]:
            finding = group.first
            severity = text(f"audit.severity.{finding.severity}", self._lang)
            lines.append(f"[{severity}] {code_of(finding).text(self._lang)} ({finding.code})")
            place = finding.location.path
            if finding.location.line:
                place += f" ({text('audit.page.line', self._lang, line=finding.location.line)})"
            for name, value in (
                ("place", place),
                ("seen", finding.seen),
                ("expected", finding.expected),
                ("clause", clause_of(finding)),
            ):
                if value:
                    lines.append(f"    {text(f'audit.page.{name}', self._lang)} : {value}")
            if group.count > 1:
                lines.append("    " + text("check.times", self._lang, count=group.count))
        if len(groups) > FINDINGS:
            lines.append(text("check.more-findings", self._lang, count=len(groups) - FINDINGS))
        return "\n".join(lines)

    def finish(self) -> None:
        """Put the file in its place."""
        counts = f'tests="{self._tests}" failures="{self._failures}" errors="{self._errors}" skipped="{self._skipped}"'
        self._spool.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="conformance check" {counts}>\n')
        self._spool.write(f' <testsuite name="conformance check" {counts}>\n')
        self._spool.take(self._cases)
        self._spool.write(" </testsuite>\n</testsuites>\n")
        self._spool.commit()
        self._cases.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._spool.__exit__(None, None, None)
        with suppress(OSError):
            self._cases.close()


def _attribute(value: str) -> str:
    return quoteattr(visible(value))
