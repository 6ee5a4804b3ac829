"""Identity in a PAM message: PID-3, 5, 18, 32, MRG (IHE ITI TF-4 4.1.1.5; referentiel INS; PAM FR 2.11.2)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.tables import RELIABILITY_BEFORE, RELIABILITY_LATER
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings, version
from conformance.standards.hl7v2.values import Identifier

DOUBTS = frozenset({"DOUT", "FICT"})
"""Attributes (douteuse, fictive) that force the status provisoire and take the INS away."""


def _birth_name(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.patient is not None and m.patient.names and not any(n.type == "L" for n in m.patient.names):
        yield Hit("PID-5.7", m.patient.line, seen="~".join(n.type for n in m.patient.names), expected="L")


def _account(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.event in events.MOVEMENTS and m.patient is not None and m.patient.account is None:
        yield Hit("PID-18", m.patient.line, expected="CX ... AN")


def _account_type(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    account = m.patient.account if m.patient is not None else None
    if account is not None and account.type != "AN":
        yield Hit("PID-18.5", account.line, seen=account.type, expected="AN")


def _reliability(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.patient is None:
        return
    for code in m.patient.status:
        raw = code.encode()
        if raw not in RELIABILITY_BEFORE and raw not in RELIABILITY_LATER and code not in ("", '""'):
            expected = "VALI + PID-3 INS" if code == "QUAL" else "PROV" if code == "RECUP" else "table 0445"
            yield Hit("PID-32", m.patient.line, seen=code, expected=expected)


def _reliability_later(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    known = version(m.version)
    if m.patient is None or known is None or known >= (2, 11):
        return
    for code in m.patient.status:
        if code.encode() in RELIABILITY_LATER:
            yield Hit("PID-32", m.patient.line, seen=code, expected="table 0445 (2.9)")


def _contradiction(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    if m.patient is None:
        return
    said = set(m.patient.status)
    if "VALI" in said and (said & DOUBTS or {"PROV", "VIDE"} & said):
        yield Hit("PID-32", m.patient.line, seen="~".join(m.patient.status), expected="VALI | PROV")


def _doubtful_ins(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    patient = m.patient
    if patient is not None and patient.ins is not None and DOUBTS & set(patient.status):
        yield Hit("PID-3", patient.ins.line, seen=f"INS, PID-32 = {'~'.join(patient.status)}")


def _ins_place(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """The strict traits that go with an INS: a date, a sex, a birth place."""
    patient = m.patient
    if patient is None or not patient.qualified:
        return
    for path, value in (("PID-7", patient.birth_date), ("PID-8", patient.sex), ("PID-11 (BDL)", patient.birth_place)):
        if not value:
            yield Hit(path, patient.line, subject=path)


def _no_prior(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """Merging an identity into itself, or replacing an identifier by the same one."""
    if m.event not in ("A40", "A47") or m.patient is None or m.groups > 1:
        return
    kept = {_key(i) for i in m.patient.identifiers if i.value}
    for prior in m.merged:
        if prior.value and _key(prior) in kept:
            yield Hit(prior.path, prior.line, seen=f"{prior.value} ({prior.namespace or prior.oid})")


def _key(i: Identifier) -> tuple[str, str]:
    return (i.value, i.oid or i.namespace)


def _other_domain(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """A change of identifier replaces an identifier of PID-3 given by the same authority."""
    if m.event != "A47" or m.patient is None:
        return
    domains = {i.oid or i.namespace for i in m.patient.identifiers}
    for prior in m.merged:
        if prior.value and (prior.oid or prior.namespace) not in domains:
            yield Hit(f"{prior.path}.4", prior.line, seen=prior.oid or prior.namespace, expected=" | ".join(domains))


def _other_type(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """What is merged is merged with an identifier of the same type."""
    if m.event != "A40" or m.patient is None or m.groups > 1:
        return
    kept = {i.type for i in m.patient.identifiers}
    for prior in m.merged:
        if prior.type and "" not in kept and prior.type not in kept:
            yield Hit(f"{prior.path}.5", prior.line, seen=prior.type, expected=" | ".join(sorted(kept)))


def _prior_ins(m: AdtMessage, _: Settings) -> Iterator[Hit]:
    """A merge names the identity that disappears by its local identifier: an INS alone designates a person."""
    if m.event == "A40" and m.merged and all(i.type == "INS" for i in m.merged):
        yield Hit("MRG-1", m.merged[0].line, seen="INS", expected="PI")


IDENTITY_RULES: Rules = (
    Rule("hl7v2.pam.no-birth-name", _birth_name),
    Rule("hl7v2.pam.no-account", _account),
    Rule("hl7v2.pam.account-type", _account_type),
    Rule("hl7v2.pam.reliability", _reliability),
    Rule("hl7v2.pam.reliability-later", _reliability_later),
    Rule("hl7v2.pam.reliability-contradiction", _contradiction),
    Rule("hl7v2.pam.ins-of-doubtful", _doubtful_ins),
    Rule("hl7v2.pam.ins-without-trait", _ins_place),
    Rule("hl7v2.pam.merge-with-itself", _no_prior),
    Rule("hl7v2.pam.change-of-other-domain", _other_domain),
    Rule("hl7v2.pam.merge-of-other-type", _other_type),
    Rule("hl7v2.pam.merge-by-ins", _prior_ins),
)
