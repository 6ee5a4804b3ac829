"""Received mails: archives recognised (UX.01), the patient of METADATA.XML (CONF.24), a history without gap (UX.37)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties import mail_flow as flow
from conformance.properties.base import register
from conformance.properties.flow import finding

_REM = "REM PFI vague 2"
_DONE = frozenset({"identify", "relay", "integrate", "refuse"})
"""What a history tells of a mail whose archive was recognised."""


@register(
    "mss.spot-xdm",
    exercise="mail.reception",
    clause=f"{_REM}, MSS/UX.01",
    requirements=("PFI/va2/MSS/UX.01",),
    codes=frozenset({"mss.xdm.not-recognised", "mss.xdm.ordinary-archive", "mss.xdm.damaged-archive"}),
    claims=frozenset(
        {
            "received:plain",
            "received:from-patient",
            "received:several-documents",
            "received:pdf-first",
            "received:octet-stream",
            "received:free-subject",
        }
    ),
    control="received:plain",
)
def spot_xdm(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A mail whose attachment is an IHE XDM archive is known as such: passed on, or told so by its history."""
    mail = flow.delivered(driven, heard)
    if mail is None:
        return
    messages = flow.relayed(heard)
    steps = flow.steps_of(driven, heard)
    means = frozenset[str]().union(*(flow.meanings(s.action) for s in steps or ()))
    if mail.sound:
        if messages:
            yield Witness("archive recognised: passed on", messages[0].exchange)
        elif means & _DONE:
            yield Witness("archive recognised: told by the history", mail.exchange)
        elif mail.visible and flow.was_read(heard, mail.mail.message_id) and _understood(steps):
            yield finding(
                "mss.xdm.not-recognised",
                "IHE_XDM",
                exchange=mail.exchange,
                expected="IHE_XDM",
                seen=", ".join(s.action for s in steps) if steps else "",
                absence=steps is None,
            )
    elif not mail.infected and messages:
        code = "mss.xdm.damaged-archive" if mail.archive is not None else "mss.xdm.ordinary-archive"
        yield finding(code, "MSH-9", exchange=messages[0].exchange, seen=messages[0].message.header.type)
    elif mail.archive is None and mail.zipped and "identify" in means:
        yield finding("mss.xdm.ordinary-archive", "history", exchange=mail.exchange)


def _understood(steps: tuple[flow.Step, ...] | None) -> bool:
    """Whether every word of a history is known: one that is not may be the step looked for."""
    return steps is None or all(flow.meanings(s.action) for s in steps)


@register(
    "mss.patient-from-metadata",
    exercise="mail.reception",
    clause=f"{_REM}, MSS/CONF.24 (référentiel socle MSSanté n° 2, ECO.2.1.2)",
    requirements=("PFI/va2/MSS/CONF.24",),
    codes=frozenset({"mss.patient.not-from-metadata"}),
    claims=frozenset({"received:plain", "received:misleading-subject", "received:several-documents"}),
    control="received:plain",
)
def patient_from_metadata(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Whom a received document is filed under is whom the patientId of METADATA.XML names."""
    mail = flow.delivered(driven, heard)
    if mail is None or not mail.sound or not mail.patient:
        return
    for message in flow.relayed(heard):
        patient = message.message.patient
        if patient is None or patient.ins is None or not any(message.carries(e) for e in mail.entries):
            continue
        yield from _same(mail.patient, patient.ins.value, patient.ins.path, message.exchange)
    for sent in driven.sent:
        if sent.name == "history" or sent.name.startswith("status-"):
            data = flow.told(driven, heard, sent.name) or {}
            kept = data.get("patient")
            if isinstance(kept, str) and kept:
                yield from _same(mail.patient, kept, "patient", sent.answer)


def _same(expected: str, seen: str, path: str, exchange: str | None) -> Iterator[Finding | Witness]:
    if seen == expected:
        yield Witness("patient of METADATA.XML", exchange)
    else:
        yield finding("mss.patient.not-from-metadata", path, exchange=exchange, expected=expected, seen=seen)


@register(
    "mss.received-document-history",
    exercise="mail.reception",
    clause=f"{_REM}, MSS/UX.37",
    requirements=("PFI/va2/MSS/UX.37",),
    codes=frozenset({"mss.history.step-missing", "mss.history.out-of-order"}),
    claims=frozenset({"received:plain", "received:several-documents", "received:refused"}),
    control="received:plain",
    needs=frozenset({"pilot:document.history/1"}),
)
def received_history(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What the wire shows of a received document is in its history: its arrival, its relay, how it was dealt with."""
    mail = flow.delivered(driven, heard)
    steps = flow.steps_of(driven, heard)
    if mail is None or steps is None or not mail.sound:
        return
    messages = [m for m in flow.relayed(heard) if any(m.carries(e) for e in mail.entries)]
    if not messages:
        return
    owed = {"reception": {"read"}, "relay": {"relay"}}
    codes = {m.ack.code for m in messages if m.ack is not None}
    if codes:
        owed["integration" if codes == {"AA"} else "refusal"] = {"integrate", "refuse"}
    means = [flow.meanings(s.action) for s in steps]
    missing = [name for name, kinds in owed.items() if not any(m & kinds for m in means)]
    if missing and all(means):  # words that say nothing to us may be the missing step
        yield from (
            finding("mss.history.step-missing", name, exchange=_answer(driven), expected=name, subject=name)
            for name in missing
        )
    elif not missing:
        yield Witness("history without gap", _answer(driven))
    for data in (flow.told(driven, heard, s.name) for s in driven.sent if s.name == "history"):
        moments = [s.at for s in flow.history(data)]
        if moments != sorted(moments) and len({m[-6:] for m in moments}) == 1:  # times are compared in one offset
            yield finding("mss.history.out-of-order", "at", exchange=_answer(driven), seen=", ".join(moments[:5]))


def _answer(driven: Driven[object]) -> str | None:
    sent = flow.step(driven, "history")
    return sent.answer if sent is not None else None
