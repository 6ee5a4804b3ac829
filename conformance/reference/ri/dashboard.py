"""The dashboard of the INSi service: rates by FINESS over a period, and each call (TBB/va1.02, RI.TBB.02)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from conformance.reference.ri.journal import Call
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.values import Identity


def board(
    calls: Iterable[Call],
    identities: Sequence[Identity],
    first: str,
    last: str,
    finess: str,
    rules: IdentityBehaviour,
) -> dict[str, Any]:
    """The rows of a period (AAAA-MM-JJ, both included). A call succeeds when the service answered, whatever it said.

    Admissions are the identities created in the period that live.
    """
    made = [c for c in calls if first <= c.at[:10] <= last and rules.call_counted(c.answer)]
    admitted = [i for i in identities if first <= i.created[:10] <= last and not i.merged_into]
    failed = sum(c.answer.failed for c in made)
    qualified = sum(i.status == "qualifiee" for i in admitted)
    row = {
        "finess": finess,
        "success_rate": _rate(len(made) - failed, len(made)),
        "failure_rate": _rate(failed, len(made)),
        "qualified_rate": _rate(qualified, len(admitted)),
        "calls": len(made),
        "admissions": len(admitted),
    }
    details = [
        {"at": c.at, "finess": finess, "author": c.author, "operation": c.operation, "code": c.answer.code}
        for c in made
        if rules.call_detailed(c.answer)
    ]
    return {"rows": [row] if made or admitted else [], "details": details}


def _rate(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
