"""What one line of a rule table asks of an element, and what is said when it does not hold.

Each check gives an XPath boolean where XPath can tell (`fast`), so that a whole block is one evaluation on elements
that fit; only an element that does not fit is explained check by check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from lxml import etree

from conformance.evidence.codes import table
from conformance.evidence.values import Finding, Severity
from conformance.standards import valuesets
from conformance.standards.cda.document import Document
from conformance.standards.cda.templates.kinds import Kind
from conformance.standards.cda.templates.paths import NAMESPACES, count, equals, none
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

CODES = table("conformance.standards.cda.templates")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing wrong: the code, the element it is about, what was seen and expected."""

    code: str
    element: Element
    seen: str = ""
    expected: str = ""


class Test(Protocol):
    """What a check does: `fast` is an XPath boolean, None when only `explain` can tell."""

    @property
    def fast(self) -> str | None: ...

    def explain(self, element: Element, document: Document) -> Iterator[Hit]: ...


def compiled(expression: str) -> Callable[[Element], Any]:
    """A compiled XPath with the namespaces of the tables; raises XPathSyntaxError."""
    found: Callable[[Element], Any] = etree.XPath(expression, namespaces=NAMESPACES, regexp=False)
    return found


_nodes = cache(compiled)  # the tables hold a bounded number of expressions


@dataclass(frozen=True)
class Count:
    """So many nodes of a path."""

    path: str
    select: str
    low: int
    high: int | None

    @property
    def fast(self) -> str:
        return count(self.select, self.low, self.high)

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        found = _nodes(self.select)(element)
        number = len(found)
        if number < self.low:
            yield Hit("missing", element, str(number), f"{self.path} {self._range()}")
        elif self.high is not None and number > self.high:
            extra = found[self.high] if isinstance(found[self.high], etree._Element) else element
            code = "repeated" if self.high else "forbidden"
            yield Hit(code, extra, str(number), f"{self.path} {self._range()}")

    def _range(self) -> str:
        if self.low == self.high:
            return str(self.low)
        return f"{self.low}..{'' if self.high is None else self.high}"


@dataclass(frozen=True)
class Attribute:
    """An attribute of every node of a path: there, one of some values, or matching a pattern."""

    path: str
    select: str
    name: str
    values: tuple[str, ...] = ()
    pattern: str = ""
    negated: bool = False

    @property
    def wrong(self) -> str | None:
        """An XPath boolean of one node: it is wrong; None when XPath cannot tell."""
        if self.pattern:
            return None
        if not self.values:
            return f"not(@{self.name}) or @{self.name}=''"
        equal = equals(f"@{self.name}", self.values)
        return equal if self.negated else f"not({equal})"

    @property
    def fast(self) -> str | None:
        return None if self.wrong is None else none(self.select, self.wrong)

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        prefix, _, local = self.name.rpartition(":")
        name = f"{{{NAMESPACES[prefix]}}}{local}" if prefix else local
        for node in _nodes(self.select)(element):
            value = node.get(name)
            if value is not None and self.name == "xsi:type":
                value = value.rpartition(":")[2]
            if self.pattern:
                good = value is not None and re.fullmatch(self.pattern, value) is not None
                wanted = f"@{self.name} ~ {self.pattern}"
            elif self.values:
                good = (value in self.values) is not self.negated
                wanted = f"@{self.name} {'≠' if self.negated else '='} {' | '.join(self.values)}"
            else:
                good, wanted = bool(value), f"@{self.name}"
            if not good:
                yield Hit("attribute", node, value or "", wanted)


@dataclass(frozen=True)
class Text:
    """The character data of every node of a path: there, one of some values, or matching a pattern."""

    path: str
    select: str
    values: tuple[str, ...] = ()
    pattern: str = ""
    fast: str | None = None

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        for node in _nodes(self.select)(element):
            value = xml.text(node)
            if self.pattern:
                good = re.fullmatch(self.pattern, value) is not None
            else:
                good = value in self.values if self.values else bool(value)
            if not good:
                yield Hit("text", node, value[:80], self.pattern or " | ".join(self.values) or "text")


@dataclass(frozen=True)
class InSet:
    """Every node of a path is coded in a value set: code and code system, or the code alone.

    `null` admits a nullFlavor instead. Nodes with an xsi:type other than CD, CE, CV, CO are not judged.
    """

    path: str
    select: str
    sets: tuple[str, ...]
    null: bool = False
    code_only: bool = False
    fast: str | None = None

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        for node in _nodes(self.select)(element):
            kind = node.get(_XSI_TYPE)
            if kind is not None and kind.rpartition(":")[2] not in _CODED:
                continue
            if node.get("nullFlavor") is not None:
                if not self.null:
                    yield Hit("value-set", node, f"nullFlavor={node.get('nullFlavor')}", " | ".join(self.sets))
                continue
            code, system = node.get("code", ""), node.get("codeSystem", "")
            if not any(self._has(valuesets.get(name), code, system) for name in self.sets):
                yield Hit("value-set", node, f"{code} ({system})", " | ".join(self.sets))

    def _has(self, found: valuesets.ValueSet, code: str, system: str) -> bool:
        return code in found.codes if self.code_only else found.has(code, system)


