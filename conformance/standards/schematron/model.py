"""What a schema is once read: includes brought in, phase applied, abstract patterns and rules made real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

SCH = "http://purl.oclc.org/dsdl/schematron"


@dataclass(frozen=True, slots=True)
class Value:
    """`value-of` in a message: an XPath whose value is shown."""

    select: str


Piece = str | Value
"""A message is text and values."""


@dataclass(frozen=True, slots=True)
class Let:
    """A variable, of a schema, a pattern or a rule."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Test:
    """An `assert` (fails when false) or a `report` (speaks when true)."""

    test: str
    report: bool = False
    role: str = ""
    flag: str = ""
    see: str = ""
    id: str = ""
    message: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """The items of an abstract rule, where a rule extends it."""

    id: str
    items: tuple[Item, ...]


Item = Let | Test | Block


@dataclass(frozen=True, slots=True)
class Rule:
    """A context (a match pattern) and what must hold there, in order."""

    context: str
    items: tuple[Item, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rules of which the first that matches a node is the only one to fire there."""

    id: str
    rules: tuple[Rule, ...]
    lets: tuple[Let, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """A whole schema: its namespaces, global variables, active patterns, and the files it was read from.

    `missing` are (file that includes, href) of includes that bring nothing.
    """

    title: str
    namespaces: tuple[tuple[str, str], ...]
    patterns: tuple[Pattern, ...]
    lets: tuple[Let, ...] = ()
    phase: str = "#ALL"
    sources: tuple[tuple[str, bytes], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    unknown_phase: bool = field(default=False)

    def globals(self) -> Iterator[Let]:
        """The variables of the schema and of its active patterns: as in the skeleton, all are global."""
        yield from self.lets
        for pattern in self.patterns:
            yield from pattern.lets


def flatten(items: tuple[Item, ...]) -> Iterator[Let | Test]:
    """Items with the abstract rules that they extend opened."""
    for item in items:
        if isinstance(item, Block):
            yield from flatten(item.items)
        else:
            yield item
