"""The people of a story of identities made whole, and its acts as events of the model, once the case is bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from conformance.evidence.values import Binding
from conformance.models import identity as model
from conformance.models.document import Patient
from conformance.models.identity import Answer, Event, Ins, Outcome, Secondary, Traits
from conformance.models.identity_story import FAULTS, Act, IdentityStory, Who
from conformance.models.identity_told import Population, act
from conformance.standards.ins import nir, oids
from conformance.standards.ins.documents import DOCUMENTS, Trust
from conformance.standards.ins.statuses import ATTRIBUTES, Attribute
from conformance.standards.ins.traits import substitute_birth

PRODUCTION = oids.oid("NIR", "production")
"""The OID that INSi answers, on its test platform too."""

OTHER_GIVEN = "ABEL"
"""A given name that nobody generated bears: what INSi answers first when it is told `other-given`."""

_AWAY = 5_000
_ELSEWHERE = {"75": ("63", "63220")}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a case, as the national base knows them. `former` are matricules of the past, still known there.

    `traits.first_given` is the first of the list; INSi never fills it in a product.
    """

    who: Who
    traits: Traits
    ins: Ins
    former: tuple[Ins, ...]
    secondary: Secondary

    @property
    def declared(self) -> Mapping[str, str]:
        """The values of the instruction `person` of the INSi of the bench."""
        return {
            "family": self.traits.birth_name,
            "given": " ".join(self.traits.given_names),
            "sex": self.traits.sex,
            "birth": self.traits.birth,
            "place": self.traits.place,
            "matricule": self.ins.matricule,
            "oid": self.ins.oid,
            "history": " ".join(f"{one.matricule}^{one.oid}" for one in self.former),
        }


@dataclass(frozen=True, slots=True)
class Played:
    """A bound story. `typed` is, act by act, what a user types in when an identity is created (else None).

    `events` are the acts as the model has them, given that the product did everything before as it must; a judge puts
    what INSi really answered in their place. `domain` names the other identification domain of the case.
    """

    people: Mapping[Who, Person]
    domain: str
    typed: tuple[Traits | None, ...]
    events: tuple[tuple[Who, Event], ...]

    def populations(self) -> Iterator[Population]:
        """The population after each act."""
        population: Population = {}
        for who, event in self.events:
            population = act(population, who, event)
            yield population


def people(story: IdentityStory, binding: Binding, as_of: date, oid: str = PRODUCTION) -> Mapping[Who, Person]:
    """A, and B when the story has one. No two people of a run bear one matricule, but for a duplicate of A."""
    first = _person("A", story.patient, binding, as_of, oid)
    found: dict[Who, Person] = {"A": first}
    if story.second == "duplicate":
        found["B"] = replace(first, who="B")
    elif story.second == "homonym":
        department, place = _ELSEWHERE.get(story.patient.department, ("75", "75115"))
        found["B"] = _person("B", replace(story.patient, department=department, birth_place=place), binding, as_of, oid)
    elif story.second == "other":
        other = replace(story.patient, birth_name="VOISIN", birth_day=story.patient.birth_day + _AWAY)
        found["B"] = _person("B", other, binding, as_of, oid)
    return MappingProxyType(found)


def _person(who: Who, patient: Patient, binding: Binding, as_of: date, oid: str) -> Person:
    born = as_of - timedelta(days=patient.birth_day)

    def matricule(department: str) -> str:
        return nir.build(
            sex=patient.sex, year=born.year, month=born.month, department=department, digits=binding.digits
        )

    traits = Traits(
        birth_name=f"{patient.birth_name} {binding.letters}",
        given_names=patient.given_names,
        first_given=patient.given_names[0],
        birth=born.strftime("%Y%m%d"),
        sex=patient.sex,
        place=patient.birth_place,
    )
    # Departments that no generated patient is born in: such a number is nobody else's.
    former = (Ins(matricule("78" if who == "A" else "77"), oid),) if len(patient.given_names) > 1 else ()
    secondary = Secondary(
        used_name=patient.used_name or f"USAGE {binding.letters}",
        used_given=patient.given_names[-1],
        phone=f"019900{int(binding.digits) % 10_000:04d}",
        mail=f"{binding.letters.lower()}@banc.invalid",
        address="1 RUE DU BANC 75015 PARIS",
    )
    return Person(who, traits, Ins(matricule(patient.department), oid), former, secondary)


