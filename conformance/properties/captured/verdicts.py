"""The verdict of each document row of a DSR over a bundle: conform, nonconform, to attest, or not judged and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conformance.errors import SetupError
from conformance.evidence.values import Finding, Severity, Witness
from conformance.properties.captured import core
from conformance.properties.captured.values import Bundle

Outcome = Literal["conform", "nonconform", "to-attest", "not-judged"]

ELSEWHERE: dict[str, str] = {
    "SGL/va1/DOC/va1.21": "traffic",
    "SGL/va1/DOC/va1.23": "screen",
    "SGL/va1/DOC/va1.24": "traffic",
    "SGL/va1/DOC/va1.31": "pilot",
    "SGL/va1/DOC/va1.33": "screen",
    "SGL/va1/DOC/va1.35": "pilot",
    "LGO/va1/LGO.DOC.07": "screen",
}
"""Document rows that documents alone cannot decide, and what is needed: the traffic of the DMP, a pilot, a screen."""


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What became of one row: `reason` is a word of the texts for a row that is not judged or is to attest."""

    key: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    reason: str = ""
    clause: str = ""


def judge(bundle: Bundle, dsr: str, wave: str | None = None) -> Iterator[RowVerdict]:
    """The document rows of a DSR, in the order of their keys. Without a witness a row is never conform."""
    decided = dict(core.of(dsr, wave))
    for key in sorted({*decided, *(k for k in ELSEWHERE if k.startswith(f"{dsr}/{wave or ''}"))}):
        row = decided.get(key)
        if row is None:
            yield RowVerdict(key, "not-judged", reason=ELSEWHERE[key])
            continue
        try:
            said = tuple(row.judge(bundle))
        except SetupError:
            yield RowVerdict(key, "not-judged", reason="extra", clause=row.clause)
            continue
        findings = tuple(s for s in said if isinstance(s, Finding))
        witnesses = tuple(s for s in said if isinstance(s, Witness))
        wrong = any(f.severity is Severity.ERROR for f in findings)
        outcome: Outcome = "nonconform"
        reason = ""
        if not wrong and not witnesses:
            outcome, reason = "not-judged", row.needs
        elif not wrong:
            outcome, reason = ("to-attest", "partial") if row.partial else ("conform", "")
        yield RowVerdict(key, outcome, findings, witnesses, reason, row.clause)
