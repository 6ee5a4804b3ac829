"""INTRA/va1.01: a PFI integrates ORU or MDM imaging reports, with their masking, visibility and secret connection."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.flow import Delivery, deliveries, finding, submissions, volets
from conformance.standards.hl7v2.values import Ack, DocumentMessage
from conformance.standards.xds.submission import Submission

IMAGING = "18748-4"
"""LOINC code of the imaging report (JDV_J07, DSR document types)."""

MASKS = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REPRESENTANTS_LEGAUX",
}
"""HL7 flag -> XDS confidentialityCode (CI-SIS transmission volet, mapping)."""


@register(
    "documents.imaging-flags",
    exercise="documents.intake",
    clause="DSR PFI INTRA/va1.01 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2, mapping VIHF et XDS",
    requirements=("PFI/va1/INTRA/va1.01",),
    codes=frozenset(
        {
            "intra.imaging.refused",
            "intra.imaging.silent",
            "intra.imaging.carrier-unsupported",
            "intra.imaging.mask-lost",
            "intra.imaging.mask-added",
            "intra.imaging.secret-connection-lost",
        }
    ),
    claims=frozenset(
        {
            "plain",
            "kind:imaging",
            "flag:masque-ps",
            "flag:invisible-patient",
            "flag:invisible-rep-legaux",
            "flag:secret",
        }
    ),
    control="plain",
    environments=("normal",),
)
def imaging_flags(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every conforming imaging report is accepted, and its restrictions are found again in the DMP submission."""
    for delivery in deliveries(driven, heard):
        if not _concerned(delivery, context):
            continue
        carrier = delivery.message.carrier
        if delivery.silent:
            yield finding(
                "intra.imaging.silent",
                "MSA",
                exchange=delivery.sent.exchange,
                expected="ACK",
                seen=delivery.sent.failure,
                absence=True,
                subject=carrier,
            )
        elif delivery.refused:
            supported = _supported(heard, carrier)
            yield finding(
                "intra.imaging.refused" if supported else "intra.imaging.carrier-unsupported",
                "MSA-1",
                exchange=delivery.sent.answer,
                expected="AA",
                seen=_reason(delivery.ack),
                subject=carrier,
            )
        elif delivery.accepted and delivery.flag("DESTDMP"):
            yield from _carried_over(delivery, heard)


def _concerned(delivery: Delivery, context: Context) -> bool:
    message = delivery.message
    return (
        delivery.conforming
        and message.flow == "to-pfi"
        and message.dialect in volets(context)
        and message.request in ("initial", "replacement")
        and any(d.code.code == IMAGING for d in message.documents)
        and delivery.n1 is not None
    )


def _carried_over(delivery: Delivery, heard: Heard) -> Iterator[Finding | Witness]:
    for observation in submissions(heard, delivery.uids):
        submission = observation.value
        assert isinstance(submission, Submission)
        where = observation.exchange.id
        yield Witness("imaging report integrated and shared", where)
        for entry in submission.documents:
            if entry.unique_id not in delivery.uids:
                continue
            codes = {c.code for c in entry.confidentiality_codes}
            for flag, code in MASKS.items():
                if delivery.flag(flag) and code not in codes:
                    yield finding(
                        "intra.imaging.mask-lost",
                        "confidentialityCode",
                        exchange=where,
                        expected=code,
                        seen=", ".join(sorted(codes)),
                        subject=flag,
                    )
                elif code in codes and not delivery.flag(flag):
                    yield finding(
                        "intra.imaging.mask-added", "confidentialityCode", exchange=where, seen=code, subject=flag
                    )
        if delivery.flag("CONNEXION_SECRETE") and (submission.vihf is None or not submission.vihf.secret):
            yield finding(
                "intra.imaging.secret-connection-lost",
                "Assertion/AttributeStatement",
                exchange=where,
                expected="confidentiality-code",
                seen="",
            )


def _supported(heard: Heard, carrier: str) -> bool:
    """Whether some imaging report of this carrier was accepted in the same window (the row asks for ORU or MDM)."""
    accepted = {o.value.control_ref for o in heard.window if isinstance(o.value, Ack) and o.value.accepted}
    return any(
        isinstance(o.value, DocumentMessage)
        and o.value.carrier == carrier
        and o.value.header.control_id in accepted
        and any(d.code.code == IMAGING for d in o.value.documents)
        for o in heard.window
    )


def _reason(ack: Ack | None) -> str:
    """What the acknowledgement says, for a person."""
    if ack is None:
        return ""
    details = [f"{e.code.code} {e.code.label} {e.application.code} {e.application.label}".split() for e in ack.errors]
    return " ".join([ack.code, ack.text, *(" ".join(d) for d in details)]).strip()
