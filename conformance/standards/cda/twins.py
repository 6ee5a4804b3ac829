"""The views of one report (CDA N1, CDA N3, PDF) held against each other: same patient, same act, same results.

Source: CI-SIS CR-BIO (N1 and N3 of a same report), DSR Ségur DOC/va1.20, DOC/va1.23, DOC/va1.25.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation

from conformance.evidence.codes import table
from conformance.evidence.values import Finding
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.results import Result, results

CODES = table("conformance.standards.cda")

_NUMBER = re.compile(r"(?<![\d.,])[-+]?\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|[-+]?\d+(?:[.,]\d+)?")

_SAME: tuple[tuple[str, Callable[[CdaHeader], object]], ...] = (
    ("recordTarget/patientRole/id", lambda h: h.patient.ins or (h.patient.ids[0] if h.patient.ids else None)),
    ("recordTarget/patientRole/patient/name", lambda h: h.patient.name.family("BR") or h.patient.name.family()),
    ("recordTarget/patientRole/patient/birthTime", lambda h: h.patient.birth),
    ("recordTarget/patientRole/patient/administrativeGenderCode", lambda h: h.patient.sex.code),
    ("code", lambda h: (h.code.code, h.code.system)),
    ("confidentialityCode", lambda h: h.confidentiality.code),
    ("documentationOf/serviceEvent/effectiveTime/low", lambda h: h.acts[0].low if h.acts else None),
)


def same_report(one: CdaHeader, other: CdaHeader) -> bool:
    """True for the N1 and the N3 of one report: same type, same act (or same setId), one patient identifier shared."""
    if {one.level, other.level} != {"N1", "N3"} or one.code.code != other.code.code:
        return False
    if one.set_id.root and (one.set_id.root, one.set_id.extension) == (other.set_id.root, other.set_id.extension):
        return True
    if not one.acts or not other.acts or one.acts[0].low != other.acts[0].low:
        return False
    mine = {(i.root, i.extension) for i in one.patient.ids}
    return any((i.root, i.extension) in mine for i in other.patient.ids)


def judge(structured: CdaHeader, n1: CdaHeader, *, text: str | None = None) -> Iterator[Finding]:
    """The findings of an N3 and its N1: headers that disagree, and results of the N3 that the PDF does not show.

    `text` is the text layer of the PDF inside the N1, None when it is not known (then results are not compared).
    """
    for path, of in _SAME:
        first, second = of(structured), of(n1)
        if first and second and first != second:
            yield CODES.finding(
                "cda.twins.header", f"ClinicalDocument/{path}", seen=str(second), expected=str(first), subject=path
            )
    if structured.id == n1.id:
        yield CODES.finding("cda.twins.same-id", "ClinicalDocument/id", seen=n1.unique_id)
    if text is not None:
        yield from judge_text(structured, text)


def judge_text(structured: CdaHeader, text: str) -> Iterator[Finding]:
    """The completed results of an N3 that the text of its PDF does not show; nothing when the text is empty."""
    if not text.strip():
        return
    numbers, words = _numbers(text), _folded(text)
    for result in results(structured.element):
        if result.completed and not _shown(result, numbers, words):
            seen = " ".join((*result.numbers, result.unit, *result.words[:1])).strip()
            yield CODES.finding(
                "cda.twins.result", result.path, seen="", expected=f"{result.label} : {seen}", line=result.line
            )


def _shown(result: Result, numbers: frozenset[Decimal], words: str) -> bool:
    if result.numbers:
        return all(value in numbers for value in map(_decimal, result.numbers) if value is not None)
    return any(_folded(word) in words for word in result.words)


def _numbers(text: str) -> frozenset[Decimal]:
    found = (_decimal(match[0]) for match in _NUMBER.finditer(text))
    return frozenset(abs(value) if value == 0 else value for value in found if value is not None)


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[ \u00a0\u202f]", "", text).replace(",", ".")).normalize()
    except InvalidOperation:
        return None


def _folded(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return re.sub(r"[\W_]+", "", "".join(c for c in bare if not unicodedata.combining(c)).casefold())
