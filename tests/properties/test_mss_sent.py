"""Each property of sent mails on literal traffic: what satisfies it, and each way it can be violated."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

import mss_mails as m
import pytest
import scenes as s

from conformance.evidence.values import (
    Binding,
    Context,
    Direction,
    Driven,
    Exchange,
    Finding,
    Heard,
    Observation,
    Sent,
    Severity,
    Witness,
)
from conformance.properties import base
from conformance.standards.observe import observe

MESSAGE_ID, BODY, LABEL = "mss.message-id", "mss.body-format", "mss.sender-label"
NOTICE, REPLACED, SENDING = "mss.automatic-mailbox-notice", "mss.replacement-notice", "mss.patient-sending"
ADDRESS, FIN = "mss.patient-address", "mss.no-patient-reply"
HEADER_INS, HEADER_CODE, HEADER_NIL = "mss.header-ins", "mss.header-code-cda", "mss.header-nil"
ATTACHED, SUBJECT = "mss.document-attachments", "mss.subject-format"

DAY = replace(s.DAY, settings={"reference_produit": "PFI-0001"})
NEXT = "1.2.250.1.999.1.77.2"
REQUESTS = {"initial": ("T02", "NW", "F"), "replacement": ("T10", "RO", "C"), "deletion": ("T04", "CA", "D")}
_FIN = "\rNTE|1|||FIN"
_PATIENT = (
    f"PRT||UC||RCT^Result Copies To^participation|{m.INS}^PAT-TROIS^DOMINIQUE^^^^^^ASIP-SANTE-INS-NIR&{m.OID}&ISO"
    f"^L^^^INS||||||||||^^X.400^{m.PATIENT}"
)
_PRO = (
    "PRT||UC||RCT^Result Copies To^participation|801234567897^Réault^Pierre^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO"
    f"^D^^^IDNPS||||||||||^^X.400^{m.PRO}"
)


def mdm(
    *yes: str, document: bytes | None = None, control: str = "M1", request: str = "initial", qualified: bool = True,
    fin: bool = False,
) -> bytes:  # fmt: skip
    """An MDM V2.1 that asks for mails: the report, its recipients, its flags (those named are Y)."""
    event, order, status = REQUESTS[request]
    held = m.cda() if document is None else document
    uid = NEXT if NEXT.encode() in held.split(b"<code ")[0] else m.UID
    ins = f"{m.INS}^^^ASIP-SANTE-INS-NIR&{m.OID}&ISO^INS" if qualified else "B17^^^HOPITAL&1.2.250.1.999.2&ISO^PI"
    replaced = m.UID if request == "replacement" else ""
    rows = [
        f"MSH|^~\\&|RIS-Y|Organisation-Y|PFI-Y|Organisation-Y|20260105093100||MDM^{event}^MDM_T02|{control}|P|2.6"
        "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2",
        "EVN||20260105093000",
        f"PID|||{ins}||PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE^^^^L||19790328|F"
        f"|||^^^^^^BDL^^51215|||||||||||||||||||||{'VALI' if qualified else 'PROV'}",
        "PV1|1|I|||||||||||||||||V1^^^AUT&1.2.250.1.999.2&ISO^VN",
        f"ORC|{order}",
        f"OBR|1|||18748-4^{m.LABEL}^LN",
        f"TXA|1|18748-4|TEXT|20260105093000||||||||{uid}|{replaced}||||AU",
        f"OBX|1|ED|18748-4^{m.LABEL}^LN||^text^XML^Base64^{base64.b64encode(held).decode()}||||||{status}",
        "PRT||UC||SB^Send by^participation|801234567897^Réault^Pierre^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO"
        "^D^^^IDNPS|||Organisation-Y^^^^^ASIP-SANTE-ST&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000018",
        *([_PRO] if "DESTMSSANTEPS" in yes else []),
        *([_PATIENT] if "DESTMSSANTEPAT" in yes else []),
    ]
    rows += [
        f"OBX|{n}|CWE|{code}^{label}^MetaDMPMSS||{'Y' if code in yes else 'N'}^^expandedYes-NoIndicator||||||F"
        + (_FIN if fin and code == "DESTMSSANTEPAT" else "")
        for n, (code, label) in enumerate(s.FLAGS, 2)
    ]
    return ("\r".join(rows) + "\r").encode()


TO_PATIENT, TO_PRO = "DESTMSSANTEPAT", "DESTMSSANTEPS"
Mailed = bytes | tuple[bytes, Mapping[str, str]]


def judged(
    property: str,
    steps: tuple[tuple[bytes, bytes | None], ...],
    *mails: Mailed,
    beside: tuple[bytes, ...] = (),
    context: Context = DAY,
) -> tuple[list[Finding], list[Witness]]:
    """What a property says of messages, their answers, and the mails heard; `beside` are mails of other cases."""
    own: list[Observation] = []
    sent: list[Sent] = []

    def hear(channel: str, direction: Direction, body: bytes, answers: str | None, facts: Mapping[str, str]) -> str:
        id = f"x{len(own) + 1}"
        own.append(observe(Exchange(id, channel, direction, 1, len(own), body, dict(facts), answers)))
        return id

    for number, (message, answer) in enumerate(steps, 1):
        mllp = {"protocol": "mllp"}
        asked = hear("documents", Direction.TO_VENDOR, message, None, mllp)
        told = None if answer is None else hear("documents", Direction.FROM_VENDOR, answer, asked, mllp)
        sent.append(Sent(f"step-{number}", asked, told, "timeout" if answer is None else None))
    smtp = {"protocol": "smtp", "event": "mail", "mail_from": m.APP}
    for mail in mails:
        raw, more = (mail, {}) if isinstance(mail, bytes) else mail
        hear("mss", Direction.FROM_VENDOR, raw, None, {**smtp, **more})
    window = [
        *own,
        *(observe(Exchange(f"y{n}", "mss", Direction.FROM_VENDOR, 2, n, raw, smtp)) for n, raw in enumerate(beside)),
    ]
    driven = Driven("c1", "documents.intake", "normal", None, Binding("00000000", 1, "AB", "001001"), tuple(sent))
    words = list(base.get(property).judge(driven, Heard(tuple(own), tuple(window)), context))
    return [w for w in words if isinstance(w, Finding)], [w for w in words if isinstance(w, Witness)]


def patient(*, fin: bool = False, document: bytes | None = None) -> tuple[tuple[bytes, bytes], ...]:
    """A report asked for the patient, and accepted."""
    return ((mdm(TO_PATIENT, fin=fin, document=document), s.ack("AA")),)


def pro() -> tuple[tuple[bytes, bytes], ...]:
    """A report asked for a professional, and accepted."""
    return ((mdm(TO_PRO, "INVISIBLE_PATIENT"), s.ack("AA")),)


def errors(found: list[Finding]) -> set[str]:
    """The codes that count against the vendor."""
    return {f.code for f in found if f.severity is Severity.ERROR}


EVERY = (MESSAGE_ID, BODY, LABEL, NOTICE, HEADER_INS, HEADER_CODE, HEADER_NIL, ATTACHED, SUBJECT)


@pytest.mark.example("mss.message-id", "positive")
@pytest.mark.example("mss.body-format", "positive")
@pytest.mark.example("mss.sender-label", "positive")
@pytest.mark.example("mss.automatic-mailbox-notice", "positive")
@pytest.mark.example("mss.header-ins", "positive")
@pytest.mark.example("mss.header-code-cda", "positive")
@pytest.mark.example("mss.header-nil", "positive")
@pytest.mark.example("mss.document-attachments", "positive")
@pytest.mark.example("mss.subject-format", "positive")
@pytest.mark.parametrize("name", EVERY)
def test_a_mail_as_it_should_be_satisfies(name: str) -> None:
    """A mail to the patient, and one to a professional, give a witness each and no error."""
    for steps, change in ((patient(), {}), (pro(), {"To": m.PRO})):
        found, seen = judged(name, steps, m.mail(change))
        assert errors(found) == set()
        assert len(seen) == 1


@pytest.mark.parametrize("name", [*EVERY, REPLACED, SENDING, FIN])
def test_an_acknowledgement_alone_witnesses_nothing(name: str) -> None:
    """A vendor that accepts and sends nothing is judged conform by no row."""
    assert judged(name, patient())[1] == []


@pytest.mark.example("mss.message-id", "negative")
def test_a_message_id_missing_or_shared_is_an_error() -> None:
    """No Message-ID, one that is no msg-id, or that of another mail of the window."""
    assert errors(judged(MESSAGE_ID, patient(), m.mail({"Message-ID": None}))[0]) == {"mail.message-id.missing"}
    assert errors(judged(MESSAGE_ID, patient(), m.mail({"Message-ID": "<a b>"}))[0]) == {"mail.message-id.syntax"}
    other = m.mail(documents=(m.cda(uid="1.2.250.1.999.1.99.1"),))
    found, seen = judged(MESSAGE_ID, patient(), m.mail(), beside=(other,))
    assert errors(found) == {"mail.message-id.repeated"}
    assert seen == []
    # The same mail sent again after a failure may keep its own.
    assert errors(judged(MESSAGE_ID, patient(), m.mail(), beside=(m.mail(),))[0]) == set()


@pytest.mark.example("mss.body-format", "negative")
def test_a_body_in_html_alone_or_of_other_words_is_an_error() -> None:
    """HTML alone, and an HTML part that says something else."""
    assert errors(judged(BODY, patient(), m.mail(text=None, html="<p>x</p>"))[0]) == {"mail.body.type"}
    assert errors(judged(BODY, patient(), m.mail(html="<p>x</p>"))[0]) == {"mail.body.wording"}


@pytest.mark.example("mss.sender-label", "negative")
def test_a_bare_address_is_no_label() -> None:
    """From without a label, and a personal mailbox without a first name."""
    assert errors(judged(LABEL, patient(), m.mail({"From": m.APP}))[0]) == {"mail.sender.no-label"}
    person = m.mail({"From": f"GARNIER <{m.PRO}>"})
    assert errors(judged(LABEL, patient(), person)[0]) == {"mail.sender.person"}


@pytest.mark.example("mss.automatic-mailbox-notice", "negative")
def test_an_automatic_mail_without_reply_to_or_notice_is_an_error() -> None:
    """The application mailbox owes both; other mailboxes neither, and witness nothing."""
    found, seen = judged(NOTICE, patient(), m.mail({"Reply-To": None}))
    assert (errors(found), seen) == ({"mail.reply-to.missing"}, [])
    assert errors(judged(NOTICE, patient(), m.mail(text="Bonjour.\n"))[0]) == {"mail.notice.missing"}
    person = m.mail({"From": f"Hélène GARNIER <{m.PRO}>", "Reply-To": None}, text="Bonjour.\n")
    assert judged(NOTICE, patient(), person) == ([], [])


@pytest.mark.example("mss.header-ins", "negative")
def test_x_mss_ins_missing_or_contrary_is_an_error() -> None:
    """Absent, O for a document without INS, and present without any archive."""
    assert errors(judged(HEADER_INS, patient(), m.mail({"X-MSS-INS": None}))[0]) == {"mail.x-mss-ins.missing"}
    without = m.mail({"To": m.PRO}, documents=(m.cda(ins=""),))
    assert errors(judged(HEADER_INS, pro(), without)[0]) == {"mail.x-mss-ins.differs"}
    free = m.mail({"To": m.PRO, "Subject": "Suppression"}, documents=(), pdfs=())
    assert errors(judged(HEADER_INS, pro(), free)[0]) == {"mail.x-mss-ins.unexpected"}


def test_a_mail_without_an_archive_is_the_permitted_twin() -> None:
    """Without a CDA in an archive, the two headers are absent: a witness of its own."""
    free = m.mail({"X-MSS-INS": None, "X-MSS-CODECDA": None}, documents=(), pdfs=())
    for name in (HEADER_INS, HEADER_CODE):
        found, seen = judged(name, pro(), free)
        assert (found, [w.assertion for w in seen]) == ([], ["no header without a CDA"])


def test_a_refusal_of_what_is_not_qualified_leaves_nothing_to_judge() -> None:
    """A PFI that refuses to mail a document without INS reached the class, and is not held to a header."""
    message = mdm(TO_PRO, "INVISIBLE_PATIENT", qualified=False, document=m.cda(ins=""))
    assert len(judged(HEADER_INS, ((message, s.ack("AE")),))[1]) == 1
    assert judged(HEADER_INS, ((message, s.ack("AA")),)) == ([], [])


@pytest.mark.example("mss.header-code-cda", "negative")
def test_x_mss_codecda_is_the_code_of_the_document() -> None:
    """A label in place of the code, or nothing."""
    assert errors(judged(HEADER_CODE, patient(), m.mail({"X-MSS-CODECDA": m.LABEL}))[0]) == {
        "mail.x-mss-codecda.differs"
    }
    assert errors(judged(HEADER_CODE, patient(), m.mail({"X-MSS-CODECDA": None}))[0]) == {"mail.x-mss-codecda.missing"}


@pytest.mark.example("mss.header-nil", "negative")
def test_x_mss_nil_is_the_declared_reference() -> None:
    """Missing, or another number; without a declared reference nothing is witnessed."""
    assert errors(judged(HEADER_NIL, patient(), m.mail({"X-MSS-NIL": None}))[0]) == {"mail.x-mss-nil.missing"}
    assert errors(judged(HEADER_NIL, patient(), m.mail({"X-MSS-NIL": "X"}))[0]) == {"mail.x-mss-nil.differs"}
    assert judged(HEADER_NIL, patient(), m.mail(), context=s.DAY) == ([], [])


@pytest.mark.example("mss.document-attachments", "negative")
def test_a_document_goes_as_archive_and_pdf_of_one_patient() -> None:
    """Without the archive, without the PDF, or with the document of another patient."""
    assert errors(judged(ATTACHED, patient(), m.mail(documents=()))[0]) == {"mail.attachments.no-archive"}
    assert errors(judged(ATTACHED, patient(), m.mail(pdfs=()))[0]) == {"mail.attachments.no-pdf"}
    other = m.cda(uid="1.2.250.1.999.1.99.1", ins=m.OTHER_INS, family="AUTRE")
    two = m.mail(documents=(m.cda(), other), pdfs=(m.pdf_a(), m.pdf_a("autre")))
    assert errors(judged(ATTACHED, patient(), two)[0]) == {"mail.attachments.patients"}


def test_a_notice_of_deletion_encloses_nothing() -> None:
    """Once a deletion was asked for, a mail without attachment may be its notice: it is not judged as a document."""
    steps = (*patient(), (mdm(TO_PATIENT, control="M2", request="deletion"), s.ack("AA", "M2")))
    told = m.mail({"Message-ID": "<2@x.fr>", "Subject": "Suppression d'un document"}, documents=(), pdfs=())
    for name in (ATTACHED, SUBJECT):
        found, seen = judged(name, steps, m.mail(), told)
        assert (errors(found), len(seen)) == (set(), 1)


@pytest.mark.example("mss.subject-format", "negative")
def test_a_subject_without_its_mark_or_a_name_is_an_error() -> None:
    """Free words, and a subject without the given name; a label of one's own is only advice."""
    assert errors(judged(SUBJECT, patient(), m.mail({"Subject": "Document"}))[0]) == {"mail.subject.mark"}
    nameless = m.mail({"Subject": f"XDM/1.0/DDM+{m.LABEL} PAT-TROIS"})
    assert errors(judged(SUBJECT, patient(), nameless)[0]) == {"mail.subject.fields"}
    found, seen = judged(SUBJECT, patient(), m.mail({"Subject": "XDM/1.0/DDM+Scanner PAT-TROIS DOMINIQUE"}))
    assert ([f.severity for f in found], len(seen)) == ([Severity.ADVICE], 1)


