"""Receipts: DSN (RFC 3464) and MDN (RFC 8098) read, and the MDN that says what became of a received document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import Literal

_IDENTIFIER = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: of which mail (Message-ID, empty when it does not say), for whom, and how it ended.

    `code` is the SMTP reply code of a failure (three digits) and `label` its text.
    """

    kind: Literal["delivery", "read"]
    original: str
    recipient: str
    success: bool
    code: str = ""
    label: str = ""


def read(message: EmailMessage) -> list[Receipt]:
    """The receipts in a mail, one a recipient; none when it is an ordinary mail."""
    if message.get_content_type() != "multipart/report":
        return []
    original = _original(message)
    found: list[Receipt] = []
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            found += _delivery(part, original)
        elif part.get_content_type() == "message/disposition-notification":
            found += [_read(fields, original) for fields in _blocks(part)][:1]
    return found


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a report part."""
    payload = part.get_payload()
    return [b for b in payload if isinstance(b, Message)] if isinstance(payload, list) else []


def _field(fields: Message, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())


def _address(value: str) -> str:
    return value.rpartition(";")[2].strip().strip("<>").lower()


def _delivery(part: Message, original: str) -> Iterator[Receipt]:
    envelope = ""
    for fields in _blocks(part):
        envelope = _field(fields, "Original-Envelope-Id") or envelope
        action = _field(fields, "Action").lower()
        recipient = _address(_field(fields, "Original-Recipient") or _field(fields, "Final-Recipient"))
        if not action or not recipient or action == "delayed":
            continue
        success = action in ("delivered", "relayed", "expanded")
        diagnostic = _field(fields, "Diagnostic-Code").partition(";")[2].strip()
        found = re.match(r"(\d{3})", diagnostic)
        status = _field(fields, "Status")
        code = found[1] if found else ("550" if status.startswith("5") else "450")
        named = original or (f"<{envelope.strip('<>')}>" if envelope else "")
        label = diagnostic.removeprefix(code).strip() or status
        yield Receipt("delivery", named, recipient, success, "" if success else code, label)


def _read(fields: Message, original: str) -> Receipt:
    disposition = _field(fields, "Disposition")
    recipient = _address(_field(fields, "Final-Recipient") or _field(fields, "Original-Recipient"))
    kind, _, modifier = disposition.partition(";")[2].strip().partition("/")
    named = _IDENTIFIER.search(_field(fields, "Original-Message-ID"))
    success = kind.strip().lower() in ("displayed", "processed", "dispatched") and not modifier
    code, _, label = modifier.partition(":")[2].strip().partition("^")
    return Receipt("read", named[0] if named else original, recipient, success, code.strip(), label or disposition)


def _original(message: EmailMessage) -> str:
    """The Message-ID of the mail reported on: in the returned part, else in the headers of the report."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            for inner in _blocks(part)[:1]:
                found = _IDENTIFIER.search(_field(inner, "Message-ID"))
                if found:
                    return found[0]
        elif part.get_content_type() == "text/rfc822-headers":
            text = str(part.get_payload(decode=False) or "")
            found = re.search(r"(?im)^Message-ID:\s*(<[^<>\s]+>)", text)
            if found:
                return found[1]
    found = _IDENTIFIER.search(_field(message, "In-Reply-To") or _field(message, "References"))
    return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the destination said of the documents of a mail: an application code and label when it refused."""

    accepted: bool
    code: str = ""
    label: str = ""


def disposition(recipient: str, original_id: str, verdict: Verdict, product: str) -> str:
    """The fields of message/disposition-notification (volet LPS: mail integrated, or refused with its reason)."""
    mode = "automatic-action/MDN-sent-automatically; processed"
    # The volet 1.1.3 (draft) puts the reason in a field of its own, as RFC 8098 wants it.
    outcome = mode if verdict.accepted else f"{mode}/error"
    lines = [
        f"Reporting-UA: {recipient.rpartition('@')[2]}; {product}",
        f"Original-Recipient: rfc822;{recipient}",
        f"Final-Recipient: rfc822;{recipient}",
        f"Original-Message-ID: {original_id}",
        f"Disposition: {outcome}",
    ]
    if not verdict.accepted:
        lines.append(f"Error: {_plain(verdict.code)}^{_plain(verdict.label)}")
    return "\r\n".join(lines) + "\r\n"


def _plain(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())


def report(head: EmailMessage, human: str, fields: str, original: bytes) -> bytes:
    """A multipart/report of these headers: text for humans, fields, and the original whole. Bytes for the wire."""
    boundary = f"=_report_{abs(hash((str(head['Message-ID']), fields))):x}"
    for name in ("MIME-Version", "Content-Type", "Content-Transfer-Encoding"):
        del head[name]
    head["MIME-Version"] = "1.0"
    binary = any(b > 127 for b in original)
    text = EmailMessage()
    text.set_content(human, charset="utf-8", cte="quoted-printable")
    del text["MIME-Version"]
    parts = [
        text.as_bytes(policy=head.policy),
        b"Content-Type: message/disposition-notification\r\n\r\n" + fields.encode("ascii", "replace"),
        b"Content-Type: message/rfc822\r\n"
        + (b"Content-Transfer-Encoding: 8bit\r\n" if binary else b"")
        + b"\r\n"
        + original.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    ]
    line = f'multipart/report; report-type=disposition-notification; boundary="{boundary}"'
    headers = head.as_bytes(policy=head.policy).rstrip(b"\r\n") + b"\r\nContent-Type: " + line.encode() + b"\r\n\r\n"
    mark = b"--" + boundary.encode()
    return headers + b"".join(mark + b"\r\n" + p.rstrip(b"\r\n") + b"\r\n" for p in parts) + mark + b"--\r\n"
