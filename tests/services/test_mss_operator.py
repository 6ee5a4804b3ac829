"""The submission side of the operator, spoken to by smtplib, by openssl and by raw sockets."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from mail_lab import APPLICATION, DOCTOR, PATIENT, SECONDS, Bench, mail, opened

from conformance.bench.api import Drive
from conformance.bench.lab import Job, Window
from conformance.bench.pki import Pki
from conformance.errors import InternalError
from conformance.evidence.values import Direction
from conformance.standards.mail.sessions import Session, observe_session


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """The operator, its reading side and the publication point."""
    with opened(pki, tmp_path) as lab:
        yield lab


def ended(bench: Bench) -> Session:
    """The first session that has ended, as a value."""
    return cast(Session, observe_session(bench.of("session")[0]).value)


def test_a_mail_comes_as_it_was_sent(bench: Bench) -> None:
    """smtplib's mail is recorded byte for byte (dots at line starts included), with the envelope and the connection."""
    sent = mail("m1@pfi", body="Ligne\r\n.\r\n..deux\r\nfin\r\n")
    with bench.smtp() as client:
        refused = client.sendmail(
            APPLICATION,
            [DOCTOR, PATIENT],
            sent,
            mail_options=["RET=HDRS", "ENVID=e1"],
            rcpt_options=["NOTIFY=SUCCESS,FAILURE"],
        )
    assert refused == {}
    (heard,) = bench.of("mail")
    assert heard.body == sent
    assert heard.direction is Direction.FROM_VENDOR
    facts = heard.facts
    assert facts["mail_from"] == facts["login"] == APPLICATION
    assert facts["rcpt_to"] == f"{DOCTOR} {PATIENT}"
    assert (facts["notify"], facts["ret"], facts["envid"]) == ("SUCCESS FAILURE", "HDRS", "e1")
    assert (facts["mechanism"], facts["starttls"], facts["ehlo_again"]) == ("PLAIN", True, True)
    assert (facts["tls"], facts["cipher_id"], facts["certificate"], facts["offer"]) == (
        "1.3", "0x1302", "valid", "usual",
    )  # fmt: skip
    assert facts["client_usage"] == "AUTH_CLI"
    assert "OU=10B0000001" in str(facts["client_certificate"])
    (reply,) = bench.of("reply")
    assert (reply.answers, reply.direction, reply.body[:3]) == (heard.id, Direction.TO_VENDOR, b"250")
    session = ended(bench)
    assert (session.mails, session.clear, session.handshake) == (1, ("EHLO", "STARTTLS"), "ok")
    assert "1.3" in session.offered_versions
    assert "0xC030" in session.offered_suites
    assert session.server_name == "localhost"


def test_commands_in_clear_are_refused_and_told(bench: Bench) -> None:
    """Before STARTTLS neither AUTH nor MAIL is taken, and the end of the session tells that they were tried."""
    client = bench.smtp(secure=False)
    client.ehlo()
    assert client.has_extn("starttls")
    assert not client.has_extn("auth")
    secret = base64.b64encode(b"\0pfi@banc.mssante.fr\0mot-de-passe").decode()
    assert client.docmd("AUTH", f"PLAIN {secret}")[0] == 530
    assert client.docmd("MAIL", f"FROM:<{APPLICATION}>")[0] == 530
    client.quit()
    session = ended(bench)
    assert session.clear == ("EHLO", "AUTH", "MAIL", "QUIT")
    assert (session.handshake, session.tls, session.starttls) == ("none", "", False)
    assert not any(b"mot-de-passe" in e.body or secret in str(e.facts) for e in bench.kept)


def test_commands_sent_before_the_handshake_are_dropped(bench: Bench) -> None:
    """RFC 3207 6: what is sent in clear behind STARTTLS is not carried over into the session over TLS."""
    with socket.create_connection(("localhost", bench.port("mss")), SECONDS) as raw:
        raw.recv(1000)
        raw.sendall(b"EHLO x\r\nSTARTTLS\r\nNOOP\r\nNOOP\r\n")
        heard = b""
        while b"220 2.0.0" not in heard:
            heard += raw.recv(1000)
        with bench.tls().wrap_socket(raw, server_hostname="localhost") as over:
            over.sendall(b"EHLO y\r\n")
            assert over.recv(1000).startswith(b"250-mss")


def test_without_starttls_a_client_may_betray_itself(bench: Bench) -> None:
    """An operator that offers no TLS takes what comes in clear, so that a client which falls back is heard doing it."""
    bench.settle({"mss.offer": "no-starttls"})
    with bench.smtp(secure=False) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.starttls(context=bench.tls())
        client.user, client.password = APPLICATION, ""
        client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
        client.sendmail(APPLICATION, [DOCTOR], mail("clair@pfi"))
    (heard,) = bench.of("mail")
    assert (heard.facts["tls"], heard.facts["offer"]) == ("", "no-starttls")


