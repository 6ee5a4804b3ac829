"""A vendor's system reduced to what mails a document: python-hl7 to receive it, the standard library to send and read.

What it accepts of an operator is a `Care`: everything, or nothing but what is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import re
import smtplib
import ssl
import tempfile
import urllib.request
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

import hl7
from cryptography import x509
from hl7.mllp import HL7StreamReader, HL7StreamWriter

from conformance.bench.pki import Identity, Pki

MAILBOX = "pfi@banc.mssante.fr"
SIX = (
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:"
    "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2"
)
_COPIED = re.compile(r"\rPRT\|[^\r]*\|RCT\^[^\r]*\^X\.400\^([\w.]+@[\w.]+)")
"""The address of each PRT segment of a recipient of copies."""

RETRY_SECONDS = 0.3
TRIES = 8


@dataclass(frozen=True)
class Care:
    """What a client looks at. `latest` caps its version of TLS, `curve` is the only one it has when given.
    `crl` is empty when revocation is not looked at, else `kept` or `forgotten`: what becomes of the last list when the
    current one cannot be had.
    """

    verified: bool = True
    strong: bool = True
    tls_first: bool = True
    certificate: bool = True
    crl: str = ""
    latest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    curve: str = ""

    def context(self, pki: Pki, identity: Identity) -> ssl.SSLContext:
        """The TLS context of such a client."""
        context = ssl.create_default_context(cadata=pki.anchors_pem.decode())
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not self.verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.set_ciphers(SIX if self.strong else "ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_2 if self.strong else ssl.TLSVersion.TLSv1
            context.maximum_version = self.latest
        if self.curve:
            context.set_ecdh_curve(self.curve)
        if self.certificate:
            with tempfile.TemporaryDirectory() as folder:
                own, key = Path(folder) / "own.pem", Path(folder) / "own.key"
                own.write_bytes(identity.certificate_pem)
                key.write_bytes(identity.key_pem)
                context.load_cert_chain(own, key)
        return context


@dataclass
class MailingVendor:
    """Acknowledges every message, mails what has a recipient (again and again for a while), polls its mailbox."""

    pki: Pki
    identity: Identity
    smtp: int = 0
    imap: int = 0
    care: Care = field(default_factory=Care)
    polls: bool = False
    troubles: list[str] = field(default_factory=list)
    lists: dict[str, x509.CertificateRevocationList] = field(default_factory=dict)
    _queue: Queue[tuple[str, int]] = field(default_factory=Queue)
    _over: Event = field(default_factory=Event)

    async def serve(self, reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        """One MLLP connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                message: hl7.Message = await reader.readmessage()
                for address in _COPIED.findall(str(message)):
                    self._queue.put((address, TRIES))
                writer.writemessage(message.create_ack())
                await writer.drain()

    def work(self) -> None:
        """Send what is to be sent until `stop`; poll the mailbox meanwhile."""
        while not self._over.is_set():
            if self.polls:
                self._try(self._read)
            with contextlib.suppress(Empty):
                address, left = self._queue.get(timeout=RETRY_SECONDS)
                if not self._try(lambda to=address: self._mail(to)) and left > 1:
                    self._over.wait(RETRY_SECONDS)
                    self._queue.put((address, left - 1))

    def stop(self) -> None:
        """End the work."""
        self._over.set()

    def _try(self, action: object) -> bool:
        try:
            action()  # type: ignore[operator]
        except (OSError, smtplib.SMTPException, imaplib.IMAP4.error) as error:
            self.troubles.append(f"{type(error).__name__}: {error}")
            return False
        return True

    def _mail(self, to: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=5) as client:
            client.ehlo()
            if self.care.tls_first or client.has_extn("starttls"):
                client.starttls(context=self.care.context(self.pki, self.identity))
                self._check(client.sock)
                client.ehlo()
            client.user, client.password = MAILBOX, "x"
            client.auth("PLAIN", client.auth_plain)
            client.sendmail(MAILBOX, [to], f"From: {MAILBOX}\r\nTo: {to}\r\nSubject: XDM/1.0/DDM+\r\n\r\nBonjour\r\n")

    def _check(self, sock: object) -> None:
        """Raise OSError when no list can be had for the operator's certificate."""
        assert isinstance(sock, ssl.SSLSocket)
        if not self.care.crl:
            return
        certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        (address,) = (name.value for point in points for name in point.full_name or ())
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5) as answer:
                self.lists[address] = x509.load_der_x509_crl(answer.read())
        except OSError:
            if self.care.crl == "forgotten" or address not in self.lists:
                raise
        if self.lists[address].get_revoked_certificate_by_serial_number(certificate.serial_number):
            raise OSError("revoked")

    def _read(self) -> None:
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=5)
        try:
            if self.care.tls_first:
                client.starttls(self.care.context(self.pki, self.identity))
            client.login(MAILBOX, "x")
            client.select("INBOX")
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()
            client.shutdown()


def started(vendor: MailingVendor) -> Thread:
    """The thread in which it works."""
    thread = Thread(target=vendor.work, daemon=True)
    thread.start()
    return thread
