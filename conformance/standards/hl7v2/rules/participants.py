"""PRT: sender, recipients, reply address (volet V2.1 section PRT, pre-adopted from HL7 v2.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings, luhn
from conformance.standards.hl7v2.tables import PARTICIPATIONS, PROFESSIONAL_OID, STRUCTURE_OID
from conformance.standards.hl7v2.values import DocumentMessage, Participant
from conformance.standards.ins import nir, oids

_RPPS = re.compile(r"8[0-9]{11}")
PATIENT_DOMAIN = "patient.mssante.fr"
PROFESSIONAL_TYPES = ("IDNPS", "RPPS")
# The guide prints SVR, table 0203 of Interop'Santé has SRV.
STRUCTURE_TYPES = ("FINEJ", "FINEG", "IDNST", "UF", "SVR", "SRV")
INSIDE_TYPES = ("UF", "SVR", "SRV")


def is_patient(p: Participant) -> bool:
    """True when the participant is the patient: typed INS, or with a patient's mailbox."""
    typed = p.person is not None and p.person.id_type == "INS"
    return typed or p.address.lower().endswith(f"@{PATIENT_DOMAIN}")


def _professionals(m: DocumentMessage) -> Iterator[Participant]:
    return (p for p in m.participants if p.person is not None and not is_patient(p))


def _patients(m: DocumentMessage) -> Iterator[Participant]:
    return (p for p in m.participants if is_patient(p))