def test_a_token_opens_a_personal_mailbox(bench: Bench) -> None:
    """XOAUTH2 (MSS/CONF.07): the user is kept, the token of 2 kB is not; garbage gets the challenge, then 535."""
    token = "jeton" * 500
    with bench.smtp(secure=False) as client:
        client.starttls(context=bench.tls(certificate=False))
        client.ehlo()
        bad = base64.b64encode(b"user=x").decode()
        assert client.docmd("AUTH", f"XOAUTH2 {bad}")[0] == 334
        assert client.docmd("")[0] == 535
        good = base64.b64encode(f"user={DOCTOR}\1auth=Bearer {token}\1\1".encode()).decode()
        assert client.docmd("AUTH", f"XOAUTH2 {good}")[0] == 235
        client.sendmail(DOCTOR, [PATIENT], mail("p1@pfi"))
    (heard,) = bench.of("mail")
    assert (heard.facts["mechanism"], heard.facts["login"]) == ("XOAUTH2", DOCTOR)
    assert heard.facts["client_certificate"] == ""
    assert not any("jetonjeton" in str(e.facts) for e in bench.kept)


def test_a_client_certificate_can_be_required(bench: Bench) -> None:
    """PLAIN without a client certificate is refused when the operator requires one, and its absence told."""
    bench.settle({"mss.client": "required"})
    with bench.smtp(secure=False) as client:
        client.starttls(context=bench.tls(certificate=False))
        client.ehlo()
        client.user, client.password = APPLICATION, ""
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
    with bench.smtp() as client:
        assert client.noop()[0] == 250


def test_domains_outside_the_white_list_are_refused(bench: Bench) -> None:
    """RCPT of a domain that is not of the MSSanté space gets 550; the others of the same mail are taken."""
    with bench.smtp() as client:
        refused = client.sendmail(APPLICATION, [DOCTOR, "x@exemple.org", "y@mssante.fr.exemple.org"], mail("b1@pfi"))
    assert {address: code for address, (code, _) in refused.items()} == {
        "x@exemple.org": 550,
        "y@mssante.fr.exemple.org": 550,
    }


@pytest.mark.parametrize(
    ("label", "code", "word"),
    [
        ("expired", ssl.CERT_REQUIRED, "expired"),
        ("not-yet-valid", 0, "not yet valid"),
        ("foreign", 0, "self-signed certificate in certificate chain|unable to get local issuer"),
        ("wrong-name", 0, "Hostname mismatch"),
        ("expired-authority", 0, "expired"),
        ("self-signed", 0, "self-signed"),
    ],
)
def test_certificates_that_a_careful_client_refuses(bench: Bench, label: str, code: int, word: str) -> None:
    """OpenSSL (in Python's ssl) refuses each wrong certificate for its own reason; the alert it sends is told."""
    bench.settle({"mss.certificate": label})
    with (
        bench.smtp(secure=False) as client,
        pytest.raises(ssl.SSLCertVerificationError, match=word),
    ):
        client.starttls(context=bench.tls())
    session = ended(bench)
    assert (session.certificate, session.handshake, session.mails) == (label, "failed", 0)
    assert session.failure.startswith("alert-"), session.failure
    assert session.offered_suites


@pytest.mark.parametrize("label", ["valid", "igc", "revoked"])
def test_certificates_that_only_a_list_can_refuse(bench: Bench, label: str) -> None:
    """The usual chain, the one shaped like the IGC-Santé's, and a revoked certificate as long as no list is read."""
    bench.settle({"mss.certificate": label})
    with bench.smtp() as client:
        client.sendmail(APPLICATION, [DOCTOR], mail("ok@pfi"))
    assert bench.of("mail")[0].facts["certificate"] == label


def test_implicit_tls(bench: Bench) -> None:
    """The twin over implicit TLS is the same operator; nothing was said in clear."""
    with smtplib.SMTP_SSL("localhost", bench.port("mss-implicit"), timeout=SECONDS, context=bench.tls()) as client:
        client.user, client.password = APPLICATION, ""
        client.ehlo()
        client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
        client.sendmail(APPLICATION, [APPLICATION], mail("i1@pfi"))
    (heard,) = bench.of("mail")
    assert (heard.facts["implicit"], heard.facts["starttls"], heard.facts["tls"]) == (True, False, "1.3")
    reader = bench.imap()
    assert reader.select()[1] == [b"1"]
    reader.logout()


