"""Receipts read from literal bytes: the fields of RFC 3464 and RFC 8098, and the error of the LPS volet."""

from __future__ import annotations

from conformance.standards.mail.syntax import parse
from conformance.standards.receipts.syntax import Dsn, Mdn, report


def lines(*rows: str) -> bytes:
    """Lines ended by CRLF."""
    return "\r\n".join((*rows, "")).encode()


DELIVERED = lines(
    "From: operateur@banc.mssante.fr",
    "To: pfi@banc.mssante.fr",
    "Subject: Remis",
    "Message-ID: <d1@banc.mssante.fr>",
    "MIME-Version: 1.0",
    'Content-Type: multipart/report; report-type=delivery-status; boundary="=r"',
    "",
    "--=r",
    "Content-Type: text/plain",
    "",
    "Votre message est arrivé.",
    "--=r",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; mx.banc.mssante.fr",
    "Original-Envelope-Id: ENV7",
    "",
    "Original-Recipient: rfc822;ps1@banc.mssante.fr",
    "Final-Recipient: rfc822; ps1@banc.mssante.fr",
    "Action: delivered",
    "Status: 2.0.0 (ok)",
    "",
    "Final-Recipient: rfc822; ps2@banc.mssante.fr",
    "Action: Failed",
    "Status: 5.1.1",
    "Remote-MTA: dns; mx.ailleurs.fr",
    "Diagnostic-Code: smtp; 550 5.1.1 inconnu",
    "",
    "--=r",
    "Content-Type: text/rfc822-headers",
    "",
    "Subject: XDM/1.0/DDM+CR PAT-TROIS DOMINIQUE",
    "Message-ID: <m1@banc.mssante.fr>",
    "--=r--",
)


def disposition(value: str, *more: str) -> bytes:
    """An MDN of a disposition."""
    return lines(
        "From: ps1@banc.mssante.fr",
        "To: pfi@banc.mssante.fr",
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="=r"',
        "",
        "--=r",
        "",
        "Lu.",
        "--=r",
        "Content-Type: message/disposition-notification",
        "",
        "Reporting-UA: poste; Client 1.0",
        "Original-Recipient: rfc822;ps1@banc.mssante.fr",
        "Final-Recipient: rfc822;ps1@banc.mssante.fr",
        "Original-Message-ID: <m1@banc.mssante.fr>",
        f"Disposition: {value}",
        *more,
        "--=r--",
    )


def test_a_dsn_tells_the_fate_of_each_recipient() -> None:
    """Two recipients, one delivered and one failed; the mail they are about is named by the headers returned."""
    found = report(parse(DELIVERED))
    assert isinstance(found, Dsn)
    assert (found.reporting, found.envelope_id, found.about) == ("mx.banc.mssante.fr", "ENV7", "m1@banc.mssante.fr")
    assert [(r.final, r.action, r.status) for r in found.recipients] == [
        ("ps1@banc.mssante.fr", "delivered", "2.0.0"),
        ("ps2@banc.mssante.fr", "failed", "5.1.1"),
    ]
    assert found.recipients[1].diagnostic == "smtp; 550 5.1.1 inconnu"
    assert found.recipients[1].remote == "mx.ailleurs.fr"


def test_a_dsn_may_return_the_whole_mail() -> None:
    """With message/rfc822 as third part, the fields of that mail are those returned."""
    id = b"<m1@banc.mssante.fr>\r\n"
    whole = DELIVERED.replace(b"text/rfc822-headers", b"message/rfc822").replace(id, id + b"\r\nBonjour\r\n")
    found = report(parse(whole))
    assert isinstance(found, Dsn)
    assert found.about == "m1@banc.mssante.fr"


def test_an_mdn_tells_what_was_done_with_the_mail() -> None:
    """Modes, disposition and the mail it is about."""
    found = report(parse(disposition("manual-action/MDN-sent-manually; displayed")))
    assert isinstance(found, Mdn)
    assert (found.mode, found.type, found.modifiers) == ("manual-action/MDN-sent-manually", "displayed", ())
    assert (found.about, found.final) == ("m1@banc.mssante.fr", "ps1@banc.mssante.fr")


def test_an_error_of_integration_is_read_in_both_forms() -> None:
    """The former form puts it after the slash, the latter in an Error field."""
    former = report(parse(disposition("automatic-action/MDN-sent-automatically; processed/Error: 902^Patient inconnu")))
    assert isinstance(former, Mdn)
    assert former.modifiers == ("Error: 902^Patient inconnu",)
    latter = report(
        parse(disposition("automatic-action/MDN-sent-automatically; processed/error", "Error: 902^Patient inconnu"))
    )
    assert isinstance(latter, Mdn)
    assert (latter.type, latter.modifiers, latter.errors) == ("processed", ("error",), ("902^Patient inconnu",))


def test_what_is_no_report_is_none() -> None:
    """An ordinary mail, and a report whose second part is missing."""
    assert report(parse(lines("Subject: a", "", "b"))) is None
    assert report(parse(DELIVERED.replace(b"message/delivery-status", b"text/plain"))) is None
