"""The reading side of the operator: mailboxes and messages in IMAP4rev1 (RFC 3501), with UIDPLUS, MOVE and IDLE."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from conformance.services.mss import imap_fetch, imap_search
from conformance.services.mss.imap_core import FLAGS, LIMIT_LINE, STEPS, Bad, ImapCore, No, proper, shown
from conformance.services.mss.imap_syntax import Text, Value, numbers, quoted, text, values
from conformance.services.mss.operator import Folder, Message


class ImapSession(ImapCore):
    """One reading session, mailboxes and messages included."""

    def _own(self, name: str) -> Folder:
        assert self._box is not None
        found = self._box.folder(name)
        if found is None:
            raise No("[TRYCREATE] No such mailbox")
        return found

    async def _select(self, rest: bytes) -> None:
        await self._open(rest, writable=True)

    async def _examine(self, rest: bytes) -> None:
        await self._open(rest, writable=False)

    async def _open(self, rest: bytes, *, writable: bool) -> None:
        told = values(rest)
        self._folder = None
        if not told:
            raise Bad("A mailbox is expected")
        name = text(told[0])
        folder = self._own(name)
        self._folder, self._name, self._writable = folder, "INBOX" if name.upper() == "INBOX" else name, writable
        self._view = list(folder.messages)
        self._remember()
        await self.send(f"* FLAGS ({FLAGS})")
        await self.send(f"* OK [PERMANENTFLAGS ({FLAGS} \\*)] Kept")
        await self.send(f"* {len(self._view)} EXISTS")
        await self.send("* 0 RECENT")
        unseen = next((n for n, m in enumerate(self._view, 1) if "\\Seen" not in m.flags), 0)
        if unseen:
            await self.send(f"* OK [UNSEEN {unseen}] First unseen")
        await self.send(f"* OK [UIDVALIDITY {folder.validity}] Valid")
        await self.send(f"* OK [UIDNEXT {folder.next_uid}] Next")
        await self._ok("SELECT" if writable else "EXAMINE", "READ-WRITE" if writable else "READ-ONLY")

    async def _create(self, rest: bytes) -> None:
        assert self._box is not None
        name = text(values(rest)[0]) if rest else ""
        if not name or self._box.folder(name) or len(self._box.folders) >= 100:
            raise No("Cannot be created")
        self._box.folders[name] = Folder(self._box.validity + len(self._box.folders))
        await self._ok("CREATE")

    async def _delete(self, rest: bytes) -> None:
        assert self._box is not None
        name = text(values(rest)[0]) if rest else ""
        if name.upper() == "INBOX" or name not in self._box.folders:
            raise No("Cannot be deleted")
        del self._box.folders[name]
        await self._ok("DELETE")

    async def _subscribe(self, _rest: bytes) -> None:
        await self._ok("SUBSCRIBE")

    async def _list(self, rest: bytes) -> None:
        await self._listed(rest, "LIST")

    async def _lsub(self, rest: bytes) -> None:
        await self._listed(rest, "LSUB")

    async def _listed(self, rest: bytes, word: str) -> None:
        assert self._box is not None
        told = [one for one in values(rest) if not isinstance(one, tuple)]
        if len(told) < 2:
            raise Bad("A reference and a mailbox are expected")
        wanted = text(told[0]) + text(told[1])
        if not wanted:
            await self.send(f'* {word} (\\Noselect) "/" ""')
        pattern = "".join(".*" if c == "*" else "[^/]*" if c == "%" else re.escape(c) for c in wanted[:200])
        for name in self._box.folders:
            if re.fullmatch(pattern, name, re.IGNORECASE if name == "INBOX" else 0):
                use = f" \\{name}" if name in ("Sent", "Drafts", "Trash") else ""
                await self.send(f'* {word} (\\HasNoChildren{use}) "/" '.encode() + quoted(name) + b"\r\n")
        await self._ok(word)

    async def _namespace(self, _rest: bytes) -> None:
        await self.send('* NAMESPACE (("" "/")) NIL NIL')
        await self._ok("NAMESPACE")

    async def _status(self, rest: bytes) -> None:
        self._polls += 1
        told = values(rest)
        if len(told) != 2 or not isinstance(told[1], tuple):
            raise Bad("STATUS mailbox (items)")
        folder = self._own(text(told[0]))
        counts = {
            "MESSAGES": len(folder.messages),
            "RECENT": 0,
            "UIDNEXT": folder.next_uid,
            "UIDVALIDITY": folder.validity,
            "UNSEEN": sum("\\Seen" not in m.flags for m in folder.messages),
        }
        asked = [text(one).upper() for one in told[1]]
        counted = " ".join(f"{name} {counts[name]}" for name in asked if name in counts)
        await self.send(b"* STATUS " + quoted(text(told[0])) + f" ({counted})\r\n".encode())
        await self._ok("STATUS")

    async def _append(self, rest: bytes) -> None:
        assert self._box is not None
        told = list(values(rest))
        if len(told) < 2 or not isinstance(told[-1], Text):
            raise Bad("APPEND mailbox (flags) date literal")
        name = text(told[0])
        folder = self._own(name)
        flags = next((one for one in told[1:-1] if isinstance(one, tuple)), ())
        message = self.host.operator.put(self.login, told[-1].data, folder=name, flags=[text(flag) for flag in flags])
        before, self._name = self._name, name
        self._effect("APPEND", message, message.raw)
        self._name = before
        await self._sync()
        await self._ok("APPEND", f"APPENDUID {folder.validity} {message.uid}")

    async def _idle(self, _rest: bytes) -> None:
        self._polls += 1
        await self.send("+ idling")
        mine = self.login.lower()

        def told(address: str) -> None:
            if address == mine:
                self._announce()

        watchers = self.host.operator.watchers
        self._announce()
        watchers.add(told)
        try:
            line = await self.wire.line(LIMIT_LINE)
        finally:
            watchers.discard(told)
        if line.upper() != b"DONE":
            raise Bad("DONE is expected")
        await self._sync(expunge=True)
        await self._ok("IDLE")

    def _announce(self) -> None:
        """Tell of messages that came, from outside of a command."""
        if self._folder is not None and len(self._folder.messages) > len(self._view):
            known = {id(message) for message in self._view}
            self._view += [m for m in self._folder.messages if id(m) not in known]
            self.wire.write(b"* %d EXISTS\r\n" % len(self._view))

    # A mailbox is selected.

    async def _check(self, _rest: bytes) -> None:
        await self._sync(expunge=True)
        await self._ok("CHECK")

    async def _close(self, _rest: bytes) -> None:
        if self._writable:
            self._drop(m for m in self._view if "\\Deleted" in m.flags)
        self._folder = None
        await self._ok("CLOSE")

    async def _unselect(self, _rest: bytes) -> None:
        self._folder = None
        await self._ok("UNSELECT")

    def _drop(self, messages: Iterable[Message], command: str = "EXPUNGE") -> None:
        assert self._folder is not None
        gone = list(messages)
        if gone:
            self._folder.remove(gone)
        for message in gone:
            self._effect(command, message)

    async def _expunge(self, _rest: bytes) -> None:
        self._may_write()
        self._drop(m for m in self._view if "\\Deleted" in m.flags)
        await self._sync(expunge=True)
        await self._ok("EXPUNGE")

    def _may_write(self) -> None:
        if not self._writable:
            raise No("[READ-ONLY] The mailbox is examined")

    def _chosen(self, told: Value, *, uid: bool) -> list[tuple[int, Message]]:
        ranges = list(numbers(text(told), self._view[-1].uid if uid and self._view else len(self._view)))
        return [
            (n, m)
            for n, m in enumerate(self._view, 1)
            if any(low <= (m.uid if uid else n) <= high for low, high in ranges)
        ]

    async def _uid(self, rest: bytes) -> None:
        name, _, arguments = rest.partition(b" ")
        command = name.decode("ascii", "replace").upper()
        if command == "EXPUNGE":
            self._may_write()
            chosen = self._chosen(values(arguments)[0], uid=True) if arguments else []
            self._drop(m for _, m in chosen if "\\Deleted" in m.flags)
            await self._sync(expunge=True)
            await self._ok("UID EXPUNGE")
            return
        action = self._BY_NUMBER.get(command)
        if action is None:
            raise Bad("Unknown UID command")
        await self.step(STEPS.get(command, command.lower()), self.login)
        await action(self, arguments, uid=True)

    async def _search(self, rest: bytes, *, uid: bool = False) -> None:
        self._polls += 1
        await self._sync(expunge=uid)
        test = imap_search.compiled(values(rest), len(self._view), self._view[-1].uid if self._view else 0)
        found = [m.uid if uid else n for n, m in enumerate(self._view, 1) if test(n, m)]
        await self.send("* SEARCH" + "".join(f" {number}" for number in found))
        await self._ok("SEARCH")

    async def _fetch(self, rest: bytes, *, uid: bool = False) -> None:
        told = values(rest)
        if len(told) < 2:
            raise Bad("FETCH set items")
        await self._sync(expunge=uid)
        items = list(dict.fromkeys(imap_fetch.split_items(told[1])))
        if uid and "UID" not in (one.upper() for one in items):
            items.insert(0, "UID")
        reading = any(imap_fetch.reads(one) for one in items)
        marking = self._writable and any(imap_fetch.marks_seen(one) for one in items)
        self._polls += not reading
        for n, message in self._chosen(told[0], uid=uid):
            wanted_items = list(items)
            if marking and "\\Seen" not in message.flags:
                message.flags.add("\\Seen")
                self._seen_flags[id(message)] = frozenset(message.flags)
                if "FLAGS" not in (one.upper() for one in items):
                    wanted_items.append("FLAGS")
            answer = b" ".join(imap_fetch.item(message, one, shown(message)) for one in wanted_items)
            if reading:
                again = (self._name, message.uid) in self._seen
                self._seen.add((self._name, message.uid))
                self._effect("FETCH", message, again=again)
            await self.send(b"* %d FETCH (%s)\r\n" % (n, answer))
        await self._ok("FETCH")

    async def _store(self, rest: bytes, *, uid: bool = False) -> None:
        self._may_write()
        told = values(rest)
        if len(told) < 3:
            raise Bad("STORE set FLAGS flags")
        how = text(told[1]).upper()
        given = {text(f) for one in told[2:] for f in (one if isinstance(one, tuple) else (one,))}
        if how.removesuffix(".SILENT") not in ("FLAGS", "+FLAGS", "-FLAGS"):
            raise Bad("FLAGS, +FLAGS or -FLAGS is expected")
        for n, message in self._chosen(told[0], uid=uid):
            before = frozenset(message.flags)
            flags = message.flags | given if how[0] == "+" else message.flags - given if how[0] == "-" else given
            message.flags = proper(flags)
            self._seen_flags[id(message)] = frozenset(message.flags)
            if before != message.flags:
                assert self._folder is not None
                self._folder.changes += 1
                self._effect("STORE", message, shown(message).encode())
            if not how.endswith(".SILENT"):
                await self.send(f"* {n} FETCH ({f'UID {message.uid} ' if uid else ''}FLAGS ({shown(message)}))")
        await self._ok("STORE")

    async def _copy(self, rest: bytes, *, uid: bool = False) -> None:
        await self._transfer(rest, uid=uid, move=False)

    async def _move(self, rest: bytes, *, uid: bool = False) -> None:
        self._may_write()
        await self._transfer(rest, uid=uid, move=True)

    async def _transfer(self, rest: bytes, *, uid: bool, move: bool) -> None:
        told = values(rest)
        if len(told) != 2:
            raise Bad("A set and a mailbox are expected")
        name = text(told[1])
        target = self._own(name)
        chosen = [m for _, m in self._chosen(told[0], uid=uid)]
        made = [self.host.operator.put(self.login, m.raw, folder=name, flags=m.flags) for m in chosen]
        code = ""
        if made:
            pairs = ",".join(str(m.uid) for m in chosen), ",".join(str(m.uid) for m in made)
            code = f"COPYUID {target.validity} {pairs[0]} {pairs[1]}"
        if move:
            if code:
                await self.send(f"* OK [{code}] Moved")
            self._drop(chosen, "MOVE")
            await self._sync(expunge=True)
            await self._ok("MOVE")
            return
        for message in chosen:
            self._effect("COPY", message)
        await self._sync()
        await self._ok("COPY", code)

    _BY_NUMBER: ClassVar[Mapping[str, Callable[..., Awaitable[None]]]] = {
        "SEARCH": _search,
        "FETCH": _fetch,
        "STORE": _store,
        "COPY": _copy,
        "MOVE": _move,
    }
    commands: ClassVar[Mapping[str, Callable[..., Awaitable[None]]]] = {
        **ImapCore.basic,
        **_BY_NUMBER,
        "SELECT": _select,
        "EXAMINE": _examine,
        "CREATE": _create,
        "DELETE": _delete,
        "SUBSCRIBE": _subscribe,
        "UNSUBSCRIBE": _subscribe,
        "LIST": _list,
        "LSUB": _lsub,
        "NAMESPACE": _namespace,
        "STATUS": _status,
        "APPEND": _append,
        "IDLE": _idle,
        "CHECK": _check,
        "CLOSE": _close,
        "UNSELECT": _unselect,
        "EXPUNGE": _expunge,
        "UID": _uid,
    }
