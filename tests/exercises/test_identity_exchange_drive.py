"""`identity.reception` and `identity.traces` in front of a small référentiel: sound, it is clean; lax, it is caught."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from receiving_ri import ReceivingRi

from conformance.engine.collect import draw, seed_for
from conformance.evidence.codec import from_plain, to_plain
from conformance.evidence.values import Finding, Severity, Witness
from conformance.exercises import registry
from conformance.exercises.base import exclusive
from conformance.exercises.identity_reception import IdentityReception
from conformance.exercises.identity_traces import IdentityTraces
from conformance.generation.binding import bind
from conformance.generation.identities import PLAIN
from conformance.models.identity_exchange import RECEPTIONS, TRACES, ReceptionStory, TraceStory
from conformance.properties import base
from conformance.standards.observe import observe

RECEPTION, TRACE = IdentityReception(), IdentityTraces()
JUDGES = tuple(p for p in map(base.get, base.names()) if p.exercise in (RECEPTION.name, TRACE.name))
CASES = (*(ReceptionStory(k, PLAIN) for k in RECEPTIONS), *(TraceStory(k, PLAIN) for k in TRACES))


def played(case: Any, lax: frozenset[str] = frozenset(), number: int = 1, **more: Any) -> ReceivingRi:
    """A case played to its end in front of a new product."""
    one = ReceivingRi(lax=lax, **more)
    one.bound = bind("0badcafe", number)
    exercise: Any = RECEPTION if isinstance(case, ReceptionStory) else TRACE
    asyncio.run(exercise.drive(one, case, one.bound))
    return one


def judges(case: Any) -> list[base.Property]:
    """The judges that listen to the exercise of a case."""
    name = RECEPTION.name if isinstance(case, ReceptionStory) else TRACE.name
    return [p for p in JUDGES if p.exercise == name]


def blamed(case: Any, lax: str) -> dict[str, set[str]]:
    """Property -> the codes that count against a product that leaves a rule out."""
    one = played(case, frozenset({lax}))
    found = {}
    for judge in judges(case):
        words = one.said(case, judge.name)
        codes = {w.code for w in words if isinstance(w, Finding) and w.severity is Severity.ERROR}
        if codes:
            found[judge.name] = codes
    return found


@pytest.mark.parametrize("exercise", [RECEPTION, TRACE], ids=lambda e: e.name)
def test_it_is_registered_exclusive_and_its_cases_travel(exercise: Any) -> None:
    """The registry knows it; a case survives the journal; the sentinel has a label of its own."""
    case = exercise.sentinel()
    assert registry.get(exercise.name).name == exercise.name
    assert exclusive(exercise)
    assert from_plain(to_plain(case), exercise.case_type) == case
    assert exercise.labels_of(case) <= exercise.labels()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.kind)
def test_a_sound_product_is_blamed_for_nothing_and_every_class_claimed_is_reached(case: Any) -> None:
    """No error; a witness for every property that claims the class."""
    one = played(case)
    (label,) = (RECEPTION if isinstance(case, ReceptionStory) else TRACE).labels_of(case)
    for judge in judges(case):
        words = one.said(case, judge.name)
        assert [w for w in words if isinstance(w, Finding) and w.severity is Severity.ERROR] == [], judge.name
        assert label not in judge.claims or any(isinstance(w, Witness) for w in words), judge.name


@pytest.mark.parametrize("exercise", [RECEPTION, TRACE], ids=lambda e: e.name)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sound_product_is_clean_on_generated_cases(exercise: Any, seed: int) -> None:
    """Whatever the patient and the version of the extension."""
    for number, case in enumerate(draw(exercise.cases(None), 15, seed_for(seed, exercise.name)), 1):
        one = played(case, number=number)
        for judge in judges(case):
            found = [w for w in one.said(case, judge.name) if isinstance(w, Finding)]
            assert [f.code for f in found if f.severity is Severity.ERROR] == [], (case, judge.name)


LAX: tuple[tuple[str, Any, str, str], ...] = (
    ("as-received", ReceptionStory("ok-unknown", PLAIN), "ins.requalification", "ins.reception.qualified-as-received"),
    ("contract", ReceptionStory("contract", PLAIN), "ins.trust-contract", "ins.reception.contract-ignored"),
    ("contract-status", ReceptionStory("contract", PLAIN), "ins.trust-contract", "ins.reception.contract-ignored"),
    ("calls-search-traits", TraceStory("traits-01", PLAIN), "ins.searches-traced", "ins.trace.call-missing"),
    ("calls-search-card", TraceStory("card-00", PLAIN), "ins.card-searches-traced", "ins.trace.call-missing"),
    ("calls-verify", TraceStory("verify-ok", PLAIN), "ins.verifications-traced", "ins.trace.call-missing"),
    ("calls", TraceStory("users", PLAIN), "ins.service-access-traced", "ins.trace.call-missing"),
    ("answers", TraceStory("traits-00", PLAIN), "ins.answers-traced", "ins.trace.return-missing"),
    ("changes", TraceStory("change", PLAIN), "ins.changes-traced", "ins.trace.change-missing"),
    ("accesses", TraceStory("access", PLAIN), "ins.access-traced", "ins.trace.access-missing"),
    ("partners", TraceStory("partner", PLAIN), "ins.partners-traced", "ins.trace.partner-missing"),
    ("rights", TraceStory("rights", PLAIN), "ins.insi-rights", "ins.rights.called"),
    ("card", TraceStory("card-00", PLAIN), "ins.search-two-ways", "ins.search.other-way"),
    ("assertion", TraceStory("authentication", PLAIN), "ins.card-authentication", "ins.caller.no-assertion"),
    ("certificate", TraceStory("authentication", PLAIN), "ins.software-certificate", "ins.caller.no-certificate"),
    ("shown", TraceStory("authentication", PLAIN), "ins.software-certificate", "ins.caller.no-certificate"),
    ("batch", TraceStory("batch", PLAIN), "ins.batch-verification", "ins.batch.ok-lost"),
    ("failures", TraceStory("dashboard", PLAIN), "dashboard.insi-rates", "tbb.insi.calls"),
    ("details", TraceStory("dashboard", PLAIN), "dashboard.insi-details", "tbb.insi.detail"),
    ("export", TraceStory("portability", PLAIN), "port.export", "port.export.incomplete"),
)


@pytest.mark.parametrize(("lax", "case", "property", "code"), LAX, ids=lambda v: v if isinstance(v, str) else "")
def test_a_product_that_leaves_a_rule_out_is_caught(lax: str, case: Any, property: str, code: str) -> None:
    """By the property of the row, with its own code."""
    assert code in blamed(case, lax).get(property, set())


def test_what_a_pilot_cannot_do_is_not_judged() -> None:
    """Without settings, traces or searches by name, nothing is said and nothing breaks."""
    for kind, case in (
        ("settings.set/1", ReceptionStory("contract", PLAIN)),
        ("identity.search/1", ReceptionStory("ok-unknown", PLAIN)),
        ("identity.create/1", ReceptionStory("ok-known", PLAIN)),
        ("identity.trace/1", TraceStory("traits-00", PLAIN)),
        ("dashboard.insi/1", TraceStory("dashboard", PLAIN)),
        ("identity.create/1", TraceStory("batch", PLAIN)),
    ):
        one = played(case, unsupported=frozenset({kind}))
        found = [w for j in judges(case) for w in one.said(case, j.name) if isinstance(w, Finding)]
        assert found == [], kind


LIES: tuple[Any, ...] = (
    [],
    {},
    {"entries": [1, "x", {"kind": "insi"}, {"kind": "insi", "insi": "no", "author": 5}, {"kind": "access"}]},
    {"rows": ["a", {"calls": "many", "failure_rate": None}], "details": {}},
    {"identity": {"traits": [], "status": 4, "matricule": 12}},
    {"ipps": "none", "ipp": 3, "file": "====", "format": 7},
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.kind)
def test_a_pilot_that_lies_breaks_no_judge(case: Any) -> None:
    """Whatever stands in its answers, every judge ends, and what was not told is not witnessed as told."""
    for lie in LIES:
        one = played(case)
        for place, seen in enumerate(one.heard):
            if seen.kind == "pilot-answer":
                body = json.dumps({**json.loads(seen.exchange.body), "data": lie}).encode()
                one.heard[place] = observe(replace(seen.exchange, body=body))
        assert sum(o.kind == "pilot-answer" for o in one.heard) > 0
        for judge in judges(case):
            words = one.said(case, judge.name)
            assert all(isinstance(w, Finding | Witness) for w in words)


def test_the_plainest_case_has_nothing_simpler() -> None:
    """Shrinking ends; every step is another case of the same class."""
    for exercise, cases in ((RECEPTION, RECEPTION.cases(None)), (TRACE, TRACE.cases(None))):
        assert exercise.simpler(exercise.sentinel()) == []  # type: ignore[arg-type]
        for case in draw(cases, 10, 3):
            simpler = exercise.simpler(case)
            assert case not in simpler
            assert {s.kind for s in simpler} <= {case.kind}
