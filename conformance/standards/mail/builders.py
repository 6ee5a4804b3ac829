"""Builds the mails that the bench itself puts in a mailbox (RFC 5322, 2045, 2231, 8098), always the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

XDM_PREFIX = "XDM/1.0/DDM+"
"""How the subject of a mail that carries an IHE_XDM archive begins (référentiel socle MSSanté n° 2, ECO.2.1.3)."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: its name, media type and bytes."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailSpec:
    """A mail, every value resolved. Mailboxes are (display name, address), `message_id` has no angle brackets.

    `receipt_to` is the address an MDN is asked for, empty for none. `headers` are fields besides the usual ones.
    """

    sender: tuple[str, str]
    to: tuple[tuple[str, str], ...]
    subject: str
    text: str
    message_id: str
    sent_at: datetime
    receipt_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def build(spec: MailSpec) -> bytes:
    """The mail with CRLF line ends: text/plain in UTF-8, in multipart/mixed with the files in their order."""
    if spec.sent_at.tzinfo is None:
        raise ValueError("the date of a mail needs its offset from UTC")
    mail = EmailMessage(SMTP)
    mail["From"] = _mailbox(spec.sender)
    mail["To"] = [_mailbox(one) for one in spec.to]
    mail["Date"] = format_datetime(spec.sent_at)
    mail["Message-ID"] = f"<{spec.message_id}>"
    if spec.in_reply_to:
        mail["In-Reply-To"] = f"<{spec.in_reply_to}>"
    if spec.references:
        mail["References"] = " ".join(f"<{one}>" for one in spec.references)
    if spec.receipt_to:
        mail["Disposition-Notification-To"] = f"<{spec.receipt_to}>"
    for name, value in spec.headers.items():
        mail[name] = value
    mail["Subject"] = spec.subject
    mail.set_content(spec.text, charset="utf-8", cte="quoted-printable")
    for file in spec.files:
        main, _, sub = file.type.partition("/")
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    if spec.files:
        mail.set_boundary("=_" + hashlib.sha256(spec.message_id.encode()).hexdigest()[:24])
    return mail.as_bytes()


def _mailbox(one: tuple[str, str]) -> Mailbox:
    label, address = one
    return Mailbox(display_name=label, addr_spec=address)
