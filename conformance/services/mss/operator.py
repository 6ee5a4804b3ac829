"""The operator: domains of the white list, mailboxes kept in memory and bounded, what it sends back to a sender."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from conformance.errors import Malformed
from conformance.services.mss.receipts import About, delivery, disposition
from conformance.standards.mail.syntax import LIMIT_BYTES, Mail, parse

LIMIT_MAILBOXES = 5_000
LIMIT_MESSAGES = 20_000
"""Messages kept in all; past it the oldest are dropped, wherever they are."""
LIMIT_HELD = 256 * 1024 * 1024
"""Bytes of the messages kept in all."""
LIMIT_HEARD = 5_000
"""Messages that a receipt can still be asked for."""
LIMIT_PATIENT = 25 * 1024 * 1024
"""What a patient's mailbox takes, in bytes."""

_ADDRESS = re.compile(r"[^\s<>@\x00-\x1f]+@(?:[A-Za-z0-9-]+\.)+mssante\.fr", re.IGNORECASE)
"""An address of the MSSanté space: every domain of it is on the white list of the bench."""
PATIENT_DOMAIN = "patient.mssante.fr"
FOLDERS = ("INBOX", "Sent", "Drafts", "Trash")


@dataclass(eq=False)
class Message:
    """A message of a folder: its bytes as they came, flags, and when it was put there."""

    uid: int
    raw: bytes = field(repr=False)
    at: datetime
    flags: set[str] = field(default_factory=set)

    @cached_property
    def mail(self) -> Mail | None:
        """The message read, None when it is no mail or too big to be read."""
        try:
            return parse(self.raw, limit=LIMIT_BYTES)
        except Malformed:
            return None

    @cached_property
    def message_id(self) -> str:
        """Its Message-ID without brackets, empty when there is none."""
        return self.mail.message_id if self.mail else ""

    @cached_property
    def header(self) -> bytes:
        """The bytes of its header, with the empty line that ends it."""
        return header_of(self.raw)


def header_of(raw: bytes) -> bytes:
    """The header of a message with its empty line; all of it when it has no body."""
    for mark in (b"\r\n\r\n", b"\n\n"):
        at = raw.find(mark)
        if at >= 0:
            return raw[: at + len(mark)]
    return raw


class Folder:
    """Messages in the order of their uid."""

    def __init__(self, validity: int) -> None:
        self.validity = validity
        self.messages: list[Message] = []
        self.next_uid = 1
        self.changes = 0  # grows each time a message comes, goes or changes its flags

    def add(self, raw: bytes, at: datetime, flags: Iterable[str] = ()) -> Message:
        """Put a message at the end."""
        message = Message(self.next_uid, raw, at, set(flags))
        self.next_uid += 1
        self.messages.append(message)
        self.changes += 1
        return message

    def remove(self, gone: Iterable[Message]) -> None:
        """Take messages away; those that are not there are passed over."""
        ids = {id(message) for message in gone}
        self.messages = [message for message in self.messages if id(message) not in ids]
        self.changes += 1


class Mailbox:
    """The folders of one address."""

    def __init__(self, address: str, validity: int) -> None:
        self.address = address
        self.validity = validity
        self.folders = {name: Folder(validity) for name in FOLDERS}

    def folder(self, name: str) -> Folder | None:
        """A folder by its name; INBOX in any case (RFC 3501 5.1)."""
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail as it was submitted: addresses without brackets, and what was asked by RFC 3461."""

    login: str
    sender: str
    recipients: tuple[str, ...]
    notify: str = ""
    ret: str = ""
    envid: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was put in a mailbox. `kind` is `delivery`, `read` or `failed`, `about` the Message-ID."""

    kind: str
    mailbox: str
    about: str
    recipient: str
    raw: bytes = field(repr=False)


Clock = Callable[[], datetime]
Watcher = Callable[[str], None]
"""Told the address of a mailbox that something came into."""


