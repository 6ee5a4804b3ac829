"""Messages taken in for their PID: an order (ORM^O01) and appointments (SIU^S12, S14, S15).

Standard structures of HL7 v2.5 (chapters 4 and 10) with the identity written as the INS annex of the CI-SIS asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conformance.standards.hl7v2.orders import Envelope, PatientTraits, Practitioner, Visit
from conformance.standards.hl7v2.syntax import Field, build
from conformance.standards.hl7v2.tables import PROFESSIONAL_OID
from conformance.standards.hl7v2.values import Coded
from conformance.standards.hl7v2.writer import Writer, coded, time

Appointment = Literal["S12", "S14", "S15"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for: an examination, its number, who asks, when it is to be done."""

    envelope: Envelope
    patient: PatientTraits
    visit: Visit
    number: str
    examination: Coded
    requester: Practitioner
    at: datetime


def orm(demand: Demand) -> bytes:
    """ORM^O01 (HL7 2.5): a new order; raises UnicodeEncodeError when the character set lacks a character."""
    w = Writer(demand.envelope)
    w.msh(("ORM", "O01", "ORM_O01"), "2.5")
    w.pid(demand.patient)
    w.pv1(demand.visit)
    w.add("ORC", {1: "NW", 2: demand.number, 9: time(demand.envelope.sent_at), 12: _person(demand.requester)})
    w.add("OBR", {1: "1", 2: demand.number, 4: coded(demand.examination), 16: _person(demand.requester)})
    return build(w.segments)


def siu(demand: Demand, event: Appointment = "S12") -> bytes:
    """SIU^S12 booked, S14 modified or S15 cancelled (HL7 2.5)."""
    w = Writer(demand.envelope)
    w.msh(("SIU", event, "SIU_S12"), "2.5")
    who = _person(demand.requester)
    reason = {"S12": "ROUTINE", "S14": "ROUTINE", "S15": "PATIENT"}[event]
    status = "Cancelled" if event == "S15" else "Booked"
    slot: Field = ("", "", "", time(demand.at))
    w.add(
        "SCH",
        {
            1: demand.number,
            2: demand.number,
            6: (reason, "", "HL70276"),
            11: slot,
            16: who,
            20: who,
            25: (status, "", "HL70278"),
        },
    )
    w.pid(demand.patient)
    w.pv1(demand.visit)
    w.add("RGS", {1: "1"})
    w.add("AIS", {1: "1", 3: coded(demand.examination), 4: time(demand.at)})
    return build(w.segments)


def _person(p: Practitioner) -> Field:
    return (p.id, p.family, p.given, *[""] * 5, ("ASIP-SANTE-PS", PROFESSIONAL_OID, "ISO"), "D", "", "", p.id_type)
