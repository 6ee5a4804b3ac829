"""Making an Observation of an exchange with the MSSanté operator: a mail, a receipt, a session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Direction, Exchange, Finding, Observation
from conformance.standards.ins import nir
from conformance.standards.mail.contents import contents
from conformance.standards.mail.syntax import Mail, parse
from conformance.standards.receipts.syntax import Dsn, Mdn, report

CODES = table(__package__)


def observe(exchange: Exchange) -> Observation:
    """Decode what passed over SMTP, or a mail that the bench put in a mailbox; never raises on what it holds.

    Kinds, by `facts["event"]`: `mail` (Mail), `mail-dsn` (Dsn), `mail-mdn` (Mdn) for what the vendor sent;
    `mail-delivered` (Mail, Dsn or Mdn) for what the bench delivered; `mail-malformed` (Malformed); `mail-session`
    (the facts) at log-in and at the end of a session; `mail-reply` (the text) for the operator's answer.
    Keys: `document` (unique ids of the CDA enclosed), `message` (its Message-ID, then the mails it answers or reports
    on), `patient` (matricules and local numbers of the documents, matricules of patient addresses).
    """
    facts = exchange.facts
    if facts.get("event") in ("session", "login"):
        return Observation(exchange, "mail-session", dict(facts))
    if not exchange.body:
        return Observation(exchange, "nothing", None)
    if exchange.direction is Direction.TO_VENDOR and exchange.answers is not None:
        return Observation(exchange, "mail-reply", exchange.body.decode("utf-8", "replace"))
    try:
        mail = parse(exchange.body)
    except Malformed as error:
        found = CODES.finding(error.code, error.path, seen=error.seen, exchange=exchange.id)
        return Observation(exchange, "mail-malformed", error, tuple(_patients(exchange)), (found,))
    receipt = report(mail)
    kind = {Dsn: "mail-dsn", Mdn: "mail-mdn"}.get(type(receipt), "mail")
    if exchange.direction is Direction.TO_VENDOR:
        kind = "mail-delivered"
    keys = tuple(dict.fromkeys((*_keys(mail, receipt), *_patients(exchange))))
    return Observation(exchange, kind, receipt or mail, keys, tuple(faults(mail, exchange.id)))


def faults(mail: Mail, exchange: str | None = None) -> Iterator[Finding]:
    """What is wrong with the bytes of a mail."""
    for fault in mail.faults:
        yield CODES.finding(fault.code, fault.path, seen=fault.seen, exchange=exchange)


def _keys(mail: Mail, receipt: Dsn | Mdn | None) -> Iterator[tuple[str, str]]:
    held = contents(mail)
    yield from (("document", uid) for uid in (*held.unique_ids, *held.listed_ids))
    others = (receipt.about if receipt is not None else "", *mail.in_reply_to, *reversed(mail.references))
    yield from (("message", id) for id in (mail.message_id, *others) if id)
    yield from _matricules(a.address for a in mail.recipients)
    yield from (("patient", id) for id in held.patients)


def _patients(exchange: Exchange) -> Iterator[tuple[str, str]]:
    recipients = exchange.facts.get("rcpt_to")
    return _matricules(recipients.split() if isinstance(recipients, str) else ())


def _matricules(addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    locals_ = (address.strip("<>").partition("@")[0].upper() for address in addresses)
    return (("patient", local) for local in locals_ if nir.is_matricule(local))
