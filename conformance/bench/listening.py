"""An accept loop of our own, because asyncio's servers say nothing of a TLS handshake that fails."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine

from conformance.bench.clock import sleep
from conformance.evidence.values import Fact

HANDSHAKE_SECONDS = 10.0
BACKLOG = 256

OnFailure = Callable[[dict[str, Fact]], None]
"""Told of a connection that never became one: facts `peer`, `failure` (`tls`), `reason`."""


class Listener:
    """A listening socket whose connections are given to protocols; `host` and `port` are those really bound."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._tasks: set[asyncio.Task[None]] = set()
        self.host, self.port = sock.getsockname()[:2]

    def accept(
        self, factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None, on_failure: OnFailure
    ) -> None:
        """Begin to accept; each connection gets a protocol of the factory, after its handshake when `tls` is given."""
        self._run(self._accept(factory, tls, on_failure))

    async def close(self) -> None:
        """Stop accepting and drop every connection still in its handshake; harmless when repeated."""
        with contextlib.suppress(NotImplementedError, ValueError):  # not on Windows; closed already
            # A connection that comes as we cancel would be handed to an accept that is no more (asyncio says so aloud).
            asyncio.get_running_loop().remove_reader(self._socket)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(
        self, factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None, on_failure: OnFailure
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._socket)
            except OSError:
                await sleep(0.05)  # out of descriptors: wait until some connection ends
                continue
            connection.setblocking(False)
            self._run(self._hand_over(connection, str(address[0]), factory, tls, on_failure))

    async def _hand_over(
        self,
        connection: socket.socket,
        peer: str,
        factory: Callable[[], asyncio.BaseProtocol],
        tls: ssl.SSLContext | None,
        on_failure: OnFailure,
    ) -> None:
        loop = asyncio.get_running_loop()
        timeout = HANDSHAKE_SECONDS if tls else None
        try:
            await loop.connect_accepted_socket(factory, connection, ssl=tls, ssl_handshake_timeout=timeout)
        except OSError as error:
            connection.close()
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            on_failure({"peer": peer, "failure": "tls" if tls else "closed", "reason": str(reason)[:200]})


def claim(sock: socket.socket) -> None:
    """Before binding: have the port soon after another program left it, and never while one holds it.

    SO_REUSEADDR means the first on POSIX; on Windows it would let two programs listen on one port.
    """
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)


def bind(host: str, port: int) -> Listener:
    """A listener on an address; raises OSError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    with contextlib.ExitStack() as undo:
        undo.callback(sock.close)
        claim(sock)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
        undo.pop_all()
    return Listener(sock)


def connection_facts(transport: asyncio.BaseTransport) -> dict[str, Fact]:
    """What a connection tells of itself: `peer`; over TLS also `tls` (`1.2`), `cipher`, and of the certificate of the
    other side, if it gave one, `peer_subject`, `peer_issuer`, `peer_serial`."""
    peer = transport.get_extra_info("peername")
    facts: dict[str, Fact] = {"peer": str(peer[0]) if peer else ""}
    tls = transport.get_extra_info("ssl_object")
    if tls is not None:
        facts["tls"] = str(tls.version()).removeprefix("TLSv")
        facts["cipher"] = tls.cipher()[0]
        certificate = tls.getpeercert()
        if certificate:
            facts["peer_subject"] = _name(certificate.get("subject", ()))
            facts["peer_issuer"] = _name(certificate.get("issuer", ()))
            facts["peer_serial"] = certificate.get("serialNumber", "")
    return facts


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A distinguished name as `key=value` pairs in the certificate's order."""
    return ", ".join(f"{key}={value}" for rdn in parts for key, value in rdn)
