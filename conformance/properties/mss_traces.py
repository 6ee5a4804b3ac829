"""What the product writes in its log: every operation (CONF.17), whole entries (CONF.18), receipts that come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from conformance.evidence.values import Context, Direction, Driven, Finding, Heard, Observation, Witness
from conformance.models.mail import Fault
from conformance.properties import mail_flow as flow
from conformance.properties.base import register
from conformance.properties.flow import finding
from conformance.standards.receipts.syntax import Dsn, Mdn

_LOG = frozenset({"pilot:log.read/1"})
_ASKED = frozenset({"send", "read", "delete", "connect"})
"""What is asked of the mail server, and so has a request and an answer."""
_REFUSALS = get_args(Fault)[1:]
"""The ways an operator refuses, besides success."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the operator saw done on a mailbox: `send`, `read` or `delete` of a mail; `failed` if refused."""

    kind: str
    message_id: str
    exchange: str
    failed: bool = False


def operations(heard: Heard) -> list[Operation]:
    """What the operator saw, each operation on a mail once, in order."""
    found: dict[tuple[str, str], Operation] = {}

    def add(one: Operation) -> None:
        found.setdefault((one.kind, one.message_id), one)

    for observation, mail in flow.written(heard):
        if mail.message_id:
            refused = flow.taken(observation, heard) is False
            add(Operation("send", mail.message_id, observation.exchange.id, refused))
    # A receipt that was read is traced as a receipt, which another row asks for.
    receipts = {r.mail.message_id for o in heard.own if isinstance(r := o.value, Dsn | Mdn)}
    for observation in flow.commands(heard):
        kind = _kind(observation)
        about = flow.bare(flow.fact(observation, "message_id"))
        if kind and about and not (kind == "read" and about in receipts):
            add(Operation(kind, about, observation.exchange.id))
    return list(found.values())


def _kind(observation: Observation) -> str:
    """What an IMAP command does to a mail; empty for what is neither a reading nor a removal."""
    command = flow.fact(observation, "command").upper()
    if "EXPUNGE" in command or "MOVE" in command:
        return "delete"
    if "STORE" in command:  # its body is the flags that the mail then has
        return "delete" if b"\\deleted" in observation.exchange.body.lower() else ""
    return "read" if "FETCH" in command else ""


