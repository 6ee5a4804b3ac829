"""An exchange of an HL7 v2 channel decoded: its typed value and the keys by which it is attributed to a case."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.errors import Malformed
from conformance.evidence.values import Exchange, Observation
from conformance.standards.cda import reader as cda
from conformance.standards.hl7v2 import syntax
from conformance.standards.hl7v2.pam import reader
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import CODES
from conformance.standards.hl7v2.values import Ack, DocumentMessage, Other, Read, Zam

Keys = tuple[tuple[str, str], ...]

KINDS: dict[type, str] = {
    DocumentMessage: "hl7v2.document",
    Ack: "hl7v2.ack",
    Zam: "hl7v2.zam",
    Other: "hl7v2.other",
    AdtMessage: "hl7v2.adt",
}


def observe(exchange: Exchange) -> Observation:
    """Decode an exchange; never raises. Bytes that are not HL7 v2 give `hl7v2.malformed`, whose value is None.

    Findings are those of decoding alone: rules are the judges' business.
    """
    try:
        value = reader.read(syntax.parse(exchange.body))
    except Malformed as fault:
        finding = CODES.finding(fault.code, fault.path, seen=fault.seen, exchange=exchange.id)
        return Observation(exchange, "hl7v2.malformed", None, (), (finding,))
    return Observation(exchange, KINDS[type(value)], value, tuple(keys(value)))


def keys(value: Read | AdtMessage) -> Iterator[tuple[str, str]]:
    """Attribution keys, strongest first: document ids, control id (of what an ACK or a ZAM answers), INS, IPP."""
    match value:
        case Ack() | Zam():
            if value.control_ref:
                yield "control", value.control_ref
        case DocumentMessage():
            yield from dict.fromkeys(("document", id) for id in _document_ids(value))
            yield from _control_and_patient(value)
        case Other():
            yield from _control_and_patient(value)
        case AdtMessage():
            yield from _control_and_patient(value)
            known = value.patient.ipps if value.patient is not None else ()
            prior = (i.value for i in value.merged if i.value)
            yield from dict.fromkeys(("patient", ipp) for ipp in (*known, *prior))


def _control_and_patient(value: DocumentMessage | Other | AdtMessage) -> Iterator[tuple[str, str]]:
    if value.header.control_id:
        yield "control", value.header.control_id
    if value.patient is not None and value.patient.ins is not None and value.patient.ins.value:
        yield "patient", value.patient.ins.value


def _document_ids(m: DocumentMessage) -> Iterator[str]:
    """TXA-12, else the ids of the CDA carried (an ORU has no TXA); `root` or `root^extension`."""
    if m.document_id is not None and m.document_id.value:
        root, extension = m.document_id.cda_id
        yield f"{root}^{extension}" if extension else root
    for d in m.documents:
        if d.data is None:
            continue
        try:
            id = cda.read(d.data).unique_id
        except Malformed:
            continue
        if id:
            yield id