def _none(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if not m.participants:
        yield Hit("PRT", m.documents[0].line if m.documents else None)


def _no_sender(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if not m.with_role("SB") and (m.flow == "to-lps" or m.flags["DESTDMP"]):
        yield Hit("PRT", m.documents[0].line if m.documents else None, expected="SB")


def _no_recipient(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """A mail that is asked for needs the mailbox it goes to."""
    wanted = (("DESTMSSANTEPS", False), ("DESTMSSANTEPAT", True))
    for flag, patient in wanted:
        if m.flags[flag] and not any(is_patient(p) is patient and p.address for p in m.with_role("RCT")):
            yield Hit("PRT", m.documents[0].line if m.documents else None, expected=f"RCT ({flag} = Y)", subject=flag)


def _role(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.role not in PARTICIPATIONS:
            yield Hit(p.path("4.1"), p.line, seen=p.role, expected=", ".join(PARTICIPATIONS))


def _action(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.action != "UC":
            yield Hit(p.path("2"), p.line, seen=p.action, expected="UC")


def _label(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        label = PARTICIPATIONS.get(p.role)
        if label is not None and (p.role_label.casefold(), p.role_table) != (label.casefold(), "participation"):
            said = f"{p.role}^{p.role_label}^{p.role_table}"
            yield Hit(p.path("4"), p.line, seen=said, expected=f"{p.role}^{label}^participation")


def _order(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    rank = {role: n for n, role in enumerate(PARTICIPATIONS)}
    ranks = [(rank[p.role], p) for p in m.participants if p.role in rank]
    for (before, _p), (after, p) in pairwise(ranks):
        if after < before:
            yield Hit(p.path("4"), p.line, seen=p.role, expected=", ".join(PARTICIPATIONS))
            return


def _namespace_blank(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.person is not None and any(c.isspace() for c in p.person.namespace):
            yield Hit(p.path("5.9.1"), p.line, seen=p.person.namespace)


def _rpps(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _professionals(m):
        number = p.person.id if p.person is not None else ""
        if _RPPS.fullmatch(number) and not luhn(number[1:]):
            yield Hit(p.path("5.1"), p.line, seen=number)


def _professional_authority(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _professionals(m):
        if p.person is not None and p.person.id and (p.person.oid, p.person.oid_type) != (PROFESSIONAL_OID, "ISO"):
            said = f"{p.person.namespace}&{p.person.oid}&{p.person.oid_type}"
            yield Hit(p.path("5.9"), p.line, seen=said, expected=f"ASIP-SANTE-PS&{PROFESSIONAL_OID}&ISO")


def _professional_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _professionals(m):
        if p.person is not None and p.person.id and p.person.id_type not in PROFESSIONAL_TYPES:
            yield Hit(p.path("5.13"), p.line, seen=p.person.id_type, expected=" | ".join(PROFESSIONAL_TYPES))


def _no_author(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.with_role("SB"):
        if not p.device and (p.person is None or not p.person.id):
            yield Hit(p.path("5"), p.line)


def _no_structure(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.with_role("SB"):
        if p.organisation is None or not p.organisation.id:
            yield Hit(p.path("8.10"), p.line)


def _structure_name(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.with_role("SB"):
        if p.organisation is not None and not p.organisation.name:
            yield Hit(p.path("8.1"), p.line)


def _structure_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.organisation is not None and p.organisation.id and p.organisation.id_type not in STRUCTURE_TYPES:
            yield Hit(p.path("8.7"), p.line, seen=p.organisation.id_type, expected=", ".join(STRUCTURE_TYPES))


def _structure_authority(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        o = p.organisation
        if o is None or not o.id or o.id_type in INSIDE_TYPES:
            continue
        if (o.oid, o.oid_type) != (STRUCTURE_OID, "ISO"):
            said = f"{o.namespace}&{o.oid}&{o.oid_type}"
            yield Hit(p.path("8.6"), p.line, seen=said, expected=f"ASIP-SANTE-ST&{STRUCTURE_OID}&ISO")


def _finess(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        o = p.organisation
        if o is not None and o.id_type in ("FINEG", "FINEJ") and o.id and len(o.id.strip()) != 9:
            yield Hit(p.path("8.10"), p.line, seen=o.id, expected="FINESS (9)")


def _address_use(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.address_use:
            yield Hit(p.path("15.2"), p.line, seen=p.address_use)


def _no_address(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """Without PRT-15.4 nothing can be sent there; an address one field too far is the guide's own misprint."""
    segments = list(m.message.all("PRT"))
    for p in m.participants:
        due = p.role in ("RCT", "REPLY") or (p.role == "SB" and m.flow == "to-lps")
        if due and not p.address:
            prt = segments[p.occurrence - 1]
            elsewhere = next((n for n in range(1, len(prt.fields)) if b"@" in prt.raw_field(n)), None)
            yield Hit(p.path("15.4"), p.line, seen=f"PRT-{elsewhere}" if elsewhere else "")


def _address_type(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in m.participants:
        if p.address and p.address_type != "X.400":
            yield Hit(p.path("15.3"), p.line, seen=p.address_type, expected="X.400")


def _patient_matricule(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _patients(m):
        id = p.person.id if p.person is not None else ""
        if not nir.is_matricule(id):
            yield Hit(p.path("5.1"), p.line, seen=id, subject="PRT-5.1")
        mailbox, _at, domain = p.address.partition("@")
        if domain.lower() == PATIENT_DOMAIN and not nir.is_matricule(mailbox):
            yield Hit(p.path("15.4"), p.line, seen=p.address, subject="PRT-15.4")


def _patient_authority(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    for p in _patients(m):
        person = p.person
        if person is not None and (not oids.is_ins(person.oid) or person.oid_type != "ISO"):
            said = "&".join(filter(None, (person.namespace, person.oid, person.oid_type)))
            yield Hit(p.path("5.9"), p.line, seen=said, expected="[ns]&1.2.250.1.213.1.4.x&ISO")


def _live_mailbox(m: DocumentMessage, settings: Settings) -> Iterator[Hit]:
    """A sender of test data with a mailbox whose domain does not say test."""
    for p in m.with_role("SB") if settings.ins == "test" else ():
        domain = p.address.rpartition("@")[2].lower()
        if domain.endswith(".mssante.fr") and not any(word in domain for word in ("test", "formation", "demo")):
            yield Hit(p.path("15.4"), p.line, seen=p.address)


DOCUMENT_RULES: Rules = (
    Rule("hl7v2.prt.none", _none, to_pfi="2.1", silent_before=True),
    Rule("hl7v2.prt.no-sender", _no_sender, to_pfi="2.0", silent_before=True),
    Rule("hl7v2.prt.no-recipient", _no_recipient, to_pfi="2.0", to_lps=None, silent_before=True),
    Rule("hl7v2.prt.role", _role),
    Rule("hl7v2.prt.action", _action),
    Rule("hl7v2.prt.label", _label, to_pfi="2.1", to_lps="1.1"),
    Rule("hl7v2.prt.order", _order),
    Rule("hl7v2.prt.namespace-blank", _namespace_blank),
    Rule("hl7v2.prt.rpps-key", _rpps),
    Rule("hl7v2.prt.professional-authority", _professional_authority, to_pfi="2.0"),
    Rule("hl7v2.prt.professional-type", _professional_type, to_pfi="2.0"),
    Rule("hl7v2.prt.no-author", _no_author, to_pfi="2.0", to_lps=None),
    Rule("hl7v2.prt.no-structure", _no_structure, to_pfi="2.0", to_lps=None),
    Rule("hl7v2.prt.structure-name", _structure_name, to_pfi="2.1", to_lps=None),
    Rule("hl7v2.prt.structure-type", _structure_type, to_pfi="2.0"),
    Rule("hl7v2.prt.structure-authority", _structure_authority, to_pfi="2.0"),
    Rule("hl7v2.prt.finess-form", _finess),
    Rule("hl7v2.prt.address-use", _address_use),
    Rule("hl7v2.prt.no-address", _no_address),
    Rule("hl7v2.prt.address-type", _address_type),
    Rule("hl7v2.prt.patient-matricule", _patient_matricule),
    Rule("hl7v2.prt.patient-authority", _patient_authority),
    Rule("hl7v2.prt.live-mailbox", _live_mailbox),
)
