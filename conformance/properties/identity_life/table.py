"""The codes of the judges of identities, and what all of them need."""

from __future__ import annotations

from conformance.evidence.codes import table
from conformance.evidence.values import Finding

CODES = table(__package__)

NEEDS = frozenset({"pilot:identity.read/1"})


def finding(code: str, path: str = "", **details: object) -> Finding:
    """A finding of this room's table."""
    return CODES.finding(code, path, **details)  # type: ignore[arg-type]
