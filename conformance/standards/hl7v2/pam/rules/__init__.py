"""Rules of PAM messages and of their acknowledgements: `judge` reads the tables of this folder on a value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.hl7v2 import rules as base
from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.pam.profile import CLAUSES
from conformance.standards.hl7v2.pam.rules import answers, fields, header, identity, segments, stay
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.rules import msh
from conformance.standards.hl7v2.rules.core import MOST, Rules, Settings, apply, version
from conformance.standards.hl7v2.rules.identity import IDENTITY_RULES, judge_ins
from conformance.standards.hl7v2.values import Ack

__all__ = ["CODES", "DEFAULT", "all_rules", "answers_pam", "judge", "judge_answer"]

CODES = table("conformance.standards.hl7v2.pam")
DEFAULT = Settings()

BASE_TABLE: Rules = (*msh.SYNTAX_RULES, *IDENTITY_RULES)
"""Rules shared with the other messages: syntax, characters, the INS in PID."""

ADT_TABLE: Rules = (
    *header.HEADER_RULES,
    *segments.SEGMENT_RULES,
    *identity.IDENTITY_RULES,
    *stay.STAY_RULES,
)
FIELD_CODES = frozenset(
    f"hl7v2.pam.{kind}"
    for kind in (
        "required",
        "forbidden",
        "repeated",
        "table",
        "format",
        "component-required",
        "component-forbidden",
        "ei-incomplete",
    )
)


def judge(value: AdtMessage | Ack, settings: Settings = DEFAULT) -> Iterator[Finding]:
    """All findings about one PAM message, or about one acknowledgement of a PAM message, alone.

    The rules are those of the version that the message declares (MSH-21, else MSH-12); without one, the latest. What
    only 2.11.2 says is never more than a warning, and a note in a message that declares an earlier version.
    """
    if isinstance(value, Ack):
        yield from apply(msh.SYNTAX_RULES, value, settings, None, "")
        yield from apply(answers.ACK_RULES, value, settings, None, "", CODES)
        return
    yield from apply(BASE_TABLE, value, settings, None, "")
    yield from judge_ins(value, settings)
    yield from apply(ADT_TABLE, value, settings, None, value.version, CODES)
    known = version(value.version)
    early = known is not None and known < (2, 11)
    for fault in islice(fields.faults(value.message), MOST):
        yield _of(fault, value, early)


def _of(fault: fields.Fault, value: AdtMessage, early: bool) -> Finding:
    code = f"hl7v2.pam.{fault.kind}"
    severity: Severity | None = None
    if fault.source == "P":
        severity = Severity.NOTE if early else Severity.WARNING
    place = fault.path.split("[")[0]
    return CODES.finding(
        code,
        fault.path,
        seen=value.message.text(fault.seen[:200]),
        expected=fault.expected,
        line=fault.line,
        severity=severity,
        cause="dialect" if severity is Severity.NOTE else "",
        subject=place,
        clause=CLAUSES[fault.source],
    )


def answers_pam(ack: Ack) -> bool:
    """True when an acknowledgement is about a PAM event, as its MSH-9.2 says."""
    return ack.header.trigger in events.STRUCTURES or ack.header.trigger in events.REFUSED


def judge_answer(ack: Ack, message: AdtMessage) -> Iterator[Finding]:
    """Findings that need both an acknowledgement and the PAM message it is about."""
    for code, check in base.returns.PAIR_RULES:
        for hit in check(ack, cast(Any, message)):
            severity = None if hit.certain else Severity.WARNING
            yield base.CODES.finding(
                code, hit.path, seen=hit.seen, expected=hit.expected, line=hit.line, severity=severity
            )
    for code, own in answers.PAIR_RULES:
        for hit in own(ack, message):
            yield CODES.finding(code, hit.path, seen=hit.seen, expected=hit.expected, line=hit.line)


def all_rules() -> frozenset[str]:
    """The codes of this package that its tables may yield."""
    return (
        frozenset(r.code for r in (*ADT_TABLE, *answers.ACK_RULES))
        | frozenset(code for code, _ in answers.PAIR_RULES)
        | FIELD_CODES
    )
