"""Each rule on a mail: a mail as it should be breaks none, and each change breaks the rule it is about."""

from __future__ import annotations

from collections.abc import Mapping

import mss_mails as m
import pytest

from conformance.evidence.values import Severity
from conformance.standards.mail import rules
from conformance.standards.mail.syntax import parse

KNOWN = rules.Settings.of({"reference_produit": "PFI-0001"})
METADATA = "mail.attachments.archive"


def codes(raw: bytes, settings: rules.Settings = KNOWN) -> set[str]:
    """The codes that a mail gives, but for the advice on bare metadata."""
    return {f.code for f in rules.judge(rules.Letter(parse(raw), settings))} - {METADATA}


def test_a_mail_as_it_should_be_breaks_no_rule() -> None:
    """Plain text or two forms, one document or several, to a patient or to a professional: nothing is found."""
    html = "<html><head><title>t</title></head><body><p>Bonjour,</p><p>Veuillez trouver le document en pi&egrave;ce "
    html += "jointe.<br>\n</p><p>Message g&eacute;n&eacute;r&eacute; automatiquement. Pour joindre l'émetteur&nbsp;: "
    html += m.BACK
    assert codes(m.mail()) == set()
    assert codes(m.mail(html=html)) == set()
    assert codes(m.mail({"To": m.PRO})) == set()
    two = (m.cda(), m.cda(uid="1.2.250.1.999.1.77.2", time="20260104111500+0100"))
    subject = "XDM/1.0/DDM+2 documents PAT-TROIS DOMINIQUE"
    assert codes(m.mail({"Subject": subject}, documents=two, pdfs=(m.pdf_a(), m.pdf_a("autre")))) == set()


def test_two_forms_of_one_document_need_one_pdf() -> None:
    """N1 and N3 of the same content are one document, and one PDF is enough."""
    forms = (m.cda(), m.cda(uid="1.2.250.1.999.1.77.3", structured=True))
    assert codes(m.mail(documents=forms)) == set()


def test_codes_of_several_documents_may_be_written_in_two_ways() -> None:
    """One header with commas, or repeated headers."""
    other = m.cda(uid="1.2.250.1.999.1.77.2").replace(b'code="18748-4"', b'code="34112-3"')
    pdfs = (m.pdf_a(), m.pdf_a("autre"))
    subject = {"Subject": "XDM/1.0/DDM+2 documents PAT-TROIS DOMINIQUE"}
    both = (m.cda(), other)
    assert codes(m.mail({**subject, "X-MSS-CODECDA": "34112-3, 18748-4"}, documents=both, pdfs=pdfs)) == set()
    repeated = m.mail(subject, documents=both, pdfs=pdfs)
    repeated = repeated.replace(b"X-MSS-CODECDA: 18748-4\r\n", b"X-MSS-CODECDA: 18748-4\r\nX-MSS-CODECDA: 34112-3\r\n")
    assert codes(repeated) == set()


ACCENT = "Dr Hélène GARNIER"

HEADERS: tuple[tuple[Mapping[str, str | None], str], ...] = (
    ({"Message-ID": None}, "mail.message-id.missing"),
    ({"Message-ID": "1.20260105@banc.mssante.fr"}, "mail.message-id.syntax"),
    ({"Message-ID": "<1 20260105@banc.mssante.fr>"}, "mail.message-id.syntax"),
    ({"Message-ID": "<1.@banc.mssante.fr>"}, "mail.message-id.syntax"),
    ({"Message-ID": "<sans-arobase>"}, "mail.message-id.syntax"),
    ({"Date": None}, "mail.header.date"),
    ({"From": m.APP}, "mail.sender.no-label"),
    ({"From": f'"{m.APP}" <{m.APP}>'}, "mail.sender.no-label"),
    ({"From": f"GARNIER <{m.PRO}>", "Reply-To": None}, "mail.sender.person"),
    ({"From": f"Dr GARNIER <{m.PRO}>", "Reply-To": None}, "mail.sender.person"),
    ({"Reply-To": None}, "mail.reply-to.missing"),
    ({"Reply-To": m.APP}, "mail.reply-to.mailbox"),
    ({"Reply-To": "accueil@exemple.fr"}, "mail.reply-to.mailbox"),
    ({"Reply-To": m.PRO}, "mail.notice.differs"),
    ({"Return-Receipt-To": "oui"}, "mail.receipt.address"),
    ({"Disposition-Notification-To": "autre@banc.mssante.fr"}, "mail.receipt.elsewhere"),
    ({"X-MSS-INS": None}, "mail.x-mss-ins.missing"),
    ({"X-MSS-INS": "N"}, "mail.x-mss-ins.differs"),
    ({"X-MSS-INS": "o"}, "mail.x-mss-ins.value"),
    ({"X-MSS-CODECDA": None}, "mail.x-mss-codecda.missing"),
    ({"X-MSS-CODECDA": m.LABEL}, "mail.x-mss-codecda.differs"),
    ({"X-MSS-CODECDA": "18748-4,34112-3"}, "mail.x-mss-codecda.differs"),
    ({"X-MSS-NIL": None}, "mail.x-mss-nil.missing"),
    ({"X-MSS-NIL": "PFI-0002"}, "mail.x-mss-nil.differs"),
    ({"X-MSS-MES": "fin"}, "mail.x-mss-mes.value"),
    ({"X-MSS-MES": "FIN", "To": m.PRO}, "mail.x-mss-mes.not-patient"),
    ({"Subject": "Document de santé"}, "mail.subject.mark"),
    ({"Subject": "xdm/1.0/ddm+CR PAT-TROIS DOMINIQUE"}, "mail.subject.mark"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} PAT-TROIS"}, "mail.subject.fields"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} DOMINIQUE 28/03/1979"}, "mail.subject.fields"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} DOMINIQUE PAT-TROIS"}, "mail.subject.fields"),
    ({"Subject": "XDM/1.0/DDM+PAT-TROIS DOMINIQUE 28/03/1979"}, "mail.subject.fields"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} PAT-TROIS DOMINIQUE 29/03/1979"}, "mail.subject.birth-date"),
    ({"Subject": "XDM/1.0/DDM+Imagerie PAT-TROIS DOMINIQUE"}, "mail.subject.label"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} Pat-Trois DOMINIQUE"}, "mail.subject.form"),
    ({"Subject": f"XDM/1.0/DDM+{m.LABEL} PAT-TROIS DOMINIQUE 1979-03-28"}, "mail.subject.form"),
    ({"To": "jean.martin@patient.mssante.fr"}, "mail.patient-address.form"),
    ({"To": "279035121518988@patient.mssante.fr"}, "mail.patient-address.key"),
    ({"To": f"{m.OTHER_INS}@patient.mssante.fr"}, "mail.patient-address.other"),
)


