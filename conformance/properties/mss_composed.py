"""Mails that a person makes: replies (va1.08), receipts asked (va1.15, UX.33), return address, deletion notice."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Witness
from conformance.properties import mail_flow as flow
from conformance.properties.base import register
from conformance.properties.flow import finding
from conformance.standards.mail.syntax import Mail

_REM = "REM PFI vague 1"


@register(
    "mss.reply-headers",
    exercise="mail.compose",
    clause=f"{_REM}, MSS/va1.08 (référentiel socle MSSanté n° 2, ECO.2.2.2) ; RFC 5322, 3.6.4",
    requirements=("PFI/va1/MSS/va1.08",),
    codes=frozenset(
        {
            "mss.reply.message-id",
            "mss.reply.in-reply-to",
            "mss.reply.references",
            "mss.reply.chain-cut",
            "mss.reply.message-id-repeated",
        }
    ),
    claims=frozenset({"composed:reply", "composed:reply-in-thread"}),
    needs=frozenset({"service:imap", "pilot:mail.reply/1"}),
)
def reply_headers(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A reply has a Message-ID, names the original in In-Reply-To, and its References end with it."""
    mail = flow.delivered(driven, heard)
    if mail is None or flow.told(driven, heard, "reply") is None:
        return
    original = mail.mail.message_id
    sender = mail.mail.sender.address.lower() if mail.mail.sender is not None else ""
    replies = [
        (o, m) for o, m in after(driven, heard, "reply") if isinstance(o.value, Mail) and sender in flow.recipients(o)
    ]
    if not replies:
        return
    observation, reply = replies[0]
    where = observation.exchange.id
    whole = True
    checks = (
        ("mss.reply.message-id", "Message-ID", bool(reply.message_id), "<...@...>", reply.text("Message-ID")),
        (
            "mss.reply.in-reply-to",
            "In-Reply-To",
            original in reply.in_reply_to,
            f"<{original}>",
            reply.text("In-Reply-To"),
        ),
        (
            "mss.reply.references",
            "References",
            reply.references[-1:] == (original,),
            f"... <{original}>",
            reply.text("References"),
        ),
    )
    for code, path, holds, expected, seen in checks:
        if not holds:
            whole = False
            yield finding(code, path, exchange=where, expected=expected, seen=seen)
    if not whole:
        return
    yield Witness("reply tied to its original", where)
    chain = (*mail.mail.references, original)
    if reply.references != chain:
        yield finding(
            "mss.reply.chain-cut",
            "References",
            exchange=where,
            expected=" ".join(f"<{i}>" for i in chain),
            seen=reply.text("References"),
        )
    if reply.message_id in chain:
        yield finding("mss.reply.message-id-repeated", "Message-ID", exchange=where, seen=reply.message_id)


