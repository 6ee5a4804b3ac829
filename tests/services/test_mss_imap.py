"""The reading side of the operator, spoken to by imaplib and by raw sockets."""

from __future__ import annotations

import contextlib
import email
import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from mail_lab import APPLICATION, DOCTOR, PATIENT, SECONDS, Bench, mail, opened

from conformance.bench.api import Drive
from conformance.bench.lab import Job
from conformance.bench.pki import Pki
from conformance.services.mss.service import ImapService
from conformance.standards.mail.sessions import ImapCommand, Session, observe_imap

# RFC 2045 and 2046: a text and a file, the second in base64; a message within a message.
MIXED = (
    "From: =?utf-8?q?Am=C3=A9lie?= <a@banc.mssante.fr>\r\nTo: <pfi@banc.mssante.fr>, <x@banc.mssante.fr>\r\n"
    "Date: Wed, 25 Nov 2026 10:00:00 +0100\r\nSubject: XDM/1.0/DDM+LETTRE CORSE FIGATELLIX\r\n"
    "Message-ID: <mixte@banc>\r\nIn-Reply-To: <avant@banc>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b1"\r\n\r\nnotes\r\n'
    "--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nÀ lire.\r\n"
    "--b1\r\nContent-Type: application/zip; name=IHE_XDM.zip\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=IHE_XDM.zip\r\n\r\nUEsDBA==\r\n"
    "--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: dedans\r\nFrom: <d@banc.mssante.fr>\r\n\r\ncorps\r\n"
    "--b1--\r\n"
).encode()


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """The operator, with a few messages in the application mailbox."""
    with opened(pki, tmp_path) as lab:
        operator = cast(ImapService, lab.lab.services["imap"]).operator
        for message in (MIXED, mail("deux@banc"), mail("trois@banc", "X-MSS-NIL: 1")):
            operator.put(APPLICATION, message)
        yield lab


def deliver(bench: Bench, *messages: bytes, to: str = APPLICATION) -> None:
    """Put messages in a mailbox."""

    async def run(drive: Drive) -> None:
        for n, message in enumerate(messages):
            await drive.instruct("imap", "deliver", message, name=f"d{n}", to=to)

    bench.lab.window([Job("d", run)], {})


def commands(bench: Bench) -> list[tuple[str, str, int]]:
    """The commands recorded: name, Message-ID, uid."""
    found = [observe_imap(e) for e in bench.of("command", "imap")]
    values = [cast(ImapCommand, o.value) for o in found]
    assert [dict(o.keys).get("message") for o in found] == [v.message_id for v in values]
    return [(v.command, v.message_id, v.uid) for v in values]


def test_messages_come_out_as_they_went_in(bench: Bench) -> None:
    """Whole, header, text and parts are the very bytes of the message."""
    client = bench.imap()
    assert client.select()[1] == [b"3"]
    whole = client.fetch("1", "(RFC822)")[1][0][1]
    assert whole == MIXED
    header, text = client.fetch("1", "(BODY.PEEK[HEADER])")[1][0][1], client.fetch("1", "(BODY[TEXT])")[1][0][1]
    assert header + text == MIXED
    assert client.fetch("1", "(BODY[2])")[1][0][1] == b"UEsDBA=="
    assert client.fetch("1", "(BODY[3.HEADER])")[1][0][1].startswith(b"Subject: dedans")
    assert client.fetch("1", "(BODY[3.TEXT])")[1][0][1] == b"corps"
    assert client.fetch("1", "(BODY[2.MIME])")[1][0][1].startswith(b"Content-Type: application/zip")
    assert client.fetch("1", "(BODY[9])")[1][0] == b"1 (BODY[9] NIL)"
    assert client.fetch("1", "(BODY.PEEK[]<5.6>)")[1][0] == (b"1 (BODY[]<5> {6}", MIXED[5:11])
    assert client.fetch("2", "(BODY[1])")[1][0][1] == b"Bonjour.\r\n"
    client.logout()


