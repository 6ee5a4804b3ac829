"""The rule tables at work: one walk over a document, dispatched on templateId and on element names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from conformance.evidence.values import Finding
from conformance.standards.cda.document import Document
from conformance.standards.cda.syntax import tag
from conformance.standards.cda.templates import checks, notation
from conformance.standards.cda.templates.notation import Block, Draft
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

MOST = 200
"""Findings of the tables on one document, at most: a hostile document must not fill a report."""

TEMPLATES = 50
"""Templates judged on one element, at most: real ones carry six or so."""

Carried = dict[Element, set[str]]
"""The templates with rules that each element carries."""

_TEMPLATE = tag("templateId")


@dataclass(frozen=True)
class Ready:
    """A block ready to judge: one boolean for all its lines that XPath can tell, the others apart.

    It is read and compiled when an element first asks for it.
    """

    draft: Draft

    @cached_property
    def block(self) -> Block:
        """The block; raises InternalError when one of its lines cannot be read."""
        return self.draft.block()

    @cached_property
    def when(self) -> Callable[[Element], Any] | None:
        """Whether the block is about an element, None when it always is."""
        return checks.compiled(f"boolean({self.block.when})") if self.block.when else None

    @cached_property
    def fits(self) -> Callable[[Element], Any] | None:
        """Whether every line that XPath can tell holds, None when it can tell none."""
        quick = checks.together(self.block.checks)
        return checks.compiled(f"boolean({quick})") if quick else None

    @cached_property
    def slow(self) -> tuple[checks.Check, ...]:
        """The lines that only Python can tell."""
        return tuple(check for check in self.block.checks if check.fast is None)

    @cached_property
    def scopes(self) -> tuple[tuple[str, str | None], ...]:
        """The (template, version) that the block is limited to."""
        return tuple((scope.oid, scope.version) for scope in self.draft.head.scopes)

    def applies(self, document: Document) -> bool:
        """True when the document declares a template that the block is limited to, if it is."""
        scopes = self.scopes
        return not scopes or any(document.declares(*scope) for scope in scopes)

    def inside(self, element: Element, carried: Carried) -> bool:
        """True when the element is below one that carries a template the block is limited to, if it is."""
        wanted = self.block.within
        return not wanted or any(
            not carried[above].isdisjoint(wanted) for above in element.iterancestors() if above in carried
        )

    def judge(self, element: Element, document: Document) -> Iterator[Finding]:
        """The findings of one element."""
        if self.when is not None and not self.when(element):
            return
        block, fits = self.block, self.fits is None or bool(self.fits(element))
        for check in self.slow if fits else block.checks:
            for hit in check.explain(element, document):
                yield checks.finding(hit, check, clause=block.cited, subject=block.subject)


@dataclass(frozen=True)
class Tables:
    """All blocks, by what designates their elements."""

    by_template: dict[str, tuple[Ready, ...]]
    by_element: dict[str, tuple[tuple[tuple[str, ...], Ready], ...]]
    documents: tuple[Ready, ...]

    @classmethod
    def of(cls, drafts: Iterable[Draft]) -> Tables:
        """Index some blocks."""
        templates: dict[str, list[Ready]] = {}
        elements: dict[str, list[tuple[tuple[str, ...], Ready]]] = {}
        documents = []
        for draft in drafts:
            ready, block = Ready(draft), draft.head
            if block.kind == "template":
                templates.setdefault(block.target, []).append(ready)
            elif block.kind == "element":
                *above, name = block.target.split("/")
                elements.setdefault(tag(name), []).append((tuple(reversed(above)), ready))
            else:
                documents.append(ready)
        return cls(
            {oid: tuple(found) for oid, found in templates.items()},
            {name: tuple(found) for name, found in elements.items()},
            tuple(documents),
        )

    def judge(self, document: Document) -> Iterator[Finding]:
        """The findings of a document, those of the document blocks first, at most MOST."""
        yield from _bounded(self._all(document))

    def _all(self, document: Document) -> Iterator[Finding]:
        for ready in self.documents:
            if ready.applies(document):
                yield from ready.judge(document.root, document)
        carried = Carried()
        held: list[tuple[Element, str]] = []
        for template in document.root.iter(_TEMPLATE):
            oid, owner = template.get("root", ""), template.getparent()
            if oid in self.by_template and owner is not None:
                known = carried.setdefault(owner, set())
                if oid not in known:
                    known.add(oid)
                    if len(known) <= TEMPLATES:
                        held.append((owner, oid))
        yield from self._templates(document, held, carried)
        yield from self._elements(document, carried)

    def _templates(
        self, document: Document, held: Iterable[tuple[Element, str]], carried: Carried
    ) -> Iterator[Finding]:
        """The findings of the template blocks: each template once for each element that carries it."""
        applicable: dict[str, tuple[Ready, ...]] = {}
        for owner, oid in held:
            rules = applicable.get(oid)
            if rules is None:
                rules = applicable[oid] = tuple(one for one in self.by_template[oid] if one.applies(document))
            for ready in rules:
                if ready.inside(owner, carried):
                    yield from ready.judge(owner, document)
        for owner, known in carried.items():
            if len(known) > TEMPLATES:
                yield checks.overloaded(owner, TEMPLATES)

    def _elements(self, document: Document, carried: Carried) -> Iterator[Finding]:
        """The findings of the element blocks, on the elements of the body."""
        applicable = {}
        for name, placed in self.by_element.items():
            rules = [(above, ready) for above, ready in placed if ready.applies(document)]
            if rules:
                applicable[name] = rules
        if document.body is None or not applicable:
            return
        for element in document.body.iter(*applicable):
            for above, ready in applicable[element.tag]:
                if _under(element, above) and ready.inside(element, carried):
                    yield from ready.judge(element, document)


def _under(element: Element, above: tuple[str, ...]) -> bool:
    at = element.getparent()
    for name in above:
        if at is None or xml.local(at) != name:
            return False
        at = at.getparent()
    return True


def _bounded(findings: Iterator[Finding]) -> Iterator[Finding]:
    for number, one in enumerate(findings):
        if number == MOST:
            return
        yield one


@cache
def tables() -> Tables:
    """The tables of the bench, read once; raises InternalError when one cannot be read."""
    return Tables.of(drafts())


def drafts() -> Iterator[Draft]:
    """Every block of every table, in the order of the file names, its lines not read yet."""
    folder = files("conformance.standards.cda.templates") / "tables"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".rules"):
            yield from notation.scan(entry.read_text(encoding="utf-8"), entry.name)
