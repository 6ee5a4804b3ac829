"""An Audit from a profile and a journal: every row of the waves asked for, with its verdict and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.audit.model import (
    Audit,
    CaseCounts,
    ClockNote,
    FindingSummary,
    Group,
    Identity,
    OfficialWording,
    ProofState,
    RequirementResult,
    ScenarioResult,
    SelftestFigures,
    ToolFault,
    Words,
)
from conformance.audit.quoting import Quotes
from conformance.audit.references import gaps
from conformance.audit.tally import EXAMPLES, FAULTS, Counts, Heard, Mistake, Tally, tally
from conformance.catalogue.loader import applicable, resolve_options
from conformance.catalogue.model import Profile, Requirement, Scenario
from conformance.catalogue.wording import Wording
from conformance.evidence.journal import Reader
from conformance.evidence.verdict import Verdict, exit_code, one_of, requirement_verdict, scenario_verdict

_SEVERITIES = ("error", "warning", "advice", "note")


def build(
    profile: Profile,
    source: Reader | Path,
    *,
    selftest: Mapping[str, Any] | None = None,
    received: frozenset[str] = frozenset(),
    wording: Callable[[str], Wording | None] = lambda _: None,
) -> Audit:
    """The audit of a run, from its journal or the folder of it; raises JournalError when the journal is broken.

    `selftest` is a `selftest/1` document, `received` the keys of the proofs handed in,
    `wording` gives the official wording of a row by its key.
    """
    reader = Reader(source) if isinstance(source, Path) else source
    journal = tally(reader)
    opening = journal.opening
    options = resolve_options(profile.options, opening["target"]["options"])
    claims = frozenset(opening["target"]["claims"])
    only = frozenset(opening.get("only") or ())
    whole = profile.requirements(opening["waves"])
    rows = [row for row in whole if not only or row.key in only or row.id in only]
    audience = _Audience(journal, reader)
    scenarios = {
        row.key: tuple(
            _scenario(scenario, audience, applicable(row, options, claims), str(row.when), received)
            for scenario in row.scenarios
        )
        for row in rows
    }
    groups = _groups(rows, scenarios)
    verdicts = {(group.wave, group.name): group.verdict for group in groups}
    asked = {row.key for row in rows}
    results = tuple(
        _requirement(row, scenarios[row.key], applicable(row, options, claims), verdicts, asked) for row in rows
    )
    results = tuple(_worded(row, wording(row.key)) for row in results)
    counts = Counts()
    for each in journal.counts.values():
        counts.add(each)
    pairs = [(row.verdict, row.mandatory) for row in results]
    if journal.faults:
        pairs.append((Verdict.TOOL_ERROR, False))
    return Audit(
        identity=_identity(profile, opening),
        complete=journal.closed,
        counts=counts.frozen(),
        requirements=results,
        groups=groups,
        faults=tuple(journal.faults),
        exit_code=exit_code(pairs),
        journal=journal.head,
        selftest=None if selftest is None else figures(selftest),
        gaps=gaps(whole),
        outside=len(whole) - len(rows),
        clock=ClockNote(len(journal.ahead), min(journal.ahead), max(journal.ahead)) if journal.ahead else None,
    )


def _worded(row: RequirementResult, official: Wording | None) -> RequirementResult:
    """A row with its official wording, and that of its scenarios."""
    if official is None:
        return row
    told = OfficialWording(
        official.text, official.version, official.workbook, official.date, official.where, official.digest
    )
    texts = official.scenarios or {}
    scenarios = tuple(replace(s, wording=texts.get(s.id or "", "")) for s in row.scenarios)
    return replace(row, wording=told, scenarios=scenarios)


def _identity(profile: Profile, opening: Mapping[str, Any]) -> Identity:
    vendor, target = opening["vendor"], opening["target"]
    return Identity(
        vendor=vendor["name"],
        product=vendor["product"],
        version=vendor["version"],
        build=vendor["build"],
        reference=vendor["reference_produit"],
        configuration=target["configuration"],
        run=opening["run"],
        tool=opening["tool"],
        dsr=opening["dsr"],
        dsr_name={"fr": profile.name, "en": profile.name_en},
        waves=tuple(opening["waves"]),
        options=tuple(sorted(target["options"])),
        claims=tuple(sorted(target["claims"])),
        effort=opening["effort"],
        seed=opening["seed"],
        as_of=opening["as_of"],
        digests=dict(sorted(opening["digests"].items())),
        only=tuple(opening.get("only") or ()),
        cases=opening.get("cases") or "",
    )


def figures(document: Mapping[str, Any]) -> SelftestFigures:
    """The figures of a `selftest/1` document."""
    return SelftestFigures(
        caught=document["caught"],
        total=document["total"],
        false_alarms=len(document["false_alarms"]),
        missed=tuple(sorted(d["name"] for d in document["defects"] if not d["caught"])),
    )


class _Audience:
    """What the journal says of each scenario: the run keys and properties that were driven for it."""

    def __init__(self, journal: Tally, reader: Reader) -> None:
        self.journal = journal
        self.quotes = Quotes(journal, reader)
        self._of: dict[str, list[Heard]] = {}
        for heard in journal.heard.values():
            for key in heard.subscription["scenarios"]:
                self._of.setdefault(key, []).append(heard)

    def of(self, scenario: str) -> Sequence[Heard]:
        """What was heard for a scenario, one entry a run key."""
        return self._of.get(scenario, [])


def _words(fr: str, en: str) -> Words:
    return {"fr": fr, "en": en} if fr or en else {}


def _same(text: str) -> Words:
    return _words(text, text)


def _scenario(
    scenario: Scenario, audience: _Audience, applies: bool, when: str, received: frozenset[str]
) -> ScenarioResult:
    heard = audience.of(scenario.key) if scenario.property is not None else ()
    counts, reasons = Counts(), Counts()
    for one in heard:
        mine = audience.journal.counts[one.run_key["key"]]
        counts.add(mine)
        reasons.unjudged.update(one.unjudged)
        reasons.judged += one.judged
    counts.judged, counts.unjudged = reasons.judged, reasons.unjudged
    findings = _findings(heard)
    faults = tuple(fault for one in heard for fault in one.faults)[:FAULTS]
    verdict, reason, detail = _verdict(scenario, audience.journal, heard, findings, faults)
    if not applies:
        verdict, reason, detail = Verdict.NOT_APPLICABLE, "not-applicable", _same(when)
    counterexamples = audience.quotes.counterexamples(heard)
    unmet = {need for one in heard for need in audience.journal.unmet.get(_identity_of(one), ())}
    return ScenarioResult(
        key=scenario.key,
        id=scenario.id,
        derived=scenario.derived,
        verdict=verdict,
        reason=reason,
        detail=detail,
        attest=_words(scenario.attest, scenario.attestation("en")),
        property=scenario.property,
        clause=next((one.subscription["clause"] for one in heard), ""),
        exercises=tuple(dict.fromkeys(one.run_key["exercise"] for one in heard)),
        environments=tuple(dict.fromkeys(one.run_key["environment"] for one in heard)),
        parameters=dict(scenario.parameters),
        counts=counts.frozen() if heard else CaseCounts(),
        witnesses=sum(one.witnesses for one in heard),
        labels_claimed=tuple(sorted({label for one in heard for label in one.subscription["claims"]})),
        labels_covered=tuple(sorted({label for one in heard for label in one.covered})),
        findings=findings,
        unsettled=sum(one.unsettled.total() for one in heard),
        counterexamples=counterexamples,
        faults=faults,
        proofs=tuple(ProofState(p.key, p.id, p.kind.value, p.key in received) for p in scenario.proofs),
        needs=tuple(sorted(unmet)),
        evidence=audience.quotes.evidence(findings, counterexamples),
    )


def _findings(heard: Sequence[Heard]) -> tuple[FindingSummary, ...]:
    """The mistakes of all run keys, one summary a fingerprint; errors first, then the most frequent."""
    merged: dict[str, Mistake] = {}
    for one in heard:
        for fingerprint, mistake in one.mistakes.items():
            whole = merged.setdefault(fingerprint, Mistake(mistake.first))
            whole.count += mistake.count
            whole.cases |= mistake.cases
            whole.examples = [*whole.examples, *mistake.examples][:EXAMPLES]
    summaries = (mistake.summary() for mistake in merged.values())
    return tuple(sorted(summaries, key=lambda f: (_SEVERITIES.index(f.severity), -f.count, f.fingerprint)))


def _verdict(
    scenario: Scenario,
    journal: Tally,
    heard: Sequence[Heard],
    findings: Sequence[FindingSummary],
    faults: Sequence[ToolFault],
) -> tuple[Verdict, str, Words]:
    """The verdict of a scenario that applies, the word that explains it, and what completes that word."""
    if scenario.property is None:
        told = scenario.reason
        if scenario.attest or told is None:
            return Verdict.TO_ATTEST, "attest", {}
        return Verdict.TO_ATTEST, "not-testable", _words(told.fr, told.en)
    if not heard:
        return Verdict.INCONCLUSIVE, "not-driven", {}
    needs = sorted({need for one in heard for need in journal.unmet.get(_identity_of(one), ())})
    heard = [one for one in heard if _identity_of(one) not in journal.unmet]
    if not heard:
        return Verdict.TO_ATTEST, "needs", _same(", ".join(needs))
    keys = [one.run_key["key"] for one in heard]
    missing = sum(journal.missing(key) for key in keys)
    unjudged = sum((one.unjudged for one in heard), start=Counter[str]())
    doubted = sum((one.unsettled for one in heard), start=Counter[str]())
    gone = [key for key in keys if key in journal.abandoned]
    witnesses = sum(one.witnesses for one in heard)
    claimed = {label for one in heard for label in one.subscription["claims"]}
    uncovered = sorted(claimed.difference(*(one.covered for one in heard)))
    verdict = scenario_verdict(
        findings=sum(f.count for f in findings if f.counts),
        witnesses=witnesses,
        unsettled=doubted.total() + missing + len(gone) + len(uncovered),
        tool_errors=len(faults),
        attest=bool(scenario.attest) or bool(needs),
    )
    why: dict[Verdict, list[tuple[str, object, Words]]] = {
        Verdict.TOOL_ERROR: [("tool", True, {})],
        Verdict.TO_ATTEST: [("needs", needs, _same(", ".join(needs))), ("attest", True, {})],
        Verdict.INCONCLUSIVE: [
            ("abandoned", gone, _same(journal.abandoned[gone[0]]) if gone else {}),
            ("suspended", missing and journal.pending.intersection(keys), {}),
            ("interrupted", missing, {}),
            ("unsettled", doubted, _same(_commonest(doubted))),
            ("uncovered", witnesses and uncovered, _same(", ".join(uncovered))),
            ("no-witness", True, _same(_commonest(unjudged))),
        ],
    }
    for word, holds, detail in why.get(verdict, ()):
        if holds:
            return verdict, word, detail
    return verdict, "", {}


def _identity_of(one: Heard) -> tuple[str, str]:
    return one.run_key["key"], one.subscription["id"]


def _commonest(reasons: Counter[str]) -> str:
    """The most frequent word, the first in alphabetical order among equals; empty when there is none."""
    return min(reasons, key=lambda reason: (-reasons[reason], reason), default="")


def _groups(rows: Sequence[Requirement], scenarios: Mapping[str, Sequence[ScenarioResult]]) -> tuple[Group, ...]:
    members: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.one_of:
            members.setdefault((row.wave, row.one_of), []).append(row.key)
    return tuple(
        Group(name, wave, one_of(s.verdict for key in keys for s in scenarios[key]), tuple(keys))
        for (wave, name), keys in members.items()
    )


def _requirement(
    row: Requirement,
    scenarios: tuple[ScenarioResult, ...],
    applies: bool,
    groups: Mapping[tuple[str, str], Verdict],
    asked: set[str],
) -> RequirementResult:
    verdict = requirement_verdict((s.verdict for s in scenarios), applicable=applies)
    deciding = next((s for s in scenarios if s.verdict is verdict), None)
    reason, detail = (deciding.reason, deciding.detail) if deciding is not None else ("no-scenario", {})
    if applies and row.one_of and (whole := groups[row.wave, row.one_of]) is not verdict:
        verdict, reason, detail = whole, "group", _same(row.one_of)
    if not applies:
        reason, detail = "not-applicable", _same(str(row.when))
    replaced = row.superseded_by if row.superseded_by in asked else None
    return RequirementResult(
        key=row.key,
        id=row.id,
        ref=row.ref,
        wave=row.wave,
        section=row.section,
        title={"fr": row.title, "en": row.title_en},
        level=row.level.value,
        scope=row.scope,
        source=row.source,
        automation=row.automation.value,
        mandatory=row.mandatory and replaced is None,
        derived=row.derived,
        verdict=verdict,
        reason=reason,
        detail=detail,
        group=row.one_of,
        superseded_by=replaced,
        scenarios=scenarios,
        when=str(row.when),
    )
