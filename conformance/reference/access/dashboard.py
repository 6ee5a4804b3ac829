"""The dashboard of what was sent with a qualified INS, over any period: counted from the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.ledger import Line


def rows(lines: Iterable[Line], behaviour: AccessBehaviour) -> list[dict[str, object]]:
    """One row for each geographic FINESS, channel, type and result, with how many were masked among them."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    masked: Counter[tuple[str, str, str, str]] = Counter()
    for line in lines:
        if not behaviour.attempt_counted(line.outcome == "success"):
            continue
        key = (line.finess or "?", line.channel, line.type or "?", line.outcome)
        counts[key] += 1
        masked[key] += behaviour.counted_as_masked(line.masked)
    names = ("finess", "channel", "type", "outcome")
    return [{**dict(zip(names, k, strict=True)), "count": n, "masked": masked[k]} for k, n in sorted(counts.items())]
