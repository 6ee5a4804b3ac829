"""The audit as Allure results: one test a scenario, with its findings as steps and the messages quoted attached."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from allure_commons.model2 import Attachment, Label, Parameter, Status, StatusDetails, TestResult, TestStepResult
from attr import asdict

from conformance.audit.annotate import Gap, annotate, fold
from conformance.audit.excerpt import visible
from conformance.audit.html import sentence
from conformance.audit.junit import SHOWN, account, excuse, visible_lines
from conformance.audit.model import Audit, Counterexample, Excerpt, FindingSummary, RequirementResult, ScenarioResult
from conformance.evidence.verdict import Verdict
from conformance.texts import Lang, text

FOLDER = "allure-results"

NAMESPACE = uuid.UUID("5e2f6c0a-6a1c-5d6c-9c53-0c6a2a7f1f10")
"""Ours: a name in it makes the same identifier on every machine."""

STATUSES: Mapping[Verdict, str] = {
    Verdict.CONFORM: Status.PASSED,
    Verdict.NONCONFORM: Status.FAILED,
    Verdict.INCONCLUSIVE: Status.FAILED,
    Verdict.TO_ATTEST: Status.SKIPPED,
    Verdict.NOT_APPLICABLE: Status.SKIPPED,
    Verdict.TOOL_ERROR: Status.BROKEN,
}
"""As in JUnit: nonconform and inconclusive fail, what needs a person is skipped, our faults are broken tests."""

Files = dict[str, bytes]


def render(audit: Audit, lang: Lang) -> Files:
    """The files of a results folder, by name; the same audit gives the same names and bytes."""
    files: Files = {}
    for row in audit.requirements:
        for scenario in row.scenarios:
            result = _result(audit, row, scenario, lang, files)
            files[f"{result.uuid}-result.json"] = _json(asdict(result, filter=lambda _, v: bool(v) or v is False))
    files["categories.json"] = _json(list(_categories(lang)))
    files["environment.properties"] = _environment(audit).encode()
    return files


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _categories(lang: Lang) -> Iterator[dict[str, Any]]:
    """What tells apart, among tests that failed, those that found a mistake from those that could not conclude."""
    for verdict, status in STATUSES.items():
        if verdict is not Verdict.CONFORM:
            name = text(f"audit.verdict.{verdict}", lang)
            yield {"name": name, "matchedStatuses": [status], "messageRegex": f"(?s){name}( :|:|\\.).*"}


def _environment(audit: Audit) -> str:
    who = audit.identity
    pairs = {
        "dsr": who.dsr,
        "waves": ",".join(who.waves),
        "vendor": who.vendor,
        "product": who.product,
        "version": who.version,
        "configuration": who.configuration,
        "run": who.run,
        "seed": str(who.seed),
        "effort": who.effort,
        "tool": who.tool,
        "journal": audit.journal,
    }
    # Java properties: a backslash and a line end would be read as an escape and as another pair.
    return "".join(f"{k}={visible(v).replace(chr(92), '/')}\n" for k, v in pairs.items())


def _id(*words: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(words)))


def _result(audit: Audit, row: RequirementResult, scenario: ScenarioResult, lang: Lang, files: Files) -> TestResult:
    who = audit.identity
    # Only the day is known of a run: its midnight (UTC), in milliseconds, stands for both ends.
    moment = (date.fromisoformat(who.as_of).toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
    uid = _id(who.run, scenario.key)
    status = Status.SKIPPED if row.spared(scenario) else STATUSES[scenario.verdict]
    verdict = text(f"audit.verdict.{scenario.verdict}", lang)
    told = excuse(row, scenario, lang)
    colon = " : " if lang == "fr" else ": "
    message = f"{verdict}{colon}{told}" if told else f"{verdict}."
    details = None
    if status != Status.PASSED:
        details = StatusDetails(message=visible(message), trace=visible_lines(account(scenario, lang)) or None)
    steps = [_step(finding, scenario, moment, uid, lang, files) for finding in scenario.findings[:SHOWN]]
    return TestResult(
        uuid=uid,
        historyId=_id(who.dsr, who.product, who.configuration, scenario.key),
        testCaseId=_id(who.dsr, scenario.key),
        fullName=scenario.key,
        name=f"{scenario.id or scenario.key} {row.title.get(lang, '')}",
        status=status,
        statusDetails=details,
        stage="finished",
        start=moment,
        stop=moment,
        description=_description(row, scenario, lang),
        labels=[Label(name, value) for name, value in _labels(audit, row, scenario)],
        parameters=[Parameter(name, json.dumps(v, ensure_ascii=False)) for name, v in scenario.parameters.items()],
        steps=steps,
    )


def _labels(audit: Audit, row: RequirementResult, scenario: ScenarioResult) -> Iterator[tuple[str, str]]:
    yield "epic", audit.identity.dsr
    yield "feature", row.section
    yield "story", row.key
    yield "severity", "critical" if row.mandatory else "minor"
    yield "parentSuite", f"{audit.identity.dsr} {row.wave}"
    yield "suite", row.section
    yield "subSuite", row.id
    yield "framework", "conformance"
    yield "tag", row.level
    yield "tag", f"verdict:{scenario.verdict}"
    for share in scenario.shares:
        yield "tag", f"configuration:{visible(share.configuration)}"


def _description(row: RequirementResult, scenario: ScenarioResult, lang: Lang) -> str:
    unjudged = sum(scenario.counts.unjudged.values())
    counts = scenario.counts
    lines = [row.source, scenario.attest.get(lang, "")]
    if scenario.exercises:
        lines.append(text("audit.page.driven", lang, driven=counts.driven, judged=counts.judged, unjudged=unjudged))
    return "\n\n".join(line for line in lines if line)


def _step(
    finding: FindingSummary, scenario: ScenarioResult, moment: int, uid: str, lang: Lang, files: Files
) -> TestStepResult:
    examples = finding.examples[:1]
    told = [("place", e.path) for e in examples] + [("expected", e.expected) for e in examples]
    told += [("seen", e.seen) for e in examples]
    attachments = []
    for one in scenario.counterexamples:
        if one.fingerprint == finding.fingerprint:
            attachments += list(_attachments(one, uid, lang, files))
            break
    return TestStepResult(
        name=f"{sentence(finding, lang)} ({finding.code})",
        status=Status.FAILED if finding.counts else Status.PASSED,
        stage="finished",
        start=moment,
        stop=moment,
        parameters=[Parameter(text(f"audit.page.{name}", lang), visible(value)) for name, value in told if value],
        attachments=attachments,
    )


def _attachments(one: Counterexample, uid: str, lang: Lang, files: Files) -> Iterator[Attachment]:
    near = None if one.nearest is None else one.nearest.excerpt
    shown = (("counterexample", one.excerpt), ("stimulus", one.stimulus), ("nearest", near))
    for name, excerpt in shown:
        if excerpt is None:
            continue
        source = f"{_id(uid, one.fingerprint, name)}-attachment.txt"
        files[source] = _quoted(excerpt, one).encode("utf-8", "replace")
        yield Attachment(f"{text(f'audit.page.{name}', lang)} ({visible(excerpt.exchange)})", source, "text/plain")


def _quoted(excerpt: Excerpt, one: Counterexample) -> str:
    """A message with the line in question marked in its margin."""
    lines = [f"# {excerpt.exchange} {excerpt.channel} {excerpt.direction}"]
    for line in fold(annotate(excerpt, one.finding)):
        if isinstance(line, Gap):
            lines.append(f"      … {line.lines}")
        else:
            lines.append(f"{'>' if line.noted else ' '}{line.number:4} " + "".join(p.text for p in line.pieces))
    return "\n".join(lines) + "\n"
