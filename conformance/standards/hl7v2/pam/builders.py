"""Builds PAM messages from the fully resolved values of `orders.py`, and their acknowledgements (PAM FR 2.9, 2.11).

`adt` builds any event of PAM FR; `acknowledge` answers in original mode (AA, AE, AR) or enhanced mode (CA, CE, CR).
Both return ER7 bytes with CR segment ends, in the character set of the envelope.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from conformance.standards.hl7v2.orders import Endpoint, Envelope, ErrorRow, Ins, LocalId
from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.orders import (
    Address,
    AdtOrder,
    Agreement,
    Move,
    Origin,
    Person,
    Stay,
)
from conformance.standards.hl7v2.syntax import CHARSETS, Field, build, parse
from conformance.standards.hl7v2.values import Coded
from conformance.standards.hl7v2.writer import Writer, time

__all__ = [
    "Address",
    "AdtOrder",
    "Agreement",
    "Endpoint",
    "Envelope",
    "ErrorRow",
    "Ins",
    "LocalId",
    "Move",
    "Origin",
    "Person",
    "Stay",
    "acknowledge",
    "adt",
]

Code = Literal["AA", "AE", "AR", "CA", "CE", "CR"]


def adt(event: str, order: AdtOrder) -> bytes:
    """One ADT message of PAM FR.

    Raises ValueError when the order lacks what the event must say (MRG, PV1, ZBE) or when PAM FR has not the event,
    UnicodeEncodeError when the character set lacks a character.
    """
    structure = events.STRUCTURES.get(event)
    if structure is None:
        raise ValueError(f"PAM FR has no event {event}")
    w = Writer(order.envelope)
    _header(w, event, structure, order)
    _pid(w, order.person)
    if event in events.MERGES:
        _prior(w, order)
        return build(w.segments)
    if event in events.IDENTITY:
        w.add("PV1", {1: "1", 2: "N"})
    else:
        _movement(w, order)
    if order.agreement is not None:
        _agreement(w, order.agreement)
    if order.origin is not None:
        _origin(w, order.origin)
    return build(w.segments)


def _header(w: Writer, event: str, structure: str, order: AdtOrder) -> None:
    e = order.envelope
    w.add(
        "MSH",
        {
            3: e.sender.application,
            4: e.sender.facility,
            5: e.receiver.application,
            6: e.receiver.facility,
            7: time(e.sent_at),
            9: ("ADT", event, structure),
            10: e.control_id,
            11: e.processing,
            12: ("2.5", "FRA", order.version),
            15: order.accept,
            16: order.application,
            17: "FRA",
            18: e.charset,
            21: (order.version, f"IHE_FRANCE-{order.version}-PAM"),
        },
    )
    recorded = time(order.event_at or e.sent_at)
    planned = time(order.planned_at) if order.planned_at is not None else None
    # EVN-6 tells a past event and EVN-3 a planned one; a movement is past unless it is planned or pending.
    past = order.occurred_at
    if past is None and order.move is not None and planned is None and event in events.MOVEMENTS - events.PENDING:
        past = order.move.start
    w.add("EVN", {2: recorded, 3: planned, 6: time(past) if past is not None else None})


def _cx(id: LocalId) -> Field:
    return (id.value, "", "", (id.namespace, id.oid, id.oid_type), id.type)


def _pid(w: Writer, p: Person) -> None:
    ids: list[Field] = [_cx(i) for i in p.ids]
    if p.ins is not None:
        ids.append((p.ins.matricule, "", "", (p.ins.namespace, p.ins.oid, "ISO"), "INS"))
    first = p.first_given or (p.given_names[0] if p.given_names else "")
    names: list[Field] = [(p.birth_name, first, " ".join(p.given_names), "", "", "", "L")]
    if p.used_name or p.used_given:
        names.append((p.used_name or p.birth_name, p.used_given or first, "", "", "", "", "D"))
    places: list[Field] = []
    if p.address is not None:
        a = p.address
        places.append((a.street, "", a.town, "", a.postal_code, a.country, "H"))
    if p.birth_place:
        places.append(("", "", "", "", "", "", "BDL", "", p.birth_place))
    contacts: list[Field] = []
    if p.phone:
        contacts.append(("", "PRN", "PH", *[""] * 8, p.phone))
    if p.mail:
        contacts.append(("", "NET", "Internet", p.mail))
    w.add(
        "PID",
        {
            1: "1",
            3: ids,
            5: names,
            7: p.birth,
            8: p.sex,
            11: places or None,
            13: contacts or None,
            18: _cx(p.account) if p.account is not None else None,
            32: list(p.reliability),
            33: time(p.updated_at) if p.updated_at is not None else None,
        },
    )


def _prior(w: Writer, order: AdtOrder) -> None:
    if not order.merged:
        raise ValueError("a merge or a change of identifier says which identifiers disappear")
    name = order.merged_name
    w.add(
        "MRG",
        {1: [_cx(i) for i in order.merged], 7: (name[0], name[1], "", "", "", "", "L") if name is not None else None},
    )


def _movement(w: Writer, order: AdtOrder) -> None:
    stay, move = order.stay, order.move
    if stay is None or move is None:
        raise ValueError("a movement needs a stay (PV1) and its ZBE")
    w.add(
        "PV1",
        {
            1: "1",
            2: stay.patient_class,
            3: (stay.unit, "", "", stay.facility) if stay.unit or stay.facility else None,
            19: _cx(stay.visit) if stay.visit is not None else None,
            44: time(stay.admitted_at) if stay.admitted_at is not None else None,
            45: time(stay.discharged_at) if stay.discharged_at is not None else None,
            51: "V",
        },
    )
    namespace, universal = move.authority
    w.add(
        "ZBE",
        {
            1: (move.number, namespace, universal, "ISO" if universal else ""),
            2: time(move.start),
            4: move.action,
            5: "Y" if move.historic else "N",
            6: move.origin,
            7: _unit(move.medical, move.authority),
            8: _unit(move.care, move.authority),
            9: move.nature,
        },
    )


def _unit(unit: tuple[str, str] | None, authority: tuple[str, str]) -> Field:
    if unit is None:
        return None
    label, code = unit
    return (label, "", "", "", "", (*authority, "ISO" if authority[1] else ""), "UF", "", "", code)


def _agreement(w: Writer, a: Agreement) -> None:
    said = time(a.collected_at) if a.collected_at is not None else None
    fields: dict[int, Field] = {1: a.dmp, 2: said, 9: a.feeding, 11: a.consultation}
    fields[10] = said if a.feeding not in (None, "NA") else None
    fields[12] = said if a.consultation not in (None, "NA") else None
    w.add("ZFA", fields)


def _origin(w: Writer, o: Origin) -> None:
    letters = {True: "Y", False: "N", None: None}
    fields: dict[int, Field] = {
        1: o.lunar,
        3: letters[o.sms],
        4: letters[o.corrected],
        5: o.mode,
        6: o.asked_on,
        7: o.document,
        8: o.document_until,
    }
    # An empty Z segment must not be sent.
    if any(fields.values()):
        w.add("ZFD", fields)


def acknowledge(
    answered: bytes,
    *,
    control_id: str,
    sent_at: datetime,
    code: Code = "AA",
    errors: tuple[ErrorRow, ...] = (),
    text: str = "",
) -> bytes:
    """ACK of a PAM message: applications swapped, MSH-11, 12 and the character set copied, MSA-2 = its MSH-10.

    Raises Malformed when `answered` is not HL7 v2.
    """
    msh = parse(answered).segments[0]
    declared = msh.value(18)
    w = Writer.of_charset(declared if declared in CHARSETS else "")
    w.add(
        "MSH",
        {
            **{to: msh.raw_field(source) for to, source in ((3, 5), (4, 6), (5, 3), (6, 4), (11, 11), (12, 12))},
            7: time(sent_at),
            9: ("ACK", msh.value(9, 2), "ACK"),
            10: control_id,
            17: "FRA",
            18: declared,
        },
    )
    w.add("MSA", {1: code, 2: msh.raw_field(10), 3: text})
    for row in errors:
        w.error(row)
    return build(w.segments)


def refusal(code: str, label: str, location: str = "") -> ErrorRow:
    """An ERR row of table 0357, severity E."""
    return ErrorRow(Coded(code, label, "HL70357"), "E", location)
