"""Messages broken in exactly one named way."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from conformance.evidence.values import Severity
from conformance.generation.binding import bind
from conformance.generation.breakages import TRANSFORMS, break_message
from conformance.generation.documents import stories
from conformance.generation.render import Rendered, render
from conformance.models.breakage import BREAKAGES, MUST_REJECT
from conformance.models.document import DocumentStory
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.syntax import parse

AS_OF = date(2026, 11, 24)
NUMBERS = count(1)
DRAW = hypothesis_settings(
    max_examples=12, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def found(one: Rendered) -> Counter[str]:
    """The codes of the errors and warnings of a message."""
    judged = rules.judge(parse(one.message), rules.Settings(live=True))
    return Counter(f.code for f in judged if f.severity in (Severity.ERROR, Severity.WARNING))


def last(story: DocumentStory) -> Rendered:
    """The last message of a story, whole."""
    return render(story, len(story.steps) - 1, bind("0a1b2c3d", next(NUMBERS)), AS_OF)


@pytest.mark.parametrize("name", sorted(BREAKAGES))
def test_a_broken_message_has_exactly_its_own_fault(name: str) -> None:
    """The rules find the expected code, and what cannot but follow from it, where the whole message had nothing."""
    wanted = TRANSFORMS[name]

    @DRAW
    @given(stories(f"broken:{name}"))
    def check(story: DocumentStory) -> None:
        whole = last(story)
        assert not found(whole)
        assert set(found(break_message(name, whole))) == {wanted.code} | wanted.follows

    check()


@pytest.mark.parametrize("name", sorted(BREAKAGES))
def test_a_broken_message_keeps_its_control_id(name: str) -> None:
    """Whatever is wrong, the message can still be acknowledged and attributed."""

    @DRAW
    @given(stories(f"broken:{name}"))
    def check(story: DocumentStory) -> None:
        whole = last(story)
        broken = break_message(name, whole)
        assert broken.message != whole.message
        assert parse(broken.message).get("MSH-10") == whole.control
        assert set(whole.keys) <= set(broken.keys)
        assert story.carrier in BREAKAGES[name].carriers

    check()


@pytest.mark.parametrize("name", sorted(MUST_REJECT))
def test_what_must_be_rejected_is_one_message(name: str) -> None:
    """A case whose message must be refused has a single step, so that nothing else can be the cause."""

    @DRAW
    @given(stories(f"broken:{name}"))
    def check(story: DocumentStory) -> None:
        assert len(story.steps) == 1

    check()


def test_an_incoherent_event_says_otherwise_than_the_rest() -> None:
    """MSH-9 says deletion (T04) while OBX-11 (F) and ORC-1 (NW) say initial transmission."""

    @hypothesis_settings(DRAW, max_examples=1)
    @given(stories("broken:incoherent-event"))
    def check(story: DocumentStory) -> None:
        message = parse(break_message("incoherent-event", last(story)).message)
        assert (message.get("MSH-9.2"), message.get("OBX-11"), message.get("ORC-1")) == ("T04", "F", "NW")

    check()


def test_every_breakage_has_its_transformation() -> None:
    """The table judges read and the transformations name the same breakages."""
    assert TRANSFORMS.keys() == BREAKAGES.keys()
