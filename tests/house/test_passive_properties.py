"""Properties that also judge ordinary use: without a case and without stimuli they never crash and claim nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from conformance.bench.target import DEFAULT_SETTINGS
from conformance.catalogue.loader import load_profile, resolve_options
from conformance.engine.judging import judge
from conformance.engine.listening import Ordinary, conversations
from conformance.engine.plan import Subscription
from conformance.evidence.values import Context, Direction, Driven, Exchange, Heard
from conformance.generation.binding import bind
from conformance.properties import base
from conformance.standards.observe import observe

PASSIVE = sorted(name for name in base.names() if base.get(name).passive)

MAIL = (
    b"From: <ps801234567897@banc.mssante.fr>\r\nTo: <accueil@banc.mssante.fr>\r\nSubject: Bonjour\r\n"
    b"Message-ID: <1@banc.mssante.fr>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
)


def heard() -> tuple[Exchange, ...]:
    """What may be overheard: mails good, empty and broken, sessions of every kind, requests, noise."""

    def made() -> Iterator[tuple[str, bytes, dict[str, str | int | bool]]]:
        for body in (MAIL, b"", b"\xff\xfe", MAIL.replace(b"Message-ID", b"X-Other"), MAIL * 2):
            yield "mss", body, {"protocol": "smtp", "event": "mail", "tls": "1.2", "rcpt_to": "a@b.fr", "login": "x"}
            yield "mss", body, {"protocol": "smtp", "event": "mail"}
        for facts in (
            {"handshake": "failed", "failure": "tls", "offered_versions": "0301"},
            {"handshake": "ok", "tls": "1.3", "cipher": "TLS_AES_128_GCM_SHA256", "cipher_id": "0x1301"},
            {"handshake": "none", "clear_commands": "EHLO AUTH MAIL"},
            {"tls": "?", "cipher_id": "zz", "offered_suites": "xx yy"},
        ):
            yield "mss", b"", {"protocol": "smtp", "event": "session", **facts}
            yield "imap", b"", {"protocol": "imap", "event": "session", **facts}
        yield "dmp", b"<a/>", {"protocol": "http", "method": "POST", "path": "/", "content_type": "text/xml"}
        yield "dmp", b"", {"failure": "tls", "reason": "PEER_DID_NOT_RETURN_A_CERTIFICATE"}
        yield "returns", b"MSH|^~\\&|A|B|C|D|20260101||ZAM|1|P|2.5\r", {"protocol": "mllp"}
        yield "returns", b"\x00", {"protocol": "mllp"}

    return tuple(
        Exchange(f"x{n}", channel, Direction.FROM_VENDOR, n, n, body, facts)
        for n, (channel, body, facts) in enumerate(made(), 1)
    )


def test_there_are_such_properties() -> None:
    """The mails and the sessions are judged in ordinary use."""
    assert {"mss.message-id", "mss.subject-format", "mss.cipher-suites", "mss.tls-required"} <= set(PASSIVE)
    assert len(PASSIVE) >= 20


@pytest.mark.parametrize("name", PASSIVE)
def test_a_passive_property_needs_neither_case_nor_stimulus(name: str) -> None:
    """No crash on anything overheard, alone, in conversations or all together, nor on nothing at all."""
    found = base.get(name)
    profile = load_profile("PFI")
    observations = tuple(observe(e) for e in heard())
    for wave in ("va1", "va2"):
        options = resolve_options(profile.options, frozenset())
        context = Context(date(2026, 1, 1), wave, options=options, settings=DEFAULT_SETTINGS)
        for own in ((), observations, *conversations(observations)):
            driven = Driven("c1", "listen", "normal", None, bind("00000000", 1))
            listening = Subscription(found, {}, (), ("va1", "va2"))
            told = judge(listening, driven, Heard(own, observations), context, frozenset())
            assert told.fault is None, told.fault


def test_listening_drives_no_class() -> None:
    """The classes that the properties claim are those of nobody's case: no row can be conform by listening."""
    classes = frozenset().union(*(base.get(name).claims for name in PASSIVE))
    ordinary = Ordinary(classes)
    assert ordinary.labels() == classes
    assert ordinary.labels_of(None) == frozenset()
