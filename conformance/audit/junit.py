"""The audit as JUnit XML: one test case a scenario, for continuous integration."""

from __future__ import annotations

from lxml import etree

from conformance.audit.excerpt import visible
from conformance.audit.html import sentence, why
from conformance.audit.model import Audit, RequirementResult, ScenarioResult
from conformance.evidence.verdict import Verdict
from conformance.texts import Lang, text

_OUTCOMES = {
    Verdict.CONFORM: None,
    Verdict.NONCONFORM: "failure",
    Verdict.INCONCLUSIVE: "failure",
    Verdict.TO_ATTEST: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.TOOL_ERROR: "error",
}
"""What a verdict is in JUnit: nonconform and inconclusive fail, what needs a person is skipped."""

SHOWN = 10
"""Findings quoted in a failure."""


def render(audit: Audit, lang: Lang) -> bytes:
    """The XML bytes; one suite a wave, no times (the same audit gives the same bytes)."""
    root = etree.Element("testsuites", name=f"{audit.identity.dsr} {visible(audit.identity.product)}")
    for wave in audit.identity.waves:
        rows = [row for row in audit.requirements if row.wave == wave]
        suite = etree.SubElement(root, "testsuite", name=f"{audit.identity.dsr}/{wave}")
        for row in rows:
            for scenario in row.scenarios:
                _case(suite, row, scenario, lang)
        _count(suite)
    _count(root)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _count(element: etree._Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(list(element.iter(tag)))))


def _case(suite: etree._Element, row: RequirementResult, scenario: ScenarioResult, lang: Lang) -> None:
    case = etree.SubElement(suite, "testcase", classname=row.key, name=scenario.id or scenario.key)
    outcome = "skipped" if row.spared(scenario) else _OUTCOMES[scenario.verdict]
    if outcome is None:
        return
    message = excuse(row, scenario, lang) or text(f"audit.verdict.{scenario.verdict}", lang)
    child = etree.SubElement(case, outcome, message=visible(message))
    if outcome != "skipped":
        child.set("type", scenario.verdict.value)
        child.text = visible_lines(account(scenario, lang))


def excuse(row: RequirementResult, scenario: ScenarioResult, lang: Lang) -> str:
    """Why a scenario is neither plainly conform nor nonconform, or what makes up for it."""
    if row.spared(scenario):
        return text("audit.reason.group", lang, detail=row.group)
    return why(scenario, lang)


def visible_lines(text: str) -> str:
    """A text of several lines without the characters that XML refuses."""
    return "\n".join(visible(line) for line in text.split("\n"))


def account(scenario: ScenarioResult, lang: Lang) -> str:
    """The findings and faults of a scenario as plain lines: what, where, expected, seen; bounded."""
    lines: list[str] = []
    for finding in scenario.findings[:SHOWN]:
        lines.append(f"[{text(f'audit.severity.{finding.severity}', lang)}] {sentence(finding, lang)} ({finding.code})")
        for example in finding.examples[:1]:
            for label, value in (("place", example.path), ("expected", example.expected), ("seen", example.seen)):
                if value:
                    lines.append(f"    {text(f'audit.page.{label}', lang)} : {value}")
        if finding.count > 1:
            lines.append("    " + text("audit.page.finding.count", lang, count=finding.count, cases=finding.cases))
    if len(scenario.findings) > SHOWN:
        lines.append(text("audit.page.findings.more", lang, count=len(scenario.findings) - SHOWN))
    for fault in scenario.faults[:1]:
        lines += [fault.where, fault.text]
    return "\n".join(lines or [why(scenario, lang)])
