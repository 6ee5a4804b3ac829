"""The reference with mailboxes, between the operator, the destination and the sender that the bench plays."""

from __future__ import annotations

import email
import email.policy
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from reference_messages import cda, fresh, fresh_oid, message
from reference_peers import Mllp

from conformance.bench.api import Drive
from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Pki, export
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.values import Exchange
from conformance.services.igc import IgcService
from conformance.services.mss.service import ImapService, MssService
from conformance.services.relay import RelayService
from conformance.services.returns import ReturnsService

TOKEN = "jeton-de-test"
TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))
APP, BACK, PERSON = "pfi@banc.mssante.fr", "accueil@banc.mssante.fr", "ps801234567897@banc.mssante.fr"
DOCTOR = "ps899700000015@banc.mssante.fr"
CONFIG = """
schema = "reference/1"
dsr = "PFI"
[listen]
documents = "mllp://127.0.0.1:0"
admin = "mllp://127.0.0.1:0"
[peers]
dmp = "https://127.0.0.1:9"
returns = "mllp://127.0.0.1:{returns}"
[tls]
ca = "anchors.pem"
certificate = "client.pem"
key = "client.key"
[organisation]
name = "CENTRE HOSPITALIER FICTIF"
identifier = "1750000018"
responsible = "899700000015"
oid = "1.2.250.1.999.9"
[retry]
attempts = 2
pause = 0.05
timeout = 2.0
[pilot]
listen = "127.0.0.1:0"
token_env = "REFERENCE_MAIL_TOKEN"
[mss]
smtp = "smtp://127.0.0.1:{mss}"
imap = "imap://127.0.0.1:{imap}"
application_mailbox = "pfi@banc.mssante.fr"
return_mailbox = "accueil@banc.mssante.fr"
personal_mailbox = "ps801234567897@banc.mssante.fr"
personal_author = "801234567897"
reference_produit = "9990000001"
domains = ["banc.mssante.fr", "patient.mssante.fr"]
poll = 0.1
timeout = 3.0
attempts = 2
pause = 0.05
{more}
[relay]
address = "mllp://127.0.0.1:{relay}"
"""