def test_structure_and_envelope(bench: Bench) -> None:
    """ENVELOPE and BODYSTRUCTURE as RFC 3501 7.4.2 writes them."""
    client = bench.imap()
    client.select()
    told = client.fetch("1", "(ENVELOPE)")[1][0]
    assert b'(("=?utf-8?q?Am=C3=A9lie?=" NIL "a" "banc.mssante.fr"))' in told
    assert b'"Wed, 25 Nov 2026 10:00:00 +0100" "XDM/1.0/DDM+LETTRE CORSE FIGATELLIX"' in told
    assert b'((NIL NIL "pfi" "banc.mssante.fr")(NIL NIL "x" "banc.mssante.fr")) NIL NIL "<avant@banc>"' in told
    parts = client.fetch("1", "(BODYSTRUCTURE)")[1]
    shown = b"".join(p if isinstance(p, bytes) else b"".join(p) for p in parts)
    assert b'("application" "zip" ("name" "IHE_XDM.zip") NIL NIL "base64" 8 NIL ("attachment"' in shown
    assert b'"message" "rfc822"' in shown
    assert b'"mixed" ("boundary" "b1")' in shown
    assert client.fetch("2", "(BODY)")[1][0] == b'2 (BODY ("text" "plain" NIL NIL NIL "7bit" 10 1))'
    assert b"RFC822.SIZE %d" % len(MIXED) in client.fetch("1", "FAST")[1][0]
    client.logout()


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("ALL", "1 2 3"),
        ("2:*", "2 3"),
        ("UID 1,3", "1 3"),
        ("SUBJECT corse", "1"),
        ('HEADER "Message-ID" "deux"', "2"),
        ("HEADER X-MSS-NIL 1", "3"),
        ("NOT SUBJECT essai", "1"),
        ("OR FROM a@banc SUBJECT absent", "1"),
        ("TO ps80 UNSEEN", "2 3"),
        ("(SENTSINCE 25-Nov-2026 SENTBEFORE 26-Nov-2026)", "1"),
        ("LARGER 500", "1"),
        ("BODY bonjour", "2 3"),
        ("SEEN", ""),
        ("DELETED", ""),
        ("CHARSET UTF-8 SUBJECT corse", "1"),
    ],
)
def test_search(bench: Bench, criteria: str, found: str) -> None:
    """The keys of SEARCH that clients use."""
    client = bench.imap()
    client.select()
    assert client.search(None, criteria)[1] == [found.encode()]
    client.logout()


def test_reading_is_told_and_polling_is_not(bench: Bench) -> None:
    """Signing in, searching, headers: no command recorded. Reading a body, flags, moves, deletions: each one."""
    client = bench.imap()
    client.select()
    client.noop()
    client.uid("SEARCH", "UNSEEN")
    client.fetch("1:*", "(FLAGS UID BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODYSTRUCTURE)")
    client.status("INBOX", "(MESSAGES UNSEEN)")
    assert not [e for e in bench.kept if e.facts.get("event") == "command"]
    client.uid("FETCH", "2", "(BODY.PEEK[])")
    assert client.search(None, "SEEN")[1] == [b""]
    client.uid("FETCH", "2", "(RFC822)")
    assert client.search(None, "SEEN")[1] == [b"2"]
    client.uid("STORE", "1", "+FLAGS", r"(\Flagged)")
    client.uid("COPY", "3", "Sent")
    client.uid("MOVE", "3", "Trash")
    client.store("2", "+FLAGS", r"\Deleted")
    assert client.expunge()[1][-1] == b"2"
    client.append("Sent", r"(\Seen)", None, mail("envoye@pfi"))
    client.close()
    client.logout()
    assert commands(bench) == [
        ("FETCH", "deux@banc", 2),
        ("FETCH", "deux@banc", 2),
        ("STORE", "mixte@banc", 1),
        ("COPY", "trois@banc", 3),
        ("MOVE", "trois@banc", 3),
        ("STORE", "deux@banc", 2),
        ("EXPUNGE", "deux@banc", 2),
        ("APPEND", "envoye@pfi", 2),
    ]
    assert bench.of("command", "imap")[-1].body == mail("envoye@pfi")
    session = cast(Session, observe_imap(bench.of("session", "imap")[0]).value)
    assert (session.effects, session.clear, session.tls) == (8, ("CAPABILITY", "STARTTLS"), "1.3")
    login = cast(Session, observe_imap(bench.of("login", "imap")[0]).value)
    assert (login.login, login.mechanism, login.client_usage) == (APPLICATION, "PLAIN", "AUTH_CLI")
    assert login.offered_suites == session.offered_suites


