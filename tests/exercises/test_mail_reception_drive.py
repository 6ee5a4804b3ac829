"""The exercise `mail.reception` against the operator of the bench and a small client of imaplib, smtplib, python-hl7.

The client is no product: it reads the mailbox, passes the first CDA of an archive on, and answers by a mail.
"""

from __future__ import annotations

import email
import email.policy
import imaplib
import io
import smtplib
import ssl
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from threading import Event, Thread
from typing import Any

import pytest
from hl7.client import MLLPClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Pki
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.codec import from_plain, to_plain
from conformance.evidence.values import Exchange
from conformance.exercises import registry
from conformance.exercises.mail_reception import MailReception
from conformance.generation import mail_render, mails
from conformance.generation.binding import bind
from conformance.models.mail import DAMAGES, ReceivedMail
from conformance.services import make
from conformance.standards.mail.syntax import parse
from conformance.standards.xdm import judging
from conformance.texts import all_texts

DRAW = hypothesis_settings(
    max_examples=60, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
FEW = hypothesis_settings(DRAW, max_examples=5)
EXERCISE = MailReception()
BOX = "pfi@banc.mssante.fr"
TARGET_DAY = date(2026, 1, 5)
TARGET = Target(
    Vendor("Éditeur", "Logiciel", "1"),
    "PFI",
    ("va2",),
    timing=Timing(answer=5.0, settle=0.3, settle_max=3.0, reaction=4.0),
)


@dataclass
class Client:
    """Reads the mailbox again and again until it is stopped."""

    imap: int
    mss: int
    relay: int

    def turn(self, seen: set[bytes]) -> None:
        """One look at the mailbox."""
        context = ssl._create_unverified_context()  # the client under test of other rows checks; this one only reads
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=5) as box:
            box.starttls(context)
            box.authenticate("PLAIN", lambda _: f"\0{BOX}\0".encode())
            box.select("INBOX")
            _, found = box.uid("SEARCH", "ALL")
            for uid in (found[0] or b"").split():
                if uid not in seen:
                    seen.add(uid)
                    _, data = box.uid("FETCH", uid.decode(), "(BODY[])")
                    assert isinstance(data[0], tuple)
                    self.deal(data[0][1])

    def deal(self, raw: bytes) -> None:
        """Pass the first document on, answer the sender."""
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        held = next((p for p in mail.iter_attachments() if p.get_filename() == "IHE_XDM.zip"), None)
        if held is None:
            return
        with zipfile.ZipFile(io.BytesIO(held.get_payload(decode=True))) as zipped:
            document = zipped.read("IHE_XDM/SUBSET01/DOC0001.XML")
        row = (
            "MSH|^~\\&|P|P|D|D|20260105093100+0100||MDM^T02^MDM_T02|R1|T|2.6|||||FRA|UNICODE UTF-8"
            "|||1.1^CISIS_CDA_HL7_LPS\rEVN||20260105\rPID|||1\rPV1|1|N\rORC|NW\rTXA|1|18748-4|TEXT\r"
            f"OBX|1|ED|18748-4^CR^LN||^text^XML^Base64^{b64encode(document).decode()}||||||F\r"
        )
        with MLLPClient("127.0.0.1", self.relay, encoding="utf-8") as destination:
            destination.send_message(row)
        answer = email.message.EmailMessage()
        answer["From"], answer["To"] = BOX, mail["From"].addresses[0].addr_spec
        answer["In-Reply-To"] = str(mail["Message-ID"])
        answer.set_content("Traité.")
        with smtplib.SMTP("127.0.0.1", self.mss, timeout=5) as operator:
            operator.starttls(context=ssl._create_unverified_context())
            operator.user, operator.password = BOX, ""
            operator.auth("PLAIN", operator.auth_plain)
            operator.send_message(answer)


@contextmanager
def running(client: Client) -> Iterator[None]:
    """The client at work."""
    stop, seen = Event(), set[bytes]()

    def work() -> None:
        while not stop.wait(0.1):
            client.turn(seen)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture(scope="module")
def pki() -> Pki:
    """One throw-away PKI."""
    return Pki.generate()


def drive(pki: Pki, case: ReceivedMail, *, client: bool = True) -> tuple[Window, list[Exchange]]:
    """One window holding that case alone."""
    kept: list[Exchange] = []
    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        ports = {name: lab.services[name].port for name in ("imap", "mss", "relay")}

        async def run(face: Any) -> None:
            await EXERCISE.drive(face, case, bind("0a1b2c3d", 1))

        if not client:
            return lab.window([Job("w1-c1", run)], {}), kept
        with running(Client(**ports)):
            return lab.window([Job("w1-c1", run)], {}), kept