def test_openssl_speaks_starttls(bench: Bench) -> None:
    """`openssl s_client -starttls smtp` completes its handshake and verifies the chain and the name."""
    said = subprocess.run(
        [
            "openssl", "s_client", "-starttls", "smtp", "-connect", f"localhost:{bench.port('mss')}",
            "-CAfile", str(_anchors(bench)), "-verify_hostname", "localhost", "-verify_return_error", "-tls1_2",
        ],
        input=b"QUIT\r\n", capture_output=True, timeout=20, check=False,
    ).stdout  # fmt: skip
    assert b"Verify return code: 0 (ok)" in said
    assert b"ECDHE-RSA-AES256-GCM-SHA384" in said
    session = ended(bench)
    assert (session.tls, session.suite) == ("1.2", "0xC030")
    assert session.group in ("x25519", "prime256v1")


def _anchors(bench: Bench) -> Path:
    path = bench.folder / "anchors.pem"
    path.write_bytes(bench.pki.anchors_pem)
    return path


STEPS = {
    "greeting-4xx": (421, "connect"),
    "greeting-5xx": (554, "connect"),
    "ehlo-5xx": (550, "ehlo"),
    "starttls-4xx": (454, "starttls"),
    "auth-refused": (535, "auth"),
    "auth-4xx": (454, "auth"),
    "sender-4xx": (451, "mail"),
    "rcpt-5xx": (550, "rcpt"),
    "full": (452, "rcpt"),
    "data-command-4xx": (451, "data-command"),
    "data-4xx": (451, "data"),
    "data-5xx": (554, "data"),
}


@pytest.mark.parametrize("fault", STEPS)
def test_a_step_can_be_refused(bench: Bench, fault: str) -> None:
    """Each fault refuses its own step with its code, the steps before it go well, and the facts name the fault."""
    code, step = STEPS[fault]
    bench.settle({"mss.fault": fault})
    assert _play(bench) == (step, code)
    bench.settle({})
    assert _play(bench) == ("", 250)
    assert ended(bench).fault == fault


def _play(bench: Bench) -> tuple[str, int]:
    """The first step that does not go well with its code, or ("", 250)."""
    try:
        client = smtplib.SMTP("localhost", bench.port("mss"), timeout=SECONDS)
    except smtplib.SMTPConnectError as error:
        return "connect", error.smtp_code
    try:
        code, _ = client.ehlo()
        if code != 250:
            return "ehlo", code
        try:
            client.starttls(context=bench.tls())
        except smtplib.SMTPResponseException as error:
            return "starttls", error.smtp_code
        client.ehlo()
        client.user, client.password = APPLICATION, ""
        try:
            client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
        except smtplib.SMTPAuthenticationError as error:
            return "auth", error.smtp_code
        for step, (code, _) in (("mail", client.mail(APPLICATION)), ("rcpt", client.rcpt(DOCTOR))):
            if code != 250:
                return step, code
        try:
            code, _ = client.data(mail("f1@pfi"))
        except smtplib.SMTPDataError as error:
            return "data-command", error.smtp_code
        return ("", 250) if code == 250 else ("data", code)
    finally:
        client.close()


def test_a_cut_leaves_the_mail_heard_and_unanswered(bench: Bench) -> None:
    """Cut at the end of the data: the client sees the connection drop, the mail is recorded, no mailbox has it."""
    bench.settle({"mss.fault": "cut"})
    client = bench.smtp()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.sendmail(APPLICATION, [APPLICATION], mail("c1@pfi"))
    assert bench.of("mail")[0].facts["reply"] == ""
    assert ended(bench).closed == "fault"
    bench.settle({})
    reader = bench.imap()
    assert reader.select()[1] == [b"0"]
    reader.logout()


def test_slow_and_silent(bench: Bench) -> None:
    """A slow operator answers late; a silent one not at all, and the client's own patience ends it."""
    bench.settle({"mss.fault": "slow", "mss.delay": "0.4"})
    with bench.smtp() as client:
        began = time.monotonic()
        client.sendmail(APPLICATION, [DOCTOR], mail("s1@pfi"))
        assert time.monotonic() - began >= 0.4
    bench.settle({"mss.fault": "silent"})
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        smtplib.SMTP("localhost", bench.port("mss"), timeout=0.3)