def replaced() -> tuple[tuple[bytes, bytes], ...]:
    """A report to the patient, then its new version, both accepted."""
    new = m.cda(uid=NEXT, replaces=m.UID)
    return (
        (mdm(TO_PATIENT), s.ack("AA")),
        (mdm(TO_PATIENT, control="M2", request="replacement", document=new), s.ack("AA", "M2")),
    )


@pytest.mark.example("mss.replacement-notice", "positive")
def test_a_new_version_sent_with_its_mention_satisfies() -> None:
    """The mention may stand in the mail or in the PDF."""
    new = m.cda(uid=NEXT, replaces=m.UID)
    for mail in (
        m.mail(text=f"Ce document annule et remplace le précédent.\n{m.NOTICE}\n", documents=(new,)),
        m.mail(documents=(new,), pdfs=(m.pdf_a("Annule et remplace la version du 4 janvier"),)),
    ):
        found, seen = judged(REPLACED, replaced(), m.mail(), mail)
        assert (found, len(seen)) == ([], 1)


@pytest.mark.example("mss.replacement-notice", "negative")
def test_a_new_version_without_a_mention_or_not_sent_is_an_error() -> None:
    """No mention anywhere; or no mail at all, which rests on silence."""
    silent = m.mail(documents=(m.cda(uid=NEXT, replaces=m.UID),))
    assert errors(judged(REPLACED, replaced(), m.mail(), silent)[0]) == {"mail.replacement.no-mention"}
    found, _ = judged(REPLACED, replaced(), m.mail())
    assert [(f.code, f.absence) for f in found] == [("mail.replacement.missing", True)]
    loose = m.mail(text=f"Annule et remplace.\n{m.NOTICE}\n", documents=(m.cda(uid=NEXT),))
    assert [f.severity for f in judged(REPLACED, replaced(), loose)[0]] == [Severity.ADVICE]


