"""TLS contexts of the bench: as a server that asks for a client certificate, as an operator by what it offers, and
as a client."""

from __future__ import annotations

import base64
import ssl
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import factorial
from pathlib import Path
from typing import Literal

from conformance.bench.pki import Identity, export
from conformance.errors import SetupError

VERSIONS = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

SIX_SUITES = (
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-AES128-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
)
"""The suites of TLS 1.2 that MSSanté clients may use (MSS/CONF.03), under the names of OpenSSL."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an operator offers: versions from and to, suites of TLS 1.2 and before, one curve, bits of the DH group."""

    lowest: str = "1.2"
    latest: str = "1.3"
    suites: tuple[str, ...] = SIX_SUITES
    curve: str = ""
    dh_bits: int = 2048


OFFERS = {
    "usual": Offer(),
    "tls1.1-only": Offer("1.1", "1.1", ("ALL", "!aNULL")),
    "tls1.2-only": Offer("1.2", "1.2"),
    "tls1.3-only": Offer("1.3", "1.3"),
    "weak-dh": Offer("1.2", "1.2", SIX_SUITES[4:], dh_bits=1024),
    "weak-curve": Offer("1.2", "1.2", SIX_SUITES[:4], curve="secp224r1"),
    "foreign-suites": Offer(
        "1.2", "1.2", ("ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES256-SHA", "AES256-GCM-SHA384", "AES128-SHA256")
    ),
    "no-starttls": Offer(),
    **{
        f"suite-{number}": Offer("1.2", "1.2", (suite,))
        for number, suite in zip(("C030", "C02F", "C028", "C027", "009F", "009E"), SIX_SUITES, strict=True)
    },
}
"""What an operator of the bench can offer, by the label of its knob."""


def server_context(
    identity: Identity, anchors_pem: bytes, extra: Sequence[Path] = (), *, latest: Literal["1.2", "1.3"] = "1.2"
) -> ssl.SSLContext:
    """TLS 1.2 (to `latest`), a client certificate required and issued under one of the anchors; raises SetupError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = VERSIONS[latest]
    context.verify_mode = ssl.CERT_REQUIRED
    _trust(context, anchors_pem, extra)
    _present(context, identity)
    return context


def operator_context(
    identity: Identity, anchors_pem: bytes, extra: Sequence[Path] = (), *, offer: str = "usual"
) -> ssl.SSLContext:
    """An operator that asks for a client certificate without requiring one, by the label of OFFERS; raises SetupError.

    What it offers against the state of the art is on purpose, and only under the label that says so.
    """
    told = OFFERS[offer]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Below OpenSSL's own level there would be no weak group to show.
    context.set_ciphers(":".join(told.suites) + ("" if offer in _SOUND else ":@SECLEVEL=0"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is offered to see it refused
        context.minimum_version = VERSIONS[told.lowest]
        context.maximum_version = VERSIONS[told.latest]
    context.verify_mode = ssl.CERT_OPTIONAL
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0  # a session taken up again would not show its certificates
    context.options |= ssl.OP_NO_TICKET
    if told.curve:
        context.set_ecdh_curve(told.curve)
    with tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "dh.pem"
        parameters.write_bytes(_dh_pem(told.dh_bits))
        context.load_dh_params(str(parameters))
    _trust(context, anchors_pem, extra)
    _present(context, identity)
    return context


_SOUND = frozenset(OFFERS) - {"tls1.1-only", "weak-dh", "weak-curve", "foreign-suites"}


@cache
def _dh_pem(bits: int) -> bytes:
    """The safe prime of RFC 7919 A.1 for 2048 bits, and of RFC 2409 6.2 for the 1024 bits that must be refused."""
    if bits == 1024:
        prime = int(_OAKLEY_2, 16)
    else:
        e = sum((Fraction(1, factorial(n)) for n in range(400)), Fraction(0))  # more digits than 1918 bits hold
        prime = 2**2048 - 2**1984 + (int(2**1918 * e) + 560316) * 2**64 - 1
    inside = _der(2, b"\0" + prime.to_bytes(bits // 8)) + _der(2, b"\2")  # the generator is 2 in both
    body = base64.encodebytes(_der(0x30, inside))
    return b"-----BEGIN DH PARAMETERS-----\n" + body + b"-----END DH PARAMETERS-----\n"


def _der(tag: int, content: bytes) -> bytes:
    """A DER value of at most 65 535 bytes."""
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2)
    return bytes([tag]) + head + content


_OAKLEY_2 = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)


def client_context(
    identity: Identity | None, anchors_pem: bytes, extra: Sequence[Path] = (), *, check_hostname: bool = True
) -> ssl.SSLContext:
    """For a stimulus over TLS: our client certificate (None: none), and the authorities under which the vendor's must
    be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = check_hostname
    _trust(context, anchors_pem, extra)
    if identity is not None:
        _present(context, identity)
    return context


def _trust(context: ssl.SSLContext, anchors_pem: bytes, extra: Sequence[Path]) -> None:
    # Any certificate we are told to trust is an anchor, even an intermediate one (a vendor rarely gives the root).
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=anchors_pem.decode("ascii"))
    for path in extra:
        try:
            context.load_verify_locations(cafile=str(path))
        except (ssl.SSLError, OSError) as error:
            raise SetupError("pki.unreadable", where=str(path), reason=error) from None


def _present(context: ssl.SSLContext, identity: Identity) -> None:
    # The ssl module only takes a key from a file: a private one that lives for the time of the call.
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = export(Path(folder), "own", identity)
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise SetupError("pki.unreadable", where=str(certificate), reason=error) from None
