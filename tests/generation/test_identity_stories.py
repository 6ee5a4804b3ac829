"""Stories of identities: coherent, labelled, told in both languages, made plainer to the shortest that still fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance.evidence.codec import digest, from_plain, to_plain
from conformance.generation.binding import bind
from conformance.generation.identities import LABELS, LIFE, RECEPTION, labels_of, plainest, recipe, simpler, stories
from conformance.generation.identity_people import STRANGER, people, played
from conformance.models.identity import ChangeStrict, Create, Receive, Traits
from conformance.models.identity_story import Act, IdentityStory, incoherence
from conformance.standards.ins import nir, traits
from conformance.texts import all_texts

DRAW = settings(
    max_examples=200, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
FEW = settings(DRAW, max_examples=8)
DAY = date(2026, 11, 25)
BINDING = bind("0badcafe", 7)


@pytest.mark.parametrize("label", sorted(LABELS))
def test_each_class_has_its_plainest_story(label: str) -> None:
    """The recipe of a label is coherent, bears it, and is told in both languages."""
    story = recipe(label)
    assert incoherence(story) is None
    assert label in labels_of(story) <= LABELS
    assert f"label.{label}" in all_texts()


@pytest.mark.parametrize("label", sorted(LABELS))
def test_a_story_asked_for_by_its_class_bears_it(label: str) -> None:
    """Whoever the people are."""

    @FEW
    @given(stories(label))
    def bears(story: IdentityStory) -> None:
        assert incoherence(story) is None
        assert label in labels_of(story)

    bears()


@pytest.mark.parametrize("family", [LIFE, RECEPTION])
def test_any_story_can_be_driven(family: frozenset[str]) -> None:
    """Generated stories are coherent, labelled within the vocabulary, and go through JSON without loss."""

    @DRAW
    @given(stories(None, family))
    def driven(story: IdentityStory) -> None:
        assert incoherence(story) is None
        assert labels_of(story) <= LABELS
        assert labels_of(story) & family
        assert from_plain(to_plain(story), IdentityStory) == story
        bound = played(story, BINDING, DAY)
        assert len(bound.events) == len(story.acts) == len(list(bound.populations()))

    driven()


def test_generated_stories_reach_most_classes() -> None:
    """Stories without a wish meet nearly every class of their family."""
    met: Counter[str] = Counter()

    @seed(5)
    @settings(DRAW, max_examples=500)
    @given(stories(None, LIFE), stories(None, RECEPTION))
    def collect(one: IdentityStory, other: IdentityStory) -> None:
        met.update(labels_of(one) | labels_of(other))

    collect()
    assert len(LABELS - set(met)) <= 2


def test_a_seed_gives_the_same_stories() -> None:
    """What a run draws depends on its seed alone."""

    def drawn() -> list[str]:
        found: list[str] = []

        @seed(11)
        @settings(DRAW, max_examples=30)
        @given(stories(None, LIFE))
        def collect(story: IdentityStory) -> None:
            found.append(digest(story))

        collect()
        return found

    assert drawn() == drawn()


def test_people_cannot_be_confused() -> None:
    """Matricules have a right key; A, a homonym, another, their former numbers and the stranger are all different."""
    story = recipe("story:homonyms")
    other = recipe("story:two-people")
    seen: set[str] = set()
    for number in range(1, 40):
        binding = bind("0badcafe", number)
        a, homonym = people(story, binding, DAY).values()
        b = people(other, binding, DAY)["B"]
        numbers = [one.matricule for who in (a, homonym) for one in (who.ins, *who.former)] + [b.ins.matricule]
        assert len({*numbers}) == len(numbers) == 5
        assert all(nir.key_ok(one) for one in numbers)
        assert seen.isdisjoint(numbers)
        seen.update(numbers)
        assert (a.traits.birth_name, a.traits.birth) == (homonym.traits.birth_name, homonym.traits.birth)
        assert b.traits.birth_name != a.traits.birth_name
        assert binding.letters in b.traits.birth_name
    assert STRANGER.ins is not None
    assert STRANGER.ins.matricule not in seen


def test_a_duplicate_is_the_same_person() -> None:
    """The doublon of a patient bears the same matricule, in another file."""
    a, b = people(recipe("story:merge-duplicate"), BINDING, DAY).values()
    assert (a.ins, a.traits) == (b.ins, b.traits)


def test_what_is_typed_in() -> None:
    """Literally: accents that capitals take away, a 32nd day, a field left empty, five fields and no list."""

    def typed(detail: str) -> Traits:
        (found,) = played(IdentityStory(plainest().patient, (Act("create", detail=detail),)), BINDING, DAY).typed
        assert found is not None
        return found

    name = f"MARTIN {BINDING.letters}"
    assert typed("") == Traits(name, (), "CAMILLE", "19880727", "F", "75115")
    assert typed("full").given_names == ("CAMILLE", "LOUISE")
    assert typed("place-unknown").place == "99999"
    assert typed("birth-partial").birth == "19881231"
    assert typed("without-sex").sex == ""
    assert typed("impossible-date").birth == "19880732"
    assert typed("compound-first").first_given == "CAMILLE-LOUISE"
    accents = typed("accents")
    assert (accents.birth_name, accents.first_given) != (accents.birth_name.upper(), accents.first_given.upper())
    assert not accents.first_given.isascii()
    assert (traits.normalise(accents.birth_name), traits.normalise(accents.first_given)) == (name, "CAMILLE")


def test_what_is_done_becomes_events() -> None:
    """A second change of a trait goes back to the former value; a reception says domain, contract and INS."""
    change = Act("change", detail="place", super_user=True)
    bound = played(IdentityStory(plainest().patient, (Act("create"), change, change)), BINDING, DAY)
    assert [e.value for _, e in bound.events if isinstance(e, ChangeStrict)] == ["99999", "75115"]
    received = played(recipe("story:receive-contract"), BINDING, DAY)
    ((who, event),) = received.events
    assert isinstance(event, Receive)
    assert (who, event.domain, event.contract, event.direct) == ("A", received.domain, True, False)
    assert event.ins == received.people["A"].ins
    assert BINDING.letters in received.domain


def shrunk(story: IdentityStory, fails: Callable[[IdentityStory], bool]) -> IdentityStory:
    """As the engine does: the first plainer story that still fails, again and again."""
    while True:
        found = next((s for s in simpler(story) if fails(s)), None)
        if found is None:
            return story
        story = found


def test_a_failing_story_shrinks_to_the_shortest() -> None:
    """From six acts on two people to the few that make the fault, on the plainest patient."""
    long = IdentityStory(
        recipe("story:plain").patient,
        (Act("create", detail="full"), Act("create", "B"), Act("search", detail="natural"),
         Act("document", detail="CN"), Act("complete", detail="mail"), Act("change", detail="sex", super_user=True)),
        "homonym",
    )  # fmt: skip
    story = shrunk(long, lambda s: "story:change-retrieved" in labels_of(s))
    assert story == IdentityStory(
        plainest().patient,
        (Act("create"), Act("search", detail="natural"), Act("change", detail="birth_name", super_user=True)),
    )


@DRAW
@given(st.data())
def test_what_is_plainer_is_coherent_and_never_longer(data: st.DataObject) -> None:
    """Every candidate can be driven, and shrinking ends at the plainest story."""
    story = data.draw(stories(None, data.draw(st.sampled_from((LIFE, RECEPTION)))))
    for candidate in simpler(story):
        assert incoherence(candidate) is None
        assert len(candidate.acts) <= len(story.acts)
    assert shrunk(story, lambda _: True).acts[0].gesture in ("create", "receive")
    assert len(shrunk(story, lambda _: True).acts) == 1


@pytest.mark.parametrize(
    "story",
    [
        IdentityStory(plainest().patient, ()),
        IdentityStory(plainest().patient, (Act("validate"),)),
        IdentityStory(plainest().patient, (Act("create"), Act("create", "B"))),
        IdentityStory(plainest().patient, (Act("create"),), "other"),
        IdentityStory(plainest().patient, (Act("create", "B"),), "other"),
        IdentityStory(plainest().patient, (Act("create"), Act("search"))),
        IdentityStory(plainest().patient, (Act("create"), Act("merge"))),
        IdentityStory(plainest().patient, (Act("create"),) * 7),
    ],
)
def test_incoherent_stories(story: IdentityStory) -> None:
    """What cannot be driven is named."""
    assert incoherence(story)


def test_no_story_is_plainer_than_the_plainest() -> None:
    """The sentinel has nothing below it."""
    assert simpler(plainest()) == []
    assert labels_of(plainest()) == {"story:plain", "story:create-reduced"}
    ((_, event),) = played(plainest(), BINDING, DAY).events
    assert isinstance(event, Create)


def test_an_unknown_class_is_a_fault() -> None:
    """Nothing is drawn for a label that does not exist."""
    with pytest.raises(KeyError):
        stories("story:nothing")
