"""Acknowledgements of PAM messages, original and enhanced mode (HL7 v2.5 chapter 2.9; PAM FR tables 0008 and 0357)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from conformance.standards.hl7v2.pam import events, structures
from conformance.standards.hl7v2.pam.tables import ENHANCED, ERROR_CODES, ORIGINAL
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.values import Ack, ErrorSegment

REFUSALS = frozenset({"AE", "AR", "CE", "CR"})


def _line(a: Ack) -> int | None:
    msa = a.message.first("MSA")
    return msa.line if msa is not None else None


def _err(e: ErrorSegment, rest: str) -> str:
    return f"ERR-{rest}" if e.occurrence == 1 else f"ERR({e.occurrence})-{rest}"


def _structure(a: Ack, _: Settings) -> Iterator[Hit]:
    for gap in structures.ACK.gaps(a.message.segments):
        word = "missing" if gap.missing else "unexpected"
        yield Hit(gap.name, gap.line, seen=f"{gap.after} {gap.name}", expected=word, subject=gap.name)


def _code(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.code not in ORIGINAL | ENHANCED:
        yield Hit("MSA-1", _line(a), seen=a.code, expected="AA, AE, AR, CA, CE, CR")


def _reference(a: Ack, _: Settings) -> Iterator[Hit]:
    if not a.control_ref:
        yield Hit("MSA-2", _line(a))


def _no_error(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.code in REFUSALS and not a.errors:
        yield Hit("ERR", _line(a), seen=a.code)


def _error_with_accept(a: Ack, _: Settings) -> Iterator[Hit]:
    for e in a.errors if a.code in ("AA", "CA") else ():
        if e.severity in ("E", "F") and e.code.code != "0":
            yield Hit(_err(e, "4"), e.line, seen=f"{a.code}, {e.code.code} {e.severity}")


def _error_code(a: Ack, _: Settings) -> Iterator[Hit]:
    for e in a.errors:
        if e.code.code not in ERROR_CODES:
            yield Hit(_err(e, "3.1"), e.line, seen=e.code.code, expected="table 0357")


def _severity(a: Ack, _: Settings) -> Iterator[Hit]:
    for e in a.errors:
        if e.severity not in ("E", "W", "I"):
            yield Hit(_err(e, "4"), e.line, seen=e.severity, expected="E, W, I")


def _type(a: Ack, _: Settings) -> Iterator[Hit]:
    if a.header.structure not in ("", "ACK"):
        yield Hit("MSH-9.3", a.header.line, seen=a.header.structure, expected="ACK")


ACK_RULES: Rules = (
    Rule("hl7v2.pam.ack-structure", _structure),
    Rule("hl7v2.pam.ack-type", _type),
    Rule("hl7v2.pam.ack-code", _code),
    Rule("hl7v2.pam.ack-reference", _reference),
    Rule("hl7v2.pam.ack-no-error", _no_error),
    Rule("hl7v2.pam.ack-error-with-accept", _error_with_accept),
    Rule("hl7v2.pam.ack-error-code", _error_code),
    Rule("hl7v2.pam.ack-severity", _severity),
)


def _mode(a: Ack, m: AdtMessage) -> Iterator[Hit]:
    """MSH-15 and 16 both empty: original mode, hence AA, AE, AR. An accept level is only given when MSH-15 asks it."""
    accept, application = m.message.segments[0].value(15), m.message.segments[0].value(16)
    if not accept and not application and a.code in ENHANCED:
        yield Hit("MSA-1", _line(a), seen=a.code, expected="AA, AE, AR")
    elif accept == "NE" and a.code in ENHANCED:
        yield Hit("MSA-1", _line(a), seen=a.code, expected="MSH-15 = NE")
    elif accept == "AL" and application == "NE" and a.code in ORIGINAL:
        yield Hit("MSA-1", _line(a), seen=a.code, expected="CA, CE, CR")


def _accepts_refused(a: Ack, m: AdtMessage) -> Iterator[Hit]:
    if not m.known and m.event in events.REFUSED and a.code == "AA":
        yield Hit("MSA-1", _line(a), seen=f"AA, {m.event}", expected="AE | AR (200, 201)")


PAIR_RULES: tuple[tuple[str, Callable[[Ack, AdtMessage], Iterable[Hit]]], ...] = (
    ("hl7v2.pam.ack-mode", _mode),
    ("hl7v2.pam.ack-accepts-refused", _accepts_refused),
)
