"""Settings of the mailboxes and of the system that received documents are handed to: `[mss]`, `[relay]`, optional."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from conformance.reference.config_reader import Address, Reader, Server

SECTIONS = ("mss", "relay")
VERSIONS = ("1.0", "1.1", "1.2", "1.3")
NOWHERE = Server("", 0)
REVOCATION = ("crl", "ocsp", "none")


@dataclass(frozen=True, slots=True)
class Mss:
    """The operator and the mailboxes.

    `application_*` is the mailbox of automatic sending, `return_mailbox` where answers to it go, `personal_mailbox`
    a professional's. `reference_produit` is the product number of X-MSS-NIL. Mails go only to `domains`. `crl` says
    how revocation is checked. `ca`, `certificate` and `key` are those of `[tls]` unless given. `poll` is in seconds.
    """

    smtp: str
    imap: str
    application_mailbox: str
    return_mailbox: str
    personal_mailbox: str
    reference_produit: str
    application_label: str = "Plateforme d'intermediation de reference"
    return_label: str = "Accueil de reference"
    personal_label: str = "Dr Dominique REFERENCE"
    personal_author: str = ""
    patient_domain: str = "patient.mssante.fr"
    domains: tuple[str, ...] = ("patient.mssante.fr",)
    crl: str = "crl"
    crl_store: str = ""
    password: str = ""
    tls_minimum: str = "1.2"
    tls_maximum: str = "1.3"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    poll: float = 30.0
    timeout: float = 10.0
    attempts: int = 3
    pause: float = 0.5
    smtp_server: Server = NOWHERE
    imap_server: Server = NOWHERE

    def mailboxes(self) -> tuple[str, ...]:
        """Every mailbox the platform holds, each once."""
        return tuple(dict.fromkeys((self.application_mailbox, self.return_mailbox, self.personal_mailbox)))


@dataclass(frozen=True, slots=True)
class Relay:
    """The destination system: its MLLP address, and its names in MSH-5 and MSH-6."""

    address: Address
    application: str = "DESTINATAIRE"
    facility: str = "ETABLISSEMENT"


def read_mss(reader: Reader, *, ca: Path, certificate: Path, key: Path) -> Mss | None:
    """The section `[mss]`, None when it is not there; the files given are the defaults. Raises ConfigError."""
    if "mss" not in reader.raw:
        return None
    values = reader.section("mss", Mss)
    values = {"ca": ca, "certificate": certificate, "key": key, **values}
    values["smtp_server"] = reader.server("mss.smtp", cast(str, values["smtp"]), ("smtp", "smtps"))
    values["imap_server"] = reader.server("mss.imap", cast(str, values["imap"]), ("imap", "imaps"))
    mss = Mss(**values)
    reader.choice("mss.crl", mss.crl, REVOCATION)
    reader.choice("mss.tls_minimum", mss.tls_minimum, VERSIONS)
    reader.choice("mss.tls_maximum", mss.tls_maximum, VERSIONS)
    for name in ("application_mailbox", "return_mailbox", "personal_mailbox"):
        address = getattr(mss, name)
        if address.count("@") != 1 or any(c in address for c in " \r\n<>"):
            raise reader.fail(f"mss.{name}", f"is {address!r}, not a mailbox.", 'write "name@domain".')
    return mss


def read_relay(reader: Reader) -> Relay | None:
    """The section `[relay]`, None when it is not there. Raises ConfigError."""
    if "relay" not in reader.raw:
        return None
    table = reader.table("relay", ("address", "application", "facility"))
    names = {k: reader.text(table, "relay", k) for k in ("application", "facility") if k in table}
    return Relay(reader.address("relay.address", reader.text(table, "relay", "address"), zero=False), **names)
