"""The pure life of an identity: what an event makes of it, what must change nothing, what the rules leave open.

Sources: RNIV; Guide d'implémentation de l'INS, rules 5, 6, 11, 12, 19, 20, 25 to 27, 30, 49 and 51. What must be true
on each channel is told by `conformance.models.identity_told`; its values and events are given on from
`conformance.models.identity_values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar

from conformance.models.identity_values import (
    LOCKED,
    REQUIRED,
    SECONDARY,
    Answer,
    BatchVerify,
    ChangeSecondary,
    ChangeStrict,
    Create,
    Declare,
    Event,
    Identity,
    Ins,
    InsField,
    Merge,
    Outcome,
    PresentDocument,
    Receive,
    SearchByCard,
    SearchInsi,
    Secondary,
    SecondaryField,
    Split,
    StrictField,
    Traits,
    Validate,
    Verify,
    Withdraw,
)
from conformance.standards.ins import answers, statuses, traits
from conformance.standards.ins.statuses import Attribute, Status

__all__ = [
    "LOCKED",
    "REQUIRED",
    "SECONDARY",
    "Answer",
    "Attribute",
    "BatchVerify",
    "ChangeSecondary",
    "ChangeStrict",
    "Create",
    "Declare",
    "Event",
    "Identity",
    "Ins",
    "InsField",
    "Merge",
    "Outcome",
    "PresentDocument",
    "Reason",
    "Receive",
    "SearchByCard",
    "SearchInsi",
    "Secondary",
    "SecondaryField",
    "Split",
    "Status",
    "StrictField",
    "Traits",
    "Validate",
    "Verify",
    "Withdraw",
    "allowed",
    "coherent",
    "complete",
    "fold",
    "must_warn",
    "refusal",
    "step",
]

T = TypeVar("T", Traits, Secondary)

Reason = Literal[
    "unknown", "exists", "incomplete", "impossible", "merged", "not-merged", "blocked", "no-answer", "not-taken",
    "no-ins", "no-document", "locked", "same", "exclusive",
]  # fmt: skip
"""Why an event changes nothing. Rules 5, 25, 11, 12 and 26 ask for incomplete, blocked, not-taken and locked; a birth
date that no calendar has is impossible (scenario 3 of INS/va1.56); the rest is sense."""


def refusal(identity: Identity | None, event: Event) -> Reason | None:
    """Why an event must leave everything as it was; None when it acts."""
    if identity is None:
        return _refused_at_birth(event)
    if identity.merged_into is not None:
        return None if isinstance(event, Split) else "merged"
    match event:
        case Create():
            return "exists"
        case Split():
            return "not-merged"
        case SearchInsi(answer) | SearchByCard(answer):
            if identity.blocked:
                return "blocked"
            if answer.code != answers.FOUND:
                return "no-answer"
            return None if answer.usable else "not-taken"
        case Verify() | BatchVerify():
            return "blocked" if identity.blocked else "no-ins" if identity.ins is None else None
        case Validate():
            return "blocked" if identity.blocked else None if identity.trust == "high" else "no-document"
        case ChangeStrict(field, value, super_user):
            if _value(identity, field) == value:
                return "same"
            locked = identity.status in statuses.RETRIEVED and field in LOCKED
            if locked and not super_user:
                return "locked"
            return "incomplete" if field in REQUIRED and not value else None
        case ChangeSecondary(field, value):
            return "same" if getattr(identity.secondary, field) == value else None
        case Declare(attribute):
            if attribute in identity.attributes:
                return "same"
            # Only douteuse and homonyme go together (RNIV, EXI ID 26).
            alone = "fictive" in (attribute, *identity.attributes)
            return "exclusive" if alone and identity.attributes else None
        case Withdraw(attribute):
            return None if attribute in identity.attributes else "same"
    return None


def _refused_at_birth(event: Event) -> Reason | None:
    if isinstance(event, Receive):
        return None
    if not isinstance(event, Create):
        return "unknown"
    if not complete(event.traits):
        return "incomplete"
    return None if traits.parse_birth(event.traits.birth) is not None else "impossible"


def complete(said: Traits) -> bool:
    """Whether the five fields that a creation needs are filled (rule 5)."""
    return all(getattr(said, name) for name in REQUIRED)


def step(identity: Identity | None, event: Event) -> Identity | None:
    """The identity after an event; None while nothing was created. What is refused changes nothing."""
    if refusal(identity, event) is not None:
        return identity
    if identity is None:
        return _born(event)
    match event:
        case SearchInsi(answer):
            return _retrieved(identity, answer, "retrieval")
        case SearchByCard(answer, application):
            return _retrieved(identity, answer, "card-application" if application else "retrieval")
        case Verify(outcome) | BatchVerify(outcome):
            return _moved(identity, statuses.after(identity.status, "ko")) if outcome == "ko" else identity
        case PresentDocument(kind, trust):
            return replace(identity, document=kind, trust=trust)
        case Validate():
            return _moved(identity, statuses.after(identity.status, "proof"))
        case ChangeStrict(field, value):
            return _changed(identity, field, value)
        case ChangeSecondary(field, text):
            return replace(identity, secondary=_with(identity.secondary, field, text))
        case Declare(attribute):
            after = statuses.after(identity.status, "attribute") if attribute in statuses.BLOCKING else identity.status
            # What was proved of a doubtful or fictitious identity has to be proved again.
            proved = identity if attribute not in statuses.BLOCKING else replace(identity, document=None, trust="")
            return _moved(replace(proved, attributes=identity.attributes | {attribute}), after)
        case Withdraw(attribute):
            return replace(identity, attributes=identity.attributes - {attribute})
        case Merge(into):
            return replace(identity, merged_into=into)
        case Split():
            return replace(identity, merged_into=None)
        case Receive():
            return _received(identity, event)
    return identity


def fold(events: Iterable[Event], identity: Identity | None = None) -> Identity | None:
    """The identity after events, one after another."""
    for event in events:
        identity = step(identity, event)
    return identity


def allowed(identity: Identity | None, event: Event) -> frozenset[Status]:
    """Every status that the rules let an identity have after an event; empty when it must not exist.

    Wider than the status of `step` where a rule names no target or says nothing: a verification KO, a strict trait of
    a validated identity, a document that validates by itself (rule 19 lets it), an answer that the user is warned of
    and may decline, a merge undone, a validated status told by a partner.
    """
    after = step(identity, event)
    if after is None:
        return frozenset()
    found = frozenset({after.status})
    if refusal(identity, event) is not None:
        return found
    if identity is None:
        return found | {"validee"} if isinstance(event, Receive) and _doubted(event) else found
    match event:
        case Verify("ko") | BatchVerify("ko"):
            return statuses.allowed(identity.status, "ko")
        case ChangeStrict():
            return statuses.allowed(identity.status, "strict-change")
        case PresentDocument(trust="high") if not identity.blocked:
            return found | {statuses.after(identity.status, "proof")}
        case SearchInsi() | SearchByCard() if must_warn(identity, event):
            return found | {identity.status}
        case Split():
            return found | _BELOW[identity.status]
    return found


_BELOW: Mapping[Status, frozenset[Status]] = {
    "provisoire": frozenset({"provisoire"}),
    "recuperee": frozenset({"provisoire"}),
    "validee": frozenset({"provisoire"}),
    "qualifiee": frozenset({"provisoire", "recuperee", "validee"}),
}


def _doubted(event: Receive) -> bool:
    """Whether what a partner proved may be kept, but not the INS: rule 51 names no status."""
    return (
        bool(event.domain)
        and not event.trusted
        and (not event.qualified or event.verified != "ok")
        and (event.status in ("validee", "qualifiee"))
    )


def coherent(first_given: str, given_names: tuple[str, ...]) -> bool:
    """Whether a first given name is how a list begins; hyphens and apostrophes count as a space (rule 6)."""
    return traits.first_given_fits(first_given, " ".join(given_names))


def must_warn(identity: Identity | None, event: Event) -> bool:
    """Whether the user has to be told something: an answer that may not be taken, or incoherent given names."""
    match event:
        case SearchInsi(answer) | SearchByCard(answer):
            if identity is None or identity.blocked or answer.code != answers.FOUND:
                return False
            return not answer.usable or not coherent(identity.traits.first_given, answer.traits.given_names)
    return False


def _born(event: Event) -> Identity | None:
    match event:
        case Create(said, secondary):
            return Identity(said, secondary)
        case Receive():
            return _received(Identity(event.traits, event.secondary), event)
    return None


def _retrieved(identity: Identity, answer: Answer, cause: statuses.Cause) -> Identity:
    """INSi fills everything but the first given name; a place that it does not give is kept."""
    said = answer.traits
    kept = identity.traits
    filled = replace(said, first_given=kept.first_given, place=said.place or kept.place)
    return _moved(replace(identity, traits=filled, ins=answer.ins), statuses.after(identity.status, cause))


def _changed(identity: Identity, field: StrictField | InsField, value: str | tuple[str, ...]) -> Identity:
    """A strict trait lowers the status, and with it goes the INS; so does an INS typed by hand."""
    lowered = _moved(identity, statuses.after(identity.status, "strict-change"))
    if field in ("matricule", "oid"):
        return lowered
    return replace(lowered, traits=_with(lowered.traits, field, value))


def _received(identity: Identity, event: Receive) -> Identity:
    """What comes from elsewhere: one's own domain is copied; another's INS is believed by contract, or after INSi."""
    if not event.domain:
        return _copied(identity, event)
    if identity.blocked or identity.status in statuses.RETRIEVED or not event.qualified:
        return identity
    if not event.trusted and event.verified != "ok":
        return identity
    taken_in = replace(identity, traits=event.traits, ins=event.ins)
    return _moved(taken_in, statuses.after(identity.status, "contract" if event.trusted else "retrieval"))


def _copied(identity: Identity, event: Receive) -> Identity:
    """The référentiel of one's own domain is obeyed; what a message cannot say of a récupérée is provisoire here."""
    said: Status = "provisoire" if event.status == "recuperee" else event.status
    if said == "qualifiee" and event.ins is None:
        said = "validee"
    copy = replace(identity, traits=event.traits, secondary=event.secondary, ins=event.ins, attributes=event.attributes)
    return _moved(copy, "provisoire" if copy.blocked else said)


def _moved(identity: Identity, status: Status) -> Identity:
    """The identity under a status; without INS unless that status keeps one."""
    past = identity.history if status == identity.status else (*identity.history, identity.status)
    return replace(identity, status=status, ins=identity.ins if status in statuses.RETRIEVED else None, history=past)


def _with(whole: T, field: str, value: Any) -> T:
    return replace(whole, **{field: value})


def _value(identity: Identity, field: StrictField | InsField) -> object:
    if field in ("matricule", "oid"):
        return getattr(identity.ins, field, "")
    return getattr(identity.traits, field)
