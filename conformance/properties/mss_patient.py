"""Mails to patients: automatic sending, address of a qualified INS, reply closed (MSS/va1.17, va1.19, CONF.21)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.dmp import TYPES
from conformance.properties.flow import Delivery, deliveries, volets
from conformance.properties.mails import MSS, Sending, asked, concerning, finding, said, sent, usable
from conformance.standards.mail import rules


def _matricule(delivery: Delivery) -> str:
    """The matricule of the patient of a message when the identity is qualified, else empty."""
    patient = delivery.message.patient
    return patient.ins.value if patient is not None and patient.qualified and patient.ins is not None else ""


def _to_patient(found: tuple[Sending, ...]) -> tuple[Sending, ...]:
    return tuple(s for s in found if s.letter.patients)


@register(
    "mss.patient-sending",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.17 ; référentiel socle MSSanté n° 2, ECO.2.1.1 à 2.1.6",
    requirements=("PFI/va1/MSS/va1.17",),
    codes=rules.codes_of("attachments")
    | {"mail.sending.missing", "mail.sending.mailbox", "mail.sending.not-n1", "mail.sending.repeated"},
    claims=frozenset({"mss:patient-n1"}),
    control="mss:patient-n1",
    environments=("normal",),
    needs=MSS,
)
def patient_sending(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A document asked for a qualified patient goes by itself, from the application mailbox, as PDF/A-1 and IHE_XDM."""
    types = context.parameters.get("types", TYPES)
    assert isinstance(types, frozenset | list | tuple)
    found, every = sent(heard, context), tuple(deliveries(driven, heard))
    for delivery in asked(driven, heard, context):
        if not _owed(delivery, types):
            continue
        # A mail to this very patient without the document in an archive is judged, not taken for silence.
        mine = [s for s in concerning(delivery, found, every) if _matricule(delivery) in _written(s)]
        if not mine:
            yield finding(
                "mail.sending.missing",
                "OBX-5",
                exchange=delivery.sent.exchange,
                expected=f"{_matricule(delivery)}@{_domain(context)}",
                absence=True,
                subject=delivery.message.carrier,
            )
            continue
        yield from _as_owed(mine[0])
        if len(mine) > 1:
            yield finding("mail.sending.repeated", "To", exchange=mine[1].exchange, expected=1, seen=len(mine))


def _domain(context: Context) -> str:
    return rules.Settings.of(context.settings).patient_domain


def _owed(delivery: Delivery, types: frozenset[str] | list[str] | tuple[str, ...]) -> bool:
    return (
        usable(delivery)
        and delivery.flag("DESTMSSANTEPAT")
        and not delivery.flag("INVISIBLE_PATIENT")
        and delivery.message.request in ("initial", "replacement")
        and bool(_matricule(delivery))
        and delivery.n1 is not None
        and any(d.code.code in types for d in delivery.message.documents)
    )


def _written(one: Sending) -> frozenset[str]:
    """The matricules of the patient addresses that a mail goes to."""
    return frozenset(rules.matricule(a) for a in one.letter.patients) - {""}


def _as_owed(one: Sending) -> Iterator[Finding | Witness]:
    wrong = False
    if not one.letter.automatic:
        wrong = True
        author = one.letter.author
        yield finding(
            "mail.sending.mailbox",
            "From",
            exchange=one.exchange,
            seen=author.address if author is not None else "",
            expected=", ".join(sorted(one.letter.settings.application)),
        )
    documents = one.letter.contents.documents
    if documents and not any(d.header.level == "N1" for d in documents):
        wrong = True
        yield finding("mail.sending.not-n1", "IHE_XDM", exchange=one.exchange, seen="N3", expected="N1")
    for word in said(one, rules.GROUPS["attachments"], "document sent by itself as PDF/A-1 and IHE_XDM"):
        if not (wrong and isinstance(word, Witness)):
            yield word


@register(
    "mss.patient-address",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.19 ; référentiel socle MSSanté n° 2, ECO.2.2.6",
    requirements=("PFI/va1/MSS/va1.19",),
    codes=rules.codes_of("patient-address"),
    claims=frozenset({"mss:reply-open", "mss:unqualified"}),
    control="mss:reply-open",
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def patient_address(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Patients are written to at the matricule of their qualified INS; one whose identity is not qualified never is."""
    spoken = volets(context)
    messages = [d for d in deliveries(driven, heard) if d.message.dialect in spoken]
    qualified = any(_matricule(d) for d in messages)
    written = _to_patient(sent(heard, context))
    for one in written:
        if messages and not qualified:
            yield finding(
                "mail.patient-address.unqualified",
                "To",
                exchange=one.exchange,
                seen=", ".join(one.letter.patients),
                expected="PID-32 = VALI",
            )
            continue
        yield from said(one, rules.GROUPS["patient-address"], "patient written to at a qualified matricule")
    if written or qualified:
        return
    for delivery in messages:
        # What was asked and answered, and not done; the permitted twin tells that mails can be heard at all.
        if delivery.flag("DESTMSSANTEPAT") and delivery.ack is not None and delivery.sent.failure is None:
            yield Witness("nothing written to a patient whose identity is not qualified", delivery.sent.answer)


@register(
    "mss.no-patient-reply",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.21 ; référentiel socle MSSanté n° 2, ECO.2.2.8 ; CI-SIS Transmission, NTE-4",
    requirements=("PFI/va2/MSS/CONF.21",),
    codes=rules.codes_of("mes") | {"mail.x-mss-mes.missing", "mail.x-mss-mes.not-asked"},
    claims=frozenset({"mss:no-reply", "mss:reply-open"}),
    control="mss:reply-open",
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def no_patient_reply(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """When the sender wants no answer, the mail to the patient bears X-MSS-MES: FIN."""
    found, every = sent(heard, context), tuple(deliveries(driven, heard))
    for delivery in asked(driven, heard, context):
        if not usable(delivery) or not delivery.flag("DESTMSSANTEPAT"):
            continue
        for one in _to_patient(concerning(delivery, found, every)):
            present = bool(one.mail.all("X-MSS-MES"))
            if delivery.message.patient_must_not_answer and not present:
                yield finding("mail.x-mss-mes.missing", "X-MSS-MES", exchange=one.exchange, expected="FIN")
                continue
            if present and not delivery.message.patient_must_not_answer:
                yield finding("mail.x-mss-mes.not-asked", "X-MSS-MES", exchange=one.exchange)
            yield from said(one, rules.GROUPS["mes"], "reply of the patient left open or closed as asked")
    for one in found:
        if not one.letter.patients and one.mail.all("X-MSS-MES"):
            yield finding("mail.x-mss-mes.not-patient", "X-MSS-MES", exchange=one.exchange)
