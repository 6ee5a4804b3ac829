"""Judges of transport, on literal facts: what OpenSSL tells of real sessions, what an operator writes down of them.

Suites, groups, versions and alerts are those that `openssl s_client` and `s_server` (3.0) print; commands are those of
RFC 3207, 3501, 4954 and 5321.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Fact,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.models.transport import ThirdPartyCase, TransportCase, label_of
from conformance.properties import base
from conformance.standards.observe import observe

REQUIRED, EXPIRED = "mss.tls-required", "mss.expired-certificate"
IGC, ONLY_12 = "mss.igc-sante-certificate", "mss.tls-1-2-only"
FLOOR, TLS_13 = "mss.tls-1-2-or-later", "mss.tls-1-3"
SUITES, SMTP = "mss.cipher-suites", "mss.smtp-starttls"
IMAP, APPLICATION = "mss.imap-starttls", "mss.application-mailbox-session"
CRL, FLOWS = "mss.last-crl", "ssi-gen.protected-flows"
CRYPTO, THIRD = "ssi-gen.cryptography", "ssi-ie.third-party-certificate"

MAILBOX = "pfi@banc.mssante.fr"
SUBJECT = "CN=PLATEFORME FICTIVE,OU=10B0000001,O=HOPITAL FICTIF DU BANC,C=FR"
TLS_12: Mapping[str, Fact] = {
    "tls": "1.2",
    "cipher": "ECDHE-RSA-AES256-GCM-SHA384",
    "cipher_id": "0xC030",
    "group": "prime256v1",
    "starttls": True,
    "handshake": "ok",
    "offered_versions": "1.3 1.2",
    "offered_suites": "0x1302 0x1301 0xC030 0xC02F 0x00FF",
}
TLS_13_FACTS: Mapping[str, Fact] = {**TLS_12, "tls": "1.3", "cipher": "TLS_AES_256_GCM_SHA384", "cipher_id": "0x1302"}
OPENED: Mapping[str, Fact] = {
    "client_certificate": SUBJECT,
    "client_usage": "AUTH_CLI",
    "mechanism": "PLAIN",
    "login": MAILBOX,
    "mail_from": MAILBOX,
    "ehlo_again": True,
}
MAIL = b"From: pfi@banc.mssante.fr\r\nTo: ps801234567897@banc.mssante.fr\r\nSubject: XDM/1.0/DDM+\r\n\r\nBonjour\r\n"
CLEAR: Mapping[str, Fact] = {"clear_commands": "EHLO STARTTLS"}


class Scene:
    """What was heard of one case, in order."""

    def __init__(self, condition: str = "usual", protocol: str = "smtp") -> None:
        self.case = TransportCase("imap" if protocol == "imap" else "smtp", condition)
        self.heard: list[Observation] = []
        self.sent: list[Sent] = []

    def put(
        self,
        channel: str,
        facts: Mapping[str, Fact],
        body: bytes = b"",
        direction: Direction = Direction.FROM_VENDOR,
        answers: str | None = None,
    ) -> str:
        """One exchange more; its id."""
        id = f"x{len(self.heard) + 1}"
        exchange = Exchange(id, channel, direction, 1, 100 * len(self.heard), body, facts, answers)
        self.heard.append(observe(exchange))
        return id

    def mail(self, **facts: Fact) -> Scene:
        """A whole session with one mail, as usual but for some facts."""
        told = {"protocol": "smtp", "certificate": "valid", "offer": "usual", **TLS_12, **OPENED, **facts}
        hello = {k: v for k, v in told.items() if k not in ("handshake", "offered_versions", "offered_suites")}
        self.put("mss", {**hello, "event": "mail", "rcpt_to": "ps801234567897@banc.mssante.fr"}, MAIL)
        self.put("mss", {**CLEAR, **told, "event": "session", "mails": 1})
        return self

    def refused(self, channel: str = "mss", failure: str = "alert-certificate-expired", **facts: Fact) -> Scene:
        """A session that ends in its handshake, the system having sent an alert."""
        told: dict[str, Fact] = {"certificate": "valid", "offer": "usual", "tls": "", "handshake": "failed", **CLEAR}
        told |= {"failure": failure, "offered_versions": "1.3 1.2", "event": "session", "mails": 0, **facts}
        self.put(channel, {"protocol": "imap" if channel == "imap" else "smtp", **told})
        return self

    def read(self, **facts: Fact) -> Scene:
        """A mailbox opened and left."""
        told = {"protocol": "imap", "certificate": "valid", "offer": "usual", **TLS_12, **OPENED, **facts}
        self.put("imap", {**told, "event": "login"})
        self.put("imap", {"clear_commands": "CAPABILITY STARTTLS", **told, "event": "session"})
        return self

    def change(self) -> Scene:
        """The stimulus that is given once the operator or its authority changed."""
        id = self.put("documents", {"endpoint": "mllp://127.0.0.1:1"}, b"MSH|^~\\&|", Direction.TO_VENDOR)
        self.sent.append(Sent("step-2-changed", id, None, "closed"))
        return self

    def crl(self) -> Scene:
        """A CRL asked for and given."""
        asked = self.put("igc", {"protocol": "igc", "method": "GET", "path": "/CRL/ACI-EL-ORG.crl"})
        self.put("igc", {"status": 200, "protocol": "igc"}, b"0\x82\x01\x00", Direction.TO_VENDOR, asked)
        return self

    def said(self, name: str, context: Context | None = None) -> list[Finding | Witness]:
        """What a property says of the scene."""
        return judged(name, self.case, label_of(self.case), self.heard, self.sent, context)


def judged(
    name: str,
    case: object,
    label: str,
    heard: list[Observation],
    sent: list[Sent],
    context: Context | None = None,
) -> list[Finding | Witness]:
    """What a property says of a case."""
    found = base.get(name)
    driven = Driven(
        "w1-c1", found.exercise, "normal", case, Binding("0a1b2c3d", 1, "BA", "001001"), tuple(sent), frozenset({label})
    )
    own = tuple(heard)
    return list(found.judge(driven, Heard(own, own), context or Context(date(2026, 1, 5), "va1+va2", "normal")))


def codes(words: list[Finding | Witness]) -> list[str]:
    """The codes of the findings, in order."""
    return [w.code for w in words if isinstance(w, Finding)]


def errors(words: list[Finding | Witness]) -> list[str]:
    """The codes of those that count."""
    return [w.code for w in words if isinstance(w, Finding) and w.severity is Severity.ERROR]


def fine(words: list[Finding | Witness]) -> bool:
    """Reached, and nothing that counts."""
    return any(isinstance(w, Witness) for w in words) and not errors(words)


def unreached(words: list[Finding | Witness]) -> bool:
    """Nothing was said: the row stays open."""
    return words == []


# MSS/va1.03


@pytest.mark.example(REQUIRED, "positive")
def test_nothing_is_entrusted_before_tls() -> None:
    """A greeting and STARTTLS in clear are normal; an operator without STARTTLS is left alone."""
    assert fine(Scene().mail().said(REQUIRED))
    scene = Scene("offer:no-starttls").mail().refused(offer="no-starttls", handshake="none", clear_commands="EHLO QUIT")
    assert fine(scene.said(REQUIRED))


@pytest.mark.example(REQUIRED, "negative")
@pytest.mark.parametrize("commands", ["EHLO AUTH", "EHLO MAIL RCPT DATA"])
def test_a_log_in_or_a_mail_in_clear_is_told(commands: str) -> None:
    """AUTH (RFC 4954) or MAIL (RFC 5321) given to an operator that offers no STARTTLS."""
    scene = Scene("offer:no-starttls").mail()
    scene.mail(offer="no-starttls", tls="", cipher="", handshake="none", starttls=False, clear_commands=commands)
    assert errors(scene.said(REQUIRED)) == ["mss.tls.clear"]


def test_a_declared_vpn_stands_in_for_tls() -> None:
    """The row accepts a VPN as strong as TLS 1.2: declared, clear sessions are no finding; undeclared they are."""
    scene = Scene().mail(tls="", cipher="", handshake="none", starttls=False, clear_commands="EHLO AUTH MAIL")
    assert errors(scene.said(REQUIRED)) == ["mss.tls.clear"]
    tunnel = Context(date(2026, 1, 5), "va1", "normal", settings={"tunnels": "mss, imap"})
    assert fine(scene.said(REQUIRED, tunnel))


# MSS/va1.04


@pytest.mark.example(EXPIRED, "positive")
def test_an_expired_operator_is_left() -> None:
    """The twin went through, the handshake with the expired certificate ended with the alert for it."""
    assert fine(Scene("certificate:expired").mail().refused(certificate="expired").said(EXPIRED))


@pytest.mark.example(EXPIRED, "negative")
def test_a_mail_given_to_an_expired_operator_is_told() -> None:
    """The mail bears the label of the certificate that was shown."""
    assert errors(Scene("certificate:expired").mail().mail(certificate="expired").said(EXPIRED)) == [
        "mss.certificate.expired"
    ]


def test_a_refusal_without_twin_or_without_attempt_proves_nothing() -> None:
    """A system that never sends, or that was not seen trying, is not said to refuse."""
    assert unreached(Scene("certificate:expired").refused(certificate="expired").said(EXPIRED))
    assert unreached(Scene("certificate:expired").mail().said(EXPIRED))
    scene = Scene("certificate:expired").mail().refused(certificate="expired", handshake="none")
    assert unreached(scene.said(EXPIRED))


def test_dates_that_the_row_does_not_name_are_advice() -> None:
    """A certificate not yet valid is outside the statement."""
    words = Scene("certificate:not-yet-valid").mail().mail(certificate="not-yet-valid").said(EXPIRED)
    assert codes(words) == ["mss.certificate.validity"]
    assert fine(words)


# MSS/va1.06


@pytest.mark.example(IGC, "positive")
def test_a_chain_of_the_igc_sante_kind_is_taken() -> None:
    """A session with that certificate is enough."""
    assert fine(Scene("certificate:igc").mail().mail(certificate="igc").said(IGC))


@pytest.mark.example(IGC, "negative")
def test_a_chain_of_the_igc_sante_kind_that_is_refused_is_told() -> None:
    """Served as usual, the system sends `unknown ca` to the IGC-Santé chain: an absence, to be confirmed."""
    late: dict[str, Fact] = {**TLS_12, "certificate": "igc", "failure": ""}
    for scene in (
        Scene("certificate:igc").mail().refused(certificate="igc", failure="alert-unknown-ca"),
        Scene("certificate:igc").mail().refused(**late),  # looked at after the handshake, then left
    ):
        words = scene.said(IGC)
        assert errors(words) == ["mss.certificate.igc-refused"]
        assert all(w.absence for w in words if isinstance(w, Finding))


def test_an_unknown_authority_is_only_advice() -> None:
    """The row says what must be accepted, not what must be refused."""
    words = Scene("certificate:foreign").mail().mail(certificate="foreign").said(IGC)
    assert codes(words) == ["mss.certificate.unknown-authority"]
    assert errors(words) == []


# MSS/va1.31, CONF.01, CONF.02


@pytest.mark.example(ONLY_12, "positive")
def test_an_operator_stuck_in_tls_1_1_is_left() -> None:
    """Twin in 1.2, alert `protocol version` otherwise."""
    scene = Scene("offer:tls1.1-only").mail().refused(offer="tls1.1-only", failure="alert-protocol-version")
    assert fine(scene.said(ONLY_12))


@pytest.mark.example(ONLY_12, "negative")
def test_tls_1_1_is_never_admitted_and_1_3_not_in_wave_1_alone() -> None:
    """TLS 1.1 counts in every wave; 1.3 counts when wave 1 is asked for alone, not in wave 2."""
    old = Scene("offer:tls1.1-only").mail().mail(offer="tls1.1-only", tls="1.1", cipher="ECDHE-RSA-AES256-SHA")
    assert errors(old.said(ONLY_12)) == ["mss.tls.not-1-2"]
    later = Scene("offer:tls1.3-only").mail().mail(**{**TLS_13_FACTS, "offer": "tls1.3-only"})
    assert errors(later.said(ONLY_12, Context(date(2026, 1, 5), "va1", "normal"))) == ["mss.tls.not-1-2"]
    assert fine(later.said(ONLY_12))


@pytest.mark.example(FLOOR, "positive")
def test_tls_1_2_or_1_3_is_enough() -> None:
    """Either version makes the row conform; a refusal of TLS 1.1 is not asked for."""
    assert fine(Scene().mail().said(FLOOR))
    assert fine(Scene().mail(**TLS_13_FACTS).said(FLOOR))
    words = Scene("offer:tls1.1-only").mail().mail(offer="tls1.1-only", tls="1.1").said(FLOOR)
    assert codes(words) == ["mss.tls.old-version-taken"]
    assert errors(words) == []


@pytest.mark.example(FLOOR, "negative")
def test_a_client_that_proposes_nothing_from_1_2_on_is_told() -> None:
    """Its ClientHello says 1.1 at most and the handshake fails: no silence is needed to know."""
    scene = Scene().refused(failure="unsupported-protocol", offered_versions="1.1 1.0")
    assert errors(scene.said(FLOOR)) == ["mss.tls.below-1-2"]


@pytest.mark.example(TLS_13, "positive")
def test_tls_1_3_is_negotiated_when_offered() -> None:
    """A session in 1.3."""
    assert fine(Scene("offer:tls1.3-only").mail().mail(**{**TLS_13_FACTS, "offer": "tls1.3-only"}).said(TLS_13))


@pytest.mark.example(TLS_13, "negative")
def test_a_client_that_claims_tls_1_3_and_has_it_not_is_told() -> None:
    """Facing 1.3 alone, its ClientHello stops at 1.2."""
    scene = (
        Scene("offer:tls1.3-only")
        .mail()
        .refused(offer="tls1.3-only", failure="unsupported-protocol", offered_versions="1.2")
    )
    assert errors(scene.said(TLS_13)) == ["mss.tls.no-1-3"]


# MSS/CONF.03


@pytest.mark.example(SUITES, "positive")
def test_admitted_suites_and_groups_only() -> None:
    """The six suites; TLS 1.3 is not held to the list; a weak offer is refused."""
    assert fine(Scene().mail().said(SUITES))
    assert fine(Scene().mail(**TLS_13_FACTS).said(SUITES))
    scene = Scene("offer:weak-dh").mail().refused(offer="weak-dh", failure="alert-handshake-failure")
    assert fine(scene.said(SUITES))


@pytest.mark.example(SUITES, "negative")
@pytest.mark.parametrize(
    ("offer", "facts", "code"),
    [
        ("foreign-suites", {"cipher": "AES256-GCM-SHA384", "cipher_id": "0x009D", "group": ""}, "suite"),
        ("weak-curve", {"group": "secp224r1"}, "group"),
        ("weak-dh", {"cipher": "DHE-RSA-AES128-GCM-SHA256", "cipher_id": "0x009E", "group": "dh1024"}, "group"),
        ("weak-dh", {"cipher": "DHE-RSA-AES128-GCM-SHA256", "cipher_id": "0x009E", "group": ""}, "group"),
    ],
)
def test_other_suites_and_short_groups_are_told(offer: str, facts: dict[str, Fact], code: str) -> None:
    """What OpenSSL negotiates with such an operator when nothing is configured against it."""
    scene = Scene(f"offer:{offer}").mail().mail(offer=offer, **facts)
    assert errors(scene.said(SUITES)) == [f"tls.{code}.not-admitted"]


def test_suites_offered_and_not_used_are_advice() -> None:
    """The row speaks of what is used."""
    words = Scene().mail(offered_suites="0x1302 0xC030 0xCCA8 0x009D").said(SUITES)
    assert codes(words) == ["mss.tls.suites-offered"]
    assert fine(words)


# MSS/CONF.05 and CONF.06


@pytest.mark.example(SMTP, "positive")
def test_smtp_with_starttls() -> None:
    """STARTTLS, then the rest; a second EHLO is only advised."""
    assert fine(Scene().mail().said(SMTP))
    words = Scene().mail(ehlo_again=False).said(SMTP)
    assert codes(words) == ["mss.smtp.ehlo-not-repeated"]
    assert fine(words)


@pytest.mark.example(SMTP, "negative")
def test_auth_before_starttls_is_told() -> None:
    """The credentials went before TLS, though TLS came later."""
    assert errors(Scene().mail(clear_commands="EHLO AUTH STARTTLS").said(SMTP)) == ["mss.smtp.before-tls"]


def test_implicit_tls_alone_does_not_show_the_interface() -> None:
    """Port 465 is allowed besides; it is not the STARTTLS that the row asks for."""
    assert unreached(Scene().mail(starttls=False, clear_commands="").said(SMTP))


@pytest.mark.example(IMAP, "positive")
def test_imap_with_starttls() -> None:
    """CAPABILITY and STARTTLS in clear, the log-in over TLS."""
    assert fine(Scene("usual", "imap").read().said(IMAP))


@pytest.mark.example(IMAP, "negative")
def test_login_before_starttls_is_told() -> None:
    """LOGIN in clear."""
    scene = Scene("usual", "imap").read(clear_commands="CAPABILITY LOGIN", tls="", handshake="none", starttls=False)
    assert errors(scene.said(IMAP)) == ["mss.imap.before-tls"]


# MSS/CONF.12


@pytest.mark.example(APPLICATION, "positive")
def test_certificate_then_plain_with_the_address() -> None:
    """In SMTP and in IMAP; another mailbox is not looked at."""
    assert fine(Scene().mail().said(APPLICATION))
    assert fine(Scene("usual", "imap").read(mechanism="LOGIN").said(APPLICATION))
    assert unreached(
        Scene("usual", "imap").read(login="ps801234567897@banc.mssante.fr", mail_from="").said(APPLICATION)
    )


@pytest.mark.example(APPLICATION, "negative")
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"client_certificate": "", "client_usage": ""}, "no-certificate"),
        ({"client_usage": ""}, "not-auth-cli"),
        ({"mechanism": "XOAUTH2"}, "mechanism"),
        ({"mechanism": "", "login": ""}, "mechanism"),
        ({"login": "pfi"}, "login"),
    ],
)
def test_each_step_of_the_sequence_is_asked_for(facts: dict[str, Fact], code: str) -> None:
    """A session of the application mailbox where one step is missing."""
    assert errors(Scene().mail(**facts).said(APPLICATION)) == [f"mss.application.{code}"]


# MSS/CONF.22


@pytest.mark.example(CRL, "positive")
def test_the_operator_is_reached_while_the_crl_is_not() -> None:
    """A CRL was fetched, then a mail went while it could not be."""
    assert fine(Scene("crl:unreachable").crl().mail().change().mail().said(CRL))


@pytest.mark.example(CRL, "negative")
def test_an_operator_lost_with_its_crl_is_told() -> None:
    """After the CRL became unreachable, only failed handshakes, or nothing at all: an absence, to be confirmed."""
    for scene in (
        Scene("crl:unreachable").crl().mail().change().refused(failure="alert-certificate-unknown"),
        Scene("crl:unreachable").crl().mail().change(),
    ):
        words = scene.said(CRL)
        assert errors(words) == ["mss.crl.lost"]
        assert all(w.absence for w in words if isinstance(w, Finding))


def test_without_a_crl_fetched_before_nothing_is_known() -> None:
    """A system that uses OCSP, or fetched its CRL long ago, is not judged."""
    assert unreached(Scene("crl:unreachable").mail().change().mail().said(CRL))


def test_a_revoked_operator_and_an_expired_crl_are_advice() -> None:
    """The row presupposes the control of revocation and does not ask for it."""
    assert codes(Scene("certificate:revoked").mail().mail(certificate="revoked").said(CRL)) == ["mss.crl.revoked-taken"]
    words = Scene("crl:expired").crl().mail().change().refused(failure="alert-certificate-expired").said(CRL)
    assert codes(words) == ["mss.crl.expired-copy"]
    assert errors(words) == []


# SSI/GEN.12 and GEN.13

DMP: Mapping[str, Fact] = {
    "tls": "1.2",
    "cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "peer_subject": "countryName=FR, organizationName=HOPITAL FICTIF DU BANC, commonName=PLATEFORME FICTIVE",
    "method": "POST",
    "path": "/si-dmp-server/v2/services/repository",
}


@pytest.mark.example(FLOWS, "positive")
def test_flows_are_protected_and_both_ends_known() -> None:
    """The DMP over mutual TLS, the operator over TLS with the certificate, an unknown operator left."""
    scene = Scene().mail()
    scene.put("dmp", DMP, b"<Envelope/>")
    words = scene.said(FLOWS)
    assert {w.assertion.split(":")[0] for w in words if isinstance(w, Witness)} == {"mss", "dmp"}
    assert errors(words) == []
    assert fine(Scene("certificate:foreign").mail().refused(certificate="foreign").said(FLOWS))


@pytest.mark.example(FLOWS, "negative")
def test_flows_in_clear_without_name_or_to_anybody_are_told() -> None:
    """In clear; with a sender that shows nothing; to a recipient that leads to no anchor; to a DMP without name."""
    clear = Scene().mail(tls="", cipher="", handshake="none", starttls=False)
    assert errors(clear.said(FLOWS)) == ["ssi.flow.clear"]
    assert errors(Scene().mail(client_certificate="", login="").said(FLOWS)) == ["ssi.flow.anonymous"]
    foreign = Scene("certificate:foreign").mail().mail(certificate="foreign")
    assert errors(foreign.said(FLOWS)) == ["ssi.flow.peer-unverified"]
    nameless = Scene().mail()
    nameless.put("dmp", {"peer": "127.0.0.1", "failure": "tls", "reason": "PEER_DID_NOT_RETURN_A_CERTIFICATE"})
    assert errors(nameless.said(FLOWS)) == ["ssi.flow.anonymous"]
    nameless.put("dmp", DMP, b"<Envelope/>")
    assert errors(nameless.said(FLOWS)) == []


def test_a_clear_hl7_flow_is_a_warning_unless_a_tunnel_is_declared() -> None:
    """The bench cannot see a VPN of the hospital: it asks for its declaration."""
    scene = Scene().mail().change()
    assert codes(scene.said(FLOWS)) == ["ssi.flow.clear-local"]
    declared = Context(date(2026, 1, 5), "va2", "normal", settings={"tunnels": "documents returns"})
    assert codes(scene.said(FLOWS, declared)) == []


@pytest.mark.example(CRYPTO, "positive")
def test_sessions_follow_the_guides() -> None:
    """TLS 1.2 with ECDHE and AES-GCM, on the mail and on the DMP; an old offer refused."""
    scene = Scene().mail()
    scene.put("dmp", DMP, b"<Envelope/>")
    assert fine(scene.said(CRYPTO))
    assert fine(Scene("offer:tls1.1-only").mail().refused(offer="tls1.1-only").said(CRYPTO))


@pytest.mark.example(CRYPTO, "negative")
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"tls": "1.1", "cipher": "ECDHE-RSA-AES256-SHA", "cipher_id": "0xC014"}, "tls.version.obsolete"),
        ({"cipher": "DES-CBC3-SHA", "cipher_id": "0x000A", "group": ""}, "tls.suite.broken"),
        ({"group": "dh1024", "cipher": "DHE-RSA-AES128-GCM-SHA256", "cipher_id": "0x009E"}, "tls.group.short"),
    ],
)
def test_obsolete_cryptography_is_told(facts: dict[str, Fact], code: str) -> None:
    """Versions, suites and groups that the guide of the ANSSI rules out."""
    assert errors(Scene("offer:tls1.1-only").mail().mail(offer="tls1.1-only", **facts).said(CRYPTO)) == [code]


# SSI/IE.43


def third(identity: str, answer: str, failure: str | None) -> list[Finding | Witness]:
    """A third party let in with its usual certificate, then the answer to another."""
    scene = Scene()
    sent = []
    shown: tuple[tuple[str, str, str, str | None], ...] = (
        ("step-1-usual", "", "AA", None),
        ("step-2-other", identity, answer, failure),
    )
    for name, who, code, why in shown:
        facts: dict[str, Fact] = {"protocol": "mllp", "identity": who} if who else {"protocol": "mllp"}
        asked = scene.put("third-party", facts, b"MSH|^~\\&|A|B|C|D|20260105||MDM^T02|1|P|2.6\r", Direction.TO_VENDOR)
        reply = None
        if code:
            ack = f"MSH|^~\\&|C|D|A|B|20260105||ACK^T02^ACK|R1|P|2.6\rMSA|{code}|1\r".encode()
            reply = scene.put("third-party", {"protocol": "mllp"}, ack, answers=asked)
        sent.append(Sent(name, asked, reply, why))
    case = ThirdPartyCase("none" if identity == "none" else "revoked")
    return judged(THIRD, case, f"identity:{identity}", scene.heard, sent)


@pytest.mark.example(THIRD, "positive")
@pytest.mark.parametrize("identity", ["none", "revoked"])
def test_no_certificate_or_a_revoked_one_opens_nothing(identity: str) -> None:
    """The handshake fails, or the connection closes, or the application refuses."""
    assert fine(third(identity, "", "tls"))
    assert fine(third(identity, "", "closed"))
    assert fine(third(identity, "AR", None))


@pytest.mark.example(THIRD, "negative")
@pytest.mark.parametrize(("identity", "code"), [("none", "no-certificate"), ("revoked", "revoked")])
def test_an_application_answer_shows_that_the_third_party_is_in(identity: str, code: str) -> None:
    """AA given to it."""
    assert errors(third(identity, "AA", None)) == [f"ssi.third-party.{code}"]


def test_what_the_row_does_not_name_is_advice_and_an_unreachable_system_refuses_nobody() -> None:
    """An expired certificate let in is advice; a connection refused by the network proves nothing."""
    words = third("expired", "AA", None)
    assert codes(words) == ["ssi.third-party.expired"]
    assert fine(words)
    assert unreached(third("revoked", "", "unreachable"))
