"""The core of the reading side: IMAP4rev1 (RFC 3501) read and answered, STARTTLS, sign-in, news of a mailbox.

Of our own because what must be told (commands before TLS, certificates, the hello of a client) and done (err at a
chosen step, give bytes as they came) is not to be had from a library.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from conformance.bench.wire import Gone, TooLong
from conformance.evidence.values import Fact
from conformance.services.mss.imap_syntax import LITERAL, Unreadable, text, values
from conformance.services.mss.operator import Folder, Mailbox, Message
from conformance.services.mss.receipts import HOST
from conformance.services.mss.session import Refused, Session, decoded

LIMIT_LINE = 64 * 1024
LIMIT_LITERAL = 40 * 1024 * 1024
LIMIT_ERRORS = 50

FLAGS = "\\Answered \\Flagged \\Deleted \\Seen \\Draft"

_BEFORE = frozenset({"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN", "ID"})
_SELECTED = frozenset({"CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY", "MOVE", "UID"})
STEPS = {
    "LOGIN": "auth",
    "AUTHENTICATE": "auth",
    "EXAMINE": "select",
    "LSUB": "list",
    "MOVE": "store",
    "COPY": "store",
}


class Bad(Exception):
    """A command that is answered BAD."""


class No(Exception):
    """A command that is answered NO."""


class ImapCore(Session):
    """One reading session, up to the sign-in; `commands` are those of the whole, by name.

    Commands with an effect, or that read a message, are exchanges; polling is only counted.
    """

    protocol: ClassVar[str] = "imap"
    farewell: ClassVar[bytes] = b"* BYE Closing\r\n"

    commands: ClassVar[Mapping[str, Callable[..., Awaitable[None]]]] = {}

    _box: Mailbox | None = None
    _folder: Folder | None = None
    _name = ""
    _writable = True
    _known = 0  # changes of the folder already told
    _tag = "*"
    _polls = 0

    def end_facts(self) -> dict[str, Fact]:
        return {**super().end_facts(), "effects": self.effects, "polls": self._polls}

    async def play(self) -> None:
        self._view: list[Message] = []
        self._seen_flags: dict[int, frozenset[str]] = {}
        self._seen: set[tuple[str, int]] = set()
        try:
            await self.step("greeting")
        except Refused:
            await self.send("* BYE Service not available")
            return
        await self.send(f"* OK [CAPABILITY {self._capabilities()}] {HOST} ready")
        errors = 0
        while errors < LIMIT_ERRORS:
            try:
                tag, command, rest = await self._command()
            except (Unreadable, TooLong) as error:
                errors += 1
                await self.send(f"* BAD {error}")
                continue
            self._tag = tag
            self.note(command)
            try:
                if await self._do(command, rest):
                    return
            except Refused as refused:
                code = "[UNAVAILABLE] " if refused.transient else ""
                await self.send(f"{tag} NO {code}{command} refused")
            except (Bad, Unreadable) as error:
                errors += 1
                await self.send(f"{tag} BAD {error}")
            except No as error:
                await self.send(f"{tag} NO {error}")
        self.closed = "operator"
        await self.send("* BYE Too many errors")

    async def _command(self) -> tuple[str, str, bytes]:
        """The next command: tag, name in upper case, arguments with their literals in place."""
        data = bytearray()
        while True:
            line = await self.wire.line(LIMIT_LINE)
            data += line
            literal = LITERAL.search(line)
            if not literal:
                break
            size = int(literal[1])
            if size + len(data) > LIMIT_LITERAL:
                await self.send("* BYE Literal too big")
                raise Gone("too big")
            if not literal[2]:
                await self.send("+ go on")
            data += b"\r\n" + await self.wire.exactly(size)
        tag, _, rest = bytes(data).partition(b" ")
        name, _, arguments = rest.partition(b" ")
        if not re.fullmatch(rb"[^\s(){%*\"\\+\x00-\x1f\x7f]{1,64}", tag) or not name:
            raise Unreadable("tag and command are expected")
        return tag.decode("utf-8", "replace"), name.decode("ascii", "replace").upper(), arguments

    async def _do(self, command: str, rest: bytes) -> bool:
        """Answer a command; True when it was the last one."""
        action = self.commands.get(command)
        if command == "LOGOUT":
            await self.send("* BYE Bye")
            await self._ok("LOGOUT")
            return True
        if action is None:
            raise Bad("Unknown command")
        if self._box is None and command not in _BEFORE:
            raise No("[PRIVACYREQUIRED] Sign in first" if not self.wire.secured else "Sign in first")
        if self._folder is None and command in _SELECTED:
            raise Bad("No mailbox is selected")
        if command not in ("LOGIN", "AUTHENTICATE", "STARTTLS", "UID"):
            await self.step(STEPS.get(command, command.lower()), self.login)
        await action(self, rest)
        return False

    async def _ok(self, what: str, code: str = "") -> None:
        await self.send(f"{self._tag} OK {f'[{code}] ' if code else ''}{what} completed")

    def _capabilities(self) -> str:
        told = "IMAP4rev1 LITERAL+ SASL-IR ID"
        if self._box is None:
            if not self.wire.secured and self.offer != "no-starttls":
                return told + " STARTTLS LOGINDISABLED"
            return told + " AUTH=PLAIN AUTH=XOAUTH2"
        return told + " IDLE UIDPLUS MOVE UNSELECT NAMESPACE SPECIAL-USE CHILDREN"

    def _effect(self, command: str, message: Message | None, body: bytes = b"", *, again: bool = False) -> None:
        self.effects += 1
        facts: dict[str, Fact] = {"command": command, "mailbox": self.login, "folder": self._name}
        if message is not None:
            facts |= {"uid": message.uid, "message_id": message.message_id, "size": len(message.raw)}
        self.host.heard(self, "command", body, facts, quiet=again)

    # Any state.

    async def _capability(self, _rest: bytes) -> None:
        await self.send(f"* CAPABILITY {self._capabilities()}")
        await self._ok("CAPABILITY")

    async def _noop(self, _rest: bytes) -> None:
        self._polls += 1
        await self._sync(expunge=True)
        await self._ok("NOOP")

    async def _id(self, _rest: bytes) -> None:
        await self.send('* ID ("name" "banc")')
        await self._ok("ID")

    # Not signed in.

    async def _starttls(self, _rest: bytes) -> None:
        if self.wire.secured or self._box is not None or self.offer == "no-starttls":
            raise Bad("STARTTLS is not available")
        await self.step("starttls")
        await self._ok("STARTTLS")
        await self.secure()
        self.starttls = True

    async def _login(self, rest: bytes) -> None:
        told = [text(one) for one in values(rest)]
        if len(told) != 2:
            raise Bad("LOGIN user password")
        await self._sign_in("PLAIN", b"\0" + told[0].encode() + b"\0" + told[1].encode(), as_told="LOGIN")

    async def _authenticate(self, rest: bytes) -> None:
        mechanism, _, initial = rest.decode("utf-8", "replace").partition(" ")
        mechanism = mechanism.upper()
        if not self.wire.secured and self.offer != "no-starttls":
            raise No("[PRIVACYREQUIRED] STARTTLS first")
        if mechanism not in ("PLAIN", "XOAUTH2"):
            raise No("Mechanism not available")
        told = initial.strip().encode()
        if not told:
            await self.send("+ ")
            told = await self.wire.line(LIMIT_LINE)
        data = None if told == b"*" else decoded(told)
        if data is None:
            raise Bad("Cannot decode")
        await self._sign_in(mechanism, data)

    async def _sign_in(self, mechanism: str, credentials: bytes, as_told: str = "") -> None:
        if not self.wire.secured and self.offer != "no-starttls":
            raise No("[PRIVACYREQUIRED] STARTTLS first")
        if self._box is not None:
            raise Bad("Already signed in")
        good = self.signed_in(mechanism, credentials)
        self.mechanism = as_told or mechanism
        await self.step("auth", self.login)
        if not good:
            if mechanism == "XOAUTH2":
                await self.send("+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=")
                await self.wire.line(LIMIT_LINE)
            raise No("[AUTHENTICATIONFAILED] Sign-in refused")
        self._box = self.host.operator.mailbox(self.login)
        # The offers of the client go with the first news of it: a session may last longer than a run.
        facts = {**self.wire.handshake.offers(), "clear_commands": " ".join(self.clear)}
        self.host.heard(self, "login", b"", facts, quiet=True)
        await self._ok("Sign-in", f"CAPABILITY {self._capabilities()}")

    # Changes of the mailbox.

    def _remember(self) -> None:
        assert self._folder is not None
        self._known = self._folder.changes
        self._seen_flags = {id(m): frozenset(m.flags) for m in self._view}

    async def _sync(self, *, expunge: bool = False) -> None:
        """Tell what changed: messages gone (only when sequence numbers may move), come, and flags."""
        if self._folder is None or self._folder.changes == self._known:
            return
        there = {id(message) for message in self._folder.messages}
        if expunge:
            for n in range(len(self._view), 0, -1):
                if id(self._view[n - 1]) not in there:
                    del self._view[n - 1]
                    await self.send(f"* {n} EXPUNGE")
        known = {id(message) for message in self._view}
        come = [message for message in self._folder.messages if id(message) not in known]
        if come:
            self._view += come
            await self.send(f"* {len(self._view)} EXISTS")
        for n, message in enumerate(self._view, 1):
            before = self._seen_flags.get(id(message))
            if before is not None and before != message.flags:
                await self.send(f"* {n} FETCH (UID {message.uid} FLAGS ({shown(message)}))")
        if expunge or all(id(m) in there for m in self._view):
            self._remember()

    basic: ClassVar[Mapping[str, Callable[..., Awaitable[None]]]] = {
        "CAPABILITY": _capability,
        "NOOP": _noop,
        "ID": _id,
        "STARTTLS": _starttls,
        "LOGIN": _login,
        "AUTHENTICATE": _authenticate,
    }


KNOWN_FLAGS = {flag.lower(): flag for flag in FLAGS.split()}


def proper(flags: Iterable[str]) -> set[str]:
    """Flags with system flags in their usual case, those that a client cannot set left out."""
    told = {KNOWN_FLAGS.get(flag.lower(), flag) for flag in flags}
    return {flag for flag in told if flag in FLAGS.split() or not flag.startswith("\\")}


def shown(message: Message) -> str:
    return " ".join(sorted(message.flags))
