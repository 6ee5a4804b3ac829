"""Our findings beside the official verdict, every disagreement named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from conformance.arbiters.cisis.report import OfficialReport
from conformance.evidence.values import Finding, Severity


class Agreement(StrEnum):
    """How two judges stand to each other on one document."""

    BOTH_ACCEPT = "both-accept"
    BOTH_REJECT = "both-reject"
    ONLY_WE_REJECT = "only-we-reject"
    ONLY_OFFICIAL_REJECTS = "only-official-rejects"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both verdicts on one document. `official` is None when the package could not judge, by our fault.

    `ours` are the errors that make us reject, `theirs` what makes the package reject: (where it comes from, path,
    text). Both are given whatever the agreement, so that a report can show them side by side.
    """

    name: str
    agreement: Agreement
    we_accept: bool
    official_accepts: bool | None
    ours: tuple[Finding, ...]
    theirs: tuple[tuple[str, str, str], ...]

    @property
    def disagree(self) -> bool:
        """Whether one accepts what the other rejects."""
        return self.agreement in (Agreement.ONLY_WE_REJECT, Agreement.ONLY_OFFICIAL_REJECTS)


def compare(ours: Sequence[Finding], official: OfficialReport) -> Comparison:
    """Both verdicts on a document: ours rejects when a finding of its own is an error, not one it inherited."""
    errors = tuple(f for f in ours if f.severity is Severity.ERROR and not f.inherited)
    theirs = (
        *(("XSD", "", text) for text in official.xsd),
        *((f.schematron, f.path, f.text) for f in official.refusals),
    )
    return Comparison(
        name=official.name,
        agreement=_agreement(not errors, official.accepted),
        we_accept=not errors,
        official_accepts=official.accepted,
        ours=errors,
        theirs=theirs,
    )


def _agreement(ours: bool, theirs: bool | None) -> Agreement:
    if theirs is None:
        return Agreement.UNKNOWN
    if ours == theirs:
        return Agreement.BOTH_ACCEPT if ours else Agreement.BOTH_REJECT
    return Agreement.ONLY_OFFICIAL_REJECTS if ours else Agreement.ONLY_WE_REJECT
