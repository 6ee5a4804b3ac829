"""Reading a target file: TOML, then its JSON Schema, then what a schema cannot say."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from conformance.bench.issuing import Identity
from conformance.bench.recorder import SHORTEST_SECRET
from conformance.bench.target import (
    DEFAULT_SETTINGS,
    Configuration,
    Endpoint,
    Listen,
    Pilot,
    Target,
    Timing,
    Vendor,
    nearest,
)
from conformance.bench.toml_lines import Spot, line_of, lines
from conformance.errors import SetupError, TargetError

LARGEST = 1024 * 1024
"""Bytes of a target file; more is not a target."""

SCHEMA = "schema/target-1.schema.json"


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of `target/1`, from an installed wheel or from a checkout."""
    for root in (files("conformance") / "_shipped", Path(__file__).resolve().parents[2]):
        found = root / "profiles" / SCHEMA
        if found.is_file():
            data: Mapping[str, Any] = json.loads(found.read_text(encoding="utf-8"))
            return data
    raise SetupError("bench.incomplete-installation", file=f"profiles/{SCHEMA}")


def read(path: Path, environ: Mapping[str, str] | None = None) -> Target:
    """The target of a file; see `conformance.bench.target.load`."""
    raw = _bytes(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TargetError("target.not-utf8", where=f"{path}:{line}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise TargetError("target.bad-toml", where=f"{path}:{at[1]}" if at else str(path), reason=error) from None
    file = _File(path, lines(text), os.environ if environ is None else environ)
    file.check(data)
    return file.build(data, hashlib.sha256(raw).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise TargetError("target.unreadable", where=str(path), reason=error.strerror or error) from None
    if len(raw) > LARGEST:
        raise TargetError("target.too-big", where=str(path), limit=LARGEST)
    return raw


class _File:
    """One file being read: where its keys stand and where its secrets are."""

    def __init__(self, path: Path, found: Mapping[Spot, int], environ: Mapping[str, str]) -> None:
        self.path = path
        self.lines = found
        self.environ = environ

    def error(self, id: str, spot: Iterable[str | int], **values: object) -> TargetError:
        """A fault at a key: `key` is its dotted name, `where` its file and line."""
        path = tuple(spot)
        line = line_of(self.lines, path)
        where = f"{self.path}:{line}" if line else str(self.path)
        return TargetError(id, where=where, key=_dotted(path), **values)

    def check(self, data: Mapping[str, Any]) -> None:
        """Raise for what breaks the schema, the first one in the file; a missing key last, it may be misspelt."""
        errors = list(jsonschema.Draft202012Validator(schema()).iter_errors(data))
        if errors:
            raise min((self._broken(e) for e in errors), key=_rank)

    def _broken(self, error: ValidationError) -> TargetError:
        describe = _RULES.get(str(error.validator), _other)
        id, extra, values = describe(error)
        return self.error(id, (*error.absolute_path, *extra), **values)

    def build(self, data: Mapping[str, Any], digest: str) -> Target:
        """The target of data that obey the schema."""
        target = data["target"]
        tls = data.get("endpoints_tls", {})
        timing = Timing(**data.get("timing", {}))
        if timing.settle > timing.settle_max:
            raise self.error(
                "target.out-of-bounds", ("timing", "settle"), seen=timing.settle, low="0.2", high=timing.settle_max
            )
        settings = dict(data.get("settings", {}))
        secrets = settings.pop("secrets_env", [])
        pilot = self._pilot(data["pilot"]) if "pilot" in data else None
        return Target(
            vendor=Vendor(**data["vendor"]),
            dsr=target["dsr"],
            waves=tuple(target["waves"]),
            options=frozenset(target.get("options", ())),
            claims=frozenset(target.get("claims", ())),
            configurations=self._configurations(data.get("configuration", [])),
            endpoints=self._endpoints(data.get("endpoints", {}), ("endpoints",)),
            endpoint_anchors=self._files(tls.get("anchors", ()), ("endpoints_tls", "anchors")),
            check_hostname=tls.get("check_hostname", True),
            services=self._services(data.get("services", {})),
            pilot=pilot,
            timing=timing,
            settings={**DEFAULT_SETTINGS, **settings},
            path=self.path,
            digest=digest,
            secrets=self._secrets(secrets, pilot),
        )

    def _configurations(self, rows: list[dict[str, Any]]) -> tuple[Configuration, ...]:
        made: dict[str, Configuration] = {}
        for number, row in enumerate(rows):
            spot: Spot = ("configuration", number)
            if row["name"] in made:
                raise self.error("target.repeated", (*spot, "name"), seen=row["name"])
            made[row["name"]] = Configuration(
                name=row["name"],
                options=frozenset(row.get("options", ())),
                endpoints=self._endpoints(row.get("endpoints", {}), (*spot, "endpoints")),
                settings={k: v for k, v in row.get("settings", {}).items() if k != "secrets_env"},
            )
        return tuple(made.values())

    def _endpoints(self, rows: Mapping[str, str], spot: Spot) -> dict[str, Endpoint]:
        made = {}
        for name, url in rows.items():
            scheme, _, address = url.partition("://")
            host, port = self._address(address, (*spot, name), lowest=1)
            made[name] = Endpoint("mllps" if scheme == "mllps" else "mllp", host, port)
        return made

    def _services(self, rows: Mapping[str, dict[str, Any]]) -> dict[str, Listen]:
        made: dict[str, Listen] = {}
        for name, row in rows.items():
            spot: Spot = ("services", name)
            host, port = self._address(row["listen"], (*spot, "listen"), lowest=0)
            taken = next((n for n, other in made.items() if port and (other.host, other.port) == (host, port)), None)
            if taken:
                raise self.error("target.port-shared", (*spot, "listen"), port=port, other=taken)
            own = [self._files([row[k]], (*spot, k))[0] if k in row else None for k in ("certificate", "key")]
            password = self._own_identity(row, own[0], own[1], spot)
            made[name] = Listen(
                host,
                port,
                advertise=row.get("advertise"),
                client_anchors=self._files(row.get("client_anchors", ()), (*spot, "client_anchors")),
                certificate=own[0],
                key=own[1],
                password=password,
                tls_max=row.get("tls_max", "1.2"),
            )
        return made

    def _own_identity(self, row: Mapping[str, Any], certificate: Path | None, key: Path | None, spot: Spot) -> str:
        """The password of a certificate file, empty without one; what cannot be used is told at once."""
        if certificate is None:
            return ""
        archive = certificate.suffix.lower() in (".p12", ".pfx")
        if key is None and not archive:
            raise self.error("target.missing-key", (*spot, "key"))
        if key is not None and archive:
            raise self.error("target.p12-and-key", (*spot, "key"))
        password, variable = "", row.get("password_env")
        if variable is not None:
            password = self.environ.get(variable, "")
            if not password:
                raise self.error("target.secret-missing", (*spot, "password_env"), name=variable)
        try:
            if key is None:
                Identity.read_p12(certificate, password)
        except SetupError as error:
            raise self.error(
                _ARCHIVES[error.id], (*spot, "certificate"), seen=certificate, name=variable or "-"
            ) from None
        return password

    def _address(self, address: str, spot: Spot, *, lowest: int) -> tuple[str, int]:
        host, _, port = address.rpartition(":")
        if not lowest <= int(port) <= 65535:
            raise self.error("target.out-of-bounds", spot, seen=port, low=lowest, high=65535)
        return host.strip("[]"), int(port)

    def _files(self, names: Iterable[str], spot: Spot) -> tuple[Path, ...]:
        """Paths relative to the target file; each must be there."""
        made = tuple(self.path.parent / name for name in names)
        for one in made:
            if not one.is_file():
                raise self.error("target.missing-file", spot, seen=one)
        return made

    def _pilot(self, row: dict[str, Any]) -> Pilot:
        needed = {"http": "url", "command": "command", "files": "folder"}.get(row["kind"])
        if needed and needed not in row:
            raise self.error("target.missing-key", ("pilot", needed))
        return Pilot(
            kind=row["kind"],
            url=row.get("url", ""),
            command=tuple(row.get("command", ())),
            folder=self.path.parent / row["folder"] if "folder" in row else None,
            token_env=row.get("token_env", ""),
            anchors=self._files(row.get("anchors", ()), ("pilot", "anchors")),
            check_hostname=row.get("check_hostname", True),
            keep=row.get("keep", False),
            base=self.path.parent,
        )

    def _secrets(self, names: Iterable[str], pilot: Pilot | None) -> dict[str, str]:
        wanted: dict[str, Spot] = dict.fromkeys(names, ("settings", "secrets_env"))
        if pilot and pilot.token_env:
            wanted[pilot.token_env] = ("pilot", "token_env")
        for name, spot in wanted.items():
            value = self.environ.get(name)
            if not value:
                raise self.error("target.secret-missing", spot, name=name)
            if len(value.encode()) < SHORTEST_SECRET:
                raise self.error("target.secret-short", spot, name=name, least=SHORTEST_SECRET)
        return {name: self.environ[name] for name in wanted}


_ARCHIVES = {
    "pki.unreadable": "target.unreadable-certificate",
    "pki.not-p12": "target.not-p12",
    "pki.p12-password": "target.p12-password",
    "pki.not-rsa": "target.not-rsa",
}
"""What is wrong with a PKCS#12 file -> the text that names the key of the target."""


def _dotted(spot: Spot) -> str:
    parts = [f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in spot]
    return "".join(parts).lstrip(".") or "-"


def _rank(error: TargetError) -> tuple[bool, int]:
    _, _, line = error.where.rpartition(":")
    return error.id == "target.missing-key", int(line) if line.isdigit() else 0


Described = tuple[str, tuple[str, ...], dict[str, object]]
# The describers take a ValidationError as Any: its stubs know nothing of the shape a keyword guarantees.
"""A text id, keys to add to the path, and the values of the text."""


def _unknown(error: Any) -> Described:
    known = list(error.schema["properties"])
    key = next(k for k in error.instance if k not in known)
    return "target.unknown-key", (key,), {"near": nearest(key, known), "known": ", ".join(known)}


def _missing(error: Any) -> Described:
    return "target.missing-key", (next(k for k in error.validator_value if k not in error.instance),), {}


def _kind(error: Any) -> Described:
    return "target.wrong-type", (), {"expected": error.validator_value, "seen": type(error.instance).__name__}


def _choice(error: Any) -> Described:
    allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    near = nearest(str(error.instance), [str(a) for a in allowed])
    return "target.wrong-choice", (), {"seen": _short(error), "allowed": ", ".join(map(str, allowed)), "near": near}


def _form(error: Any) -> Described:
    return "target.wrong-form", (), {"seen": _short(error), "example": error.schema.get("examples", ["-"])[0]}


def _bounds(error: Any) -> Described:
    low, high = (error.schema.get(k, "-") for k in ("minimum", "maximum"))
    return "target.out-of-bounds", (), {"seen": error.instance, "low": low, "high": high}


def _repeated(error: Any) -> Described:
    seen = next(v for n, v in enumerate(error.instance) if v in error.instance[:n])
    return "target.repeated", (), {"seen": seen}


def _together(error: Any) -> Described:
    pairs = error.validator_value.items()
    needed = next(n for key, others in pairs if key in error.instance for n in others if n not in error.instance)
    return "target.missing-key", (needed,), {}


def _other(error: Any) -> Described:
    return "target.wrong-length", (), {"seen": _short(error), "rule": f"{error.validator} {error.validator_value}"}


def _short(error: Any) -> str:
    return str(error.instance)[:80]


_RULES: Mapping[str, Callable[[Any], Described]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _kind,
    "enum": _choice,
    "const": _choice,
    "pattern": _form,
    "minimum": _bounds,
    "maximum": _bounds,
    "uniqueItems": _repeated,
    "dependentRequired": _together,
}
