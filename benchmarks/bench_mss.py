"""Mails a second into the operator, against a bare aiosmtpd over the same TLS, and 200 sessions held at once.

The client is smtplib, in the same process for both. What ours does besides: sign-in, a certificate asked, every mail
recorded with the facts of its connection, kept in mailboxes. Run: `python benchmarks/bench_mss.py`.
"""

from __future__ import annotations

import asyncio
import resource
import smtplib
import socket
import ssl
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

from aiosmtpd.smtp import SMTP, Envelope, Session
from harness import rates, show

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki, export
from conformance.bench.target import Target, Vendor
from conformance.bench.tls import operator_context
from conformance.services.mss.service import MssService

SENDER, RECIPIENT = "pfi@banc.mssante.fr", "ps801234567897@banc.mssante.fr"
BODY = ("Content-Type: text/plain\r\n\r\n" + ("x" * 76 + "\r\n") * 360).encode()  # 28 kB
SESSIONS = 200


class Bare:
    """Takes every mail and drops it."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 OK"


def bare(context: ssl.SSLContext) -> int:
    """aiosmtpd with STARTTLS, in a thread of its own as the laboratory is; its port."""
    loop, ready = asyncio.new_event_loop(), Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await loop.create_server(
            lambda: SMTP(Bare(), tls_context=context, hostname="bare", loop=loop), "127.0.0.1", 0
        )
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.create_task(serve())
        loop.run_forever()

    Thread(target=run, daemon=True).start()
    ready.wait(10)
    return ports[0]


def connected(port: int, context: ssl.SSLContext, *, login: bool) -> smtplib.SMTP:
    """A session over TLS."""
    client = smtplib.SMTP("127.0.0.1", port, timeout=20)
    assert client.sock
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or 40 ms a mail are spent waiting for an ACK
    client.starttls(context=context)
    client.ehlo()
    if login:
        client.user, client.password = SENDER, ""
        client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
    return client


def main() -> None:
    pki = Pki.generate()
    context = ssl.create_default_context(cadata=pki.anchors_pem.decode())
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(*export(Path(folder), "client", pki.vendor_client()))
    port = bare(operator_context(pki.operator("valid", ["127.0.0.1"]), pki.anchors_pem))
    heard: list[int] = []
    service = MssService()
    target = Target(Vendor("V", "P", "1"), "PFI", ("va1",))
    with Lab(target, [service], lambda exchange: heard.append(len(exchange.body)), pki):
        here, there = connected(service.port, context, login=True), connected(port, context, login=False)
        figures = rates(
            {
                "conformance, recorded": lambda: here.sendmail(SENDER, [RECIPIENT], BODY),
                "aiosmtpd, dropped": lambda: there.sendmail(SENDER, [RECIPIENT], BODY),
            }
        )
        show("mails of 28 kB, one session over TLS 1.3", figures, "conformance, recorded", None, "mails/s")
        start = time.perf_counter()
        clients = [connected(service.port, context, login=True) for _ in range(SESSIONS)]
        opened = time.perf_counter() - start
        start = time.perf_counter()
        for client in clients:
            client.sendmail(SENDER, [RECIPIENT], BODY)
        spent = time.perf_counter() - start
        held = len(service._open)
        for client in clients:
            client.close()
        here.close()
        there.close()
    print(f"\n{held - 1} sessions held: opened in {opened:.2f} s, a mail from each in {spent:.2f} s")
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  largest size of the process, clients included: {size} MB")


if __name__ == "__main__":
    main()
