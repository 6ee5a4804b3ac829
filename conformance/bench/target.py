"""The target file (`target/1`): the system under test, how to reach it, how patient to be."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from conformance.errors import TargetError

SETTLE_FLOOR = 0.2
"""Seconds of silence that no target can lower: below it an absence would mean nothing."""

DEFAULT_SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        "matrix": "2.1.2",
        "ins_environment": "test",
        "mss_application_mailbox": "pfi@banc.mssante.fr",
        "mss_return_mailbox": "accueil@banc.mssante.fr",
        "mss_personal_mailbox": "ps801234567897@banc.mssante.fr",
    }
)
"""`matrix`: which version of the MSSanté matrix of the transmission volet is expected (a message does not tell).
`ins_environment`: which INS OIDs the system is set up for. `mss_...`: the mailboxes that the bench's operator opens for
the product: an application mailbox, the one its correspondents may answer to, a professional's own."""


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

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service of the bench listens, how the vendor sees it, and which clients it trusts.

    `advertise` is None when the address of `listen` is the one to use. `client_anchors` are PEM files of authorities
    trusted besides the bench's own. `certificate` and `key` (PEM) replace the throw-away server certificate; without a
    `key`, `certificate` is a PKCS#12 file that `password` opens.
    """

    host: str = "127.0.0.1"
    port: int = 0
    advertise: str | None = None
    client_anchors: tuple[Path, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    password: str = field(default="", repr=False, compare=False)
    tls_max: Literal["1.2", "1.3"] = "1.2"


@dataclass(frozen=True, slots=True)
class Pilot:
    """How the bench asks the system to act. `token_env` names an environment variable, never the secret itself.

    `anchors` are PEM files of authorities trusted for an https `url` besides the machine's. `keep` has one process of
    `command` serve every call; it runs in `base`, the folder of the target file.
    """

    kind: Literal["http", "command", "files", "person"]
    url: str = ""
    command: tuple[str, ...] = ()
    folder: Path | None = None
    token_env: str = ""
    anchors: tuple[Path, ...] = ()
    check_hostname: bool = True
    keep: bool = False
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: `answer` for one acknowledgement, `settle` of silence after a window, `settle_max` its cap.

    `parallel` is how many cases are driven at once. `reaction` is how long the system may take to do by itself what it
    must (send a mail, read a mailbox), `pilot` how long an outcome may stay pending before the run goes on without it.
    """

    answer: float = 10.0
    settle: float = 2.0
    settle_max: float = 60.0
    parallel: int = 1
    reaction: float = 30.0
    pilot: float = 60.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """One of several exclusive set-ups of the product: options added, endpoints and settings put over the target's."""

    name: str
    options: frozenset[str] = frozenset()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A checked target. `settings` holds at least the keys of `DEFAULT_SETTINGS`; `digest` is of the file's bytes.

    `configuration` is the name of the set-up in force, empty for none. `secrets` maps the name of an environment
    variable to its value; it is never shown, journalled nor compared.
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
    settings: Mapping[str, object] = field(default_factory=lambda: DEFAULT_SETTINGS)
    path: Path | None = None
    digest: str = ""
    configuration: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def configured(self, name: str) -> Target:
        """This target in one of its configurations; raises TargetError when there is none of that name."""
        for one in self.configurations:
            if one.name == name:
                return replace(
                    self,
                    configuration=name,
                    options=self.options | one.options,
                    endpoints={**self.endpoints, **one.endpoints},
                    settings={**self.settings, **one.settings},
                )
        known = [c.name for c in self.configurations]
        raise TargetError(
            "target.unknown-configuration",
            where=str(self.path or ""),
            name=name,
            known=", ".join(known) or "-",
            near=nearest(name, known),
        )

    @property
    def available(self) -> frozenset[str]:
        """The needs that this target meets: `endpoint:NAME`, `service:NAME`."""
        return frozenset(
            {f"endpoint:{name}" for name in self.endpoints} | {f"service:{name}" for name in self.services}
        )

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint by name; raises TargetError when the target does not give it."""
        try:
            return self.endpoints[name]
        except KeyError:
            raise TargetError("target.no-endpoint", where=str(self.path or ""), key=f"endpoints.{name}") from None


def nearest(word: str, known: list[str]) -> str:
    """The known word that looks most like this one, or a dash."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.5)), "-")


def load(path: Path, environ: Mapping[str, str] | None = None) -> Target:
    """Read and check a target file; raises TargetError (file and line, key, what to write instead).

    `environ` is where secrets are looked up, the process's environment by default.
    """
    from conformance.bench.target_file import read

    return read(path, environ)
