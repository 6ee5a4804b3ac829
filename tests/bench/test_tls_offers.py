"""What an operator offers by each label, as OpenSSL's own client meets it, and what the wire tells of it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from conformance.bench.pki import Pki
from conformance.bench.tls import OFFERS, operator_context
from conformance.bench.wire import Handshake, Wire


@contextmanager
def served(pki: Pki, offer: str) -> Iterator[tuple[int, list[Handshake]]]:
    """A server that turns each connection to TLS at once: its port, and the handshakes it saw."""
    context = operator_context(pki.operator("valid", ["localhost"]), pki.anchors_pem, offer=offer)
    seen: list[Handshake] = []
    ready, loop = Event(), asyncio.new_event_loop()
    port = 0

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, 5.0)
        await wire.secure(context)
        seen.append(wire.handshake)
        wire.close()

    async def main() -> None:
        nonlocal port
        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        loop.create_task(main())
        loop.run_forever()

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield port, seen
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def met(port: int, *options: str) -> str:
    """What `openssl s_client` says of a handshake."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


# label -> what a client that accepts everything negotiates: version, suite, number of the suite, group on our side
MET = {
    "usual": ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "0x1302", "x25519"),
    "tls1.3-only": ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "0x1302", "x25519"),
    "tls1.2-only": ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "0xC030", "x25519"),
    "tls1.1-only": ("TLSv1.1", "ECDHE-RSA-AES256-SHA", "0xC014", "x25519"),
    "weak-dh": ("TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", "0x009F", "dh1024"),
    "weak-curve": ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "0xC030", "secp224r1"),
    "foreign-suites": ("TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305", "0xCCA8", "x25519"),
    "suite-C030": ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "0xC030", "x25519"),
    "suite-C02F": ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "0xC02F", "x25519"),
    "suite-C028": ("TLSv1.2", "ECDHE-RSA-AES256-SHA384", "0xC028", "x25519"),
    "suite-C027": ("TLSv1.2", "ECDHE-RSA-AES128-SHA256", "0xC027", "x25519"),
    "suite-009F": ("TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", "0x009F", "dh2048"),
    "suite-009E": ("TLSv1.2", "DHE-RSA-AES128-GCM-SHA256", "0x009E", "dh2048"),
}


@pytest.mark.parametrize("offer", MET)
def test_a_client_that_takes_anything(pki: Pki, offer: str) -> None:
    """OpenSSL without its own safeguards negotiates what the label promises, and the wire tells the same of it."""
    version, suite, number, group = MET[offer]
    curves = ("-groups", "x25519:secp224r1:prime256v1")
    with served(pki, offer) as (port, seen):
        said = met(port, "-cipher", "ALL:@SECLEVEL=0", "-min_protocol", "TLSv1", *curves)
    assert f"Cipher is {suite}" in said
    assert f"Protocol  : {version}" in said or f"New, {version}," in said
    assert (seen[0].state, seen[0].cipher_id, seen[0].group) == ("ok", number, group)
    assert f"TLSv{seen[0].version}" == version
    assert "1.2" in seen[0].offered_versions.split()


@pytest.mark.parametrize(
    ("offer", "options"),
    [
        ("tls1.1-only", ()),
        ("tls1.3-only", ("-tls1_2",)),
        ("tls1.2-only", ("-tls1_3",)),
        ("weak-dh", ("-cipher", "DEFAULT:@SECLEVEL=2")),
        ("weak-curve", ("-groups", "prime256v1:x25519")),
        ("foreign-suites", ("-cipher", "ECDHE-RSA-AES256-GCM-SHA384", "-tls1_2")),
        ("usual", ("-cipher", "AES256-SHA", "-tls1_2")),
    ],
)
def test_a_client_that_has_its_rules(pki: Pki, offer: str, options: tuple[str, ...]) -> None:
    """A client that wants better gets no session, and why is told, with what its hello offered."""
    with served(pki, offer) as (port, seen):
        assert "Cipher is (NONE)" in met(port, *options)
    assert seen[0].state == "failed"
    assert seen[0].failure
    assert seen[0].version == ""
    assert seen[0].offered_suites


def test_every_offer_was_met() -> None:
    """No label is left out of the table, but for the one that offers no TLS at all."""
    assert set(MET) == set(OFFERS) - {"no-starttls"}


def test_a_peer_that_goes_away(pki: Pki) -> None:
    """Bytes that are no hello, and a connection closed in the middle of the handshake, are failures with a reason."""
    with served(pki, "usual") as (port, seen):
        for hostile in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b""):
            with socket.create_connection(("127.0.0.1", port), 5) as raw:
                raw.sendall(hostile)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1000):
                    pass
    assert [h.state for h in seen] == ["failed"] * 3
    assert [h.failure for h in seen] == ["http-request", "closed", "closed"]
