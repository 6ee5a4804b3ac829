"""Strategies of what is asked of a mailbox of the vendor's system, with every class of `LABELS`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.generation.draws import chosen, pick, pick_integer
from conformance.generation.people import PROFESSIONALS
from conformance.models.mail import Action, ComposedMail, Fault, Mailbox, Receipts

FAULTS: tuple[Fault, ...] = ("greeting-4xx", "auth-refused", "sender-4xx", "rcpt-5xx", "data-4xx", "data-5xx")
TEXTS = (
    "Bonjour,\n\nCeci est un message de test.",
    "Bonjour,\n\nL'œdème a cédé ; à revoir sous huit jours : 37,5 °C ce matin.\n\nCordialement",
    "Bonjour,\n\n" + "Le patient va bien, le traitement est poursuivi à l'identique. " * 30,
)

LABELS: frozenset[str] = frozenset(
    (
        "composed:plain",
        "composed:delivery-receipt",
        "composed:read-receipt",
        "composed:no-receipt",
        "composed:several-recipients",
        "composed:html",
        "composed:personal-mailbox",
        "composed:receipt-comes-back",
        "composed:failure-comes-back",
        "composed:reply",
        "composed:reply-in-thread",
        "composed:return-address",
        "composed:deletion",
        "composed:read-and-delete",
        "composed:operator-refuses",
        *(f"composed:fault-{fault}" for fault in FAULTS),
    )
)
"""Every label a composed mail may have."""


@dataclass(frozen=True, slots=True)
class ComposedWish:
    """What a case must be; None leaves the choice open. `to` is how many recipients at least."""

    action: Action | None = None
    to: int = 1
    mailbox: Mailbox | None = None
    html: bool | None = None
    delivery_receipt: bool | None = None
    read_receipt: bool | None = None
    receipts: tuple[Receipts, ...] = ("none",)
    faults: tuple[Fault, ...] = ("success",)
    thread: tuple[int, int] = (0, 3)
    plain: bool = False


_SEND = ComposedWish(action="send")
WISHES: dict[str, ComposedWish] = {
    "composed:plain": ComposedWish(plain=True),
    "composed:delivery-receipt": replace(_SEND, delivery_receipt=True),
    "composed:read-receipt": replace(_SEND, read_receipt=True),
    "composed:no-receipt": replace(_SEND, delivery_receipt=False, read_receipt=False),
    "composed:several-recipients": replace(_SEND, to=2),
    "composed:html": replace(_SEND, html=True),
    "composed:personal-mailbox": replace(_SEND, mailbox="personal"),
    "composed:receipt-comes-back": replace(_SEND, delivery_receipt=True, receipts=("delivery", "both")),
    "composed:failure-comes-back": replace(_SEND, delivery_receipt=True, receipts=("failed",)),
    "composed:reply": ComposedWish(action="reply"),
    "composed:reply-in-thread": ComposedWish(action="reply", thread=(1, 3)),
    "composed:return-address": ComposedWish(action="return-address", mailbox="application"),
    "composed:deletion": ComposedWish(action="deletion", to=2, mailbox="application"),
    "composed:read-and-delete": ComposedWish(action="mailbox", mailbox="application"),
    "composed:operator-refuses": replace(_SEND, faults=("data-5xx",), mailbox="application"),
    **{f"composed:fault-{fault}": replace(_SEND, faults=(fault,), mailbox="application") for fault in FAULTS},
}
"""Label -> what a case must be to have it."""

# The deletion needs a document sent by another door: it is only driven where some property asks for it.
_ACTIONS: tuple[Action, ...] = ("send", "send", "send", "reply", "mailbox")


@st.composite
def _composed(draw: DrawFn, wish: ComposedWish) -> ComposedMail:
    if wish.plain:
        return plainest()
    action = chosen(draw, wish.action, _ACTIONS)
    many = chosen(draw, wish.to if wish.to > 1 else None, (1, 1, 2, 3))
    start = pick_integer(draw, 0, len(PROFESSIONALS) - 4)
    sending = action in ("send", "reply")
    return ComposedMail(
        action=action,
        to=PROFESSIONALS[start : start + (many if action in ("send", "deletion") else 1)],
        mailbox=chosen(draw, wish.mailbox, ("application", "application", "personal")),
        text=pick(draw, TEXTS),
        html=action == "send" and chosen(draw, wish.html, (False, False, True)),
        delivery_receipt=sending and chosen(draw, wish.delivery_receipt, (False, True)) and action == "send",
        read_receipt=sending and chosen(draw, wish.read_receipt, (False, True)) and action == "send",
        receipts=pick(draw, wish.receipts),
        fault=pick(draw, wish.faults),
        thread=pick_integer(draw, *wish.thread) if action == "reply" else 0,
    )


def composed(label: str | None = None) -> SearchStrategy[ComposedMail]:
    """Cases of every class that a mailbox alone allows, or having the label; raises KeyError for another label."""
    return _composed(ComposedWish() if label is None else WISHES[label])


def plainest() -> ComposedMail:
    """The plainest case: one short mail from the application mailbox to one professional."""
    return ComposedMail("send", PROFESSIONALS[:1])


def labels_of(case: ComposedMail) -> frozenset[str]:
    """The input classes a case belongs to; pure, always within LABELS."""
    return frozenset(_labels(case))


def _labels(case: ComposedMail) -> Iterator[str]:
    if case.fault != "success":
        yield "composed:operator-refuses"
        yield f"composed:fault-{case.fault}"
        return
    if case == plainest():
        yield "composed:plain"
    if case.action != "send":
        yield "composed:read-and-delete" if case.action == "mailbox" else f"composed:{case.action}"
        if case.thread:
            yield "composed:reply-in-thread"
        return
    marks = (
        (case.delivery_receipt, "delivery-receipt"),
        (case.read_receipt, "read-receipt"),
        (not case.delivery_receipt and not case.read_receipt, "no-receipt"),
        (len(case.to) > 1, "several-recipients"),
        (case.html, "html"),
        (case.mailbox == "personal", "personal-mailbox"),
        (case.delivery_receipt and case.receipts in ("delivery", "both"), "receipt-comes-back"),
        (case.receipts == "failed", "failure-comes-back"),
    )
    yield from (f"composed:{label}" for holds, label in marks if holds)


def simpler(case: ComposedMail) -> list[ComposedMail]:
    """Cases one step nearer to the plainest of the same action; what the operator does is kept."""
    goal = plainest()
    found = [replace(goal, action=case.action, to=case.to, fault=case.fault, receipts=case.receipts)]
    if case.action != "deletion":
        found += [replace(case, to=case.to[:n]) for n in range(1, len(case.to))]
    for name in ("mailbox", "text", "html", "delivery_receipt", "read_receipt", "thread"):
        found.append(replace(case, **{name: getattr(goal, name)}))
    return [c for c in dict.fromkeys(found) if c != case]
