"""What sending and receiving share: settings, decisions, traces, the lives of documents, and the way out."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from conformance.reference.config import Mss, Organisation
from conformance.reference.ledger import Ledger
from conformance.reference.mail import Life, MailError, Settings, Step
from conformance.reference.mail.compose import Draft, Writer, wire
from conformance.reference.mail.revocation import Revocation
from conformance.reference.mail.rules import MailBehaviour
from conformance.reference.mail.smtp import TRANSIENT, Parcel, submit
from conformance.reference.mail.tls import Channel
from conformance.reference.outgoing import Kind
from conformance.reference.traces import Outcome as TraceOutcome
from conformance.reference.traces import Traces
from conformance.reference.values import Document, Outcome, Received

log = logging.getLogger("reference.mail")
T = TypeVar("T")

REMEMBERED = 20_000
THREADS = 8

Returner = Callable[[Received, Outcome, Kind, str], Awaitable[None]]
"""Sends a business return: message, outcome, kind of return, recipient's address."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail sent for a document of a message: who it went to, and what the message was."""

    message_id: str
    recipient: str
    document: str
    received: Received | None
    title: str = ""


class Desk:
    """The state of the mail half. `behaviour` is replaced when defects are switched."""

    def __init__(
        self,
        mss: Mss,
        house: Organisation,
        *,
        traces: Traces,
        ledger: Ledger,
        behaviour: MailBehaviour,
        returner: Returner,
        attempts: int | None = None,
    ) -> None:
        self.mss, self.house, self.traces, self.ledger, self.returner = mss, house, traces, ledger, returner
        self.behaviour = behaviour
        self.settings = Settings(mss.return_mailbox)
        self.writer = Writer(mss, self.settings)
        self._attempts = attempts or mss.attempts
        folder = Path(mss.crl_store) if mss.crl_store else None
        self._revocation = Revocation(mss.crl, timeout=mss.timeout, folder=folder)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")
        self.lives: OrderedDict[str, Life] = OrderedDict()
        self.mails: OrderedDict[str, Life] = OrderedDict()
        self.sent: OrderedDict[str, Sent] = OrderedDict()  # by Message-ID
        self.delivered: OrderedDict[str, list[Sent]] = OrderedDict()  # by document
        self.previous: tuple[Document, ...] = ()

    def channel(self) -> Channel:
        """The TLS client with the decisions in force."""
        return Channel(self.mss, self.behaviour, self._revocation)

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def stop(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def forget(self) -> None:
        """Forget what was sent and received; settings go back to those of the file, kept CRL stay."""
        self.lives.clear()
        self.mails.clear()
        self.sent.clear()
        self.delivered.clear()
        self.previous = ()
        self.settings.reply_to = self.settings.first_reply_to
        self.settings.antivirus = True

    def trace(
        self,
        author: str,
        action: str,
        *,
        request: str,
        response: str,
        outcome: TraceOutcome = "ok",
        subject: Mapping[str, str],
    ) -> None:
        """Write a trace."""
        if self.behaviour.is_traced(action):
            who = self.behaviour.trace_author(author or self.mss.application_mailbox)
            self.traces.add(who, action, request=request, response=response, outcome=outcome, subject=subject)

    def life(self, table: OrderedDict[str, Life], key: str, *, document: str = "", message_id: str = "") -> Life:
        """The life of a document or of a mail received, begun when it is not known."""
        found = table.get(key)
        if found is None:
            found = table[key] = Life("", document=document, message_id=message_id)
            if len(table) > REMEMBERED:
                table.popitem(last=False)
        return found

    def step(self, life: Life, action: str, outcome: str = "ok", *, state: str = "") -> None:
        """Write a step in a life."""
        life.state = state or life.state
        if self.behaviour.step_kept(action):
            life.history.append(Step(self.traces.clock.stamp(), action, outcome))

    def remember(self, sent: Sent) -> None:
        """Keep what is needed to match a receipt, and to tell of a deletion."""
        self.sent[sent.message_id] = sent
        if sent.document:
            self.delivered.setdefault(sent.document, []).append(sent)
        for table in (self.sent, self.delivered):
            if len(table) > REMEMBERED:
                table.popitem(last=False)

    async def post(self, draft: Draft, *, author: str, action: str, subject: Mapping[str, str]) -> str:
        """Write a mail and hand it to the operator; returns its Message-ID. Raises MailError."""
        identifier, message = self.writer.write(draft, self.behaviour)
        notify = self.behaviour.delivery_receipt(draft.delivery_receipt)
        parcel = Parcel(draft.mailbox, draft.mailbox, draft.to, wire(message), identifier, notify)
        await self.carry(parcel, author=author, action=action, subject=subject)
        return identifier

    async def carry(self, parcel: Parcel, *, author: str, action: str, subject: Mapping[str, str]) -> str:
        """Hand over a mail, a bounded number of times while the failure may pass. Raises MailError."""
        whom = " ".join(parcel.recipients)
        request = f"MAIL FROM:<{parcel.sender}> RCPT TO:<{whom}> DATA {parcel.identifier}"
        about = {"mailbox": parcel.mailbox, "recipient": whom, "message_id": parcel.identifier, **subject}
        known = {d.lower() for d in self.mss.domains}
        strangers = [r for r in parcel.recipients if r.rpartition("@")[2].lower() not in known]
        if strangers:
            refused = MailError("550", f"{strangers[0]} is not in a domain of the white list")
            self.trace(author, action, request=request, response=str(refused), outcome="failed", subject=about)
            raise refused
        for number in range(self._attempts):
            channel = self.channel()
            try:
                answer = await self.run(lambda used=channel: submit(used, parcel))  # type: ignore[misc]
            except MailError as error:
                self.trace(author, action, request=request, response=str(error), outcome="failed", subject=about)
                passing = error.code in TRANSIENT or error.code.startswith("4")
                if not passing or number + 1 == self._attempts:
                    raise
                await asyncio.sleep(self.mss.pause * 2**number)
            else:
                self.trace(author, action, request=request, response=answer, subject=about)
                return answer
        raise MailError("421", "no attempt allowed")
