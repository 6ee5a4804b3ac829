"""The exercise `mail.transport` on the bench's own operator, facing clients of the standard library.

Handshakes are real: OpenSSL on both sides. Each judge must say what the client's settings are known to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from ssl import TLSVersion
from threading import Thread

import pytest
from hl7.mllp import start_hl7_server
from mailing_vendor import Care, MailingVendor, started

from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Pki
from conformance.bench.target import Endpoint, Listen, Target, Timing, Vendor
from conformance.engine.collect import draw
from conformance.evidence.values import Context, Driven, Exchange, Finding, Heard, Severity, Witness
from conformance.exercises import registry
from conformance.exercises.mail_transport import MailTransport
from conformance.generation.binding import bind
from conformance.models.transport import TransportCase, label_of
from conformance.properties import base
from conformance.selftest.vendor import free_ports
from conformance.services.igc import IgcService
from conformance.services.mss.service import ImapImplicitService, ImapService, MssImplicitService, MssService
from conformance.standards.observe import observe

SLOPPY = Care(verified=False, strong=False)
SHORT_CURVE = Care(strong=False, latest=TLSVersion.TLSv1_2, curve="secp224r1")
EXERCISE = MailTransport()


@dataclass
class Stand:
    """A laboratory with the operator and its authority, and a vendor in front."""

    lab: Lab
    vendor: MailingVendor
    kept: list[Exchange] = field(default_factory=list)
    number: int = 0

    def drive(self, case: TransportCase, care: Care) -> tuple[Driven[TransportCase], Heard]:
        """One case, settled: what was driven and heard."""
        self.number += 1
        binding = bind("0a1b2c3d", self.number)
        self.vendor.care = care
        self.vendor.polls = case.protocol == "imap"
        window = self.lab.window([Job("w1-c1", lambda drive: EXERCISE.drive(drive, case, binding))], {}, exclusive=True)
        done = window.done["w1-c1"]
        assert done.fault is None, done.fault
        own = tuple(observe(exchange) for exchange in window.exchanges)
        label = frozenset({label_of(case)})
        driven = Driven("w1-c1", EXERCISE.name, "normal", case, binding, done.sent, label)
        return driven, Heard(own, own)


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One laboratory for the module: its window is short, its vendor quick."""
    pki = Pki.generate()
    igc, smtp, imap = free_ports(3)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    vendor = MailingVendor(pki, pki.vendor_client(), smtp=smtp, imap=imap)

    async def listen() -> asyncio.Server:
        server: asyncio.Server = await start_hl7_server(
            vendor.serve, "127.0.0.1", 0, limit=64 * 1024 * 1024, encoding="utf-8"
        )
        return server

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    target = Target(
        vendor=Vendor("Éditeur", "Logiciel", "1"),
        dsr="PFI",
        waves=("va1", "va2"),
        endpoints={"documents": Endpoint("mllp", "127.0.0.1", server.sockets[0].getsockname()[1])},
        services={name: Listen(port=port) for name, port in (("igc", igc), ("mss", smtp), ("imap", imap))},
        timing=Timing(answer=5.0, settle=0.3, settle_max=5.0, reaction=4.0),
    )
    kept: list[Exchange] = []
    services = (IgcService(), MssService(), ImapService(), MssImplicitService(), ImapImplicitService())
    with Lab(target, services, kept.append, pki) as lab:
        working = started(vendor)
        yield Stand(lab, vendor, kept)
        vendor.stop()
        working.join(10)
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def said(name: str, driven: Driven[TransportCase], heard: Heard) -> tuple[set[str], bool]:
    """The errors that a property tells of a case, and whether it reached something."""
    words = list(base.get(name).judge(driven, heard, Context(date(2026, 1, 5), "va1+va2", "normal")))
    errors = {w.code for w in words if isinstance(w, Finding) and w.severity is Severity.ERROR}
    return errors, any(isinstance(w, Witness) for w in words)


ROWS = [
    ("usual", ("mss.tls-required", "mss.smtp-starttls", "mss.tls-1-2-or-later", "mss.cipher-suites",
               "mss.application-mailbox-session", "ssi-gen.protected-flows", "ssi-gen.cryptography")),
    ("certificate:expired", ("mss.expired-certificate",)),
    ("certificate:foreign", ("ssi-gen.protected-flows",)),
    ("certificate:igc", ("mss.igc-sante-certificate",)),
    ("offer:tls1.1-only", ("mss.tls-1-2-only", "ssi-gen.cryptography")),
    ("offer:tls1.3-only", ("mss.tls-1-2-only", "mss.tls-1-3")),
    ("offer:weak-dh", ("mss.cipher-suites", "ssi-gen.cryptography")),
    ("offer:weak-curve", ("mss.cipher-suites",)),
    ("offer:foreign-suites", ("mss.cipher-suites",)),
    ("offer:no-starttls", ("mss.tls-required", "mss.smtp-starttls", "ssi-gen.protected-flows")),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "names"), ROWS, ids=[r[0] for r in ROWS])