def test_a_fault_can_spare_and_can_choose(bench: Bench) -> None:
    """`on` strikes only what quotes it, `spare` leaves alone what quotes it."""
    bench.settle({"mss.fault": "rcpt-5xx", "mss.on": "ps8 patient", "mss.spare": PATIENT})
    with bench.smtp() as client:
        refused = client.sendmail(APPLICATION, [DOCTOR, PATIENT, "accueil@banc.mssante.fr"], mail("o1@pfi"))
    assert list(refused) == [DOCTOR]


def test_an_unknown_setting_is_ours(bench: Bench) -> None:
    """A fault, an offer or a certificate that does not exist is a fault of the tool, not silently nothing."""
    for wrong in ("mss.fault", "mss.offer", "mss.certificate", "mss.receipts", "imap.fault"):
        with pytest.raises(InternalError, match=r"bench\.unknown-setting"):
            bench.settle({wrong: "sans-objet"})


def _inbox(bench: Bench, login: str = APPLICATION) -> list[EmailMessage]:
    """The messages of a mailbox as the standard library reads them."""
    reader = bench.imap(login)
    reader.select(readonly=True)
    found = []
    for number in reader.search(None, "ALL")[1][0].split():
        raw = reader.fetch(number.decode(), "(RFC822)")[1][0][1]
        found.append(cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default)))
    reader.logout()
    return found


ASKING = ("Return-Receipt-To: <pfi@banc.mssante.fr>", "Disposition-Notification-To: <accueil@banc.mssante.fr>")


def test_receipts_come_back_when_asked_for(bench: Bench) -> None:
    """Both receipts, to the mailbox that each header names; none for a mail that asks for none."""
    bench.settle({"mss.receipts": "both"})
    with bench.smtp() as client:
        client.sendmail(APPLICATION, [DOCTOR], mail("r1@pfi", *ASKING))
        client.sendmail(APPLICATION, [DOCTOR], mail("r2@pfi"))
    (dsn,) = _inbox(bench)
    assert dsn.get_content_type() == "multipart/report"
    assert dsn.get_param("report-type") == "delivery-status"
    _, status, returned = dsn.iter_parts()
    whole, recipient = (dict(part.items()) for part in status.get_payload())
    assert whole["Reporting-MTA"] == "dns; mss.banc.mssante.fr"
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.0.0")
    assert recipient["Final-Recipient"] == f"rfc822; {DOCTOR}"
    assert "r1@pfi" in str(returned.get_payload())
    (mdn,) = _inbox(bench, "accueil@banc.mssante.fr")
    assert mdn.get_param("report-type") == "disposition-notification"
    told = mdn.get_payload(1).get_payload(0)  # type: ignore[union-attr]
    assert told["Original-Message-ID"] == "<r1@pfi>"  # type: ignore[index]
    assert told["Disposition"] == "manual-action/MDN-sent-manually; displayed"  # type: ignore[index]
    sent = bench.of("receipt")
    assert [(e.facts["receipt"], e.facts["to"]) for e in sent] == [
        ("delivery", APPLICATION),
        ("read", "accueil@banc.mssante.fr"),
    ]


def test_failures_bounce_to_the_envelope_sender(bench: Bench) -> None:
    """Each recipient bounces with its reason, unless the mail said NOTIFY=NEVER; an MDN asked for does not come."""
    bench.settle({"mss.receipts": "failed", "mss.reason": "closed"})
    with bench.smtp() as client:
        client.sendmail(APPLICATION, [DOCTOR, PATIENT], mail("x1@pfi", *ASKING))
        client.sendmail(APPLICATION, [DOCTOR], mail("x2@pfi"), rcpt_options=["NOTIFY=NEVER"])
    bounced = _inbox(bench)
    assert [m["Subject"] for m in bounced] == ["Undelivered Mail Returned to Sender"] * 2
    status = [m.get_payload(1).get_payload(1) for m in bounced]  # type: ignore[union-attr]
    assert [s["Final-Recipient"] for s in status] == [f"rfc822; {DOCTOR}", f"rfc822; {PATIENT}"]  # type: ignore[index]
    assert {s["Status"] for s in status} == {"5.2.1"}  # type: ignore[index]
    assert all(m["Return-Path"] == "<>" for m in bounced)


def drive(bench: Bench, *asked: tuple[str, bytes, dict[str, str]], service: str = "mss") -> Window:
    """A window in which the operator is instructed."""

    async def run(drive: Drive) -> None:
        for n, (verb, body, values) in enumerate(asked):
            await drive.instruct(service, verb, body, name=f"step-{n}", **values)

    return bench.lab.window([Job("j", run)], {})


