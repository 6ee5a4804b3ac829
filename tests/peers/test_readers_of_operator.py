"""Clients we did not write read our operator: curl byte for byte, mbsync (isync) keeping a Maildir in step."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki, export
from conformance.bench.service import Service
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.values import Exchange
from conformance.services.igc import IgcService
from conformance.services.mss.service import ImapImplicitService, ImapService, MssService

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))
APPLICATION = "pfi@banc.mssante.fr"

with_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (Debian: apt install curl)")
with_mbsync = pytest.mark.skipif(
    shutil.which("mbsync") is None, reason="mbsync is not installed (Debian: apt install isync)"
)


@dataclass
class Operator:
    """The operator running, and the files its clients need."""

    lab: Lab
    folder: Path
    kept: list[Exchange]

    def put(self, *messages: bytes) -> None:
        """Messages in the application mailbox, before anyone reads it."""
        operator = cast(ImapService, self.lab.services["imap"]).operator
        for message in messages:
            operator.put(APPLICATION, message)

    def commands(self) -> list[tuple[str, str]]:
        """The commands recorded, with the Message-ID each is about."""
        told = [e.facts for e in self.kept if e.facts.get("event") == "command"]
        return [(str(f["command"]), str(f["message_id"])) for f in told]

    def run(self, *command: str) -> bytes:
        """What a client writes; it must succeed."""
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    """A laboratory with both sides of the operator."""
    pki = Pki.generate()
    kept: list[Exchange] = []
    services: list[Service] = [IgcService(), MssService(), ImapService(), ImapImplicitService()]
    (tmp_path / "anchors.pem").write_bytes(pki.anchors_pem)
    export(tmp_path, "client", pki.vendor_client())
    with Lab(TARGET, services, kept.append, pki) as lab:
        yield Operator(lab, tmp_path, kept)


def message(number: int, body: str = "Bonjour.\r\n") -> bytes:
    """A small message in literal bytes."""
    head = (
        f"From: <ps1@banc.mssante.fr>\r\nTo: <{APPLICATION}>\r\nMessage-ID: <m{number}@banc>\r\nSubject: n{number}\r\n"
    )
    return f"{head}\r\n{body}".encode()


def curl(operator: Operator, *more: str) -> bytes:
    """curl as a careful client with the certificate lent to the vendor."""
    folder = operator.folder
    return operator.run(
        "curl", "-sS", "--ssl-reqd", "--cacert", str(folder / "anchors.pem"), "--max-time", "20",
        "--cert", str(folder / "client.pem"), "--key", str(folder / "client.key"),
        "--user", f"{APPLICATION}:sans-objet", *more,
    )  # fmt: skip


@with_curl
def test_curl_sends_and_reads(operator: Operator) -> None:
    """A mail that curl submits and reads again is the same, byte for byte, over STARTTLS and over implicit TLS."""
    sent = message(1, "Ligne\r\n.\r\n..deux\r\n" + "x" * 900 + "\r\n")
    file = operator.folder / "mail.eml"
    file.write_bytes(sent)
    ports = {name: operator.lab.services[name].port for name in ("mss", "imap", "imap-implicit")}
    curl(
        operator, f"smtp://localhost:{ports['mss']}", "--mail-from", APPLICATION, "--mail-rcpt", APPLICATION,
        "--upload-file", str(file),
    )  # fmt: skip
    assert curl(operator, f"imap://localhost:{ports['imap']}/INBOX;UID=1") == sent
    assert curl(operator, f"imaps://localhost:{ports['imap-implicit']}/INBOX;UID=1") == sent
    assert curl(operator, f"imap://localhost:{ports['imap']}/INBOX?SUBJECT%20n1").strip() == b"* SEARCH 1"
    (heard,) = [e for e in operator.kept if e.facts.get("event") == "mail"]
    assert (heard.body, heard.facts["client_usage"]) == (sent, "AUTH_CLI")
    assert operator.commands() == [("FETCH", "m1@banc")] * 2


@with_mbsync
def test_mbsync_keeps_a_maildir_in_step(operator: Operator) -> None:
    """Messages come down, one removed below is expunged above, one added below is appended above."""
    operator.put(*(message(n) for n in range(1, 4)))
    folder, maildir = operator.folder, operator.folder / "maildir"
    maildir.mkdir()
    settings = folder / "mbsyncrc"
    settings.write_text(
        f"IMAPAccount banc\nHost localhost\nPort {operator.lab.services['imap'].port}\nUser {APPLICATION}\nPass x\n"
        f"SSLType STARTTLS\nSystemCertificates no\nCertificateFile {folder}/anchors.pem\nAuthMechs PLAIN\n"
        f"ClientCertificate {folder}/client.pem\nClientKey {folder}/client.key\n\n"
        "IMAPStore la-bas\nAccount banc\n\n"
        f"MaildirStore ici\nPath {maildir}/\nInbox {maildir}/INBOX\nSubFolders Verbatim\n\n"
        "Channel c\nFar :la-bas:\nNear :ici:\nPatterns INBOX Sent\nCreate Both\nExpunge Both\nSyncState *\n"
    )
    synchronise = ("mbsync", "-c", str(settings), "c")
    operator.run(*synchronise)
    files = {name: file for file in (maildir / "INBOX").rglob("*") if file.is_file() for name in [_named(file)] if name}
    assert set(files) == {b"m1@banc", b"m2@banc", b"m3@banc"}
    assert b"\n\nBonjour.\n" in files[b"m1@banc"].read_bytes().replace(b"\r", b"")
    files[b"m2@banc"].unlink()
    (maildir / "Sent" / "new" / "1.local").write_bytes(message(9).replace(b"\r", b""))
    operator.run(*synchronise)
    told = operator.commands()
    assert [m for c, m in told if c == "FETCH"] == ["m1@banc", "m2@banc", "m3@banc"]
    assert [m for c, m in told if c == "EXPUNGE"] == ["m2@banc"]
    assert [m for c, m in told if c == "APPEND"] == ["m9@banc"]
    kept = cast(ImapService, operator.lab.services["imap"]).operator.mailbox(APPLICATION)
    assert [m.message_id for m in kept.folders["INBOX"].messages] == ["m1@banc", "m3@banc"]
    assert operator.lab.recorder.failure is None


def _named(file: Path) -> bytes:
    """The Message-ID of a file of the Maildir, empty for the state of mbsync."""
    _, found, rest = file.read_bytes().partition(b"Message-ID: <")
    return rest.partition(b">")[0] if found else b""
