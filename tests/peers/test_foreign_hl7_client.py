"""python-hl7, an HL7 v2 client that we did not write, feeds the reference PFI; curl reads the mails that come of it."""

from __future__ import annotations

import email
import email.policy
import shutil
import subprocess
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

import hl7
import pytest
from hl7.client import MLLPClient

from conformance.bench.lab import Lab
from conformance.bench.pki import export
from conformance.bench.recorder import Sink
from conformance.catalogue.loader import load_profile
from conformance.engine.listening import listen
from conformance.engine.run import RunRequest
from conformance.evidence.journal import Reader
from conformance.evidence.values import Exchange
from conformance.generation import documents, people, render
from conformance.generation.binding import bind
from conformance.models.document import Flags
from conformance.selftest.embedded import Embedded, embedded

AS_OF = date(2026, 6, 1)
DOCTOR = people.PROFESSIONALS[1]
MAILBOX = f"ps{DOCTOR.rpps}@banc.mssante.fr"


def messages(count: int, run: str) -> list[render.Rendered]:
    """Document messages that ask for a mail to a professional and one to the patient."""
    plain = documents.plainest()
    step = replace(plain.steps[0], flags=Flags(dest_mss_ps=True, dest_mss_pat=True))
    story = replace(plain, recipients=(DOCTOR,), steps=(step,))
    return [render.render(story, 0, bind(run, n), AS_OF) for n in range(1, count + 1)]


def send(address: str, sent: list[render.Rendered]) -> list[hl7.Message]:
    """Give messages to an MLLP port with python-hl7's client, on one connection, and parse the answers with it."""
    host, _, port = address.removeprefix("mllp://").rpartition(":")
    answers = []
    with MLLPClient(host, int(port)) as client:
        client.socket.settimeout(10)
        for one in sent:
            raw = client.send_message(hl7.parse(one.message.decode(), encoding="utf-8"))
            answers.append(hl7.parse(raw.strip(b"\x0b\x1c\r").decode()))
    return answers


def until(found: list[Exchange], count: int, seconds: float = 20.0) -> list[Exchange]:
    """The mails heard, once there are enough of them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        mails = [e for e in found if e.facts.get("event") == "mail"]
        if len(mails) >= count:
            return mails
        time.sleep(0.1)
    raise AssertionError(f"only {[e.facts.get('event') for e in found]}")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (Debian: apt install curl)")
def test_messages_of_a_foreign_client_become_mails_that_a_foreign_client_reads(tmp_path: Path) -> None:
    """Accepted (MSA-1 AA, MSA-2 the control id), mailed to our operator, and read back byte for byte over IMAP."""
    heard: list[Exchange] = []
    with embedded("PFI", tmp_path / "v") as pair, pair.make_lab(heard.append, 0, AS_OF):
        sent = messages(2, "a1b2c3d4")
        answers = send(pair.vendor.documents, sent)
        assert [str(a.segment("MSA")[1]) for a in answers] == ["AA", "AA"]
        assert [str(a.segment("MSA")[2]) for a in answers] == [one.control for one in sent]
        mails = until(heard, 4)
        recipients = sorted({str(m.facts["rcpt_to"]) for m in mails})
        patients = [f"{one.identity.matricule}@patient.mssante.fr" for one in sent]
        assert recipients == sorted([MAILBOX, *patients])
        (first, *_) = [m for m in mails if m.facts["rcpt_to"] == MAILBOX]
        read = curl(pair, tmp_path, "INBOX;UID=1")
        assert read == first.body
        letter = email.message_from_bytes(read, policy=email.policy.default)
        assert str(letter["Subject"]).startswith("XDM/1.0/DDM+")
        assert "IHE_XDM.zip" in [part.get_filename() for part in letter.walk()]


def curl(pair: Embedded, folder: Path, what: str) -> bytes:
    """What curl reads in the mailbox of the professional."""
    (folder / "anchors.pem").write_bytes(pair.pki.anchors_pem)
    export(folder, "client", pair.pki.vendor_client())
    port = pair.target.services["imap"].port
    done = subprocess.run(
        [
            "curl", "-sS", "--ssl-reqd", "--cacert", str(folder / "anchors.pem"), "--max-time", "20",
            "--cert", str(folder / "client.pem"), "--key", str(folder / "client.key"),
            "--user", f"{MAILBOX}:sans-objet", f"imap://localhost:{port}/{what}",
        ],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_ordinary_use_is_judged_while_a_foreign_client_feeds_the_product(tmp_path: Path) -> None:
    """`listen` hears the mails and the submissions, holds nothing against a sound product, and says conform of none."""
    with embedded("PFI", tmp_path / "v") as pair:
        profile = load_profile("PFI")
        folder = tmp_path / "run"
        request = RunRequest(profile, ("va1", "va2"), pair.target, folder, AS_OF, "listen", 0, None, shrink=False)
        over = threading.Event()
        heard: list[Exchange] = []

        def laboratory(sink: Sink, first: int, as_of: date) -> AbstractContextManager[Lab]:
            def both(exchange: Exchange) -> None:
                heard.append(exchange)
                sink(exchange)

            return pair.make_lab(both, first, as_of)

        def use() -> None:
            time.sleep(1.0)
            try:
                send(pair.vendor.documents, messages(3, "0badcafe"))
                until(heard, 6)
            finally:
                over.set()

        user = threading.Thread(target=use)
        user.start()
        listened = listen(request, laboratory, over.is_set)
        user.join(20)
    assert listened.exchanges > 6
    assert listened.findings == 0
    kept = [e.data for e in Reader(folder).entries() if e.type == "exchange"]
    mails = [line for line in kept if cast(dict[str, object], line["facts"]).get("event") == "mail"]
    assert len(mails) == 6
