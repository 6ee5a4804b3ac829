"""The mail half of the platform: what it sends and receives by MSSanté.

The pilot talks to it through `Mailer`, which `Platform.mail` holds (None without `[mss]` in the settings):

    sent = await platform.mail.send(Letter(mailbox=..., to=(...), subject=..., text=...), author="rpps or login")
    await platform.mail.reply(mailbox, message_id, text, author=...)
    await platform.mail.fetch(mailbox, author=...)          # opens a session of its own, reads what is new
    await platform.mail.delete(mailbox, message_id, author=...)
    await platform.mail.delete_document(unique_id, author=...)  # sends the prepared deletion notice
    platform.mail.settings.reply_to = "accueil@..."         # return address
    platform.mail.settings.antivirus = False
    platform.mail.document_status(unique_id)                # None when unknown
    platform.mail.document_history(message_id)              # None when no such mail was received

Every operation raises `MailError` (a short code and a sentence) when it cannot be done; each one, failed or not, is in
`platform.traces`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class MailError(Exception):
    """An operation could not be done: `code` is the SMTP reply code, an enhanced word such as `tls`, or `unknown`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file joined to a letter."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to write. `final`: the patient must not answer (X-MSS-MES: FIN)."""

    mailbox: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    delivery_receipt: bool = False
    read_receipt: bool = False
    final: bool = False
    attachments: tuple[Attachment, ...] = ()


@dataclass(slots=True)
class Settings:
    """What the administrator may change while the platform runs."""

    reply_to: str
    antivirus: bool = True
    first_reply_to: str = ""

    def __post_init__(self) -> None:
        """Remember the address of the settings file."""
        self.first_reply_to = self.first_reply_to or self.reply_to


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a document: local time (ISO 8601), what was done, how it ended (`ok`, `failed`)."""

    at: str
    action: str
    outcome: str


@dataclass(slots=True)
class Life:
    """A document sent or received: its state, its patient (matricule, empty when unknown) and its steps."""

    state: str
    patient: str = ""
    document: str = ""
    message_id: str = ""
    history: list[Step] = field(default_factory=list)


class Mailing(Protocol):
    """What the pilot may ask of the mail half. `author` is the identifier of who asks, for the traces."""

    settings: Settings

    async def send(self, letter: Letter, *, author: str = "") -> str:
        """Send; returns the Message-ID, with its angle brackets."""

    async def reply(self, mailbox: str, message_id: str, text: str, *, author: str = "") -> str:
        """Answer a mail of a mailbox; returns the Message-ID of the answer."""

    async def fetch(self, mailbox: str, *, author: str = "") -> int:
        """Read a mailbox now, in a session of its own; returns how many mails were new."""

    async def delete(self, mailbox: str, message_id: str, *, author: str = "") -> None:
        """Delete a mail of a mailbox."""

    async def delete_document(self, document: str, *, author: str = "") -> tuple[str, ...]:
        """Tell the recipients of a document that it is deleted; returns the Message-IDs of the notices."""

    def document_status(self, document: str) -> Life | None:
        """What became of a document (CDA unique id), sent or received."""

    def document_history(self, message_id: str) -> Life | None:
        """What became of a mail received."""