def test_two_sessions_see_the_same_mailbox(bench: Bench) -> None:
    """What one session deletes or receives, the other is told of when a command allows it (RFC 3501 7.4.1)."""
    one, two = bench.imap(), bench.imap()
    one.select()
    two.select()
    one.store("1", "+FLAGS", r"\Deleted")
    one.expunge()
    assert two.fetch("1", "(UID)")[1][-1] == b"1 (UID 1)"
    two.noop()
    assert two.response("EXPUNGE")[1] == [b"1"]
    assert two.fetch("1", "(UID)")[1] == [b"1 (UID 2)"]
    deliver(bench, mail("quatre@banc"))
    two.noop()
    assert two.response("EXISTS")[1][-1] == b"3"
    one.logout()
    two.logout()


def test_mailboxes_are_apart(bench: Bench) -> None:
    """Another mailbox is empty; its own messages have their own numbers."""
    deliver(bench, mail("p@banc"), to=PATIENT)
    client = bench.imap(DOCTOR)
    assert client.select()[1] == [b"0"]
    client.logout()
    client = bench.imap(PATIENT)
    assert client.select()[1] == [b"1"]
    assert [line.split()[-1] for line in client.list()[1]] == [b'"INBOX"', b'"Sent"', b'"Drafts"', b'"Trash"']
    assert client.create("Traites")[0] == "OK"
    assert client.uid("MOVE", "1", "Traites")[0] == "OK"
    assert client.select("Traites")[1] == [b"1"]
    assert client.select("Absent")[0] == "NO"
    client.logout()


def test_signing_in_needs_tls(bench: Bench) -> None:
    """LOGIN in clear is refused and told (MSS/CONF.06); after STARTTLS it is taken; XOAUTH2 works in one line."""
    client = imaplib.IMAP4("localhost", bench.port("imap"), timeout=SECONDS)
    assert "LOGINDISABLED" in client.capabilities
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        client.login(APPLICATION, "x")
    client.starttls(bench.tls(certificate=False))
    assert "LOGINDISABLED" not in client.capabilities
    client.login(APPLICATION, "")
    client.logout()
    session = cast(Session, observe_imap(bench.of("session", "imap")[0]).value)
    assert session.clear == ("CAPABILITY", "LOGIN", "STARTTLS")
    assert (session.mechanism, session.client_certificate) == ("LOGIN", "")
    token = f"user={DOCTOR}\1auth=Bearer {'j' * 3000}\1\1".encode()
    client = imaplib.IMAP4_SSL(
        "localhost", bench.port("imap-implicit"), ssl_context=bench.tls(certificate=False), timeout=SECONDS
    )
    client.authenticate("XOAUTH2", lambda _: token)
    assert client.select()[1] == [b"0"]
    client.logout()
    assert bench.of("login", "imap")[-1].facts["mechanism"] == "XOAUTH2"


def test_idle_tells_what_comes(bench: Bench) -> None:
    """RFC 2177: a message delivered while a client idles is announced at once."""
    with socket.create_connection(("localhost", bench.port("imap")), SECONDS) as raw:
        over = _over_tls(raw, bench)
        said = over.makefile("rwb")
        for line in (b"a AUTHENTICATE PLAIN AHBmaUBiYW5jLm1zc2FudGUuZnIA", b"b SELECT INBOX", b"c IDLE"):
            said.write(line + b"\r\n")
            said.flush()
            while not said.readline().startswith((line[:1] + b" OK", b"+ ")):
                pass
        coming = threading.Thread(target=deliver, args=(bench, mail("pendant@banc")))
        coming.start()
        assert said.readline() == b"* 4 EXISTS\r\n"
        said.write(b"DONE\r\n")
        said.flush()
        assert said.readline() == b"c OK IDLE completed\r\n"
        coming.join(SECONDS)


