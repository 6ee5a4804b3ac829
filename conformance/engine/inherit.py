"""What the bench's own input had wrong: the same code on the same value in the output is inherited, never counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conformance.evidence.values import Driven, Observation
from conformance.properties.flow import input_findings
from conformance.standards.hl7v2.values import DocumentMessage


def input_mistakes(driven: Driven[Any], heard: Iterable[Observation]) -> frozenset[tuple[str, str]]:
    """The (code, seen) pairs that the rules find in the messages sent for a case."""
    sent = {s.exchange for s in driven.sent}
    return frozenset(
        (finding.code, finding.seen)
        for o in heard
        if o.exchange.id in sent and isinstance(o.value, DocumentMessage)
        for finding in input_findings(o.exchange.body)
    )
