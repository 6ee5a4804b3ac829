"""INS/va1.16: a PFI integrates incoming messages whose PID carries the INS, and keeps it with the right patient."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.flow import Delivery, deliveries, finding, submissions
from conformance.standards.xds.submission import Submission


@register(
    "ins.incoming-identity",
    exercise="documents.intake",
    clause="DSR PFI INS/va1.16 ; annexe CI-SIS Prise en charge de l'INS dans les standards d'interopérabilité",
    requirements=("PFI/va1/INS/va1.16",),
    codes=frozenset({"ins.incoming.refused", "ins.incoming.attached-elsewhere", "ins.incoming.traits-changed"}),
    claims=frozenset(
        {
            "plain",
            "identity:qualified",
            "identity:corsica",
            "identity:overseas",
            "identity:abroad",
            "identity:nia",
            "identity:long-name",
            "identity:compound",
            "identity:apostrophe",
            "identity:several-given",
        }
    ),
    control="plain",
    environments=("normal",),
)
def incoming_identity(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A qualified INS is taken in, and the document comes out under that very matricule and OID."""
    for delivery in deliveries(driven, heard):
        patient = delivery.message.patient
        if not delivery.conforming or patient is None or not patient.qualified:
            continue
        if delivery.refused:
            yield finding(
                "ins.incoming.refused",
                "MSA-1",
                exchange=delivery.sent.answer,
                expected="AA",
                seen="AE",
                subject=_origin(delivery),
            )
        elif delivery.accepted:
            yield from _attached(delivery, heard)


def _attached(delivery: Delivery, heard: Heard) -> Iterator[Finding | Witness]:
    patient = delivery.message.patient
    assert patient is not None
    assert patient.ins is not None
    expected = (patient.ins.value, patient.ins.oid)
    for observation in submissions(heard, delivery.uids):
        submission = observation.value
        assert isinstance(submission, Submission)
        where = observation.exchange.id
        said = [("SubmissionSet", submission.patient_id)]
        said += [("DocumentEntry", e.patient_id) for e in submission.documents if e.unique_id in delivery.uids]
        wrong = [(place, cx) for place, cx in said if (cx.id, cx.authority) != expected]
        for place, cx in wrong:
            yield finding(
                "ins.incoming.attached-elsewhere",
                f"{place}/patientId",
                exchange=where,
                expected=f"{expected[0]}^^^&{expected[1]}&ISO^NH",
                seen=cx.raw,
            )
        if not wrong:
            yield Witness("document comes out under the INS it came in with", where)


def _origin(delivery: Delivery) -> str:
    """Digits 6-7 of the matricule tell where the patient was born: `2A`, `97`, `99`..., else `metropolitan`."""
    patient = delivery.message.patient
    assert patient is not None
    assert patient.ins is not None
    place = patient.ins.value[5:7]
    return place if place in ("2A", "2B", "97", "98", "99") else "metropolitan"
