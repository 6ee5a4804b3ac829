"""The mail half as the platform and the pilot see it: `Mailer`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from conformance.reference.config import Config, Mss
from conformance.reference.ledger import Ledger
from conformance.reference.mail import Letter, Life, MailError
from conformance.reference.mail.compose import Draft
from conformance.reference.mail.desk import Desk, Returner, Sent
from conformance.reference.mail.imap import Session
from conformance.reference.mail.opening import address, documents_in, header, infected, parse
from conformance.reference.mail.receiving import Receiving
from conformance.reference.mail.rules import MailBehaviour
from conformance.reference.mail.sending import Sending, life_of
from conformance.reference.rules import Behaviour
from conformance.reference.traces import Traces
from conformance.reference.values import Received

log = logging.getLogger("reference.mail")

LONGEST_PAUSE = 5.0


class Mailer:
    """Sends, polls the mailboxes, and does what the pilot asks. Implements `mail.Mailing`."""

    def __init__(
        self,
        config: Config,
        mss: Mss,
        *,
        traces: Traces,
        ledger: Ledger,
        behaviour: MailBehaviour,
        returner: Returner,
    ) -> None:
        self.desk = Desk(mss, config.organisation, traces=traces, ledger=ledger, behaviour=behaviour, returner=returner)
        self.settings = self.desk.settings
        self._mss = mss
        self._sending = Sending(self.desk)
        retry = config.retry
        self._receiving = Receiving(
            self.desk, config.relay, timeout=retry.timeout, attempts=retry.attempts, pause=retry.pause
        )
        self._watches: list[asyncio.Task[None]] = []
        self._sessions: dict[str, Session] = {}
        self._locks = {m: asyncio.Lock() for m in mss.mailboxes()}
        self._woken = asyncio.Event()
        self._switches = 0

    async def start(self) -> None:
        """Begin to poll."""
        for mailbox in dict.fromkeys((self._mss.application_mailbox, self._mss.personal_mailbox)):
            self._watches.append(asyncio.create_task(self._watch(mailbox)))

    async def stop(self) -> None:
        """End polling and close everything."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for session in self._sessions.values():
            with contextlib.suppress(OSError, AttributeError):
                session.cut()
        self._receiving.stop()
        self.desk.stop()

    def switch(self, behaviour: MailBehaviour) -> None:
        """Take other decisions; open sessions are opened again with them."""
        self.desk.behaviour = behaviour
        self._switches += 1
        self._woken.set()

    def forget(self) -> None:
        """Forget everything but the kept CRL."""
        self.desk.forget()

    async def carry_out(self, received: Received, behaviour: Behaviour) -> None:
        """Send the mails that a document message asks for."""
        await self._sending.carry_out(received, behaviour)

    async def send(self, letter: Letter, *, author: str = "") -> str:
        """Send a mail to each of its recipients; returns its Message-ID. Raises MailError."""
        self._known(letter.mailbox)
        draft = Draft(
            mailbox=letter.mailbox,
            to=letter.to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            documents=documents_in([a.data for a in letter.attachments], self.desk.behaviour),
            attachments=letter.attachments,
            delivery_receipt=letter.delivery_receipt,
            read_receipt=letter.read_receipt,
            final=letter.final,
        )
        return await self._post(draft, author, "send", {})

    async def reply(self, mailbox: str, message_id: str, text: str, *, author: str = "") -> str:
        """Answer a mail; returns the Message-ID of the answer. Raises MailError."""
        self._known(mailbox)
        original = parse(await self._get(mailbox, message_id, author))
        identifier, references = self.desk.behaviour.reply_headers(original)
        to = address(original, "Reply-To") or address(original, "From")
        if not to:
            raise MailError("unknown", "the mail says nobody to answer to")
        subject = header(original, "Subject")
        draft = Draft(
            mailbox,
            (to,),
            subject if subject.lower().startswith("re:") else f"Re: {subject}",
            text,
            in_reply_to=identifier,
            references=references,
        )
        return await self._post(draft, author, "reply", {"answers": message_id})

    async def _post(self, draft: Draft, author: str, action: str, subject: Mapping[str, str]) -> str:
        if not draft.to:
            raise MailError("501", "no recipient")
        who = author or self._author(draft.mailbox)
        if self.settings.antivirus and draft.attachments:
            _, written = self.desk.writer.write(draft, self.desk.behaviour)
            name = infected(written)
            if self.desk.behaviour.stopped(bool(name)):
                self.desk.trace(
                    who,
                    "quarantine",
                    request="scan attachments",
                    response=f"{name} is infected",
                    outcome="failed",
                    subject=subject,
                )
                raise MailError("infected", f"{name} is infected")
        identifier = await self.desk.post(draft, author=who, action=action, subject=subject)
        self.desk.remember(Sent(identifier, " ".join(draft.to), "", None))
        return identifier

    async def fetch(self, mailbox: str, *, author: str = "") -> int:
        """Read what is new in a mailbox, in a session of its own; how many mails. Raises MailError."""
        self._known(mailbox)
        who = author or self._author(mailbox)
        session = await self._opened(mailbox, who)
        try:
            return await self._read(session, who)
        finally:
            await self.desk.run(session.close)

    async def delete(self, mailbox: str, message_id: str, *, author: str = "") -> None:
        """Delete a mail of a mailbox. Raises MailError."""
        self._known(mailbox)
        who = author or self._author(mailbox)
        about = {"mailbox": mailbox, "message_id": message_id}
        session = await self._opened(mailbox, who)
        try:
            uid = await self.desk.run(lambda: session.find(message_id))
            if uid is None:
                raise MailError("unknown", f"no mail {message_id} in {mailbox}")
            answer = await self.desk.run(lambda: session.delete(uid))
        except MailError as error:
            self._traced(who, "delete", f"STORE \\Deleted EXPUNGE {message_id}", str(error), "failed", about)
            raise
        finally:
            await self.desk.run(session.close)
        self._traced(who, "delete", f"STORE {uid} \\Deleted EXPUNGE", answer, "ok", about)
        held = self.desk.mails.get(f"<{message_id.strip('<> ')}>")
        if held is not None:
            self.desk.step(held, "deleted", state="deleted")

    async def delete_document(self, document: str, *, author: str = "") -> tuple[str, ...]:
        """Tell the recipients of a document that it is deleted; the Message-IDs of the notices. Raises MailError."""
        sent = self.desk.delivered.get(document)
        if not sent:
            raise MailError("unknown", f"no mail was sent for {document}")
        who = author or self._author(self._mss.application_mailbox)
        told = await self._sending.tell(document, sent[-1].title, self._sending.recipients([document]), author=who)
        done = tuple(r for r in told.values() if isinstance(r, str))
        failed = [r for r in told.values() if isinstance(r, MailError)]
        if failed and not done:
            raise failed[0]
        return done

    def document_status(self, document: str) -> Life | None:
        """What became of a document, sent or received."""
        found = self.desk.lives.get(document)
        return life_of(found) if found is not None else None

    def document_history(self, message_id: str) -> Life | None:
        """What became of a mail received."""
        found = self.desk.mails.get(f"<{message_id.strip('<> ')}>")
        return life_of(found) if found is not None else None

    def _known(self, mailbox: str) -> None:
        if mailbox not in self._locks:
            raise MailError("unknown", f"{mailbox} is not a mailbox of this system")

    def _author(self, mailbox: str) -> str:
        personal = mailbox == self._mss.personal_mailbox
        return (self._mss.personal_author if personal else "") or mailbox

    def _traced(self, who: str, action: str, request: str, response: str, outcome: str, about: dict[str, str]) -> None:
        self.desk.trace(
            who,
            action,
            request=request,
            response=response,
            outcome="ok" if outcome == "ok" else "failed",
            subject=about,
        )

    async def _opened(self, mailbox: str, author: str) -> Session:
        """A session, its opening traced. Raises MailError."""
        channel = self.desk.channel()
        request = f"AUTHENTICATE PLAIN {mailbox} SELECT INBOX"
        try:
            session = await self.desk.run(lambda: Session(channel, mailbox))
        except MailError as error:
            self._traced(author, "connect", request, str(error), "failed", {"mailbox": mailbox})
            raise
        self._traced(author, "connect", request, "OK", "ok", {"mailbox": mailbox})
        return session

    async def _get(self, mailbox: str, message_id: str, author: str) -> bytes:
        who = author or self._author(mailbox)
        about = {"mailbox": mailbox, "message_id": message_id}
        session = await self._opened(mailbox, who)
        try:
            uid = await self.desk.run(lambda: session.find(message_id))
            if uid is None:
                raise MailError("unknown", f"no mail {message_id} in {mailbox}")
            data = await self.desk.run(lambda: session.fetch(uid))
        except MailError as error:
            self._traced(who, "read", f"UID FETCH {message_id}", str(error), "failed", about)
            raise
        finally:
            await self.desk.run(session.close)
        self._traced(who, "read", f"UID FETCH {uid} BODY[]", f"OK {len(data)} bytes", "ok", about)
        return data

    async def _read(self, session: Session, author: str) -> int:
        """Deal with each unread mail of an open session; a mail is marked once it was dealt with."""
        mailbox = session.mailbox
        async with self._locks[mailbox]:
            uids = await self.desk.run(session.unread)
            for uid in uids:
                data = await self.desk.run(lambda u=uid: session.fetch(u))  # type: ignore[misc]
                about = {"mailbox": mailbox, "message_id": header(parse(data), "Message-ID")}
                self._traced(author, "read", f"UID FETCH {uid} BODY[]", f"OK {len(data)} bytes", "ok", about)
                try:
                    await self._receiving.take(mailbox, data, author=author)
                except Exception:  # whatever a hostile mail does, the next one is read
                    log.exception("a mail could not be dealt with")
                await self.desk.run(lambda u=uid: session.mark_read(u))  # type: ignore[misc]
            return len(uids)

    async def _watch(self, mailbox: str) -> None:
        """Poll a mailbox in one session kept open; after a failure wait longer and longer."""
        author, pause, failures = self._author(mailbox), self._mss.poll, 0
        opened = 0  # how many switches there had been when the session was opened
        while True:
            try:
                if opened != self._switches and mailbox in self._sessions:
                    await self.desk.run(self._sessions.pop(mailbox).close)
                if mailbox not in self._sessions:
                    channel, opened = self.desk.channel(), self._switches
                    self._sessions[mailbox] = await self.desk.run(lambda c=channel: Session(c, mailbox))  # type: ignore[misc]
                    self._traced(author, "connect", f"AUTHENTICATE PLAIN {mailbox}", "OK", "ok", {"mailbox": mailbox})
                    failures = 0
                await self._read(self._sessions[mailbox], author)
                pause = self._mss.poll
            except MailError as error:
                kept = self._sessions.pop(mailbox, None)
                if kept is not None:
                    await self.desk.run(kept.close)
                failures += 1
                if failures == 1:  # one trace for a row of failures
                    request = f"AUTHENTICATE PLAIN {mailbox}"
                    self._traced(author, "connect", request, str(error), "failed", {"mailbox": mailbox})
                # Nobody listening is cheap to find out; a session refused again is not tried again at once.
                soon = error.code == "connect" or (error.code == "cut" and failures == 1)
                pause = self._mss.poll if soon else min(max(pause * 2, 1.0), LONGEST_PAUSE)
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)
