"""The third pass: a failing case is made as plain as it can be, within a budget, and never counted as a case."""

from __future__ import annotations

from collections import Counter
from typing import Any

from conformance.engine import events
from conformance.engine.collect import Collected
from conformance.engine.plan import RunKey
from conformance.engine.session import Session
from conformance.evidence.codec import digest, from_plain
from conformance.evidence.values import Driven, Finding

CALLS = 40
"""Vendor calls a fingerprint."""

SECONDS = 30
"""Time a fingerprint."""

FINGERPRINTS = 3
"""Fingerprints a property."""

TOGETHER = 8
"""Unknown candidates driven in one batch."""


def shrink_all(session: Session, key: RunKey) -> None:
    """Shrink the first errors of every property of a run key, within the budgets; those done before are left."""
    budget: Counter[str] = Counter(property for property, _ in session.past.shrunk)
    for identity, (owner, case) in list(session.past.firsts.items()):
        property, fingerprint = identity
        if owner != key.id or identity in session.past.shrunk or budget[property] >= FINGERPRINTS:
            continue
        budget[property] += 1
        session.past.shrunk.add(identity)
        start = case if isinstance(case, key.exercise.case_type) else from_plain(case, key.exercise.case_type)
        _shrink(session, key, property, fingerprint, start)


def _shrink(session: Session, key: RunKey, property: str, fingerprint: str, start: Any) -> None:
    """Greedy descent by `simpler`, in batches; answers are remembered by case digest."""
    known: dict[str, tuple[Driven[Any], Finding] | None] = {}
    calls = 0
    deadline = session.lab.elapsed() + SECONDS

    def ask(cases: list[Any]) -> None:
        nonlocal calls
        unknown = [Collected(c, digest(c), key.exercise.labels_of(c)) for c in cases]
        unknown = [c for c in unknown if c.digest not in known][: max(0, min(TOGETHER, CALLS - calls))]
        if not unknown:
            return
        calls += len(unknown)
        batch = session.probe(key, unknown, "shrink")
        for name, collected in zip(list(batch.driven)[1:], unknown, strict=False):
            judgement = batch.find(name, property, fingerprint)
            if judgement is None:
                known[collected.digest] = None
                continue
            finding = next(f for f in judgement.errors if f.fingerprint == fingerprint)
            known[collected.digest] = (batch.driven[name], finding)

    ask([start])
    best = known.get(digest(start))
    if best is None:
        return  # the failure does not repeat: nothing can be said of a smaller case
    current = start
    while calls < CALLS and session.lab.elapsed() < deadline:
        candidates = key.exercise.simpler(current)
        ask(candidates)
        smaller = next((c for c in candidates if known.get(digest(c))), None)
        if smaller is None:
            if all(digest(c) in known for c in candidates):
                break
            continue
        current, best = smaller, known[digest(smaller)]
    assert best is not None
    driven, finding = best
    session.records.counterexample(property, fingerprint, driven, digest(current), finding, calls)
    session.on_event(events.Shrunk(property, fingerprint, calls))
