"""Schema files -> model. Includes are followed through a resolver; what the ISO skeleton does decides every doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from lxml import etree

from conformance.errors import Malformed
from conformance.standards.schematron.model import SCH, Block, Item, Let, Pattern, Piece, Rule, Schema, Test, Value
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

MAX_DEPTH = 32
"""Includes inside includes, and rules that extend rules."""

_BINDINGS = frozenset({"xslt2", "xpath2", "xslt3"})


class SchemaError(ValueError):
    """A schema that cannot be compiled: what is wrong, and in which file."""

    def __init__(self, problem: str, where: str = "") -> None:
        self.problem = problem
        self.where = where
        super().__init__(f"{problem} ({where})" if where else problem)


class Missing(LookupError):
    """The resolver has nothing under that address."""


class Resolver(Protocol):
    """Where files come from. The caller decides about accents, letter case, overlays; nothing is read otherwise."""

    def read(self, base: str, href: str) -> tuple[str, bytes]:
        """The absolute address and the bytes of `href` seen from the file `base`; raises Missing."""
        ...


def read_schema(resolver: Resolver, base: str, href: str, *, phase: str | None = None) -> Schema:
    """The schema at `href`, ready to be compiled.

    `phase` defaults to the schema's own `defaultPhase`, else every pattern is active. Raises SchemaError; an include
    that brings nothing (no file, an empty file, not XML) is not an error: it is listed in `Schema.missing`.
    """
    reader = _Reader(resolver)
    try:
        address, root = reader.load(base, href)
    except Missing as error:
        raise SchemaError(str(error) or "no such schema", href) from None
    except Malformed as error:
        raise SchemaError(error.code, f"{href}: {error.path}") from None
    if root.tag != f"{{{SCH}}}schema":
        raise SchemaError(f"not a schematron schema but {root.tag}", address)
    binding = root.get("queryBinding", "")
    if binding not in _BINDINGS:
        raise SchemaError(f"query binding {binding or 'xslt'!r} is not supported", address)
    reader.include(root, address, 0)
    return reader.schema(root, phase)


@dataclass(slots=True)
class _Reader:
    resolver: Resolver
    sources: dict[str, bytes] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def load(self, base: str, href: str) -> tuple[str, Element]:
        address, raw = self.resolver.read(base, href)
        self.sources[address] = raw
        return address, xml.parse(raw)

    # -- includes ------------------------------------------------------------------------------------------------

    def include(self, root: Element, address: str, depth: int) -> None:
        """Put what each include names in its place, in the tree itself."""
        for spot in list(root.iter(f"{{{SCH}}}include")):
            href, parent = spot.get("href", ""), spot.getparent()
            if parent is None:
                continue
            found = self._fragment(href, address, depth)
            if found is None:
                self.missing.append((address, href))
                parent.remove(spot)
            else:
                parent.replace(spot, found)

    def _fragment(self, href: str, address: str, depth: int) -> Element | None:
        name, _, wanted = href.partition("#")
        if depth >= MAX_DEPTH:
            raise SchemaError("includes too deep", address)
        if not name:
            return None
        try:
            inside, root = self.load(address, name)
        except (Missing, Malformed):
            return None
        self.include(root, inside, depth + 1)
        if wanted:
            named = [e for e in root.iter(f"{{{SCH}}}*") if e.get("id") == wanted]
            root = named[0] if named else root
            if not named:
                return None
        if root.tag == f"{{{SCH}}}schema" or xml.namespace(root) != SCH:
            return None
        root.tail = None
        return root

    # -- phases and patterns -------------------------------------------------------------------------------------

    def schema(self, root: Element, phase: str | None) -> Schema:
        wanted = phase or root.get("defaultPhase") or "#ALL"
        phases = {p.get("id"): p for p in root.iterchildren(f"{{{SCH}}}phase")}
        active = None
        if wanted != "#ALL":
            chosen = phases.get(wanted)
            named = () if chosen is None else chosen.iterchildren(f"{{{SCH}}}active")
            active = {a.get("pattern") for a in named}
        patterns = [p for e in root.iterchildren(f"{{{SCH}}}pattern") for p in _real(e, root)]
        kept = [p for p in patterns if active is None or p.get("id") in active]
        return Schema(
            title=xml.text(xml.child(root, "title")),
            namespaces=tuple((n.get("prefix", ""), n.get("uri", "")) for n in root.iterchildren(f"{{{SCH}}}ns")),
            lets=tuple(_let(e) for e in root.iterchildren(f"{{{SCH}}}let")),
            patterns=tuple(_pattern(p, patterns) for p in kept),
            phase=wanted,
            sources=tuple(sorted(self.sources.items())),
            missing=tuple(self.missing),
            unknown_phase=wanted != "#ALL" and wanted not in phases,
        )


def _real(pattern: Element, root: Element) -> Iterator[Element]:
    """The pattern itself; or, for one that `is-a` abstract pattern, that pattern with its parameters put in.

    As in the skeleton: parameters are replaced one after the other, as text, in `test`, `context`, `select` and in
    messages (never in the value of a `let`), and an abstract pattern given twice is made real twice.
    """
    wanted = pattern.get("is-a")
    if wanted is None:
        if pattern.get("abstract") != "true":
            yield pattern
        return
    caller = pattern.get("id", "")
    params = [
        (f"${p.get('name', '')}", p.get("value", ""))
        for q in (root.iter(f"{{{SCH}}}pattern") if caller else ())
        if q.get("id") == caller
        for p in q.iterchildren(f"{{{SCH}}}param")
    ]

    def filled(text: str) -> str:
        for name, value in params:
            if name != "$":
                text = text.replace(name, value)
        return text

    for number, model in enumerate(list(root.iter(f"{{{SCH}}}pattern"))):
        if model.get("id") != wanted:
            continue
        made: Element = etree.Element(f"{{{SCH}}}pattern", id=caller or f"{wanted}-{number}")
        for child in model.iterchildren(f"{{{SCH}}}*"):
            copy = _copied(child)
            for element in copy.iter(f"{{{SCH}}}*"):
                for name in ("test", "context", "select"):
                    value = element.get(name)
                    if value is not None:
                        element.set(name, filled(value))
                element.text = filled(element.text) if element.text else element.text
                if element is not copy:
                    element.tail = filled(element.tail) if element.tail else element.tail
            made.append(copy)
        yield made


def _copied(element: Element) -> Element:
    twin: Element = etree.fromstring(etree.tostring(element, with_tail=False))
    return twin


# -- elements of a pattern -------------------------------------------------------------------------------------------


def _pattern(element: Element, patterns: list[Element]) -> Pattern:
    rules = [r for r in element.iterchildren(f"{{{SCH}}}rule") if r.get("abstract") != "true"]
    return Pattern(
        id=element.get("id", ""),
        rules=tuple(_rule(rule, element, patterns) for rule in rules),
        lets=tuple(_let(e) for e in element.iterchildren(f"{{{SCH}}}let")),
    )


def _rule(rule: Element, pattern: Element, patterns: list[Element]) -> Rule:
    context = rule.get("context")
    if not context:
        raise SchemaError("a rule has no context", pattern.get("id", ""))
    return Rule(context, tuple(_items(rule, pattern, patterns, 0)), rule.get("id", ""))


def _items(rule: Element, pattern: Element, patterns: list[Element], depth: int) -> Iterator[Item]:
    if depth >= MAX_DEPTH:
        raise SchemaError("abstract rules extend one another without end", rule.get("id", ""))
    for element in rule.iterchildren(f"{{{SCH}}}*"):
        name = xml.local(element)
        if name == "let":
            yield _let(element)
        elif name in ("assert", "report"):
            yield _test(element, name == "report")
        elif name == "extends":
            for home, base in _extended(element.get("rule", ""), pattern, patterns):
                yield Block(base.get("id", ""), tuple(_items(base, home, patterns, depth + 1)))


def _extended(wanted: str, pattern: Element, patterns: list[Element]) -> Iterator[tuple[Element, Element]]:
    """The abstract rules of that id: those of the same pattern if there are any, else those of the whole schema."""
    for homes in ([pattern], patterns):
        found = [(p, r) for p in homes for r in p.iterchildren(f"{{{SCH}}}rule") if r.get("id") == wanted]
        if found:
            yield from ((p, r) for p, r in found if r.get("abstract") == "true")
            return


def _let(element: Element) -> Let:
    value = element.get("value")
    if value is None:
        raise SchemaError("a variable has no value", element.get("name", ""))
    return Let(element.get("name", ""), value)


def _test(element: Element, report: bool) -> Test:
    test = element.get("test")
    if not test:
        raise SchemaError("an assert or a report has no test", xml.text(element)[:80])
    return Test(
        test=test,
        report=report,
        role=element.get("role", ""),
        flag=element.get("flag", ""),
        see=element.get("see", ""),
        id=element.get("id", ""),
        message=tuple(_message(element)),
    )


def _message(element: Element) -> Iterator[Piece]:
    if element.text:
        yield element.text
    for child in element:
        name = xml.local(child) if xml.namespace(child) == SCH else ""
        if name == "value-of":
            yield Value(child.get("select", "."))
        elif name == "name":
            yield Value(f"name({child.get('path', '.')})")
        elif name in ("emph", "dir", "span"):
            yield "".join(str(t) for t in child.itertext())
        if child.tail:
            yield child.tail
