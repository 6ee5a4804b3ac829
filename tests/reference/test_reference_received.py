"""Mails read in the mailboxes: archives relayed, acknowledgements returned, receipts matched, all of it traced."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from reference_mail_bench import APP, DOCTOR, PERSON, MailBench, cda, fresh_oid, mail_bench, mailed
from reference_messages import INS

from conformance.standards.xdm.builders import SetSpec, build

Facts = dict[str, Any]
OTHER = "110086322083060"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SENDER = "ps899700000015@banc.mssante.fr"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailBench]:
    """One laboratory and one reference for the module."""
    with mail_bench(tmp_path_factory.mktemp("received")) as made:
        made.start()
        yield made


@pytest.fixture
def bench(shared: MailBench) -> MailBench:
    """The same, sound and with nothing remembered."""
    shared.fresh()
    return shared


def archive(*documents: str) -> bytes:
    """An IHE_XDM archive around CDA texts, by the builder of the bench."""
    spec = SetSpec(fresh_oid(), "1.2.250.1.999.9", "20260110120000")
    return build([d.encode() for d in documents], spec)


def letter(name: str, attachment: bytes, *, subject: str = "XDM/1.0/DDM+x", receipt: bool = True) -> tuple[str, bytes]:
    """A mail of another system with one attachment; its Message-ID and its bytes."""
    mail = EmailMessage()
    identifier = f"<{name}.{fresh_oid()}@banc.mssante.fr>"
    mail["From"], mail["To"], mail["Message-ID"], mail["Subject"] = f"Dr X <{SENDER}>", APP, identifier, subject
    if receipt:
        mail["Disposition-Notification-To"] = f"<{SENDER}>"
    mail.set_content("Bonjour.\n")
    mail.add_attachment(attachment, maintype="application", subtype="zip", filename=f"{name}.zip")
    return identifier, mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def history(bench: MailBench, message_id: str) -> Facts:
    """What the pilot tells of a received mail."""
    answer = bench.pilot("queries", "document.history/1", message_id=message_id)
    found: Facts = answer.get("data", {"history": []})
    return found


def dealt(bench: MailBench, message_id: str, last: str) -> list[str]:
    """The actions of a received mail, once one of them begins so."""

    def known() -> list[str] | None:
        actions = [s["action"].split()[0] for s in history(bench, message_id)["history"]]
        return actions if last in actions else None

    found: list[str] = bench.wait(known)
    return found


def relayed(bench: MailBench) -> list[dict[str, str]]:
    """Document id, patient and digest-able bytes of each message handed over."""
    found = []
    for exchange in bench.of("relay"):
        segments = [s.split("|") for s in exchange.body.decode().split("\r") if s]
        by_name = {s[0]: s for s in reversed(segments)}
        found.append(
            {
                "id": by_name["TXA"][12],
                "patient": by_name["PID"][3].split("^")[0],
                "event": by_name["MSH"][8],
                "document": base64.b64decode(by_name["OBX"][5].split("^")[4]).decode(),
            }
        )
    return found


def test_an_archive_is_handed_over_and_acknowledged(bench: MailBench) -> None:
    """Each document leaves in an MDM of its own, byte for byte; the mail's sender gets one MDN that says processed."""
    texts = [cda(fresh_oid()), cda(fresh_oid())]
    identifier, raw = letter("IHE_XDM", archive(*texts), subject="Un objet quelconque")
    bench.put(APP, raw)
    actions = dealt(bench, identifier, "receipt")
    handed = relayed(bench)
    assert [h["document"] for h in handed] == texts
    assert {h["patient"] for h in handed} == {INS}
    assert {h["event"] for h in handed} == {"MDM^T02^MDM_T02"}
    assert actions == [
        "received",
        "identified",
        *("relayed", "acknowledged", "integrated") * 2,
        "receipt",
    ]
    (report,) = bench.mails()
    assert report.get_content_type() == "multipart/report"
    human, notification, original = list(report.iter_parts())
    assert notification.get_content_type() == "message/disposition-notification"
    assert f"Original-Message-ID: {identifier}" in notification.as_string()
    assert "Disposition: automatic-action/MDN-sent-automatically; processed\n" in notification.as_string()
    assert original.get_content_type() == "message/rfc822"
    assert report["To"] == SENDER
    assert report["X-MSS-NIL"] == "9990000001"
    assert bench.of("mss", "mail")[0].facts["mail_from"] == ""
    assert "intégré" in human.get_content()


def test_the_patient_is_the_one_of_the_metadata(bench: MailBench) -> None:
    """A matricule in the subject changes nothing."""
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid())), subject=f"XDM/1.0/DDM+{OTHER}")
    bench.put(PERSON, raw)
    dealt(bench, identifier, "integrated")
    assert [h["patient"] for h in relayed(bench)] == [INS]


