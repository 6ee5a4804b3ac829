"""Exercise `mail.reception`: a mail is put in the vendor's mailbox; what it reads, passes on and answers is heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.mailboxes import mailbox
from conformance.generation import mail_render, mails, render
from conformance.models.mail import ReceivedMail

NAME = "mail.reception"


@dataclass(frozen=True)
class MailReception:
    """Delivers one mail at the operator, waits for what the system makes of it, then asks what it holds of it."""

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"service:imap", "service:mss", "service:relay"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = ReceivedMail
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> MailReception:
        """The same exercise: the rows that read received mails are of wave 2 only."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[ReceivedMail]:
        """Sound mails of any class, or mails that have the label."""
        return mails.received(label)

    def labels(self) -> frozenset[str]:
        """Every label a received mail may have."""
        return mails.LABELS

    def labels_of(self, case: ReceivedMail) -> frozenset[str]:
        """The labels of a mail."""
        return mails.labels_of(case)

    def sentinel(self) -> ReceivedMail:
        """An archive of one imaging report, from a professional who asks for an MDN."""
        return mails.plainest()

    def mark(self, case: ReceivedMail, binding: Binding) -> str:
        """The Message-ID of the mail."""
        return mail_render.message_id(binding)

    def simpler(self, case: ReceivedMail) -> list[ReceivedMail]:
        """Mails one step nearer to the sentinel."""
        return mails.simpler(case)

    async def drive(self, drive: Drive, case: ReceivedMail, binding: Binding) -> None:
        """Deliver, wait for the reading, for one message a visible document, for the receipt; then read the history."""
        settings = render.Settings.of(drive.settings)
        box = mailbox(drive.settings, "application")
        made = mail_render.render(case, binding, drive.as_of, box, settings)
        if case.answer != "AA":
            await drive.configure("relay", {"answer": case.answer})
        if case.virus != "none":
            await drive.stimulate("settings.set/1", {"name": "antivirus", "value": "on"}, name="antivirus")
        await drive.instruct("imap", "deliver", made.body, name="deliver", keys=made.keys, to=box)
        await drive.stimulate("mail.fetch/1", {"mailbox": box}, name="fetch")
        read = await drive.wait("imap", made.message_id.encode(), event="command")
        if read is not None and case.sound:
            await self._passed_on(drive, case, made)
        await drive.quiet()
        await drive.query("document.history/1", {"message_id": f"<{made.message_id}>"}, name="history")
        for number, uid in enumerate(made.uids, 1):
            await drive.query("document.status/1", {"document": uid}, name=f"status-{number}")
        if case.virus != "none":
            await drive.query("log.read/1", {}, name="log")

    async def _passed_on(self, drive: Drive, case: ReceivedMail, made: mail_render.RenderedMail) -> None:
        for document in case.documents:
            if not document.masked and await drive.wait("relay") is None:
                return
        if case.receipt:
            await drive.wait("mss", made.message_id.encode(), event="mail")
