"""A server that answers literal bytes, written with sockets alone: what a bad adapter may send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Literal:
    """Answers each connection with the next bytes of `replies` (the last one again and again), then closes.

    `None` accepts and never answers; `b""` closes at once. `seen` are the requests, whole.
    """

    replies: list[bytes | None]
    url: str = ""
    seen: list[bytes] = field(default_factory=list)


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP response, byte for byte."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw and (part := connection.recv(65536)):
        raw += part
    head, _, body = raw.partition(b"\r\n\r\n")
    size = next((int(li.split(b":")[1]) for li in head.split(b"\r\n") if li.lower().startswith(b"content-length")), 0)
    while len(body) < size and (part := connection.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body


@contextmanager
def literal(*replies: bytes | None) -> Iterator[Literal]:
    """Run such a server on loopback."""
    server = socket.create_server(("127.0.0.1", 0))
    made = Literal(list(replies), f"http://127.0.0.1:{server.getsockname()[1]}")
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.settimeout(5)
            reply = made.replies.pop(0) if len(made.replies) > 1 else made.replies[0]
            try:
                if reply != b"":
                    made.seen.append(_request(connection))
                if reply is None:
                    held.append(connection)
                    continue
                connection.sendall(reply)
            except OSError:
                pass
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in held:
            connection.close()
        thread.join(5)
