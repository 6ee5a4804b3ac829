"""The TLS client of the mail half: what is offered, which certificate is believed, and the chain once it is there."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass

from cryptography import x509

from conformance.reference.config import ConfigError, Mss
from conformance.reference.mail import MailError
from conformance.reference.mail.revocation import Revocation
from conformance.reference.mail.rules import MailBehaviour

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which the ssl module does not name."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What a session needs to know of TLS: the settings, the decisions in force, the revocation lists."""

    mss: Mss
    behaviour: MailBehaviour
    revocation: Revocation

    def context(self, mailbox: str) -> ssl.SSLContext:
        """A fresh context for a session on a mailbox; raises ConfigError when a file cannot be used."""
        mss, behaviour = self.mss, self.behaviour
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        minimum, maximum, suites = behaviour.tls_offer(mss.tls_minimum, mss.tls_maximum)
        context.set_ciphers(suites)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = VERSIONS[minimum]
            context.maximum_version = VERSIONS[maximum]
        try:
            context.load_verify_locations(mss.ca)
            if behaviour.certificate_shown(mailbox, mss.application_mailbox) and mss.certificate and mss.key:
                context.load_cert_chain(mss.certificate, mss.key)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(str(mss.ca), "mss", f"cannot be used for TLS ({error}).", "give PEM files.") from None
        if not behaviour.dates_checked():
            context.verify_flags |= NO_CHECK_TIME
        return context

    def check(self, sock: object) -> None:
        """Refuse a session whose certificate is not trusted or is revoked; raises MailError `tls`."""
        if not isinstance(sock, ssl.SSLSocket):
            raise MailError("tls", "the session is not encrypted")
        chain = _chain(sock)
        if not self.behaviour.chain_accepted(chain):
            raise MailError("tls", "the operator's certificate is not trusted")
        self.revocation.check(chain, keep=self.behaviour.last_crl_kept())


def _chain(sock: ssl.SSLSocket) -> list[x509.Certificate]:
    """The chain as verified, leaf first. The ssl module only shows it publicly from Python 3.13 on."""
    public = getattr(sock, "get_verified_chain", None)
    if public is not None:
        return [x509.load_der_x509_certificate(der) for der in public()]
    found = sock._sslobj.get_verified_chain()  # type: ignore[attr-defined]
    return [x509.load_pem_x509_certificate(c.public_bytes().encode()) for c in found]
