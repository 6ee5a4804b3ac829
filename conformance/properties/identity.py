"""INS/va1.16: a PFI integrates incoming messages whose PID carries the INS, and keeps it with the right patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Sent, Severity, Witness
from conformance.properties.base import register
from conformance.properties.flow import Delivery, deliveries, finding, submissions
from conformance.properties.reports import declared
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.values import Ack, DocumentMessage, Other, PidIdentity
from conformance.standards.xds.submission import Entry, Submission

CLAUSE = "DSR PFI INS/va1.16 ; annexe CI-SIS Prise en charge de l'INS dans les standards d'interopérabilité"
CODES = frozenset({"ins.incoming.refused", "ins.incoming.attached-elsewhere", "ins.incoming.traits-changed"})
ORIGINS = frozenset(
    {
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
)
USUAL = frozenset({"O01", "S12"})
"""The events that a product takes in when it says ORM or SIU; it may know no other."""


@register(
    "ins.incoming-identity",
    exercise="documents.intake",
    clause=CLAUSE,
    requirements=("PFI/va1/INS/va1.16",),
    codes=CODES,
    claims=ORIGINS | {"plain"},
    control="plain",
    environments=("normal",),
)
def incoming_identity(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A qualified INS is taken in, and the document comes out under that very matricule and OID."""
    for delivery in deliveries(driven, heard):
        patient = delivery.message.patient
        # Laboratory reports in OUL are for INTRA/va1.02: a product may well take the others only.
        if not delivery.conforming or patient is None or not patient.qualified or delivery.message.carrier == "OUL":
            continue
        if delivery.refused:
            yield finding(
                "ins.incoming.refused",
                "MSA-1",
                exchange=delivery.sent.answer,
                expected="AA",
                seen="AE",
                subject=_origin(patient),
            )
        elif delivery.accepted:
            yield from _attached(delivery, heard)


@register(
    "ins.incoming-messages",
    exercise="identity.intake",
    clause=CLAUSE + " ; HL7 v2.5, ORM^O01 et SIU^S12",
    requirements=("PFI/va1/INS/va1.16",),
    codes=CODES | {"ins.incoming.kind-unsupported", "ins.incoming.silent"},
    claims=frozenset({"message:ORM", "message:SIU-S12", "message:SIU-S14", "message:SIU-S15"}) | ORIGINS,
    control="message:ORM",
    environments=("normal",),
)
def incoming_messages(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """An order or an appointment with a qualified INS is taken in; a later document comes out under the same one."""
    for sent in driven.sent:
        message = heard.value(sent.exchange, Other)
        if message is None or message.patient is None or not message.patient.qualified or _mistaken(message):
            continue
        yield from _answered(sent, message, heard, _due(message, heard, declared(context)))
    for delivery in deliveries(driven, heard):
        patient = delivery.message.patient
        if delivery.conforming and delivery.accepted and patient is not None and patient.qualified:
            yield from (word for word in _attached(delivery, heard) if isinstance(word, Finding))


def _mistaken(message: Other) -> bool:
    """Whether the bench's own message is wrong: no refusal can then be held against the vendor."""
    return any(f.severity is Severity.ERROR for f in rules.judge(message))


def _due(message: Other, heard: Heard, held: frozenset[str]) -> bool:
    """Whether the product is held to this kind: it says so (of a new order or appointment), or takes some in."""
    if message.header.code in held and message.header.trigger in USUAL:
        return True
    return _accepted(heard, lambda o: isinstance(o.value, Other) and o.value.header.type == message.header.type)


def _accepted(heard: Heard, wanted: Callable[[Observation], bool]) -> bool:
    """Whether a message of the bench, such as this, was accepted in the same window."""
    accepted = {o.value.control_ref for o in heard.window if isinstance(o.value, Ack) and o.value.accepted}
    return any(
        isinstance(o.value, Other | DocumentMessage) and o.value.header.control_id in accepted and wanted(o)
        for o in heard.window
    )


def _qualified(o: Observation) -> bool:
    return isinstance(o.value, Other | DocumentMessage) and o.value.patient is not None and o.value.patient.qualified


def _answered(sent: Sent, message: Other, heard: Heard, due: bool) -> Iterator[Finding | Witness]:
    kind = message.header.type
    ack = heard.value(sent.answer, Ack)
    assert message.patient is not None
    if ack is None or sent.failure is not None:
        if sent.failure in ("timeout", "closed", "garbage", "half-frame", "too-big") and due:
            yield finding(
                "ins.incoming.silent",
                "MSA",
                exchange=sent.exchange,
                expected="ACK",
                seen=sent.failure,
                absence=True,
                subject=kind,
            )
    elif ack.accepted:
        yield Witness(f"{kind} with a qualified INS accepted", sent.answer)
    elif not due:
        yield finding(
            "ins.incoming.kind-unsupported", "MSH-9", exchange=sent.answer, expected="AA", seen=ack.code, subject=kind
        )
        if _accepted(heard, _qualified):  # the statement names these kinds as examples
            yield Witness("another message with a qualified INS accepted", sent.answer)
    elif ack.code == "AE":
        yield finding(
            "ins.incoming.refused",
            "MSA-1",
            exchange=sent.answer,
            expected="AA",
            seen=ack.code,
            subject=f"{kind} {_origin(message.patient)}",
        )


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
        for entry in submission.documents:
            if entry.unique_id in delivery.uids:
                yield from _changed(entry, patient, where)
        if not wrong:
            yield Witness("document comes out under the INS it came in with", where)


def _changed(entry: Entry, patient: PidIdentity, where: str) -> Iterator[Finding]:
    """Advice: the birth name, birth date and sex that go with the document are those of PID, when they are told."""
    told = dict(row.partition("|")[::2] for row in entry.patient_info)
    born = patient.name("L")
    names = [r.split("^") for r in told.get("PID-5", "").split("~")]
    families = {n[0] for n in names if len(n) > 6 and n[6] == "L"}
    for field, seen, expected in (
        ("PID-5.1", families, born.family if born is not None else ""),
        ("PID-7", {told.get("PID-7", "")[:8]} - {""}, patient.birth_date[:8]),
        ("PID-8", {told.get("PID-8", "")} - {""}, patient.sex),
    ):
        if seen and expected and expected not in seen:
            yield finding(
                "ins.incoming.traits-changed",
                f"sourcePatientInfo/{field}",
                exchange=where,
                expected=expected,
                seen=", ".join(sorted(seen)),
                subject=field,
            )


def _origin(patient: PidIdentity) -> str:
    """Digits 6-7 of the matricule tell where the patient was born: `2A`, `97`, `99`..., else `metropolitan`."""
    assert patient.ins is not None
    place = patient.ins.value[5:7]
    return place if place in ("2A", "2B", "97", "98", "99") else "metropolitan"