@pytest.mark.parametrize(("change", "code"), HEADERS, ids=[f"{n}-{c}" for n, (_h, c) in enumerate(HEADERS)])
def test_each_header_at_fault_breaks_its_rule(change: Mapping[str, str | None], code: str) -> None:
    """A header taken away or changed is found by the rule on it."""
    assert code in codes(m.mail(change))


def test_a_sender_named_as_the_row_says_is_taken() -> None:
    """Underscores or blanks, with or without title and unit, accents encoded; a unit alone for an application."""
    for label in ("Dr_Hélène_GARNIER_Radiologie", ACCENT, "Hélène GARNIER", "Service de radiologie"):
        assert "mail.sender.person" not in codes(m.mail({"From": f"{label} <{m.PRO}>", "Reply-To": None}))
    assert not {c for c in codes(m.mail({"From": f"Radiologie <{m.APP}>"})) if c.startswith("mail.sender")}


def test_a_body_at_fault_breaks_the_rule_on_bodies() -> None:
    """HTML alone, HTML first, three forms, other words: each is told apart."""
    html = f"<p>{m.BODY}</p>"
    assert "mail.body.type" in codes(m.mail(text=None, html=html))
    assert "mail.body.wording" in codes(m.mail(html="<p>Bonjour, voir la version texte.</p>"))
    assert "mail.body.wording" in codes(m.mail(html=html.replace("Bonjour", "Bonsoir")))
    turned = m.mail(html=html).replace(b"text/plain;", b"text/xxxxx;").replace(b"text/html;", b"text/plain;")
    assert "mail.body.forms" in codes(turned.replace(b"text/xxxxx;", b"text/html;"))
    assert "mail.body.charset" in codes(m.mail().replace(b'charset="utf-8"', b'charset="iso-8859-15"', 1))
    empty = m.bare("From: PFI <a@b.mssante.fr>", "Content-Type: application/pdf", "", "%PDF")
    assert "mail.body.absent" in codes(empty)


def test_the_notice_stands_at_the_end_and_gives_an_address() -> None:
    """No notice, a notice followed by a long text, a notice without a reachable address: each is told."""
    assert "mail.notice.missing" in codes(m.mail(text="Bonjour,\nVoici le document.\n"))
    buried = m.NOTICE + "\n" + "\n".join(f"Ligne {n} du message." for n in range(40))
    assert "mail.notice.missing" in codes(m.mail(text=buried))
    assert "mail.notice.no-address" in codes(m.mail(text="Message généré automatiquement.\n"))
    assert "mail.notice.no-address" in codes(m.mail(text=f"Message généré automatiquement, répondre à {m.APP}.\n"))
    # A mail that a person writes owes neither notice nor Reply-To.
    person = codes(m.mail({"From": f"{ACCENT} <{m.PRO}>", "Reply-To": None}, text="Bonjour.\n"))
    assert not {c for c in person if c.startswith(("mail.notice", "mail.reply-to"))}


