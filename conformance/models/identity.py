"""The pure life of an identity: what may happen to it, and what it must be afterwards.

Sources: RNIV; Guide d'implémentation de l'INS, rules 5, 6, 11, 12, 19, 20, 25 to 27, 30, 49 and 51. What must be true
on each channel is told by `conformance.models.identity_told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from conformance.standards.ins import answers, statuses, traits
from conformance.standards.ins.documents import Trust
from conformance.standards.ins.statuses import Attribute, Status

T = TypeVar("T", bound="Traits | Secondary")

StrictField = Literal["birth_name", "given_names", "first_given", "birth", "sex", "place"]
SecondaryField = Literal["used_name", "used_given", "phone", "mail", "address"]
InsField = Literal["matricule", "oid"]

LOCKED: frozenset[str] = frozenset({"birth_name", "given_names", "birth", "sex", "place", "matricule", "oid"})
"""Fields that only a super-user changes on a retrieved or qualified identity (rule 26 does not name first_given)."""

REQUIRED: tuple[StrictField, ...] = ("birth_name", "first_given", "birth", "sex", "place")
"""Fields without which no identity is created; no other may be asked for (rule 5)."""


@dataclass(frozen=True, slots=True)
class Traits:
    """The strict traits. `birth` is AAAAMMJJ (INSi may answer 00 for a day or a month), `sex` M, F or U, `place` a COG.

    An empty string is a field that nothing fills. `given_names` come in the order of the birth record, the first
    included; `first_given` is typed in by a person and never filled by INSi.
    """

    birth_name: str = ""
    given_names: tuple[str, ...] = ()
    first_given: str = ""
    birth: str = ""
    sex: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Secondary:
    """Traits that change neither the status nor the INS (traits complémentaires)."""

    used_name: str = ""
    used_given: str = ""
    phone: str = ""
    mail: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule of 15 characters and the OID of its authority."""

    matricule: str
    oid: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What a référentiel holds of a patient.

    `ins` is there only while the status is récupérée or qualifiée. `document` is the kind last presented, `trust` the
    degree that the site gives it ("" when none was). `merged_into` is the name of the identity that absorbed it.
    `history` holds the statuses that it had, the oldest first.
    """

    traits: Traits
    secondary: Secondary = Secondary()
    status: Status = "provisoire"
    ins: Ins | None = None
    attributes: frozenset[Attribute] = frozenset()
    document: str | None = None
    trust: Trust | Literal[""] = ""
    merged_into: str | None = None
    history: tuple[Status, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether an attribute forbids INSi and any status but provisoire."""
        return not statuses.BLOCKING.isdisjoint(self.attributes)


@dataclass(frozen=True, slots=True)
class Answer:
    """What INSi answered to a search: its code (00, 01, 02, "" for a fault), and for 00 an INS and traits."""

    code: str
    ins: Ins | None = None
    traits: Traits = Traits()

    @property
    def usable(self) -> bool:
        """Whether the rules let its identity be taken in."""
        said = self.traits
        return (
            self.code == answers.FOUND
            and self.ins is not None
            and not answers.refusals(
                birth_name=said.birth_name, given=" ".join(said.given_names), sex=said.sex, birth=said.birth
            )
        )


Outcome = Literal["ok", "ko", "fault"]
"""What a verification gave."""


@dataclass(frozen=True, slots=True)
class Create:
    """Somebody types an identity in."""

    traits: Traits
    secondary: Secondary = Secondary()


@dataclass(frozen=True, slots=True)
class SearchInsi:
    """INSi is searched by traits, and its identity accepted."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class SearchByCard:
    """INSi is searched with the carte Vitale, or with its application, which proves the identity by itself."""

    answer: Answer
    application: bool = False


@dataclass(frozen=True, slots=True)
class Verify:
    """INSi verifies the INS held."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BatchVerify:
    """The same, one of a batch."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PresentDocument:
    """A kind of document is recorded, with the trust that the site gives it; it validates nothing by itself."""

    kind: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class Validate:
    """A user validates the identity on the document recorded."""


@dataclass(frozen=True, slots=True)
class ChangeStrict:
    """Somebody types another value in a strict trait (or in the matricule or the OID)."""

    field: StrictField | InsField
    value: str | tuple[str, ...]
    super_user: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSecondary:
    """Somebody types another value in a secondary trait."""

    field: SecondaryField
    value: str


@dataclass(frozen=True, slots=True)
class Declare:
    """An attribute is set."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Withdraw:
    """An attribute is taken away; the status it took is not given back."""

    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Merge:
    """The identity goes, absorbed by another."""

    into: str


@dataclass(frozen=True, slots=True)
class Split:
    """The merge is undone."""


@dataclass(frozen=True, slots=True)
class Receive:
    """An identity comes from another system, with the status and the INS that it gives it.

    `domain` is the sender's identification domain, "" for one's own. `contract` says that a contract of trust binds the
    sender, `direct` that the patient is also cared for here (then the contract counts for nothing), `verified` what
    INSi says of the INS received. `attributes` are those of PID-32: one's own domain is obeyed in them too.
    """

    traits: Traits
    domain: str = ""
    contract: bool = False
    status: Status = "provisoire"
    ins: Ins | None = None
    verified: Outcome = "ok"
    direct: bool = True
    secondary: Secondary = Secondary()
    attributes: frozenset[Attribute] = frozenset()

    @property
    def trusted(self) -> bool:
        """Whether its status is taken as it is: one's own domain, or a contract without care of one's own."""
        return not self.domain or (self.contract and not self.direct)

    @property
    def qualified(self) -> bool:
        """Whether it comes qualified: the only status under which an INS is read."""
        return self.status == "qualifiee" and self.ins is not None


Event = (
    Create
    | SearchInsi
    | SearchByCard
    | Verify
    | BatchVerify
    | PresentDocument
    | Validate
    | ChangeStrict
    | ChangeSecondary
    | Declare
    | Withdraw
    | Merge
    | Split
    | Receive
)

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


SECONDARY: tuple[str, ...] = tuple(f.name for f in fields(Secondary))
"""Names of the secondary traits."""
