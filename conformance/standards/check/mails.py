"""Mails opened: attachments, mails within mails, what is signed and what is enciphered (RFC 5322, 2045, 8551)."""

from __future__ import annotations

import email
import email.header
import email.message
import email.policy
import re
from collections.abc import Iterator
from itertools import islice

from conformance.evidence.values import Finding
from conformance.standards.check.bounds import MIB, Budget
from conformance.standards.check.members import CODES, Member, Opened, shown

_FIELD = 4000
"""Characters of a header field that are read: the readers of the standard library are slow on endless ones."""

MOST_BYTES = 32 * MIB
MOST_LINES = 600_000
"""Bytes and lines of a mail that is parsed."""

_DELIMITER = re.compile(rb"(?:\A|[\r\n])--")
_TYPE = re.compile(
    rb"(?:\A|(?<=[\r\n]))content-(?:type|disposition|transfer-encoding):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.I
)

_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_BODIES = frozenset({"text/plain", "text/html", "text/calendar", "text/enriched"})

Part = email.message.Message


def open_mail(data: bytes, budget: Budget) -> Opened:
    """A mail: its attachments and nested mails are its members; a body in words is not a document."""
    excess = _excess(data, budget)
    if excess is not None:
        return Opened("mail", (excess,), iter(()))
    # compat32 keeps fields as they came: the richer policies parse each one, at a cost that hostile fields choose.
    try:
        mail = email.message_from_bytes(data, policy=email.policy.compat32)
    except (RecursionError, ValueError, LookupError, IndexError, AttributeError, TypeError, KeyError) as error:
        return Opened("mail", (CODES.finding("check.mail.damaged", seen=type(error).__name__),), iter(()))
    findings = []
    parts: list[Part] = []
    stack = [mail]
    while stack and len(parts) <= budget.bounds.parts:
        part = stack.pop()
        parts.append(part)
        held = part.get_payload()
        if isinstance(held, list) and _type(part) != "message/rfc822":
            stack.extend(p for p in reversed(held) if isinstance(p, email.message.Message))
        if _defects(part):
            findings.append(CODES.finding("check.mail.damaged", seen=", ".join(_defects(part))))
    if len(parts) > budget.bounds.parts:
        findings.append(CODES.finding("check.mail.too-many-parts", expected=f"<= {budget.bounds.parts}"))
        parts = parts[: budget.bounds.parts]
    return Opened("mail", tuple(findings[:5]), _members(parts, budget))


def _excess(data: bytes, budget: Budget) -> Finding | None:
    """Why a mail is not even parsed: the reader of the standard library costs many times what it reads."""
    if len(data) > MOST_BYTES:
        return CODES.finding("check.file.too-large", seen=len(data), expected=f"<= {MOST_BYTES}")
    lines = data.count(b"\n") or data.count(b"\r")
    if lines > MOST_LINES:
        return CODES.finding("check.file.too-large", seen=f"{lines} lines", expected=f"<= {MOST_LINES}")
    delimiters = sum(1 for _ in islice(_DELIMITER.finditer(data), 4 * budget.bounds.parts + 1))
    if delimiters > 4 * budget.bounds.parts:
        return CODES.finding("check.mail.too-many-parts", seen=delimiters, expected=f"<= {budget.bounds.parts}")
    for field in _TYPE.finditer(data):
        if field.end() - field.start() > _FIELD:
            seen = f"Content-Type: {field.end() - field.start()} bytes"
            return CODES.finding("check.mail.damaged", seen=seen, expected=f"<= {_FIELD}")
    return None


def _defects(part: Part) -> list[str]:
    serious = ("NoBoundaryInMultipartDefect", "StartBoundaryNotFoundDefect", "CloseBoundaryNotFoundDefect")
    return [name for name in (type(d).__name__ for d in part.defects) if name in serious]


def _type(part: Part) -> str:
    value = part.get("Content-Type")
    if value is None:
        return "text/plain"
    return str(value)[:_FIELD].partition(";")[0].strip().lower()


def _name(part: Part, number: int) -> str:
    for field in ("Content-Disposition", "Content-Type"):
        if len(str(part.get(field, ""))) > _FIELD:
            return f"part-{number}"
    try:
        found = part.get_filename("")
        told = str(email.header.make_header(email.header.decode_header(found)))
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, UnicodeError, email.errors.MessageError):
        told = ""
    told = told.replace("/", "_").replace("\\", "_").strip()
    return shown(told) or f"part-{number}"


def _attached(part: Part) -> bool:
    disposition = str(part.get("Content-Disposition", ""))[:_FIELD].strip().lower()
    named = disposition.startswith("attachment") or "filename" in disposition
    return named or _type(part) not in _BODIES


def _members(parts: list[Part], budget: Budget) -> Iterator[Member]:
    for number, part in enumerate(parts, 1):
        kind, held = _type(part), part.get_payload()
        name = _name(part, number)
        if kind in _OPAQUE:
            yield Member(name, None, CODES.finding("check.mail.smime", name, seen=kind))
            continue
        if kind in _SIGNATURES:
            continue
        if kind == "message/rfc822" and isinstance(held, list) and held and isinstance(held[0], email.message.Message):
            data = _nested(held[0])
            name = name if name != f"part-{number}" else f"part-{number}.eml"
        elif isinstance(held, list) or not _attached(part):
            continue
        else:
            data = _decoded(part)
        if data is None:
            yield Member(name, None, CODES.finding("check.mail.damaged", name))
            continue
        budget.spend(len(data))
        yield Member(name, data)


def _nested(mail: Part) -> bytes | None:
    try:
        return mail.as_bytes(policy=email.policy.compat32)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, KeyError):
        return None


def _decoded(part: Part) -> bytes | None:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return data if isinstance(data, bytes) else None
