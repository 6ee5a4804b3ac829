"""Properties of received mails on literal traffic: what satisfies each, and each way it can be violated."""

from __future__ import annotations

import hl7
import mail_scenes as m
import pytest
import scenes as s
from mail_scenes import Scene, errors

from conformance.evidence.values import Severity
from conformance.standards import eicar
from conformance.standards.mail.builders import File
from conformance.standards.xdm import syntax as zipped

XDM, PATIENT, HISTORY = "mss.spot-xdm", "mss.patient-from-metadata", "mss.received-document-history"
RELAY, RECEIPT, VIRUS = "relay.documents", "relay.receipt", "ssi-gen.antivirus"
ORDINARY = File("documents.zip", "application/zip", zipped.write({"lisez-moi.txt": b"x", "a.pdf": b"%PDF-1.4"}))


def taken() -> Scene:
    """A mail of one document read, passed on and integrated."""
    return Scene().deliver(m.received()).read().relay(m.mdm())


@pytest.mark.example(XDM, "positive")
def test_a_document_passed_on_shows_that_the_archive_was_recognised() -> None:
    """The MDM of a document of the archive is the evidence."""
    found, seen = taken().judge(XDM)
    assert found == []
    assert [w.assertion for w in seen] == ["archive recognised: passed on"]


@pytest.mark.example(XDM, "negative")
def test_an_archive_that_the_history_does_not_know_is_an_error() -> None:
    """The mail was read, its history is told, and it says nothing of an archive."""
    scene = Scene().deliver(m.received()).read().history(m.past("received", state="received"))
    found, seen = scene.judge(XDM)
    assert errors(found) == ["mss.xdm.not-recognised"]
    assert not found[0].absence
    assert seen == []


def test_silence_alone_is_an_absence() -> None:
    """Without a pilot, a mail that was read and led to nothing is only an absence; unread, it is nothing at all."""
    found, _ = Scene().deliver(m.received()).read().judge(XDM)
    assert [f.absence for f in found] == [True]
    assert Scene().deliver(m.received()).judge(XDM) == ([], [])


def test_an_ordinary_zip_taken_for_an_archive_is_advice() -> None:
    """The row asks to identify archives; taking a plain ZIP for one goes beyond its statement."""
    found, seen = Scene().deliver(m.received(files=(ORDINARY,))).read().relay(m.mdm()).judge(XDM)
    assert [(f.code, f.severity) for f in found] == [("mss.xdm.ordinary-archive", Severity.ADVICE)]
    assert seen == []


def test_a_damaged_archive_passed_on_is_advice() -> None:
    """A document of an archive cut short, passed on all the same."""
    whole = m.received()
    start = whole.index(b"UEsDB")
    assert start > 0
    archive = zipped.write({"INDEX.HTM": b"x", "IHE_XDM/SUBSET01/METADATA.XML": b"<cut"})
    mail = m.received(files=(File("IHE_XDM.zip", "application/zip", archive),))
    found, _ = Scene().deliver(mail).read().relay(m.mdm()).judge(XDM)
    assert [f.code for f in found] == ["mss.xdm.damaged-archive"]


@pytest.mark.example(PATIENT, "positive")
def test_the_patient_of_the_metadata_is_the_one_kept() -> None:
    """Whatever the subject says, PID-3 and the history give the patientId of METADATA.XML."""
    mail = m.received(subject="XDM/1.0/DDM+CR DURAND CAMILLE 01/02/1970")
    scene = Scene().deliver(mail).read().relay(m.mdm()).history(m.past("received", "relayed", "integrated"))
    found, seen = scene.judge(PATIENT)
    assert found == []
    assert len(seen) == 2


@pytest.mark.example(PATIENT, "negative")
def test_another_patient_is_an_error() -> None:
    """A PID-3 or a history that names someone else."""
    other = "170026311501296"
    found, _ = Scene().deliver(m.received()).read().relay(m.mdm(matricule=other)).judge(PATIENT)
    assert [(f.code, f.expected, f.seen) for f in found] == [("mss.patient.not-from-metadata", s.INS, other)]
    found, _ = Scene().deliver(m.received()).history(m.past("received", patient=other)).judge(PATIENT)
    assert errors(found) == ["mss.patient.not-from-metadata"]


@pytest.mark.example(HISTORY, "positive")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("AA", ("received", "relayed", "integrated")),
        ("AE", ("Réception du courriel", "Transmission au DPI", "Refus du DPI")),
    ],
)
def test_a_history_without_gap(answer: str, words: tuple[str, ...]) -> None:
    """Reception, relay, then integration or refusal, in the words of the product."""
    scene = Scene().deliver(m.received()).read().relay(m.mdm(), answer).history(m.past(*words))
    found, seen = scene.judge(HISTORY)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(HISTORY, "negative")
