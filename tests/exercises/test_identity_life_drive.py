"""The exercise `identity.life` in front of a small référentiel written here: sound, it is clean; lax, it is caught."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from small_ri import SmallRi

from conformance.bench.api import Drive
from conformance.engine.collect import draw, seed_for
from conformance.evidence.codec import from_plain, to_plain
from conformance.evidence.values import Finding, Severity, Witness
from conformance.exercises import registry
from conformance.exercises.base import exclusive
from conformance.exercises.identity_life import IdentityLife
from conformance.generation import identities
from conformance.generation.binding import bind
from conformance.models.identity_story import Act, IdentityStory
from conformance.properties import base

EXERCISE = IdentityLife()
JUDGES = tuple(p for p in map(base.get, base.names()) if p.exercise == EXERCISE.name)


def played(case: IdentityStory, number: int = 1, lax: frozenset[str] = frozenset(), **more: Any) -> SmallRi:
    """A story played to its end in front of a new product."""
    one = SmallRi(lax=lax, **more)
    asyncio.run(EXERCISE.drive(cast(Drive, one), case, bind("0badcafe", number)))
    return one


def errors(case: IdentityStory, property: str, lax: frozenset[str]) -> set[str]:
    """The codes that count against the product."""
    found = played(case, lax=lax).judged(case, bind("0badcafe", 1), property)
    return {w.code for w in found if isinstance(w, Finding) and w.severity is Severity.ERROR}


def test_it_is_registered_exclusive_and_its_cases_travel() -> None:
    """The registry knows it; a case survives the journal."""
    case = identities.recipe("story:merge")
    assert registry.get("identity.life").name == EXERCISE.name
    assert exclusive(EXERCISE)
    assert from_plain(to_plain(case), EXERCISE.case_type) == case


@pytest.mark.parametrize("label", sorted(identities.LIFE))
def test_a_sound_product_is_blamed_for_nothing_and_every_class_claimed_is_reached(label: str) -> None:
    """Every property that claims the class has a witness there; no finding of any weight."""
    case = identities.recipe(label)
    one = played(case)
    for judge in JUDGES:
        words = one.judged(case, bind("0badcafe", 1), judge.name)
        assert [w for w in words if isinstance(w, Finding)] == []
        assert label not in judge.claims or any(isinstance(w, Witness) for w in words)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sound_product_is_clean_on_generated_stories(seed: int) -> None:
    """Sixty drawn stories a seed: not one finding."""
    for number, case in enumerate(draw(EXERCISE.cases(None), 60, seed_for(seed, "life")), 1):
        one = played(case, number)
        for judge in JUDGES:
            words = one.judged(case, bind("0badcafe", number), judge.name)
            assert [w for w in words if isinstance(w, Finding)] == [], case


DEFECTS = {
    "incomplete": ("ins.mandatory-fields", "ins.create.incomplete"),
    "phone": ("ins.optional-fields", "ins.create.more-required"),
    "used-given": ("ins.identity-fields", "ins.fields.told-otherwise"),
    "default": ("ins.provisional-status", "ins.status.provisional"),
    "document": ("ins.document-kind", "ins.document.lost"),
    "never-qualified": ("ins.qualified-status", "ins.status.qualified"),
    "validated-qualified": ("ins.validated-status", "ins.status.validated"),
    "retrieved-qualified": ("ins.retrieved-status", "ins.status.retrieved"),
    "declared": ("ins.doubtful-provisional", "ins.status.declared"),
    "blocked": ("ins.doubtful-no-call", "ins.blocked.called"),
    "ko": ("ins.verification-refused-own", "ins.ko.ins-kept"),
    "locked": ("ins.strict-traits-locked", "ins.locked.changed"),
    "secondary": ("ins.secondary-traits-free", "ins.secondary.locked"),
    "strict": ("ins.strict-trait-changed", "ins.strict.ins-kept"),
    "untold": ("ins.strict-trait-changed", "ins.strict.not-propagated"),
    "lunar": ("ins.lunar-date", "ins.answer.lunar-date"),
    "empty": ("ins.empty-trait", "ins.answer.empty-trait"),
    "alert": ("ins.first-given-name", "ins.first-given.incoherent"),
    "copy": ("ins.insi-fields-copied", "ins.copy.field"),
    "leak": ("ins.unqualified-without-ins", "ins.out.unqualified"),
    "no-ins": ("ins.pid-with-ins", "ins.pid.missing"),
    "pam": ("ins.pam-extension", "hl7v2.ins.not-qualified"),
}
"""A rule left out -> the property that owns it, and what it finds."""


@pytest.mark.parametrize("lax", sorted(DEFECTS))
def test_a_rule_left_out_is_found_in_a_class_that_its_property_claims(lax: str) -> None:
    """Among the plainest stories of the classes claimed, one shows it."""
    name, code = DEFECTS[lax]
    found = [errors(identities.recipe(label), name, frozenset({lax})) for label in base.get(name).claims]
    assert code in set().union(*found)


@pytest.mark.parametrize("lax", ["strict", "ko", "leak", "declared", "no-ins"])
def test_a_counterexample_shrinks_to_five_acts_at_most(lax: str) -> None:
    """From a failing story made longer, of a patient with a compound name, by `simpler` as the engine descends."""
    name, code = DEFECTS[lax]

    def fails(case: IdentityStory) -> bool:
        return code in errors(case, name, frozenset({lax}))

    plain = next(one for label in sorted(base.get(name).claims) if fails(one := identities.recipe(label)))
    minor = Act("complete", detail="phone")
    patient = replace(identities.PLAIN, birth_name="D'ARTAGNAN-LEROY", given_names=("ANNE-MARIE", "LOU", "EVE"))
    current = replace(
        plain, patient=patient, acts=(plain.acts[0], minor, *plain.acts[1:], replace(minor, detail="mail"))
    )
    assert fails(current)
    while smaller := next((one for one in EXERCISE.simpler(current) if fails(one)), None):
        current = smaller
    assert len(current.acts) <= min(5, len(plain.acts))
    assert (current.patient, current.second) == (identities.PLAIN, "")


def test_a_lower_case_name_kept_is_advice_only() -> None:
    """The statement names the fields; capitals are the scenario's."""
    case = identities.recipe("story:create-accents")
    words = played(case, lax=frozenset({"lower"})).judged(case, bind("0badcafe", 1), "ins.identity-fields")
    assert {(w.code, w.severity) for w in words if isinstance(w, Finding)} == {
        ("ins.fields.not-capital", Severity.ADVICE)
    }


def test_a_gesture_that_the_pilot_lacks_stops_the_story_and_proves_nothing() -> None:
    """Without identity.document there is no finding and no witness of a document."""
    case = identities.recipe("story:qualified-by-document")
    one = played(case, unsupported=frozenset({"identity.document/1"}))
    assert one.sent[-1].failure is None
    for name in ("ins.document-kind", "ins.qualified-status"):
        assert one.judged(case, bind("0badcafe", 1), name) == []


def test_what_the_service_of_the_bench_is_told_ends_with_the_act() -> None:
    """A strange answer is for one search: the next one is natural."""
    acts = (Act("create"), Act("search", detail="lunar-day"), Act("search", detail="natural"))
    case = IdentityStory(identities.PLAIN, acts)
    one = played(case)
    assert one.insi.settings["answer"] == "natural"
    assert [p.status for p in one.people.values()] == ["recuperee"]