@pytest.mark.example("mss.patient-sending", "positive")
def test_a_document_sent_to_its_patient_satisfies() -> None:
    """From the application mailbox, with the N1 in its archive and the PDF/A-1."""
    found, seen = judged(SENDING, patient(), m.mail())
    assert (errors(found), len(seen)) == (set(), 1)


@pytest.mark.example("mss.patient-sending", "negative")
def test_a_document_not_sent_to_its_patient_is_an_error() -> None:
    """Nothing heard rests on silence; a mail without the PDF, or from a person's mailbox, does not."""
    found, _ = judged(SENDING, patient())
    assert [(f.code, f.absence) for f in found] == [("mail.sending.missing", True)]
    assert errors(judged(SENDING, patient(), m.mail({"To": m.PRO}))[0]) == {"mail.sending.missing"}
    assert errors(judged(SENDING, patient(), m.mail(pdfs=()))[0]) == {"mail.attachments.no-pdf"}
    person = m.mail({"From": f"Hélène GARNIER <{m.PRO}>"})
    found, seen = judged(SENDING, patient(), person)
    assert (errors(found), seen) == ({"mail.sending.mailbox"}, [])
    bare = m.mail({"Subject": "Votre document"}, documents=())
    assert errors(judged(SENDING, patient(), bare)[0]) == {"mail.attachments.no-archive"}


