"""The values every room speaks in: exchanges, observations, findings, witnesses, driven cases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

C = TypeVar("C", covariant=True)
V = TypeVar("V")

Fact = str | int | float | bool | None
NOTHING: Mapping[str, Fact] = MappingProxyType({})


class Severity(StrEnum):
    """How much a finding weighs. Only `ERROR` makes a row nonconform."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"  # goes further than the statement of the row
    NOTE = "note"  # worth knowing, not a defect


class Direction(StrEnum):
    """Who sent the bytes."""

    TO_VENDOR = "to-vendor"
    FROM_VENDOR = "from-vendor"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is: a path inside the object (`PID-3[2].4.2`, an XPath, a header), a line, a file or exchange."""

    path: str = ""
    line: int | None = None
    exchange: str | None = None
    file: str | None = None


_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One typed statement about the vendor: a stable code at a place, with what was expected and seen.

    `absence` is true when the finding rests on something *not* heard: the engine believes it only with a control
    or a sentinel heard in the same window, and after an isolated re-drive. `inherited` marks what came in with
    the bench's own input and is never counted. `cause` is a short stable word (`dialect`, `refused`...).
    `clause` is the exact source of a row of a table whose code covers many rows; empty when the code's own says it.
    """

    code: str
    severity: Severity
    location: Location = Location()
    expected: str = ""
    seen: str = ""
    cause: str = ""
    subject: str = ""
    absence: bool = False
    inherited: bool = False
    clause: str = ""

    @property
    def fingerprint(self) -> str:
        """12 hex digits equal for two findings that are the same mistake (indices and values do not count)."""
        text = "\x1f".join((self.code, _INDEX.sub("[]", self.location.path), self.cause, self.subject))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def at(self, *, exchange: str | None = None, file: str | None = None) -> Finding:
        """The same finding, placed in an exchange or a file."""
        spot = self.location
        return replace(
            self,
            location=replace(spot, exchange=exchange or spot.exchange, file=file or spot.file),
        )


@dataclass(frozen=True, slots=True)
class Witness:
    """This assertion was reached for this case. Without one a case is not judged."""

    assertion: str
    exchange: str | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Bytes heard on a channel.

    `ms` counts from the start of the run. `facts` are what the connection told (`tls`, `peer`, `path`, `action`,
    `status`, `fault`, `closed`...). `answers` is the id of the exchange this one replies to. Vendor secrets are
    replaced before they get here.
    """

    id: str
    channel: str
    direction: Direction
    connection: int
    ms: int
    body: bytes
    facts: Mapping[str, Fact] = field(default_factory=lambda: NOTHING)
    answers: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Observation:
    """An exchange decoded: its kind, its typed value, the findings of decoding, and attribution keys.

    `keys` are (name, value) pairs, strongest first: `("document", unique id)`, `("control", MSH-10)`,
    `("patient", matricule)`.
    """

    exchange: Exchange
    kind: str
    value: object
    keys: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """What a case gets when it is driven, so that no two cases, nor two runs, can be confused.

    `run` is the run id (8 lower-case hex digits), `number` counts the bindings of a run from 1, `letters` are
    upper-case letters to put in trait names, `digits` are six digits for NIR positions 8-13 (commune and order).
    """

    run: str
    number: int
    letters: str
    digits: str

    def uid(self, *parts: object) -> str:
        """A document unique id: an OID under 2.25, without extension, at most 44 characters."""
        seed = "/".join(str(p) for p in (self.run, self.number, *parts))
        return f"2.25.{int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16])}"

    def control(self, *parts: object) -> str:
        """A message control id (MSH-10): 20 characters at most, unique in every run."""
        seed = "/".join(str(p) for p in (self.run, self.number, *parts))
        return f"C{self.number}-{hashlib.sha256(seed.encode()).hexdigest()[:10]}".upper()[:20]

    @staticmethod
    def is_control(text: str) -> bool:
        """Whether a control id has the form of those that a bench gives, in this case or in any other."""
        return re.fullmatch(r"C[0-9]+-[0-9A-F]{6,10}", text) is not None


@dataclass(frozen=True, slots=True)
class Sent:
    """One stimulus as it went: the exchange that carried it, the one that answered, or why none did.

    `failure` is one of `refused`, `unreachable`, `timeout`, `closed`, `garbage`, `half-frame`, `too-big`,
    `other-control-id`, `tls`; None when an answer to this very message came.
    """

    name: str
    exchange: str
    answer: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Driven(Generic[C]):
    """A case once driven: its data, its binding, and what was sent for it."""

    id: str
    exercise: str
    environment: str
    case: C
    binding: Binding
    sent: tuple[Sent, ...] = ()
    labels: frozenset[str] = frozenset()
    sentinel: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """All that was heard for one case (`own`, in order of time) and in its whole window (`window`)."""

    own: tuple[Observation, ...]
    window: tuple[Observation, ...] = ()

    def of(self, kind: str) -> Iterator[Observation]:
        """The case's own observations of a kind."""
        return (o for o in self.own if o.kind == kind)

    def by_id(self, exchange: str | None) -> Observation | None:
        """The observation made of an exchange, or None."""
        if exchange is None:
            return None
        for pool in (self.own, self.window):
            for observation in pool:
                if observation.exchange.id == exchange:
                    return observation
        return None

    def value(self, exchange: str | None, kind: type[V]) -> V | None:
        """The decoded value of an exchange when it is of the type asked for, else None."""
        found = self.by_id(exchange)
        return found.value if found is not None and isinstance(found.value, kind) else None


@dataclass(frozen=True, slots=True)
class Context:
    """What a judge may know besides the traffic: the day, the wave, declared options, parameters, settings."""

    as_of: date
    wave: str = ""
    environment: str = ""
    options: frozenset[str] = frozenset()
    parameters: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
