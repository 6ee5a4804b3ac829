"""Writing mails: headers, body, attachments, as the requirements of the REM ask (RFC 5322, RFC 2045 to 2047, 2231)."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from conformance.reference.config import Mss
from conformance.reference.mail import Attachment, Settings
from conformance.reference.mail.rules import AUTOMATIC, MailBehaviour
from conformance.reference.values import Cda

POLICY = policy.SMTP.clone(max_line_length=78)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is decided of a mail before it is written. `answers` are addresses asked for as Reply-To."""

    mailbox: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    answers: tuple[str, ...] = ()
    documents: tuple[Cda, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    delivery_receipt: bool = False
    read_receipt: bool = False
    final: bool = False
    in_reply_to: str = ""
    references: str = ""


class Writer:
    """Writes drafts from the mailboxes of the settings."""

    def __init__(self, mss: Mss, settings: Settings) -> None:
        self._mss = mss
        self._settings = settings

    def label(self, mailbox: str) -> str:
        """The display name of a mailbox."""
        mss = self._mss
        known = {mss.return_mailbox: mss.return_label, mss.personal_mailbox: mss.personal_label}
        return {**known, mss.application_mailbox: mss.application_label}.get(mailbox, mss.return_label)

    def write(self, draft: Draft, behaviour: MailBehaviour) -> tuple[str, EmailMessage]:
        """The Message-ID and the mail."""
        message = self.headed(draft, behaviour)
        text, rich = self._closed(draft, behaviour)
        (first, content), *others = behaviour.body(text, rich)
        message.set_content(content, subtype=first, charset="utf-8", cte="quoted-printable")
        for subtype, alternative in others:
            message.add_alternative(alternative, subtype=subtype, charset="utf-8", cte="quoted-printable")
        for joined in draft.attachments:
            main, _, sub = joined.type.partition("/")
            message.add_attachment(
                joined.data, maintype=main or "application", subtype=sub or "octet-stream", filename=joined.name
            )
        return str(message["Message-ID"]), message

    def headed(self, draft: Draft, behaviour: MailBehaviour) -> EmailMessage:
        """A mail with its headers and no body."""
        message = EmailMessage(policy=POLICY)
        message["From"] = _address(behaviour.sender_label(self.label(draft.mailbox)), draft.mailbox)
        message["To"] = ", ".join(draft.to)
        message["Subject"] = " ".join(draft.subject.split())
        message["Date"] = format_datetime(datetime.now().astimezone())
        message["Message-ID"] = behaviour.message_id(draft.mailbox.rpartition("@")[2])
        answer = self._return_address(draft, behaviour)
        if answer:
            message["Reply-To"] = answer
        if draft.in_reply_to:
            message["In-Reply-To"] = draft.in_reply_to
        if draft.references:
            message["References"] = draft.references
        if behaviour.delivery_receipt(draft.delivery_receipt):
            message["Return-Receipt-To"] = f"<{draft.mailbox}>"
        if behaviour.read_receipt(draft.read_receipt):
            message["Disposition-Notification-To"] = f"<{draft.mailbox}>"
        self._marked(message, draft, behaviour)
        return message

    def _marked(self, message: EmailMessage, draft: Draft, behaviour: MailBehaviour) -> None:
        """The X-MSS headers."""
        if draft.documents:
            message["X-MSS-INS"] = behaviour.ins_header(draft.documents)
            message["X-MSS-CODECDA"] = behaviour.code_header(draft.documents)
        product = behaviour.product_header(self._mss.reference_produit)
        if product:
            message["X-MSS-NIL"] = product
        patients = any(a.endswith("@" + self._mss.patient_domain) for a in draft.to)
        if draft.final and patients:
            message["X-MSS-MES"] = behaviour.no_answer_header()

    def _return_address(self, draft: Draft, behaviour: MailBehaviour) -> str:
        automatic = draft.mailbox == self._mss.application_mailbox
        return behaviour.return_address(self._settings, draft.answers) if automatic else ""

    def _closed(self, draft: Draft, behaviour: MailBehaviour) -> tuple[str, str]:
        """Text and HTML of the body, which say the same; from the application mailbox they end with the notice."""
        text = "\n".join(line.rstrip() for line in draft.text.strip().splitlines())
        rich = draft.html
        if draft.mailbox == self._mss.application_mailbox:
            notice = self.notice(draft, behaviour)
            text = f"{text}\n\n{notice}"
            rich = rich and f"{rich}\n<p>{html.escape(notice)}</p>"
        return text + "\n", rich or as_html(text)

    def notice(self, draft: Draft, behaviour: MailBehaviour) -> str:
        """The sentence that ends a mail from the application mailbox."""
        address = self._return_address(draft, behaviour) or self._settings.reply_to
        return AUTOMATIC.format(address=address)


def as_html(text: str) -> str:
    """A text as HTML, paragraph by paragraph."""
    paragraphs = "".join(
        f"<p>{'<br/>'.join(html.escape(line) for line in p.splitlines())}</p>\n"
        for p in text.split("\n\n")
        if p.strip()
    )
    return f'<html lang="fr"><head><meta charset="utf-8"/></head><body>\n{paragraphs}</body></html>\n'


def wire(message: EmailMessage) -> bytes:
    """The bytes that travel: CRLF, 7 bits."""
    return message.as_bytes(policy=POLICY)


def body_for(documents: Sequence[Cda], *, patient: bool) -> str:
    """The prepared body of a mail that carries documents."""
    titles = "\n".join(f"- {d.title or d.type.label}" for d in documents)
    whom = "vous concernant" if patient else f"concernant {documents[0].patient.family} {documents[0].patient.given}"
    return f"Bonjour,\n\nVeuillez trouver ci-joint le document de santé {whom} :\n{titles}"


def _address(label: str, mailbox: str) -> str | Address:
    user, _, domain = mailbox.rpartition("@")
    return Address(label, user, domain) if label else mailbox
