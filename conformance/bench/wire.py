"""A connection read by lines that may turn to TLS on the way, and that tells all a handshake told."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conformance.evidence.values import Fact
from conformance.standards.tls.syntax import client_hello, server_choice

HANDSHAKE_SECONDS = 10.0
READ_BYTES = 64 * 1024
KEPT_HELLO = 64 * 1024
"""Bytes of each side kept to read the clear part of a handshake."""


class Gone(ConnectionError):
    """The peer has closed, or fell silent for too long."""


class TooLong(ValueError):
    """A line longer than the limit; it has been read and dropped."""


@dataclass(slots=True)
class Handshake:
    """What is known of the TLS of a connection. `state` is `none`, `ok` or `failed`, with why in `failure`."""

    state: str = "none"
    failure: str = ""
    version: str = ""
    cipher: str = ""
    cipher_id: str = ""
    group: str = ""
    offered_versions: str = ""
    offered_suites: str = ""
    offered_groups: str = ""
    server_name: str = ""
    client_certificate: str = ""
    client_issuer: str = ""
    client_serial: str = ""
    client_usage: str = ""
    client_key: str = ""
    client_signature: str = ""

    def facts(self) -> dict[str, Fact]:
        """The facts recorded with every exchange of the connection."""
        return {
            "tls": self.version,
            "cipher": self.cipher,
            "cipher_id": self.cipher_id,
            "group": self.group,
            "client_certificate": self.client_certificate,
            "client_issuer": self.client_issuer,
            "client_serial": self.client_serial,
            "client_usage": self.client_usage,
            "client_key": self.client_key,
            "client_signature": self.client_signature,
        }

    def offers(self) -> dict[str, Fact]:
        """The facts recorded once, at the end of a session."""
        return {
            "handshake": self.state,
            "failure": self.failure,
            "offered_versions": self.offered_versions,
            "offered_suites": self.offered_suites,
            "offered_groups": self.offered_groups,
            "server_name": self.server_name,
        }


@dataclass(slots=True)
class _Tls:
    """The state of a TLS layer over the streams."""

    object: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    heard: bytearray = field(default_factory=bytearray)
    said: bytearray = field(default_factory=bytearray)


class Wire:
    """Lines and bytes over a stream, in clear then over TLS. Not for two readers at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle: float) -> None:
        self.handshake = Handshake()
        peer = writer.get_extra_info("peername")
        self.peer = str(peer[0]) if peer else ""
        sock = writer.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            # asyncio only does it for sockets made with their protocol number, and answers of many lines would wait.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = reader
        self._writer = writer
        self._idle = idle
        self._tls: _Tls | None = None
        self._kept = bytearray()
        self._ended = False

    @property
    def secured(self) -> bool:
        """Whether TLS is on."""
        return self.handshake.state == "ok"

    async def line(self, limit: int) -> bytes:
        """The next line, without its end; raises Gone, or TooLong past `limit` bytes (the line is then dropped)."""
        dropped = False
        start = 0
        while True:
            end = self._kept.find(b"\n", start)
            if end >= 0:
                found = bytes(self._kept[:end]).removesuffix(b"\r")
                del self._kept[: end + 1]
                if dropped or len(found) > limit:
                    raise TooLong(f"{limit}")
                return found
            start = len(self._kept)
            if start > limit:
                dropped = True
                self._kept.clear()
                start = 0
            await self._fill()

    async def exactly(self, size: int) -> bytes:
        """That many bytes; raises Gone."""
        while len(self._kept) < size:
            await self._fill()
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken

    async def until(self, mark: bytes, limit: int) -> bytes:
        """All up to a mark and with it; raises Gone, or TooLong past `limit` bytes (the bytes are then dropped)."""
        start = 0
        dropped = 0
        while True:
            end = self._kept.find(mark, start)
            if end >= 0:
                end += len(mark)
                taken = bytes(self._kept[:end])
                del self._kept[:end]
                if dropped:
                    raise TooLong(f"{limit}")
                return taken
            if len(self._kept) > limit:
                dropped += len(self._kept)
                del self._kept[: len(self._kept) - len(mark)]
            start = max(0, len(self._kept) - len(mark) + 1)
            await self._fill()

    def unread(self, data: bytes) -> None:
        """Put bytes back in front of what comes."""
        self._kept[:0] = data

    async def some(self) -> bytes:
        """Whatever comes next; raises Gone."""
        if not self._kept:
            await self._fill()
        taken = bytes(self._kept)
        self._kept.clear()
        return taken

    def write(self, data: bytes) -> None:
        """Send, without waiting; nothing once the connection is closed."""
        if self._tls is None:
            if not self._writer.is_closing():
                self._writer.write(data)
            return
        with contextlib.suppress(ssl.SSLError):
            view = memoryview(data)
            while view:
                view = view[self._tls.object.write(view[:READ_BYTES]) :]
        self._flush()

    async def drain(self) -> None:
        """Wait until the peer takes what was sent; raises Gone."""
        try:
            async with asyncio.timeout(self._idle):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise Gone(str(error)) from None

    async def secure(self, context: ssl.SSLContext) -> bool:
        """Turn to TLS as a server; what was sent in clear before is dropped (RFC 3207 6, RFC 3501 6.2.1).

        False when the handshake fails: `handshake` says why, and the connection is of no more use.
        """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _Tls(context.wrap_bio(incoming, outgoing, server_side=True), incoming, outgoing)
        self._kept.clear()
        self._tls = tls
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._shake(tls)
            self.handshake.state = "ok"
        except ssl.SSLError as error:
            self.handshake.state, self.handshake.failure = "failed", failure_name(error)
        except TimeoutError:
            self.handshake.state, self.handshake.failure = "failed", "timeout"
        except OSError:
            self.handshake.state, self.handshake.failure = "failed", "closed"
        self._flush()
        self._tell(tls)
        tls.heard.clear()
        tls.said.clear()
        return self.secured

    def close(self) -> None:
        """Close in good order, without waiting."""
        if self._tls and self.secured:
            with contextlib.suppress(ssl.SSLError):
                self._tls.object.unwrap()
            self._flush()
        self._writer.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._writer.transport.abort()

    async def _fill(self) -> None:
        """Read some more; raises Gone at the end and after too long a silence."""
        if self._ended:
            raise Gone("closed")
        try:
            async with asyncio.timeout(self._idle):
                self._kept += await self._more()
        except TimeoutError:
            self._ended = True
            raise Gone("idle") from None
        except ssl.SSLError as error:
            self._ended = True
            self.handshake.failure = self.handshake.failure or failure_name(error)
            raise Gone(self.handshake.failure) from None
        except OSError as error:
            self._ended = True
            raise Gone(str(error)) from None

    async def _more(self) -> bytes:
        tls = self._tls
        if tls is None:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise Gone("closed")
            return data
        while True:
            try:
                data = tls.object.read(READ_BYTES)
                if not data:
                    raise Gone("closed")
                return data
            except ssl.SSLWantReadError:
                self._flush()
            except ssl.SSLZeroReturnError:
                raise Gone("closed") from None
            raw = await self._reader.read(READ_BYTES)
            if not raw:
                raise Gone("closed")
            tls.incoming.write(raw)

    async def _shake(self, tls: _Tls) -> None:
        while True:
            try:
                tls.object.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._flush()
            raw = await self._reader.read(READ_BYTES)
            if not raw:
                raise ConnectionResetError
            if len(tls.heard) < KEPT_HELLO:
                tls.heard += raw
            tls.incoming.write(raw)

    def _flush(self) -> None:
        assert self._tls is not None
        if self._tls.outgoing.pending:
            raw = self._tls.outgoing.read()
            if self.handshake.state == "none" and len(self._tls.said) < KEPT_HELLO:
                self._tls.said += raw
            if not self._writer.is_closing():
                self._writer.write(raw)

    def _tell(self, tls: _Tls) -> None:
        """Keep what the handshake told."""
        told = self.handshake
        hello = client_hello(bytes(tls.heard))
        if hello:
            told.offered_versions = " ".join(hello.versions)
            told.offered_suites = " ".join(f"0x{n:04X}" for n in hello.suites)
            told.offered_groups = " ".join(f"0x{n:04X}" for n in hello.groups)
            told.server_name = hello.server_name
        choice = server_choice(bytes(tls.said))
        if choice:
            told.cipher_id = f"0x{choice.suite:04X}"
            told.group = f"dh{choice.bits}" if choice.bits else choice.group
        if not self.secured:
            return
        told.version = str(tls.object.version()).removeprefix("TLSv")
        cipher = tls.object.cipher()
        told.cipher = cipher[0] if cipher else ""
        der = tls.object.getpeercert(binary_form=True)
        if der:
            _tell_client(told, der)


def _tell_client(told: Handshake, der: bytes) -> None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        told.client_certificate = certificate.subject.rfc4514_string()[:500]
        told.client_issuer = certificate.issuer.rfc4514_string()[:500]
        told.client_serial = f"{certificate.serial_number:X}"
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            told.client_key = f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'EC'} {key.key_size}"
        hashed = certificate.signature_hash_algorithm
        told.client_signature = hashed.name if hashed is not None else ""
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        organisation = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        if ExtendedKeyUsageOID.CLIENT_AUTH in usages and organisation:
            told.client_usage = "AUTH_CLI"
    except (ValueError, UnsupportedAlgorithm, x509.ExtensionNotFound):
        told.client_certificate = told.client_certificate or "?"


_ALERT = re.compile(r"^(?:SSLV3|TLSV1|TLSV13)_ALERT_")


def failure_name(error: ssl.SSLError) -> str:
    """Why a handshake failed, as a short word: the alert received (`alert-certificate-expired`) or what we found
    (`no-shared-cipher`, `unsupported-protocol`, `certificate-verify-failed`, `peer-did-not-...`)."""
    reason = str(error.reason or type(error).__name__)
    short = _ALERT.sub("alert-", reason)
    return short.lower().replace("_", "-")
