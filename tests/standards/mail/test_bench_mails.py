"""Mails that the bench builds, read by the standard library and by our own reader."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest

from conformance.standards import eicar
from conformance.standards.mail.builders import File, MailSpec, build
from conformance.standards.mail.syntax import parse

SPEC = MailSpec(
    sender=("Dr Hélène GARNIER", "ps99700042106@banc.mssante.fr"),
    to=(("", "pfi@banc.mssante.fr"),),
    subject="XDM/1.0/DDM+CR d'imagerie médicale MARTIN Éva 12/10/1988",
    text="Bonjour,\nœdème : 37,5 °C\n",
    message_id="a.b@banc.mssante.fr",
    sent_at=datetime(2026, 1, 4, 18, 0, tzinfo=UTC),
    receipt_to="ps99700042106@banc.mssante.fr",
    in_reply_to="c@d",
    references=("a@b", "c@d"),
    files=(File("20220531_CR d'imagerie médicale_É.pdf", "application/pdf", b"%PDF-1.4\x00\xff"),),
)


def test_the_standard_library_reads_what_was_built() -> None:
    """Headers, words and attachment come back; lines end by CRLF; the same spec gives the same bytes."""
    raw = build(SPEC)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert str(mail["Subject"]).strip() == SPEC.subject
    assert mail["From"].addresses[0].display_name == "Dr Hélène GARNIER"
    assert mail["Disposition-Notification-To"] == "<ps99700042106@banc.mssante.fr>"
    assert (mail["In-Reply-To"], mail["References"]) == ("<c@d>", "<a@b> <c@d>")
    body = mail.get_body()
    assert body is not None
    assert "œdème : 37,5 °C" in body.get_content()
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == SPEC.files[0].name
    assert attachment.get_content() == b"%PDF-1.4\x00\xff"
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw == build(SPEC)


def test_our_reader_agrees() -> None:
    """Message-ID, thread, subject and file name."""
    mail = parse(build(SPEC))
    assert mail.faults == ()
    assert (mail.message_id, mail.in_reply_to, mail.references) == (SPEC.message_id, ("c@d",), ("a@b", "c@d"))
    assert mail.subject == SPEC.subject
    assert [p.filename for p in mail.attachments] == [SPEC.files[0].name]


def test_a_date_without_offset_is_our_mistake() -> None:
    """RFC 5322, 3.3: a date has its zone."""
    with pytest.raises(ValueError, match="offset"):
        build(MailSpec(("", "a@b.fr"), (("", "c@d.fr"),), "s", "t", "i@b", datetime(2026, 1, 4)))  # noqa: DTZ001


def test_eicar_is_what_its_makers_publish() -> None:
    """68 bytes, their MD5 as published by EICAR; found plain and in Base64, and nowhere else."""
    import hashlib
    from base64 import b64encode

    content = eicar.content()
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == "44d88612fea8a8f36de82e1278abb02f"
    assert eicar.inside(b"x" + content)
    assert eicar.inside(b"<text>" + b64encode(content) + b"</text>")
    assert not eicar.inside(b"EICAR")