def test_what_was_not_asked_for_the_patient_is_owed_to_nobody() -> None:
    """Another destination, a refusal, an unqualified identity: nothing to judge."""
    assert judged(SENDING, pro()) == ([], [])
    assert judged(SENDING, ((mdm(TO_PATIENT), s.ack("AE")),)) == ([], [])
    unknown = mdm(TO_PATIENT, qualified=False, document=m.cda(ins=""))
    assert judged(SENDING, ((unknown, s.ack("AA")),)) == ([], [])


@pytest.mark.example("mss.patient-address", "positive")
def test_a_qualified_patient_is_served_and_another_is_not() -> None:
    """The mail to a qualified matricule, and the silence after a message whose identity is not qualified."""
    assert [w.exchange for w in judged(ADDRESS, patient(), m.mail())[1]] == ["x3"]
    unknown = mdm(TO_PATIENT, qualified=False, document=m.cda(ins=""))
    for answer in ("AA", "AE"):
        found, seen = judged(ADDRESS, ((unknown, s.ack(answer)),))
        assert (found, len(seen)) == ([], 1)
    # Without any answer nothing was reached.
    assert judged(ADDRESS, ((unknown, None),)) == ([], [])


@pytest.mark.example("mss.patient-address", "negative")
def test_a_patient_who_is_not_qualified_is_not_written_to() -> None:
    """A mail to the address of an unqualified patient is heard, header or envelope; so is a name as address."""
    unknown = mdm(TO_PATIENT, qualified=False, document=m.cda(ins=""))
    steps = ((unknown, s.ack("AA")),)
    mail = m.mail({"X-MSS-INS": "N"}, documents=(m.cda(ins=""),))
    assert errors(judged(ADDRESS, steps, mail)[0]) == {"mail.patient-address.unqualified"}
    hidden = (m.mail({"To": m.PRO}, documents=(m.cda(ins=""),)), {"rcpt_to": m.PATIENT})
    assert errors(judged(ADDRESS, steps, hidden)[0]) == {"mail.patient-address.unqualified"}
    named = m.mail({"To": "dominique.pat-trois@patient.mssante.fr"})
    assert errors(judged(ADDRESS, patient(), named)[0]) == {"mail.patient-address.form"}


