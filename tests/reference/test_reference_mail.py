"""Mails sent for document messages: one scenario, its facts, and the facts that each defect changes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from reference_mail_bench import APP, BACK, DOCTOR, MailBench, cda, fresh, fresh_oid, mail_bench, mailed
from reference_messages import INS, N3

from conformance.reference.defects import mail as mail_defects
from conformance.reference.mail.rules import MailBehaviour

Facts = dict[str, Any]
PATIENT = f"{INS}@patient.mssante.fr"
OTHER = "110086322083060"
SUBJECT = "XDM/1.0/DDM+CR d'imagerie médicale PAT-TROIS DOMINIQUE 28/03/1979"
PDF = "20260110_CR d'imagerie médicale_PAT-TROIS_DOMINIQUE.pdf"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailBench]:
    """One laboratory and one reference for the module."""
    with mail_bench(tmp_path_factory.mktemp("mail")) as made:
        made.start()
        yield made


@pytest.fixture
def bench(shared: MailBench) -> MailBench:
    """The same, sound and with nothing remembered."""
    shared.fresh()
    return shared


def scenario(bench: MailBench) -> Facts:
    """A fixed sequence of messages; what was mailed and returned, in comparable form."""
    controls = {n: fresh() for n in ("both", "again", "unqualified", "masked", "hidden", "partial", "gone")}
    first = fresh_oid()
    everyone = "DESTMSSANTEPS DESTMSSANTEPAT ACK_RECEPTION ACK_LECTURE_MSS"
    second = fresh_oid()
    raws = {
        "both": mailed(cda(first), flags=everyone, final=True),
        "again": mailed(cda(second, replaced=first), event="T10", status="C", order="RO"),
        "unqualified": mailed(cda(fresh_oid()), flags="DESTMSSANTEPAT", identity="PROV"),
        "masked": mailed(cda(fresh_oid()), flags=everyone + " MASQUE_PS"),
        "hidden": mailed(cda(fresh_oid()), flags=everyone + " INVISIBLE_PATIENT"),
        "partial": mailed(
            cda(fresh_oid(), ins=OTHER).replace('<administrativeGenderCode code="F"/>', ""),
            ins=OTHER,
            flags="DESTMSSANTEPS",
        ),
        "gone": mailed(cda(second), event="T04", status="D", order="CA", flags=everyone),
    }
    facts: Facts = {}
    for name, raw in raws.items():
        fields = raw.split(b"|")
        fields[9] = controls[name].encode()
        before = len(bench.mails())
        assert "MSA|AA" in bench.ask(b"|".join(fields))
        bench.settle()
        facts[name] = [_told(m) for m in bench.mails()[before:]]
    facts["returns"] = sorted(
        f"{name} {z.split('AckMetierZAM|')[1].split('|')[1][0]} {z.split('X.400^')[1].split('|')[0]}"
        for name, control in controls.items()
        for z in bench.returned()
        if f"|{control}|" in z
    )
    identifiers = [m["Message-ID"] for m in bench.mails()]
    facts["identifiers"] = len(identifiers) - len(set(identifiers))
    return facts


def _told(mail: EmailMessage) -> Facts:
    body = cast(EmailMessage, mail.get_body(("related", "html", "plain")))
    plain = mail.get_body(("plain",))
    text = cast(EmailMessage, plain or body).get_content()
    joined = [p.get_filename() for p in mail.iter_attachments()]
    documents: list[str] = []
    for part in mail.iter_attachments():
        if part.get_filename() == "IHE_XDM.zip":
            with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
                documents = archive.namelist()
    return {
        "to": str(mail["To"]),
        "label": str(mail["From"]) != APP,
        "answer": str(mail["Reply-To"]),
        "notice": text.strip().endswith(BACK) or "bonjour" not in text.lower(),
        "parts": [p.get_content_type() for p in mail.walk() if p.get_content_maintype() == "text"],
        "replaces": "annule et remplace" in text,
        "deleted": "supprimé par son émetteur" in text,
        "receipts": [str(mail[h]) for h in ("Return-Receipt-To", "Disposition-Notification-To")],
        "marks": [str(mail[h]) for h in ("X-MSS-INS", "X-MSS-CODECDA", "X-MSS-NIL", "X-MSS-MES")],
        "subject": str(mail["Subject"]),
        "files": joined,
        "members": documents,
    }


MEMBERS = ["INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC0001.XML"]


def sound(to: str, **changes: Any) -> Facts:
    """The facts of a sound mail that carries a document."""
    return {
        "to": to,
        "label": True,
        "answer": BACK,
        "notice": True,
        "parts": ["text/plain", "text/html"],
        "replaces": False,
        "deleted": False,
        "receipts": [f"<{APP}>", f"<{APP}>"],
        "marks": ["O", "18748-4", "9990000001", "None"],
        "subject": SUBJECT,
        "files": ["IHE_XDM.zip", PDF],
        "members": MEMBERS,
        **changes,
    }


NOTICE = {
    "receipts": ["None", "None"],
    "marks": ["None", "None", "9990000001", "None"],
    "subject": "Suppression du document : Radiographie de hanche",
    "files": [],
    "members": [],
    "deleted": True,
}
SOUND: Facts = {
    "both": [sound(DOCTOR), sound(PATIENT, marks=["O", "18748-4", "9990000001", "FIN"])],
    "again": [sound(DOCTOR, replaces=True, receipts=[f"<{APP}>", "None"])],
    "unqualified": [],
    "masked": [sound(PATIENT)],
    "hidden": [sound(DOCTOR)],
    "partial": [sound(DOCTOR, receipts=["None", "None"], marks=["N", "18748-4", "9990000001", "None"])],
    "gone": [sound(DOCTOR, **NOTICE)],
    "returns": sorted(
        [f"{n} Y {DOCTOR}" for n in ("both", "again", "hidden", "gone")]
        + [f"{n} Y {PATIENT}" for n in ("both", "masked")]
    ),
    "identifiers": 0,
}
CARRYING = ("both", "again", "masked", "hidden", "partial")


def every(**changes: Any) -> Facts:
    """The sound facts with each mail changed so."""
    return {k: [{**m, **changes} for m in v] if isinstance(v, list) and k != "returns" else v for k, v in SOUND.items()}


def carrying(change: Any) -> Facts:
    """The sound facts with each mail that carries a document changed by a function."""
    return {k: [change(m) for m in v] if k in CARRYING else v for k, v in SOUND.items()}


CHANGES: dict[str, Facts] = {
    "reply-to-lost": every(answer="None"),
    "html-only-body": every(parts=["text/html"], notice=False),
    "message-id-repeated": {**SOUND, "identifiers": 6},
    "replacement-silent": {**SOUND, "again": [{**SOUND["again"][0], "replaces": False}]},
    "receipt-header-ignored": carrying(lambda m: {**m, "receipts": ["None", m["receipts"][1]]}),
    "read-receipt-ignored": carrying(lambda m: {**m, "receipts": [m["receipts"][0], "None"]}),
    "sender-without-label": every(label=False),
    "citizen-without-pdf": carrying(lambda m: {**m, "files": ["IHE_XDM.zip"]} if m["to"] == PATIENT else m),
    "unqualified-address": {**SOUND, "unqualified": [sound(PATIENT, receipts=["None", "None"])]},
    "deletion-notice-to-sender-only": {
        **SOUND,
        "gone": [{**SOUND["gone"][0], "to": BACK}],
        "returns": sorted([r for r in SOUND["returns"] if not r.startswith("gone")] + [f"gone Y {BACK}"]),
    },
    "x-mss-ins-always-o": carrying(lambda m: {**m, "marks": ["O", *m["marks"][1:]]}),
    "x-mss-codecda-label": carrying(
        lambda m: {**m, "marks": [m["marks"][0], "CR d'imagerie médicale", *m["marks"][2:]]}
    ),
    "x-mss-nil-missing": {
        k: [{**m, "marks": [*m["marks"][:2], "None", m["marks"][3]]} for m in v] if isinstance(v, list) and v else v
        for k, v in SOUND.items()
        if k not in ("returns", "identifiers")
    }
    | {"returns": SOUND["returns"], "identifiers": 0},
    "fin-lowercase": {
        **SOUND,
        "both": [SOUND["both"][0], {**SOUND["both"][1], "marks": ["O", "18748-4", "9990000001", "fin"]}],
    },
    "two-patients-one-mail": {
        **SOUND,
        "partial": [
            {
                **SOUND["partial"][0],
                "files": ["IHE_XDM.zip", PDF, PDF],
                "members": [*MEMBERS, "IHE_XDM/SUBSET01/DOC0002.XML"],
                "subject": SUBJECT.replace("CR d'imagerie médicale", "2 documents"),
                "marks": ["O", "18748-4,18748-4", "9990000001", "None"],
            }
        ],
    },
    "subject-free": carrying(lambda m: {**m, "subject": "Document de santé"}),
    "mss-returns-missing": {**SOUND, "returns": []},
}


def test_without_defect_the_mails_are_sound(bench: MailBench) -> None:
    """Mails go to whom they may, with the headers, the body and the attachments that the requirements ask for."""
    assert scenario(bench) == SOUND


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_defect_changes_exactly_its_behaviour(bench: MailBench, name: str) -> None:
    """With one defect the facts change as written here, and no other does."""
    bench.fresh(name)
    assert scenario(bench) == CHANGES[name]


def test_each_defect_replaces_a_decision_of_the_mail_half() -> None:
    """Every mail defect names a field of the decisions, and says so in two languages."""
    for defect in mail_defects.DEFECTS:
        assert defect.area == "mail"
        assert defect.replaces in MailBehaviour.__dataclass_fields__
        assert defect.fr.endswith(".")
        assert defect.en.endswith(".")
        assert defect.fr != defect.en


def test_a_narrative_becomes_a_pdf(bench: MailBench) -> None:
    """An N3 alone goes with a PDF drawn from it, which carries the marks of PDF/A-1b and no outside font."""
    bench.ask(mailed(cda(fresh_oid(), body=N3)))
    bench.settle()
    (mail,) = bench.mails()
    _, pdf = mail.iter_attachments()
    data = pdf.get_content()
    assert data.startswith(b"%PDF-1.4")
    assert b"<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B" in data
    assert b"/Subtype /Type3" in data


def test_a_lone_pdf_becomes_an_n1(bench: MailBench) -> None:
    """A PDF received without CDA leaves for the patient in an N1 of our making, and as it came."""
    import base64

    file = b"%PDF-1.4 fictif seul"
    raw = mailed("@@", flags="DESTMSSANTEPAT").replace(base64.b64encode(b"@@"), base64.b64encode(file))
    assert "MSA|AA" in bench.ask(raw)
    bench.settle()
    (mail,) = bench.mails()
    archive, pdf = mail.iter_attachments()
    assert pdf.get_content() == file
    with zipfile.ZipFile(io.BytesIO(archive.get_content())) as zipped:
        document = zipped.read("IHE_XDM/SUBSET01/DOC0001.XML")
    assert base64.b64encode(file) in document
    assert f'extension="{INS}"'.encode() in document
    assert mail["X-MSS-INS"] == "O"


def test_the_bodies_of_the_message_are_used(bench: MailBench) -> None:
    """CORPSMAIL_PATIENT is the body of the patient's mail, before the notice; REPLY is where answers go."""
    raw = mailed(cda(fresh_oid()), flags="DESTMSSANTEPAT", reply="secretariat@banc.mssante.fr")
    raw += b"OBX|20|ED|CORPSMAIL_PATIENT^x^MetaDMPMSS||^TEXT^^Base64^Vm9pY2kgdm90cmUgcmVwb25zZQ==||||||F\r"
    bench.ask(raw)
    bench.settle()
    (mail,) = bench.mails()
    text = cast(EmailMessage, mail.get_body(("plain",))).get_content().replace("\r\n", "\n")
    assert text.startswith("Voici votre reponse\n\nCe message a été généré automatiquement")
    assert mail["Reply-To"] == "secretariat@banc.mssante.fr"
    assert "secretariat@banc.mssante.fr" in text