@register(
    "mss.functional-traces",
    exercise="mail.compose",
    clause="REM PFI vague 2, MSS/CONF.17 (référentiel socle MSSanté n° 2, ECO.4.1.1)",
    requirements=("PFI/va2/MSS/CONF.17",),
    codes=frozenset({"mss.trace.missing", "mss.trace.without-operation"}),
    claims=frozenset({"composed:plain", "composed:read-and-delete", "composed:reply"}),
    needs=_LOG | {"service:imap"},
)
def functional_traces(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every sending, reading and deletion that the operator saw has its entry in the log."""
    data = flow.told(driven, heard, "log")
    if data is None:
        return
    log = flow.traces(data)
    where = _answer(driven)
    seen = operations(heard)
    for kind in dict.fromkeys(one.kind for one in seen):
        own = [one for one in seen if one.kind == kind]
        missing = _untraced(kind, own, log)
        if not missing:
            yield Witness(f"{kind} traced", where)
        elif all(trace.means for trace in log):  # words that say nothing to us may be the missing entry
            for one in missing:
                yield finding(
                    "mss.trace.missing", kind, exchange=one.exchange, expected=f"<{one.message_id}>", subject=kind
                )
    known = {one.message_id for one in seen}
    for trace in log:
        if trace.means == {"send"} and trace.message_id and trace.outcome == "ok" and trace.message_id not in known:
            yield finding("mss.trace.without-operation", "action", exchange=where, seen=trace.action)


def _untraced(kind: str, own: list[Operation], log: tuple[flow.Trace, ...]) -> list[Operation]:
    """The operations of a kind without an entry; entries that name no mail are only counted."""
    entries = [trace for trace in log if kind in trace.means]
    # A mail of the product's own is named by the entry of its sending, whatever word that has, or by receipts of it.
    named = {t.message_id for t in log if kind in t.means or (kind == "send" and "receipt" not in t.means)} - {""}
    left = [one for one in own if one.message_id not in named]
    unnamed = sum(1 for trace in entries if not trace.message_id)
    return left[unnamed:]


@register(
    "mss.trace-content",
    exercise="mail.compose",
    clause="REM PFI vague 2, MSS/CONF.18 (référentiel socle MSSanté n° 2, ECO.4.1.2)",
    requirements=("PFI/va2/MSS/CONF.18",),
    codes=frozenset({"mss.trace.incomplete", "mss.trace.failure-missing", "mss.trace.outcome-differs"}),
    claims=frozenset({"composed:plain", *(f"composed:fault-{f}" for f in _REFUSALS)}),
    needs=_LOG,
)
def trace_content(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each entry has its author, local time, action, request and answer; what the operator refused is told."""
    data = flow.told(driven, heard, "log")
    if data is None:
        return
    log = flow.traces(data)
    where = _answer(driven)
    # What the product does by itself (opening an archive...) asks nothing of the mail server.
    asked = [trace for trace in log if trace.means & _ASKED]
    whole = bool(asked)
    for name in ("author", "at", "action", "request", "response"):
        lacking = next((trace for trace in asked if not getattr(trace, name)), None)
        if lacking is not None:
            whole = False
            yield finding("mss.trace.incomplete", name, exchange=where, seen=lacking.action, subject=name)
    refused = [one for one in operations(heard) if one.failed]
    if not refused:
        refused = [
            Operation("send", "", o.exchange.id, failed=True) for o in heard.own if flow.fact(o, "fault") and _mss(o)
        ]
    attempted = any(s.name.startswith(("send", "reply")) and s.failure is None for s in driven.sent)
    if refused and attempted and not any(trace.outcome == "failed" for trace in log):
        whole = False
        code = "mss.trace.outcome-differs" if any("send" in t.means for t in log) else "mss.trace.failure-missing"
        yield finding(code, "outcome", exchange=refused[0].exchange, expected="failed")
    if whole:
        yield Witness("failure traced" if refused else "entries whole", where)


def _mss(observation: Observation) -> bool:
    exchange = observation.exchange
    return exchange.channel.startswith("mss") and exchange.direction is Direction.FROM_VENDOR


@register(
    "mss.delivery-receipt-traced",
    exercise="mail.compose",
    clause="REM PFI vague 1, MSS/va1.14",
    requirements=("PFI/va1/MSS/va1.14",),
    codes=frozenset({"mss.receipt.not-traced", "mss.receipt.other-mail"}),
    claims=frozenset({"composed:receipt-comes-back"}),
    needs=_LOG | {"service:imap"},
)
def delivery_receipt_traced(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A receipt of delivery that came back for a mail, and that the product has read, is in its log."""
    data = flow.told(driven, heard, "log")
    back = _receipts(heard)
    if data is None or not back:
        return
    log = flow.traces(data)
    where = _answer(driven)
    mailed = {mail.message_id for _, mail in flow.written(heard)}
    for about, (observation, receipt) in back.items():
        if about not in mailed:
            continue
        own = [t for t in log if "receipt" in t.means]
        if any(t.message_id == about or about in t.subject.values() or f"<{about}>" in t.subject.values() for t in own):
            yield Witness("receipt traced", where)
        elif any(not t.message_id for t in own):
            yield Witness("receipt traced", where)
            yield finding("mss.receipt.other-mail", "subject", exchange=where, expected=f"<{about}>")
        elif all(t.means for t in log):
            read = flow.was_read(heard, receipt.mail.message_id)
            yield finding(
                "mss.receipt.not-traced",
                "action",
                exchange=observation.exchange.id,
                expected=f"<{about}>",
                absence=not read,  # what lies unread in the mailbox may be traced later
            )


def _receipts(heard: Heard) -> Mapping[str, tuple[Observation, Dsn]]:
    """The delivery reports that the operator put in the sender's mailbox, by the Message-ID they are about."""
    found: dict[str, tuple[Observation, Dsn]] = {}
    for observation in heard.own:
        value = observation.value
        if observation.exchange.direction is not Direction.TO_VENDOR or not isinstance(value, Dsn) or not value.about:
            continue
        if all(r.action in ("delivered", "relayed", "expanded") for r in value.recipients):
            found.setdefault(value.about, (observation, value))
    return found


def _answer(driven: Driven[object]) -> str | None:
    sent = flow.step(driven, "log")
    return sent.answer if sent is not None else None
