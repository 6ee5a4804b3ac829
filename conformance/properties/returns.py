"""CDA/HL7.02: a PFI sends the result of each DMP operation and of each mail back to the system that asked for it."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Finding,
    Heard,
    Observation,
    Severity,
    Witness,
)
from conformance.properties.base import register
from conformance.properties.flow import Delivery, answer_to, deliveries, finding, submissions
from conformance.properties.mail_flow import written
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.values import DocumentMessage, Zam
from conformance.standards.receipts.syntax import Dsn
from conformance.standards.xds.answers import Answer

FEEDING = ("initial", "replacement")
"""The requests that feed the DMP: the row speaks of feeding, so the return of a deletion is not judged."""

UNDECIDED = ("cut", "slow")
"""Faults of the bench after which nobody can tell what became of an operation."""


@register(
    "returns.dmp-result",
    exercise="documents.intake",
    clause="DSR PFI CDA/HL7.02 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2, ZAM^Z01",
    requirements=("PFI/va2/CDA/HL7.02",),
    codes=frozenset(
        {
            "returns.missing",
            "returns.unknown-reference",
            "returns.not-by-the-volet",
            "returns.result-differs",
            "returns.not-asked",
        }
    ),
    claims=frozenset({"plain", "carrier:MDM", "carrier:ORU", "story:replacement", "flag:ack-reception"}),
    control="plain",
    environments=("normal", "dmp-refuses"),
)
def dmp_result(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Whatever the DMP answers to a feeding comes back as a ZAM^Z01 that quotes the original message."""
    for delivery in deliveries(driven, heard):
        if not (delivery.accepted and delivery.message.flow == "to-pfi" and delivery.message.request in FEEDING):
            continue
        own = [o for o in heard.of("hl7v2.zam") if _about(o, delivery)]
        if not delivery.flag("ACK_RECEPTION"):
            if own:
                yield finding("returns.not-asked", "OBX-4", exchange=own[0].exchange.id)
            continue
        fed = submissions(heard, delivery.uids)
        if not fed:
            continue  # no operation was seen: there is no result to return
        answered = answer_to(heard, fed[-1].exchange)
        if own:
            yield from _returned(delivery, own, answered)
        elif answered is not None and answered.exchange.facts.get("fault") in UNDECIDED:
            continue  # the vendor cannot know the result yet, and may try again after this window
        elif stray := _stray(heard):
            yield finding(
                "returns.unknown-reference",
                "OBX-4",
                exchange=stray.exchange.id,
                expected=delivery.message.header.control_id,
                seen=stray.value.control_ref if isinstance(stray.value, Zam) else "",
            )
        else:
            yield finding(
                "returns.missing",
                "ZAM^Z01",
                exchange=delivery.sent.exchange,
                expected=delivery.message.header.control_id,
                absence=True,
                subject=context.environment,
            )


def _about(observation: Observation, delivery: Delivery) -> bool:
    zam = observation.value
    return isinstance(zam, Zam) and zam.trigger == "Z01" and zam.control_ref == delivery.message.header.control_id


def _returned(delivery: Delivery, own: list[Observation], answered: Observation | None) -> Iterator[Finding | Witness]:
    zam = own[-1].value
    assert isinstance(zam, Zam)
    where = own[-1].exchange.id
    yield Witness("DMP result returned to the sender", where)
    for wrong in rules.judge(zam):
        if wrong.severity is Severity.ERROR:
            yield finding(
                "returns.not-by-the-volet",
                wrong.location.path,
                exchange=where,
                expected=wrong.expected,
                seen=wrong.seen,
                subject=wrong.code,
            )
    accepted = _accepted(answered)
    if accepted is not None and zam.success is not None and zam.success != accepted:
        yield finding(
            "returns.result-differs",
            "OBX-5",
            exchange=where,
            expected="Y" if accepted else "N",
            seen="Y" if zam.success else "N",
        )


def _accepted(answered: Observation | None) -> bool | None:
    """What the DMP said of the operation: True, False, or None when no answer was given."""
    if answered is None:
        return None
    if isinstance(answered.value, Answer):
        return answered.value.ok
    return False if answered.kind == "soap.fault" else None