@pytest.mark.parametrize("missing", ["reception", "relay", "integration"])
def test_a_step_missing_from_the_history_is_an_error(missing: str) -> None:
    """What the bench saw is not there."""
    words = {"reception": "received", "relay": "relayed", "integration": "integrated"}
    kept = [word for step, word in words.items() if step != missing]
    found, seen = taken().history(m.past(*kept)).judge(HISTORY)
    assert [(f.code, f.expected) for f in found] == [("mss.history.step-missing", missing)]
    assert seen == []


def test_words_that_say_nothing_to_us_prove_nothing() -> None:
    """A history whose words are not understood neither satisfies nor violates."""
    assert taken().history(m.past("received", "etape 12")).judge(HISTORY) == ([], [])


@pytest.mark.example(RELAY, "positive")
def test_every_document_of_the_archive_is_passed_on() -> None:
    """Two documents, two messages; the masked third one is left out."""
    scene = Scene().deliver(m.received(m.cda(), m.second())).read()
    scene.relay(m.mdm()).relay(m.mdm(m.second(), uid=m.SECOND, control="R2"), control="R2")
    found, seen = scene.judge(RELAY)
    assert errors(found) == []
    assert len(seen) == 1
    masked = Scene().deliver(m.received(m.cda(), m.second(), masked=True)).read().relay(m.mdm())
    assert errors(masked.judge(RELAY)[0]) == []
    assert len(masked.judge(RELAY)[1]) == 1


@pytest.mark.example(RELAY, "negative")
def test_only_the_first_document_is_an_error() -> None:
    """The second document of the archive went nowhere."""
    found, seen = Scene().deliver(m.received(m.cda(), m.second())).read().relay(m.mdm()).judge(RELAY)
    assert [(f.code, f.expected, f.absence) for f in found if f.severity is Severity.ERROR] == [
        ("relay.document.missing", m.SECOND, True)
    ]
    assert seen == []


def test_what_goes_beyond_the_relay_is_advice() -> None:
    """A masked document passed on, one passed on twice, one altered: advice."""
    scene = Scene().deliver(m.received(m.cda(), m.second(), masked=True)).read()
    scene.relay(m.mdm(m.cda() + b"\n")).relay(m.mdm(control="R3"), control="R3")
    scene.relay(m.mdm(m.second(), uid=m.SECOND, control="R2"), control="R2")
    found, seen = scene.judge(RELAY)
    assert {"relay.document.masked", "relay.document.repeated", "relay.document.altered"} <= {f.code for f in found}
    assert errors(found) == []
    assert seen


def test_an_unread_mail_owes_nothing() -> None:
    """A mailbox that nobody reads is no evidence against the relay."""
    assert Scene().deliver(m.received()).judge(RELAY) == ([], [])


@pytest.mark.example(RECEIPT, "positive")
@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        ("AA", m.mdn()),
        ("AE", m.mdn("processed/error", "Error: 902^Patient inconnu")),
        ("AE", m.mdn("processed/Error: 902^Patient inconnu")),
        ("AA", m.dsn(m.ID, m.PFI)),
    ],
)
def test_the_destination_s_answer_reaches_the_sender(answer: str, receipt: bytes) -> None:
    """MDN in both writings of the error, or DSN: the form is still to be defined."""
    found, seen = Scene().deliver(m.received()).read().relay(m.mdm(), answer).write(receipt).judge(RECEIPT)
    assert found == []
    assert len(seen) == 1


@pytest.mark.example(RECEIPT, "negative")
def test_an_answer_that_stays_in_the_product_is_an_error() -> None:
    """The product says that the document is integrated, and tells the sender nothing; without its word, an absence."""
    found, _ = taken().history(m.past("received", "relayed", "integrated")).judge(RECEIPT)
    assert [(f.code, f.absence) for f in found] == [("relay.receipt.missing", False)]
    found, _ = taken().judge(RECEIPT)
    assert [(f.code, f.absence) for f in found] == [("relay.receipt.missing", True)]


