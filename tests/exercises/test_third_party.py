"""The exercise `third-party.connection` on the server of python-hl7 over TLS, careful or not: real handshakes."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Pki
from conformance.bench.target import Endpoint, Target, Timing, Vendor
from conformance.evidence.values import Context, Driven, Exchange, Finding, Heard, Witness
from conformance.exercises.third_party import ThirdPartyConnection
from conformance.generation.binding import bind
from conformance.models.transport import IDENTITIES, Shown, ThirdPartyCase
from conformance.properties import base
from conformance.standards.observe import observe

EXERCISE = ThirdPartyConnection()


async def acknowledge(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
    """AA to every message."""
    try:
        while not writer.is_closing():
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """The port of such a server."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        server: asyncio.Server = await start_hl7_server(
            acknowledge, "127.0.0.1", 0, limit=64 * 1024 * 1024, encoding="utf-8", ssl=context
        )
        return server

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def context(pki: Pki, *, required: bool, lists: bool, latest: ssl.TLSVersion) -> ssl.SSLContext:
    """A server's context: whether a certificate is required, and revocation looked at."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.maximum_version = latest
    own = pki.server(["127.0.0.1"])
    with tempfile.TemporaryDirectory() as folder:
        certificate, key, crl = (Path(folder) / name for name in ("own.pem", "own.key", "crl.pem"))
        certificate.write_bytes(own.certificate_pem)
        key.write_bytes(own.key_pem)
        found.load_cert_chain(certificate, key)
        found.load_verify_locations(cadata=pki.anchors_pem.decode())
        if lists:
            crl.write_bytes(x509.load_der_x509_crl(pki.crl("intermediate")).public_bytes(Encoding.PEM))
            found.load_verify_locations(crl)
            found.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    found.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_NONE
    return found


@dataclass
class Told:
    """What the judge said of each certificate shown."""

    errors: dict[str, set[str]] = field(default_factory=dict)
    reached: dict[str, bool] = field(default_factory=dict)


def connect(pki: Pki, port: int, shown: tuple[Shown, ...]) -> Told:
    """Drive a case for each certificate, and judge it."""
    target = Target(
        vendor=Vendor("Éditeur", "Logiciel", "1"),
        dsr="PFI",
        waves=("va2",),
        endpoints={"third-party": Endpoint("mllps", "127.0.0.1", port)},
        timing=Timing(answer=5.0, settle=0.2, settle_max=2.0),
    )
    found = Told()
    kept: list[Exchange] = []
    with Lab(target, (), kept.append, pki) as lab:
        for number, identity in enumerate(shown, 1):
            case, binding = ThirdPartyCase(identity), bind("0a1b2c3d", number)
            job = Job("w1-c1", lambda drive, c=case, b=binding: EXERCISE.drive(drive, c, b))  # type: ignore[misc]
            window = lab.window([job], {}, exclusive=True)
            done = window.done["w1-c1"]
            assert done.fault is None, done.fault
            own = tuple(observe(exchange) for exchange in window.exchanges)
            driven = Driven("w1-c1", EXERCISE.name, "normal", case, binding, done.sent, EXERCISE.labels_of(case))
            judge = base.get("ssi-ie.third-party-certificate").judge
            words = list(judge(driven, Heard(own, own), Context(date(2026, 1, 5), "va2", "normal")))
            name = identity or "usual"
            found.errors[name] = {w.code for w in words if isinstance(w, Finding)}
            found.reached[name] = any(isinstance(w, Witness) for w in words)
    return found


@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_careful_server_lets_only_the_good_certificate_in(pki: Pki, latest: ssl.TLSVersion) -> None:
    """OpenSSL with a required certificate and the list of the authority: every class is reached, nothing is wrong."""
    with serving(context(pki, required=True, lists=True, latest=latest)) as port:
        found = connect(pki, port, IDENTITIES)
    assert found.errors == {name or "usual": set() for name in IDENTITIES}
    assert set(found.reached.values()) == {True}


def test_a_server_that_ignores_revocation_is_caught(pki: Pki) -> None:
    """The revoked certificate gets an AA."""
    with serving(context(pki, required=True, lists=False, latest=ssl.TLSVersion.TLSv1_3)) as port:
        found = connect(pki, port, ("none", "revoked"))
    assert found.errors == {"none": set(), "revoked": {"ssi.third-party.revoked"}}


def test_a_server_that_asks_for_nothing_is_caught(pki: Pki) -> None:
    """No certificate at all gets an AA."""
    with serving(context(pki, required=False, lists=False, latest=ssl.TLSVersion.TLSv1_3)) as port:
        found = connect(pki, port, ("none",))
    assert found.errors == {"none": {"ssi.third-party.no-certificate"}}
