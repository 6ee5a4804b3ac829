"""The target file (`target/1`): the system under test, how to reach it, how patient to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

SETTLE_FLOOR = 0.2
"""Seconds of silence that no target can lower: below it an absence would mean nothing."""

NO_SETTINGS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who made the system, as the audit will say it. `reference_produit` is the NIL number."""

    name: str
    product: str
    version: str
    build: str = ""
    reference_produit: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place of the vendor's system that takes stimuli: `mllp` or `mllps` (over TLS), host, port."""

    scheme: Literal["mllp", "mllps"]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service of the bench listens, how the vendor sees it, and which clients it trusts.

    `advertise` is None when the address of `listen` is the one to use. `client_anchors` are PEM files of authorities
    trusted besides the bench's own. `certificate` and `key` replace the throw-away server certificate.
    """

    host: str
    port: int
    advertise: str | None = None
    client_anchors: tuple[Path, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    tls_max: Literal["1.2", "1.3"] = "1.2"


@dataclass(frozen=True, slots=True)
class Pilot:
    """How the bench asks the system to act. `token_env` names an environment variable, never the secret itself."""

    kind: Literal["http", "command", "files", "person"]
    url: str = ""
    command: tuple[str, ...] = ()
    folder: Path | None = None
    token_env: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: `answer` for one acknowledgement, `settle` of silence after a window, `settle_max` its cap.

    `parallel` is how many cases are driven at once.
    """

    answer: float = 10.0
    settle: float = 2.0
    settle_max: float = 60.0
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Configuration:
    """One of several exclusive set-ups of the product; what it gives comes over the target's own."""

    name: str
    options: tuple[str, ...] = ()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    settings: Mapping[str, object] = NO_SETTINGS


@dataclass(frozen=True, slots=True)
class Target:
    """A checked target file. `settings` holds at least `matrix` and `ins_environment`; `digest` is of the file's bytes.

    `secrets` maps the name of an environment variable to its value; it is never shown, journalled nor compared.
    """

    vendor: Vendor
    dsr: str
    waves: tuple[str, ...]
    options: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    configurations: tuple[Configuration, ...] = ()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    endpoint_anchors: tuple[Path, ...] = ()
    check_hostname: bool = True
    services: Mapping[str, Listen] = field(default_factory=dict)
    pilot: Pilot | None = None
    timing: Timing = Timing()
    settings: Mapping[str, object] = NO_SETTINGS
    path: Path | None = None
    digest: str = ""
    configuration: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def configured(self, name: str) -> Target:
        """This target in one of its configurations; raises TargetError with the nearest name when there is none."""
        raise NotImplementedError


def load(path: Path) -> Target:
    """Read and check a target file; raises TargetError (file, line, key, what to write instead)."""
    raise NotImplementedError
