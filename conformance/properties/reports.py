"""What INTRA/va1.01 and INTRA/va1.02 have in common: a report is taken in, its restrictions come out with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Witness
from conformance.properties.flow import Delivery, deliveries, finding, submissions, volets
from conformance.standards.hl7v2.values import Ack, DocumentMessage
from conformance.standards.xds.submission import Submission

MASKS = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REPRESENTANTS_LEGAUX",
}
"""HL7 flag -> XDS confidentialityCode (CI-SIS transmission volet, mapping)."""

DECLARED = "incoming_messages"
"""The setting of a target that says which messages the product takes in, such as `ORU OUL ORM`; nothing by default."""


def declared(context: Context) -> frozenset[str]:
    """The kinds of messages that the product says it takes in (MSH-9.1)."""
    return frozenset(str(context.settings.get(DECLARED) or "").replace(",", " ").upper().split())


@dataclass(frozen=True, slots=True)
class Report:
    """A kind of report: the prefix of its finding codes, its document code, the messages that may carry it.

    A carrier that the product takes nowhere is only advice, unless it is `claimed`: the statements ask for one of two.
    With `other_suffices`, reports taken by the other carrier are then the proof of what the statement asks.
    """

    prefix: str
    code: str
    carriers: frozenset[str]
    witness: str
    claimed: frozenset[str] = frozenset()
    n1_only: bool = False
    other_suffices: bool = False


def judge(report: Report, driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every conforming report is accepted, and its restrictions are found again in the DMP submission."""
    for delivery in deliveries(driven, heard):
        if not _concerned(report, delivery, context):
            continue
        carrier = delivery.message.carrier
        if report.other_suffices and not delivery.accepted and not _due(report, heard, carrier):
            yield from _other_taken(report, delivery, heard)
        elif delivery.silent:
            yield finding(
                f"{report.prefix}.silent",
                "MSA",
                exchange=delivery.sent.exchange,
                expected="ACK",
                seen=delivery.sent.failure,
                absence=True,
                subject=carrier,
            )
        elif delivery.refused:
            due = _due(report, heard, carrier)
            yield finding(
                f"{report.prefix}.{'refused' if due else 'carrier-unsupported'}",
                "MSA-1",
                exchange=delivery.sent.answer,
                expected="AA",
                seen=_reason(delivery.ack),
                subject=carrier,
            )
        elif delivery.accepted and delivery.flag("DESTDMP"):
            yield from _carried_over(report, delivery, heard)


def _other_taken(report: Report, delivery: Delivery, heard: Heard) -> Iterator[Finding | Witness]:
    """A carrier that the product takes nowhere: advice, and the proof is that it takes the other one."""
    if delivery.ack is None and not delivery.silent:
        return
    yield finding(
        f"{report.prefix}.carrier-unsupported",
        "MSH-9",
        exchange=delivery.sent.answer or delivery.sent.exchange,
        expected="AA",
        seen=_reason(delivery.ack),
        subject=delivery.message.carrier,
    )
    other = next((o for c in sorted(report.carriers) if (o := _taken(report, heard, c)) is not None), None)
    if other is not None:
        yield Witness("reports are taken in by the other carrier", other.exchange.id)


def _concerned(report: Report, delivery: Delivery, context: Context) -> bool:
    message = delivery.message
    return (
        delivery.conforming
        and message.flow == "to-pfi"
        and message.carrier in report.carriers
        and message.dialect in volets(context)
        and message.request in ("initial", "replacement")
        and any(d.code.code == report.code for d in message.documents)
        and (delivery.n1 is not None or not report.n1_only)
    )


def _carried_over(report: Report, delivery: Delivery, heard: Heard) -> Iterator[Finding | Witness]:
    for observation in submissions(heard, delivery.uids):
        submission = observation.value
        assert isinstance(submission, Submission)
        where = observation.exchange.id
        yield Witness(report.witness, where)
        for entry in submission.documents:
            if entry.unique_id not in delivery.uids:
                continue
            codes = {c.code for c in entry.confidentiality_codes}
            for flag, code in MASKS.items():
                if delivery.flag(flag) and code not in codes:
                    yield finding(
                        f"{report.prefix}.mask-lost",
                        "confidentialityCode",
                        exchange=where,
                        expected=code,
                        seen=", ".join(sorted(codes)),
                        subject=flag,
                    )
                elif code in codes and not delivery.flag(flag):
                    yield finding(
                        f"{report.prefix}.mask-added", "confidentialityCode", exchange=where, seen=code, subject=flag
                    )
        if delivery.flag("CONNEXION_SECRETE") and (submission.vihf is None or not submission.vihf.secret):
            yield finding(
                f"{report.prefix}.secret-connection-lost",
                "Assertion/AttributeStatement",
                exchange=where,
                expected="confidentiality-code",
                seen="",
            )


def _due(report: Report, heard: Heard, carrier: str) -> bool:
    """Whether the product is held to this carrier: it says so, or takes some in the same window."""
    return carrier in report.claimed or _taken(report, heard, carrier) is not None


def _taken(report: Report, heard: Heard, carrier: str) -> Observation | None:
    """Some report of this carrier that was accepted in the same window (the rows ask for one of two)."""
    accepted = {o.value.control_ref for o in heard.window if isinstance(o.value, Ack) and o.value.accepted}
    return next(
        (
            o
            for o in heard.window
            if isinstance(o.value, DocumentMessage)
            and o.value.carrier == carrier
            and o.value.header.control_id in accepted
            and any(d.code.code == report.code for d in o.value.documents)
        ),
        None,
    )


def _reason(ack: Ack | None) -> str:
    """What the acknowledgement says, for a person."""
    if ack is None:
        return ""
    details = [f"{e.code.code} {e.code.label} {e.application.code} {e.application.label}".split() for e in ack.errors]
    return " ".join([ack.code, ack.text, *(" ".join(d) for d in details)]).strip()
