"""Receipts that come back for a mail: DSN (RFC 3464) and MDN (RFC 8098), read from a mail already parsed."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.standards.mail.syntax import Field, Mail, Part, field_groups, message_ids


@dataclass(frozen=True, slots=True)
class DsnRecipient:
    """What became of one recipient (RFC 3464, 2.3): addresses without their type, action in lower case, status."""

    final: str
    original: str = ""
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    remote: str = ""


@dataclass(frozen=True, eq=False)
class Dsn:
    """A delivery status notification (RFC 3464). `returned` are the fields of the mail it is about, as far as given."""

    mail: Mail
    reporting: str
    envelope_id: str
    recipients: tuple[DsnRecipient, ...]
    returned: tuple[Field, ...] = ()

    @property
    def about(self) -> str:
        """The Message-ID of the mail it is about, empty when the notification does not give it."""
        return next((i for f in self.returned if f.key == "message-id" for i in message_ids(f.unfolded)), "")


@dataclass(frozen=True, eq=False)
class Mdn:
    """A disposition notification (RFC 8098). `mode` is `action-mode/sending-mode`, `type` the disposition
    (`displayed`, `processed`…), `modifiers` what follows its slash, `errors` the Error fields."""

    mail: Mail
    final: str
    original: str
    about: str
    reporting: str
    mode: str
    type: str
    modifiers: tuple[str, ...]
    errors: tuple[str, ...] = ()


def report(mail: Mail) -> Dsn | Mdn | None:
    """The report that a mail is: a DSN, an MDN, or None when it is neither."""
    if mail.root.type != "multipart/report":
        return None
    parts = mail.root.parts
    for part in parts:
        if part.type == "message/delivery-status":
            return _dsn(mail, part)
        if part.type == "message/disposition-notification":
            return _mdn(mail, part)
    return None


def _value(fields: tuple[Field, ...], name: str) -> str:
    return next((f.text for f in fields if f.key == name), "")


def _typed(text: str) -> str:
    """The value of `type; value`."""
    return text.rpartition(";")[2].strip() if ";" in text else text.strip()


def _dsn(mail: Mail, part: Part) -> Dsn:
    groups = field_groups(part.content)
    head = groups[0] if groups else ()
    rows = tuple(
        DsnRecipient(
            final=_typed(_value(group, "final-recipient")),
            original=_typed(_value(group, "original-recipient")),
            action=_value(group, "action").lower(),
            status=_value(group, "status").split(" ")[0],
            diagnostic=_value(group, "diagnostic-code"),
            remote=_typed(_value(group, "remote-mta")),
        )
        for group in groups
        if _value(group, "final-recipient")
    )
    returned: tuple[Field, ...] = ()
    for other in mail.root.parts:
        if other.mail is not None:
            returned = other.mail.fields
        elif other.type == "text/rfc822-headers":
            returned = next(iter(field_groups(other.content)), ())
    return Dsn(mail, _typed(_value(head, "reporting-mta")), _value(head, "original-envelope-id"), rows, returned)


def _mdn(mail: Mail, part: Part) -> Mdn:
    fields = next(iter(field_groups(part.content)), ())
    mode, _, rest = _value(fields, "disposition").partition(";")
    kind, _, modifiers = rest.partition("/")
    return Mdn(
        mail=mail,
        final=_typed(_value(fields, "final-recipient")),
        original=_typed(_value(fields, "original-recipient")),
        about=next(iter(message_ids(_value(fields, "original-message-id"))), ""),
        reporting=_value(fields, "reporting-ua"),
        mode=mode.strip(),
        type=kind.strip().lower(),
        modifiers=tuple(m.strip() for m in modifiers.split(",") if m.strip()),
        errors=tuple(f.text for f in fields if f.key == "error"),
    )
