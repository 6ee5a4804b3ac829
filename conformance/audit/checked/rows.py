"""A report told: as a line of `check/1`, and its findings folded where they repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from conformance.evidence.codes import Code, all_codes
from conformance.evidence.values import Finding, Severity
from conformance.standards.check.values import Report
from conformance.texts import Lang

SCHEMA = "check/1"

SHOWN = 3
"""Places named of a finding that repeats."""


class Writer(Protocol):
    """A report file in the making."""

    def add(self, report: Report) -> None:
        """Write one document."""

    def finish(self) -> None:
        """Put the file in its place."""

    def abandon(self) -> None:
        """Leave nothing behind."""


@dataclass(slots=True)
class Group:
    """Findings of one document that are the same mistake in several places."""

    first: Finding
    places: list[Finding] = field(default_factory=list)
    count: int = 0


def code_of(finding: Finding) -> Code:
    """The code of a finding."""
    return all_codes()[finding.code]


def clause_of(finding: Finding) -> str:
    """The exact source of a finding: its own, else that of its code."""
    return finding.clause or code_of(finding).clause


def grouped(findings: Sequence[Finding]) -> list[Group]:
    """Findings folded by fingerprint and clause, errors first, each group with its first places."""
    groups: dict[tuple[str, str, Severity], Group] = {}
    for finding in findings:
        key = (finding.fingerprint, finding.clause, finding.severity)
        group = groups.setdefault(key, Group(finding))
        group.count += 1
        if len(group.places) < SHOWN:
            group.places.append(finding)
    order = list(Severity)
    return sorted(groups.values(), key=lambda g: order.index(g.first.severity))


def as_json(report: Report, lang: Lang) -> dict[str, object]:
    """One line of `check/1`; what is optional is there only when it says something."""
    row: dict[str, object] = {
        "schema": SCHEMA,
        "file": report.file,
        "kind": report.kind,
        "verdict": report.verdict,
        "findings": [_finding(finding, lang) for finding in report.findings],
    }
    row.update(_optional(report))
    return row


def _optional(report: Report) -> Iterator[tuple[str, object]]:
    if report.within:
        yield "within", report.within
    if report.facts:
        yield "document", _document(report.facts)
    if report.judges:
        yield "judges", list(report.judges)
    if report.fault:
        yield "fault", True
    if report.opinions:
        yield (
            "opinions",
            [
                {
                    "judge": opinion.judge,
                    "verdict": opinion.verdict,
                    "reason": opinion.reason,
                    "findings": list(opinion.findings),
                    "disagreements": [dict(d) for d in opinion.disagreements],
                }
                for opinion in report.opinions
            ],
        )


def _document(facts: Mapping[str, str]) -> dict[str, object]:
    return {name: value.split(" ") if name == "templates" else value for name, value in facts.items()}


def _finding(finding: Finding, lang: Lang) -> dict[str, object]:
    code = code_of(finding)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "path": finding.location.path,
        "line": finding.location.line,
        "clause": clause_of(finding),
        "seen": finding.seen,
        "expected": finding.expected,
        "remedy": code.remedy(lang),
    }
