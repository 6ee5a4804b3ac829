"""The settings of the reference: a TOML file of schema `reference/1`, read strictly.

Published as `profiles/schema/reference-1.schema.json`; a fault names the file, the key and what to do.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.reference import config_access, config_identity, config_mail
from conformance.reference.config_access import Access
from conformance.reference.config_identity import Identities
from conformance.reference.config_mail import Mss, Relay
from conformance.reference.config_reader import Address, ConfigError, Reader

__all__ = [
    "Access",
    "Address",
    "Config",
    "ConfigError",
    "Limits",
    "Mss",
    "Organisation",
    "Relay",
    "Retry",
    "Tls",
    "load",
]

NOTHING = Access()
SERVICES = "/si-dmp-server/v2/services"
"""Where the DMP serves `repository`, `registry` and `patients` when the base address has no path of its own."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: the authority that signed the DMP's certificate, and our own certificate and private key."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Organisation:
    """The structure that runs the platform: what goes into the VIHF and the submission sets.

    `identifier` is a Struct_IdNat (`1` + FINESS), `responsible` the PS_IdNat of the person answering for automatic
    treatments, `oid` the arc under which submission identifiers are made, `sector` a code of TRE_R02.
    """

    name: str
    identifier: str
    responsible: str
    oid: str
    sector: str = "SA01"
    application: str = "PFI-REFERENCE"
    facility: str = "PFI"
    software: str = "Plateforme de reference"
    version: str = "1"
    homologation: str = "REFERENCE-0000"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the store holds before messages are refused (AR): messages, megabytes; and other bounds."""

    messages: int = 2000
    megabytes: int = 512
    frame_megabytes: int = 64
    connections: int = 64
    parallel: int = 8


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a silent or failing peer is asked again: attempts in all, first pause (doubling), seconds to answer."""

    attempts: int = 4
    pause: float = 0.25
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, typed. `services` is the DMP's base address including its path.

    `identities` is set for an identity repository: `documents` is then where PAM comes in, `returns` where it goes
    (nowhere when `identities.pam` is None).
    """

    documents: Address
    admin: Address | None
    services: str
    returns: Address
    tls: Tls
    organisation: Organisation
    limits: Limits = Limits()
    retry: Retry = Retry()
    mss: Mss | None = None
    relay: Relay | None = None
    access: Access = NOTHING
    identities: Identities | None = None


def load(path: Path) -> Config:
    """Read and check a configuration file; raises ConfigError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            path, "", f"cannot be read ({error.strerror}).", "give the path of an existing file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", f"is not TOML ({error}).", "correct the file at the place named.") from None
    return _Settings(path, raw).config()


SECTIONS = ("schema", "dsr", "listen", "peers", "tls", "organisation", "limits", "retry")


class _Settings(Reader):
    def config(self) -> Config:
        return self.repository() if self.raw.get("dsr") in config_identity.REPOSITORIES else self.platform()

    def repository(self) -> Config:
        sections = ("pilot", "accounts", "psc", "annuaire")
        self.known("", self.raw, (*SECTIONS, *config_identity.SECTIONS, *sections))
        self.constant("schema", "reference/1")
        listen = self.table("listen", ("identities", "admin"))
        identities = config_identity.read(self)
        house = {"application": "RI-REFERENCE", "facility": "RI", "software": "Referentiel de reference"}
        return Config(
            documents=self.address("listen.identities", self.text(listen, "listen", "identities"), zero=True),
            admin=self.address("listen.admin", listen["admin"], zero=True) if "admin" in listen else None,
            services="",
            returns=identities.pam or Address("", 0),
            tls=self.tls(),
            organisation=Organisation(**{**house, **self.section("organisation", Organisation, needed=True)}),
            limits=Limits(**self.section("limits", Limits)),
            retry=Retry(**self.section("retry", Retry)),
            access=config_access.read(self),
            identities=identities,
        )

    def platform(self) -> Config:
        self.known("", self.raw, (*SECTIONS, *config_mail.SECTIONS, *config_access.SECTIONS))
        self.constant("schema", "reference/1")
        self.constant("dsr", "PFI")
        listen = self.table("listen", ("documents", "admin"))
        peers = self.table("peers", ("dmp", "returns"))
        tls = self.tls()
        return Config(
            documents=self.address("listen.documents", self.text(listen, "listen", "documents"), zero=True),
            admin=self.address("listen.admin", listen["admin"], zero=True) if "admin" in listen else None,
            services=self.services(self.text(peers, "peers", "dmp")),
            returns=self.address("peers.returns", self.text(peers, "peers", "returns"), zero=False),
            tls=tls,
            organisation=Organisation(**self.section("organisation", Organisation, needed=True)),
            limits=Limits(**self.section("limits", Limits)),
            retry=Retry(**self.section("retry", Retry)),
            mss=config_mail.read_mss(self, ca=tls.ca, certificate=tls.certificate, key=tls.key),
            relay=config_mail.read_relay(self),
            access=config_access.read(self),
        )

    def services(self, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
            raise self.fail("peers.dmp", f"is {value!r}, not a secure address.", 'write "https://host:port".')
        path = parts.path.rstrip("/") or SERVICES
        return f"https://{parts.netloc}{path}"

    def tls(self) -> Tls:
        table = self.table("tls", ("ca", "certificate", "key"))
        files = {}
        for name in ("ca", "certificate", "key"):
            files[name] = self.file("tls", name, self.text(table, "tls", name))
        return Tls(**files)
