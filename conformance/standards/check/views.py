"""The views of one report that stand in one container, N1 and N3, held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from conformance.errors import Malformed, SetupError
from conformance.evidence.values import Finding
from conformance.standards.cda import reader, twins
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.check.documents import carried_pdf
from conformance.standards.pdf import text

Named = tuple[str, CdaHeader]


def compare_files(one: bytes, other: bytes) -> tuple[Finding, ...]:
    """What the N1 among two documents says otherwise than the N3; nothing when they are not of one report."""
    try:
        found = compare([("one", reader.read(one)), ("other", reader.read(other))])
    except Malformed:
        return ()
    return tuple(finding for findings in found.values() for finding in findings)


def compare(documents: Sequence[Named]) -> Mapping[str, tuple[Finding, ...]]:
    """File of an N1 -> what it says otherwise than the N3 of the same report."""
    found: dict[str, tuple[Finding, ...]] = {}
    for structured, (name, n1) in _pairs(documents):
        found[name] = (*found.get(name, ()), *twins.judge(structured, n1, text=_shown(n1)))
    return found


def keys(header: CdaHeader) -> tuple[tuple[str, str, str], ...]:
    """What the N1 and the N3 of one report have in common: (`view`, what is shared, level); nothing without a level."""
    if not header.level:
        return ()
    shared = [("set", header.code.code, header.set_id.root, header.set_id.extension)] if header.set_id.root else []
    if header.acts and header.acts[0].low:
        low = header.acts[0].low
        shared += [("act", header.code.code, low, f"{id.root}^{id.extension}") for id in header.patient.ids[:4]]
    return tuple(("view", "\x1f".join(values), header.level) for values in shared)


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
