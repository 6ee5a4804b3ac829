"""The views of one report that stand in one container, N1 and N3, held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from conformance.errors import Malformed, SetupError
from conformance.evidence.values import Finding
from conformance.standards.cda import twins
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.check.documents import carried_pdf
from conformance.standards.pdf import text

Named = tuple[str, CdaHeader]


def compare(documents: Sequence[Named]) -> Mapping[str, tuple[Finding, ...]]:
    """File of an N1 -> what it says otherwise than the N3 of the same report."""
    found: dict[str, tuple[Finding, ...]] = {}
    for structured, (name, n1) in _pairs(documents):
        found[name] = (*found.get(name, ()), *twins.judge(structured, n1, text=_shown(n1)))
    return found


def _pairs(documents: Sequence[Named]) -> Iterator[tuple[CdaHeader, Named]]:
    for _, structured in documents:
        if structured.level == "N3":
            for named in documents:
                if named[1].level == "N1" and twins.same_report(structured, named[1]):
                    yield structured, named


def _shown(n1: CdaHeader) -> str | None:
    """The text of the PDF in an N1; None when it cannot be known."""
    held = carried_pdf(n1)
    if held is None:
        return None
    try:
        return "\n".join(text.pages(held))
    except (Malformed, SetupError):
        return None
