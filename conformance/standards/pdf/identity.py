"""The identity and the recipients that a PDF shows, against the CDA header (INS/va1.15 rule 32; DOC/va1.06, 15, 26)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from conformance.standards.cda.reader import Participant, Patient
from conformance.standards.ins import oids
from conformance.standards.pdf import text as texts

Trait = Literal["birth-name", "first-given", "birth-date", "sex", "matricule", "nature", "nature-before", "other-sex"]

_SEXES = {"F": r"F|FEMININ|FEMININE|FEMME|FILLE", "M": r"M|MASCULIN|MASCULINE|HOMME|GARCON"}
_LABEL = r"(?<![A-Z])(?:SEXE|SEX|GENRE|S\s?[.:])[^A-Z0-9]{0,12}(?:[A-Z]{0,12}[^A-Z0-9]{1,6})?"
_NEAR = 60
"""Characters around a matricule within which its nature is looked for."""


def missing(shown: str, patient: Patient) -> Iterator[tuple[Trait, str]]:
    """(trait, what was expected) for each trait of a patient that a text does not show.

    Only for a patient with an INS: rule 32 asks for nothing else. `nature-before` tells that NIR or NIA stands before
    the matricule instead of after it, `other-sex` that the sex shown is the other one.
    """
    held = patient.ins
    if held is None:
        return
    text = texts.plain(shown)
    family, given = patient.name.family("BR"), patient.name.given("BR") or patient.name.given().partition(" ")[0]
    if family and not texts.says(text, family):
        yield "birth-name", family
    if given and not texts.says(text, given):
        yield "first-given", given
    if patient.birth and not texts.says_date(text, patient.birth[:8]):
        yield "birth-date", patient.birth[:8]
    yield from _sex(text, patient.sex.code)
    yield from _matricule(text, held.extension, held.root)


def _sex(text: str, code: str) -> Iterator[tuple[Trait, str]]:
    if code not in _SEXES:
        return
    other = "M" if code == "F" else "F"
    labelled = re.search(rf"{_LABEL}(?P<seen>{_SEXES[code]})(?![A-Z])", text)
    word = re.search(rf"(?<![A-Z])(?:{_SEXES[code].partition('|')[2]})(?![A-Z])", text)
    if labelled or word:
        return
    contrary = re.search(rf"{_LABEL}(?:{_SEXES[other]})(?![A-Z])", text)
    # A value far from its label (a table read by columns) is a letter alone on its line: any of them will do.
    if not contrary and re.search(rf"(?<![A-Z0-9.'\-]){code}(?![A-Z0-9.'\-])", text):
        return
    yield ("other-sex" if contrary else "sex"), code


def _matricule(text: str, matricule: str, root: str) -> Iterator[tuple[Trait, str]]:
    if not matricule:
        return
    pattern = (
        r"[\s.\-]{0,2}".join(map(re.escape, matricule[:13]))
        + r"[\s.\-/()]{0,4}(?:CLE\s?:?\s?)?"
        + r"\s?".join(map(re.escape, matricule[13:]))
    )
    places = list(re.finditer(rf"(?<!\d){pattern}(?!\d)", text))
    if not places:
        yield "matricule", matricule
        return
    authority = oids.authority(root)
    nature = authority.nature if authority else "NIR"
    after = [text[m.end() : m.end() + _NEAR] for m in places]
    before = [text[max(0, m.start() - _NEAR) : m.start()] for m in places]
    word = rf"(?<![A-Z]){nature}(?![A-Z])"
    if any(re.search(word, part) for part in after):
        return
    yield ("nature-before" if any(re.search(word, part) for part in before) else "nature"), nature


def unnamed(shown: str, recipients: Iterable[Participant]) -> Iterator[Participant]:
    """The recipients that a text does not name: the family name of a person, or the name of a structure."""
    text = texts.plain(shown)
    for recipient in recipients:
        family = next((p.text for p in recipient.name.families if p.text), "")
        wanted = family or recipient.organisation.name
        if wanted and not texts.says(text, wanted):
            yield recipient


def label(recipient: Participant) -> str:
    """A recipient in a few words: name, else structure."""
    name = recipient.name
    person = " ".join(p.text for p in (*name.givens, *name.families) if p.text)
    return person or recipient.organisation.name
