"""What a compiled stylesheet said of one document."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from conformance.standards.schematron.compiler import Compiled, Written
from conformance.standards.schematron.stylesheet import OURS


@dataclass(frozen=True, slots=True)
class Failure:
    """An assert that failed or a report that spoke: which, where (names as written, `[n]` from 2), the text."""

    test: Written
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """All failures of one document, and the patterns that ended in an error: (pattern, XPath error code, message)."""

    failures: tuple[Failure, ...]
    errors: tuple[tuple[str, str, str], ...] = ()


def read_outcome(compiled: Compiled, said: str) -> Outcome:
    """The outcome written by the stylesheet of `compiled`, white space in messages made single."""
    root = etree.fromstring(said, etree.XMLParser(huge_tree=True, resolve_entities=False))
    failures = tuple(
        Failure(test := compiled.tests[int(e.get("n", "0"))], e.get("p", ""), test.told([v.text or "" for v in e]))
        for e in root.iterchildren(f"{{{OURS}}}f")
    )
    errors = tuple(
        (compiled.patterns[int(e.get("p", "0"))] or f"#{e.get('p')}", e.get("c", ""), " ".join((e.text or "").split()))
        for e in root.iterchildren(f"{{{OURS}}}error")
    )
    return Outcome(failures, errors)
