"""The audit as SARIF 2.1.0 (OASIS), for code hosts: one result an example of a finding, one rule a code.

A result is placed at the line of the journal that holds the exchange it was seen in, and named by exchange and path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from conformance.audit.checked.sarif import FINGERPRINT, LEVELS, SCHEMA, rule
from conformance.audit.excerpt import visible
from conformance.audit.html import sentence
from conformance.audit.model import Audit, FindingExample, FindingSummary, RequirementResult, ScenarioResult
from conformance.evidence.codes import all_codes
from conformance.evidence.journal import FILE
from conformance.evidence.values import Severity
from conformance.texts import Lang, text

NAME = "audit.sarif"


def render(audit: Audit, lang: Lang) -> bytes:
    """The JSON bytes; the same audit gives the same bytes."""
    return (json.dumps(_log(audit, lang), ensure_ascii=False, indent=1) + "\n").encode()


def _log(audit: Audit, lang: Lang) -> dict[str, Any]:
    rules: dict[str, int] = {}
    places = _Places(audit)
    results = [
        _result(row, scenario, finding, example, places, rules, lang)
        for row in audit.requirements
        for scenario in row.scenarios
        for finding in scenario.findings
        for example in finding.examples
    ]
    who = audit.identity
    driver = {
        "name": "conformance",
        "version": who.tool,
        "language": "en-US" if lang == "en" else "fr-FR",
        "rules": [_rule(code, lang) for code in rules],
    }
    invocation: dict[str, Any] = {"executionSuccessful": audit.complete and not audit.faults}
    if audit.faults:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": visible(f"{fault.where} {_last(fault.text)}".strip())}}
            for fault in audit.faults
        ]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{who.dsr}/{quote(who.configuration, safe='')}/{who.run}"},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "vendor": visible(who.vendor),
            "product": visible(who.product),
            "version": visible(who.version),
            "seed": who.seed,
            "journal": audit.journal,
        },
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _last(trace: str) -> str:
    """The last line of a trace: what went wrong."""
    return trace.rstrip().rpartition("\n")[2][:500]


def _rule(id: str, lang: Lang) -> dict[str, Any]:
    code = all_codes().get(id)
    if code is None:
        return {"id": id, "shortDescription": {"text": text("audit.page.finding.unknown", lang, code=id)}}
    return rule(code, lang)


class _Places:
    """Where exchanges are: the journal of their run, and their line in it."""

    def __init__(self, audit: Audit) -> None:
        self._folders = {part.configuration: part.folder for part in audit.parts}
        self._lines = {e.exchange: e.line for r in audit.requirements for s in r.scenarios for e in s.evidence}

    def of(self, example: FindingExample) -> Iterator[tuple[str, Any]]:
        """The members of the physical location of an example."""
        # In a merged audit the case says the configuration: `hopital/w1-c1`.
        folder = self._folders.get(example.case.rpartition("/")[0])
        uri = FILE if folder is None else f"{quote(folder)}/{FILE}"
        yield "artifactLocation", {"uri": uri}
        if example.exchange in self._lines:
            yield "region", {"startLine": self._lines[example.exchange]}


def _result(
    row: RequirementResult,
    scenario: ScenarioResult,
    finding: FindingSummary,
    example: FindingExample,
    places: _Places,
    rules: dict[str, int],
    lang: Lang,
) -> dict[str, Any]:
    code = all_codes().get(finding.code)
    said = [f"{row.id} : {sentence(finding, lang)}" if lang == "fr" else f"{row.id}: {sentence(finding, lang)}"]
    told = (("seen", example.seen), ("expected", example.expected), ("clause", code.clause if code else ""))
    said += [text(f"cli.check.{name}", lang, **{name: visible(value)}) for name, value in told if value]
    where = "#".join(part for part in (example.exchange, example.path) if part)
    location: dict[str, Any] = {"physicalLocation": dict(places.of(example))}
    if where:
        location["logicalLocations"] = [{"fullyQualifiedName": visible(where), "kind": "member"}]
    same = f"{scenario.key}\x1f{finding.fingerprint}\x1f{example.path}\x1f{example.seen}"
    level = LEVELS[finding.severity] if finding.counts or finding.severity is not Severity.ERROR else "note"
    return {
        "ruleId": finding.code,
        "ruleIndex": rules.setdefault(finding.code, len(rules)),
        "level": level,
        "message": {"text": "\n".join(said)},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()[:32]},
        "occurrenceCount": finding.count,
        "properties": {
            "requirement": row.key,
            "scenario": scenario.key,
            "case": visible(example.case),
            "mandatory": row.mandatory,
            "verdict": scenario.verdict.value,
            "inherited": finding.inherited,
        },
    }
