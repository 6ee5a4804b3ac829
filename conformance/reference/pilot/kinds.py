"""Everything the pilot of the reference knows, by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from conformance.reference.access import dashboard
from conformance.reference.ledger import Ledger
from conformance.reference.mail import Mailing
from conformance.reference.pilot import accounts, mails
from conformance.reference.pilot.accounts import Answer
from conformance.reference.pilot.reading import day, text
from conformance.reference.pilot.server import Handler, Refusal, Request
from conformance.reference.traces import Kind, Traces

if TYPE_CHECKING:
    from conformance.reference.access.service import Access

FARTHEST = 36_500
KINDS: dict[str, Kind] = {"mail": "mail", "document": "document", "account": "account"}
NOTHING: Answer = {}


def stimuli(access: Access, mail: Callable[[], Mailing | None]) -> dict[str, Handler]:
    """The stimuli; those about mail only when the platform has mailboxes."""

    async def set_setting(asked: Request) -> Answer:
        name, value = text(asked.payload, "name"), text(asked.payload, "value")
        mailing = mail()
        if name == "clock.days-forward":
            if not value.isascii() or not value.isdecimal() or int(value) > FARTHEST:
                raise Refusal(f"a number of days, {FARTHEST} at most")
            access.move_forward(int(value))
        elif name == "mss.reply-to" and mailing is not None:
            mailing.settings.reply_to = value or mailing.settings.first_reply_to
        elif name == "antivirus" and mailing is not None:
            if value not in ("on", "off"):
                raise Refusal("on or off")
            mailing.settings.antivirus = value == "on"
        else:
            raise Refusal("no such setting")
        return NOTHING

    return {"settings.set/1": set_setting, **accounts.stimuli(access), **mails.stimuli(mail)}


def queries(access: Access, mail: Callable[[], Mailing | None], traces: Traces, ledger: Ledger) -> dict[str, Handler]:
    """The queries."""

    async def read_log(asked: Request) -> Answer:
        kind = text(asked.payload, "kind", "")
        if kind and kind not in KINDS:
            raise Refusal("no such kind of traces")
        cursor, found = traces.read(text(asked.payload, "since", ""), kind=KINDS.get(kind))
        entries = [asdict(t) for t in found]
        for entry in entries:
            del entry["kind"]
        return {"cursor": cursor, "entries": entries}

    async def read_dashboard(asked: Request) -> Answer:
        lines = ledger.read(day(asked.payload, "from"), day(asked.payload, "to"))
        return {"rows": dashboard.rows(lines, access.behaviour())}

    return {
        "log.read/1": read_log,
        "dashboard.read/1": read_dashboard,
        **accounts.queries(access),
        **mails.queries(mail),
    }
