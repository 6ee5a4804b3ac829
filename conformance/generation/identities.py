"""Stories of identities: one for each class, drawn around it, and made plainer step by step."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.generation.draws import pick, pick_integer
from conformance.generation.identity_labels import LABELS, LIFE, RECEPTION, labels_of
from conformance.generation.patients import PLAIN_NAMES, PatientWish, patients
from conformance.models.document import Patient
from conformance.models.identity_story import (
    ANSWERS,
    CREATIONS,
    LONGEST,
    Act,
    Delivery,
    IdentityStory,
    Second,
    incoherence,
)

__all__ = ["LABELS", "LIFE", "RECEPTION", "labels_of", "plainest", "recipe", "simpler", "stories"]

T = TypeVar("T")

PLAIN = Patient("MARTIN", ("CAMILLE", "LOUISE"), "F", 14_000, "75", "75115")
CREATE, SEARCH = Act("create"), Act("search", detail="natural")
PROOF = (Act("document", detail="PA"), Act("validate"))
_LOWER: Mapping[str, tuple[Act, ...]] = {
    "provisional": (CREATE,),
    "retrieved": (CREATE, SEARCH),
    "validated": (CREATE, *PROOF),
    "qualified": (CREATE, SEARCH, *PROOF),
}
"""The shortest way to each status."""

_CHANGE = Act("change", detail="birth_name")
_SUPER = replace(_CHANGE, super_user=True)
_MINOR = Act("complete", detail="used_name")
_OTHER_B = (CREATE, Act("create", "B"))
_RECEIVE = Act("receive", detail="ok")


def _recipes() -> Iterator[tuple[str, tuple[Act, ...], Second]]:
    """The shortest acts of each class."""
    alone: dict[str, tuple[Act, ...]] = {
        "plain": (CREATE,),
        "retrieved": _LOWER["retrieved"],
        "retrieved-history": _LOWER["retrieved"],
        "qualified-by-insi": (*_LOWER["validated"], SEARCH),
        "qualified-by-document": _LOWER["qualified"],
        # INSi would not find somebody of another name again.
        "requalified": (*_LOWER["qualified"], replace(_SUPER, detail="given_names"), SEARCH),
        "validated": _LOWER["validated"],
        "search-again": (*_LOWER["retrieved"], SEARCH),
        "card": (CREATE, Act("card", detail="natural")),
        "card-application": (CREATE, Act("application", detail="natural")),
        "answer-fault": (CREATE, Act("search", detail="soap-fault")),
        "first-given-incoherent": (CREATE, Act("search", detail="other-given")),
        "first-given-compound": (Act("create", detail="compound-first"), SEARCH),
        "document-high": (CREATE, PROOF[0]),
        "document-low": (CREATE, Act("document", detail="PC")),
        "validate-unproved": (CREATE, Act("validate")),
        "verify-ok": (*_LOWER["qualified"], Act("verify", detail="ok")),
        "verify-fault": (*_LOWER["qualified"], Act("verify", detail="soap-fault")),
        "blocked-search-doubtful": (CREATE, Act("declare", detail="douteuse"), SEARCH),
        "blocked-search-fictitious": (CREATE, Act("declare", detail="fictive"), SEARCH),
        "withdrawn-search": (CREATE, Act("declare", detail="douteuse"), Act("withdraw", detail="douteuse"), SEARCH),
        "change-first-given": (*_LOWER["retrieved"], Act("change", detail="first_given", super_user=True)),
        "change-ins": (*_LOWER["retrieved"], Act("change", detail="matricule", super_user=True)),
    }
    yield from ((name, acts, "") for name, acts in alone.items())
    for detail in CREATIONS:
        yield f"create-{detail or 'reduced'}", (Act("create", detail=detail),), ""
    for detail in ANSWERS[1:-3]:
        yield f"answer-{detail}", (CREATE, Act("search", detail=detail)), ""
    for word, acts in _LOWER.items():
        yield f"change-{word}", (*acts, _SUPER), ""
        yield f"complete-{word}", (*acts, _MINOR), ""
        for attribute, name in (("homonyme", "homonym"), ("douteuse", "doubtful"), ("fictive", "fictitious")):
            yield f"{name}-{word}", (*acts, Act("declare", detail=attribute)), ""
    for word in ("retrieved", "qualified"):
        yield f"verify-ko-{word}", (*_LOWER[word], Act("verify", detail="ko")), ""
        yield f"change-refused-{word}", (*_LOWER[word], _CHANGE), ""
    for outcome, detail in (("ok", "ok"), ("ko", "ko"), ("fault", "unavailable")):
        yield f"batch-{outcome}", (*_LOWER["qualified"], Act("batch", detail=detail)), ""
        yield f"receive-{outcome}-unknown", (Act("receive", detail=detail),), ""
        yield f"receive-{outcome}-known", (CREATE, Act("receive", detail=detail)), ""
    yield from _of_two()
    yield from _of_receptions()


def _of_two() -> Iterator[tuple[str, tuple[Act, ...], Second]]:
    yield "two-people", _OTHER_B, "other"
    yield "homonyms", _OTHER_B, "homonym"
    yield "merge", (*_OTHER_B, Act("merge", "B")), "other"
    yield "merge-duplicate", (*_OTHER_B, Act("merge", "B")), "duplicate"
    yield "merge-qualified", (*_LOWER["qualified"], Act("create", "B"), Act("merge")), "duplicate"
    yield "split", (*_OTHER_B, Act("merge", "B"), Act("split", "B")), "other"


def _of_receptions() -> Iterator[tuple[str, tuple[Act, ...], Second]]:
    yield "receive-qualified", (_RECEIVE,), ""
    yield "receive-validated", (replace(_RECEIVE, status="validee"),), ""
    yield "receive-provisional", (replace(_RECEIVE, status="provisoire"),), ""
    yield "receive-contract", (replace(_RECEIVE, contract=True),), ""
    yield "receive-locally-qualified", (*_LOWER["qualified"], _RECEIVE), ""
    yield "receive-requalified", (_RECEIVE, *PROOF), ""
    deliveries: tuple[Delivery, ...] = ("duplicate", "disorder", "late", "lost")
    for delivery in deliveries:
        yield f"delivery-{delivery}", (replace(_RECEIVE, delivery=delivery),), ""


RECIPES: Mapping[str, IdentityStory] = MappingProxyType(
    {f"story:{name}": IdentityStory(PLAIN, acts, second) for name, acts, second in _recipes()}
)
"""Label -> the plainest story that bears it."""


def recipe(label: str) -> IdentityStory:
    """The plainest story of a class; raises KeyError for an unknown label."""
    return RECIPES[label]


def plainest() -> IdentityStory:
    """An identity created with the five fields and nothing else."""
    return RECIPES["story:plain"]


_HIGH, _LOW = ("PA", "CN", "AN", "CS"), ("PC",)
_STRICT = ("birth_name", "given_names", "birth", "sex", "place")
_SECONDARY = ("used_name", "used_given", "phone", "mail", "address")
_FAULTS = ANSWERS[-3:]
_TAIL: tuple[Act, ...] = (
    SEARCH,
    _SUPER,
    _MINOR,
    *PROOF,
    Act("verify", detail="ok"),
    Act("verify", detail="ko"),
    Act("declare", detail="douteuse"),
    Act("withdraw", detail="douteuse"),
    Act("declare", detail="homonyme"),
    _CHANGE,
    Act("search", detail="01"),
    Act("search", detail="lunar-day"),
    Act("card", detail="natural"),
)
"""What may be done next."""


@cache
def _people(label: str | None) -> SearchStrategy[Patient]:
    several = True if label in ("story:first-given-compound", "story:retrieved-history") else None
    # With a name of 54 characters and the letters of the binding, most products would refuse for another reason.
    ordinary = PatientWish(several_given=several, names=PLAIN_NAMES) if label in _NAMED else None
    return patients(ordinary or PatientWish(several_given=several))


_NAMED = frozenset(f"story:create-without-{field}" for field in ("birth_name", "first_given", "birth", "sex", "place"))


@st.composite
def _stories(draw: DrawFn, label: str) -> IdentityStory:
    plain = RECIPES[label]
    story = replace(plain, patient=draw(_people(label)), acts=tuple(_varied(draw, act) for act in plain.acts))
    return story if label in labels_of(story) else replace(story, acts=plain.acts)


@st.composite
def _any_story(draw: DrawFn, within: tuple[str, ...]) -> IdentityStory:
    patient = draw(_people(None))
    luck = pick_integer(draw, 0, 1 << 30)
    plain = RECIPES[_scattered(within, patient, luck)]
    story = replace(plain, patient=patient, acts=tuple(_varied(draw, act) for act in plain.acts))
    for turn in range(pick_integer(draw, 0, 2)):
        if len(story.acts) < LONGEST:
            who = pick(draw, story.others)
            following = replace(_scattered(_TAIL, patient, luck, turn), who=who)
            longer = replace(story, acts=(*story.acts, _varied(draw, following)))
            story = longer if incoherence(longer) is None else story
    return story


def _scattered(options: tuple[T, ...], *drawn: object) -> T:
    """One of the options, by all that was drawn.

    Hypothesis copies what it drew from one place of a case to another: a choice made of one number would come back to
    a few options again and again.
    """
    return options[zlib.crc32(repr(drawn).encode()) % len(options)]


def _varied(draw: DrawFn, act: Act) -> Act:
    """The same act on another field, or with another document or fault."""
    for options in (_HIGH, _STRICT, _SECONDARY, _FAULTS):
        if act.detail == options[0]:
            return replace(act, detail=pick(draw, options))
    return act


def stories(label: str | None = None, family: frozenset[str] = LIFE) -> SearchStrategy[IdentityStory]:
    """Stories of a class; of any class of a family (LIFE, RECEPTION) when there is no label, and what follows it.

    Raises KeyError for an unknown label.
    """
    if label is not None and label not in RECIPES:
        raise KeyError(label)
    return _stories(label) if label is not None else _any_story(tuple(sorted(family)))


def simpler(story: IdentityStory) -> list[IdentityStory]:
    """Coherent stories, each plainer in one respect, the boldest first; none for the plainest story."""
    found = dict.fromkeys(s for s in _candidates(story) if s != story and incoherence(s) is None)
    return list(found)


def _candidates(story: IdentityStory) -> Iterator[IdentityStory]:
    acts = story.acts
    for length in range(1, len(acts)):
        yield _alone(replace(story, acts=acts[:length]))
    for index in range(len(acts)):
        yield _alone(replace(story, acts=(*acts[:index], *acts[index + 1 :])))
    if "B" in story.others:
        yield replace(story, second="", acts=tuple(act for act in acts if act.who == "A" and act.gesture != "merge"))
        if story.second != "other":
            yield replace(story, second="other")
    yield replace(story, patient=PLAIN)
    yield replace(story, patient=replace(PLAIN, given_names=story.patient.given_names))
    for index, act in enumerate(acts):
        for plain in _plainer(act):
            yield replace(story, acts=(*acts[:index], plain, *acts[index + 1 :]))


def _alone(story: IdentityStory) -> IdentityStory:
    """Without B when nothing is done to B any more; with A in the place of B when nothing is done to A."""
    if len({act.who for act in story.acts}) > 1:
        return story
    return replace(story, second="", acts=tuple(replace(act, who="A") for act in story.acts))


def _plainer(act: Act) -> Iterator[Act]:
    if act.delivery:
        yield replace(act, delivery="")
    for options in (_HIGH, _STRICT, _SECONDARY, _FAULTS):
        if act.detail in options[1:]:
            yield replace(act, detail=options[0])
    if act.gesture == "create" and act.detail:
        yield replace(act, detail="")
    if act.gesture in ("card", "application"):
        yield replace(act, gesture="search")
    if act.gesture == "batch":
        yield replace(act, gesture="verify")
    if act.gesture in ("search", "card", "application") and act.detail != "natural":
        yield replace(act, detail="natural")