def _over_tls(raw: socket.socket, bench: Bench) -> ssl.SSLSocket:
    raw.recv(1000)
    raw.sendall(b"s STARTTLS\r\n")
    assert raw.recv(1000).startswith(b"s OK")
    return bench.tls().wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize(
    ("fault", "step"),
    [("greeting-4xx", "connect"), ("auth-refused", "auth"), ("select-4xx", "select"), ("cut", "fetch")],
)
def test_steps_can_fail(bench: Bench, fault: str, step: str) -> None:
    """Each fault strikes its own step, and those before it go well."""
    bench.settle({"imap.fault": fault})
    assert _reached(bench) == step
    bench.settle({})
    assert _reached(bench) == ""


def _reached(bench: Bench) -> str:
    """The step at which reading fails, empty when it does not."""
    try:
        client = imaplib.IMAP4("localhost", bench.port("imap"), timeout=SECONDS)
    except imaplib.IMAP4.error:
        return "connect"
    client.starttls(bench.tls())
    try:
        client.authenticate("PLAIN", lambda _: f"\0{APPLICATION}\0".encode())
    except imaplib.IMAP4.error:
        return "auth"
    if client.select()[0] != "OK":
        return "select"
    try:
        client.fetch("1", "(RFC822)")
    except (imaplib.IMAP4.abort, OSError):
        return "fetch"
    client.logout()
    return ""


def test_wrong_certificates_are_shown_here_too(bench: Bench) -> None:
    """The knob of the reading side is its own."""
    bench.settle({"imap.certificate": "expired", "mss.certificate": "valid"})
    client = imaplib.IMAP4("localhost", bench.port("imap"), timeout=SECONDS)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        client.starttls(bench.tls())
    session = cast(Session, observe_imap(bench.of("session", "imap")[0]).value)
    assert (session.handshake, session.certificate) == ("failed", "expired")
    assert bench.smtp().noop()[0] == 250


def test_a_message_that_is_no_mail(bench: Bench) -> None:
    """Bytes that are no mail, and none at all, can be listed and read without harm."""
    deliver(bench, b"\0\xff" * 10, b"", b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n", to=DOCTOR)
    client = bench.imap(DOCTOR)
    client.select()
    for number in "123":
        assert client.fetch(number, "(FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)")[0] == "OK"
    assert client.fetch("1", "(RFC822)")[1][0][1] == b"\0\xff" * 10
    client.logout()
    assert bench.lab.recorder.failure is None


HOSTILE = {
    "empty": b"\r\n",
    "tag": b"a\r\n",
    "no-set": b"a FETCH\r\n",
    "huge-literal": b"a LOGIN {99999999999}\r\n",
    "short-literal": b"a LOGIN {5}\r\n",
    "deep": b"a LOGIN " + b"(" * 5000 + b"\r\n",
    "or": b"a SEARCH OR\r\n",
    "open-string": b'a LOGIN "x\r\n',
    "letters": b"a UID FETCH x y\r\n",
    "bytes": b"\xff\xfe\x00 NOOP\r\n",
    "long": b"a NOOP" + b"x" * 100_000 + b"\r\n",
    "size": b"a SEARCH LARGER x\r\n",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_commands(bench: Bench, hostile: bytes) -> None:
    """What is no command is answered or ends the session; the service stays up and nothing of ours crashes."""
    with socket.create_connection(("localhost", bench.port("imap")), SECONDS) as raw:
        raw.sendall(hostile)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    with socket.create_connection(("localhost", bench.port("imap")), SECONDS) as raw:
        over = _over_tls(raw, bench)
        over.sendall(b"a AUTHENTICATE PLAIN AHBmaUBiYW5jLm1zc2FudGUuZnIA\r\nb SELECT INBOX\r\n" + hostile)
        over.settimeout(0.2)
        with contextlib.suppress(OSError):
            while over.recv(65536):
                pass
    client = bench.imap()
    assert client.select()[1] == [b"3"]
    client.logout()
    assert bench.lab.recorder.failure is None


def test_the_standard_library_reads_what_is_fetched(bench: Bench) -> None:
    """A fetched message parses into the parts it was made of."""
    client = bench.imap()
    client.select()
    read = email.message_from_bytes(client.fetch("1", "(BODY[])")[1][0][1])
    assert [p.get_content_type() for p in read.walk()][:3] == ["multipart/mixed", "text/plain", "application/zip"]
    client.logout()
