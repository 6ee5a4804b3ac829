"""The verdict algebra: how scenarios make a requirement, and requirements an exit code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """The six verdicts."""

    CONFORM = "conform"
    NONCONFORM = "nonconform"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    TO_ATTEST = "to-attest"
    TOOL_ERROR = "tool-error"


# The first of these that any scenario has wins.
_ORDER = (
    Verdict.NONCONFORM,
    Verdict.TOOL_ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.TO_ATTEST,
    Verdict.CONFORM,
)


def scenario_verdict(*, findings: int, witnesses: int, unsettled: int, tool_errors: int, attest: bool) -> Verdict:
    """The verdict of one driven scenario.

    `findings` counts confirmed errors of the vendor, `witnesses` what was reached, `unsettled` the cases whose
    absence could not be believed, `tool_errors` our own faults, `attest` whether a proof must be joined as well.
    Zero witnesses is never conform.
    """
    if findings:
        return Verdict.NONCONFORM
    if tool_errors:
        return Verdict.TOOL_ERROR
    if unsettled or not witnesses:
        return Verdict.INCONCLUSIVE
    return Verdict.TO_ATTEST if attest else Verdict.CONFORM


def requirement_verdict(scenarios: Iterable[Verdict], *, applicable: bool = True) -> Verdict:
    """The verdict of a requirement from its scenarios; a requirement without any is inconclusive."""
    if not applicable:
        return Verdict.NOT_APPLICABLE
    found = {v for v in scenarios if v is not Verdict.NOT_APPLICABLE}
    return next((v for v in _ORDER if v in found), Verdict.INCONCLUSIVE)


def one_of(alternatives: Iterable[Verdict]) -> Verdict:
    """A group where one conform alternative is enough; else the nearest to it.

    A nonconform alternative counts only when no other can still become conform.
    """
    found = {v for v in alternatives if v is not Verdict.NOT_APPLICABLE}
    if not found:
        return Verdict.NOT_APPLICABLE
    for best in (Verdict.CONFORM, Verdict.TO_ATTEST, Verdict.TOOL_ERROR, Verdict.INCONCLUSIVE):
        if best in found:
            return best
    return Verdict.NONCONFORM


def exit_code(rows: Iterable[tuple[Verdict, bool]]) -> int:
    """The exit code of a run from (verdict, mandatory) pairs; derived and optional rows are not mandatory.

    1 a mandatory row nonconform, 4 a fault of the tool, 3 incomplete (inconclusive or to attest), 0 otherwise.
    """
    rows = list(rows)
    mandatory = {v for v, needed in rows if needed}
    if Verdict.NONCONFORM in mandatory:
        return 1
    if any(v is Verdict.TOOL_ERROR for v, _ in rows):
        return 4
    if mandatory & {Verdict.INCONCLUSIVE, Verdict.TO_ATTEST}:
        return 3
    return 0