def test_a_careful_client_is_clean_and_witnessed(stand: Stand, condition: str, names: tuple[str, ...]) -> None:
    """OpenSSL with the six suites and a checked chain: each claimed class is reached, and nothing is wrong."""
    driven, heard = stand.drive(TransportCase("smtp", condition), Care())
    assert {name: said(name, driven, heard) for name in names} == dict.fromkeys(names, (set(), True))


CAUGHT = [
    ("certificate:expired", SLOPPY, {"mss.expired-certificate": {"mss.certificate.expired"}}),
    ("certificate:foreign", SLOPPY, {"ssi-gen.protected-flows": {"ssi.flow.peer-unverified"}}),
    ("offer:tls1.1-only", SLOPPY, {"mss.tls-1-2-only": {"mss.tls.not-1-2"},
                                   "ssi-gen.cryptography": {"tls.version.obsolete"}}),
    ("offer:weak-dh", SLOPPY, {"mss.cipher-suites": {"tls.group.not-admitted"},
                               "ssi-gen.cryptography": {"tls.group.short"}}),
    ("offer:weak-curve", SHORT_CURVE, {"mss.cipher-suites": {"tls.group.not-admitted"}}),
    ("offer:foreign-suites", SLOPPY, {"mss.cipher-suites": {"tls.suite.not-admitted"}}),
    ("offer:no-starttls", Care(tls_first=False), {"mss.tls-required": {"mss.tls.clear"},
                                                  "mss.smtp-starttls": {"mss.smtp.before-tls"},
                                                  "ssi-gen.protected-flows": {"ssi.flow.clear"}}),
    ("usual", Care(certificate=False), {"mss.application-mailbox-session": {"mss.application.no-certificate"}}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "care", "expected"), CAUGHT, ids=[r[0] for r in CAUGHT])
def test_a_careless_client_is_caught(stand: Stand, condition: str, care: Care, expected: dict[str, set[str]]) -> None:
    """OpenSSL with nothing checked takes what the operator shows: the judge of that row says so, on what it heard."""
    driven, heard = stand.drive(TransportCase("smtp", condition), care)
    assert {name: said(name, driven, heard)[0] for name in expected} == expected


def test_a_client_capped_at_tls_1_1_is_caught_by_its_own_hello(stand: Stand) -> None:
    """It never gets in: what its ClientHello proposes is enough."""
    driven, heard = stand.drive(TransportCase(), Care(strong=False, latest=TLSVersion.TLSv1_1))
    assert said("mss.tls-1-2-or-later", driven, heard) == ({"mss.tls.below-1-2"}, False)


def test_a_mailbox_read_over_starttls_is_witnessed_and_in_clear_caught(stand: Stand) -> None:
    """imaplib with STARTTLS; then with LOGIN at once."""
    driven, heard = stand.drive(TransportCase("imap"), Care())
    assert said("mss.imap-starttls", driven, heard) == (set(), True)
    assert said("mss.application-mailbox-session", driven, heard) == (set(), True)
    driven, heard = stand.drive(TransportCase("imap"), Care(tls_first=False))
    assert said("mss.imap-starttls", driven, heard)[0] == {"mss.imap.before-tls"}


def test_the_facts_of_a_mail_tell_the_key_of_the_client(stand: Stand) -> None:
    """What the guides ask of a certificate is in the facts: key and signature, as the throw-away PKI made them."""
    _, heard = stand.drive(TransportCase(), Care())
    (mail,) = (
        o.exchange.facts for o in heard.own if o.exchange.facts.get("event") == "mail" and o.exchange.answers is None
    )
    assert (mail["client_key"], mail["client_signature"]) == ("RSA 2048", "sha256")
    assert mail["client_usage"] == "AUTH_CLI"


def test_a_client_that_keeps_its_last_crl_is_told_from_one_that_forgets_it(stand: Stand) -> None:
    """The list is fetched, then answers 503: one client still sends, the other gives up before it logs in."""
    case = TransportCase("smtp", "crl:unreachable")
    driven, heard = stand.drive(case, Care(crl="kept"))
    assert said("mss.last-crl", driven, heard) == (set(), True)
    driven, heard = stand.drive(case, Care(crl="forgotten"))
    assert said("mss.last-crl", driven, heard) == ({"mss.crl.lost"}, False)
    driven, heard = stand.drive(case, Care())
    assert said("mss.last-crl", driven, heard) == (set(), False)


def test_what_the_exercise_says_of_itself() -> None:
    """Every label has its case and every case its label; the sentinel is the plainest; cases are driven alone."""
    for name in ("mail.transport", "third-party.connection"):
        exercise = registry.get(name)
        for label in exercise.labels():
            (case,) = draw(exercise.cases(label), 1, 0)
            assert exercise.labels_of(case) == {label}
        assert exercise.labels_of(exercise.sentinel()) <= {"plain", "identity:usual"}
        assert exercise.simpler(exercise.sentinel()) == []
        assert getattr(exercise, "exclusive", False) is True
