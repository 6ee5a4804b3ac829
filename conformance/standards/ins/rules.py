"""Findings on a matricule and on strict traits, wherever they were read (HL7 v2, CDA, XDS, INSi)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.ins import nir, oids, traits
from conformance.standards.ins.carriers import NAMESPACES_BY_CHANNEL, TYPE_BY_CHANNEL, Carried
from conformance.standards.ins.statuses import TRANSMITTED, Status

CODES = table(__package__)


def judge_matricule(
    matricule: str,
    oid: str,
    *,
    path: str = "",
    environment: oids.Environment | None = None,
    sex: str = "",
    birth: str = "",
    answered: bool = False,
) -> Iterator[Finding]:
    """Findings on a matricule sent under an OID.

    `environment` is the one declared for the channel, None when nothing is declared: then the OID is not judged
    against it. `sex` (M, F) and `birth` (AAAAMMJJ) are the traits beside it; a contradiction is a warning, since a
    NIR may rest on a corrected sex or date. The digits of the commune are never judged. `answered` says that INSi gave
    this very matricule: a wrong key is then only worth knowing, some persons of its test base having one.
    """
    authority = oids.authority(oid)
    if authority is None:
        yield CODES.finding("ins.oid.unknown", path, seen=oid, expected=" ".join(sorted(oids.AUTHORITIES)))
    elif environment is not None and authority.environment != environment:
        yield CODES.finding("ins.oid.environment", path, seen=f"{oid} ({authority.environment})", expected=environment)
    if not nir.is_matricule(matricule):
        yield CODES.finding("ins.matricule.form", path, seen=matricule)
        return
    if not nir.key_ok(matricule):
        code = "ins.matricule.key-answered" if answered else "ins.matricule.key"
        yield CODES.finding(code, path, seen=matricule[13:], expected=nir.key(matricule[:13]))
    meaning = nir.meaning(matricule)
    if meaning.sex is None:
        return
    if sex in ("M", "F") and sex != meaning.sex:
        yield CODES.finding("ins.matricule.sex", path, seen=matricule[0], expected=sex)
    day = traits.parse_birth(birth)
    if day is None:
        return
    if day[0] % 100 != meaning.year or (day[1] and meaning.month and day[1] != meaning.month):
        yield CODES.finding("ins.matricule.birth", path, seen=matricule[1:5], expected=f"{birth[2:4]}{birth[4:6]}")


def judge_carried(
    carried: Carried, *, path: str = "", status: Status | None = None, environment: oids.Environment | None = None
) -> Iterator[Finding]:
    """Findings on an INS as it stood on a channel: its type, its authority, its matricule.

    `status` is that of the identity, None when it is not known: under any but qualifiée no INS may go out.
    """
    if status is not None and status not in TRANSMITTED:
        yield CODES.finding("ins.carried.not-qualified", path, seen=status, expected="qualifiee")
    typed = TYPE_BY_CHANNEL[carried.channel]
    if typed and carried.type != typed:
        yield CODES.finding("ins.carried.type", path, seen=carried.type, expected=typed)
    if carried.channel == "mail":
        if not nir.key_ok(carried.matricule):
            yield CODES.finding("ins.matricule.key", path, seen=carried.matricule[13:])
        return
    names = NAMESPACES_BY_CHANNEL[carried.channel]
    if carried.namespace not in names:
        yield CODES.finding("ins.carried.namespace", path, seen=carried.namespace, expected=" | ".join(names))
    yield from judge_matricule(carried.matricule, carried.oid, path=path, environment=environment)


def judge_traits(
    *, birth_name: str, given: str, first_given: str, path: str = "", birth: str = "", place: str = ""
) -> Iterator[Finding]:
    """Findings on the strict traits of an identity that carries an INS; an empty date or place is not judged."""
    for fault in traits.birth_name_faults(birth_name):
        yield CODES.finding("ins.trait.name", path, seen=birth_name, cause=fault, subject="nom de naissance")
    for fault in traits.given_name_faults(given):
        yield CODES.finding("ins.trait.name", path, seen=given, cause=fault, subject="prénoms")
    if first_given and given and not traits.first_given_fits(first_given, given):
        yield CODES.finding("ins.trait.first-given", path, seen=first_given, expected=given)
    if birth and traits.parse_birth(birth) is None:
        yield CODES.finding("ins.trait.birth", path, seen=birth)
    if place and not traits.is_place(place):
        yield CODES.finding("ins.trait.place", path, seen=place)
