"""What the judges of mails look at: the mails that the vendor sent for a case, each with the document message it is
about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.evidence.values import Context, Direction, Driven, Finding, Heard, Observation, Severity, Witness
from conformance.properties.flow import Delivery, deliveries, volets
from conformance.standards.cda.syntax import tag
from conformance.standards.mail import rules
from conformance.standards.mail.rules import CODES, Letter, Settings
from conformance.standards.mail.syntax import Mail

MSS = frozenset({"service:mss"})
"""What a property on sent mails needs besides its exercise."""


@dataclass(frozen=True, eq=False)
class Sending:
    """One mail that the vendor sent: the observation of it, and the mail under judgement."""

    observation: Observation
    letter: Letter

    @property
    def exchange(self) -> str:
        """The id of its exchange."""
        return self.observation.exchange.id

    @property
    def mail(self) -> Mail:
        """The mail."""
        return self.letter.mail


def settings(context: Context) -> Settings:
    """The mailboxes and the product that the target declares."""
    return Settings.of(context.settings)


@lru_cache(maxsize=256)
def _letter(mail: Mail, known: Settings, envelope: tuple[str, ...], sender: str) -> Letter:
    # Every property looks at the same mails: what they enclose is opened once.
    return Letter(mail, known, envelope, sender)


def letter(observation: Observation, known: Settings) -> Letter | None:
    """The mail of an observation under judgement; None for a receipt, or for what the vendor did not send."""
    exchange = observation.exchange
    if not isinstance(observation.value, Mail) or exchange.direction is not Direction.FROM_VENDOR:
        return None
    recipients, sender = exchange.facts.get("rcpt_to"), exchange.facts.get("mail_from")
    return _letter(
        observation.value,
        known,
        tuple(recipients.split()) if isinstance(recipients, str) else (),
        sender if isinstance(sender, str) else "",
    )


def sendings(observations: Iterable[Observation], context: Context) -> tuple[Sending, ...]:
    """The mails that the vendor sent among what was heard, receipts left out, in order of time."""
    known = settings(context)
    found = ((o, letter(o, known)) for o in observations if o.kind == "mail")
    return tuple(Sending(o, held) for o, held in found if held is not None)


def sent(heard: Heard, context: Context) -> tuple[Sending, ...]:
    """The mails that the vendor sent for a case."""
    return sendings(heard.own, context)


def asked(driven: Driven[object], heard: Heard, context: Context) -> tuple[Delivery, ...]:
    """The document messages of a case that ask for a mail, in the dialects of the waves under test."""
    spoken = volets(context)
    return tuple(d for d in deliveries(driven, heard) if d.message.dialect in spoken and wants_mail(d))


def wants_mail(delivery: Delivery) -> bool:
    """Whether a message asks for a mail, to professionals or to the patient."""
    return delivery.flag("DESTMSSANTEPS") or delivery.flag("DESTMSSANTEPAT")


def usable(delivery: Delivery) -> bool:
    """Whether what follows can be held against the vendor: our message is beyond reproach, and was accepted."""
    return delivery.conforming and delivery.accepted and delivery.message.flow == "to-pfi"


def about(delivery: Delivery, found: Iterable[Sending]) -> tuple[Sending, ...]:
    """The mails that enclose a document of a message."""
    return tuple(s for s in found if set(s.letter.contents.unique_ids) & delivery.uids)


def addressees(delivery: Delivery, known: Settings) -> frozenset[str]:
    """The mailboxes that a message asks to write to: PRT RCT, in V1.2 the recipients of the CDA, and the patient's."""
    found = {p.address.lower() for p in delivery.message.with_role("RCT") if p.address}
    for document in delivery.documents:
        if document.header is not None:
            recipients = document.header.element.iterfind(f"{tag('informationRecipient')}//{tag('telecom')}")
            found |= {t.get("value", "").removeprefix("mailto:").lower() for t in recipients}
    patient = delivery.message.patient
    if delivery.flag("DESTMSSANTEPAT") and patient is not None and patient.ins is not None:
        found.add(f"{patient.ins.value}@{known.patient_domain}".lower())
    return frozenset(found - {""})


def concerning(delivery: Delivery, found: Iterable[Sending], every: Iterable[Delivery]) -> tuple[Sending, ...]:
    """The mails about a message: those that enclose its documents; failing that, those that enclose no document of
    another message and go to a mailbox it names (a platform may give a document that it makes an id of its own)."""
    found = tuple(found)
    mine = about(delivery, found)
    if mine:
        return mine
    others = frozenset[str]().union(*(d.uids for d in every))
    return tuple(
        s
        for s in found
        if not set(s.letter.contents.unique_ids) & others
        and set(s.letter.recipients) & addressees(delivery, s.letter.settings)
    )


def said(sending: Sending, table: Iterable[rules.Rule], assertion: str) -> Iterator[Finding | Witness]:
    """What a table says of a mail, and the witness when nothing in it is an error."""
    wrong = False
    for finding in rules.apply(table, sending.letter):
        wrong = wrong or finding.severity is Severity.ERROR
        yield finding.at(exchange=sending.exchange)
    if not wrong:
        yield Witness(assertion, sending.exchange)


def finding(code: str, path: str = "", **details: object) -> Finding:
    """A finding of the table of mails."""
    return CODES.finding(code, path, **details)  # type: ignore[arg-type]
