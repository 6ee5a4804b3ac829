"""Stay and movement: PV1, PV2, ZBE and the other Z segments (IHE ITI TF-4 4.1.2; PAM FR 2.11.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.rules.fields import shifted
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings, luhn
from conformance.standards.hl7v2.rules.msh import earlier
from conformance.standards.hl7v2.values import Identifier

HOUSED = frozenset(
    ("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A11", "A12", "A13", "A14", "A15", "A16", "A21", "A22", "A25")
) | {"A26", "A27", "A38"}
"""Events for which TF-4 4.1.3.3.1.4 asks for the ward of accommodation."""

_LUNAR = re.compile(r"\d{2}/\d{2}/\d{4}|\d{2}\^\d{2}\^\d{4}|\d{8}")


def _class_of_identity(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in ("A28", "A31") and m.patient_class not in ("", "N"):
        yield Hit("PV1-2", _line(m, "PV1"), seen=m.patient_class, expected="N")


def _class_of_stay(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in events.MOVEMENTS and m.patient_class == "N":
        yield Hit("PV1-2", _line(m, "PV1"), seen="N", expected="E, I, O, R")


def _line(m: AdtMessage, name: str) -> int | None:
    segment = m.message.first(name)
    return segment.line if segment is not None else None


def _no_unit(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in HOUSED and m.patient_class in ("I", "O", "E", "R") and not m.location:
        yield Hit("PV1-3.1", _line(m, "PV1"), expected="UF d'hébergement")


def _no_visit(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in events.MOVEMENTS and m.patient_class in ("I", "O", "E", "R") and m.visit is None:
        yield Hit("PV1-19", _line(m, "PV1"), expected="CX ... VN")


def _stay_in_identity(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """With PV1-2 = N nothing else of PV1 is valued, its set id apart."""
    if m.event not in ("A28", "A31") or m.patient_class != "N":
        return
    pv1 = m.message.first("PV1")
    for number in range(3, len(pv1.fields)) if pv1 is not None else ():
        if pv1 is not None and pv1.raw_field(number):
            yield Hit(f"PV1-{number}", pv1.line, seen=pv1.value(number), subject="PV1")
            return


def _movement_domain(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """The domain of a movement is EI-2, or EI-3 and 4, or all three."""
    zbe = m.message.first("ZBE")
    if zbe is None or m.zbe is None or shifted(zbe):
        return
    for n in range(1, len(m.zbe.ids) + 1):
        if not zbe.value(1, 2, repetition=n) and not zbe.value(1, 3, repetition=n):
            yield Hit("ZBE-1.2", zbe.line, seen=zbe.value(1, 1, repetition=n))


def _visit_type(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.visit is not None and m.visit.type != "VN":
        yield Hit("PV1-19.5", m.visit.line, seen=m.visit.type, expected="VN")


def _visit_is_authority(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.visit is not None and m.visit.value and m.visit.value == m.visit.oid:
        yield Hit("PV1-19.1", m.visit.line, seen=m.visit.value)


def _finess(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """Nine digits given as the authority of a dossier or of a venue are a FINESS number, of which the last is a key."""
    given: list[Identifier | None] = [m.patient.account if m.patient is not None else None, m.visit]
    for path, id in zip(("PID-18.4.2", "PV1-19.4.2"), given, strict=True):
        if id is not None and re.fullmatch(r"\d{9}", id.oid) and not luhn(id.oid):
            yield Hit(path, id.line, seen=id.oid)


def _stay_dates(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for name, first, last in (("PV2", 8, 9), ("PV1", 44, 45)):
        segment = m.message.first(name)
        if segment is None:
            continue
        start, end = segment.value(first, 1), segment.value(last, 1)
        if start and end and earlier(end, start):
            yield Hit(f"{name}-{last}", segment.line, seen=end, expected=f">= {name}-{first} = {start}")


def _shifted(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    for zbe in m.message.all("ZBE"):
        if shifted(zbe):
            yield Hit("ZBE-5", zbe.line, seen=zbe.value(5), expected="ZBE-4")


def _action(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """Insertion by the event itself, update by Z99, cancellation by the event that cancels (historic movements)."""
    if m.zbe is None or m.zbe.action not in ("INSERT", "UPDATE", "CANCEL"):
        return
    expected = "CANCEL" if m.event in events.CANCELS else "UPDATE" if m.event == "Z99" else "INSERT"
    if m.event in events.CLASS_CHANGES and m.zbe.action == "CANCEL":
        return
    if m.event in events.MOVEMENTS and m.zbe.action != expected:
        yield Hit("ZBE-4", m.zbe.line, seen=f"{m.event} {m.zbe.action}", expected=expected)


def _origin(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.zbe is not None and m.zbe.action in ("UPDATE", "CANCEL") and not m.zbe.origin:
        yield Hit("ZBE-6", m.zbe.line, expected=" | ".join(events.CANCELS.get(m.event, ("A01",))))


def _unit(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.zbe is None:
        return
    for letter, field, unit in (("M", "ZBE-7", m.zbe.medical), ("S", "ZBE-8", m.zbe.care)):
        if letter in m.zbe.nature and (unit is None or not unit.code):
            yield Hit(field, m.zbe.line, seen=f"ZBE-9 = {m.zbe.nature}", expected=f"{field}.10")


def _consent_dates(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.zfa is None:
        return
    z = m.zfa
    rows = (("ZFA-10", z.feeding, z.feeding_at), ("ZFA-12", z.consultation, z.consultation_at))
    for field, code, date in rows:
        if code == "NA" and date:
            yield Hit(field, m.zfa.line, seen=date, expected="")
        elif code not in ("", "NA") and not date:
            yield Hit(field, m.zfa.line, seen=code, expected="date")


def _lunar(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.zfd is not None and m.zfd.lunar not in ("", '""') and _LUNAR.fullmatch(m.zfd.lunar) is None:
        yield Hit("ZFD-1", m.zfd.line, seen=m.zfd.lunar, expected="JJ^MM^AAAA")


STAY_RULES: Rules = (
    Rule("hl7v2.pam.class-of-identity", _class_of_identity),
    Rule("hl7v2.pam.class-of-stay", _class_of_stay),
    Rule("hl7v2.pam.no-unit", _no_unit),
    Rule("hl7v2.pam.no-visit", _no_visit),
    Rule("hl7v2.pam.stay-in-identity", _stay_in_identity),
    Rule("hl7v2.pam.movement-domain", _movement_domain),
    Rule("hl7v2.pam.visit-type", _visit_type),
    Rule("hl7v2.pam.visit-is-authority", _visit_is_authority),
    Rule("hl7v2.pam.finess-key", _finess),
    Rule("hl7v2.pam.stay-dates", _stay_dates),
    Rule("hl7v2.pam.zbe-shifted", _shifted),
    Rule("hl7v2.pam.zbe-action", _action),
    Rule("hl7v2.pam.zbe-origin", _origin),
    Rule("hl7v2.pam.zbe-unit", _unit),
    Rule("hl7v2.pam.consent-date", _consent_dates),
    Rule("hl7v2.pam.lunar-date", _lunar),
)
