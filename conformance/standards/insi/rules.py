"""What a request to INSi must say, and how its caller says who it is.

The integration guide of the service is not public and the WSDL was read second-hand: nothing here is an error. What
contradicts the schemas is a warning, what rests on quotations of the guide is advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.ins import nir, oids, traits
from conformance.standards.insi import syntax as s
from conformance.standards.saml.reader import Vihf

CODES = table(__package__)

Mode = Literal["CPS", "PSC", "assertion", "certificate"]

SOFTWARE = ("INSI-AUTO", "INSI-MANU")
"""Common names of the organisation certificates with which a software calls without the assertion of a person."""

_SEX = re.compile(r"[A-Z]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLACE = re.compile(r"[A-Za-z0-9]{5}")
_THIRTEEN = re.compile(r"[0-9]{6}[A-Za-z0-9][0-9]{6}")
_KEY = re.compile(r"[0-9]{2}")
_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|\+00:00)")
_CONTEXTS = {"ContexteBAM": "01_02", "ContexteLPS": "01_00"}


def mode(vihf: Vihf | None) -> Mode:
    """How a caller says who it is: by the NameQualifier of its assertion, or by its certificate alone."""
    if vihf is None:
        return "certificate"
    if vihf.name_qualifier == "CPS":
        return "CPS"
    return "PSC" if vihf.name_qualifier == "PSC" else "assertion"


def judge(message: s.Message, vihf: Vihf | None, how: Mode, common_name: str, action: str = "") -> Iterator[Finding]:
    """The findings of one request. `action` is the SOAP action told by HTTP, `common_name` that of the certificate."""
    if message.version != "1.2":
        yield CODES.finding("insi.request.soap", "/Envelope", seen=message.version, expected="1.2")
    if not message.operation:
        yield CODES.finding("insi.request.operation", "/Envelope/Body", seen=message.root)
        return
    yield from _addressing(message, action)
    yield from _contexts(message)
    yield from caller(vihf, how, common_name)
    value = message.value
    if isinstance(value, s.TraitsSearch):
        yield from _traits_search(value)
    elif isinstance(value, s.CardSearch):
        yield from _card_search(value)
    elif isinstance(value, s.Verification):
        yield from _verification(value, "IndividuVerifie")
    elif isinstance(value, s.BatchVerification):
        for number, one in enumerate(value.verifications, 1):
            yield from _verification(one, f"IndividuVerifie[{number}]")


def _addressing(message: s.Message, action: str) -> Iterator[Finding]:
    addressing = message.addressing
    if not addressing.message_id:
        yield CODES.finding("insi.request.addressing", "MessageID", expected="MessageID", subject="MessageID")
    if not addressing.action:
        yield CODES.finding("insi.request.addressing", "Action", expected="Action", subject="Action")
    if message.operation in ("search-traits", "search-card"):  # the names of the others are not published
        wanted = s.ACTION + s.NAMES[message.operation]
        for told in dict.fromkeys((addressing.action, action)):
            if told and told != wanted:
                yield CODES.finding("insi.request.action", "Action", seen=told, expected=wanted)


def _contexts(message: s.Message) -> Iterator[Finding]:
    for name, context in (("ContexteBAM", message.bam), ("ContexteLPS", message.lps)):
        if context is None:
            yield CODES.finding("insi.request.context", name, subject=name, expected=name)
            continue
        if context.version != _CONTEXTS[name]:
            yield CODES.finding("insi.request.context-version", name, seen=context.version, expected=_CONTEXTS[name])
        for field, value in (("Id", context.id), ("Temps", context.time), ("Emetteur", context.sender)):
            if not value:
                yield CODES.finding("insi.request.context", f"{name}/{field}", subject=field, expected=field)
        if context.time and not _UTC.fullmatch(context.time):
            yield CODES.finding("insi.request.time", f"{name}/Temps", seen=context.time)
    if message.lps is not None and not message.lps.idam:
        yield CODES.finding("insi.request.context", "ContexteLPS/LPS/IDAM", subject="IDAM", expected="IDAM")
    elif message.lps is not None and message.lps.idam_reference != "4":
        yield CODES.finding("insi.request.idam", "LPS/IDAM/@R", seen=message.lps.idam_reference, expected="4")


def caller(vihf: Vihf | None, how: Mode, common_name: str) -> Iterator[Finding]:
    """Findings on how a caller says who it is."""
    if vihf is None:
        if common_name not in SOFTWARE:
            yield CODES.finding("insi.caller.certificate", "TLS", seen=common_name, expected=" ".join(SOFTWARE))
        return
    if how == "assertion":
        yield CODES.finding("insi.caller.qualifier", "NameID/@NameQualifier", seen=vihf.name_qualifier)
    if common_name in SOFTWARE:
        yield CODES.finding("insi.caller.both", "wsse:Security", seen=common_name)
    if not vihf.name_id:
        yield CODES.finding("insi.caller.attribute", "NameID", subject="NameID", expected="NameID")
    if vihf.signature is None and how != "PSC":
        yield CODES.finding("insi.caller.unsigned", "Signature", seen=vihf.name_qualifier)
    elif vihf.signature is not None and not vihf.signature.intact:
        yield CODES.finding("insi.caller.signature", "Signature", seen=vihf.signature.reason)
    for name in ("identifiantFacturation", "secteurActivite"):
        if not vihf.text(name):
            yield CODES.finding("insi.caller.attribute", name, subject=name, expected=name)


def _traits_search(asked: s.TraitsSearch) -> Iterator[Finding]:
    required = (
        ("NomNaissance", asked.birth_name),
        ("Prenom", " ".join(asked.given)),
        ("Sexe", asked.sex),
        ("DateNaissance", asked.birth),
    )
    for name, value in required:
        if not value:
            yield CODES.finding("insi.request.criterion", name, subject=name, expected=name)
    yield from _names(asked.birth_name, asked.given)
    yield from _plain(asked.sex, asked.birth, asked.place)


def _card_search(asked: s.CardSearch) -> Iterator[Finding]:
    if asked.number is None and asked.holder is None:
        yield CODES.finding(
            "insi.request.criterion", "MatriculeIndividu", subject="MatriculeIndividu", expected="MatriculeIndividu"
        )
    for name, number in (("MatriculeIndividu", asked.number), ("MatriculeOD", asked.holder)):
        if number is not None:
            yield from _number(number, name)
    yield from _names(asked.birth_name, ())
    yield from _plain("", asked.birth, "")


def _verification(asked: s.Verification, where: str) -> Iterator[Finding]:
    if asked.ins is None:
        yield CODES.finding("insi.request.criterion", f"{where}/INSFourni", subject="INSFourni", expected="INSFourni")
    else:
        yield from _number(asked.ins.number, f"{where}/INSFourni/IdIndividu")
        if not asked.ins.oid or not oids.is_ins(asked.ins.oid):
            yield CODES.finding("insi.request.oid", f"{where}/INSFourni/OID", seen=asked.ins.oid)
    told = asked.traits
    required = (
        ("NomNaissance", told.birth_name),
        ("ListePrenom", told.given),
        ("Sexe", told.sex),
        ("DateNaissance", told.birth),
    )
    for name, value in required:
        if not value:
            yield CODES.finding("insi.request.criterion", f"{where}/{name}", subject=name, expected=name)
    yield from _names(told.birth_name, (told.given,) if told.given else (), f"{where}/")
    yield from _plain(told.sex, told.birth, told.place, f"{where}/")


def _number(number: s.Number, where: str) -> Iterator[Finding]:
    if not _THIRTEEN.fullmatch(number.thirteen) or (number.key and not _KEY.fullmatch(number.key)):
        seen = f"{number.thirteen} {number.key}".strip()
        yield CODES.finding("insi.request.number", where, seen=seen, expected="NumIdentifiant 13, Cle 2")
    elif number.key and nir.is_matricule(number.matricule) and not nir.key_ok(number.matricule):
        yield CODES.finding("insi.request.key", where, seen=number.key, expected=nir.key(number.thirteen))


def _names(name: str, given: tuple[str, ...], where: str = "") -> Iterator[Finding]:
    for fault in traits.birth_name_faults(name) if name else ():
        yield CODES.finding("insi.request.name", f"{where}NomNaissance", seen=name, cause=fault)
    for one in given:
        for fault in traits.given_name_faults(one):
            yield CODES.finding("insi.request.name", f"{where}Prenom", seen=one, cause=fault)


def _plain(sex: str, birth: str, place: str, where: str = "") -> Iterator[Finding]:
    for name, value, form in (
        ("Sexe", sex, _SEX),
        ("DateNaissance", birth, _DATE),
        ("LieuNaissance", place, _PLACE),
    ):
        if value and not form.fullmatch(value):
            yield CODES.finding("insi.request.form", f"{where}{name}", seen=value, subject=name)
