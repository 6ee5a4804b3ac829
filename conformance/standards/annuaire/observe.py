"""An exchange with a directory decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.evidence.values import Direction, Exchange, Observation

LOOK_UPS = frozenset({"practitioners", "fhir-practitioner"})


@dataclass(frozen=True, slots=True)
class DirectoryRequest:
    """`event` is what was asked for; of a look-up, the criteria: `rpps` (11 digits), `family`, `given`."""

    event: str
    rpps: str = ""
    family: str = ""
    given: str = ""

    @property
    def look_up(self) -> bool:
        """Whether a professional was looked up."""
        return self.event in LOOK_UPS

    def about(self, rpps: str, family: str) -> bool:
        """Whether it may find a professional: by the RPPS, or by the family name."""
        return self.look_up and (self.rpps == rpps or (not self.rpps and self.family.casefold() == family.casefold()))


@dataclass(frozen=True, slots=True)
class DirectoryAnswer:
    """What the directory answered: status, the RPPS found, the JSON value (None: none)."""

    event: str
    status: int
    found: tuple[str, ...] = ()
    value: Any = None

    @property
    def ok(self) -> bool:
        """Whether it answered."""
        return self.status == 200


def observe(exchange: Exchange) -> Observation:
    """`directory-request`, `directory-answer`, or `instruction` (the bench set its own directory); never raises."""
    facts = exchange.facts
    if "instruction" in facts:
        return Observation(exchange, "instruction", _json(exchange.body))
    event = _text(facts, "event")
    if exchange.direction is Direction.FROM_VENDOR:
        criteria = {name: _text(facts, f"asked_{name}") for name in ("rpps", "family", "given")}
        return Observation(exchange, "directory-request", DirectoryRequest(event, **criteria))
    status = facts.get("status")
    found = tuple(_text(facts, "found").split())
    told = DirectoryAnswer(event, status if isinstance(status, int) else 0, found, _json(exchange.body))
    return Observation(exchange, "directory-answer", told)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None


def _text(facts: Mapping[str, object], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""
