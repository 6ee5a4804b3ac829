"""Pieces of the mail half alone: the PDF it draws, the receipts it reads, the settings it refuses."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest
from reference_mail_bench import CONFIG
from reference_messages import INS, cda, fresh_oid, message

from conformance.reference import incoming
from conformance.reference.config import ConfigError, load
from conformance.reference.mail import receipts
from conformance.reference.mail.pdf import write
from conformance.standards.pdf.judging import judge

DSN = b"""From: MAILER-DAEMON@CS.UTK.EDU\r
To: owner-ups-mib@CS.UTK.EDU\r
Subject: Returned mail: Cannot send message for 5 days\r
Message-ID: <199407072116.RAA14128@CS.UTK.EDU>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r
\r
--B\r
\r
The original message was received at Sat, 2 Jul 1994 17:10:28 -0400\r
--B\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; cs.utk.edu\r
\r
Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r
Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r
Action: failed\r
Status: 4.0.0\r
Diagnostic-Code: smtp; 426 connection timed out\r
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r
\r
Final-Recipient: rfc822;jean@banc.mssante.fr\r
Action: delivered\r
Status: 2.1.5\r
--B\r
Content-Type: message/rfc822\r
\r
Message-ID: <original@cs.utk.edu>\r
Subject: x\r
\r
x\r
--B--\r
"""
"""The example of RFC 3464, appendix A.1, with a second recipient and a returned message."""

MDN = b"""Date: Wed, 20 Sep 1995 00:19:00 (EDT) -0400\r
From: Joe Recipient <Joe_Recipient@example.com>\r
Message-Id: <199509200019.12345@example.com>\r
Subject: Disposition notification\r
To: Jane Sender <Jane_Sender@example.org>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=disposition-notification;\r
 boundary="RAA14128.773615765/example.com"\r
\r
--RAA14128.773615765/example.com\r
\r
The message sent on 1995 Sep 19 has been displayed.\r
\r
--RAA14128.773615765/example.com\r
content-type: message/disposition-notification\r
\r
Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\r
Original-Recipient: rfc822;Joe_Recipient@example.com\r
Final-Recipient: rfc822;Joe_Recipient@example.com\r
Original-Message-ID: <199509192301.23456@example.org>\r
Disposition: manual-action/MDN-sent-manually; displayed\r
\r
--RAA14128.773615765/example.com--\r
"""
"""The example of RFC 8098, section 9, without its third part."""


def read(data: bytes) -> list[receipts.Receipt]:
    """The receipts of literal bytes."""
    return receipts.read(email.message_from_bytes(data, policy=email.policy.default))


def test_a_dsn_is_read_by_recipient() -> None:
    """The failure and the delivery of one DSN are told apart, each for its recipient, about the mail returned."""
    failed, delivered = read(DSN)
    assert (failed.original, failed.recipient, failed.success) == (
        "<original@cs.utk.edu>",
        "louisl@larry.slip.umd.edu",
        False,
    )
    assert (failed.code, failed.label) == ("426", "connection timed out")
    assert (delivered.recipient, delivered.success) == ("jean@banc.mssante.fr", True)


def test_an_mdn_is_read() -> None:
    """The example of RFC 8098 is a reading by its recipient."""
    (found,) = read(MDN)
    assert found.kind == "read"
    assert found.original == "<199509192301.23456@example.org>"
    assert found.recipient == "joe_recipient@example.com"
    assert found.success


def test_an_mdn_in_error_is_a_failure() -> None:
    """A disposition with the modifier error is not a reading."""
    (found,) = read(MDN.replace(b"; displayed", b"; processed/Error: 902^Patient inconnu"))
    assert not found.success
    assert (found.code, found.label) == ("902", "Patient inconnu")


@pytest.mark.parametrize("cut", [0, 10, 200, 400, 600, 800, 1000])
def test_a_cut_receipt_never_raises(cut: int) -> None:
    """Any beginning of a receipt is read as far as it goes."""
    assert isinstance(read(DSN[:cut]), list)
    assert isinstance(read(MDN[:cut]), list)


def test_the_pdf_drawn_is_pdf_a() -> None:
    """What is drawn for a narrative satisfies the rules of PDF/A-1 that the bench checks, and is several pages long."""
    pytest.importorskip("pikepdf", reason="the extra pdf is not installed")
    data = write(
        "Compte rendu d'imagerie médicale", ["Créé à l'hôpital, 37 °C « Œuvre » – façon naïve \U0001f600"] * 80
    )
    assert [f.code for f in judge(data) if f.severity.name == "ERROR"] == []
    assert data.count(b"/Type /Page ") == 2


def test_recipients_of_the_first_version_are_in_the_document() -> None:
    """Without PRT RCT, the mailboxes are those of the intended recipients of the CDA."""
    told = (
        "<informationRecipient><intendedRecipient><telecom value='mailto:dr@banc.mssante.fr'/>"
        "<telecom value='tel:+33100000000'/></intendedRecipient></informationRecipient><legalAuthenticator>"
    )
    text = cda(fresh_oid()).replace("<legalAuthenticator>", told, 1)
    raw = message(text, flags="DESTMSSANTEPS").replace(b"2.1^CISIS_CDA_HL7_V2", b"1.2^CISIS_CDA_HL7_V1")
    parsed = incoming.read(raw)
    received = incoming.received(parsed, incoming.envelope(parsed))
    assert received.recipients == ("dr@banc.mssante.fr",)
    assert received.ins is not None
    assert received.ins.matricule == INS


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('smtp = "smtp://127.0.0.1:{mss}"', 'smtp = "http://x"', "mss.smtp"),
        ("poll = 0.1", "poll = 0", "mss.poll"),
        ('return_mailbox = "accueil@banc.mssante.fr"', 'return_mailbox = "accueil"', "mss.return_mailbox"),
        ("poll = 0.1", 'crl = "maybe"', "mss.crl"),
        ("poll = 0.1", 'tls_minimum = "3"', "mss.tls_minimum"),
        ('address = "mllp://127.0.0.1:{relay}"', 'address = "mllp://127.0.0.1:0"', "relay.address"),
    ],
)
def test_unusable_settings_are_told(
    tmp_path: Path, old: str, new: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong value of `[mss]` or `[relay]` is refused with its key."""
    monkeypatch.setenv("REFERENCE_MAIL_TOKEN", "x")
    for name in ("anchors.pem", "client.pem", "client.key"):
        (tmp_path / name).write_text("")
    assert old in CONFIG
    text = CONFIG.replace(old, new).format(returns=1, relay=2, mss=3, imap=4, more="")
    file = tmp_path / "mail.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as told:
        load(file)
    assert told.value.key == key
