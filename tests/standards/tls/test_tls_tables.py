"""The tables of TLS against OpenSSL's own, and what the rules say of sessions that OpenSSL really negotiated."""

from __future__ import annotations

import ssl

import pytest

from conformance.evidence.values import Fact
from conformance.standards.tls import rules, tables


def openssl() -> dict[int, str]:
    """Number -> name of every suite that the OpenSSL of this Python knows and that needs no shared secret."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    return {
        c["id"] & 0xFFFF: c["name"] for c in context.get_ciphers() if not {"PSK", "SRP"} & set(c["name"].split("-"))
    }


def test_numbers_and_names_are_those_of_openssl() -> None:
    """Every suite of OpenSSL is in the table under its own number and name."""
    known = openssl()
    assert len(known) > 30
    assert {n: tables.SUITES[n].name for n in known if n in tables.SUITES} == known


def test_forward_secrecy_and_authentication_are_as_openssl_says() -> None:
    """A static RSA exchange and an anonymous one are told apart as OpenSSL describes them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    for cipher in context.get_ciphers():
        suite = tables.SUITES.get(cipher["id"] & 0xFFFF)
        if suite is None:
            continue
        assert (suite.exchange == "RSA") == ("Kx=RSA " in cipher["description"])
        assert (suite.exchange == "anonymous") == ("Au=None" in cipher["description"])
        if "Enc=None" in cipher["description"] or suite.exchange == "anonymous":
            assert suite.rank == "broken"


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0xC030, "ECDHE-RSA-AES256-GCM-SHA384"),
        (0xC02F, "ECDHE-RSA-AES128-GCM-SHA256"),
        (0xC028, "ECDHE-RSA-AES256-SHA384"),
        (0xC027, "ECDHE-RSA-AES128-SHA256"),
        (0x009F, "DHE-RSA-AES256-GCM-SHA384"),
        (0x009E, "DHE-RSA-AES128-GCM-SHA256"),
    ],
)
def test_the_six_suites_are_those_of_the_row(number: int, name: str) -> None:
    """MSS/CONF.03 gives six IANA numbers; each is admitted, and is the suite of that name."""
    assert number in tables.MSSANTE_SUITES
    assert tables.SUITES[number].name == name
    assert openssl()[number] == name
    assert len(tables.MSSANTE_SUITES) == 6


@pytest.mark.parametrize(
    ("name", "bits", "curve"),
    [
        ("X25519, 253 bits", 0, None),
        ("x25519", 256, True),
        ("prime256v1", 256, True),
        ("secp224r1", 224, True),
        ("DH, 1024 bits", 1024, False),
        ("dh1024", 1024, False),
        ("ffdhe2048", 2048, False),
        ("", 0, None),
    ],
)
def test_groups_are_sized(name: str, bits: int, curve: bool | None) -> None:
    """A group is known by the names that OpenSSL gives it, in a log or in a table; another is not guessed."""
    found = tables.group(name)
    assert (found.bits, found.curve) == (bits, curve) if found else curve is None


def test_offers_are_read_without_signals_and_reserved_values() -> None:
    """What Chrome and OpenSSL put in a ClientHello besides suites is left out; the newest version is found."""
    assert tables.offered("0x1301 2A2A 0xC02F 0x00FF 0x5600") == (0x1301, 0xC02F)
    assert tables.newest("1.3 1.2") == "1.3"
    assert tables.newest("DADA 0303 0302") == "1.2"
    assert tables.newest("") == ""


# What `openssl s_client` printed of sessions with `openssl s_server` (OpenSSL 3.0), as facts.
GOOD: dict[str, Fact] = {"tls": "1.2", "cipher": "ECDHE-RSA-AES256-GCM-SHA384", "group": "x25519"}
NEW: dict[str, Fact] = {"tls": "1.3", "cipher": "TLS_AES_256_GCM_SHA384", "group": "x25519"}
OLD: dict[str, Fact] = {"tls": "1.1", "cipher": "ECDHE-RSA-AES256-SHA", "group": "x25519"}
STATIC: dict[str, Fact] = {"tls": "1.2", "cipher": "AES256-GCM-SHA384"}
CURVE: dict[str, Fact] = {"tls": "1.2", "cipher": "ECDHE-RSA-AES256-GCM-SHA384", "group": "secp224r1"}
FINITE: dict[str, Fact] = {
    "tls": "1.2",
    "cipher_id": "0x009E",
    "cipher": "DHE-RSA-AES128-GCM-SHA256",
    "group": "dh1024",
}


@pytest.mark.parametrize(
    ("facts", "mssante", "anssi"),
    [
        (GOOD, set(), set()),
        (NEW, set(), set()),
        (OLD, {"tls.suite.not-admitted"}, {"tls.version.obsolete", "tls.suite.degraded"}),
        (STATIC, {"tls.suite.not-admitted"}, {"tls.suite.no-forward-secrecy"}),
        (CURVE, {"tls.group.not-admitted"}, {"tls.group.short"}),
        (FINITE, {"tls.group.not-admitted"}, {"tls.group.short", "tls.suite.degraded"}),
        (
            {**GOOD, "client_key": "RSA 1024", "client_signature": "sha1"},
            set(),
            {"tls.key.short", "tls.signature.weak"},
        ),
    ],
)
def test_sessions_are_judged_on_both_texts(facts: dict[str, Fact], mssante: set[str], anssi: set[str]) -> None:
    """The list of MSSanté and the guide of the ANSSI say each their own of real sessions."""
    session = rules.of(facts)
    assert session is not None
    assert {f.code for f in rules.against_mssante(session)} == mssante
    assert {f.code for f in rules.against_anssi(session)} == anssi


def test_no_tls_is_no_session() -> None:
    """Facts of a connection in clear give nothing to judge."""
    assert rules.of({"tls": "", "cipher": ""}) is None


def test_suites_offered_besides_the_list_are_named() -> None:
    """Suites of TLS 1.3 are nobody's concern, others are named."""
    assert rules.offered_besides("0x1302 0xC030 0x009D 0xCCA8 0x00FF") == (
        "AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
