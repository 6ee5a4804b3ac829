"""Reading settings strictly: the pieces every section is read with, and the one error they raise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


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
class Server:
    """A host, a TCP port, and whether TLS starts at once (else with STARTTLS)."""

    host: str
    port: int
    implicit: bool = False


class Reader:
    """One file: every method raises ConfigError, naming the key and what to do."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self.path = path
        self.raw = raw

    def fail(self, key: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(self.path, key, problem, remedy)

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

    def section(self, key: str, kind: type[Any], *, needed: bool = False) -> dict[str, Any]:
        """The values of a table whose keys and types (text, number, list of texts) are those of a dataclass.

        A text without a default must be there.
        """
        declared = {f.name: f for f in fields(kind)}
        types = {name: kind.__annotations__[name] for name in declared}
        values = self.table(key, declared, needed=needed)
        typed: dict[str, Any] = {}
        for name in declared:
            if types[name] == "str":
                if name in values or declared[name].default is MISSING:
                    typed[name] = self.text(values, key, name)
            elif types[name] == "tuple[str, ...]":
                if name in values:
                    typed[name] = self.texts(f"{key}.{name}", values[name])
            elif types[name] == "Path | None":
                if name in values:
                    typed[name] = self.file(key, name, self.text(values, key, name))
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

    def texts(self, key: str, value: object) -> tuple[str, ...]:
        """A list of texts."""
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.fail(key, "is not a list of texts.", 'write ["...", "..."].')
        return tuple(value)

    def file(self, section: str, name: str, value: str) -> Path:
        """A file that exists; relative paths start at the settings file."""
        file = self.path.parent / value
        if not file.is_file():
            raise self.fail(f"{section}.{name}", f"names {file}, which is not a file.", "give a PEM file.")
        return file

    def choice(self, key: str, value: str, choices: Iterable[str]) -> None:
        """Refuse a text that is not one of these."""
        known = tuple(choices)
        if value not in known:
            raise self.fail(key, f"is {value!r}.", f"use one of: {', '.join(known)}.")

    def server(self, key: str, value: str, schemes: tuple[str, ...]) -> Server:
        """An address such as `smtp://host:port`; the second scheme is the one with implicit TLS."""
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in schemes or not parts.hostname or not port:
            raise self.fail(key, f"is {value!r}, not an address.", f'write "{schemes[0]}://host:port".')
        return Server(parts.hostname, port, parts.scheme == schemes[-1] and len(schemes) > 1)
