"""Rules of the body that hold for any volet: coded values, quantities, times, narrative, attachments, N1.

`ELEMENT_RULES` are called on each element of the body by local name, `DOCUMENT_RULES` once. None knows a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.generic import acts, coded, media, narrative, nonxml, times, values
from conformance.standards.cda.generic.found import CODES, DocumentRule, ElementRule
from conformance.standards.cda.syntax import SDTC, tag

__all__ = ["CODES", "DOCUMENT_RULES", "ELEMENT_RULES", "MOST", "judge"]

MOST = 100
"""Findings of these rules on one document, at most."""


def _gathered() -> dict[str, tuple[ElementRule, ...]]:
    found: dict[str, tuple[ElementRule, ...]] = {}
    tables: tuple[Mapping[str, tuple[ElementRule, ...]], ...] = (
        dict.fromkeys(coded.NAMES, (coded.judge_coded,)),
        values.RULES,
        times.RULES,
        narrative.RULES,
        media.RULES,
        acts.ELEMENT_RULES,
    )
    for table in tables:
        for name, rules in table.items():
            found[name] = found.get(name, ()) + rules
    return found


ELEMENT_RULES: Mapping[str, tuple[ElementRule, ...]] = _gathered()
DOCUMENT_RULES: tuple[DocumentRule, ...] = (*nonxml.RULES, *acts.DOCUMENT_RULES, *narrative.DOCUMENT_RULES)

# The extensions carry coded values too (pharm:code, sdtc:raceCode); their times and quantities are those of a product.
_EXTENSIONS = (SDTC, "urn:ihe:pharm:medication")
_BY_TAG = {tag(name): rules for name, rules in ELEMENT_RULES.items()} | {
    f"{{{uri}}}{name}": (coded.judge_coded,) for uri in _EXTENSIONS for name in coded.NAMES
}


def judge(document: Document) -> Iterator[Finding]:
    """The findings of every generic rule on a document, at most `MOST`."""
    return islice(_all(document), MOST)


def _all(document: Document) -> Iterator[Finding]:
    for document_rule in DOCUMENT_RULES:
        yield from document_rule(document)
    if document.body is not None and document.structured:
        for element in document.body.iter(*_BY_TAG):
            for rule in _BY_TAG[element.tag]:
                yield from rule(element, document)
