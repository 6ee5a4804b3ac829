"""What a check comes down to: counts only, so that a million files weigh no more than ten."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from conformance.evidence.values import Severity
from conformance.standards.check.values import Report

VERDICTS = ("nonconform", "unreadable", "not-judged", "conform")
SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.ADVICE, Severity.NOTE)


@dataclass(slots=True)
class Tally:
    """Counts of documents by kind and verdict, of findings by code (and of the documents that have them)."""

    files: int = 0
    documents: int = 0
    faults: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    severities: Counter[Severity] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    carriers: Counter[str] = field(default_factory=Counter)
    weights: dict[str, Severity] = field(default_factory=dict)
    judges: Counter[str] = field(default_factory=Counter)
    disagreements: int = 0
    interrupted: bool = False

    def add(self, report: Report) -> None:
        """Count one document."""
        self.documents += 1
        self.files += not report.within
        self.faults += bool(report.fault)
        self.verdicts[report.verdict] += 1
        # Kinds come from the documents themselves: a hostile folder must not make as many as it likes.
        kind = report.kind if report.kind in self.kinds or len(self.kinds) < KINDS else "…"
        self.kinds.setdefault(kind, Counter())[report.verdict] += 1
        for finding in report.findings:
            self.severities[finding.severity] += 1
            self.codes[finding.code] += 1
            if self.weights.get(finding.code) is not Severity.ERROR:
                self.weights[finding.code] = finding.severity
        for code in {finding.code for finding in report.findings}:
            self.carriers[code] += 1
        for judge in report.judges:
            self.judges[judge] += 1
        for opinion in report.opinions:
            self.judges[opinion.judge] += opinion.verdict != "none"
            self.disagreements += len(opinion.disagreements)

    def worst(self, most: int = 12) -> list[tuple[str, Severity, int, int]]:
        """The most frequent codes, errors first: code, severity, findings, documents."""
        rows = [(code, self.weights[code], count, self.carriers[code]) for code, count in self.codes.items()]
        rows.sort(key=lambda row: (SEVERITIES.index(row[1]), -row[3], -row[2], row[0]))
        return rows[:most]


KINDS = 200
"""Kinds counted apart."""
