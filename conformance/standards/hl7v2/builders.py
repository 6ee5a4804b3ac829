"""Builds the messages of the CI-SIS transmission volets from the fully resolved values of `orders.py`.

`oru`, `oul` and `mdm` build the messages towards the PFI, `lps` the MDM from the PFI to a LPS, `ack` and `zam` the
acknowledgements. All return ER7 bytes with CR segment ends, encoded in the envelope's character set.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from conformance.standards.hl7v2 import tables
from conformance.standards.hl7v2.orders import (
    Charset,
    DocumentOrder,
    Endpoint,
    Envelope,
    ErrorRow,
    Ins,
    LocalId,
    LpsDialect,
    LpsOrder,
    PatientTraits,
    PfiDialect,
    Practitioner,
    Recipient,
    Sender,
    Structure,
    Visit,
)
from conformance.standards.hl7v2.syntax import CHARSETS, build, parse
from conformance.standards.hl7v2.values import Coded, Request
from conformance.standards.hl7v2.writer import ORDERS, PARTICIPATION, STATUSES, Writer, coded, time

__all__ = [
    "Charset",
    "Coded",
    "DocumentOrder",
    "Endpoint",
    "Envelope",
    "ErrorRow",
    "Ins",
    "LocalId",
    "LpsDialect",
    "LpsOrder",
    "PatientTraits",
    "PfiDialect",
    "Practitioner",
    "Recipient",
    "Sender",
    "Structure",
    "Visit",
    "ack",
    "lps",
    "mdm",
    "oru",
    "oul",
    "zam",
]

_EVENTS: Mapping[Request, str] = {"initial": "T02", "replacement": "T10", "deletion": "T04"}
_PROFILES: Mapping[str, str] = {"1.2": "CISIS_CDA_HL7_V1", "2.0": "CISIS_CDA_HL7_V2", "2.1": "CISIS_CDA_HL7_V2"}


def oru(order: DocumentOrder) -> bytes:
    """ORU^R01 (HL7 2.5) of a document order; raises UnicodeEncodeError when the character set lacks a character."""
    w = Writer(order.envelope)
    w.msh(("ORU", "R01", "ORU_R01"), "2.5", (order.dialect, _PROFILES[order.dialect]))
    w.pid(order.patient)
    w.pv1(order.visit)
    w.add("ORC", {1: ORDERS[order.request]})
    w.add("OBR", {1: "1", 4: coded(order.kind)})
    w.documents(order, "TEXT", "CE")
    return build(w.segments)


def oul(order: DocumentOrder) -> bytes:
    """OUL^R22 (HL7 2.5, chapter 7) of a laboratory report, V1.2 of the volet only; ValueError for another dialect.

    The published text of V1.2 was not read: the structure is the standard one (OBR before ORC, one specimen), the
    rest is as in the ORU of the same version.
    """
    if order.dialect != "1.2":
        raise ValueError("OUL left the volet after V1.2")
    w = Writer(order.envelope)
    w.msh(("OUL", "R22", "OUL_R22"), "2.5", (order.dialect, _PROFILES[order.dialect]))
    w.pid(order.patient)
    w.pv1(order.visit)
    w.add("SPM", {1: "1", 4: ("BLD", "Whole blood", "HL70487")})
    w.add("OBR", {1: "1", 4: coded(order.kind)})
    w.add("ORC", {1: ORDERS[order.request]})
    w.documents(order, "TEXT", "CE")
    return build(w.segments)


def mdm(order: DocumentOrder) -> bytes:
    """MDM^T02, T10 or T04 (HL7 2.6) of a document order, by its request; ValueError unless it has one document."""
    if len(order.documents) != 1:
        raise ValueError("an MDM carries exactly one document")
    w = Writer(order.envelope)
    w.msh(("MDM", _EVENTS[order.request], "MDM_T02"), "2.6", (order.dialect, _PROFILES[order.dialect]))
    _mdm_body(w, order, order.visit)
    w.documents(order, "text", "CWE")
    return build(w.segments)


def lps(order: LpsOrder) -> bytes:
    """MDM^T02, T10 or T04 (HL7 2.6) from the PFI to a LPS; raises UnicodeEncodeError like the others."""
    w = Writer(order.envelope)
    w.msh(("MDM", _EVENTS[order.request], "MDM_T02"), "2.6", (order.dialect, "CISIS_CDA_HL7_LPS"))
    _mdm_body(w, order, Visit("N"))
    w.encapsulated(order.kind, order.document, STATUSES[order.request], "text")
    table = PARTICIPATION[order.dialect]
    w.sender(order.sender, table)
    w.recipients(order.recipients, order.patient, table)
    w.reply(order.reply_to, table)
    w.obx(
        "ED",
        (order.message_id, order.subject, "L"),
        (None, "text", None, "Base64", base64.b64encode(order.body.encode())),
    )
    yes_no = "HL70136" if order.dialect == "1.0" else tables.YES_NO_SYSTEM
    names = tables.LPS_FLAGS if order.dialect == "1.1" else (*tables.LPS_FLAGS, "ACK_LECTURE_MSS")
    for name in names:
        w.flag(name, order.flags.get(name, False), "CWE", tables.META_SYSTEM, yes_no)
    return build(w.segments)


def ack(
    answered: bytes,
    *,
    control_id: str,
    sent_at: datetime,
    code: Literal["AA", "AE", "AR"] = "AA",
    errors: tuple[ErrorRow, ...] = (),
) -> bytes:
    """ACK of a message: applications swapped, MSH-11 and the character set copied, MSA-2 = its MSH-10.

    Raises Malformed when `answered` is not HL7 v2.
    """
    msh = parse(answered).segments[0]
    declared = msh.value(18)
    w = Writer.of_charset(declared if declared in CHARSETS else "")
    w.add(
        "MSH",
        {
            **{to: msh.raw_field(source) for to, source in ((3, 5), (4, 6), (5, 3), (6, 4), (11, 11))},
            7: time(sent_at),
            9: ("ACK", msh.value(9, 2), "ACK"),
            10: control_id,
            12: "2.6" if msh.value(9, 1) in ("MDM", "ZAM") else "2.5",
            17: "FRA",
            18: declared,
        },
    )
    w.add("MSA", {1: code, 2: msh.raw_field(10)})
    for row in errors:
        w.error(row)
    return build(w.segments)


def zam(
    envelope: Envelope,
    *,
    trigger: Literal["Z01", "Z02", "Z03"],
    control_ref: str,
    success: bool,
    error: ErrorRow | None = None,
    address: str = "",
    address_id: str = "",
) -> bytes:
    """ZAM^Z01, Z02 or Z03 about the message `control_ref`; ValueError without success and without an error row."""
    if not success and error is None:
        raise ValueError("a ZAM that tells a failure carries an ERR segment")
    w = Writer(envelope)
    w.msh(("ZAM", trigger, "ZAM_Z01"), "2.6", ("2.1", "CISIS_CDA_HL7_V2"))
    answer = ("Y" if success else "N", "", tables.YES_NO_SYSTEM)
    w.obx("CWE", (*tables.ZAM_STATUS[trigger], tables.ZAM_SYSTEM), answer, sub_id=control_ref)
    if trigger in tables.ZAM_ADDRESS:
        code = (*tables.ZAM_ADDRESS[trigger], tables.ZAM_SYSTEM)
        w.obx("XTN", code, ("", "", "X.400", address), sub_id=address_id)
    if error is not None:
        w.error(error)
    return build(w.segments)


def _mdm_body(w: Writer, order: DocumentOrder | LpsOrder, visit: Visit) -> None:
    """EVN to TXA, alike in both volets."""
    event = time(order.event_at or order.envelope.sent_at)
    w.add("EVN", {2: event})
    w.pid(order.patient)
    w.pv1(visit)
    w.add("ORC", {1: ORDERS[order.request]})
    w.add("OBR", {1: "1", 4: coded(order.kind)})
    # TXA-13 is only due for a replacement; no rule asks for it in a deletion.
    replaced = order.replaced_id if order.request == "replacement" else None
    w.add("TXA", {1: "1", 2: order.kind.code, 3: "TEXT", 4: event, 12: order.document_id, 13: replaced, 17: "AU"})
