"""Settings of the pilot, accounts, Pro Santé Connect, the directory and third-party connections: all optional.

A section that is missing closes what it is about: no port, no provider, no directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.reference.config_reader import Address, Reader

SECTIONS = ("pilot", "accounts", "psc", "annuaire", "third_party")
ALGORITHMS = ("RS256", "PS256", "ES256", "HS256")


@dataclass(frozen=True, slots=True)
class Pilot:
    """Where the pilot listens, and the secret that opens it."""

    listen: Address
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """The OpenID Connect provider, and where our own sign-in pages listen.

    `discovery` is the address of its document, whatever its name. An empty `issuer` is the one the document gives.
    `acr` is what is asked, and the only level taken. `ca` None: the authorities of `[tls]`. `redirect` is the
    address declared at the provider; empty, it follows from the listening address.
    """

    listen: Address
    discovery: str
    client_id: str
    secret: str = field(repr=False)
    issuer: str = ""
    scope: str = "openid scope_all"
    acr: str = "eidas1"
    algorithms: tuple[str, ...] = ALGORITHMS
    ca: Path | None = None
    redirect: str = ""
    create_accounts: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """The local directory of accounts, and the look-up of professionals; `retry` in seconds when it is silent."""

    url: str
    accounts_url: str
    practitioners_url: str
    retry: float = 2.0
    every_minutes: float = 60.0
    search: bool = True


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Where other structures connect, which authorities sign their certificates, and the lists of revocation.

    `certificate` and `key` are what the platform shows; None: those of `[tls]`.
    """

    listen: Address
    ca: Path
    crl: tuple[str, ...]
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """The account that is there when the base is empty: an administrator, without password when it is not set."""

    administrator: str = "administrateur"


@dataclass(frozen=True, slots=True)
class Access:
    """All of it."""

    pilot: Pilot | None = None
    accounts: Seed = Seed()
    provider: Provider | None = None
    directory: Directory | None = None
    third_party: ThirdParty | None = None


def read(reader: Reader) -> Access:
    """The optional sections; raises ConfigError."""
    return Access(_pilot(reader), Seed(**reader.section("accounts", Seed)), _provider(reader), _directory(reader),
                  _third_party(reader))  # fmt: skip


def _pilot(reader: Reader) -> Pilot | None:
    if "pilot" not in reader.raw:
        return None
    table = reader.table("pilot", ("listen", "token_env"))
    token = os.environ.get(reader.text(table, "pilot", "token_env"), "")
    if not token:
        raise reader.fail("pilot.token_env", "names no secret.", "set that variable to the token of the pilot.")
    return Pilot(reader.address("pilot.listen", table.get("listen"), zero=True), token)


def _provider(reader: Reader) -> Provider | None:
    if "psc" not in reader.raw:
        return None
    names = ("listen", "discovery", "client_id", "secret", "secret_env", "issuer", "scope", "acr", "algorithms", "ca",
             "redirect", "create_accounts")  # fmt: skip
    table = reader.table("psc", names)
    given: dict[str, Any] = {
        name: reader.text(table, "psc", name) for name in ("issuer", "scope", "acr", "redirect") if name in table
    }
    if "algorithms" in table:
        given["algorithms"] = reader.texts("psc.algorithms", table["algorithms"])
        for one in given["algorithms"]:
            reader.choice("psc.algorithms", one, ALGORITHMS)
    if "ca" in table:
        given["ca"] = reader.file("psc", "ca", reader.text(table, "psc", "ca"))
    if "create_accounts" in table:
        given["create_accounts"] = _truth(reader, "psc.create_accounts", table["create_accounts"])
    secret = table.get("secret") or os.environ.get(str(table.get("secret_env", "")))
    return Provider(
        listen=reader.address("psc.listen", table.get("listen"), zero=True),
        discovery=_url(reader, table, "psc", "discovery", ("https",)),
        client_id=reader.text(table, "psc", "client_id"),
        secret=reader.text({"secret": secret}, "psc", "secret"),
        **given,
    )


def _directory(reader: Reader) -> Directory | None:
    if "annuaire" not in reader.raw:
        return None
    names = ("url", "accounts_url", "practitioners_url", "retry", "every_minutes", "search")
    table = reader.table("annuaire", names)
    url = _url(reader, table, "annuaire", "url", ("http", "https")).rstrip("/")
    both = {
        name: _url(reader, {name: f"{url}/{name.removesuffix('_url')}", **table}, "annuaire", name, ("http", "https"))
        for name in ("accounts_url", "practitioners_url")
    }
    given: dict[str, Any] = {
        name: reader.number(f"annuaire.{name}", table[name], whole=False)
        for name in ("retry", "every_minutes")
        if name in table
    }
    if "search" in table:
        given["search"] = _truth(reader, "annuaire.search", table["search"])
    return Directory(url, both["accounts_url"], both["practitioners_url"], **given)


def _third_party(reader: Reader) -> ThirdParty | None:
    if "third_party" not in reader.raw:
        return None
    table = reader.table("third_party", ("listen", "ca", "crl", "certificate", "key"))
    files = {n: reader.file("third_party", n, reader.text(table, "third_party", n)) for n in ("certificate", "key")
             if n in table}  # fmt: skip
    return ThirdParty(
        listen=reader.address("third_party.listen", table.get("listen"), zero=True),
        ca=reader.file("third_party", "ca", reader.text(table, "third_party", "ca")),
        crl=reader.texts("third_party.crl", table.get("crl")),
        **files,
    )


def _truth(reader: Reader, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise reader.fail(key, f"is {value!r}.", "write true or false.")
    return value


def _url(reader: Reader, table: Mapping[str, Any], where: str, key: str, schemes: tuple[str, ...]) -> str:
    text = reader.text(dict(table), where, key)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise reader.fail(f"{where}.{key}", f"is {text!r}.", f"write an address in {' or '.join(schemes)}.")
    return text
