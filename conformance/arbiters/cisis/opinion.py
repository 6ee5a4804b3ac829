"""The official package as a judge of `conformance check`: a document and our findings in, its opinion out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from conformance.arbiters.cisis.compare import Agreement, Comparison, compare
from conformance.arbiters.cisis.package import Package
from conformance.arbiters.cisis.report import NotRun, OfficialReport
from conformance.arbiters.cisis.runner import Official, Progress
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Finding
from conformance.standards.check.values import Opinion

JUDGE = "ANS TestContenuCDA"
SHOWN = 200
"""Findings given of one document."""


class OfficialArbiter:
    """Judges with one process of SaxonC, started by the first document. Made once in each process that checks.

    Raises SetupError at once when the folder is not a whole package or SaxonC is not installed. What all processes
    need is made here, so that a cold cache is filled once.
    """

    def __init__(self, path: Path, *, cache: Path | None = None, progress: Progress | None = None) -> None:
        self._official = Official(Package.open(path, kept=cache), cache=cache, progress=progress)
        self._official.prepare()

    def __call__(self, data: bytes, findings: tuple[Finding, ...]) -> Opinion:
        """The opinion on one document, given our findings on it."""
        return opinion(self._official.judge(data), findings)

    def close(self) -> None:
        """End the process."""
        self._official.close()


def opinion(report: OfficialReport, findings: tuple[Finding, ...]) -> Opinion:
    """A verdict of the package as `conformance check` tells it."""
    if report.accepted is None:
        fault = report.fault
        return Opinion(JUDGE, "none", reason="" if fault is None else f"{fault.reason}: {fault.detail}")
    return Opinion(
        judge=JUDGE,
        verdict="conform" if report.accepted else "nonconform",
        findings=tuple(_lines(report))[:SHOWN],
        disagreements=tuple(_disagreements(compare(findings, report))),
        reason="; ".join(_untold(n) for n in report.not_run),
    )


def _lines(report: OfficialReport) -> Iterator[str]:
    for text in report.xsd:
        yield f"XSD: {text}"
    for finding in sorted(report.findings, key=lambda f: not f.refuses):
        role = "" if finding.refuses else f" [{finding.role}]"
        place = finding.path + (f" (l. {finding.line})" if finding.line else "")
        yield f"{finding.rule}{role} {place}: {finding.text}"


def _untold(one: NotRun) -> str:
    return " ".join(part for part in (one.reason, one.what, f"({one.detail})" if one.detail else "") if part)


def _disagreements(seen: Comparison) -> Iterator[Mapping[str, str]]:
    """Each reason of the judge that rejects what the other accepts, in both languages."""
    if seen.agreement is Agreement.ONLY_WE_REJECT:
        for finding in seen.ours:
            code = all_codes().get(finding.code)
            fr, en = (finding.code, finding.code) if code is None else (code.fr, code.en)
            where = finding.location.path
            yield {
                "fr": f"Nous rejetons, le paquet officiel accepte : {finding.code} {where} : {fr}",
                "en": f"We reject, the official package accepts: {finding.code} {where}: {en}",
            }
    elif seen.agreement is Agreement.ONLY_OFFICIAL_REJECTS:
        for source, path, text in seen.theirs:
            yield {
                "fr": f"Le paquet officiel rejette, nous acceptons : {source} {path} : {text}",
                "en": f"The official package rejects, we accept: {source} {path}: {text}",
            }
