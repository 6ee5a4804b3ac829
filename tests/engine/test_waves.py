"""A run speaks the dialects of the volet that its waves ask for."""

from __future__ import annotations

from conformance.catalogue.loader import load_profile
from conformance.engine.collect import collect
from conformance.engine.plan import make


def _dialects(waves: tuple[str, ...]) -> set[str]:
    profile = load_profile("PFI")
    plan = make(profile, waves, options=profile.options.defaults)
    intake = [key for key in plan.keys if key.exercise.name == "documents.intake"]
    found = {key.exercise.sentinel().dialect for key in intake}
    for key in intake:
        found |= {c.case.dialect for c in collect(key.exercise, key.claims, 20, 1)}
    return found


def test_wave_1_alone_only_speaks_v1_2() -> None:
    """A product of wave 1 is not asked to know the later dialects, not even by the sentinel."""
    assert _dialects(("va1",)) == {"1.2"}


def test_wave_2_adds_the_later_dialects() -> None:
    """Wave 2 is asked for besides wave 1: every dialect is driven."""
    assert _dialects(("va1", "va2")) == {"1.2", "2.0", "2.1"}
