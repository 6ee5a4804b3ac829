"""Hellos read from the wire: those of OpenSSL (through the ssl module), literal bytes, and anything at all."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.bench.pki import Pki
from conformance.bench.tls import operator_context
from conformance.standards.tls.syntax import ClientHello, ServerChoice, client_hello, handshakes, server_choice


def hello(*, ciphers: str = "", lowest: ssl.TLSVersion | None = None, latest: ssl.TLSVersion | None = None) -> bytes:
    """The first flight of OpenSSL as a client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ciphers:
        context.set_ciphers(ciphers)
    if lowest:
        context.minimum_version = lowest
    if latest:
        context.maximum_version = latest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="mss.banc.mssante.fr")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_what_openssl_offers() -> None:
    """Versions, suites in order, server name and groups of a hello that OpenSSL made under given settings."""
    read = client_hello(
        hello(ciphers="ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256", latest=ssl.TLSVersion.TLSv1_2)
    )
    assert read is not None
    assert read.versions[0] == "1.2"
    assert [s for s in read.suites if s != 0x00FF] == [0xC030, 0x009E]
    assert read.server_name == "mss.banc.mssante.fr"
    assert {0x001D, 0x0017} <= set(read.groups)
    assert 0x0804 in read.signatures  # rsa_pss_rsae_sha256
    newer = client_hello(hello(lowest=ssl.TLSVersion.TLSv1_3))
    assert newer is not None
    assert newer.versions == ("1.3",)
    assert set(newer.suites) >= {0x1301, 0x1302}


def test_literal_bytes() -> None:
    """A hello written by hand (RFC 5246 7.4.1.2), whole and in two records; greased values (RFC 8701) are out."""
    body = (
        b"\x03\x03" + b"\1" * 32 + b"\0" + b"\0\4\xc0\x30\x0a\x0a" + b"\1\0"
        + b"\0\x16" + b"\0\x0a\0\6\0\4\0\x17\x1a\x1a" + b"\0\0\0\x08\0\6\0\0\3a.b"
    )  # fmt: skip
    record = b"\x16\x03\x01" + (len(body) + 4).to_bytes(2) + b"\1" + len(body).to_bytes(3) + body
    expected = ClientHello(("1.2", "1.1", "1.0", "SSL3"), (0xC030,), (0x17,), (), "a.b")
    assert client_hello(record) == expected
    halves = b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in (record[5:20], record[20:]))
    assert client_hello(halves) == expected


@pytest.mark.parametrize("offer", ["usual", "tls1.2-only", "suite-009F", "suite-C027", "weak-curve"])
def test_what_a_server_chose_is_what_openssl_says(pki: Pki, offer: str) -> None:
    """Two OpenSSL ends shake hands in memory; version and suite read from the wire are those that they tell."""
    there, here, choice = shaken(pki, offer)
    assert choice is not None
    name, version, _ = there.cipher() or ("", "", 0)
    assert here.version() == f"TLSv{choice.version}"
    numbers = {c["name"]: int(c["id"]) & 0xFFFF for c in here.context.get_ciphers()}
    assert numbers[name] == choice.suite
    assert (choice.bits, bool(choice.group)) == (2048 if offer == "suite-009F" else 0, True)
    if offer == "weak-curve":
        assert choice.group == "secp224r1"
    assert version


def shaken(pki: Pki, offer: str) -> tuple[ssl.SSLObject, ssl.SSLObject, ServerChoice | None]:
    """The client's end, the server's, and what was read of the server's bytes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pki.anchors_pem.decode())
    if offer == "weak-curve":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ecdh_curve("secp224r1")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    identity = pki.operator("valid", ["localhost"])
    server = operator_context(identity, pki.anchors_pem, offer=offer).wrap_bio(to_server, to_client, server_side=True)
    said = bytearray()
    for _ in range(10):
        done = 0
        for end in (client, server):
            try:
                end.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass
            if end is server:
                flight = to_client.read()
                said += flight
                to_client.write(flight)
        if done == 2:
            break
    assert client_hello(bytes(said)) is None
    return client, server, server_choice(bytes(said))


def test_the_beginning_of_a_hello_is_not_enough() -> None:
    """Until it is whole a hello is not read, and what is no TLS never is."""
    whole = hello()
    assert all(client_hello(whole[:size]) is None for size in range(0, len(whole) - 1, 7))
    assert client_hello(whole) == client_hello(whole + b"\x17\x03\x03\0\1x")
    for other in (b"", b"EHLO x\r\n", b"\x15\x03\x01\0\2\2\x28", b"\x16\x03\x01\0\0" * 3):
        assert client_hello(other) is None
        assert server_choice(other) is None


@given(st.binary(max_size=400), st.integers(0, 400), st.binary(max_size=4))
def test_anything_at_all(noise: bytes, at: int, put: bytes) -> None:
    """No bytes make a reader raise, whether noise or a true hello with bytes changed."""
    changed = _HELLO[:at] + put + _HELLO[at + len(put) :]
    for stream in (noise, b"\x16\x03\x01\x01\x00" + noise, changed):
        list(handshakes(stream))
        client_hello(stream)
        server_choice(stream)


_HELLO = hello()