_XSI_TYPE = f"{{{NAMESPACES['xsi']}}}type"
_CODED = frozenset({"CD", "CE", "CV", "CO"})


@dataclass(frozen=True)
class Is:
    """Every node of a path passes a named check of `kinds.py`."""

    path: str
    select: str
    name: str
    kind: Kind = field(compare=False)
    fast: str | None = None

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        for node in _nodes(self.select)(element):
            for code, seen, expected in self.kind(node, document):
                yield Hit(code, node, seen, expected)


@dataclass(frozen=True)
class Holds:
    """A condition that must hold; `told` is how the table writes it."""

    told: str
    fast: str

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        if not _nodes(f"boolean({self.fast})")(element):
            yield Hit("condition", element, "", self.told)


@dataclass(frozen=True)
class On:
    """The element that carries the template has one of these names, and parent when one is given (`entry/act`)."""

    names: tuple[str, ...]

    @property
    def fast(self) -> str:
        steps = [name.rpartition("/") for name in self.names]
        return " or ".join(
            f"self::h:{own}[parent::h:{above}]" if above else f"self::h:{own}" for above, _, own in steps
        )

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        own = xml.local(element)
        parent = element.getparent()
        above = "" if parent is None else xml.local(parent)
        if own not in self.names and f"{above}/{own}" not in self.names:
            yield Hit("place", element, own, " | ".join(self.names))


@dataclass(frozen=True)
class Check:
    """One line of a table: a test, its severity when it is not the code's own, and a guard (XPath boolean).

    `at`: the nodes that the line is about, each for itself, when they are not the element (see the notation).
    """

    test: Test
    line: int
    told: str
    severity: Severity | None = None
    guard: str = ""
    at: str = ""

    @property
    def fast(self) -> str | None:
        """The XPath boolean of the whole line, None when only `explain` can tell."""
        return None if self.test.fast is None else placed(self.test.fast, self.guard, self.at)

    def verify(self) -> None:
        """Compile every expression of the line; raises XPathError."""
        for expression in (self.at, self.guard, self.test.fast, getattr(self.test, "select", "")):
            if expression:
                compiled(expression)

    def explain(self, element: Element, document: Document) -> Iterator[Hit]:
        """What is wrong, nothing when the line holds."""
        for node in _nodes(self.at)(element) if self.at else (element,):
            if not self.guard or _nodes(f"boolean({self.guard})")(node):
                yield from self.test.explain(node, document)


def placed(test: str, guard: str, at: str) -> str:
    """An XPath boolean: a test holds on every node of `at` where the guard does."""
    if guard:
        test = f"(not({guard}) or ({test}))"
    return none(at, f"not({test})") if at else test


def together(found: Iterable[Check]) -> str:
    """One XPath boolean for all the lines that XPath can tell, empty when there is none: each path is walked once."""
    groups: dict[tuple[str, str], tuple[list[str], dict[str, list[str]]]] = {}
    for check in found:
        tests, attributes = groups.setdefault((check.at, check.guard), ([], {}))
        test = check.test
        if isinstance(test, Attribute) and test.wrong is not None:
            attributes.setdefault(test.select, []).append(test.wrong)
        elif test.fast is not None:
            tests.append(f"({test.fast})")
    parts = []
    for (at, guard), (tests, attributes) in groups.items():
        tests += [none(select, " or ".join(wrong)) for select, wrong in attributes.items()]
        if tests:
            parts.append(f"({placed(' and '.join(tests), guard, at)})")
    return " and ".join(parts)


def overloaded(owner: Element, most: int) -> Finding:
    """The finding of an element that carries more templates than can be judged."""
    place: Any = owner
    return CODES.finding(
        "cda.template.repeated", xml.path(owner), expected=f"templateId 0..{most}", line=place.sourceline, cause="limit"
    )


def finding(hit: Hit, check: Check, *, clause: str, subject: str) -> Finding:
    """The finding of a hit, placed in its document."""
    place: Any = hit.element  # the stubs allow an Ellipsis as line
    return CODES.finding(
        f"cda.template.{hit.code}",
        xml.path(hit.element),
        seen=hit.seen,
        expected=hit.expected or check.told,
        line=place.sourceline,
        severity=check.severity,
        cause=check.told,
        subject=subject,
        clause=clause,
    )
