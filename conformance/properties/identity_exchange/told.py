"""What these judges look at: calls of INSi, messages received and sent, identities and traces that the pilot read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.evidence.codes import table
from conformance.evidence.values import Direction, Driven, Finding, Heard, Observation, Sent
from conformance.properties.identity_life.flow import Call, Held, held
from conformance.properties.mail_flow import step, told
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.values import Ack
from conformance.standards.insi.observe import InsiAnswer, InsiRequest

CODES = table(__package__)

ANSWERED = frozenset({"00", "01", "02", "OK", "KO", "EN_COURS"})
"""Codes of an answer of the service, whatever it says; anything else is a failure of the call."""


def finding(code: str, path: str = "", **details: object) -> Finding:
    """A finding of this room's table."""
    return CODES.finding(code, path, **details)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Entry:
    """A trace as the pilot read it. `insi` is empty when it is not about a call."""

    row: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A member as text, empty when it is not there."""
        value = self.row.get(name)
        return value.strip() if isinstance(value, str) else ""

    @property
    def insi(self) -> Mapping[str, Any]:
        """What it tells of a call of INSi."""
        value = self.row.get("insi")
        return value if isinstance(value, dict) else {}

    @property
    def operation(self) -> str:
        """The operation called, empty when it does not say."""
        value = self.insi.get("operation")
        return value if isinstance(value, str) else ""

    @cached_property
    def words(self) -> str:
        """All of it, to look for a value that stands in free text."""
        return json.dumps(self.row, ensure_ascii=False)


def entries(driven: Driven[Any], heard: Heard, name: str, kind: str) -> tuple[Entry, ...] | None:
    """The traces of a kind read at a step; None when they were not read."""
    data = told(driven, heard, name)
    rows = data.get("entries") if data is not None else None
    if not isinstance(rows, list):
        return None
    return tuple(Entry(row) for row in rows if isinstance(row, dict) and row.get("kind") == kind)


def placed(heard: Heard, sent: Sent | None) -> int | None:
    """The place of a step in what was heard."""
    if sent is None:
        return None
    return next((n for n, o in enumerate(heard.own) if o.exchange.id == sent.exchange), None)


def calls(heard: Heard, first: int = 0, last: int | None = None) -> tuple[Call, ...]:
    """The calls of INSi between two places of what was heard, with their answers."""
    answers = {o.exchange.answers: o.value for o in heard.own if isinstance(o.value, InsiAnswer)}
    found = []
    for observation in heard.own[first:last]:
        if isinstance(observation.value, InsiRequest):
            answer = answers.get(observation.exchange.id)
            found.append(Call(observation.exchange.id, observation.value, answer))
    return tuple(found)


def between(driven: Driven[Any], heard: Heard, first: str, last: str | None) -> tuple[Call, ...]:
    """The calls of INSi made after a step and before another; none when the first step was not taken."""
    start = placed(heard, step(driven, first))
    end = placed(heard, step(driven, last)) if last is not None else None
    return calls(heard, start, end) if start is not None else ()


def answered(call: Call) -> bool:
    """Whether the service gave an answer, whatever it says."""
    return call.answer is not None and call.answer.code in ANSWERED


def identity(driven: Driven[Any], heard: Heard, name: str) -> Held | None:
    """The identity read at a step; None when it was not read or does not exist."""
    data = told(driven, heard, name)
    sent = step(driven, name)
    one = data.get("identity") if data is not None else None
    return held(one, (sent.answer or "") if sent is not None else "") if isinstance(one, dict) else None


def received(driven: Driven[Any], heard: Heard) -> Iterator[tuple[Sent, AdtMessage, str]]:
    """The messages that the bench sent as another system, each with the code of its acknowledgement (or empty)."""
    for sent in driven.sent:
        if sent.name.startswith("receive-"):
            message = heard.value(sent.exchange, AdtMessage)
            ack = heard.value(sent.answer, Ack)
            if message is not None:
                yield sent, message, ack.code if ack is not None else ""


def diffused(heard: Heard) -> Iterator[tuple[Observation, AdtMessage]]:
    """The PAM messages of the vendor, in order."""
    for observation in heard.own:
        if isinstance(observation.value, AdtMessage) and observation.exchange.direction is Direction.FROM_VENDOR:
            yield observation, observation.value
