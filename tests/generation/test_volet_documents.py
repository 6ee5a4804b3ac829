"""Structured documents: valid as made under our rules and the official ones, broken in exactly one named way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings

from conformance.evidence.values import Binding, Finding, Severity
from conformance.generation.sample_documents import case, documents
from conformance.generation.volet_breakages import BROKEN, BrokenVolet
from conformance.generation.volets import KINDS, render_volet, volet_cases
from conformance.models.volet import VoletCase, VoletKind
from conformance.standards.cda.judging import Settings, judge

AS_OF = date(2026, 11, 25)
BINDING = Binding("0badcafe", 7, "QK", "123456")
ROOT = Path(__file__).resolve().parents[2]
SLACK = settings(max_examples=12, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def errors(raw: bytes) -> list[Finding]:
    """The errors of a document on the day of the tests."""
    return [f for f in judge(raw, Settings("test", AS_OF)) if f.severity is Severity.ERROR]


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_made_is_valid(kind: VoletKind) -> None:
    """Whatever is drawn, no rule of the bench finds an error, and the same case gives the same bytes."""

    @seed(2)
    @SLACK
    @given(volet_cases(kind))
    def check(one: VoletCase) -> None:
        raw = render_volet(one, BINDING, AS_OF)
        assert errors(raw) == []
        assert raw == render_volet(one, BINDING, AS_OF)

    check()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.name)
def test_a_broken_document_has_the_mistake_it_says(broken: BrokenVolet) -> None:
    """Each way of breaking gives its code, on every volet that can be broken so, and the whole document has none."""
    for kind in sorted(broken.kinds) or ("cr-bio-2024.01", "vsm-1.4"):
        raw = render_volet(case(kind), BINDING, AS_OF)
        assert broken.code in {f.code for f in errors(broken.apply(raw))}, kind


def test_names_of_breakages_are_unique() -> None:
    """A name says one thing."""
    names = [b.name for b in BROKEN]
    assert len(names) == len(set(names))
    assert len(names) >= 55


def test_the_committed_samples_are_valid() -> None:
    """Nothing of `samples/cda` is found wrong, and the files are those that the code makes."""
    made = documents()
    for name, raw in made.items():
        assert (ROOT / "samples" / "cda" / name).read_bytes() == raw
        assert errors(raw) == [], name
    assert {p.name for p in (ROOT / "samples" / "cda").glob("*.xml")} == set(made)
