"""From a document message taken in to the mails it asks for: professionals, patient, replacement, deletion notice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.reference import rules as document_rules
from conformance.reference.ledger import Channel as LedgerChannel
from conformance.reference.mail import Life, MailError
from conformance.reference.mail.archive import archive, pdf_of
from conformance.reference.mail.compose import Draft, body_for
from conformance.reference.mail.desk import Desk, Sent
from conformance.reference.mail.rules import DELETED, MASKING
from conformance.reference.outgoing import MAIL
from conformance.reference.rules import Behaviour
from conformance.reference.values import Cda, Document, Outcome, Received

_SERVICE = (101, 111, 251, 252, 420, 421, 422, 431, 432, 441, 442, 450, 451, 452, 500, 501, 502, 503, 504, 510, 512)
_REFUSAL = (513, 523, 530, 541, 550, 551, 552, 553, 554)
CODES = frozenset(map(str, _SERVICE + _REFUSAL))
"""Table SMTPERRORCODE of the volet."""
WORDS = {"connect": "111", "cut": "442", "tls": "421", "535": "530", "538": "530", "534": "530"}


@dataclass(frozen=True, slots=True)
class Destination:
    """A recipient of a document: its address, and whether it is the patient's."""

    address: str
    patient: bool


class Sending:
    """Sends what messages ask for. Never raises for what the operator does."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def destinations(self, received: Received) -> list[Destination]:
        """Who is written to: asked for, not masked to, and for the patient a qualified INS.

        What is held back is traced.
        """
        desk, found = self._desk, []
        domain = "@" + desk.mss.patient_domain.lower()
        if received.flag("DESTMSSANTEPS"):
            if received.flag("MASQUE_PS"):
                self._held(received, "professionals", "masked to professionals")
            else:
                addresses = dict.fromkeys(r for r in received.recipients if not r.lower().endswith(domain))
                found += [Destination(a, False) for a in addresses]
        if received.flag("DESTMSSANTEPAT"):
            address = desk.behaviour.patient_address(received, desk.mss.patient_domain)
            if received.flag("INVISIBLE_PATIENT"):
                self._held(received, "patient", "not visible by the patient")
            elif not address:
                self._held(received, "patient", "the identity is not qualified")
            else:
                found.append(Destination(address, True))
        return found

    def _held(self, received: Received, whom: str, why: str) -> None:
        document = received.documents[0].cda
        life = self._desk.life(self._desk.lives, document.unique_id, document=document.unique_id)
        self._desk.step(life, f"not sent to {whom}: {why}", "failed", state=life.state or "withheld")
        self._desk.trace(
            _author(received),
            "send",
            request=f"send to {whom}",
            response=f"not sent: {why}",
            outcome="failed",
            subject={"document": document.unique_id, "control": received.envelope.control},
        )

    async def carry_out(self, received: Received, behaviour: Behaviour) -> None:
        """Do what a message asks for, then return the result for each recipient."""
        if document_rules.request_of(received) == "deletion":
            await self._tell_deletion(received)
            return
        own = self._desk.behaviour.documents_sent(received.documents, self._previous(received))
        for destination in self.destinations(received):
            await self._send(received, behaviour, own, destination)
        self._desk.previous = received.documents

    def _previous(self, received: Received) -> tuple[Document, ...]:
        """The documents of the message before, when it was about somebody else."""
        before = self._desk.previous
        same = before and before[0].cda.patient_ids == received.documents[0].cda.patient_ids
        return () if same else before

    async def _send(
        self, received: Received, behaviour: Behaviour, documents: tuple[Document, ...], to: Destination
    ) -> None:
        desk = self._desk
        draft = self.draft(received, behaviour, documents, to)
        cda = documents[0].cda
        life = desk.life(desk.lives, cda.unique_id, document=cda.unique_id)
        life.patient = received.ins.matricule if received.ins else life.patient
        outcome, identifier = Outcome(True), ""
        try:
            identifier = await desk.post(
                draft, author=_author(received), action="send", subject={"document": cda.unique_id}
            )
        except MailError as error:
            outcome = Outcome(False, _code(error.code), reason(error.reason, error.code))
        if outcome.success:
            desk.remember(Sent(identifier, to.address, cda.unique_id, received, cda.title or cda.type.label))
            if cda.replaced or received.replaced:
                old = desk.lives.get(cda.replaced or received.replaced)
                if old is not None:
                    desk.step(old, "replaced", state="replaced")
        desk.step(
            life,
            f"sent to {to.address}",
            "ok" if outcome.success else "failed",
            state="sent" if outcome.success else life.state or "failed",
        )
        if received.qualified:
            self._count(received, cda, "mss-citizen" if to.patient else "mss-pro", success=outcome.success)
        if desk.behaviour.is_returned(received):
            await desk.returner(received, outcome, MAIL, to.address)

    def _count(self, received: Received, cda: Cda, channel: LedgerChannel, *, success: bool) -> None:
        finess = finess_of(house_of(received, cda, self._desk.house.identifier))
        masked = any(received.flag(f) for f in MASKING)
        self._desk.ledger.add(finess, channel, cda.type.code, "success" if success else "failure", masked=masked)

    def draft(
        self, received: Received, behaviour: Behaviour, documents: tuple[Document, ...], to: Destination
    ) -> Draft:
        """The mail that carries documents to one recipient."""
        desk = self._desk
        decisions = desk.behaviour
        cdas = tuple(d.cda for d in documents)
        given = received.bodies.get("CORPSMAIL_PATIENT" if to.patient else "CORPSMAIL_PS", "")
        text = given or body_for(cdas, patient=to.patient)
        if document_rules.request_of(received) == "replacement":
            text = decisions.replacement_notice(text)
        codes = [behaviour.confidentiality_codes(received, d) for d in documents]
        joined = decisions.attachments(
            archive(documents, received, desk.house, codes), tuple(pdf_of(d) for d in documents), to.patient
        )
        return Draft(
            mailbox=desk.mss.application_mailbox,
            to=(to.address,),
            subject=decisions.subject(cdas),
            text=text,
            answers=received.replies,
            documents=cdas,
            attachments=joined,
            delivery_receipt=received.flag("ACK_RECEPTION"),
            read_receipt=received.flag("ACK_LECTURE_MSS"),
            final=to.patient and received.final,
        )

    async def _tell_deletion(self, received: Received) -> None:
        """The notice to those who got the document, or whom the message names when it is not known."""
        asked = self.destinations(received)
        document = document_rules.version_fed(received.documents).cda
        known = self.recipients(d.cda.unique_id for d in received.documents)
        patients = "@" + self._desk.mss.patient_domain.lower()
        wanted = {d.patient for d in asked}
        told = tuple(a for a in known if a.lower().endswith(patients) in wanted) or tuple(d.address for d in asked)
        if told:
            results = await self.tell(document.unique_id, document.title, told, author=_author(received))
            for address, result in results.items():
                if self._desk.behaviour.is_returned(received):
                    outcome = Outcome(True)
                    if isinstance(result, MailError):
                        outcome = Outcome(False, _code(result.code), reason(result.reason, result.code))
                    await self._desk.returner(received, outcome, MAIL, address)

    def recipients(self, documents: Iterable[str]) -> tuple[str, ...]:
        """Who got these documents (unique ids), each once."""
        return tuple(dict.fromkeys(s.recipient for d in documents for s in self._desk.delivered.get(d, ())))

    async def tell(
        self, document: str, title: str, recipients: tuple[str, ...], *, author: str
    ) -> dict[str, MailError | str]:
        """Send the prepared deletion notice of a document; by address, the Message-ID or why it failed."""
        desk = self._desk
        life = desk.life(desk.lives, document, document=document)
        results: dict[str, MailError | str] = {}
        for address in desk.behaviour.deletion_recipients(recipients, desk.settings.reply_to):
            draft = Draft(
                mailbox=desk.mss.application_mailbox,
                to=(address,),
                subject=f"Suppression du document : {title}"[:200],
                text=f"Bonjour,\n\n{DELETED}\n\nDocument : {title}\nIdentifiant : {document}",
            )
            try:
                results[address] = await desk.post(draft, author=author, action="send", subject={"document": document})
            except MailError as error:
                results[address] = error
            outcome = "failed" if isinstance(results[address], MailError) else "ok"
            desk.step(life, f"deletion told to {address}", outcome, state="deleted")
        return results


def house_of(received: Received, cda: Cda, own: str) -> str:
    """The structure that produced a document: the one the message names, else its author's, else our own."""
    authors = (author.institution for author in cda.authors)
    found = next((i.id for i in (received.institution, *authors) if i is not None and i.id), "")
    return found or own


def finess_of(identifier: str) -> str:
    """The FINESS in a Struct_IdNat (`1` then nine characters), else the identifier as it is."""
    return identifier[1:] if len(identifier) == 10 and identifier.startswith("1") else identifier


def _author(received: Received) -> str:
    return received.sender.id if received.sender is not None else ""


def reason(text: str, code: str) -> str:
    """What the operator said, without the code that stands beside it."""
    return text.removeprefix(code).strip() or text


def _code(code: str) -> str:
    """A code of the table SMTPERRORCODE."""
    found = WORDS.get(code, code)
    return found if found in CODES else "421" if found.startswith("4") else "554"


def life_of(life: Life) -> Life:
    """A copy that later steps do not change."""
    return Life(life.state, life.patient, life.document, life.message_id, list(life.history))
