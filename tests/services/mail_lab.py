"""A laboratory with the operator of the bench only, and the clients of the standard library that reach it."""

from __future__ import annotations

import asyncio
import imaplib
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.bench.api import Drive
from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Identity, Pki, export
from conformance.bench.service import Service
from conformance.bench.target import Target, Timing, Vendor
from conformance.evidence.values import Exchange
from conformance.services.igc import IgcService
from conformance.services.mss.service import ImapImplicitService, ImapService, MssImplicitService, MssService

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))
APPLICATION = "pfi@banc.mssante.fr"
DOCTOR = "ps801234567897@banc.mssante.fr"
PATIENT = "279035121518989@patient.mssante.fr"
SECONDS = 5.0


@dataclass
class Bench:
    """A running laboratory, what it recorded so far, and where certificates may be written."""

    lab: Lab
    pki: Pki
    folder: Path
    kept: list[Exchange] = field(default_factory=list)

    def port(self, service: str) -> int:
        """The port of a service."""
        return self.lab.services[service].port

    def tls(self, identity: Identity | None = None, *, certificate: bool = True) -> ssl.SSLContext:
        """The context of a careful client, with the certificate lent to the vendor, another one, or none."""
        context = ssl.create_default_context(cadata=self.pki.anchors_pem.decode())
        if certificate:
            context.load_cert_chain(*export(self.folder, "client", identity or self.pki.vendor_client()))
        return context

    def settle(self, environment: Mapping[str, str], seconds: float = 0.0) -> Window:
        """A window in an environment in which nothing is driven for some seconds."""

        async def nothing(drive: Drive) -> None:
            await asyncio.sleep(seconds)

        return self.lab.window([Job("j", nothing)], environment)

    def smtp(self, *, secure: bool = True, login: str = APPLICATION) -> smtplib.SMTP:
        """smtplib, signed in unless `secure` is false."""
        client = smtplib.SMTP("localhost", self.port("mss"), timeout=SECONDS)
        if secure:
            client.starttls(context=self.tls())
            client.user, client.password = login, ""
            client.ehlo()
            client.auth("PLAIN", client.auth_plain)  # type: ignore[arg-type]
        return client

    def imap(self, login: str = APPLICATION) -> imaplib.IMAP4:
        """imaplib, signed in."""
        client = imaplib.IMAP4("localhost", self.port("imap"), timeout=SECONDS)
        client.starttls(self.tls())
        client.authenticate("PLAIN", lambda _: f"\0{login}\0".encode())
        return client

    def of(self, event: str, channel: str = "mss") -> list[Exchange]:
        """The exchanges of an event so far, after a wait for the first."""
        for _ in range(200):
            found = [e for e in list(self.kept) if e.facts.get("event") == event and e.channel == channel]
            if found:
                return found
            time.sleep(0.01)
        return []


@contextmanager
def opened(pki: Pki, folder: Path) -> Iterator[Bench]:
    """A laboratory with the publication point and the four doors of the operator."""
    kept: list[Exchange] = []
    services: list[Service] = [IgcService(), MssService(), ImapService(), MssImplicitService(), ImapImplicitService()]
    with Lab(TARGET, services, kept.append, pki) as lab:
        yield Bench(lab, pki, folder, kept)


def mail(message_id: str, *headers: str, sender: str = APPLICATION, body: str = "Bonjour.\r\n") -> bytes:
    """A small message in literal bytes."""
    lines = [f"From: <{sender}>", f"To: <{DOCTOR}>", f"Message-ID: <{message_id}>", "Subject: essai", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
