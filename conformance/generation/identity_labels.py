"""The classes that a story of identities belongs to, told by playing it on the model. Texts: `texts/labels.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from conformance.evidence.values import Binding
from conformance.generation.identity_people import played
from conformance.models import identity as model
from conformance.models.identity import Event, Identity
from conformance.models.identity_story import ANSWERS, CREATIONS, FAULTS, Act, IdentityStory
from conformance.models.identity_told import Population, act, refused
from conformance.standards.ins import statuses
from conformance.standards.ins.statuses import Status

WORDS: Mapping[Status, str] = MappingProxyType(
    {"provisoire": "provisional", "recuperee": "retrieved", "validee": "validated", "qualifiee": "qualified"}
)
"""How labels name the statuses."""

_ATTRIBUTES = {"homonyme": "homonym", "douteuse": "doubtful", "fictive": "fictitious"}
_RETRIEVED = ("retrieved", "qualified")

LIFE: frozenset[str] = frozenset(
    (
        *(f"story:create-{detail or 'reduced'}" for detail in CREATIONS),
        "story:plain",
        "story:retrieved",
        "story:retrieved-history",
        "story:qualified-by-insi",
        "story:qualified-by-document",
        "story:requalified",
        "story:validated",
        "story:search-again",
        "story:card",
        "story:card-application",
        *(f"story:answer-{detail}" for detail in ANSWERS if detail != "natural" and detail not in FAULTS),
        "story:answer-fault",
        "story:first-given-incoherent",
        "story:first-given-compound",
        "story:document-high",
        "story:document-low",
        "story:validate-unproved",
        "story:verify-ok",
        "story:verify-fault",
        *(f"story:verify-ko-{word}" for word in _RETRIEVED),
        "story:batch-ok",
        "story:batch-ko",
        "story:batch-fault",
        *(f"story:{a}-{word}" for a in _ATTRIBUTES.values() for word in WORDS.values()),
        "story:blocked-search-doubtful",
        "story:blocked-search-fictitious",
        "story:withdrawn-search",
        *(f"story:change-{word}" for word in WORDS.values()),
        *(f"story:change-refused-{word}" for word in _RETRIEVED),
        "story:change-first-given",
        "story:change-ins",
        *(f"story:complete-{word}" for word in WORDS.values()),
        "story:two-people",
        "story:homonyms",
        "story:merge",
        "story:merge-duplicate",
        "story:merge-qualified",
        "story:split",
    )
)
"""Classes of the life of identities inside the product."""

RECEPTION: frozenset[str] = frozenset(
    (
        *(f"story:receive-{outcome}-{met}" for outcome in ("ok", "ko", "fault") for met in ("unknown", "known")),
        "story:receive-qualified",
        "story:receive-validated",
        "story:receive-provisional",
        "story:receive-contract",
        "story:receive-locally-qualified",
        "story:receive-requalified",
        *(f"story:delivery-{delivery}" for delivery in ("duplicate", "disorder", "late", "lost")),
    )
)
"""Classes of what comes from another identification domain."""

LABELS = LIFE | RECEPTION
"""Every label of a story of identities."""

_SAMPLE = Binding("00000000", 1, "BANCALETOU", "001001")
_DAY = date(2026, 1, 1)


def labels_of(story: IdentityStory) -> frozenset[str]:
    """The classes of a story; pure, always within LABELS."""
    return frozenset(_labels(story))


def _labels(story: IdentityStory) -> Iterator[str]:
    population: Population = {}
    withdrawn: set[str] = set()
    bound = played(story, _SAMPLE, _DAY)
    for one, (who, event) in zip(story.acts, bound.events, strict=True):
        before, reason = population.get(who), refused(population, who, event)
        population = act(population, who, event)
        if one.gesture == "create" and before is None:
            yield f"story:create-{one.detail or 'reduced'}"
        elif isinstance(event, model.Receive):
            yield from _of_reception(one, event, before)
        elif before is not None and reason != "merged":
            yield from _of_act(story, one, event, before, reason)
            yield from _of_return(story, one, before, population[who])
            if reason is None and one.gesture == "search" and who in withdrawn:
                yield "story:withdrawn-search"
            if reason is None and one.gesture == "search" and one.detail == "natural" and bound.people[who].former:
                yield "story:retrieved-history"
        if isinstance(event, model.Withdraw) and event.attribute in statuses.BLOCKING and reason is None:
            withdrawn.add(who)
    if story.acts == (Act("create"),):
        yield "story:plain"
    if story.second:
        yield "story:two-people"
    if story.second == "homonym":
        yield "story:homonyms"


def _of_return(story: IdentityStory, one: Act, before: Identity, after: Identity) -> Iterator[str]:
    """An identity that becomes qualified again, or once it came from elsewhere."""
    if after.status == "qualifiee" != before.status:
        if "qualifiee" in before.history:
            yield "story:requalified"
        if any(a.gesture == "receive" and a.who == one.who and not a.contract for a in story.acts):
            yield "story:receive-requalified"


def _of_act(story: IdentityStory, one: Act, event: Event, before: Identity, reason: str | None) -> Iterator[str]:
    match event:
        case model.SearchInsi() | model.SearchByCard():
            yield from _of_search(one, event, before, reason)
        case model.Merge() | model.Split():
            yield from _of_merge(story, one, before, reason)
        case model.ChangeStrict() | model.ChangeSecondary():
            yield from _of_change(event, before, reason)
        case _:
            yield from _of_other(event, before, reason)


def _of_search(
    one: Act, event: model.SearchInsi | model.SearchByCard, before: Identity, reason: str | None
) -> Iterator[str]:
    if reason == "blocked":
        yield f"story:blocked-search-{'doubtful' if 'douteuse' in before.attributes else 'fictitious'}"
        return
    if one.detail in FAULTS:
        yield "story:answer-fault"
        return
    if one.detail != "natural":
        yield f"story:answer-{one.detail}"
    if reason is not None:
        return
    if one.gesture != "search":
        yield "story:card" if one.gesture == "card" else "story:card-application"
    if model.must_warn(before, event):
        yield "story:first-given-incoherent"
    elif one.detail == "natural":
        if before.traits.first_given != event.answer.traits.given_names[0]:
            yield "story:first-given-compound"
        if one.gesture == "search":
            moves = {"provisoire": "story:retrieved", "validee": "story:qualified-by-insi"}
            yield moves.get(before.status, "story:search-again")


def _of_other(event: Event, before: Identity, reason: str | None) -> Iterator[str]:
    word = WORDS[before.status]
    match event:
        case model.PresentDocument(trust=trust):
            yield f"story:document-{trust}"
        case model.Validate() if reason == "no-document":
            yield "story:validate-unproved"
        case _ if reason is not None:
            return
        case model.Verify(outcome):
            yield f"story:verify-ko-{word}" if outcome == "ko" else f"story:verify-{outcome}"
        case model.BatchVerify(outcome):
            yield f"story:batch-{outcome}"
        case model.Validate():
            moves = {"provisoire": "story:validated", "recuperee": "story:qualified-by-document"}
            yield from (moves[before.status],) if before.status in moves else ()
        case model.Declare(attribute):
            yield f"story:{_ATTRIBUTES[attribute]}-{word}"


def _of_change(
    event: model.ChangeStrict | model.ChangeSecondary, before: Identity, reason: str | None
) -> Iterator[str]:
    word = WORDS[before.status]
    if reason == "locked":
        yield f"story:change-refused-{word}"
    if reason is not None:
        return
    if isinstance(event, model.ChangeSecondary):
        yield f"story:complete-{word}"
        return
    if event.field not in ("matricule", "oid"):
        yield f"story:change-{word}"
    elif before.ins is not None:
        yield "story:change-ins"
    if event.field == "first_given" and before.ins is not None:
        yield "story:change-first-given"


def _of_merge(story: IdentityStory, one: Act, before: Identity, reason: str | None) -> Iterator[str]:
    if reason is not None:
        return
    if one.gesture == "split":
        yield "story:split"
        return
    yield "story:merge"
    if story.second == "duplicate":
        yield "story:merge-duplicate"
    if before.status == "qualifiee":
        yield "story:merge-qualified"


def _of_reception(one: Act, event: model.Receive, before: Identity | None) -> Iterator[str]:
    if one.delivery:
        yield f"story:delivery-{one.delivery}"
    if not event.qualified:
        yield f"story:receive-{WORDS[event.status]}"
        return
    if event.contract:
        yield "story:receive-contract"
        return
    yield "story:receive-qualified"
    if before is not None and before.status in statuses.RETRIEVED:
        yield "story:receive-locally-qualified"
        return
    yield f"story:receive-{event.verified}-{'unknown' if before is None else 'known'}"