def test_attachments_at_fault_break_the_rule_on_attachments() -> None:
    """No archive, an archive of nothing, no PDF, a PDF that is no PDF/A-1, two patients: each is told apart."""
    assert "mail.attachments.no-archive" in codes(m.mail(documents=()))
    assert "mail.attachments.no-pdf" in codes(m.mail(pdfs=()))
    assert "mail.attachments.not-pdf-a" in codes(m.mail(pdfs=(m.PLAIN_PDF,)))
    both = m.mail(pdfs=(m.pdf_a(), m.PLAIN_PDF))
    beside = [
        f.severity for f in rules.judge(rules.Letter(parse(both), KNOWN)) if f.code == "mail.attachments.not-pdf-a"
    ]
    assert beside == [Severity.ADVICE]  # what is attached besides the documents owes nothing
    assert "mail.attachments.pdf-differs" in codes(m.mail(pdfs=(m.pdf_a("autre"),)))
    unreadable = m.mail(documents=(), files=(("IHE_XDM.zip", b"PK\x03\x04 cut"),))
    assert "mail.attachments.archive-unreadable" in codes(unreadable)
    empty = m.mail(documents=(), files=(("IHE_XDM.zip", m.archive()),))
    assert "mail.attachments.no-cda" in codes(empty)
    headless = m.mail(documents=(), files=(("IHE_XDM.zip", m.archive(m.cda(), metadata=False)),))
    assert "mail.attachments.archive-unreadable" in codes(headless)
    assert "mail.attachments.archive-name" in codes(m.mail(documents=(), files=(("docs.zip", m.archive(m.cda())),)))
    other = m.cda(uid="1.2.250.1.999.1.78.1", ins=m.OTHER_INS, family="AUTRE")
    two = m.mail(documents=(m.cda(), other), pdfs=(m.pdf_a(), m.pdf_a("autre")))
    assert "mail.attachments.patients" in codes(two)


def test_a_header_of_an_archive_has_no_place_without_one() -> None:
    """X-MSS-INS and X-MSS-CODECDA are for a CDA in an archive: without one they are unexpected, and owed no more."""
    free = {"Subject": "Bonjour", "To": m.PRO}
    assert {"mail.x-mss-ins.unexpected", "mail.x-mss-codecda.unexpected"} <= codes(m.mail(free, documents=(), pdfs=()))
    silent = codes(m.mail({**free, "X-MSS-INS": None, "X-MSS-CODECDA": None}, documents=(), pdfs=()))
    assert silent == set()


def test_x_mss_ins_says_n_for_an_identity_that_is_not_qualified() -> None:
    """Without matricule, or without one of the four traits, N is right and O is wrong."""
    for document in (m.cda(ins=""), m.cda().replace(b'<birthTime value="19790328"/>', b"")):
        assert "mail.x-mss-ins.differs" in codes(m.mail({"To": m.PRO}, documents=(document,)))
        assert "mail.x-mss-ins.differs" not in codes(m.mail({"To": m.PRO, "X-MSS-INS": "N"}, documents=(document,)))


def test_a_patient_without_a_qualified_identity_is_not_written_to() -> None:
    """A document without INS, sent to a patient address, is an error."""
    assert "mail.patient-address.unqualified" in codes(m.mail({"X-MSS-INS": "N"}, documents=(m.cda(ins=""),)))


def test_bytes_outside_ascii_are_told() -> None:
    """8-bit headers, words that do not decode and RFC 2047 in a file name are told, never counted as errors."""
    raw = m.mail({"To": m.PRO}).replace(b"PFI du Banc", "Hôpital".encode())
    raw = raw.replace(b"Reply-To:", b"X-A: =?inconnu?B?QQ==?=\r\nReply-To:")
    raw = raw.replace(b'filename="IHE_XDM.zip"', b'filename="=?utf-8?Q?IHE=5FXDM.zip?="')
    found = {f.code: f.severity for f in rules.judge(rules.Letter(parse(raw), KNOWN))}
    for code in ("mail.header.eight-bits", "mail.header.encoded-word", "mail.header.file-name"):
        assert found[code] is not Severity.ERROR


def test_the_mention_of_a_replacement_is_found_wherever_it_stands() -> None:
    """In the subject, the body, the title of the document or the PDF; nowhere in an ordinary mail."""

    def place(raw: bytes) -> str:
        return rules.replacement_mention(rules.Letter(parse(raw), KNOWN))

    assert place(m.mail()) == ""
    assert place(m.mail({"Subject": "Annule et remplace : CR"})) == "subject"
    assert place(m.mail(text=f"Ce document annule et\nremplace le précédent.\n{m.NOTICE}")) == "body"
    assert place(m.mail(documents=(m.cda(title="CR rectificatif"),))) == "cda"
    assert place(m.mail(pdfs=(m.pdf_a("Ce document annule et remplace le précédent"),))) == "pdf"


def test_a_mail_outside_mssante_owes_nothing_to_it() -> None:
    """Only RFC 5322 is asked of a mail of other domains."""
    raw = m.bare("From: a@exemple.fr", "To: b@exemple.fr", "Message-ID: <1@exemple.fr>", "Date: x", "", "Bonjour")
    assert codes(raw) == set()
