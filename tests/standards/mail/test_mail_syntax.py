"""Mails read into fields and parts: literal bytes of the RFCs' forms, mails of the standard library, and a parser in
Rust that we did not write (fast-mail-parser) of the same opinion."""

from __future__ import annotations

import time
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP

import fast_mail_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Malformed
from conformance.standards.mail import syntax
from conformance.standards.mail.syntax import Address, Mail, parse

PLAIN = (
    b"From: =?iso-8859-1?Q?H=F4pital_du?= =?iso-8859-1?Q?_Banc?= <pfi@banc.mssante.fr>\r\n"
    b'To: "LE GOFF, Yann" <yann@banc.mssante.fr>,\r\n'
    b"\tGroupe: accueil@banc.mssante.fr, <garde@banc.mssante.fr>;\r\n"
    b"Subject: =?utf-8?B?RG9jdW1lbnQgZGUgc2FudMOp?=\r\n"
    b"Message-ID: <1@banc.mssante.fr>\r\n"
    b"References: <a@b.fr>\r\n <c@d.fr>\r\n"
    b"In-Reply-To: <c@d.fr>\r\n"
    b"\r\nBonjour,\r\n"
)


def made(*files: tuple[str, str, bytes], html: str = "", text: str = "Bonjour à tous\n") -> bytes:
    """A mail as the standard library writes one."""
    mail = EmailMessage(SMTP)
    mail["From"] = Mailbox("Hôpital du Banc", addr_spec="pfi@banc.mssante.fr")
    mail["To"] = [Mailbox("", addr_spec="yann@banc.mssante.fr"), Mailbox("Zoé", addr_spec="zoe@banc.mssante.fr")]
    mail["Subject"] = "XDM/1.0/DDM+Synthèse médicale N'DIAYE ZOE 12/10/1988 " + "très longue " * 12 + "fin"
    mail["Message-ID"] = "<2@banc.mssante.fr>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, kind, content in files:
        main, _, sub = kind.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()


FULL = made(
    ("IHE_XDM.zip", "application/zip", b"PK\x03\x04" + bytes(range(256)) * 20),
    ("20220531_CR d'imagerie médicale_CORSE.pdf", "application/pdf", b"%PDF-1.4\n"),
    html="<p>Bonjour à tous</p>",
)


def test_the_header_of_a_mail() -> None:
    """Encoded words are decoded and joined, folds undone, groups flattened, identifiers taken out of their brackets."""
    mail = parse(PLAIN)
    assert mail.sender == Address("Hôpital du Banc", "pfi@banc.mssante.fr")
    assert [(a.label, a.address) for a in mail.recipients] == [
        ("LE GOFF, Yann", "yann@banc.mssante.fr"),
        ("", "accueil@banc.mssante.fr"),
        ("", "garde@banc.mssante.fr"),
    ]
    assert mail.subject == "Document de santé"
    assert mail.message_id == "1@banc.mssante.fr"
    assert mail.references == ("a@b.fr", "c@d.fr")
    assert mail.in_reply_to == ("c@d.fr",)
    assert mail.faults == ()


def test_every_byte_of_the_header_belongs_to_a_field() -> None:
    """The spans of the fields follow one another up to the empty line; that of the body is the rest."""
    for raw in (PLAIN, FULL):
        mail = parse(raw)
        assert b"".join(raw[f.start : f.end] for f in mail.fields) + b"\r\n" == raw[: mail.root.start]
        assert mail.root.end == len(raw)
        assert mail.raw == raw


def test_the_structure_of_a_mail_with_attachments() -> None:
    """Words first, in two forms, then files: types, charsets, names and bytes are those that were put in."""
    mail = parse(FULL)
    assert [(p.path, p.type) for p in mail.walk()] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "application/zip"),
        ("3", "application/pdf"),
    ]
    archive, pdf = mail.attachments
    assert archive.content == b"PK\x03\x04" + bytes(range(256)) * 20
    assert (pdf.filename, pdf.filename_form, pdf.disposition) == (
        "20220531_CR d'imagerie médicale_CORSE.pdf",
        "2231",
        "attachment",
    )
    assert mail.wording is not None
    assert mail.wording.type == "multipart/alternative"
    assert [p.text.strip() for p in mail.wording.parts] == ["Bonjour à tous", "<p>Bonjour à tous</p>"]


def both(raw: bytes) -> None:
    """Ours and the parser in Rust say the same of a mail."""
    ours, theirs = parse(raw), fast_mail_parser.parse_email(raw)
    assert ours.subject == theirs.subject
    assert [a.address for a in ours.addresses("To")] == [a.address for a in theirs.to]
    assert ours.sender is not None
    assert (ours.sender.address, ours.sender.label) == (theirs.from_.address, theirs.from_.display_name)
    assert [p.text for p in _texts(ours, "text/plain")] == theirs.text_plain
    assert [p.text for p in _texts(ours, "text/html")] == theirs.text_html
    mine = [(p.type, p.filename, p.content) for p in ours.attachments]
    assert mine == [(a.mimetype, a.filename, bytes(a.content)) for a in theirs.attachments]


def _texts(mail: Mail, kind: str) -> list[syntax.Part]:
    return [p for p in mail.walk() if p.type == kind and not p.attached]