def test_an_ordinary_zip_is_not_relayed(bench: MailBench) -> None:
    """A zip without metadata and an archive whose document does not match its hash give nothing."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as plain:
        plain.writestr("note.xml", cda(fresh_oid()))
    broken = io.BytesIO(archive(cda(fresh_oid())))
    changed = io.BytesIO()
    with zipfile.ZipFile(broken) as source, zipfile.ZipFile(changed, "w") as target:
        for item in source.namelist():
            data = source.read(item)
            target.writestr(item, data.replace(b"hanche", b"genoux") if item.endswith("DOC0001.XML") else data)
    for content in (held.getvalue(), changed.getvalue()):
        identifier, raw = letter("IHE_XDM", content)
        bench.put(APP, raw)
        assert dealt(bench, identifier, "ignored") == ["received", "ignored"]
    assert relayed(bench) == []
    assert bench.mails() == []


def test_a_refusal_of_the_destination_becomes_an_error(bench: MailBench) -> None:
    """AE with an application code: an MDN in error that quotes it, and a history that says refused."""
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid())))
    bench.put(APP, raw, {"relay.answer": "AE"})
    assert "refused" in dealt(bench, identifier, "receipt")
    (report,) = bench.mails()
    assert str(report["Subject"]).startswith("[KO Intégration système !][902] XDM/1.0/DDM+")
    notification = list(report.iter_parts())[1].as_string()
    assert "processed/error" in notification
    assert "Error: 902^" in notification


def test_no_receipt_without_request(bench: MailBench) -> None:
    """Without Disposition-Notification-To the documents are relayed and nothing goes back."""
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid())), receipt=False)
    bench.put(APP, raw)
    dealt(bench, identifier, "integrated")
    bench.environment({})
    assert bench.mails() == []


def test_a_named_file_is_kept_back(bench: MailBench) -> None:
    """The antivirus signature inside the archive keeps the whole mail from the destination; the trace says so."""
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid()).replace("Radiographie", EICAR.decode("ascii"))))
    bench.put(APP, raw)
    assert dealt(bench, identifier, "quarantined") == ["received", "quarantined"]
    assert relayed(bench) == []
    (trace,) = [t for t in bench.traces() if t["action"] == "quarantine"]
    assert trace["outcome"] == "failed"


def test_receipts_are_matched_traced_and_returned(bench: MailBench) -> None:
    """DSN and MDN are traced against the mail they are about; the reading is returned (Z03), a late failure too."""
    flags = "DESTMSSANTEPS ACK_RECEPTION ACK_LECTURE_MSS"
    bench.environment({"mss.receipts": "both"})
    bench.ask(mailed(cda(fresh_oid()), flags=flags, control="C1"))
    bench.wait(lambda: len([t for t in bench.traces() if t["action"] == "receipt"]) == 2)
    bench.environment({"mss.receipts": "failed"})
    bench.ask(mailed(cda(fresh_oid()), flags=flags, control="C2"))
    bench.wait(lambda: len([t for t in bench.traces() if t["request"].startswith("delivery receipt")]) == 2)
    bench.settle()
    sent = [m["Message-ID"] for m in bench.mails()]
    received = [t for t in bench.traces() if t["action"] == "receipt"]
    assert sorted((t["request"].split()[0], t["outcome"], t["subject"]["message_id"]) for t in received) == sorted(
        [
            ("delivery", "ok", sent[0]),
            ("reading", "ok", sent[0]),
            ("delivery", "failed", sent[1]),
        ]
    )
    told = [
        (z.split("|")[8].split("^")[1], z.split("AckMetierZAM|")[1][:4].split("^")[0])
        for z in bench.wait(lambda: bench.returned() if len(bench.returned()) == 4 else None)
    ]
    assert told == [("Z02", "C1|Y"), ("Z03", "C1|Y"), ("Z02", "C2|Y"), ("Z02", "C2|N")]


def test_a_reply_continues_the_thread(bench: MailBench) -> None:
    """In-Reply-To is the mail's identifier, References the chain received and it."""
    raw = (
        b"From: <ps1@banc.mssante.fr>\r\nTo: <ps801234567897@banc.mssante.fr>\r\nMessage-ID: <q3@b>\r\n"
        b"References: <q1@b>\r\n <q2@b>\r\nSubject: Question\r\n\r\n?\r\n"
    )
    bench.put(PERSON, raw)
    answer = bench.pilot("stimuli", "mail.reply/1", mailbox=PERSON, message_id="<q3@b>", text="Oui.")
    assert answer["status"] == "done"
    (mail,) = bench.mails()
    assert (mail["In-Reply-To"], mail["References"]) == ("<q3@b>", "<q1@b> <q2@b> <q3@b>")
    assert mail["Message-ID"] == answer["data"]["message_id"]


