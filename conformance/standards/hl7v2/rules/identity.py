"""PID in any HL7 v2 message: the INS repetition and its traits (INS annex of the CI-SIS; rules shared with `ins`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from conformance.evidence.values import Finding, Severity
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.values import DocumentMessage, Identifier, PidIdentity
from conformance.standards.ins import nir, oids
from conformance.standards.ins.rules import judge_matricule, judge_traits


class Identified(Protocol):
    """Any message of which the first PID was read."""

    @property
    def patient(self) -> PidIdentity | None:
        """Its identity, None without a PID."""


_NAMESPACES = ("ASIP-SANTE-INS-NIR", "ASIP-SANTE-INS-NIA")

_SEVERITIES: Mapping[str, Severity] = {
    # Written rules of the annex for a message, where the shared rule only warns because it reads other carriers too.
    "ins.oid.environment": Severity.ERROR,
    "ins.trait.name": Severity.ERROR,
}


def _ins(m: Identified) -> Iterator[tuple[PidIdentity, Identifier]]:
    """The identity and the repetition of PID-3 typed INS, when there is one."""
    if m.patient is not None and m.patient.ins is not None:
        yield m.patient, m.patient.ins


def judge_ins(m: Identified, settings: Settings) -> Iterator[Finding]:
    """The shared findings on a matricule and on the strict traits beside it, placed in PID."""
    for patient, ins in _ins(m):
        name = patient.name("L")
        found = [
            *judge_matricule(
                ins.value,
                ins.oid,
                path=ins.path,
                environment=settings.ins,
                sex=patient.sex,
                birth=patient.birth_date[:8],
            ),
            *judge_traits(
                birth_name=name.family if name else "",
                given=" ".join(name.given_list) if name else "",
                first_given=name.given if name else "",
                path=name.path if name else "PID-5",
                birth=patient.birth_date,
                place=patient.birth_place,
            ),
        ]
        for finding in found:
            severity = _SEVERITIES.get(finding.code, finding.severity)
            yield replace(finding, severity=severity, location=replace(finding.location, line=ins.line))


def _no_identifier(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.patient is not None and not any(i.value for i in m.patient.identifiers):
        yield Hit("PID-3", m.patient.line)


def _no_name(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.patient is not None and not any(n.family for n in m.patient.names):
        yield Hit("PID-5", m.patient.line)


def _oid_type(m: Identified, _: Settings) -> Iterator[Hit]:
    for _p, ins in _ins(m):
        if ins.oid_type != "ISO":
            seen = f"{ins.namespace}&{ins.oid}&{ins.oid_type}"
            yield Hit(f"{ins.path}.4", ins.line, seen=seen, expected="ASIP-SANTE-INS-NIR&<OID>&ISO")


def _namespace(m: Identified, _: Settings) -> Iterator[Hit]:
    for _p, ins in _ins(m):
        authority = oids.authority(ins.oid)
        # No test OID is published for the NIA: under a test OID both namespaces are understood.
        production = authority is not None and authority.environment == "production"
        allowed = (authority.namespace,) if authority is not None and production else _NAMESPACES
        if ins.namespace not in allowed:
            yield Hit(f"{ins.path}.4.1", ins.line, seen=ins.namespace, expected=" | ".join(allowed))


def _not_qualified(m: Identified, _: Settings) -> Iterator[Hit]:
    for patient, ins in _ins(m):
        if not patient.qualified:
            yield Hit("PID-32", ins.line, seen="~".join(patient.status), expected="VALI")


def _repeated(m: Identified, _: Settings) -> Iterator[Hit]:
    if m.patient is not None:
        for other in [i for i in m.patient.identifiers if i.type == "INS"][1:]:
            yield Hit(other.path, other.line, seen=other.value)


def _birth_place(m: Identified, _: Settings) -> Iterator[Hit]:
    """Worth knowing only when the rest of the matricule does speak of this person."""
    for patient, ins in _ins(m):
        place = ins.value[5:10]
        if not patient.birth_place or patient.birth_place == place or not nir.key_ok(ins.value):
            continue
        meant = nir.meaning(ins.value)
        same_sex = meant.sex is None or meant.sex == patient.sex
        month = "" if meant.month is None else f"{meant.month:02d}"
        if same_sex and patient.birth_date[2:6].startswith(f"{meant.year:02d}{month}"):
            yield Hit("PID-11.9", ins.line, seen=patient.birth_place, expected=place)


def _birth_date(m: Identified, _: Settings) -> Iterator[Hit]:
    # With an INS, the shared rules judge the date.
    if m.patient is None or m.patient.ins is not None or not m.patient.birth_date:
        return
    if re.fullmatch(r"\d{8}", m.patient.birth_date) is None:
        yield Hit("PID-7", m.patient.line, seen=m.patient.birth_date, expected="AAAAMMJJ")


def _sex(m: Identified, _: Settings) -> Iterator[Hit]:
    if m.patient is not None and m.patient.sex not in ("", "F", "M", "U", "O"):
        yield Hit("PID-8", m.patient.line, seen=m.patient.sex, expected="F, M, U")


def _authorities(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    account = m.patient.account if m.patient is not None else None
    visit = m.visit
    if account is None or visit is None or not account.namespace:
        return
    if account.namespace == visit.namespace and account.oid and visit.oid and account.oid != visit.oid:
        yield Hit("PID-18.4", account.line, seen=account.oid, expected=f"PV1-19.4 = {visit.oid}", subject="authority")


IDENTITY_RULES: Rules = (
    Rule("hl7v2.ins.oid-type", _oid_type),
    Rule("hl7v2.ins.namespace", _namespace),
    Rule("hl7v2.ins.not-qualified", _not_qualified),
    Rule("hl7v2.ins.repeated", _repeated),
    Rule("hl7v2.ins.birth-place", _birth_place),
    Rule("hl7v2.pid.birth-date", _birth_date),
    Rule("hl7v2.pid.sex", _sex),
)
"""For every message that has a PID segment, beside `judge_ins`."""

DOCUMENT_RULES: Rules = (
    Rule("hl7v2.pid.no-identifier", _no_identifier),
    Rule("hl7v2.pid.no-name", _no_name),
    Rule("hl7v2.pid.authorities", _authorities),
)