def test_a_parser_that_we_did_not_write_agrees() -> None:
    """Subject, mailboxes, texts and attachments are the same for fast-mail-parser."""
    for raw in (FULL, made(), made(html="<p>x</p>"), made(("a.xml", "text/xml", b"<a/>"))):
        both(raw)


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=200),
    st.binary(max_size=400),
    st.text(st.characters(codec="latin-1", exclude_categories=("Cc",)), min_size=1, max_size=40),
)
def test_what_the_standard_library_writes_is_read_again(text: str, content: bytes, name: str) -> None:
    """Any text and any bytes put in a mail come out of it unchanged."""
    name = name.replace("/", "_").replace("\\", "_").replace('"', "'").strip() or "x"
    mail = parse(made((name, "application/octet-stream", content), text=text + "\n"))
    words = _texts(mail, "text/plain")[0].text
    assert words.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")
    assert mail.attachments[0].content == content
    assert mail.attachments[0].filename == name


def test_a_mail_within_a_mail_keeps_its_own_fields() -> None:
    """A message/rfc822 part is a mail read in its turn, whose bytes are those that were attached."""
    outer = EmailMessage(SMTP)
    outer["Subject"] = "Tr"
    outer.set_content("voir ci-joint")
    inner = EmailMessage(SMTP)
    inner["Subject"] = "Dedans"
    inner["Message-ID"] = "<i@b.fr>"
    inner.set_content("corps")
    outer.add_attachment(inner)
    mail = parse(outer.as_bytes())
    held = next(p.mail for p in mail.walk() if p.mail is not None)
    assert (held.subject, held.message_id) == ("Dedans", "i@b.fr")
    assert held.raw.strip() == inner.as_bytes().strip()


def test_line_ends_of_a_file_on_disk_are_read_too() -> None:
    """LF alone, and the separator line of an mbox, change nothing to what is read."""
    unix = b"From x@y Mon Jan  5 09:31:00 2026\n" + FULL.replace(b"\r\n", b"\n")
    assert [(p.path, p.type, p.content) for p in parse(unix).attachments] == [
        (p.path, p.type, p.content) for p in parse(FULL).attachments
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"Bonjour\r\n\r\nA: b\r\n", "mail.syntax.not-a-mail"),
        (b"", "mail.syntax.not-a-mail"),
        (b"A: b\r\n" * 1_001 + b"\r\n", "mail.syntax.too-many"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1_001, "mail.syntax.too-many"),
        (b"Content-Type: message/rfc822\r\n\r\n" * 40 + b"A: b\r\n\r\n", "mail.syntax.too-deep"),
        (b"A: b\r\n\r\n" + bytes(syntax.LIMIT_BYTES), "mail.syntax.too-big"),
    ],
)
def test_what_is_no_mail_or_costs_too_much_is_refused(raw: bytes, code: str) -> None:
    """The bounds hold, and each refusal says which."""
    with pytest.raises(Malformed) as caught:
        parse(raw)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\nx", "mail.syntax.boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx", "mail.syntax.boundary"),
        (b"Content-Transfer-Encoding: base64\r\n\r\n&&&", "mail.syntax.encoding"),
        (b"A: b\r\nnot a field\r\n\r\n", "mail.syntax.field"),
        (b"Content-Type: text/plain; " + b"a=b; " * 2_000 + b"\r\n\r\nx", "mail.syntax.field"),
    ],
)
def test_what_is_damaged_is_told_and_read_all_the_same(raw: bytes, code: str) -> None:
    """A fault of the bytes is noted; the rest of the mail is there."""
    assert code in {f.code for f in parse(raw).faults}


@pytest.mark.parametrize(
    "raw",
    [
        b"To: " + b"(" * 30_000 + b"\r\n\r\n",
        b"To: " + b'"' * 60_000 + b"\r\n\r\n",
        b"Subject: " + b"=?utf-8?q?" * 6_000 + b"\r\n\r\n",
        b"Subject: " + b"=?utf-8?b?QQ==?= " * 3_000 + b"\r\n\r\n",
        b"Content-Disposition: attachment; " + b"".join(b"filename*%d=a; " % n for n in range(200)) + b"\r\n\r\n",
        b'Content-Type: multipart/mixed; boundary="' + b"-" * 150 + b'"\r\n\r\n' + b"-" * 1_000_000,
        b"A: b" + b"\r\n " * 300_000 + b"\r\n\r\n",
    ],
)
def test_hostile_bytes_cost_little(raw: bytes) -> None:
    """Nested comments, endless quotes, false encoded words and long folds neither crash nor last."""
    start = time.process_time()
    mail = parse(raw)
    assert mail.recipients is not None
    assert all(len(p.filename) < 10_000 for p in mail.walk())
    assert time.process_time() - start < 2


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(FULL)), st.integers(0, 60))
def test_any_damage_is_told_or_read_never_a_crash(noise: bytes, at: int, cut: int) -> None:
    """A mail with bytes replaced at random gives a mail or a Malformed."""
    raw = FULL[:at] + noise + FULL[at + cut :]
    assert read(raw) is not None


def read(raw: bytes) -> list[bytes] | str:
    """All that a mail holds, or why it cannot be read."""
    try:
        return [p.content for p in parse(raw).walk()]
    except Malformed as error:
        return error.code


def test_a_mail_of_100_kb_is_read_in_a_few_milliseconds() -> None:
    """Reading costs less than 20 ms of processor time, on a slow machine."""
    raw = made(("a.zip", "application/zip", bytes(70_000)))
    assert len(raw) > 90_000
    start = time.process_time()
    for _ in range(5):
        parse(raw)
    assert (time.process_time() - start) / 5 < 0.02
