"""Kinds about mails and documents: each asks the mail half, whose errors are refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from conformance.reference.mail import Attachment, Letter, Life, MailError, Mailing
from conformance.reference.pilot.accounts import Answer
from conformance.reference.pilot.reading import data, text, texts, truth
from conformance.reference.pilot.server import Handler, Refusal, Request

Act = Callable[[Mailing, Request], Awaitable[Answer]]
Lazy = Callable[[], Mailing | None]


def stimuli(mail: Lazy) -> dict[str, Handler]:
    """Handlers by kind; none when the platform has no mailbox."""
    if mail() is None:
        return {}
    acts: dict[str, Act] = {
        "mail.send/1": _send,
        "mail.reply/1": _reply,
        "mail.fetch/1": _fetch,
        "mail.delete/1": _delete,
        "document.delete/1": _delete_document,
    }
    return {kind: _told(act, mail) for kind, act in acts.items()}


def queries(mail: Lazy) -> dict[str, Handler]:
    """Handlers by kind; none when the platform has no mailbox."""
    if mail() is None:
        return {}
    return {"document.status/1": _told(_status, mail), "document.history/1": _told(_history, mail)}


def _told(act: Act, mail: Lazy) -> Handler:
    async def ask(asked: Request) -> Answer:
        mailing = mail()
        if mailing is None:
            raise Refusal("the platform has no mailbox")
        try:
            return await act(mailing, asked)
        except MailError as error:
            raise Refusal(str(error)) from None

    return ask


def _author(asked: Request) -> str:
    return asked.subject.get("author", "")


async def _send(mailing: Mailing, asked: Request) -> Answer:
    payload = asked.payload
    letter = Letter(
        text(payload, "mailbox"),
        texts(payload, "to"),
        text(payload, "subject"),
        text(payload, "text"),
        text(payload, "html", ""),
        truth(payload, "delivery_receipt"),
        truth(payload, "read_receipt"),
        truth(payload, "final"),
        tuple(
            Attachment(text(one, "name"), text(one, "type"), data(one, "base64"))
            for one in payload.get("attachments") or []
            if isinstance(one, dict)
        ),
    )
    return {"message_id": await mailing.send(letter, author=_author(asked))}


async def _reply(mailing: Mailing, asked: Request) -> Answer:
    mailbox, name = text(asked.payload, "mailbox"), text(asked.payload, "message_id")
    return {"message_id": await mailing.reply(mailbox, name, text(asked.payload, "text"), author=_author(asked))}


async def _fetch(mailing: Mailing, asked: Request) -> Answer:
    await mailing.fetch(text(asked.payload, "mailbox"), author=_author(asked))
    return {}


async def _delete(mailing: Mailing, asked: Request) -> Answer:
    await mailing.delete(text(asked.payload, "mailbox"), text(asked.payload, "message_id"), author=_author(asked))
    return {}


async def _delete_document(mailing: Mailing, asked: Request) -> Answer:
    sent = await mailing.delete_document(text(asked.payload, "document"), author=_author(asked))
    return {"message_id": sent[0]} if sent else {}


async def _status(mailing: Mailing, asked: Request) -> Answer:
    return _life(mailing.document_status(text(asked.payload, "document")))


async def _history(mailing: Mailing, asked: Request) -> Answer:
    return _life(mailing.document_history(text(asked.payload, "message_id")))


def _life(life: Life | None) -> Answer:
    if life is None:
        raise Refusal("unknown to the platform")
    steps = [{"at": s.at, "action": s.action, "outcome": s.outcome} for s in life.history]
    return {"state": life.state, "patient": life.patient or None, "history": steps}
