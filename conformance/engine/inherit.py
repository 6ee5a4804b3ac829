"""What the bench's own input had wrong: the same code on the same value in the output is inherited, never counted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from conformance.evidence.values import Driven, Observation
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.values import DocumentMessage


def input_mistakes(driven: Driven[Any], heard: Iterable[Observation]) -> frozenset[tuple[str, str]]:
    """The (code, seen) pairs that the rules find in the messages sent for a case."""
    sent = {s.exchange for s in driven.sent}
    return frozenset[tuple[str, str]]().union(
        *(
            _mistakes(o.exchange.body, o.value)
            for o in heard
            if o.exchange.id in sent and isinstance(o.value, DocumentMessage)
        )
    )


@lru_cache(maxsize=256)
def _mistakes(raw: bytes, message: DocumentMessage) -> frozenset[tuple[str, str]]:
    return frozenset((f.code, f.seen) for f in rules.judge(message))
