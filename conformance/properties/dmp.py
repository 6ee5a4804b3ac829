"""DMP/va1.01: every document received for the DMP goes there by itself, in its CDA R2 N1 version."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Severity, Witness
from conformance.properties.base import register
from conformance.properties.flow import Carried, Delivery, deliveries, finding, header_of, hindered, submissions
from conformance.standards.cda import judging
from conformance.standards.xds.submission import Submission

TYPES = frozenset({"11490-0", "34874-8", "57833-6", "11502-2", "18748-4"})
"""The document types that the PFI rows of wave 1 name: discharge letter, operative report, discharge prescription,
laboratory report, imaging report (TBB/va1.01 in its wave 1 text, standing for annex 3 of the DSR)."""


@register(
    "dmp.systematic-feeding",
    exercise="documents.intake",
    clause="DSR PFI DMP/va1.01",
    requirements=("PFI/va1/DMP/va1.01",),
    codes=frozenset(
        {
            "dmp.feeding.missing",
            "dmp.feeding.not-n1",
            "dmp.feeding.invalid",
            "dmp.feeding.altered",
            "dmp.feeding.repeated",
            "dmp.feeding.not-asked",
        }
    ),
    claims=frozenset(
        {
            "plain",
            "kind:imaging",
            "kind:biology",
            "kind:discharge-letter",
            "kind:operative",
            "bodies:n1",
            "bodies:n1+n3",
        }
    ),
    control="plain",
    environments=("normal",),
)
def systematic_feeding(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each accepted document meant for the DMP leads to the submission of its N1 version, without any gesture."""
    for delivery in deliveries(driven, heard):
        if not _concerned(delivery, context):
            continue
        found = submissions(heard, delivery.uids)
        if not delivery.flag("DESTDMP"):
            if found:
                yield finding("dmp.feeding.not-asked", "DESTDMP", exchange=found[0].exchange.id, seen="N")
            continue
        n1 = delivery.n1
        assert n1 is not None
        assert n1.header is not None
        if not found and hindered(heard, "dmp"):
            continue  # what the DMP refused on purpose may not be replaced, nor what follows it sent
        if not found:
            yield finding(
                "dmp.feeding.missing",
                "OBX-5",
                exchange=delivery.sent.exchange,
                expected=f"TD2.1 {n1.header.unique_id}",
                absence=True,
                subject=delivery.message.carrier,
            )
            continue
        yield from _submitted(n1, found, n1.header.unique_id)


def _concerned(delivery: Delivery, context: Context) -> bool:
    types = context.parameters.get("types", TYPES)
    assert isinstance(types, frozenset | list | tuple)
    patient = delivery.message.patient
    return (
        delivery.conforming
        and delivery.accepted
        and delivery.message.flow == "to-pfi"
        and delivery.message.request in ("initial", "replacement")
        and patient is not None
        and patient.qualified
        and delivery.n1 is not None
        and any(d.code.code in types for d in delivery.message.documents)
    )


def _submitted(n1: Carried, found: tuple[Observation, ...], uid: str) -> Iterator[Finding | Witness]:
    """What was submitted is the N1 version; its bytes and the number of submissions are advice."""
    carrying = []
    for observation in found:
        assert isinstance(observation.value, Submission)
        for entry in observation.value.documents:
            if entry.content is None:
                continue
            header = header_of(entry.content)
            if header is not None and header.level == "N1":
                carrying.append((observation, entry))
    if not carrying:
        yield finding("dmp.feeding.not-n1", "Document", exchange=found[0].exchange.id, expected=f"N1 {uid}", seen="N3")
        return
    observation, entry = carrying[0]
    where = observation.exchange.id
    yield Witness("N1 version submitted to the DMP", where)
    if len(found) > 1:
        yield finding("dmp.feeding.repeated", "uniqueId", exchange=found[-1].exchange.id, expected=1, seen=len(found))
    if entry.content != n1.data:
        yield finding("dmp.feeding.altered", "Document", exchange=where)
        before = _errors(n1.data)
        for code in sorted(_errors(entry.content or b"") - before):
            yield finding("dmp.feeding.invalid", "Document", exchange=where, seen=code, subject=code)


def _errors(data: bytes) -> frozenset[str]:
    return frozenset(f.code for f in judging.judge(data) if f.severity is Severity.ERROR)