def test_a_refusal_is_returned_with_its_code(bench: MailBench) -> None:
    """What the operator refuses for good is returned at once as a failure, with the SMTP code and the recipient."""
    bench.environment({"mss.fault": "rcpt-5xx"})
    bench.ask(mailed(cda(fresh_oid())))
    bench.settle()
    (returned,) = bench.returned()
    assert "ZAM^Z02^ZAM_Z01" in returned
    assert "|N^^expandedYes-NoIndicator|" in returned
    assert f"X.400^{DOCTOR}" in returned
    assert "|550^" in returned
    assert "^SMTPERRORCODE" in returned


def test_a_passing_failure_is_tried_again(bench: MailBench) -> None:
    """A 4xx answer is tried again, a bounded number of times, with the same Message-ID."""
    bench.environment({"mss.fault": "data-4xx"})
    bench.ask(mailed(cda(fresh_oid())))
    bench.settle()
    identifiers = [m["Message-ID"] for m in bench.mails()]
    assert len(identifiers) == 2
    assert len(set(identifiers)) == 1


def test_only_the_white_list_is_written_to(bench: MailBench) -> None:
    """A recipient outside the domains of the settings gets nothing: the failure is returned."""
    bench.ask(mailed(cda(fresh_oid()), to=("someone@example.org",)))
    bench.settle()
    assert bench.mails() == []
    assert "|550^" in bench.returned()[0]


def test_the_folder_holds_no_secret_in_its_log(bench: MailBench, shared: MailBench) -> None:
    """The log of the process names no patient."""
    bench.ask(mailed(cda(fresh_oid()), flags="DESTMSSANTEPAT"))
    bench.settle()
    assert INS not in Path(shared.folder / "log").read_text()
