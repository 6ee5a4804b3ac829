"""CDA/HL7.03 and HL7.04: documents of a received mail passed on, the destination's answer told to the sender."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Severity, Witness
from conformance.properties import mail_flow as flow
from conformance.properties.base import register
from conformance.properties.flow import finding, hindered
from conformance.standards.hl7v2 import rules
from conformance.standards.mail.syntax import Mail
from conformance.standards.receipts.syntax import Dsn, Mdn

_REM = "REM PFI vague 2"
_MOST = 3
"""Remarks on the form of one message, at most: the volet that the row cites was not published."""


@register(
    "relay.documents",
    exercise="mail.reception",
    clause=f"{_REM}, CDA/HL7.03",
    requirements=("PFI/va2/CDA/HL7.03",),
    codes=frozenset(
        {
            "relay.document.missing",
            "relay.document.altered",
            "relay.document.repeated",
            "relay.document.masked",
            "relay.message.form",
        }
    ),
    claims=frozenset(
        {
            "received:plain",
            "received:several-documents",
            "received:structured",
            "received:from-patient",
            "received:no-receipt",
        }
    ),
    control="received:plain",
)
def documents(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every document of a valid archive goes to the destination system in an HL7 v2 message."""
    mail = flow.delivered(driven, heard)
    if mail is None or not mail.sound:
        return
    messages = flow.relayed(heard)
    whole = bool(mail.visible)
    for entry in mail.entries:
        own = [m for m in messages if m.carries(entry)]
        if entry.has_confidentiality(flow.MASKED):
            if own:
                yield finding("relay.document.masked", "OBX-5", exchange=own[0].exchange, seen=entry.unique_id)
            continue
        if not own:
            whole = False
            if messages or flow.was_read(heard, mail.mail.message_id):
                yield finding(
                    "relay.document.missing", "MDM", exchange=mail.exchange, expected=entry.unique_id, absence=True
                )
            continue
        if len(own) > 1:
            yield finding("relay.document.repeated", "MSH-9", exchange=own[1].exchange, seen=len(own))
        if entry.content is not None and own[0].contents and entry.content not in own[0].contents:
            yield finding("relay.document.altered", "OBX-5", exchange=own[0].exchange)
    if whole:
        yield Witness("every document passed on", messages[0].exchange)
    for message in messages[:1]:
        wrong = (f for f in rules.judge(message.message) if f.severity is Severity.ERROR)
        for one in islice(wrong, _MOST):
            yield finding(
                "relay.message.form",
                one.location.path,
                exchange=message.exchange,
                expected=one.expected,
                seen=one.seen,
                subject=one.code,
            )


@register(
    "relay.receipt",
    exercise="mail.reception",
    clause=f"{_REM}, CDA/HL7.04",
    requirements=("PFI/va2/CDA/HL7.04",),
    codes=frozenset(
        {
            "relay.receipt.missing",
            "relay.receipt.repeated",
            "relay.receipt.result-differs",
            "relay.receipt.not-asked",
            "relay.receipt.form",
        }
    ),
    claims=frozenset({"received:plain", "received:refused"}),
    control="received:plain",
)
def receipt(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What the destination answers comes to the sender of the mail, as a DSN, an MDN or a mail that quotes it."""
    mail = flow.delivered(driven, heard)
    if mail is None or not mail.sound:
        return
    messages = [m for m in flow.relayed(heard) if any(m.carries(e) for e in mail.entries) and m.ack is not None]
    if not messages:
        return  # the destination answered nothing: there is nothing to tell
    sender = mail.mail.sender.address.lower() if mail.mail.sender is not None else ""
    wanted = {sender, mail.receipt_to.lower()} - {""}
    found = [
        (o, answer)
        for o, answer in flow.written(heard)
        if wanted & flow.recipients(o) and _about(o, answer, mail.mail.message_id)
    ]
    if not mail.receipt_to:
        if any(isinstance(o.value, Mdn) for o, _ in found):
            yield finding("relay.receipt.not-asked", "Disposition", exchange=found[0][0].exchange.id)
        return
    if not found:
        if hindered(heard, "mss") or hindered(heard, "relay"):
            return  # the bench's own operator took nothing, or the answer of its destination never got through
        # A system that says itself that it is done with the document has nothing more to send.
        steps = flow.steps_of(driven, heard) or ()
        done = any(flow.meanings(s.action) & {"integrate", "refuse"} for s in steps)
        yield finding(
            "relay.receipt.missing",
            "MDN",
            exchange=messages[-1].exchange,
            expected=mail.receipt_to,
            absence=not done,
        )
        return
    first = found[0][0]
    yield Witness("destination's answer told to the sender", first.exchange.id)
    if len(found) > 1:
        yield finding("relay.receipt.repeated", "MDN", exchange=found[1][0].exchange.id, seen=len(found))
    yield from _result(first, refused=any(m.ack is not None and not m.ack.accepted for m in messages))


def _about(observation: Observation, mail: Mail, message_id: str) -> bool:
    told = observation.value
    if isinstance(told, Dsn | Mdn) and told.about == message_id:
        return True
    quoted = (*mail.in_reply_to, *mail.references, *(p.mail.message_id for p in mail.walk() if p.mail is not None))
    return message_id in quoted


def _result(observation: Observation, *, refused: bool) -> Iterator[Finding]:
    where = observation.exchange.id
    match observation.value:
        case Mdn() as told:
            failed = bool(told.errors) or any("error" in m.lower() for m in told.modifiers) or told.type == "failed"
        case Dsn() as told:
            failed = any(r.action == "failed" for r in told.recipients)
        case _:
            yield finding("relay.receipt.form", "Content-Type", exchange=where, expected="multipart/report")
            return
    if failed != refused:
        yield finding(
            "relay.receipt.result-differs",
            "Disposition",
            exchange=where,
            expected="error" if refused else "processed",
            seen="error" if failed else "processed",
        )
