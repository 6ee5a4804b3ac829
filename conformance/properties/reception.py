"""CDA/HL7.01: a PFI takes every message that conforms to the volet, and refuses the ones that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Severity, Witness
from conformance.properties.base import register
from conformance.properties.flow import CONSEQUENCES, INCOHERENT, Delivery, deliveries, finding
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.values import Ack


@register(
    "documents.volet-reception",
    exercise="documents.intake",
    clause="DSR PFI CDA/HL7.01 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2 V1.2, V2.0 et V2.1",
    requirements=("PFI/va2/CDA/HL7.01",),
    codes=frozenset(
        {
            "volet.reception.refused",
            "volet.reception.silent",
            "volet.reception.other-control-id",
            "volet.reception.incoherent-accepted",
            "volet.reception.ack-content",
        }
    ),
    claims=frozenset(
        {
            "plain",
            "carrier:MDM",
            "carrier:ORU",
            "dialect:1.2",
            "dialect:2.0",
            "dialect:2.1",
            "story:replacement",
            "story:deletion",
            "charset:8859/15",
            "size:300k",
            "broken:incoherent-obx-11",
            "broken:incoherent-orc-1",
            "broken:incoherent-event",
        }
    ),
    control="plain",
    environments=("normal",),
)
def volet_reception(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Conforming messages are accepted with an ACK of their own; incoherent requests are refused (V2.1)."""
    for delivery in deliveries(driven, heard):
        if delivery.message.flow != "to-pfi" or delivery.message.carrier == "OUL":
            continue  # OUL, of V1.2 alone, is for INTRA/va1.02
        if delivery.conforming:
            yield from _conforming(delivery)
        elif _only_incoherent(delivery.mistakes) and delivery.message.dialect == "2.1":
            yield from _incoherent(delivery)
        if delivery.ack is not None:
            yield from _content(delivery, delivery.ack)


def _only_incoherent(mistakes: frozenset[str]) -> bool:
    """Whether the contradiction is the only thing wrong: a refusal must be for the right reason."""
    return bool(mistakes & INCOHERENT) and mistakes <= INCOHERENT | CONSEQUENCES


def _conforming(delivery: Delivery) -> Iterator[Finding | Witness]:
    message, sent = delivery.message, delivery.sent
    if sent.failure == "other-control-id":
        yield finding(
            "volet.reception.other-control-id",
            "MSA-2",
            exchange=sent.answer or sent.exchange,
            expected=message.header.control_id,
            seen=delivery.ack.control_ref if delivery.ack is not None else "",
        )
    elif delivery.silent:
        yield finding(
            "volet.reception.silent",
            "MSA",
            exchange=sent.exchange,
            expected="ACK",
            seen=sent.failure,
            absence=True,
            subject=f"{message.carrier} {message.dialect}",
        )
    elif delivery.refused:
        yield finding(
            "volet.reception.refused",
            "MSA-1",
            exchange=sent.answer,
            expected="AA",
            seen="AE",
            subject=f"{message.header.type} {message.dialect}",
        )
    elif delivery.accepted:
        yield Witness("conforming message accepted", sent.answer)


def _incoherent(delivery: Delivery) -> Iterator[Finding | Witness]:
    message, sent = delivery.message, delivery.sent
    if delivery.accepted:
        yield finding(
            "volet.reception.incoherent-accepted",
            "MSA-1",
            exchange=sent.answer,
            expected="AE",
            seen=f"AA ({message.event_request}, {message.status_request}, {message.order_request})",
        )
    elif delivery.ack is not None and sent.failure is None and delivery.ack.code in ("AE", "AR"):
        yield Witness("incoherent message refused", sent.answer)


def _content(delivery: Delivery, ack: Ack) -> Iterator[Finding]:
    for wrong in rules.judge(ack):
        if wrong.severity is Severity.ERROR:
            yield finding(
                "volet.reception.ack-content",
                wrong.location.path,
                exchange=delivery.sent.answer,
                expected=wrong.expected,
                seen=wrong.seen,
                subject=wrong.code,
            )