def test_the_operator_can_be_told_to_act(bench: Bench) -> None:
    """`deliver` puts bytes in a mailbox as they are, `receipt` answers a mail heard before, `close` ends all."""
    came = mail("in1@banc", sender=DOCTOR)
    client = bench.smtp()
    client.sendmail(APPLICATION, [DOCTOR], mail("q1@pfi"))
    window = drive(
        bench,
        ("deliver", came, {"to": APPLICATION}),
        ("receipt", b"", {"message": "q1@pfi", "kind": "read"}),
        ("receipt", b"", {"message": "<q1@pfi>", "kind": "failed", "reason": "unknown"}),
        ("close", b"", {}),
    )
    told = [e for e in window.exchanges if "instruction" in e.facts]
    assert [e.facts["instruction"] for e in told] == ["deliver", "receipt", "receipt", "close"]
    assert told[0].body == came
    assert (told[0].facts["uid"], told[0].facts["message_id"]) == ("1", "in1@banc")
    assert told[3].facts["closed"] == 1
    assert [m.get_content_type() for m in _inbox(bench)] == ["text/plain", "multipart/report", "multipart/report"]
    with pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException, OSError)):
        client.sendmail(APPLICATION, [DOCTOR], mail("q2@pfi"))
    assert ended(bench).closed == "operator"


def test_an_unknown_instruction_is_ours(bench: Bench) -> None:
    """A verb that does not exist, or a receipt for a message never heard, fails as a fault of the tool."""
    for verb, values in (("dance", {}), ("receipt", {"message": "jamais@pfi"})):
        window = drive(bench, (verb, b"", values))
        assert window.done["j"].fault is not None


def test_hostile_clients(bench: Bench) -> None:
    """Bytes that are no command, endless lines, a mail without end: bounded, and the next client is served."""
    for hostile in (
        b"\x16\x03\x01\xff\xff" * 400 + b"\r\n",
        b"A" * 2_000_000 + b"\r\n",
        b"\r\n" * 100,
        b"EHLO \xff\r\n",
    ):
        with socket.create_connection(("localhost", bench.port("mss")), SECONDS) as raw:
            raw.sendall(hostile)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
    with bench.smtp() as client:
        assert client.noop()[0] == 250
    assert bench.lab.recorder.failure is None


def test_a_message_of_many_megabytes(bench: Bench) -> None:
    """20 MB go through whole; a size over the limit is refused before it is sent."""
    big = mail("big@pfi", body=("x" * 998 + "\r\n") * 20_000)
    with bench.smtp() as client:
        client.sendmail(APPLICATION, [DOCTOR], big)
        assert client.docmd("MAIL", f"FROM:<{APPLICATION}> SIZE=99999999")[0] == 552
    assert bench.of("mail")[0].body == big


def test_two_hundred_connections_are_held(bench: Bench) -> None:
    """200 sessions over TLS stay open at once, each then sends its mail, and every mail is heard."""
    context = bench.tls()
    clients = []
    for _ in range(200):
        client = smtplib.SMTP("localhost", bench.port("mss"), timeout=SECONDS)
        client.starttls(context=context)
        clients.append(client)
    for n, client in enumerate(clients):
        client.user, client.password = APPLICATION, ""
        client.ehlo()
        client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
        client.sendmail(APPLICATION, [DOCTOR], mail(f"n{n}@pfi"))
    assert len({e.facts["session"] for e in bench.of("mail")}) == 200
    for client in clients:
        client.close()


def test_polling_does_not_keep_a_window_open(bench: Bench) -> None:
    """A client that signs in and reads nothing again and again is recorded, and a window settles all the same."""
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            reader = bench.imap()
            reader.select()
            reader.search(None, "UNSEEN")
            reader.logout()

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        assert bench.of("login", "imap")
        window = bench.settle({}, seconds=1.0)
        assert window.settled
        told = [e for e in window.exchanges if e.channel == "imap"]
        assert len(told) <= 210
        assert len(told) + window.counters.get("imap.quiet", 0) >= window.counters["imap.login"]
    finally:
        stop.set()
        poller.join(SECONDS)


def test_a_client_that_tries_for_ever_does_not_either(bench: Bench) -> None:
    """A client that meets a wrong certificate and tries again at once is heard failing, and the window settles."""
    bench.settle({"mss.certificate": "expired"})
    stop = threading.Event()

    def insist() -> None:
        context = bench.tls()
        while not stop.is_set():
            with contextlib.suppress(ssl.SSLError, smtplib.SMTPException), bench.smtp(secure=False) as client:
                client.starttls(context=context)

    insisting = threading.Thread(target=insist)
    insisting.start()
    try:
        assert ended(bench).handshake == "failed"
        assert bench.settle({"mss.certificate": "expired"}).settled
    finally:
        stop.set()
        insisting.join(SECONDS)
