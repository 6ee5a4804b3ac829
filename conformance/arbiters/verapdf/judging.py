"""The verdicts of veraPDF as findings: one for each failed rule of ISO 19005, with its clause and test number."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.arbiters.verapdf.jvm import Flavour, VeraPdf, Verdict
from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity

CODES = table(__package__)

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
        yield CODES.finding(
            "verapdf.rule",
            failure.place,
            seen=f"{failure.message} (x{failure.count})" if failure.count > 1 else failure.message,
            expected=f"PDF/A-{verdict.flavour}",
            subject=rule,
            clause=f"{_NORMS[verdict.flavour[0]]}, {failure.clause} (test {failure.test})",
            severity=None if required else Severity.WARNING,
        )
