"""What the rules of the header share: a row of the table, a judgement under way, the ways to say what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards.cda.document import Document
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

CODES = table("conformance.standards.cda.header")

MOST = 200
"""Findings on one header, at most: a hostile document must not fill a report."""

CROWD = 200
"""Elements of one name under one parent, at most: what comes after is not judged, and said."""

NEAR = 10
"""How many siblings are compared with an element: a header has a few, a hostile one must not cost their square."""

NULLS = frozenset({"UNK", "NASK", "ASKU", "NAV", "MSK"})
"""The null flavors that the CI-SIS admits in a header (Structuration minimale 3.5.7.2)."""


# Codes that speak of any row: the row says the clause. The others have one of their own.
_OF_ROW = frozenset({"cda.header.missing", "cda.header.repeated", "cda.header.role", "cda.null.forbidden"})


class Full(Exception):
    """Enough findings: the judgement stops here."""


@dataclass(slots=True)
class Run:
    """One header under judgement: the document, and what was found so far.

    `nth` is the rank of the element under its rules among its siblings of the same name, from 1.
    """

    document: Document
    found: list[Finding] = field(default_factory=list)
    nth: int = 1

    def say(
        self,
        code: str,
        node: Element,
        *,
        row: Row | None = None,
        below: str = "",
        seen: object = "",
        expected: object = "",
        severity: Severity | None = None,
        cause: str = "",
        subject: str = "",
    ) -> None:
        """Add a finding of this room about an element, or about `below` (a child that it lacks, an attribute)."""
        place: Any = node  # the stubs allow an Ellipsis as line
        self.add(
            CODES.finding(
                code,
                f"{xml.path(node)}/{below}" if below else xml.path(node),
                seen=seen,
                expected=expected,
                line=place.sourceline,
                severity=severity,
                cause=cause,
                subject=subject or (row.label if row is not None else ""),
                clause=row.clause if row is not None and code in _OF_ROW else "",
            )
        )

    def add(self, finding: Finding) -> None:
        """Add a finding; raises Full when there are enough."""
        self.found.append(finding)
        if len(self.found) >= MOST:
            raise Full


def before(node: Element) -> Iterator[Element]:
    """The siblings of the same name before an element, the nearest first, a bounded number of them."""
    return islice(node.itersiblings(node.tag, preceding=True), NEAR)


def same(node: Element) -> Iterator[Element]:
    """The other siblings of the same name, a bounded number of them."""
    return chain(before(node), islice(node.itersiblings(node.tag), NEAR))


Check = Callable[[Element, "Row", Run], None]
"""A rule on one element of the header, known to the table by its name."""


@dataclass(slots=True)
class Row:
    """One line of the table: an element of the header, how many its parent has, and what must hold of each.

    `tag` is its qualified name, `high` None without limit. `type` is its HL7 data type, empty for a class. `solid`
    refuses a nullFlavor, as weighty as `null` says. `attributes` are (name, admitted values, required). `options` are
    the words that its checks read. `light`: an element without attribute has nothing to be asked.
    """

    name: str
    tag: str
    label: str
    low: int
    high: int | None
    type: str = ""
    clause: str = ""
    solid: bool = False
    null: Severity | None = None
    absent: str = "cda.header.missing"
    repeated: str = "cda.header.repeated"
    attributes: tuple[tuple[str, frozenset[str], bool], ...] = ()
    checks: tuple[Check, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    children: dict[str, Row] = field(default_factory=dict)
    needed: tuple[Row, ...] = ()
    light: bool = False