class Operator:
    """`now` gives the present instant. Nothing here knows a socket; used from one thread only."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._validity = itertools.count(1)
        self._mailboxes: dict[str, Mailbox] = {}
        self._order: deque[tuple[Folder, Message]] = deque()
        self._held = 0
        self._heard: dict[str, tuple[Envelope, Message]] = {}
        self.watchers: set[Watcher] = set()

    def reset(self) -> None:
        """Forget every mailbox; the folders made later have other UIDVALIDITY."""
        self._mailboxes.clear()
        self._order.clear()
        self._heard.clear()
        self._held = 0

    @staticmethod
    def serves(address: str) -> bool:
        """Whether an address is of a domain of the white list."""
        return len(address) <= 320 and bool(_ADDRESS.fullmatch(address))

    def mailbox(self, address: str) -> Mailbox:
        """The mailbox of an address, made the first time. Addresses differ by more than case."""
        key = address.lower()
        found = self._mailboxes.get(key)
        if found is None:
            if len(self._mailboxes) >= LIMIT_MAILBOXES:
                self._mailboxes.pop(next(iter(self._mailboxes)))
            found = self._mailboxes[key] = Mailbox(address, int(self._now().timestamp()) + next(self._validity))
        return found

    def addresses(self) -> tuple[str, ...]:
        """The addresses that have a mailbox."""
        return tuple(box.address for box in self._mailboxes.values())

    def put(self, address: str, raw: bytes, *, folder: str = "INBOX", flags: Iterable[str] = ()) -> Message:
        """Put a message in a mailbox; KeyError when it has no such folder."""
        target = self.mailbox(address).folder(folder)
        if target is None:
            raise KeyError(folder)
        message = target.add(raw, self._now(), flags)
        self._order.append((target, message))
        self._held += len(raw)
        while self._held > LIMIT_HELD or len(self._order) > LIMIT_MESSAGES:
            old_folder, old = self._order.popleft()
            self._held -= len(old.raw)
            old_folder.remove([old])
        for watcher in list(self.watchers):
            watcher(address.lower())
        return message

    def accept(self, envelope: Envelope, raw: bytes) -> Message:
        """Deliver a submitted mail to the mailbox of each recipient; it can then be answered by receipts."""
        message = Message(0, raw, self._now())
        for recipient in envelope.recipients:
            if not self._too_big(recipient, raw):
                self.put(recipient, raw)
        if message.message_id:
            self._heard.pop(message.message_id, None)
            self._heard[message.message_id] = (envelope, Message(0, message.header, message.at))  # enough for a receipt
            if len(self._heard) > LIMIT_HEARD:
                self._heard.pop(next(iter(self._heard)))
        return message

    def answer(self, envelope: Envelope, message: Message, mode: str, reason: str = "unknown") -> Iterator[Receipt]:
        """Put the receipts that a mode gives in the mailboxes they go to.

        Modes: `none`, `delivery` and `read` (each only when it was asked for), `both`, `failed` (each recipient bounces
        for `reason`). A patient's mailbox that is too small bounces in any mode.
        """
        for recipient in envelope.recipients:
            big = self._too_big(recipient, message.raw)
            if (mode == "failed" or big) and "NEVER" not in envelope.notify.split():
                yield from self.receipt(envelope, message, recipient, "failed", reason="too-big" if big else reason)
                continue
            if mode in ("delivery", "both"):
                yield from self.receipt(envelope, message, recipient, "delivery", asked=True)
            if mode in ("read", "both"):
                yield from self.receipt(envelope, message, recipient, "read", asked=True)

    def receipt(
        self,
        envelope: Envelope,
        message: Message,
        recipient: str,
        kind: str,
        *,
        reason: str = "unknown",
        asked: bool = False,
        disposed: str = "displayed",
    ) -> Iterator[Receipt]:
        """One receipt, put in the mailbox it goes to; with `asked`, none when the mail did not ask for it."""
        to = _receipt_address(envelope, message, kind, asked=asked)
        if not to or not self.serves(to):
            return
        mail = message.mail
        about = About(
            envelope.sender,
            recipient,
            message.message_id,
            " ".join((mail.subject if mail else "").encode("ascii", "replace").decode().split())[:200],
            message.header,
            message.at,
            envelope.envid,
        )
        at = self._now()
        if kind == "read":
            raw = disposition(about, to, kind=disposed, at=at)
        else:
            raw = delivery(about, to, reason=reason if kind == "failed" else "", at=at)
        self.put(to, raw)
        yield Receipt(kind, to, message.message_id, recipient, raw)

    def heard(self, message_id: str) -> tuple[Envelope, Message] | None:
        """The mail heard under a Message-ID (without brackets), the latest; None when it is not known any more."""
        return self._heard.get(message_id.strip("<> "))

    @staticmethod
    def _too_big(recipient: str, raw: bytes) -> bool:
        return recipient.lower().endswith("@" + PATIENT_DOMAIN) and len(raw) > LIMIT_PATIENT


def _receipt_address(envelope: Envelope, message: Message, kind: str, *, asked: bool) -> str:
    """Who gets a receipt, empty when it was not asked for and only then is due."""
    mail = message.mail
    if kind == "failed":
        return envelope.sender
    name = "Disposition-Notification-To" if kind == "read" else "Return-Receipt-To"
    told = mail.addresses(name) if mail else ()
    if told:
        return told[0].address
    if kind == "delivery" and "SUCCESS" in envelope.notify.split():
        return envelope.sender
    return "" if asked else envelope.sender