def _stray(heard: Heard) -> Observation | None:
    """A DMP return heard in this window that quotes no message of the bench; one of an earlier window may come late."""
    ours = {o.value.header.control_id for o in heard.window if isinstance(o.value, DocumentMessage)}
    return next(
        (
            o
            for o in heard.window
            if isinstance(o.value, Zam)
            and o.value.trigger == "Z01"
            and o.value.control_ref not in ours
            and not Binding.is_control(o.value.control_ref)
        ),
        None,
    )


@register(
    "returns.mss-result",
    exercise="documents.intake",
    clause="DSR PFI CDA/HL7.02 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2, ZAM^Z02",
    requirements=("PFI/va2/CDA/HL7.02",),
    codes=frozenset({"returns.mss-missing", "returns.not-by-the-volet", "returns.result-differs", "returns.not-asked"}),
    claims=frozenset({"mss:ack-professional", "mss:ack-patient"}),
    control="plain",
    environments=("mails-answered",),
    needs=frozenset({"service:mss", "service:returns"}),
)
def mss_result(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What became of each mail comes back as a ZAM^Z02 for each recipient; a ZAM^Z03 is free.

    The result of a mail is what the operator reports of it: a delivery report that nobody sent is owed no return.
    """
    for delivery in deliveries(driven, heard):
        if not (delivery.accepted and delivery.message.flow == "to-pfi" and delivery.message.request in FEEDING):
            continue
        control = delivery.message.header.control_id
        own = [o for o in heard.of("hl7v2.zam") if _of(o, "Z02", control)]
        if not delivery.flag("ACK_RECEPTION"):
            if own:
                yield finding("returns.not-asked", "OBX-4", exchange=own[0].exchange.id, subject="Z02")
            continue
        if driven.sentinel and any(_of(o, "Z01", control) for o in heard.of("hl7v2.zam")):
            yield Witness("returns are heard", delivery.sent.exchange)
        for address, delivered in _reported(heard, delivery.uids).items():
            about = [o for o in own if isinstance(o.value, Zam) and o.value.address.lower() == address]
            if not about:
                yield finding(
                    "returns.mss-missing",
                    "ZAM^Z02",
                    exchange=delivery.sent.exchange,
                    expected=address,
                    seen=", ".join(o.value.address for o in own if isinstance(o.value, Zam)),
                    absence=True,
                )
            else:
                yield from _told(about[-1], delivered)


def _of(observation: Observation, trigger: str, control: str) -> bool:
    zam = observation.value
    return isinstance(zam, Zam) and zam.trigger == trigger and zam.control_ref == control


def _reported(heard: Heard, uids: frozenset[str]) -> dict[str, bool]:
    """Recipient (lower case) -> whether the operator reports that it got a mail with one of these documents."""
    mailed = {
        mail.message_id for o, mail in written(heard) if any(k == "document" and uid in uids for k, uid in o.keys)
    }
    found: dict[str, bool] = {}
    for observation in heard.own:
        report = observation.value
        vendors = observation.exchange.direction is not Direction.TO_VENDOR
        if vendors or not isinstance(report, Dsn) or report.about not in mailed:
            continue
        for row in report.recipients:
            if row.final and row.action in ("delivered", "failed"):
                found[row.final.lower()] = row.action == "delivered"
    return found


def _told(observation: Observation, delivered: bool) -> Iterator[Finding | Witness]:
    zam = observation.value
    assert isinstance(zam, Zam)
    where = observation.exchange.id
    yield Witness("result of a mail returned to the sender", where)
    for wrong in rules.judge(zam):
        if wrong.severity is Severity.ERROR:
            yield finding(
                "returns.not-by-the-volet",
                wrong.location.path,
                exchange=where,
                expected=wrong.expected,
                seen=wrong.seen,
                subject=wrong.code,
            )
    if zam.success is not None and zam.success != delivered:
        yield finding(
            "returns.result-differs",
            "OBX-5",
            exchange=where,
            expected="Y" if delivered else "N",
            seen="Y" if zam.success else "N",
            subject="Z02",
        )
