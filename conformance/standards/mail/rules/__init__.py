"""The rules on a mail, in groups: properties take one each, `conformance check` those that need nothing declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from conformance.evidence.values import Finding
from conformance.standards.mail.rules import body, documents, headers, identification
from conformance.standards.mail.rules.core import CODES, UNKNOWN, Hit, Letter, Rule, Rules, Settings, apply, matricule
from conformance.standards.mail.rules.documents import replacement_mention
from conformance.standards.mail.rules.headers import qualified
from conformance.standards.receipts.syntax import report

__all__ = [
    "CODES",
    "GROUPS",
    "UNKNOWN",
    "Hit",
    "Letter",
    "Rule",
    "Rules",
    "Settings",
    "apply",
    "codes_of",
    "judge",
    "matricule",
    "qualified",
    "replacement_mention",
]

GROUPS: Mapping[str, Rules] = MappingProxyType(
    {
        "message-id": identification.MESSAGE_ID,
        "encoding": headers.ENCODING,
        "body": body.RULES,
        "sender": identification.SENDER,
        "notice": identification.NOTICE,
        "receipts": identification.RECEIPTS,
        "ins": headers.INS,
        "code-cda": headers.CODE_CDA,
        "nil": headers.NIL,
        "mes": headers.MES,
        "attachments": documents.ATTACHMENTS,
        "subject": documents.SUBJECT,
        "patient-address": documents.PATIENT_ADDRESS,
    }
)
"""Name of a group -> its rules."""

_MSSANTE = ("body", "sender", "ins", "code-cda", "nil", "mes", "patient-address")
_DOCUMENTS = ("attachments", "subject")


def codes_of(*groups: str) -> frozenset[str]:
    """The codes that some groups may yield."""
    return frozenset(rule.code for group in groups for rule in GROUPS[group])


def judge(letter: Letter) -> Iterator[Finding]:
    """All that can be said of a mail that stands alone.

    Those of RFC 5322 always; those of MSSanté when a mailbox of it writes or is written to, and the mail is no receipt;
    those on documents when it means to transmit some.
    """
    yield from apply((*GROUPS["message-id"][1:], *GROUPS["encoding"], *GROUPS["receipts"]), letter)
    if not letter.ours:
        return
    # RFC 5322 only recommends a Message-ID, MSSanté asks for it.
    yield from apply(GROUPS["message-id"][:1], letter)
    if report(letter.mail) is not None:
        yield from apply(GROUPS["nil"], letter)
        return
    for name in _MSSANTE:
        yield from apply(GROUPS[name], letter)
    if letter.settings.application:
        yield from apply(GROUPS["notice"], letter)
    for name in _DOCUMENTS if letter.transmits else ():
        yield from apply(GROUPS[name], letter)
