"""Exercise `mail.compose`: the pilot makes the vendor's system write, reply, read and delete in its mailboxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from typing import Any, ClassVar

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Acted, Drive
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.documents import ENDPOINT
from conformance.exercises.mailboxes import mailbox
from conformance.generation import composed, documents, mail_render, render
from conformance.models.document import DocumentStory, Flags, Step
from conformance.models.mail import ComposedMail
from conformance.standards.mail import builders

NAME = "mail.compose"
SECOND = "secretariat@banc.mssante.fr"
"""The second return address that is set."""
_PARIS = timezone(timedelta(hours=1))


@dataclass(frozen=True)
class MailCompose:
    """Asks for one action in a mailbox, waits for what the operator sees of it, then reads the log."""

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset({"service:mss", "pilot:mail.send/1"})
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = ComposedMail
    exclusive: ClassVar[bool] = True
    weight: ClassVar[int] = 10

    def for_waves(self, waves: frozenset[str]) -> MailCompose:
        """The same exercise in both waves."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[ComposedMail]:
        """Cases of any class, or that have the label."""
        return composed.composed(label)

    def labels(self) -> frozenset[str]:
        """Every label a case may have."""
        return composed.LABELS

    def labels_of(self, case: ComposedMail) -> frozenset[str]:
        """The labels of a case."""
        return composed.labels_of(case)

    def sentinel(self) -> ComposedMail:
        """A short mail to one professional."""
        return composed.plainest()

    def mark(self, case: ComposedMail, binding: Binding) -> str:
        """The word that stands in the subject."""
        return binding.letters

    def simpler(self, case: ComposedMail) -> list[ComposedMail]:
        """Cases one step nearer to the plainest of the same action."""
        return composed.simpler(case)

    async def drive(self, drive: Drive, case: ComposedMail, binding: Binding) -> None:
        """The log before, the action, the log since."""
        before = await drive.query("log.read/1", {"kind": "mail"}, name="log-before")
        cursor = before.data.get("cursor")
        await _Acting(drive, case, binding).act()
        await drive.quiet()
        since = {"since": cursor} if isinstance(cursor, str) else {}
        await drive.query("log.read/1", {"kind": "mail", **since}, name="log")