@pytest.mark.example("mss.no-patient-reply", "positive")
def test_a_reply_is_closed_when_asked_and_only_then() -> None:
    """FIN when NTE-4 says so, no header otherwise; a header that nobody asked for is only advice."""
    assert len(judged(FIN, patient(fin=True), m.mail({"X-MSS-MES": "FIN"}))[1]) == 1
    assert len(judged(FIN, patient(), m.mail())[1]) == 1
    found, _ = judged(FIN, patient(), m.mail({"X-MSS-MES": "FIN"}))
    assert [f.code for f in found] == ["mail.x-mss-mes.not-asked"]
    assert errors(found) == set()


@pytest.mark.example("mss.no-patient-reply", "negative")
def test_a_reply_left_open_or_closed_in_other_words_is_an_error() -> None:
    """No header though no answer is wanted, or `fin`."""
    assert errors(judged(FIN, patient(fin=True), m.mail())[0]) == {"mail.x-mss-mes.missing"}
    assert errors(judged(FIN, patient(fin=True), m.mail({"X-MSS-MES": "fin"}))[0]) == {"mail.x-mss-mes.value"}


def test_a_wave_1_run_does_not_judge_what_wave_2_messages_ask_for() -> None:
    """With wave 1 alone, a V2.1 message obliges to nothing."""
    wave1 = replace(DAY, wave="va1")
    for name in (SENDING, REPLACED):
        assert judged(name, replaced(), context=wave1) == ([], [])