def test_a_receipt_that_says_the_contrary_is_advice() -> None:
    """`processed` for a refusal, two receipts, a receipt nobody asked for."""
    wrong = Scene().deliver(m.received()).read().relay(m.mdm(), "AE").write(m.mdn()).write(m.mdn())
    assert {f.code for f in wrong.judge(RECEIPT)[0]} == {"relay.receipt.repeated", "relay.receipt.result-differs"}
    unasked = Scene().deliver(m.received(receipt=False)).read().relay(m.mdm()).write(m.mdn())
    assert [(f.code, f.severity) for f in unasked.judge(RECEIPT)[0]] == [("relay.receipt.not-asked", Severity.ADVICE)]


def test_a_receipt_to_someone_else_or_about_another_mail_does_not_count() -> None:
    """The receipt must reach the sender and be about this mail."""
    elsewhere = taken().write(m.mdn(), "autre@banc.mssante.fr")
    assert errors(elsewhere.judge(RECEIPT)[0]) == ["relay.receipt.missing"]
    another = taken().write(m.mdn(about="other@banc.mssante.fr"))
    assert errors(another.judge(RECEIPT)[0]) == ["relay.receipt.missing"]


def on(scene: Scene) -> Scene:
    """The pilot puts the antivirus in service first."""
    return scene.pilot("antivirus", "settings.set/1", {"name": "antivirus", "value": "on"}, status="accepted")


EICAR = File("resultats.com", "application/octet-stream", eicar.content())


def infected_archive() -> bytes:
    """The mail of one report whose archive holds the test file besides."""
    members = dict(zipped.read(m.archive(m.cda())).members)
    data = zipped.write({**members, "IHE_XDM/SUBSET01/ANNEXE.COM": eicar.content()})
    return m.received(files=(File("IHE_XDM.zip", "application/zip", data),))


@pytest.mark.example(VIRUS, "positive")
def test_a_file_in_quarantine_is_detected() -> None:
    """EICAR alone, told by the history; or in the archive, held back while a sound document goes through."""
    scene = on(Scene()).deliver(m.received(files=(EICAR,))).read()
    found, seen = scene.history(m.past("received", "quarantined", state="quarantined")).judge(VIRUS)
    assert (found, len(seen)) == ([], 1)
    held = on(Scene()).deliver(infected_archive()).read()
    held.elsewhere = taken().heard
    assert (held.judge(VIRUS)[0], len(held.judge(VIRUS)[1])) == ([], 1)


@pytest.mark.example(VIRUS, "negative")
def test_a_test_file_that_goes_its_way_is_an_error() -> None:
    """The documents of the infected archive are passed on, and the history tells of no detection."""
    scene = on(Scene()).deliver(infected_archive()).read().relay(m.mdm())
    found, seen = scene.history(m.past("received", "relayed", "integrated")).judge(VIRUS)
    assert errors(found) == ["ssi.antivirus.not-detected"]
    assert seen == []


def test_a_test_file_enclosed_in_a_cda_and_passed_on_is_advice() -> None:
    """What a CDA encloses stands after the statement of the row."""
    scene = on(Scene()).deliver(m.received(m.infected_cda())).read().relay(m.mdm(m.infected_cda()))
    found, seen = scene.history(m.past("received", "relayed", "integrated")).judge(VIRUS)
    assert [(f.code, f.severity) for f in found] == [("ssi.antivirus.passed-on", Severity.ADVICE)]
    assert seen


def test_a_scan_that_went_well_is_no_detection() -> None:
    """An entry that names the antivirus and says ok tells that nothing was found."""
    scene = on(Scene()).deliver(infected_archive()).read().relay(m.mdm())
    found, _ = scene.history(m.past("received", "antivirus", "relayed", "integrated")).judge(VIRUS)
    assert errors(found) == ["ssi.antivirus.not-detected"]


def test_an_antivirus_that_nobody_declares_is_not_judged() -> None:
    """The row speaks of the antivirus in service."""
    scene = Scene().deliver(m.received(m.infected_cda())).read().relay(m.mdm(m.infected_cda()))
    assert scene.judge(VIRUS) == ([], [])


def test_a_history_in_unknown_words_is_no_evidence_against_the_archive() -> None:
    """The step that we do not understand may be the one looked for."""
    assert Scene().deliver(m.received()).read().history(m.past("received", "etape 12")).judge(XDM) == ([], [])


def test_the_literal_message_is_read_alike_by_another_library() -> None:
    """python-hl7 finds the document and the patient where our reader does."""
    message = hl7.parse(m.mdm().decode())
    assert str(message.segment("TXA")[12]) == s.UID
    assert str(message.segment("PID")[3]).split("^")[0] == s.INS
    found = taken().heard[2].value
    assert found.document_id.value == s.UID  # type: ignore[attr-defined]
    assert found.patient.ins.value == s.INS  # type: ignore[attr-defined]
