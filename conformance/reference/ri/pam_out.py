"""PAM messages of the repository: A28, A31, A40, A47 of ITI-30 with the French extension, and answers. Own templates.

Source: PAM-FR fact sheet, sections 2, 3, 5 and 7; INS fact sheet, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conformance.reference.config_identity import Domain, Pam
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.values import Identity, Ins
from conformance.standards.hl7v2.syntax import Field, build, build_segment

STRUCTURES = {"A28": "ADT_A05", "A31": "ADT_A05", "A40": "ADT_A39", "A47": "ADT_A30"}
CHARSET = "UNICODE UTF-8"
PROOFS = frozenset(["AN", "CC", "CE", "CM", "CN", "CS", "LE", "PA", "PC", "TC", "AV", "DC", "AC", "IE"])
"""ZFD-7: kinds of proof."""
LABELS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "204": "Unknown key identifier",
    "207": "Application internal error",
}


@dataclass(frozen=True, slots=True)
class House:
    """Who writes: MSH-3 and MSH-4, our domain, and what stands for the receiver."""

    application: str
    facility: str
    domain: Domain
    told: Pam


def message(
    event: str,
    identity: Identity,
    house: House,
    rules: IdentityBehaviour,
    control: str,
    now: datetime,
    *,
    merged: Sequence[str] = (),
) -> bytes:
    """One message about an identity; `merged` are the numbers of MRG-1 (A40, A47)."""
    segments = [_msh(event, house, control, now), _evn(now), _pid(identity, house, rules, event)]
    if merged:
        numbers: list[Field] = [_ipp(number, house.domain) for number in merged]
        segments.append(build_segment("MRG", {1: numbers}))
    if event in ("A28", "A31"):
        segments.append(build_segment("PV1", {2: "N"}))
        segments += _zfd(identity, rules)
    return build(segments)


def _stamp(now: datetime) -> str:
    return now.strftime("%Y%m%d%H%M%S")


def _msh(event: str, house: House, control: str, now: datetime) -> bytes:
    told = house.told
    return build_segment(
        "MSH",
        {
            3: house.application,
            4: house.facility,
            5: told.application,
            6: told.facility,
            7: _stamp(now),
            9: ("ADT", event, STRUCTURES[event]),
            10: control,
            11: "P",
            12: ("2.5", "FRA", told.version),
            17: "FRA",
            18: CHARSET,
            21: (told.version, f"IHE_FRANCE-{told.version}-PAM"),
        },
    )


def _evn(now: datetime) -> bytes:
    return build_segment("EVN", {2: _stamp(now)})


def _ipp(number: str, domain: Domain) -> Field:
    return (number, "", "", (domain.name, domain.oid, "ISO"), "PI")


def _ins(ins: Ins) -> Field:
    return (ins.matricule, "", "", (f"ASIP-SANTE-INS-{ins.nature}", ins.oid, "ISO"), "INS", "", ins.since)


def _pid(identity: Identity, house: House, rules: IdentityBehaviour, event: str) -> bytes:
    traits, secondary = identity.traits, identity.secondary
    ins = rules.told_ins(identity)
    numbers: list[Field] = [_ipp(identity.ipp, house.domain), *([_ins(ins)] if ins is not None else [])]
    listed = " ".join(traits.given_names)
    names: list[Field] = [(traits.birth_name, traits.first_given, listed, "", "", "", "L")]
    if secondary.used_name or secondary.used_given:
        used = (secondary.used_name or traits.birth_name, secondary.used_given or traits.first_given)
        names.append((*used, "", "", "", "", "D"))
    addresses: list[Field] = [("", "", "", "", "", "", "BDL", "", traits.place)] if traits.place else []
    if secondary.address:
        addresses.append((secondary.address, "", "", "", "", "", "H"))
    fields: dict[int, Field] = {3: numbers, 5: names, 7: traits.birth, 8: traits.sex, 11: addresses}
    contacts: list[Field] = []
    if secondary.phone:
        contacts.append(("", "PRN", "PH", "", "", "", "", "", "", "", "", secondary.phone))
    if secondary.mail:
        contacts.append(("", "NET", "Internet", secondary.mail))
    if contacts:
        fields[13] = contacts
    reliability: list[Field] = list(rules.told_reliability(identity))
    if reliability:
        fields[32] = reliability
    del event
    return build_segment("PID", fields)


def _zfd(identity: Identity, rules: IdentityBehaviour) -> list[bytes]:
    """The demographic complement: left out when there is nothing to say."""
    fields: dict[int, Field] = {}
    if rules.told_ins(identity) is not None and identity.ins is not None:
        fields |= {5: "INSI", 6: identity.ins.since}
    if identity.document in PROOFS:
        fields[7] = identity.document
    return [build_segment("ZFD", fields)] if fields else []


def acknowledgement(
    head: tuple[str, str, str, str, str, str], code: str, control: str, now: datetime, error: tuple[str, str] | None
) -> bytes:
    """An ACK. `head` is MSH-3 to MSH-6, the event and MSH-10 of the message; `error` a code and a place."""
    application, facility, to_application, to_facility, event, about = head
    segments = [
        build_segment(
            "MSH",
            {
                3: to_application,
                4: to_facility,
                5: application,
                6: facility,
                7: _stamp(now),
                9: ("ACK", event, "ACK") if event else "ACK",
                10: control,
                11: "P",
                12: ("2.5", "FRA", "2.11"),
                17: "FRA",
                18: CHARSET,
            },
        ),
        build_segment("MSA", {1: code, 2: about}),
    ]
    if error is not None:
        place: Field = tuple(error[1].split("^"))
        cause: Field = (error[0], LABELS.get(error[0], LABELS["207"]), "HL70357")
        segments.append(build_segment("ERR", {2: place, 3: cause, 4: "E"}))
    return build(segments)
