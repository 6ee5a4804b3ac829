"""The receipts an operator sends: delivery reports (RFC 3464) and disposition notifications (RFC 8098)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

HOST = "mss.banc.mssante.fr"
DAEMON = f"MAILER-DAEMON@{HOST}"

REASONS = {
    "unknown": ("5.1.1", "mailbox unavailable: unknown user"),
    "closed": ("5.2.1", "mailbox closed, not accepting messages"),
    "full": ("5.2.2", "mailbox full"),
    "too-big": ("5.3.4", "message larger than 25 MB"),
    "address": ("5.1.3", "invalid address"),
    "refused": ("5.7.1", "delivery not authorized"),
}
"""Why a mail did not reach its mailbox: enhanced status (RFC 3463) and diagnostic."""


@dataclass(frozen=True, slots=True)
class About:
    """The mail a receipt is about: where it came from and went, its header, its bytes.

    `heard_at` is when the operator took it; `envid` the ENVID of its envelope (RFC 3461), empty when not given.
    """

    sender: str
    recipient: str
    message_id: str
    subject: str
    header: bytes
    heard_at: datetime
    envid: str = ""


def delivery(about: About, to: str, *, reason: str = "", at: datetime) -> bytes:
    """A delivery report: success, or failure for one of REASONS. `to` is the mailbox that gets it."""
    status, diagnostic = REASONS[reason] if reason else ("2.0.0", "delivered")
    action = "failed" if reason else "delivered"
    subject = "Undelivered Mail Returned to Sender" if reason else "Successful Mail Delivery Report"
    told = (
        f"Votre message n'a pas pu etre remis a {about.recipient} : {diagnostic}.\r\n"
        if reason
        else f"Votre message a ete remis a {about.recipient}.\r\n"
    )
    fields = [f"Reporting-MTA: dns; {HOST}"]
    if about.envid:
        fields.append(f"Original-Envelope-Id: {about.envid}")
    fields += [
        f"Arrival-Date: {format_datetime(about.heard_at)}",
        "",
        f"Original-Recipient: rfc822; {about.recipient}",
        f"Final-Recipient: rfc822; {about.recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Remote-MTA: dns; {HOST}",
        f"Diagnostic-Code: smtp; {'550' if reason else '250'} {status} {diagnostic}",
        f"Last-Attempt-Date: {format_datetime(at)}",
    ]
    seed = f"{about.message_id}/{about.recipient}/{action}"
    parts = [
        ("text/plain; charset=us-ascii", told),
        ("message/delivery-status", "\r\n".join(fields) + "\r\n"),
        ("text/rfc822-headers", about.header.decode("latin-1")),
    ]
    return _report(
        "delivery-status", f"Mail Delivery System <{DAEMON}>", to, subject, seed, parts, at, about.message_id
    )


def disposition(about: About, to: str, *, kind: str = "displayed", at: datetime) -> bytes:
    """A notification from the reader's system that a mail was displayed (or `deleted`, `processed`)."""
    fields = [
        f"Reporting-UA: {HOST}; banc",
        f"Original-Recipient: rfc822; {about.recipient}",
        f"Final-Recipient: rfc822; {about.recipient}",
        f"Original-Message-ID: <{about.message_id}>",
        f"Disposition: manual-action/MDN-sent-manually; {kind}",
    ]
    parts = [
        ("text/plain; charset=us-ascii", f"Le message adresse a {about.recipient} a ete affiche.\r\n"),
        ("message/disposition-notification", "\r\n".join(fields) + "\r\n"),
        ("text/rfc822-headers", about.header.decode("latin-1")),
    ]
    seed = f"{about.message_id}/{about.recipient}/{kind}"
    return _report(
        "disposition-notification", about.recipient, to, "Lu: " + about.subject, seed, parts, at, about.message_id
    )


def _report(
    kind: str,
    sender: str,
    to: str,
    subject: str,
    seed: str,
    parts: list[tuple[str, str]],
    at: datetime,
    answered: str,
) -> bytes:
    mark = hashlib.sha256(f"{seed}/{at.isoformat()}".encode()).hexdigest()[:24]
    lines = [
        "Return-Path: <>",
        f"From: {sender}",
        f"To: <{to}>",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{mark}@{HOST}>",
        *([f"In-Reply-To: <{answered}>", f"References: <{answered}>"] if answered else []),
        f"Subject: {subject}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="={mark}"',
        "",
    ]
    for type, content in parts:
        lines += [f"--={mark}", f"Content-Type: {type}", "", content]
    lines += [f"--={mark}--", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")