@register(
    "mss.delivery-receipt-request",
    exercise="mail.compose",
    clause=f"{_REM}, MSS/va1.15 (référentiel socle MSSanté n° 2, ECO.2.3.1)",
    requirements=("PFI/va1/MSS/va1.15",),
    codes=frozenset(
        {
            "mss.delivery-receipt.not-requested",
            "mss.delivery-receipt.other-address",
            "mss.delivery-receipt.not-asked",
        }
    ),
    claims=frozenset({"composed:delivery-receipt", "composed:no-receipt"}),
)
def delivery_receipt(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A receipt of delivery asked for is asked by Return-Receipt-To, with the address of the sending mailbox."""
    found = _sent(driven, heard)
    if found is None:
        return
    observation, mail = found
    yield from _requested(
        observation,
        mail,
        wanted=flow.asked(driven, heard, "send").get("delivery_receipt") is True,
        header="Return-Receipt-To",
        code="mss.delivery-receipt",
    )


@register(
    "mss.read-receipt-request",
    exercise="mail.compose",
    clause="REM PFI vague 2, MSS/UX.33 (référentiel socle MSSanté n° 2, ECO.2.3.2) ; RFC 8098, 2.1",
    requirements=("PFI/va2/MSS/UX.33",),
    codes=frozenset({"mss.read-receipt.not-requested", "mss.read-receipt.other-address", "mss.read-receipt.not-asked"}),
    claims=frozenset({"composed:read-receipt", "composed:no-receipt"}),
)
def read_receipt(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A receipt of reading asked for is asked by Disposition-Notification-To."""
    found = _sent(driven, heard)
    if found is None:
        return
    observation, mail = found
    yield from _requested(
        observation,
        mail,
        wanted=flow.asked(driven, heard, "send").get("read_receipt") is True,
        header="Disposition-Notification-To",
        code="mss.read-receipt",
    )


def _requested(
    observation: Observation, mail: Mail, *, wanted: bool, header: str, code: str
) -> Iterator[Finding | Witness]:
    where = observation.exchange.id
    sender = mail.sender.address if mail.sender is not None else flow.fact(observation, "mail_from").strip("<>")
    addresses = [a.address for a in mail.addresses(header)]
    if not wanted:
        if mail.all(header):
            yield finding(f"{code}.not-asked", header, exchange=where, seen=mail.text(header))
        else:
            # The permitted twin: it shows that the request depends on what was asked.
            yield Witness("no receipt asked, none requested", where)
    elif not mail.all(header):
        yield finding(f"{code}.not-requested", header, exchange=where, expected=f"<{sender}>")
    else:
        yield Witness("receipt requested", where)
        if [a.lower() for a in addresses] != [sender.lower()]:
            yield finding(
                f"{code}.other-address", header, exchange=where, expected=f"<{sender}>", seen=mail.text(header)
            )


@register(
    "mss.return-address",
    exercise="mail.compose",
    clause=f"{_REM}, MSS/va1.18",
    requirements=("PFI/va1/MSS/va1.18",),
    codes=frozenset({"mss.return-address.ignored", "mss.return-address.same-mailbox"}),
    claims=frozenset({"composed:return-address"}),
    needs=frozenset({"pilot:settings.set/1"}),
)
def return_address(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each return address that was set is the one that answers to the next mail go to."""
    held: dict[str, str | None] = {}
    for number in (1, 2):
        if flow.told(driven, heard, f"set-{number}") is None or flow.told(driven, heard, f"send-{number}") is None:
            return
        value = flow.asked(driven, heard, f"set-{number}").get("value")
        found = _made(driven, heard, f"send-{number}", f"set-{number + 1}")
        if not isinstance(value, str) or found is None:
            return
        observation, mail = found
        seen = [a.address.lower() for a in mail.addresses("Reply-To")]
        if seen != [value.lower()]:
            yield finding(
                "mss.return-address.ignored",
                "Reply-To",
                exchange=observation.exchange.id,
                expected=value,
                seen=mail.text("Reply-To"),
            )
            continue
        held[value] = observation.exchange.id
        if mail.sender is not None and mail.sender.address.lower() == value.lower():
            yield finding("mss.return-address.same-mailbox", "Reply-To", exchange=observation.exchange.id, seen=value)
    if len(held) > 1:
        yield Witness("two return addresses in turn", list(held.values())[-1])


@register(
    "mss.deletion-notice",
    exercise="mail.compose",
    clause=f"{_REM}, MSS/va1.30",
    requirements=("PFI/va1/MSS/va1.30",),
    codes=frozenset({"mss.deletion.recipient-not-told", "mss.deletion.stranger-told"}),
    claims=frozenset({"composed:deletion"}),
    needs=frozenset({"endpoint:documents", "pilot:document.delete/1"}),
)
def deletion_notice(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """The notice of a deletion goes to each recipient of the mail that carried the document."""
    if flow.told(driven, heard, "delete") is None:
        return
    document = flow.asked(driven, heard, "delete").get("document")
    initial = [o for o, _ in flow.written(heard) if ("document", document) in o.keys]
    notices = [o for o, _ in after(driven, heard, "delete")]
    first = frozenset[str]().union(*(flow.recipients(o) for o in initial if o not in notices))
    if not first:
        return
    warned = frozenset[str]().union(*(flow.recipients(o) for o in notices))
    for address in sorted(first - warned):
        yield finding(
            "mss.deletion.recipient-not-told",
            "To",
            exchange=notices[0].exchange.id if notices else initial[0].exchange.id,
            expected=address,
            seen=", ".join(sorted(warned)),
            absence=not notices,  # a notice that went to others is heard, not silent
        )
    if warned - first:
        yield finding(
            "mss.deletion.stranger-told",
            "To",
            exchange=notices[0].exchange.id,
            expected=", ".join(sorted(first)),
            seen=", ".join(sorted(warned - first)),
        )
    if first <= warned:
        yield Witness("every recipient told of the deletion", notices[0].exchange.id)


def after(driven: Driven[object], heard: Heard, name: str, until: str = "") -> Iterator[tuple[Observation, Mail]]:
    """The mails of the vendor heard after the request of one step, and before that of another when it is given."""
    start, end = flow.step(driven, name), flow.step(driven, until)
    if start is None:
        return
    places = {o.exchange.id: n for n, o in enumerate(heard.own)}
    if start.exchange not in places:
        return
    last = places.get(end.exchange, len(places)) if end is not None else len(places)
    for observation, mail in flow.written(heard):
        if places[start.exchange] < places[observation.exchange.id] < last:
            yield observation, mail


def _sent(driven: Driven[object], heard: Heard) -> tuple[Observation, Mail] | None:
    """The mail made by the step `send`."""
    return None if flow.told(driven, heard, "send") is None else _made(driven, heard, "send")


def _made(driven: Driven[object], heard: Heard, name: str, until: str = "") -> tuple[Observation, Mail] | None:
    """The mail made by a step: the one of the Message-ID told, else the first of its subject."""
    own = list(after(driven, heard, name, until))
    identity = flow.bare((flow.told(driven, heard, name) or {}).get("message_id"))
    subject = str(flow.asked(driven, heard, name).get("subject") or "")
    return next((one for one in own if identity and one[1].message_id == identity), None) or next(
        (one for one in own if subject and subject in one[1].subject), None
    )
