"""Judging one case: the property's judge is called, its words are sorted, a crash of ours is kept apart."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.engine.plan import Subscription
from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a property said of a case. `fault` is a crash of ours; `reason` says why nothing was reached."""

    subscription: Subscription
    case: str
    witnesses: tuple[Witness, ...] = ()
    findings: tuple[Finding, ...] = ()
    unsettled: tuple[tuple[Finding, str], ...] = ()
    fault: str | None = None
    reason: str | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that count against the vendor."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR and not f.inherited)

    @property
    def clean(self) -> bool:
        """Reached, and nothing wrong: what makes a sentinel or a control alive."""
        return bool(self.witnesses) and not self.errors and not self.unsettled and self.fault is None

    def settle(self, verdicts: Mapping[str, str | None]) -> Judgement:
        """Sort the findings that rest on silence: `verdicts` maps a fingerprint to None (believed) or why not."""
        kept, doubted = [], list(self.unsettled)
        for finding in self.findings:
            why = verdicts.get(finding.fingerprint) if finding.absence else None
            if why is None:
                kept.append(finding)
            else:
                doubted.append((finding, why))
        return replace(self, findings=tuple(kept), unsettled=tuple(doubted))


def judge(
    subscription: Subscription,
    driven: Driven[Any],
    heard: Heard,
    context: Context,
    inherited: frozenset[tuple[str, str]],
) -> Judgement:
    """Ask a property about a case. `inherited` holds the (code, seen) pairs that the bench's own input had."""
    witnesses: list[Witness] = []
    findings: list[Finding] = []
    context = replace(context, parameters=subscription.parameters)
    try:
        for word in subscription.property.judge(driven, heard, context):
            if isinstance(word, Witness):
                witnesses.append(word)
            else:
                findings.append(replace(word, inherited=True) if (word.code, word.seen) in inherited else word)
    except Exception:  # noqa: BLE001 - a crash of a judge is ours: recorded as such, never the vendor's
        return Judgement(subscription, driven.id, fault=traceback.format_exc(limit=-6))
    reason = None
    if not witnesses and not findings:
        reason = next((s.failure for s in driven.sent if s.failure), None) or "not-reached"
    return Judgement(subscription, driven.id, tuple(witnesses), tuple(findings), reason=reason)


def alive(subscription: Subscription, judgements: Iterable[Judgement], driven: Mapping[str, Driven[Any]]) -> bool:
    """Whether silence may be believed in this window: the sentinel, or the property's control, was heard clean."""
    control = subscription.property.control
    return any(
        judgement.clean
        and (driven[judgement.case].sentinel or (control is not None and control in driven[judgement.case].labels))
        for judgement in judgements
        if judgement.subscription is subscription
    )
