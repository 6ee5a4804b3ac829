"""The submission side of the operator: SMTP (RFC 5321) with STARTTLS, AUTH, DSN, and faults at every step.

A library would hide what must be told here (the hello of a client, commands before TLS), refuse what clients send
(tokens of 2 kB on the AUTH line, DSN parameters), and could not err at a chosen step.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from conformance.bench.wire import Gone, TooLong
from conformance.evidence.values import Fact
from conformance.services.mss.operator import Envelope
from conformance.services.mss.receipts import HOST
from conformance.services.mss.session import Refused, Session, decoded

LIMIT_LINE = 12_288
"""Bytes of a command line: RFC 4954 asks for 12 288 on AUTH."""
LIMIT_MESSAGE = 40 * 1024 * 1024
LIMIT_RECIPIENTS = 1_000
LIMIT_ERRORS = 30

_PATH = re.compile(r"^(?:FROM|TO):\s*<(?:@[^:>]*:)?([^<>\s]*)>((?:\s+\S+)*)\s*$", re.IGNORECASE)


class SmtpSession(Session):
    """One submission session; each mail is an exchange of its own, with the reply it got."""

    protocol: ClassVar[str] = "smtp"
    farewell: ClassVar[bytes] = b"421 4.3.2 Closing\r\n"

    def facts(self) -> dict[str, Fact]:
        return {**super().facts(), "ehlo_again": self._ehlo_again}

    def end_facts(self) -> dict[str, Fact]:
        return {**super().end_facts(), "mails": self._mails}

    async def play(self) -> None:
        self._reset()
        try:
            await self.step("greeting")
        except Refused as refused:
            await self.send(f"421 {HOST} Service not available" if refused.transient else f"554 {HOST} No service here")
            return
        await self.send(f"220 {HOST} ESMTP")
        while self._errors < LIMIT_ERRORS:
            try:
                line = await self.wire.line(LIMIT_LINE)
            except TooLong:
                await self._error("500 5.5.2 Line too long")
                continue
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            command = word.upper()
            self.note(command)
            if command == "QUIT":
                await self.send("221 2.0.0 Bye")
                return
            action = self._COMMANDS.get(command)
            if action is None:
                await self._error("500 5.5.1 Command not recognized")
                continue
            try:
                await action(self, rest.strip())
            except Refused as refused:
                await self.send(self._refusal(command, refused))
        self.closed = "operator"
        await self.send("421 4.7.0 Too many errors")

    # What __init__ would set: a session is made by the base class.
    _ehlo_again = False
    _greeted = False
    _authenticated = False
    _mails = 0
    _errors = 0

    def _reset(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._notify: list[str] = []
        self._ret = self._envid = ""

    async def _error(self, reply: str) -> None:
        self._errors += 1
        await self.send(reply)

    @staticmethod
    def _refusal(command: str, refused: Refused) -> str:
        if refused.kind == "full":
            return "452 4.2.2 Mailbox full"
        if command == "AUTH":
            return "454 4.7.0 Temporary authentication failure" if refused.transient else "535 5.7.8 Refused"
        return "451 4.3.0 Try again later" if refused.transient else "550 5.7.1 Refused"

    async def _helo(self, name: str) -> None:
        await self.step("ehlo", name)
        self._greeted = True
        self._reset()
        await self.send(f"250 {HOST}")

    async def _ehlo(self, name: str) -> None:
        await self.step("ehlo", name)
        self._greeted = True
        self._ehlo_again = self._ehlo_again or self.starttls
        self._reset()
        offered = ["PIPELINING", f"SIZE {LIMIT_MESSAGE}", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN"]
        if self._may_secure:
            offered.append("STARTTLS")
        if self._open:
            offered.append("AUTH PLAIN XOAUTH2")
        lines = [HOST, *offered]
        await self.send(
            "".join(f"250{'-' if n < len(lines) else ' '}{text}\r\n" for n, text in enumerate(lines, 1)).encode()
        )

    @property
    def _may_secure(self) -> bool:
        return not self.wire.secured and self.offer != "no-starttls"

    @property
    def _open(self) -> bool:
        """Whether more than a greeting may be said: over TLS, or in clear when there is no TLS to be had."""
        return self.wire.secured or self.offer == "no-starttls"

    async def _starttls(self, rest: str) -> None:
        if rest:
            await self._error("501 5.5.4 No parameter allowed")
        elif not self._may_secure:
            await self._error("502 5.5.1 STARTTLS not available")
        else:
            try:
                await self.step("starttls")
            except Refused:
                await self.send("454 4.7.0 TLS not available")
                return
            await self.send("220 2.0.0 Ready to start TLS")
            await self.secure()
            self.starttls = True
            self._greeted = self._authenticated = False
            self._reset()

    async def _auth(self, rest: str) -> None:
        mechanism, _, initial = rest.partition(" ")
        mechanism = mechanism.upper()
        if not self._open:
            await self._error("530 5.7.0 Must issue a STARTTLS command first")
        elif self._authenticated or self._sender is not None:
            await self._error("503 5.5.1 Bad sequence")
        elif mechanism not in ("PLAIN", "XOAUTH2"):
            await self._error("504 5.5.4 Mechanism not available")
        else:
            text = initial.strip().encode()
            if not text:
                await self.send("334 ")
                text = await self.wire.line(LIMIT_LINE)
            data = None if text == b"*" else decoded(text)
            if data is None:
                await self._error("501 5.5.2 Cannot decode")
                return
            good = self.signed_in(mechanism, data)
            await self.step("auth", self.login)
            if good:
                self._authenticated = True
                await self.send("235 2.7.0 Authentication successful")
                return
            if mechanism == "XOAUTH2":  # a challenge that says why, which the client answers by an empty line
                await self.send("334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=")
                await self.wire.line(LIMIT_LINE)
            await self._error("535 5.7.8 Authentication credentials invalid")

    async def _mail(self, rest: str) -> None:
        path = _PATH.match(rest)
        if not self._open:
            await self._error("530 5.7.0 Must issue a STARTTLS command first")
        elif not self._authenticated:
            await self._error("530 5.7.0 Authentication required")
        elif not self._greeted or self._sender is not None:
            await self._error("503 5.5.1 Bad sequence")
        elif path is None or not rest.upper().startswith("FROM"):
            await self._error("501 5.5.4 Syntax: MAIL FROM:<address>")
        else:
            options = _options(path[2])
            if options.get("SIZE", "").isdigit() and int(options["SIZE"]) > LIMIT_MESSAGE:
                await self.send("552 5.3.4 Message too big")
                return
            await self.step("sender", f"{path[1]} {self.login}")
            self._sender = path[1]
            self._ret, self._envid = options.get("RET", ""), options.get("ENVID", "")
            await self.send("250 2.1.0 OK")

    async def _rcpt(self, rest: str) -> None:
        path = _PATH.match(rest)
        if self._sender is None:
            await self._error("503 5.5.1 Need MAIL before RCPT")
        elif path is None or not rest.upper().startswith("TO"):
            await self._error("501 5.5.4 Syntax: RCPT TO:<address>")
        elif len(self._recipients) >= LIMIT_RECIPIENTS:
            await self.send("452 4.5.3 Too many recipients")
        else:
            await self.step("rcpt", f"{path[1]} {self.login}")
            if not self.host.operator.serves(path[1]):
                await self.send("550 5.7.1 Domain not in the white list")
                return
            self._recipients.append(path[1])
            self._notify += [n for n in _options(path[2]).get("NOTIFY", "").upper().split(",") if n]
            await self.send("250 2.1.5 OK")

    async def _data(self, rest: str) -> None:
        if rest:
            await self._error("501 5.5.4 No parameter allowed")
            return
        if not self._recipients or self._sender is None:
            await self._error("503 5.5.1 Need RCPT before DATA")
            return
        quoted = " ".join([self._sender, *self._recipients])
        await self.step("data-command", quoted)
        self.host.hold(1)
        try:
            await self.send("354 End with <CR><LF>.<CR><LF>")
            silent = await self._content(self._sender, quoted)
        finally:
            self.host.hold(-1)
            self._reset()
        if silent:
            await self.step("data", silent)

    async def _content(self, sender: str, quoted: str) -> str:
        """Take the message and answer it; gives what it quotes when it is to be left without an answer."""
        self.wire.unread(b"\r\n")
        try:
            raw = await self.wire.until(b"\r\n.\r\n", LIMIT_MESSAGE)
        except TooLong:
            await self.send("552 5.3.4 Message too big")
            return ""
        body = raw[:-3].replace(b"\r\n.", b"\r\n")[2:]
        if self.fault.step == "data":
            quoted = f"{quoted} {body.decode('latin-1')}"
        notify = " ".join(dict.fromkeys(self._notify))
        envelope = Envelope(self.login, sender, tuple(self._recipients), notify, self._ret, self._envid)
        facts: dict[str, Fact] = {
            "mail_from": sender,
            "rcpt_to": " ".join(self._recipients),
            "notify": notify,
            "ret": self._ret,
            "envid": self._envid,
        }
        self._mails += 1
        self.effects += 1
        if self.fault.kind == "silent" and self.fault.strikes("data", quoted):
            self.struck = self.fault.name
            self.host.heard(self, "mail", body, {**facts, "reply": ""}, quiet=False)
            return quoted
        reply = "250 2.0.0 OK"
        gone: Gone | None = None
        try:
            await self.step("data", quoted)
        except Refused as refused:
            reply = "451 4.3.0 Try again later" if refused.transient else "554 5.6.0 Message refused"
        except Gone as error:
            reply, gone = "", error
        heard = self.host.heard(self, "mail", body, {**facts, "reply": reply[:3]}, quiet=False)
        if gone:
            raise gone
        self.host.said(self, "reply", reply.encode(), {"reply": reply[:3]}, heard.id)
        await self.send(reply)
        if reply.startswith("2"):
            operator = self.host.operator
            message = operator.accept(envelope, body)
            for receipt in operator.answer(envelope, message, self.host.receipts, self.host.reason):
                told = {"receipt": receipt.kind, "to": receipt.mailbox, "message_id": receipt.about}
                self.host.said(self, "receipt", receipt.raw, told, None)
        return ""

    async def _rset(self, _rest: str) -> None:
        self._reset()
        await self.send("250 2.0.0 OK")

    async def _noop(self, _rest: str) -> None:
        await self.send("250 2.0.0 OK")

    async def _vrfy(self, _rest: str) -> None:
        await self.send("252 2.5.2 Cannot verify")

    _COMMANDS: ClassVar[Mapping[str, Callable[[SmtpSession, str], Awaitable[None]]]] = {
        "HELO": _helo,
        "EHLO": _ehlo,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
        "VRFY": _vrfy,
    }


def _options(text: str) -> dict[str, str]:
    """Parameters of MAIL or RCPT: keyword in upper case -> value."""
    pairs = (word.partition("=") for word in text.split())
    return {name.upper(): value[:200] for name, _, value in pairs}
