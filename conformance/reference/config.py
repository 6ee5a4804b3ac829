"""The settings of the reference: a TOML file of schema `reference/1`, read strictly.

Published as `profiles/schema/reference-1.schema.json`; a fault names the file, the key and what to do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVICES = "/si-dmp-server/v2/services"
"""Where the DMP serves `repository`, `registry` and `patients` when the base address has no path of its own."""


class ConfigError(Exception):
    """The settings cannot be used: `file`, `key`, what is wrong and what to do about it."""

    def __init__(self, file: Path | str, key: str, problem: str, remedy: str) -> None:
        self.file, self.key, self.problem, self.remedy = str(file), key, problem, remedy
        super().__init__(f"{file}: {key}: {problem} Remedy: {remedy}" if key else f"{file}: {problem} Remedy: {remedy}")


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a TCP port; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


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
    """All settings, typed. `services` is the DMP's base address including its path."""

    documents: Address
    admin: Address | None
    services: str
    returns: Address
    tls: Tls
    organisation: Organisation
    limits: Limits = Limits()
    retry: Retry = Retry()


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
    return _Reader(path, raw).config()


class _Reader:
    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self.path = path
        self.raw = raw

    def fail(self, key: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(self.path, key, problem, remedy)

    def config(self) -> Config:
        self.known("", self.raw, ("schema", "dsr", "listen", "peers", "tls", "organisation", "limits", "retry"))
        self.constant("schema", "reference/1")
        self.constant("dsr", "PFI")
        listen = self.table("listen", ("documents", "admin"))
        peers = self.table("peers", ("dmp", "returns"))
        return Config(
            documents=self.address("listen.documents", self.text(listen, "listen", "documents"), zero=True),
            admin=self.address("listen.admin", listen["admin"], zero=True) if "admin" in listen else None,
            services=self.services(self.text(peers, "peers", "dmp")),
            returns=self.address("peers.returns", self.text(peers, "peers", "returns"), zero=False),
            tls=self.tls(),
            organisation=Organisation(**self.section("organisation", Organisation)),
            limits=Limits(**self.section("limits", Limits)),
            retry=Retry(**self.section("retry", Retry)),
        )

    def known(self, where: str, table: dict[str, Any], names: Iterable[str]) -> None:
        names = tuple(names)
        for key in table:
            if key not in names:
                raise self.fail(f"{where}.{key}".lstrip("."), "is not a known key.", f"use one of: {', '.join(names)}.")

    def constant(self, key: str, value: str) -> None:
        if self.raw.get(key) != value:
            raise self.fail(key, f"is {self.raw.get(key)!r}.", f'write {key} = "{value}".')

    def table(self, key: str, names: Iterable[str], *, needed: bool = True) -> dict[str, Any]:
        value = self.raw.get(key, None if needed else {})
        if not isinstance(value, dict):
            raise self.fail(key, "is missing or is not a table.", f"add a [{key}] table.")
        self.known(key, value, names)
        return value

    def text(self, table: dict[str, Any], where: str, key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(f"{where}.{key}", "is missing or is not a text.", f'write {key} = "..." under [{where}].')
        return value

    def section(self, key: str, kind: type[Any]) -> dict[str, Any]:
        """The values of a table whose keys and types are those of a dataclass."""
        declared = {f.name: f for f in fields(kind)}
        types = {name: kind.__annotations__[name] for name in declared}
        values = self.table(key, declared, needed=kind is Organisation)
        typed: dict[str, Any] = {}
        for name in declared:
            if types[name] == "str":
                if name in values or (kind is Organisation and name in ("name", "identifier", "responsible", "oid")):
                    typed[name] = self.text(values, key, name)
            elif name in values:
                typed[name] = self.number(f"{key}.{name}", values[name], whole=types[name] == "int")
        return typed

    def number(self, key: str, value: object, *, whole: bool) -> int | float:
        kinds = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value <= 0:
            raise self.fail(key, f"is {value!r}.", f"give a {'whole ' if whole else ''}number above zero.")
        return value

    def address(self, key: str, value: object, *, zero: bool) -> Address:
        text = value if isinstance(value, str) else ""
        try:
            parts = urlsplit(text if "//" in text else f"mllp://{text}")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if not parts.hostname or port is None or (port == 0 and not zero) or parts.scheme != "mllp":
            raise self.fail(key, f"is {value!r}, not an address.", 'write "mllp://host:port".')
        return Address(parts.hostname, port)

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
            file = self.path.parent / self.text(table, "tls", name)
            if not file.is_file():
                raise self.fail(f"tls.{name}", f"names {file}, which is not a file.", "give a PEM file, or create it.")
            files[name] = file
        return Tls(**files)
