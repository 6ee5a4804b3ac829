"""Settings of the identity repository (`REPOSITORIES`): its domain, where PAM goes, how the INSi service is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.reference.config_reader import Address, Reader

REPOSITORIES = ("RI", "SGL", "RIS", "LGO", "DPI")
"""The DSRs that it plays: whole for the RI, the identity part alone for the others."""

SILENT = ("LGO",)
"""Those that may send no PAM."""

SECTIONS = ("domain", "pam", "insi")
SERVICE = "/lps"
"""Path of the INSi service when its address has none."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Our own domain of identification: the authority of our IPP, and the FINESS that calls are counted by."""

    name: str = "RI-REFERENCE"
    oid: str = "2.25.4217316519"
    finess: str = ""


@dataclass(frozen=True, slots=True)
class Pam:
    """What stands in the header of our PAM messages: their receiver, and the version of the French extension."""

    application: str = "RECEPTEUR"
    facility: str = "ETABLISSEMENT"
    version: str = "2.11"


@dataclass(frozen=True, slots=True)
class Insi:
    """The INSi service. `certificate` and `key` are those of the organisation, `card_*` stand for a CPx card.

    `holder` is the RPPS of the professional whose card is in the reader, `idam` the authorisation number.
    """

    idam: str = "REFERENCE"
    holder: str = "801234567897"
    certificate: Path | None = None
    key: Path | None = None
    card_certificate: Path | None = None
    card_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Identities:
    """All of it. `insi` is the address of the service including its path, `pam` where our messages go.

    Without `pam` nobody is told of what happens to identities.
    """

    insi: str
    pam: Address | None
    domain: Domain = Domain()
    told: Pam = Pam()
    client: Insi = Insi()


def read(reader: Reader) -> Identities:
    """The sections of an identity repository; raises ConfigError."""
    peers = reader.table("peers", ("insi", "pam"))
    told = "pam" in peers or reader.raw.get("dsr") not in SILENT
    return Identities(
        insi=_service(reader, reader.text(peers, "peers", "insi")),
        pam=reader.address("peers.pam", reader.text(peers, "peers", "pam"), zero=False) if told else None,
        domain=Domain(**reader.section("domain", Domain)),
        told=Pam(**reader.section("pam", Pam)),
        client=Insi(**reader.section("insi", Insi)),
    )


def _service(reader: Reader, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise reader.fail("peers.insi", f"is {value!r}, not a secure address.", 'write "https://host:port".')
    return f"https://{parts.netloc}{parts.path.rstrip('/') or SERVICE}"