def played(story: IdentityStory, binding: Binding, as_of: date, oid: str = PRODUCTION) -> Played:
    """A story once bound, on the run's day; `oid` is the one that INSi answers."""
    whose = people(story, binding, as_of, oid)
    domain = f"DOMAINE-{binding.letters}"
    population: Population = {}
    typed: list[Traits | None] = []
    events: list[tuple[Who, Event]] = []
    for one in story.acts:
        said = typing(one.detail, whose[one.who].traits) if one.gesture == "create" else None
        event = _event(one, whose[one.who], said, population, domain)
        population = act(population, one.who, event)
        typed.append(said)
        events.append((one.who, event))
    return Played(whose, domain, tuple(typed), tuple(events))


def typing(detail: str, national: Traits) -> Traits:
    """What a user types in to create an identity, by the detail of the act."""
    said = replace(national, given_names=())
    match detail:
        case "full":
            return national
        case "place-unknown":
            return replace(said, place="99999")
        case "birth-partial":
            return replace(said, birth=substitute_birth(int(said.birth[:4])))
        case "accents":
            return replace(said, birth_name=_accented(said.birth_name), first_given=_accented(said.first_given))
        case "other-first":
            return replace(said, first_given=OTHER_FIRST)
        case "compound-first":
            return replace(said, first_given="-".join(national.given_names[:2]))
        case "impossible-date":
            return replace(said, birth=f"{said.birth[:6]}32")
    field = detail.removeprefix("without-")
    emptied: dict[str, Any] = {field: ""} if field != detail else {}
    return replace(said, **emptied)


OTHER_FIRST = "SIXTINE"
"""A first given name that nobody generated bears."""


def _accented(text: str) -> str:
    """Small letters and one accent, such that the capitals without accent are the text again."""
    low = text.title()
    for bare, accented in (("e", "é"), ("a", "à"), ("i", "î"), ("o", "ô"), ("u", "ù")):
        if bare in low:
            return low.replace(bare, accented, 1)
    return low


def _event(one: Act, person: Person, typed: Traits | None, population: Population, domain: str) -> Event:
    match one.gesture:
        case "create":
            said = typed or Traits()
            if one.detail == "accents":
                said = replace(person.traits, given_names=())
            return model.Create(said, person.secondary if one.detail == "full" else Secondary())
        case "search":
            return model.SearchInsi(_answer(one.detail, person, population, by_traits=True))
        case "card" | "application":
            answer = _answer(one.detail, person, population, by_traits=False)
            return model.SearchByCard(answer, application=one.gesture == "application")
        case "verify":
            return model.Verify(_outcome(one.detail))
        case "batch":
            return model.BatchVerify(_outcome(one.detail))
        case "document":
            return model.PresentDocument(one.detail, trust(one.detail))
        case "validate":
            return model.Validate()
        case "change":
            return _change(one, person, population)
        case "complete":
            return _complete(one, person, population)
        case "declare":
            return model.Declare(_ATTRIBUTES[one.detail])
        case "withdraw":
            return model.Withdraw(_ATTRIBUTES[one.detail])
        case "merge":
            return model.Merge("B" if one.who == "A" else "A")
        case "split":
            return model.Split()
        case "receive":
            return model.Receive(
                traits=person.traits,
                domain=domain,
                contract=one.contract,
                status=one.status,
                ins=person.ins if one.status == "qualifiee" else None,
                verified=_outcome(one.detail),
                direct=not one.contract,
            )


_ATTRIBUTES: Mapping[str, Attribute] = {a: a for a in ATTRIBUTES}


def _outcome(detail: str) -> Outcome:
    return "fault" if detail in FAULTS else "ko" if detail == "ko" else "ok"


def trust(kind: str) -> Trust:
    """The degree that the site of the bench gives to a kind of document."""
    return DOCUMENTS[kind].trust if kind in DOCUMENTS else "low"