ABSENT = "mss.header-absent"


@pytest.mark.example("mss.header-absent", "positive")
def test_a_mail_that_a_person_writes_has_neither_header() -> None:
    """Without an archive the two headers are absent."""
    free = m.mail({"X-MSS-INS": None, "X-MSS-CODECDA": None, "To": m.PRO}, documents=(), pdfs=())
    found, seen = judged(ABSENT, (), free)
    assert (found, len(seen)) == ([], 1)


@pytest.mark.example("mss.header-absent", "negative")
def test_a_header_of_documents_on_an_ordinary_mail_is_an_error() -> None:
    """Either of the two, without a CDA in an archive; a mail that has one is no twin."""
    for name, code in (("X-MSS-CODECDA", "mail.x-mss-ins.unexpected"), ("X-MSS-INS", "mail.x-mss-codecda.unexpected")):
        free = m.mail({name: None, "To": m.PRO}, documents=(), pdfs=())
        assert errors(judged(ABSENT, (), free)[0]) == {code}
    assert judged(ABSENT, (), m.mail()) == ([], [])


def test_a_word_to_someone_else_is_no_transmission() -> None:
    """A mail without attachment to a mailbox that the message does not name (to say that nothing was sent, say)."""
    word = m.mail({"To": "secretariat@banc.mssante.fr", "Subject": "Envoi impossible"}, documents=(), pdfs=())
    for name in (ATTACHED, SUBJECT):
        assert judged(name, patient(), word) == ([], [])
    named = m.mail({"Subject": "Votre document"}, documents=(), pdfs=())
    assert errors(judged(ATTACHED, patient(), named)[0]) == {"mail.attachments.no-archive", "mail.attachments.no-pdf"}


def test_a_document_that_the_platform_makes_may_have_an_id_of_its_own() -> None:
    """A new version sent to the mailbox asked for, under another id than the message's, is not taken for silence."""
    remade = m.cda(uid="1.2.250.1.999.1.88.1", replaces="1.2.250.1.999.1.88.0")
    mail = m.mail(text=f"Annule et remplace.\n{m.NOTICE}\n", documents=(remade,))
    found, seen = judged(REPLACED, replaced(), m.mail(), mail)
    assert (errors(found), len(seen)) == (set(), 1)
    found, seen = judged(SENDING, patient(), m.mail(documents=(remade,)))
    assert (errors(found), len(seen)) == (set(), 1)


def test_recipients_of_v1_2_are_read_in_the_document() -> None:
    """Without PRT RCT, a telecom of informationRecipient names the mailbox."""
    recipient = (
        b'<informationRecipient><intendedRecipient><telecom value="mailto:ps801234567897@banc.mssante.fr"/>'
        b"</intendedRecipient></informationRecipient>"
    )
    document = m.cda().replace(b"</recordTarget>", b"</recordTarget>" + recipient)
    message = mdm("INVISIBLE_PATIENT", document=document)
    empty = m.mail({"To": m.PRO, "Subject": "Votre document"}, documents=(), pdfs=())
    assert "mail.attachments.no-archive" in errors(judged(ATTACHED, ((message, s.ack("AA")),), empty)[0])