def events(window: Window) -> list[str]:
    """What was heard from the vendor, in words."""
    return [
        f"{e.channel}:{e.facts.get('event', 'message')}"
        for e in window.exchanges
        if e.direction.value == "from-vendor" and e.facts.get("event") in ("command", "mail", None)
    ]


def test_a_mail_is_delivered_read_passed_on_and_answered(pki: Pki) -> None:
    """Everything that a product does of a mail is heard in one case, in order."""
    window, _ = drive(pki, mails.plainest())
    done = window.done["w1-c1"]
    assert done.fault is None
    assert [s.name for s in done.sent][:2] == ["deliver", "fetch"]
    assert [e for e in events(window) if not e.startswith("igc")] == ["imap:command", "relay:message", "mss:mail"]
    uid = mail_render.document_uid(bind("0a1b2c3d", 1), 1)
    assert ("document", uid) in done.keys


def test_the_destination_refuses_when_the_case_says_so(pki: Pki) -> None:
    """`relay.answer` is set for the case, and put back after it."""
    window, _ = drive(pki, replace(mails.plainest(), answer="AE"))
    answers = [e.body for e in window.exchanges if e.channel == "relay" and e.direction.value == "to-vendor"]
    assert [b"MSA|AE|R1" in a for a in answers] == [True]


def test_a_mailbox_that_nobody_reads_ends_the_case_quietly(pki: Pki) -> None:
    """No client: the case is over after the reaction time, with nothing heard and no fault of ours."""
    window, _ = drive(pki, mails.plainest(), client=False)
    assert window.done["w1-c1"].fault is None
    assert events(window) == []


def test_the_test_file_is_in_the_mail_and_never_plain_in_this_project(pki: Pki) -> None:
    """EICAR comes out of the attachment that the operator serves; what lies on disk does not show it."""
    case = replace(mails.plainest(), virus="attachment", content="none")
    body = mail_render.render(case, bind("0a1b2c3d", 2), TARGET_DAY, BOX).body
    held = next(iter(email.message_from_bytes(body, policy=email.policy.default).iter_attachments()))
    assert len(held.get_payload(decode=True)) == 68
    assert held.get_payload(decode=True).startswith(b"X5O!")
    assert b"X5O!" not in body


@pytest.mark.parametrize("label", sorted(mails.LABELS))
def test_every_class_can_be_generated_and_is_described(label: str) -> None:
    """Each label has its text, and a case of it bears it."""
    assert f"label.{label}" in all_texts()

    @FEW
    @given(mails.received(label))
    def check(case: ReceivedMail) -> None:
        assert label in mails.labels_of(case)
        assert mails.labels_of(case) <= mails.LABELS
        assert from_plain(to_plain(case), ReceivedMail) == case

    check()


@DRAW
@given(mails.received())
def test_a_sound_mail_is_a_mail_with_a_valid_archive(case: ReceivedMail) -> None:
    """The standard library reads the same attachments; the archive has no fault; a simpler case is another case."""
    made = mail_render.render(case, bind("0a1b2c3d", 3), TARGET_DAY, BOX)
    own = parse(made.body)
    theirs = email.message_from_bytes(made.body, policy=email.policy.default)
    assert own.faults == ()
    assert [p.filename for p in own.attachments] == [p.get_filename() for p in theirs.iter_attachments()]
    assert own.subject == str(theirs["Subject"]).strip()  # the library keeps the blank of a fold
    for part in own.attachments:
        if part.filename == "IHE_XDM.zip":
            assert [f for f in judging.judge(part.content) if f.severity.value == "error"] == []
    assert all(one != case for one in mails.simpler(case))


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_a_damaged_archive_is_seen_to_be_so(name: str) -> None:
    """Each damage is found by the judge of archives."""
    case = replace(mails.plainest(), damage=name)
    mail = parse(mail_render.render(case, bind("0a1b2c3d", 4), TARGET_DAY, BOX).body)
    archive = next(p for p in mail.attachments if p.filename == "IHE_XDM.zip")
    assert any(f.severity.value == "error" for f in judging.judge(archive.content))


def test_the_registry_gives_the_exercise() -> None:
    """Exclusive, heavy, and reading the operator's mailbox."""
    found = registry.get("mail.reception")
    assert found.needs == {"service:imap", "service:mss", "service:relay"}
    assert (EXERCISE.exclusive, EXERCISE.weight) == (True, 10)
    assert found.labels_of(found.sentinel()) >= {"received:plain", "received:xdm"}
