"""Mails as cases: one received by the vendor's system, one that it is asked to make. Plain data, no identifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.models.document import DocumentKind, Level, Patient, Professional, Structure

Content = Literal["xdm", "zip", "none"]
Subject = Literal["usual", "free", "misleading"]
Virus = Literal["none", "attachment", "archive", "document"]
Answer = Literal["AA", "AE"]
Mailbox = Literal["application", "personal"]
Receipts = Literal["none", "delivery", "read", "both", "failed"]
Action = Literal["send", "reply", "return-address", "deletion", "mailbox"]
Fault = Literal["success", "greeting-4xx", "auth-refused", "sender-4xx", "rcpt-5xx", "data-4xx", "data-5xx"]


@dataclass(frozen=True, slots=True)
class Damage:
    """One way for the archive of a mail to be wrong. `clause` cites what it breaks."""

    name: str
    clause: str


_XDM = "IHE ITI TF-2, ITI-32"
DAMAGES = {
    d.name: d
    for d in (
        Damage("zip-truncated", f"{_XDM} ; PKWARE APPNOTE 4.3"),
        Damage("metadata-missing", f"{_XDM}, METADATA.XML"),
        Damage("metadata-unreadable", f"{_XDM}, METADATA.XML ; ebRS 3.0"),
        Damage("document-missing", f"{_XDM}, URI"),
        Damage("hash-wrong", "IHE ITI TF-3 4.2.3.2.10, hash"),
    )
}
"""Every damage, by name."""


@dataclass(frozen=True, slots=True)
class MailDocument:
    """A CDA of a mail: what it is, its form, whether its metadata say that professionals must not see it."""

    kind: DocumentKind
    level: Level = "N1"
    masked: bool = False


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail delivered in the vendor's application mailbox, and what the destination says of what is passed on.

    `content` is an IHE_XDM archive with PDF copies, an ordinary ZIP, or nothing. `receipt` asks for an MDN.
    `pdf_first` puts the copies before the archive; `opaque` gives it the type application/octet-stream. `virus` says
    where the EICAR test file is. `answer` is MSA-1 of the destination. `damage` names the one thing wrong, if any.
    """

    patient: Patient
    author: Professional
    structure: Structure
    documents: tuple[MailDocument, ...]
    sender: Literal["professional", "patient"] = "professional"
    content: Content = "xdm"
    subject: Subject = "usual"
    receipt: bool = True
    pdf_first: bool = False
    opaque: bool = False
    virus: Virus = "none"
    answer: Answer = "AA"
    damage: str | None = None

    @property
    def sound(self) -> bool:
        """Whether every visible document of the mail has to be passed on: a valid archive, nothing dangerous."""
        return self.content == "xdm" and self.damage is None and self.virus == "none"


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """What the vendor's system is asked to do with a mailbox, and how the operator behaves.

    `send` and `reply` make a mail; `return-address` sets the return address twice and sends after each; `deletion`
    deletes a document that was mailed; `mailbox` has a mail read then deleted. `thread` is how many earlier messages
    the mail replied to quotes. `receipts` is what comes back to the sender, `fault` where the operator fails.
    """

    action: Action
    to: tuple[Professional, ...]
    mailbox: Mailbox = "application"
    text: str = "Bonjour,\n\nCeci est un message de test."
    html: bool = False
    delivery_receipt: bool = False
    read_receipt: bool = False
    receipts: Receipts = "none"
    fault: Fault = "success"
    thread: int = 0
