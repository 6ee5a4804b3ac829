"""Every mail that a PFI sends: Message-ID, body, sender, notice of automatic sending (MSS/va1.09, .11, .12, .16)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties.base import register
from conformance.properties.mails import MSS, Sending, finding, said, sendings, sent
from conformance.standards.mail import rules

_MAILED = frozenset({"flag:dest-mss-ps", "flag:dest-mss-pat", "mss:both"})
_CONTROL = "mss:reply-open"


@register(
    "mss.message-id",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.12 ; RFC 5322, 3.6.4",
    requirements=("PFI/va1/MSS/va1.12",),
    codes=rules.codes_of("message-id") | {"mail.message-id.repeated"},
    claims=_MAILED,
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def message_id(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every mail has one Message-ID of RFC 5322, and two different mails do not share theirs."""
    for observation in heard.of("mail-malformed"):
        yield finding("mail.message-id.missing", "Message-ID", exchange=observation.exchange.id)
    everything = sendings(heard.window, context)
    for one in sent(heard, context):
        twin = next((o for o in everything if _same_id(one, o) and _content(one) != _content(o)), None)
        if twin is not None:
            yield finding("mail.message-id.repeated", "Message-ID", exchange=one.exchange, seen=one.mail.message_id)
            continue
        yield from said(one, rules.GROUPS["message-id"], "Message-ID of its own")


def _same_id(one: Sending, other: Sending) -> bool:
    return bool(one.mail.message_id) and one.mail.message_id == other.mail.message_id


def _content(one: Sending) -> tuple[object, ...]:
    """What makes a mail another one: sending the same mail again may keep its Message-ID."""
    return one.mail.subject, one.letter.text, one.letter.contents.unique_ids, one.mail.recipients


@register(
    "mss.body-format",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.11 ; référentiel socle MSSanté n° 2, ECO.2.2.4",
    requirements=("PFI/va1/MSS/va1.11",),
    codes=rules.codes_of("body"),
    claims=_MAILED,
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def body_format(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every body is text/plain, or text/plain then text/html of the same wording."""
    for one in sent(heard, context):
        yield from said(one, rules.GROUPS["body"], "body in plain text, or in two forms of the same wording")


@register(
    "mss.sender-label",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.16 ; référentiel socle MSSanté n° 2, ECO.2.2.7",
    requirements=("PFI/va1/MSS/va1.16",),
    codes=rules.codes_of("sender"),
    claims=_MAILED,
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def sender_label(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """From bears a meaningful label: names of a person for a personal mailbox, a unit for the others."""
    for one in sent(heard, context):
        yield from said(one, rules.GROUPS["sender"], "sender named beside its address")


@register(
    "mss.automatic-mailbox-notice",
    exercise="documents.intake",
    clause="DSR PFI MSS/va1.09 ; référentiel socle MSSanté n° 2, ECO.2.2.5",
    requirements=("PFI/va1/MSS/va1.09",),
    codes=rules.codes_of("notice"),
    claims=_MAILED,
    control=_CONTROL,
    environments=("normal",),
    needs=MSS,
    passive=True,
)
def automatic_mailbox_notice(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A mail of the application mailbox has a Reply-To and ends with the notice, both leading to someone."""
    for one in sent(heard, context):
        if one.letter.automatic:
            yield from said(one, rules.GROUPS["notice"], "automatic mail with its notice and its Reply-To")