class _Acting:
    """One case on its way."""

    def __init__(self, drive: Drive, case: ComposedMail, binding: Binding) -> None:
        self.drive, self.case, self.binding = drive, case, binding
        # A personal mailbox is opened by its owner's sign-in: products that serve none only have the application's.
        personal = case.mailbox == "personal" and "bal-per-org" in drive.options
        self.box = mailbox(drive.settings, "personal" if personal else "application")
        self.settings = render.Settings.of(drive.settings)

    async def act(self) -> None:
        """What the case says; a pilot that does not act ends it."""
        case = self.case
        operator: dict[str, str] = {"fault": case.fault} if case.fault != "success" else {}
        if case.receipts != "none":
            operator["receipts"] = case.receipts
        if operator:
            await self.drive.configure("mss", operator)
        match case.action:
            case "send":
                await self._send_and_wait("send")
            case "reply":
                await self._reply()
            case "return-address":
                await self._return_addresses()
            case "deletion":
                await self._deletion()
            case "mailbox":
                await self._read_and_delete()

    def _payload(self) -> Mapping[str, Any]:
        case = self.case
        payload: dict[str, Any] = {
            "mailbox": self.box,
            "to": [f"ps{who.rpps}@{self.settings.professional_domain}" for who in case.to],
            "subject": f"Message du banc {self.binding.letters}",
            "text": case.text,
            "delivery_receipt": case.delivery_receipt,
            "read_receipt": case.read_receipt,
        }
        if case.html:
            paragraphs = case.text.replace("&", "&amp;").replace("<", "&lt;").split("\n\n")
            payload["html"] = "<html><body>" + "".join(f"<p>{p}</p>" for p in paragraphs) + "</body></html>"
        return payload

    async def _send_and_wait(self, name: str) -> None:
        acted = await self.drive.stimulate("mail.send/1", self._payload(), name=name)
        if acted.sent.failure is not None:
            return
        if self.case.fault in ("success", "data-4xx", "data-5xx"):
            await self._seen(self.binding.letters, acted)
        else:
            await self.drive.wait("mss", event="session")
        if self.case.receipts != "none":
            await self.drive.stimulate("mail.fetch/1", {"mailbox": self.box}, name="fetch")
            await self.drive.wait("imap", event="command")

    async def _seen(self, mark: str, acted: Acted) -> None:
        """Until the operator has the mail, by its Message-ID when the pilot told it, else by a word of its own."""
        told = acted.data.get("message_id")
        word = told.strip("<>") if isinstance(told, str) else mark
        await self.drive.wait("mss", word.encode(), event="mail")

    async def _delivered(self, name: str) -> str:
        """Put a mail in the mailbox and have it read; gives its Message-ID."""
        who = self.case.to[0]
        thread = tuple(mail_render.message_id(self.binding, "thread", n) for n in range(self.case.thread))
        spec = builders.MailSpec(
            sender=(f"Dr {who.given} {who.family}", f"ps{who.rpps}@{self.settings.professional_domain}"),
            to=(("", self.box),),
            subject=f"Question du banc {self.binding.letters}",
            text="Bonjour,\n\nPouvez-vous me rappeler ?\n",
            message_id=mail_render.message_id(self.binding),
            sent_at=datetime.combine(self.drive.as_of - timedelta(days=1), time(18, 0), _PARIS),
            in_reply_to=thread[-1] if thread else "",
            references=thread,
        )
        await self.drive.instruct(
            "imap", "deliver", builders.build(spec), name=name, keys=(("message", spec.message_id),), to=self.box
        )
        await self.drive.stimulate("mail.fetch/1", {"mailbox": self.box}, name=f"{name}-fetch")
        await self.drive.wait("imap", spec.message_id.encode(), event="command")
        return spec.message_id

    async def _reply(self) -> None:
        original = await self._delivered("deliver")
        payload = {"mailbox": self.box, "message_id": f"<{original}>", "text": self.case.text}
        acted = await self.drive.stimulate("mail.reply/1", payload, name="reply")
        if acted.sent.failure is None:
            await self._seen(original, acted)

    async def _return_addresses(self) -> None:
        usual = mailbox(self.drive.settings, "return")
        for number, address in enumerate((SECOND, usual), 1):
            setting = {"name": "mss.reply-to", "value": address}
            acted = await self.drive.stimulate("settings.set/1", setting, name=f"set-{number}")
            if acted.sent.failure is not None:
                return
            await self._send_and_wait(f"send-{number}")

    async def _deletion(self) -> None:
        story = self._story()
        rendered = render.render(story, 0, self.binding, self.drive.as_of, self.settings)
        sent = await self.drive.send(
            ENDPOINT, rendered.message, name="document", keys=rendered.keys, control=rendered.control
        )
        if sent.failure is not None:
            return
        first = f"ps{self.case.to[0].rpps}@"
        if await self.drive.wait("mss", first.encode(), event="mail") is None:
            return
        await self.drive.quiet()
        acted = await self.drive.stimulate("document.delete/1", {"document": rendered.uids[0]}, name="delete")
        if acted.sent.failure is None:
            await self.drive.wait("mss", first.encode(), event="mail")

    def _story(self) -> DocumentStory:
        # A mail to professionals alone: the only combination of flags that every version of the matrix allows.
        flags = Flags(dest_mss_ps=True, invisible_patient=True)
        return replace(documents.plainest(), recipients=self.case.to, steps=(Step("initial", flags=flags),))

    async def _read_and_delete(self) -> None:
        original = await self._delivered("deliver")
        payload = {"mailbox": self.box, "message_id": f"<{original}>"}
        acted = await self.drive.stimulate("mail.delete/1", payload, name="delete")
        if acted.sent.failure is None:
            await self.drive.wait("imap", original.encode(), event="command")
