"""Mails that transmit documents: attachments, subject, replacement (MSS/CONF.23, CONF.25, va1.13)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.flow import deliveries
from conformance.properties.mails import MSS, Sending, addressees, asked, concerning, finding, said, sent, usable
from conformance.standards.mail import rules

_CONTROL = "mss:reply-open"


def _transmitting(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Sending]:
    """The mails that transmit documents.

    One that encloses nothing may be the notice of a deletion, or a word to someone else. When no deletion was asked for
    and it goes to a mailbox that a message names, it ought to enclose the document.
    """
    asking = tuple(deliveries(driven, heard))
    deletion = any(d.message.request == "deletion" for d in asking)
    for one in sent(heard, context):
        named = any(set(one.letter.recipients) & addressees(d, one.letter.settings) for d in asking)
        if one.letter.transmits or (named and not deletion):
            yield one


@register(
    "mss.document-attachments",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.23 ; référentiel socle MSSanté n° 2, ECO.2.1.1",
    requirements=("PFI/va2/MSS/CONF.23",),
    codes=rules.codes_of("attachments"),
    claims=frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both", "mss:n3"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def document_attachments(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """One patient a mail, an IHE_XDM archive of CDA documents, the same documents as PDF/A-1."""
    for one in _transmitting(driven, heard, context):
        yield from said(one, rules.GROUPS["attachments"], "documents of one patient as IHE_XDM and PDF/A-1")


@register(
    "mss.subject-format",
    exercise="documents.intake",
    clause="DSR PFI MSS/CONF.25 ; référentiel socle MSSanté n° 2, ECO.2.1.3",
    requirements=("PFI/va2/MSS/CONF.25",),
    codes=rules.codes_of("subject"),
    claims=frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both", "mss:n3"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def subject_format(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The subject is XDM/1.0/DDM+, a label, the family name, the given name and, if wanted, the birth date."""
    for one in _transmitting(driven, heard, context):
        yield from said(one, rules.GROUPS["subject"], "subject of a mail that transmits documents")


@register(
    "mss.replacement-notice",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.13",
    requirements=("PFI/va1/MSS/va1.13",),
    codes=frozenset({"mail.replacement.missing", "mail.replacement.no-mention", "mail.replacement.relation"}),
    claims=frozenset({"mss:replacement"}),
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
)
def replacement_notice(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A modified document is mailed again, with a mention of the type `annule et remplace` in the mail or in it."""
    found, every = sent(heard, context), tuple(deliveries(driven, heard))
    for delivery in asked(driven, heard, context):
        if delivery.message.request != "replacement" or not usable(delivery):
            continue
        mine = concerning(delivery, found, every)
        if not mine:
            yield finding(
                "mail.replacement.missing",
                "OBX-5",
                exchange=delivery.sent.exchange,
                expected=", ".join(sorted(delivery.uids))[:200],
                absence=True,
                subject=delivery.message.carrier,
            )
        for one in mine:
            place = rules.replacement_mention(one.letter)
            if not place:
                yield finding(
                    "mail.replacement.no-mention", "body", exchange=one.exchange, expected="annule et remplace"
                )
                continue
            yield Witness(f"new version sent with its mention ({place})", one.exchange)
            for document in one.letter.contents.documents:
                if document.header.unique_id in delivery.uids and document.header.replaces is None:
                    yield finding("mail.replacement.relation", document.place, exchange=one.exchange, expected="RPLC")
