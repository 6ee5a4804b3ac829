"""The second OBX of the LPS volet: the mail that brought the document (Message-ID, subject, body)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.standards.hl7v2.rules.core import Hit, Rule, Rules, Settings
from conformance.standards.hl7v2.values import DocumentMessage

_DATE = re.compile(r"\b(\d{2})/(\d{2})/(\d{4})\b")
_MESSAGE_ID = re.compile(r"<?[^<>@\s]+@[^<>@\s]+>?")

FAMILIES: Mapping[str, tuple[frozenset[str], re.Pattern[str]]] = {
    "imaging": (frozenset({"18748-4"}), re.compile(r"imagerie|radio|scanner|irm|échograph|mammograph", re.I)),
    "laboratory": (frozenset({"11502-2"}), re.compile(r"biolog|laboratoire|analyses", re.I)),
    "discharge": (frozenset({"11490-0", "34105-7"}), re.compile(r"sortie|liaison|hospitalisation", re.I)),
    "medication": (frozenset({"57833-6", "57828-6"}), re.compile(r"prescription|ordonnance", re.I)),
}
"""Families of documents: LOINC codes, and the words by which a subject names them."""


def _absent(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.mail is None:
        yield Hit("OBX", m.documents[0].line if m.documents else None)


def _message_id(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.mail is not None and _MESSAGE_ID.fullmatch(m.mail.message_id) is None:
        yield Hit("OBX-3.1", m.mail.line, seen=m.mail.message_id, expected="Message-ID")


def _no_system(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.mail is not None and m.mail.message_id and not m.mail.system:
        yield Hit("OBX-3.3", m.mail.line, seen=m.mail.message_id)


def _no_subject(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.mail is not None and not m.mail.subject:
        yield Hit("OBX-3.2", m.mail.line)


def _birth_date(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    if m.mail is None or m.patient is None or not m.patient.birth_date:
        return
    dates = ["".join(reversed(groups)) for groups in _DATE.findall(m.mail.subject)]
    if dates and m.patient.birth_date[:8] not in dates:
        yield Hit("OBX-3.2", m.mail.line, seen=m.mail.subject, expected=f"PID-7 = {m.patient.birth_date}")


def _other_examination(m: DocumentMessage, _: Settings) -> Iterator[Hit]:
    """The subject names another family of documents than the code, and not the code's own."""
    if m.mail is None or not m.documents:
        return
    code = m.documents[0].code.code
    own = next((words for codes, words in FAMILIES.values() if code in codes), None)
    if own is None or own.search(m.mail.subject):
        return
    if any(words.search(m.mail.subject) for codes, words in FAMILIES.values() if code not in codes):
        yield Hit("OBX-3.2", m.mail.line, seen=m.mail.subject, expected=f"{code} {m.documents[0].code.label}")


DOCUMENT_RULES: Rules = (
    Rule("hl7v2.mail.absent", _absent, to_pfi=None),
    Rule("hl7v2.mail.message-id", _message_id, to_pfi=None),
    Rule("hl7v2.mail.no-coding-system", _no_system, to_pfi=None),
    Rule("hl7v2.mail.no-subject", _no_subject, to_pfi=None),
    Rule("hl7v2.mail.birth-date", _birth_date, to_pfi=None),
    Rule("hl7v2.mail.other-examination", _other_examination, to_pfi=None),
)
