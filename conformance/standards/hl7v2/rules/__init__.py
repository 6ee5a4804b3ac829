"""Rules of the HL7 v2 messages of the bench: `judge` reads the tables of this folder on a value."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Finding, Severity
from conformance.standards.hl7v2 import transmission
from conformance.standards.hl7v2.rules import (
    flags,
    identity,
    mail,
    msh,
    participants,
    payload,
    request,
    returns,
    structure,
)
from conformance.standards.hl7v2.rules.core import CODES, Matrix, Rule, Rules, Settings, apply
from conformance.standards.hl7v2.syntax import Message
from conformance.standards.hl7v2.values import Ack, DocumentMessage, Other, Read, Zam

__all__ = ["CODES", "DEFAULT", "Matrix", "Settings", "all_rules", "judge", "judge_answer"]

DEFAULT = Settings()

DOCUMENT_TABLE: Rules = (
    *msh.SYNTAX_RULES,
    *msh.HEADER_RULES,
    *msh.DOCUMENT_RULES,
    *structure.DOCUMENT_RULES,
    *identity.IDENTITY_RULES,
    *identity.DOCUMENT_RULES,
    *request.DOCUMENT_RULES,
    *participants.DOCUMENT_RULES,
    *flags.DOCUMENT_RULES,
    *mail.DOCUMENT_RULES,
)
ACK_TABLE: Rules = (
    *msh.SYNTAX_RULES,
    *msh.HEADER_RULES,
    *msh.ACK_RULES,
    *returns.ACK_RULES,
    *returns.ERROR_RULES,
)
ZAM_TABLE: Rules = (
    *msh.SYNTAX_RULES,
    *msh.HEADER_RULES,
    *msh.ZAM_RULES,
    *returns.ZAM_RULES,
    *returns.ERROR_RULES,
)
OTHER_TABLE: Rules = (*msh.SYNTAX_RULES, *identity.IDENTITY_RULES)
PAYLOAD_TABLE: Rules = (*payload.BASE64_RULES, *payload.CDA_RULES, *payload.PLACEHOLDER, *payload.NOT_CDA)


def judge(value: Read | Message, settings: Settings = DEFAULT) -> Iterator[Finding]:
    """All findings about one message, alone. A Message is read first (raises Malformed on an unknown charset).

    An OUL^R22 of the V1.2 dialect is judged without its structure, and other messages on syntax and identity only:
    both say so in a note.
    """
    if isinstance(value, Message):
        value = transmission.read(value)
    match value:
        case DocumentMessage():
            yield from apply(DOCUMENT_TABLE, value, settings, value.flow, value.dialect)
            yield from identity.judge_ins(value, settings)
            yield from payload.judge(value, settings)
            if value.carrier == "OUL":
                yield _not_judged(value)
        case Ack():
            yield from apply(ACK_TABLE, value, settings, None, "")
        case Zam():
            yield from apply(ZAM_TABLE, value, settings, "to-pfi", value.dialect)
        case Other():
            yield from apply(OTHER_TABLE, value, settings, None, "")
            yield from identity.judge_ins(value, settings)
            yield _not_judged(value)


def _not_judged(value: Read) -> Finding:
    return CODES.finding("hl7v2.check.not-judged", "MSH-9", seen=value.header.type, line=value.header.line)


def judge_answer(answer: Ack | Zam, message: Read) -> Iterator[Finding]:
    """Findings that need both an acknowledgement and the message it is about (control ids, directions, times)."""
    for code, check in returns.PAIR_RULES:
        for hit in check(answer, message):
            severity = None if hit.certain else Severity.WARNING
            yield CODES.finding(code, hit.path, seen=hit.seen, expected=hit.expected, line=hit.line, severity=severity)


def all_rules() -> frozenset[str]:
    """The codes that the tables of this folder may yield."""
    tables: tuple[Rule[object], ...] = (*DOCUMENT_TABLE, *ACK_TABLE, *ZAM_TABLE, *OTHER_TABLE, *PAYLOAD_TABLE)
    return frozenset(r.code for r in tables) | {code for code, _ in returns.PAIR_RULES} | {"hl7v2.check.not-judged"}
