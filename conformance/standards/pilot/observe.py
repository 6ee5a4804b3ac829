"""An exchange of the pilot decoded. What a pilot says badly is never a finding about the product."""

from __future__ import annotations

from typing import Any

from conformance.evidence.values import Direction, Exchange, Observation
from conformance.standards.pilot.syntax import Garbage, read

_KEYS = {"document": "document", "message_id": "message", "ins": "patient"}


def observe(exchange: Exchange) -> Observation:
    """`pilot-request` or `pilot-answer`, whose value is the object; `pilot-garbage` (None) when there is none.

    Keys come from what a stimulus or its answer names: ("document", id), ("message", Message-ID), ("patient", INS).
    Never raises.
    """
    try:
        value = read(exchange.body)
    except Garbage:
        return Observation(exchange, "pilot-garbage", None)
    kind = "pilot-request" if exchange.direction is Direction.TO_VENDOR else "pilot-answer"
    return Observation(exchange, kind, value, tuple(_keys(value)))


def _keys(value: dict[str, Any]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for part in ("payload", "data", "subject"):
        inside = value.get(part)
        if isinstance(inside, dict):
            for member, key in _KEYS.items():
                one = inside.get(member)
                if isinstance(one, str) and one:
                    found[(key, one)] = None
    order = list(_KEYS.values())
    return sorted(found, key=lambda pair: order.index(pair[0]))