def _answer(detail: str, person: Person, population: Population, *, by_traits: bool) -> Answer:
    """What INSi answers; by traits, it finds nobody whose typed given name does not begin the list."""
    if detail in FAULTS:
        return Answer("")
    if detail in ("01", "02"):
        return Answer(detail)
    held = population.get(person.who)
    if by_traits and detail != "other-person" and held is not None and not _found(held.traits, person.traits):
        return Answer("01")
    if detail == "other-person":
        return STRANGER
    said = replace(person.traits, first_given="")
    spoil = _SPOILT.get(detail)
    return Answer("00", person.ins, said if spoil is None else spoil(said))


def _found(held: Traits, national: Traits) -> bool:
    same = (held.birth_name, held.sex, held.birth) == (national.birth_name, national.sex, national.birth)
    return same and model.coherent(held.first_given, national.given_names)


def _change(one: Act, person: Person, population: Population) -> Event:
    """Another value, or the former one again when the other is there already: a return to a previous state."""
    held = population.get(person.who)
    if one.detail in ("matricule", "oid"):
        other = nir.build(sex="M" if person.ins.matricule[0] == "2" else "F", year=1950, month=1, department="98",
                          digits=person.ins.matricule[7:13])  # fmt: skip
        typed = other if one.detail == "matricule" else oids.oid("NIA", "production")
        return model.ChangeStrict("matricule" if one.detail == "matricule" else "oid", typed, one.super_user)
    field = next(f for f in _STRICT if f == one.detail)
    national = getattr(person.traits, field)
    value = _changed(field, person.traits)
    if held is not None and getattr(held.traits, field) == value:
        value = national
    return model.ChangeStrict(field, value, one.super_user)


_STRICT: tuple[model.StrictField, ...] = ("birth_name", "given_names", "first_given", "birth", "sex", "place")


def _changed(field: model.StrictField, national: Traits) -> str | tuple[str, ...]:
    match field:
        case "birth_name":
            return f"{national.birth_name} BIS"
        case "given_names":
            return (*national.given_names, OTHER_GIVEN)
        case "first_given":
            return OTHER_FIRST
        case "birth":
            return national.birth[:6] + ("12" if national.birth[6:] == "11" else "11")
        case "sex":
            return "M" if national.sex == "F" else "F"
        case "place":
            return "99999"


def _complete(one: Act, person: Person, population: Population) -> Event:
    field = next(f for f in _SECONDARY if f == one.detail)
    value: str = getattr(person.secondary, field)
    held = population.get(person.who)
    if held is not None and getattr(held.secondary, field) == value:
        value = {"phone": "0199009999", "mail": "autre@banc.invalid"}.get(field, f"{value} BIS")
    return model.ChangeSecondary(field, value)


_SECONDARY: tuple[model.SecondaryField, ...] = ("used_name", "used_given", "phone", "mail", "address")


STRANGER = Answer(
    "00",
    Ins(nir.build(sex="F", year=1951, month=2, department="99", digits="999001"), PRODUCTION),
    Traits("AUTREPERSONNE", ("DOMINIQUE", "CAMILLE"), "", "19510203", "F", "99999"),
)
"""Whom the INSi of the bench gives instead of the person, when told `other-person`."""

_SPOILT: Mapping[str, Callable[[Traits], Traits]] = {
    "lunar-day": lambda t: replace(t, birth=t.birth[:6] + "00"),
    "lunar-month": lambda t: replace(t, birth=f"{t.birth[:4]}00{t.birth[6:]}"),
    "lunar-date": lambda t: replace(t, birth=f"{t.birth[:4]}0000"),
    "empty-name": lambda t: replace(t, birth_name=""),
    "empty-given": lambda t: replace(t, given_names=()),
    "empty-sex": lambda t: replace(t, sex=""),
    "no-place": lambda t: replace(t, place=""),
    "other-given": lambda t: replace(t, given_names=(OTHER_GIVEN, *t.given_names)),
}
"""What a setting of the INSi of the bench does to its answer."""
