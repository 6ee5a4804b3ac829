"""The patient of a document: identifiers in order, one INS, its traits (Structuration minimale 3.5.5.12; RNIV)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.evidence.values import Location, Severity
from conformance.standards.cda.header.core import Row, Run
from conformance.standards.cda.header.times import day, later
from conformance.standards.cda.syntax import tag
from conformance.standards.ins import oids, traits
from conformance.standards.ins import rules as ins
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

UNLISTED = frozenset({f"{oids.ROOT}.13"})
"""INS roots that published examples of 2025 use and no table of ours explains: a warning."""

_ID, _NAME, _FAMILY, _GIVEN = (tag(name) for name in ("id", "name", "family", "given"))
_PATIENT, _PLACE = tag("patient"), "/".join(tag(n) for n in ("birthplace", "place", "addr", "county"))
_GENDER, _BIRTH = tag("administrativeGenderCode"), tag("birthTime")
_SEPARATORS = re.compile(r"[,;/|_]")
_QUALIFIERS = frozenset({"BR", "CL"})
_NO_DEPARTMENT = re.compile(r"(?:00|96)...")


def patient_role(node: Element, row: Row, run: Run) -> None:
    """The identifiers: the INS first and alone, under one of its OIDs, with its traits."""
    ids = list(node.iterchildren(_ID))
    if ids and all(one.get("nullFlavor") is not None for one in ids):
        run.say("cda.patient.id", node, row=row, below="id", seen=ids[0].get("nullFlavor", ""))
    found = []
    for number, one in enumerate(ids):
        root = one.get("root", "")
        if oids.is_ins(root):
            found.append(one)
            if number:
                _late(one, row, run, first=len(found) == 1)
        elif root == oids.ROOT or root.startswith(f"{oids.ROOT}."):
            _abandoned(one, row, run, root)
    if not found:
        if ids:
            run.say("cda.patient.no-ins", node, row=row, below="id")
        return
    person = node.find(_PATIENT)
    if person is not None and person.get("nullFlavor") is None:
        _ins_traits(person, row, run)
    for one in found:
        _matricule(one, person, run)


def _late(one: Element, row: Row, run: Run, *, first: bool) -> None:
    code = "cda.patient.ins-first" if first else "cda.patient.ins-several"
    run.say(code, one, row=row, seen=one.get("root", ""))


def _abandoned(one: Element, row: Row, run: Run, root: str) -> None:
    if root in oids.ABANDONED:
        run.say("cda.patient.ins-c", one, row=row, below="@root", seen=root)
    else:
        expected = " | ".join(sorted(oids.AUTHORITIES))
        severity = Severity.WARNING if root in UNLISTED else None
        run.say("cda.patient.ins-oid", one, row=row, below="@root", seen=root, expected=expected, severity=severity)


def _matricule(one: Element, person: Element | None, run: Run) -> None:
    extension = one.get("extension", "")
    if not extension.strip():
        return  # told of the identifier
    place: Any = one  # the stubs allow an Ellipsis as line
    path, root = xml.path(one), one.get("root", "")
    sex = _value(person, _GENDER, "code")
    birth = _value(person, _BIRTH, "value")[:8]
    for finding in ins.judge_matricule(
        extension, root, path=path, environment=run.document.settings.environment, sex=sex, birth=birth
    ):
        run.add(replace(finding, location=Location(path, place.sourceline)))


def _value(person: Element | None, name: str, attribute: str) -> str:
    found = None if person is None else person.find(name)
    return "" if found is None else found.get(attribute, "")


def _ins_traits(person: Element, row: Row, run: Run) -> None:
    """With an INS: birth name, list of given names, first given name, sex, date and place of birth."""
    name = person.find(_NAME)
    families = _parts(name, _FAMILY)
    givens = _parts(name, _GIVEN)
    place = person.find(_PLACE)
    unqualified = not families or any(
        qualifier not in _QUALIFIERS for qualifier, _ in families
    )  # told of the name itself
    misnamed = not givens or any(qualifier and qualifier not in _QUALIFIERS for qualifier, _ in givens)
    for what, present in (
        ("name/family[@qualifier='BR']", unqualified or any(q == "BR" for q, _ in families)),
        ("name/given", misnamed or any(q == "" for q, _ in givens)),
        ("name/given[@qualifier='BR']", misnamed or any(q == "BR" for q, _ in givens)),
        ("birthplace/place/addr/county", place is not None and bool((place.text or "").strip())),
    ):
        if not present and name is not None:
            run.say("cda.patient.ins-traits", person, row=row, below=what, expected=what, cause=what)
    for qualifier, part in families:
        if qualifier == "BR":
            _written(part, run, traits.birth_name_faults, Severity.ERROR)
    listed = [part for qualifier, part in givens if qualifier == ""]
    first = [part for qualifier, part in givens if qualifier == "BR"]
    for part in (*listed, *first):
        _written(part, run, traits.given_name_faults, Severity.WARNING)
    _first_given(first, listed, run)
    if place is not None and (place.text or "").strip():
        _place(place, run)
    birth = _value(person, _BIRTH, "value")
    if birth and len(birth) < 8 and birth.isdigit():
        run.say("cda.patient.birth-partial", person, row=row, below="birthTime", seen=birth, expected="AAAAMMJJ")


def _parts(name: Element | None, kind: str) -> list[tuple[str, Element]]:
    return [] if name is None else [(part.get("qualifier") or "", part) for part in name.iterchildren(kind)]


def _written(part: Element, run: Run, faults: Callable[[str], tuple[traits.Fault, ...]], severity: Severity) -> None:
    text = xml.text(part)
    if not text:
        return
    for cause in faults(text)[:1]:
        if cause == "characters" and _SEPARATORS.search(text):
            run.say("cda.patient.given-separator", part, seen=text, expected=_SEPARATORS.sub(" ", text))
            continue
        weight = severity if cause == "characters" else Severity.WARNING
        _trait("ins.trait.name", part, run, seen=text, expected=traits.normalise(text), cause=cause, severity=weight)


def _first_given(first: list[Element], listed: list[Element], run: Run) -> None:
    if not first or not listed:
        return
    one, many = xml.text(first[0]), " ".join(xml.text(part) for part in listed)
    if one and many and not traits.first_given_fits(one, many.replace(",", " ").replace(";", " ")):
        _trait("ins.trait.first-given", first[0], run, seen=one, expected=many, severity=Severity.ERROR)


def _place(place: Element, run: Run) -> None:
    text = place.text or ""
    if not traits.is_place(text) or _NO_DEPARTMENT.fullmatch(text):
        _trait("ins.trait.place", place, run, seen=text, severity=Severity.ERROR)


def _trait(
    code: str, part: Element, run: Run, *, seen: str, severity: Severity, expected: str = "", cause: str = ""
) -> None:
    """Add a finding of the room of the INS about a part of the identity."""
    line: Any = part  # the stubs allow an Ellipsis as line
    run.add(
        ins.CODES.finding(
            code, xml.path(part), seen=seen, expected=expected, line=line.sourceline, severity=severity, cause=cause
        )
    )


def person(node: Element, row: Row, run: Run) -> None:
    """What holds with or without an INS: qualifiers of the name, a birth before the document."""
    for name in node.iterchildren(_NAME):
        for part in name.iterchildren(_FAMILY):
            if part.get("nullFlavor") is None and _odd(part.get("qualifier", "-")):
                run.say(
                    "cda.patient.family-qualifier", part, row=row, seen=part.get("qualifier", ""), expected="BR | CL"
                )
        for part in name.iterchildren(_GIVEN):
            if _odd(part.get("qualifier", "BR")):
                run.say(
                    "cda.patient.given-qualifier", part, row=row, seen=part.get("qualifier"), expected="BR | CL | -"
                )
        _doubled(name, row, run)
    birth, made = day(_value(node, _BIRTH, "value")), day(run.document.effective)
    if birth is not None and made is not None:
        later(node, row, run, "cda.patient.birth-after", "birthTime", birth, made)


def _odd(qualifier: str) -> bool:
    """True for a qualifier that no name of a patient has; blanks around one are told of any name."""
    return qualifier == qualifier.strip() and qualifier not in ("", *_QUALIFIERS)


def _doubled(name: Element, row: Row, run: Run) -> None:
    seen = set()
    for part in (*name.iterchildren(_FAMILY), *name.iterchildren(_GIVEN)):
        key = (part.tag, part.get("qualifier") or "")
        if key in seen:
            run.say("cda.patient.name-doubled", part, row=row, seen=xml.text(part), cause=str(key[1]))
        seen.add(key)


def guardian(node: Element, row: Row, run: Run) -> None:
    """A representative is one person or one structure."""
    held = [c for c in node if xml.local(c) in ("guardianPerson", "guardianOrganization")]
    if len(held) != 1:
        run.say("cda.patient.guardian", node, row=row, seen=len(held))