def test_the_return_address_may_be_set(bench: MailBench) -> None:
    """Mails of the application mailbox give the address set last, in Reply-To and in the notice."""
    for value in ("un@banc.mssante.fr", "deux@banc.mssante.fr"):
        assert bench.pilot("stimuli", "settings.set/1", name="mss.reply-to", value=value)["status"] == "done"
        bench.ask(mailed(cda(fresh_oid())))
        bench.settle()
        assert bench.mails()[-1]["Reply-To"] == value


def test_operations_are_traced_with_their_failures(bench: MailBench) -> None:
    """Sending, reading and deleting leave author, request, the server's answer and the outcome."""
    bench.put(PERSON, b"From: <a@banc.mssante.fr>\r\nMessage-ID: <d1@b>\r\nSubject: x\r\n\r\nx\r\n")
    done = bench.pilot("stimuli", "mail.delete/1", {"author": "801234567897"}, mailbox=PERSON, message_id="<d1@b>")
    assert done["status"] == "done"
    bench.environment({"mss.fault": "rcpt-5xx"})
    sent = bench.pilot("stimuli", "mail.send/1", mailbox=PERSON, to=[DOCTOR], subject="s", text="t")
    assert sent["status"] == "refused"
    found = {(t["action"], t["author"], t["outcome"]) for t in bench.traces()}
    assert {("delete", "801234567897", "ok"), ("send", "801234567897", "failed")} <= found
    assert any(t["response"].startswith("550") for t in bench.traces() if t["action"] == "send")


def gap(bench: MailBench) -> Facts:
    """A received archive of two documents, a receipt that comes back, a deletion, an ordinary zip; the facts."""
    facts: Facts = {}
    identifier, raw = letter("IHE_XDM", archive(cda(fresh_oid()), cda(fresh_oid())), subject=f"XDM/1.0/DDM+{OTHER}")
    bench.put(APP, raw)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as plain:
        plain.writestr("note.xml", cda(fresh_oid()))
    ordinary, zipped = letter("zip", held.getvalue(), receipt=False)
    bench.put(APP, zipped)
    ill, bad = letter(
        "IHE_XDM", archive(cda(fresh_oid()).replace("Radiographie", EICAR.decode("ascii"))), receipt=False
    )
    bench.put(APP, bad)
    bench.wait(lambda: history(bench, ill).get("state") in ("quarantined", "integrated"))
    bench.pilot("stimuli", "mail.delete/1", mailbox=APP, message_id=ordinary)
    handed = relayed(bench)
    facts["handed"] = len(handed)
    facts["patients"] = sorted({h["patient"] for h in handed})
    facts["receipts"] = len(bench.mails())
    facts["steps"] = [s["action"].split()[0] for s in history(bench, identifier)["history"]]
    facts["ordinary"] = [s["action"].split()[0] for s in history(bench, ordinary)["history"]]
    facts["deletions"] = len([t for t in bench.traces() if t["action"] == "delete"])
    facts["anonymous"] = not all(t["author"] for t in bench.traces())
    bench.environment({"mss.receipts": "delivery"})
    bench.ask(mailed(cda(fresh_oid()), flags="DESTMSSANTEPS ACK_RECEPTION"))
    bench.settle()
    bench.pilot("stimuli", "mail.fetch/1", mailbox=APP)
    bench.environment({})
    facts["receipt traces"] = len([t for t in bench.traces() if t["request"].startswith("delivery receipt")])
    return facts


STEPS = ["received", "identified", *("relayed", "acknowledged", "integrated") * 2, "receipt"]
SOUND: Facts = {
    "handed": 2,
    "patients": [INS],
    "receipts": 1,
    "steps": STEPS,
    "ordinary": ["received", "ignored", "deleted"],
    "deletions": 1,
    "anonymous": False,
    "receipt traces": 1,
}
CHANGES: dict[str, Facts] = {
    "receipt-not-traced": {"receipt traces": 0},
    "traces-without-deletions": {"deletions": 0},
    "traces-without-author": {"anonymous": True},
    "patient-from-subject": {"patients": [OTHER, "trois"]},
    "several-documents-not-xdm": {"handed": 0, "patients": [], "receipts": 0, "steps": ["received", "ignored"]},
    "received-history-gap": {"steps": [s for s in STEPS if s not in ("acknowledged", "integrated")]},
    "received-not-relayed": {"handed": 1, "steps": STEPS[:5] + STEPS[-1:]},
    "ack-not-converted": {"receipts": 0, "steps": STEPS[:-1]},
    "eicar-relayed": {"handed": 3},
}


@pytest.mark.parametrize("name", ["", *CHANGES])
def test_a_defect_changes_exactly_its_behaviour(bench: MailBench, name: str) -> None:
    """Without defect the facts are sound; with one they change as written here, and no other does."""
    bench.fresh(*([name] if name else []))
    found = gap(bench)
    expected = {**SOUND, **CHANGES.get(name, {})}
    if name == "patient-from-subject":
        assert OTHER in found["patients"]
        assert INS not in found["patients"]
        return
    assert found == expected
