"""The messages of the Pilot API (pilot/1), and how strictly an answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from conformance.bench.pilot.kinds import envelope, kind_of, kinds, told_faults
from conformance.standards.pilot.syntax import Garbage, read, write

API = "pilot/1"
EMPTY: Mapping[str, Any] = MappingProxyType({})

FAILURES = (
    "no-pilot",
    "pilot-unreachable",
    "pilot-timeout",
    "pilot-garbage",
    "pilot-schema",
    "pilot-unsupported",
    "pilot-pending",
)
"""Why a pilot gave nothing to use; never the product's fault."""


class Status(StrEnum):
    """What a pilot says became of what it was asked."""

    ACCEPTED = "accepted"  # it will act; nothing to tell
    DONE = "done"  # it acted, or read: `data` tells
    REFUSED = "refused"  # the product says no
    UNSUPPORTED = "unsupported"  # the adapter cannot
    PENDING = "pending"  # ask again


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One thing asked of the product. The same `id` asked twice acts once."""

    call: ClassVar[str] = "stimulus"

    id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    subject: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """One thing read from the product."""

    call: ClassVar[str] = "query"

    id: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    subject: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pilot answered. `raw` are its bytes, empty when nothing was heard (a folder still without its answer)."""

    id: str
    status: Status
    reason: str = ""
    ref: str = ""
    data: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    raw: bytes = field(default=b"", repr=False)


class Capabilities(frozenset[str]):
    """The kinds of the catalogue that a pilot says it has; `raw` are the bytes that said so."""

    raw: bytes = b""


class PilotFault(Exception):
    """A pilot that gave nothing to use. `failure` is one of `FAILURES`, `detail` says why to a person.

    `raw` are the bytes heard, cut to what is worth keeping.
    """

    KEPT: ClassVar[int] = 64 * 1024

    def __init__(self, failure: str, detail: str = "", raw: bytes = b"") -> None:
        self.failure = failure
        self.detail = detail[:2000]
        self.raw = raw[: self.KEPT]
        super().__init__(f"{failure}: {self.detail}")


def request(asked: Stimulus | Query, *, call: bool = False) -> bytes:
    """The bytes of a request; with `call`, it also says which of the two it is (where no address does)."""
    message: dict[str, Any] = {"api": API, "id": asked.id, "kind": asked.kind, "payload": dict(asked.payload)}
    if asked.subject:
        message["subject"] = {name: str(value) for name, value in asked.subject.items()}
    if call:
        message["call"] = asked.call
    return write(message)


def answer(raw: bytes, id: str, kind: str | None) -> Answer:
    """Read an answer to `id`; raises PilotFault (`pilot-garbage`, `pilot-schema`).

    `kind` is None when it is not known. Data are checked when the status is `done`, or when there are some.
    """
    message = _object(raw)
    _check(told_faults(envelope("answer"), message), raw)
    if message["id"] != id:
        raise PilotFault("pilot-schema", f"$.id: {message['id'][:80]!r} instead of {id!r}", raw)
    status = Status(message["status"])
    data = message.get("data") or {}
    if kind is not None:
        known = kind_of(kind)
        if known.role == "query" and status is Status.ACCEPTED:
            raise PilotFault("pilot-schema", "$.status: a query is never answered `accepted`", raw)
        if status is Status.DONE or (data and status is Status.ACCEPTED):
            _check([f"$.data{fault[1:]}" for fault in known.faults("data", data)], raw)
    return Answer(id, status, message.get("reason", ""), message.get("ref", ""), data, raw)


def capabilities(raw: bytes) -> Capabilities:
    """The kinds a pilot says it has, among those of the catalogue; raises PilotFault."""
    message = _object(raw)
    _check(told_faults(envelope("capabilities"), message), raw)
    found = Capabilities(name for name in message["kinds"] if name in kinds())
    found.raw = raw
    return found


def _object(raw: bytes) -> dict[str, Any]:
    try:
        return read(raw)
    except Garbage as garbage:
        raise PilotFault("pilot-garbage", str(garbage), raw) from None


def _check(faults: list[str], raw: bytes) -> None:
    if faults:
        raise PilotFault("pilot-schema", "; ".join(faults[:5]), raw)
