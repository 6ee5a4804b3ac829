"""A received mail: receipts matched to what was sent, documents handed to the destination, its answer returned."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from email.message import EmailMessage

from conformance.errors import Malformed
from conformance.reference.config import Relay
from conformance.reference.mail import Life, MailError
from conformance.reference.mail import receipts as receipt_rules
from conformance.reference.mail.compose import Draft
from conformance.reference.mail.desk import Desk
from conformance.reference.mail.opening import (
    Entry,
    NotAnArchive,
    address,
    archives,
    entries,
    header,
    infected,
    parse,
    text_of,
)
from conformance.reference.mail.receipts import Receipt, Verdict
from conformance.reference.mail.relay import Handed, message
from conformance.reference.mail.smtp import Parcel
from conformance.reference.mllp import ChannelError, Sender
from conformance.reference.outgoing import MAIL, READING
from conformance.reference.values import Outcome
from conformance.standards.hl7v2.syntax import parse as parse_hl7

log = logging.getLogger("reference.mail")

UNANSWERED = "unanswered"


class Receiving:
    """Deals with received mails, one at a time for a mailbox."""

    def __init__(self, desk: Desk, relay: Relay | None, *, timeout: float, attempts: int, pause: float) -> None:
        self._desk = desk
        self._relay = relay
        self._attempts, self._pause = attempts, pause
        self._channel = Sender(relay.address, timeout=timeout) if relay is not None else None
        self._numbers = itertools.count(1)
        self._run = os.urandom(3).hex().upper()

    def stop(self) -> None:
        """Close the connections to the destination."""
        if self._channel is not None:
            self._channel.close()

    async def take(self, mailbox: str, data: bytes, *, author: str) -> None:
        """Deal with one mail; what it holds never raises."""
        mail = parse(data)
        identifier = header(mail, "Message-ID")
        told = {"mailbox": mailbox, "message_id": identifier, "sender": address(mail, "From")}
        found = receipt_rules.read(mail)
        if found:
            for receipt in found:
                await self._receipt(receipt, mailbox, told)
            return
        life = self._desk.life(self._desk.mails, identifier or f"uid-{next(self._numbers)}", message_id=identifier)
        self._desk.step(life, "received", state="received")
        try:
            await self._documents(mail, data, mailbox, life, author)
        except MailError as error:  # the receipt could not be sent
            self._desk.step(life, "receipt", "failed")
            log.info("receipt: %s", error)

    async def _receipt(self, receipt: Receipt, mailbox: str, told: dict[str, str]) -> None:
        """A DSN or an MDN came back: traced, written in the life of the document, returned to who asked."""
        desk = self._desk
        sent = desk.sent.get(receipt.original)
        word = "delivery" if receipt.kind == "delivery" else "reading"
        recipient = receipt.recipient or (sent.recipient if sent else "")
        desk.trace(
            mailbox,
            "receipt",
            request=f"{word} receipt of {receipt.original or 'an unknown mail'} for {recipient}",
            response=receipt.label or ("delivered" if receipt.success else "failed"),
            outcome="ok" if receipt.success else "failed",
            subject={
                **told,
                "message_id": receipt.original,
                "receipt": told["message_id"],
                "recipient": recipient,
                "document": sent.document if sent else "",
            },
        )
        if sent is None or not desk.behaviour.is_traced("receipt"):
            return
        life = desk.life(desk.lives, sent.document, document=sent.document)
        desk.step(life, f"receipt of {word} from {recipient}", "ok" if receipt.success else "failed")
        if sent.received is None:
            return
        outcome = Outcome(receipt.success, receipt.code or "906", receipt.label)
        if receipt.kind == "read" and desk.behaviour.is_read_returned(sent.received):
            await desk.returner(sent.received, outcome, READING, recipient)
        elif receipt.kind == "delivery" and not receipt.success and desk.behaviour.is_returned(sent.received):
            # The success was returned when the operator took the mail: only the failure is news.
            await desk.returner(sent.received, outcome, MAIL, recipient)

    async def _documents(self, mail: EmailMessage, data: bytes, mailbox: str, life: Life, author: str) -> None:
        desk = self._desk
        about = {"mailbox": mailbox, "message_id": life.message_id}
        if desk.settings.antivirus and (name := infected(mail)) and desk.behaviour.stopped(bool(name)):
            desk.step(life, "quarantined", "failed", state="quarantined")
            desk.trace(
                author,
                "quarantine",
                request=f"scan {life.message_id}",
                response=f"{name} is infected: kept back",
                outcome="failed",
                subject=about,
            )
            return
        found, why = self._open(mail)
        if not found:
            desk.step(life, "ignored", state="ignored")
            desk.trace(author, "open", request=f"open {life.message_id}", response=why, subject=about)
            return
        desk.step(life, "identified")
        desk.trace(
            author,
            "open",
            request=f"open {life.message_id}",
            response=f"IHE_XDM archive, {len(found)} document(s)",
            subject={**about, "document": " ".join(e.document.cda.unique_id for e in found)},
        )
        verdict = await self._hand_over(found, mail, mailbox, life, author)
        if verdict is not None:
            await self._answer(mail, data, mailbox, verdict, life, author)

    def _open(self, mail: EmailMessage) -> tuple[list[Entry], str]:
        why = "no zip archive"
        for name, archive in archives(mail):
            try:
                return entries(archive, self._desk.behaviour), ""
            except NotAnArchive as reason:
                why = f"{name or 'the zip'}: {reason}"
        return [], why

    async def _hand_over(
        self, found: list[Entry], mail: EmailMessage, mailbox: str, life: Life, author: str
    ) -> Verdict | None:
        """Give each document to the destination; its verdict on the mail, None when it never answered."""
        desk = self._desk
        by_document = {e.document.cda.unique_id: e for e in found}
        wanted = desk.behaviour.documents_relayed(tuple(e.document for e in found))
        verdicts: list[Verdict | None] = []
        for document in wanted:
            entry = by_document[document.cda.unique_id]
            uid = document.cda.unique_id
            matricule = desk.behaviour.patient_of(entry.matricule, header(mail, "Subject"))
            own = desk.life(desk.lives, uid, document=uid, message_id=life.message_id)
            own.message_id = life.message_id
            life.document, life.patient, own.patient = uid, matricule, matricule
            desk.step(own, "received", state="received")
            if "MASQUE_PS" in entry.codes:
                for each in (own, life):
                    desk.step(each, "kept back: masked to professionals", "failed", state="withheld")
                continue
            handed = Handed(
                document=document,
                matricule=matricule,
                oid=entry.authority,
                codes=entry.codes,
                message_id=life.message_id,
                subject=header(mail, "Subject"),
                text=text_of(mail),
                sender=address(mail, "From"),
                recipient=mailbox,
            )
            verdicts.append(await self._hand(handed, (own, life), author))
        if not verdicts or any(v is None for v in verdicts):
            return None
        return next((v for v in verdicts if v is not None and not v.accepted), Verdict(True))

    async def _hand(self, handed: Handed, lives: tuple[Life, Life], author: str) -> Verdict | None:
        desk, uid = self._desk, handed.document.cda.unique_id
        control = f"LPS{self._run}{next(self._numbers):08d}"
        answer = await self._ask(handed, control)
        verdict = _verdict(answer, control) if answer is not None else None
        word = UNANSWERED if verdict is None else ("AA" if verdict.accepted else f"{verdict.code} {verdict.label}")
        desk.trace(
            author,
            "relay",
            request=f"MDM {control} document {uid}",
            response=word,
            outcome="ok" if verdict is not None and verdict.accepted else "failed",
            subject={
                "document": uid,
                "message_id": handed.message_id,
                "patient": handed.matricule,
                "mailbox": handed.recipient,
                "control": control,
            },
        )
        for life in lives:
            desk.step(life, f"relayed {uid}", "failed" if answer is None else "ok", state="relayed")
            if verdict is None:
                desk.step(life, f"acknowledged {uid}", "failed", state="failed")
            elif verdict.accepted:
                desk.step(life, f"acknowledged {uid}")
                done = "replaced" if handed.document.cda.replaced else "integrated"
                desk.step(life, f"{done} {uid}", state="integrated")
            else:
                desk.step(life, f"refused {uid}", "failed", state="refused")
        return verdict

    async def _ask(self, handed: Handed, control: str) -> bytes | None:
        """The destination's answer, asked a bounded number of times."""
        if self._relay is None or self._channel is None:
            return None
        raw = message(handed, control, self._relay, self._desk.house)
        for number in range(self._attempts):
            try:
                answer = await self._channel.send(raw)
            except ChannelError as error:
                log.info("relay, attempt %d: %s", number + 1, error)
            else:
                found = _verdict(answer, control)
                last = number + 1 == self._attempts
                if found is not None and (found.code != "AR" or last):
                    return answer
            await asyncio.sleep(self._pause * 2**number)
        return None

    async def _answer(
        self, mail: EmailMessage, data: bytes, mailbox: str, verdict: Verdict, life: Life, author: str
    ) -> None:
        """The destination's acknowledgement as an MDN, when one was asked for (RFC 8098, volet LPS)."""
        desk = self._desk
        asked, origin = address(mail, "Disposition-Notification-To"), address(mail, "Return-Path")
        if not desk.behaviour.receipt_sent(bool(asked)) or (origin and origin != asked):
            return
        subject = header(mail, "Subject")
        if not verdict.accepted:
            subject = f"[KO Intégration système !][{verdict.code}] {subject}"
        original = header(mail, "Message-ID")
        draft = Draft(mailbox, (asked,), subject, "", in_reply_to=original, references=original)
        head = desk.writer.headed(draft, desk.behaviour)
        head["Auto-Submitted"] = "auto-replied"
        identifier = str(head["Message-ID"])
        human = (
            "Le document a été intégré par le système destinataire."
            if verdict.accepted
            else f"Le document n'a pas été intégré par le système destinataire : {verdict.code} {verdict.label}"
        )
        fields = receipt_rules.disposition(mailbox, original, verdict, desk.house.software)
        report = receipt_rules.report(head, f"{human}\n\n{desk.writer.notice(draft, desk.behaviour)}\n", fields, data)
        parcel = Parcel(mailbox, "", (asked,), report, identifier)
        await desk.carry(parcel, author=author, action="send", subject={"answers": original})
        for each in {id(x): x for x in (life, desk.lives.get(life.document, life))}.values():
            desk.step(each, "receipt sent")


def _verdict(answer: bytes, control: str) -> Verdict | None:
    """What an acknowledgement of this very message says; None when it is not one."""
    try:
        found = parse_hl7(answer)
        code = found.get("MSA-1")
        if found.get("MSA-2") != control:
            return None
        if code in ("AA", "CA"):
            return Verdict(True)
        if code in ("AR", "CR"):
            return Verdict(False, "AR", "rejected")
        if code not in ("AE", "CE"):
            return None
        if found.first("ERR") is None:
            return Verdict(False, "906", "Autre")
        application = found.get("ERR-5.1"), found.get("ERR-5.2")
        return Verdict(False, *(application if application[0] else (found.get("ERR-3.1"), found.get("ERR-3.2"))))
    except Malformed:
        return None
