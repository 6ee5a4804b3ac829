"""The national base of identities that the INSi of the bench answers from: persons, and how they are found.

Names are compared as they are written, prénoms from the first of the list, a place only when it is told. How the real
service compares is not published: these are the cases that its public answers show (00, 01, 02).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.standards.ins import nir, oids, traits
from conformance.standards.insi import syntax as s

MOST = 50_000
"""Persons kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Former:
    """A former matricule (15 characters) and its OID; `since` and `until` are AAAA-MM-JJ or empty."""

    matricule: str
    oid: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One identity of the base. `given` is the list of prénoms, blank separated; `birth` AAAA-MM-JJ, `00` allowed.

    `matricule` is 15 characters, `oid` empty for the one of the service's setting; `holder` is the matricule of the
    ouvrant droit on the card (13 or 15 characters, empty: the person's own), `rank` the rank of birth.
    """

    family: str
    given: str
    sex: str
    birth: str
    place: str
    matricule: str
    oid: str = ""
    history: tuple[Former, ...] = ()
    holder: str = ""
    rank: str = "1"

    @property
    def traits(self) -> s.Traits:
        """The traits as an answer tells them, `first` being the first prénom."""
        first = self.given.split(" ")[0]
        return s.Traits(self.family, self.given, first, self.sex, self.birth, self.place)

    def bears(self, number: s.Number, *, former: bool = True) -> bool:
        """Whether a number (its key may be absent) is the matricule of this person, or a former one."""
        held = (self.matricule, *(old.matricule for old in self.history)) if former else (self.matricule,)
        return any(_same_number(number, one) for one in held)


def _same_number(number: s.Number, matricule: str) -> bool:
    asked = number.matricule
    return asked == matricule if len(asked) == 15 else bool(asked) and asked == matricule[:13]


class People:
    """The persons of a run, by matricule, in the order in which they came."""

    def __init__(self, persons: Iterable[Person] = ()) -> None:
        self._held: dict[str, Person] = {}
        for person in persons:
            self.put(person)

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._held.values())

    def put(self, person: Person) -> None:
        """Add a person, or change the one of that matricule."""
        self._held.pop(person.matricule, None)
        self._held[person.matricule] = person
        while len(self._held) > MOST:
            del self._held[next(iter(self._held))]

    def forget(self, matricule: str) -> None:
        """Take a person out; nobody there is no fault."""
        self._held.pop(matricule, None)

    def clear(self) -> None:
        """Take everybody out."""
        self._held.clear()

    def by_traits(self, asked: s.TraitsSearch) -> tuple[Person, ...]:
        """Those whose traits are these; the prénoms asked for must begin the list."""
        wanted = " ".join(asked.given)
        return tuple(
            one
            for one in self
            if one.family == asked.birth_name
            and traits.first_given_fits(wanted, one.given)
            and one.sex == asked.sex
            and one.birth == asked.birth
            and _place_fits(asked.place, one.place)
        )

    def by_card(self, asked: s.CardSearch) -> tuple[Person, ...]:
        """Those that a card tells: by the beneficiary's own number, else by the holder's with birth date and rank."""
        found = []
        for one in self:
            if asked.number is not None and asked.number.thirteen:
                right = one.bears(asked.number)
            elif asked.holder is not None and asked.holder.thirteen:
                right = _same_number(asked.holder, one.holder or one.matricule) and (
                    not asked.rank or asked.rank == one.rank
                )
            else:
                right = False
            name = not asked.birth_name or asked.birth_name == one.family
            if right and name and (not asked.birth or asked.birth == one.birth):
                found.append(one)
        return tuple(found)

    def confirms(self, asked: s.Verification, oid: str) -> bool:
        """Whether an INS is that of somebody who has these traits. `oid` is the one of persons without their own.

        An OID of another environment is taken when it tells the same nature (NIR or NIA).
        """
        if asked.ins is None:
            return False
        one = self._held.get(asked.ins.matricule)
        if one is None or not _same_nature(asked.ins.oid, one.oid or oid):
            return False
        told = asked.traits
        return (
            told.birth_name == one.family
            and " ".join(told.given.split()) == " ".join(one.given.split())
            and told.sex == one.sex
            and told.birth == one.birth
            and _place_fits(told.place, one.place)
        )


def _place_fits(asked: str, held: str) -> bool:
    """Unknown is not another place."""
    return asked in ("", traits.UNKNOWN_PLACE) or not held or asked == held


def _same_nature(asked: str, held: str) -> bool:
    if asked == held:
        return True
    one, other = oids.authority(asked), oids.authority(held)
    return one is not None and other is not None and one.nature == other.nature


TEST_PERSONS = (
    Person("ADRUN", "ZOE", "F", "1975-12-31", "63220", "275126322074974"),
    Person("CORSE", "ANTHONY", "M", "1980-03-02", "2B020", "180032B02040123"),
    Person("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", "2A020", "297022A02077878"),
    Person("NESSI", "MICHELANGELO ANTHONY", "M", "2010-08-07", "63220", "110086322083060"),
    Person(
        "ECETINSI",
        "PIERRE-ALAIN MURIEL FLORIANT",
        "M",
        "2009-07-14",
        "63220",
        "109076322083489",
        history=(Former("209076322083439"), Former("209066322012355")),
    ),
    Person("TCHITCHI", "CATARINA BELLA", "F", "1936-06-21", "63220", "236066322083656"),
    Person("PATB-QUATRE", "LAURENCE", "F", "1907-05-25", "85756", "207058575627097"),
    Person("PAT-TROIS", "DOMINIQUE", "F", "1979-03-28", "51215", "279035121518989"),
)
"""The public test persons of the INSi service, those whose key is right."""

STRANGER = Person(
    "AUTREPERSONNE",
    "DOMINIQUE CAMILLE",
    "F",
    "1951-02-03",
    "99999",
    nir.build(sex="F", year=1951, month=2, department="99", digits="999001"),
)
"""Somebody whom nobody asks for."""