class MailBench:
    """A laboratory and one reference process; `heard` are the exchanges so far."""

    def __init__(self, lab: Lab, pki: Pki, folder: Path, heard: list[Exchange]) -> None:
        self.lab, self.pki, self.folder, self.heard = lab, pki, folder, heard
        self.process: subprocess.Popen[str] | None = None
        self.ready: dict[str, Any] = {}

    def start(self, *defects: str, more: str = "", **ports: int) -> None:
        """Start the reference (the one before is stopped)."""
        self.stop()
        export(self.folder, "client", self.pki.vendor_client())
        (self.folder / "anchors.pem").write_bytes(self.pki.anchors_pem)
        known = {name: self.lab.services[name].port for name in ("returns", "relay", "mss", "imap")}
        file = self.folder / "mail.toml"
        file.write_text(CONFIG.format(**{**known, **ports}, more=more), encoding="utf-8")
        command = [sys.executable, "-m", "conformance.reference", "--config", str(file)]
        for name in defects:
            command += ["--defect", name]
        environment = {**os.environ, "REFERENCE_MAIL_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "log").open("ab"),
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text()
        self.ready = json.loads(line)

    def stop(self) -> None:
        """Stop the reference."""
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=10)
            self.process = None

    def admin(self, **request: Any) -> dict[str, Any]:
        """One request over the admin socket."""
        host, _, port = self.ready["admin"].rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as link, link.makefile("rw") as file:
            file.write(json.dumps(request) + "\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.readline())
            return answer

    def pilot(self, path: str, kind: str, /, about: Mapping[str, str] | None = None, **payload: Any) -> dict[str, Any]:
        """One stimulus or query; its whole answer."""
        asked = {"api": "pilot/1", "id": uuid.uuid4().hex, "kind": kind, "subject": about or {}, "payload": payload}
        request = urllib.request.Request(
            f"{self.ready['pilot']}/{path}",
            json.dumps(asked).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=15) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def traces(self) -> list[dict[str, Any]]:
        """The traces of mails."""
        found: list[dict[str, Any]] = self.pilot("queries", "log.read/1", kind="mail")["data"]["entries"]
        return found

    def fresh(self, *defects: str) -> None:
        """These defects, nothing remembered, nothing heard, the services as usual."""
        assert self.admin(op="defects", names=list(defects))["ok"]
        assert self.admin(op="purge")["ok"]
        self.environment({})
        self.heard.clear()

    def environment(self, settings: Mapping[str, str]) -> None:
        """Settings of the services, from now on."""

        async def nothing(drive: Drive) -> None:
            return

        self.lab.window([Job("set", nothing)], settings)

    def ask(self, raw: bytes) -> str:
        """One document message; its acknowledgement."""
        connection = Mllp(int(self.ready["documents"].rpartition(":")[2]))
        try:
            return connection.ask(raw)
        finally:
            connection.close()

    def settle(self) -> None:
        """Wait until the reference has nothing under way."""
        self.wait(lambda: self.admin(op="state")["state"]["working"] == 0)

    def put(self, mailbox: str, raw: bytes, settings: Mapping[str, str] | None = None) -> None:
        """Deliver a mail to a mailbox."""

        async def deliver(drive: Drive) -> None:
            await drive.instruct("mss", "deliver", raw, name="mail", to=mailbox)

        self.lab.window([Job("put", deliver)], settings or {})

    def of(self, channel: str, event: str = "") -> list[Exchange]:
        """The exchanges heard from the reference on a channel."""
        return [
            e
            for e in list(self.heard)
            if e.channel == channel
            and e.direction.name == "FROM_VENDOR"
            and (not event or e.facts.get("event") == event)
        ]

    def mails(self) -> list[EmailMessage]:
        """The mails heard, read by the standard library."""
        read = (email.message_from_bytes(e.body, policy=email.policy.default) for e in self.of("mss", "mail"))
        return [m for m in read if isinstance(m, EmailMessage)]

    def returned(self) -> list[str]:
        """The business returns heard, as text."""
        return [e.body.decode() for e in self.of("returns")]

    def wait(self, condition: Callable[[], Any], seconds: float = 8.0) -> Any:
        """The first true value of a condition; fails when there is none in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError("nothing came in time")


@contextmanager
def mail_bench(folder: Path) -> Iterator[MailBench]:
    """The services and, once `start` is called, the reference."""
    heard: list[Exchange] = []
    pki = Pki.generate()
    services = [IgcService(), ReturnsService(), RelayService(), MssService(), ImapService()]
    with Lab(TARGET, services, heard.append, pki) as lab:
        made = MailBench(lab, pki, folder, heard)
        try:
            yield made
        finally:
            made.stop()


def mailed(
    *documents: str,
    to: tuple[str, ...] = (DOCTOR,),
    flags: str = "DESTMSSANTEPS ACK_RECEPTION",
    final: bool = False,
    reply: str = "",
    **options: Any,
) -> bytes:
    """A document message with recipients (PRT RCT), and NTE-4 FIN when the patient must not answer."""
    rows = message(*documents, flags=flags, **options).split(b"\r")
    out = []
    for row in rows:
        out.append(row)
        if row.startswith(b"PRT||UC||SB"):
            out += [
                b"PRT||UC||RCT^Result Copies To^participation|||||||||||^^X.400^" + address.encode() for address in to
            ]
            if reply:
                out.append(b"PRT||UC||REPLY^Reply To^participation|||||||||||^^X.400^" + reply.encode())
        if final and b"|DESTMSSANTEPAT^" in row:
            out.append(b"NTE|1|||FIN")
    return b"\r".join(out)


__all__ = ["APP", "BACK", "DOCTOR", "PERSON", "MailBench", "cda", "fresh", "fresh_oid", "mail_bench", "mailed"]
