"""Several audits of one product, one a configuration, made into one. Pure: audits in, audit out.

A scenario is decided by the configurations in which it could be judged; those in which it does not apply, or whose
target lacks what it needs, do not weigh, unless all are so. A row is decided by its scenarios, as ever.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from conformance.audit.model import (
    Audit,
    CaseCounts,
    ClockNote,
    Counterexample,
    Excerpt,
    FindingExample,
    FindingSummary,
    Group,
    Identity,
    Part,
    RequirementResult,
    ScenarioResult,
    Share,
    ToolFault,
)
from conformance.audit.tally import EXAMPLES, FAULTS
from conformance.errors import JournalError
from conformance.evidence.verdict import Verdict, exit_code, one_of, requirement_verdict

EFFORTS = ("smoke", "standard", "full")

UNBEGUN = "0" * 64
"""The head of the journal of a configuration that was never run."""


def merge(audits: Mapping[str, Audit], places: Mapping[str, str], missing: Sequence[str] = ()) -> Audit:
    """One audit of several, by configuration, in their order. `places` are the folders of all configurations.

    `missing` are the configurations that were never run: the audit is then not complete and never exits 0. Raises
    JournalError when the audits are not of one product, profile and choice of rows.
    """
    first = next(iter(audits.values()))
    for name, audit in audits.items():
        _same(first, audit, places[name])
    rows = tuple(_row({n: a.requirements[i] for n, a in audits.items()}) for i in range(len(first.requirements)))
    groups = tuple(_group(group, rows) for group in first.groups)
    verdicts = {(g.wave, g.name): g for g in groups}
    rows = tuple(_grouped(row, verdicts) for row in rows)
    faults = tuple(ToolFault(f"{n}: {f.where}", f.text) for n, a in audits.items() for f in a.faults)
    pairs = [(row.verdict, row.mandatory) for row in rows]
    if faults:
        pairs.append((Verdict.TOOL_ERROR, False))
    code = exit_code(pairs)
    heads = "".join(a.journal for a in audits.values())
    return Audit(
        identity=_identity(audits, places),
        complete=not missing and all(a.complete for a in audits.values()),
        counts=_added([a.counts for a in audits.values()]),
        requirements=rows,
        groups=groups,
        faults=faults[:FAULTS],
        exit_code=code or (3 if missing else 0),
        journal=hashlib.sha256(heads.encode()).hexdigest(),
        selftest=first.selftest,
        gaps=first.gaps,
        outside=first.outside,
        clock=_clock([a.clock for a in audits.values() if a.clock is not None]),
        parts=tuple(_part(name, folder, audits.get(name), first) for name, folder in places.items()),
    )


def _same(one: Audit, other: Audit, folder: str) -> None:
    """Whether two audits can be merged."""

    def told(audit: Audit) -> tuple[object, ...]:
        who = audit.identity
        profile = who.digests.get("profile")
        keys = tuple(row.key for row in audit.requirements)
        return who.vendor, who.product, who.version, who.build, who.dsr, who.waves, who.only, profile, keys

    if told(one) != told(other):
        raise JournalError("audit.merge-differs", where=folder)


def _identity(audits: Mapping[str, Audit], places: Mapping[str, str]) -> Identity:
    all_of = [audit.identity for audit in audits.values()]
    runs = "".join(one.run for one in all_of)
    common = set.intersection(*(set(one.digests.items()) for one in all_of))
    return replace(
        all_of[0],
        configuration=" + ".join(places),
        run=hashlib.sha256(runs.encode()).hexdigest()[:8],
        options=tuple(sorted({option for one in all_of for option in one.options})),
        claims=tuple(sorted({claim for one in all_of for claim in one.claims})),
        effort=min((one.effort for one in all_of), key=EFFORTS.index),
        as_of=max(one.as_of for one in all_of),
        digests=dict(sorted(common)),
    )


def _part(name: str, folder: str, audit: Audit | None, other: Audit) -> Part:
    if audit is None:
        return Part(name, folder, replace(other.identity, configuration=name, run="0" * 8), False, 3, UNBEGUN)
    return Part(name, folder, audit.identity, audit.complete, audit.exit_code, audit.journal)


def _clock(notes: Sequence[ClockNote]) -> ClockNote | None:
    if not notes:
        return None
    return ClockNote(sum(n.count for n in notes), min(n.least for n in notes), max(n.most for n in notes))


def _added(counts: Sequence[CaseCounts]) -> CaseCounts:
    """Counts added up, reasons in alphabetical order."""
    unjudged: Counter[str] = Counter()
    for one in counts:
        unjudged.update(one.unjudged)
    numbers = {
        each.name: sum(getattr(one, each.name) for one in counts)
        for each in fields(CaseCounts)
        if each.name != "unjudged"
    }
    return CaseCounts(unjudged=dict(sorted(unjudged.items())), **numbers)


def _row(rows: Mapping[str, RequirementResult]) -> RequirementResult:
    first = next(iter(rows.values()))
    scenarios = tuple(_scenario({n: row.scenarios[i] for n, row in rows.items()}) for i in range(len(first.scenarios)))
    applies = any(row.reason != "not-applicable" for row in rows.values())
    verdict = requirement_verdict((s.verdict for s in scenarios), applicable=applies)
    deciding = next((s for s in scenarios if s.verdict is verdict), None)
    weighing = {share.configuration for s in scenarios for share in s.shares if share.weighs}
    return replace(
        first,
        verdict=verdict,
        reason=deciding.reason if deciding is not None else first.reason,
        detail=deciding.detail if deciding is not None else first.detail,
        scenarios=scenarios,
        shares=tuple(_share(name, row, name in weighing or not scenarios) for name, row in rows.items()),
    )


def _grouped(row: RequirementResult, groups: Mapping[tuple[str, str], Group]) -> RequirementResult:
    """A row of a one_of group takes the verdict of the whole."""
    group = groups.get((row.wave, row.group or ""))
    if group is None or row.reason == "not-applicable" or group.verdict is row.verdict:
        return row
    return replace(row, verdict=group.verdict, reason="group", detail={"fr": group.name, "en": group.name})


def _group(group: Group, rows: Sequence[RequirementResult]) -> Group:
    members = [s.verdict for row in rows if row.key in group.members for s in row.scenarios]
    return replace(group, verdict=one_of(members))


def _share(name: str, result: RequirementResult | ScenarioResult, weighs: bool) -> Share:
    if isinstance(result, RequirementResult):
        judged = max((s.counts.judged for s in result.scenarios), default=0)
    else:
        judged = result.counts.judged
    return Share(name, result.verdict, result.reason, result.detail, judged, weighs)


def _weighs(scenario: ScenarioResult) -> bool:
    return scenario.reason not in ("not-applicable", "needs")


def _scenario(parts: Mapping[str, ScenarioResult]) -> ScenarioResult:
    applying = {n: s for n, s in parts.items() if s.reason != "not-applicable"}
    weighing = {n: s for n, s in parts.items() if _weighs(s)} or applying or parts
    applies = bool(applying)
    verdict = requirement_verdict((s.verdict for s in weighing.values()), applicable=applies)
    deciding = next((s for s in weighing.values() if s.verdict is verdict), next(iter(parts.values())))
    owned = [_owned(name, scenario) for name, scenario in parts.items()]
    needs = [set(s.needs) for s in applying.values()]
    return replace(
        deciding,
        environments=_union(s.environments for s in owned),
        exercises=_union(s.exercises for s in owned),
        counts=_added([s.counts for s in owned]),
        witnesses=sum(s.witnesses for s in owned),
        labels_claimed=tuple(sorted({label for s in owned for label in s.labels_claimed})),
        labels_covered=tuple(sorted({label for s in owned for label in s.labels_covered})),
        findings=_findings(owned),
        unsettled=sum(s.unsettled for s in owned),
        counterexamples=tuple(c for s in owned for c in s.counterexamples),
        faults=tuple(f for s in owned for f in s.faults)[:FAULTS],
        proofs=tuple(
            replace(proof, received=any(s.proofs[i].received for s in owned)) for i, proof in enumerate(deciding.proofs)
        ),
        needs=tuple(sorted(set.intersection(*needs))) if needs else (),
        evidence=tuple(e for s in owned for e in s.evidence),
        shares=tuple(_share(name, s, name in weighing) for name, s in parts.items()),
    )


def _union(many: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in many for name in one))


def _findings(scenarios: Sequence[ScenarioResult]) -> tuple[FindingSummary, ...]:
    """Findings added up by fingerprint; errors first, then the most frequent."""
    merged: dict[str, FindingSummary] = {}
    for finding in (f for s in scenarios for f in s.findings):
        known = merged.get(finding.fingerprint)
        merged[finding.fingerprint] = finding if known is None else replace(
            known,
            count=known.count + finding.count,
            cases=known.cases + finding.cases,
            inherited=known.inherited and finding.inherited,
            examples=(*known.examples, *finding.examples)[:EXAMPLES],
        )  # fmt: skip
    order = ("error", "warning", "advice", "note")
    return tuple(sorted(merged.values(), key=lambda f: (order.index(f.severity), -f.count, f.fingerprint)))


def _owned(name: str, scenario: ScenarioResult) -> ScenarioResult:
    """A scenario whose cases and exchanges say of which configuration they are: `hopital/x12`."""

    def example(one: FindingExample) -> FindingExample:
        return replace(one, case=f"{name}/{one.case}", exchange=one.exchange and f"{name}/{one.exchange}")

    def excerpt(one: Excerpt | None) -> Excerpt | None:
        return None if one is None else replace(one, exchange=f"{name}/{one.exchange}")

    def counterexample(one: Counterexample) -> Counterexample:
        near = one.nearest
        if near is not None:
            near = replace(near, case=f"{name}/{near.case}", excerpt=excerpt(near.excerpt))
        return replace(
            one,
            case=f"{name}/{one.case}",
            finding=example(one.finding),
            excerpt=excerpt(one.excerpt),
            stimulus=excerpt(one.stimulus),
            nearest=near,
        )

    return replace(
        scenario,
        findings=tuple(replace(f, examples=tuple(map(example, f.examples))) for f in scenario.findings),
        counterexamples=tuple(map(counterexample, scenario.counterexamples)),
        faults=tuple(ToolFault(f"{name}: {f.where}", f.text) for f in scenario.faults),
        evidence=tuple(replace(e, exchange=f"{name}/{e.exchange}") for e in scenario.evidence),
    )
