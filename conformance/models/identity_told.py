"""What a référentiel must say of its identities in PAM, and what a receiver may know from that alone.

Sources: Guide d'implémentation de l'INS, rules 27 and 28; annexe CI-SIS INS; IHE PAM France, ITI-30 (PID-3, PID-5,
PID-7, PID-8, PID-11, PID-32, ZFD-7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from conformance.models.identity import (
    Event,
    Identity,
    Ins,
    Merge,
    Reason,
    Secondary,
    Split,
    Traits,
    refusal,
    step,
)
from conformance.standards.ins import statuses
from conformance.standards.ins.statuses import Attribute

Population = Mapping[str, Identity]
"""Name of each identity (a local number, or a role in a story) -> identity; those merged away stay in it."""


@dataclass(frozen=True, slots=True)
class Pam:
    """What a message must say of one patient.

    `ins` is None when no repetition of PID-3 may be an INS. `reliability` is PID-32 as the French table 0445 has it,
    `never` the codes that it must not hold: of a récupérée it can only be asked not to be VALI. `document` is ZFD-7
    when a kind was recorded; its absence is nobody's fault.
    """

    traits: Traits
    secondary: Secondary
    ins: Ins | None
    reliability: tuple[str, ...]
    never: frozenset[str]
    document: str | None


_NEVER_SAID = frozenset(statuses.FR_CORE.values()) - statuses.TABLE_0445
_NEVER_PROVED = _NEVER_SAID | {"VALI"}


def told(identity: Identity, version: str = "2.11") -> Pam:
    """What PAM must say of an identity, in a version of the French extension (2.9 or 2.11)."""
    proved = identity.status in ("validee", "qualifiee")
    return Pam(
        traits=identity.traits,
        secondary=identity.secondary,
        ins=identity.ins if identity.status in statuses.TRANSMITTED else None,
        reliability=statuses.reliability(identity.status, identity.attributes, version),
        never=_NEVER_SAID if proved else _NEVER_PROVED,
        document=identity.document,
    )


Told = Literal["qualified", "validated", "other"]
"""What PID-3 and PID-32 tell apart: récupérée and provisoire are one."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a receiver knows of a patient. `merged_into` is the name that took over, None while it lives."""

    traits: Traits
    secondary: Secondary
    ins: Ins | None
    told: Told
    attributes: frozenset[Attribute]
    merged_into: str | None = None


def seen(identity: Identity, version: str = "2.11") -> Known:
    """An identity, less what PAM cannot carry: récupérée and its INS, attributes that the version has no code for."""
    carried = frozenset(a for a in identity.attributes if _carried(a, version))
    ins = identity.ins if identity.status == "qualifiee" else None
    said = _TOLD.get(identity.status, "other")
    return Known(identity.traits, identity.secondary, ins, said, carried, identity.merged_into)


_TOLD: Mapping[str, Told] = {"qualifiee": "qualified", "validee": "validated"}


def _carried(attribute: Attribute, version: str) -> bool:
    return statuses.ATTRIBUTE_CODES[attribute] in statuses.reliability("provisoire", frozenset({attribute}), version)


def read_back(said: Pam) -> Known:
    """What a receiver knows after one message: the INS is kept with VALI only."""
    proved = "VALI" in said.reliability
    ins = said.ins if proved else None
    attributes = frozenset(a for a, code in statuses.ATTRIBUTE_CODES.items() if code in said.reliability)
    known: Told = "qualified" if ins else "validated" if proved else "other"
    return Known(said.traits, said.secondary, ins, known, attributes)


Kind = Literal["create", "update", "merge"]
"""A28, A31, A40."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message owed: about `who`, saying `pam`; a merge names the identity that goes (`prior`, MRG-1)."""

    kind: Kind
    who: str
    pam: Pam
    prior: str | None = None


def refused(population: Population, who: str, event: Event) -> Reason | None:
    """Why an event on one identity must change nothing; a merge wants another identity that lives."""
    reason = refusal(population.get(who), event)
    if reason is None and isinstance(event, Merge):
        kept = population.get(event.into)
        if kept is None or who == event.into:
            return "unknown"
        return "merged" if kept.merged_into is not None else None
    return reason


def act(population: Population, who: str, event: Event) -> Population:
    """The population after an event on one identity; the same when it changes nothing."""
    if refused(population, who, event) is not None:
        return population
    before = population.get(who)
    after = step(before, event)
    return population if after is None or after == before else {**population, who: after}


def messages(before: Population, who: str, event: Event, version: str = "2.11") -> tuple[Message, ...]:
    """What an event makes go out (rule 27: what changes is propagated); nothing when nothing changed.

    What changes only what PAM cannot carry (provisoire to récupérée with the same traits) owes no message: one may go.
    """
    after = act(before, who, event)
    if after is before:
        return ()
    one = after[who]
    if isinstance(event, Merge):
        return (Message("merge", event.into, told(after[event.into], version), prior=who),)
    was = before.get(who)
    if was is None:
        return (Message("create", who, told(one, version)),)
    said = told(one, version)
    if isinstance(event, Split):
        return (Message("create", who, said),)
    return (Message("update", who, said),) if read_back(said) != read_back(told(was, version)) else ()


def told_of(events: Iterable[tuple[str, Event]], version: str = "2.11") -> Iterator[Message]:
    """Every message that events owe, in their order, from an empty population."""
    population: Population = {}
    for who, event in events:
        yield from messages(population, who, event, version)
        population = act(population, who, event)


def replay(heard: Iterable[Message]) -> Mapping[str, Known]:
    """What a receiver that knew nothing holds after messages."""
    held: dict[str, Known] = {}
    for message in heard:
        held[message.who] = read_back(message.pam)
        if message.kind == "merge" and message.prior is not None:
            gone = held.get(message.prior, held[message.who])
            held[message.prior] = replace(gone, merged_into=message.who)
    return held


def view(population: Population, version: str = "2.11") -> Mapping[str, Known]:
    """What a receiver ought to hold of a population."""
    return {who: seen(identity, version) for who, identity in population.items()}
