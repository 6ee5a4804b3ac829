"""The verdicts of veraPDF as findings: one for each failed rule of ISO 19005, with its clause and test number.

A rule of PDF/A-1 that we know too has our code, with its sentence and remedy: the same mistake has the same name,
whichever judged. `cause` says that veraPDF judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.arbiters.verapdf.jvm import Flavour, VeraPdf, Verdict
from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.pdf.judging import CODES as PDF_CODES
from conformance.standards.pdf.rules import RULES

CODES = table(__package__)

JUDGE = "verapdf"
_OURS = {(rule.clause, rule.test): rule.code for rule in RULES}
_NORMS = {"1": "ISO 19005-1", "2": "ISO 19005-2", "3": "ISO 19005-3"}
_OF_THE_FILE = {"unreadable": "verapdf.unreadable", "encrypted": "verapdf.encrypted", "too-big": "verapdf.bounds"}


def judge(pdf: bytes, verapdf: VeraPdf, *, flavour: Flavour = "1b", required: bool = True) -> Iterator[Finding]:
    """What veraPDF finds in one PDF under a flavour; `required` false when no row asks for PDF/A: warnings only."""
    yield from findings(verapdf.verdict(pdf, flavour), required=required)


def findings(verdict: Verdict, *, required: bool = True) -> Iterator[Finding]:
    """A verdict as findings; none when compliant. A fault of veraPDF itself is a note: nothing was judged."""
    if verdict.compliant is None:
        code = _OF_THE_FILE.get(verdict.reason, "verapdf.silent")
        severity = None if required or code == "verapdf.silent" else Severity.WARNING
        yield CODES.finding(code, seen=verdict.detail or verdict.reason, cause=verdict.reason, severity=severity)
        return
    for failure in verdict.failures:
        rule = f"{failure.clause}-{failure.test}"
        known = _OURS.get((failure.clause, failure.test)) if verdict.flavour[0] == "1" else None
        yield (CODES if known is None else PDF_CODES).finding(
            known or "verapdf.rule",
            failure.place,
            seen=f"{failure.message} (x{failure.count})" if failure.count > 1 else failure.message,
            expected=f"PDF/A-{verdict.flavour}",
            subject=rule,
            cause=JUDGE,
            clause=f"{_NORMS[verdict.flavour[0]]}, {failure.clause} (test {failure.test})",
            severity=None if required else Severity.WARNING,
        )
