"""Mails opened and judged by the rules of `standards/mail`: attachments, mails within mails, what is enciphered."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.errors import Malformed
from conformance.evidence.values import Finding
from conformance.standards.check.bounds import Budget
from conformance.standards.check.members import CODES, Member, Opened, shown
from conformance.standards.mail import rules
from conformance.standards.mail.observe import faults
from conformance.standards.mail.syntax import LIMIT_PARTS, Mail, Part, parse

_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})

TOLD_APART = frozenset({"mail.attachments.archive"})
"""What the report of an attachment says better itself."""


def open_mail(data: bytes, budget: Budget) -> Opened:
    """A mail: what is wrong with it, its attachments and nested mails as members; words are no document."""
    try:
        mail = parse(data, parts=min(LIMIT_PARTS, budget.bounds.parts))
    except Malformed as fault:
        return Opened("mail", (rules.CODES.finding(fault.code, fault.path, seen=fault.seen),), iter(()))
    letter = rules.Letter(mail)
    found = list(faults(mail))
    if not any(p.type in _OPAQUE for p in mail.walk()):
        found += _judged(letter)
    return Opened("mail", tuple(found), _members(mail, budget), judged=letter.ours)


def _judged(letter: rules.Letter) -> Iterator[Finding]:
    return (f for f in rules.judge(letter) if f.code not in TOLD_APART)


def _name(part: Part, number: int) -> str:
    told = part.filename.replace("/", "_").replace("\\", "_").strip()
    return shown(told) or f"part-{number}"


def _members(mail: Mail, budget: Budget) -> Iterator[Member]:
    for number, part in enumerate(mail.walk(), 1):
        name = _name(part, number)
        if part.type in _OPAQUE:
            yield Member(name, None, CODES.finding("check.mail.smime", name, seen=part.type))
            continue
        if part.type in _SIGNATURES or part.parts or not part.attached:
            continue
        if part.mail is not None:
            data = part.mail.raw
            name = name if part.filename else f"part-{number}.eml"
        else:
            data = part.content
        budget.spend(len(data))
        yield Member(name, data)
