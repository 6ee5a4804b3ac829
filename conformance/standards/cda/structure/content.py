"""What an element may hold: the type it has, the attributes of that type, and which element may follow which.

libxml2 says *that* a document does not fit; this module says why, from the model, and runs only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from conformance.standards.cda.structure.notation import Attribute, Name, Particle, model
from conformance.standards.xml.syntax import XSI, Element, children, local, namespace

_Stack = tuple[Particle, ...]
ANYTHING: Name = ("xs", "anyType")


@cache
def prefix_of(uri: str) -> str:
    """The prefix that the model gives to a namespace: `?` for one it does not know, empty for none."""
    return "" if not uri else next((prefix for prefix, known in model().namespaces.items() if known == uri), "?")


def name_of(element: Element) -> Name:
    """The name of an element in the words of the model."""
    return prefix_of(namespace(element)), local(element)


def spelled(name: Name) -> str:
    """A name for a reader: the prefix only when it is not that of HL7 v3."""
    return name[1] if name[0] in ("hl7", "") else ":".join(name)


@cache
def content_of(type_: Name) -> tuple[Particle, ...]:
    """The whole content of a type, with what it takes from its base."""
    written = model().types.get(type_)
    if written is None:
        return ()
    if written.base is None or written.restricts:
        return written.items
    return content_of(written.base) + written.items


@cache
def attributes_of(type_: Name) -> dict[Name, Attribute]:
    """The attributes of a type by name, those of its base included."""
    written = model().types.get(type_)
    if written is None:
        return {}
    found = {} if written.base is None else dict(attributes_of(written.base))
    found |= {attribute.name: attribute for attribute in written.attributes}
    return {name: attribute for name, attribute in found.items() if not attribute.withdrawn}


@cache
def family(type_: Name) -> tuple[str, ...]:
    """The names of the concrete types that may stand for a type by `xsi:type`, itself included."""
    known = model().types
    return tuple(sorted(other[1] for other in known if not known[other].abstract and derives(other, type_)))


def derives(other: Name, wanted: Name) -> bool:
    """True when a type is another or comes from it."""
    at: Name | None = other
    while at is not None and at != wanted:
        at = model().types[at].base
    return at is not None


def _leaves(items: Iterable[Particle]) -> Iterator[Particle]:
    for item in items:
        if item.kind == "group":
            yield from _leaves(model().groups[item.name])
        elif item.kind in ("sequence", "choice"):
            yield from _leaves(item.items)
        else:
            yield item


@cache
def declared(type_: Name) -> dict[Name, Particle]:
    """The elements that a type can hold, by name."""
    return {leaf.name: leaf for leaf in _leaves(content_of(type_)) if leaf.kind != "any"}


class Automaton:
    """Which elements may follow which in the content of a type; states are numbers, 0 the first."""

    def __init__(self, type_: Name) -> None:
        self._own = type_[0]
        self._stacks: list[_Stack] = [content_of(type_)]
        self._numbers = {self._stacks[0]: 0}
        self._moves: dict[tuple[int, Name], int | None] = {}
        self._heads: dict[int, tuple[tuple[tuple[Particle, _Stack], ...], bool]] = {}

    def heads(self, state: int) -> tuple[tuple[tuple[Particle, _Stack], ...], bool]:
        """The elements that may come next, and whether the content may end here."""
        if state not in self._heads:
            found: dict[Name | str, tuple[Particle, _Stack]] = {}
            ends = self._expand(self._stacks[state], found, set())
            self._heads[state] = (tuple(found.values()), ends)
        return self._heads[state]

    def _expand(self, stack: _Stack, found: dict[Name | str, tuple[Particle, _Stack]], seen: set[_Stack]) -> bool:
        if not stack:
            return True
        if stack in seen:
            return False
        seen.add(stack)
        first, rest = stack[0], stack[1:]
        high = None if first.high is None else first.high - 1
        again = replace(first, low=max(0, first.low - 1), high=high)
        after = rest if high == 0 else (again, *rest)
        ends = False
        if first.kind == "choice":
            for item in first.items:
                ends |= self._expand((item, *after), found, seen)
        elif first.kind in ("sequence", "group"):
            items = first.items if first.kind == "sequence" else model().groups[first.name]
            ends |= self._expand((*items, *after), found, seen)
        else:
            found.setdefault(first.name if first.kind != "any" else "any", (first, after))
        if first.low == 0:
            ends |= self._expand(rest, found, seen)
        return ends

    def next(self, state: int, name: Name) -> int | None:
        """The state after an element, None when it may not stand here."""
        key = (state, name)
        if key not in self._moves:
            self._moves[key] = None
            for leaf, after in self.heads(state)[0]:
                if leaf.name == name or (leaf.kind == "any" and name[0] not in ("", self._own)):
                    if after not in self._numbers:
                        self._numbers[after] = len(self._stacks)
                        self._stacks.append(after)
                    self._moves[key] = self._numbers[after]
                    break
        return self._moves[key]

    def expected(self, state: int) -> tuple[Name, ...]:
        """The names that may come next; those that must come are among them."""
        return tuple(leaf.name for leaf, _ in self.heads(state)[0] if leaf.kind != "any")

    def required(self, state: int) -> tuple[Name, ...]:
        """What must come before the content can go on or end: the last of the names expected that are not optional."""
        return tuple(leaf.name for leaf, _ in self.heads(state)[0] if leaf.kind != "any" and leaf.low > 0)


@cache
def automaton(type_: Name) -> Automaton:
    """The automaton of a type, made once."""
    return Automaton(type_)


def announced(element: Element) -> Name | None:
    """The type that `xsi:type` names, None when the element has none. An unknown prefix gives the prefix `?`."""
    text = element.get(f"{{{XSI}}}type")
    if text is None:
        return None
    prefix, _, bare = text.strip().rpartition(":")
    uri = element.nsmap.get(prefix or None)
    return (prefix_of(uri) if uri is not None else "?"), bare


def types_along(element: Element) -> list[Name | None]:
    """The type of each element from the root down to this one, None from where the model cannot tell."""
    line = [element, *element.iterancestors()][::-1]
    found: list[Name | None] = []
    declared_type: Name | None = model().elements[("hl7", "ClinicalDocument")][0]
    for step, at in enumerate(line):
        if step:
            above = found[-1]
            declared_type = None if above is None else child_type(above, name_of(at))
        said = announced(at)
        usable = said in model().types and (declared_type is None or derives(said, declared_type)) if said else False
        found.append(said if usable else declared_type)
    return found


def child_type(above: Name, name: Name) -> Name | None:
    """The type declared of a child of a type, None when it has no such child or anything may stand there."""
    leaf = declared(above).get(name)
    if leaf is None:
        return None
    if leaf.kind == "cited":
        return model().elements[leaf.name][0]
    return None if leaf.type == ANYTHING else leaf.type


Fault = Literal["unexpected", "missing", "order", "repeated"]


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a content does not fit: the fault, the names concerned, and those that could stand there."""

    fault: Fault
    names: tuple[Name, ...]
    expected: tuple[Name, ...]


def misfit(type_: Name, parent: Element, at: Element | None) -> Misfit | None:
    """Why the child `at` may not stand where it is (None: why the content is not whole); None when it may."""
    machine = automaton(type_)
    state, before = 0, None
    for child in children(parent):
        name = name_of(child)
        after = machine.next(state, name)
        if after is None:
            return _why(machine, state, type_, child, before) if child is at else None
        if child is at:
            return None
        state, before = after, name
    if at is not None or machine.heads(state)[1]:
        return None
    required = machine.required(state)
    return Misfit("missing", required, machine.expected(state))


def _why(machine: Automaton, state: int, type_: Name, child: Element, before: Name | None) -> Misfit:
    name, expected = name_of(child), machine.expected(state)
    if name not in declared(type_):
        return Misfit("unexpected", (name,), expected)
    if name == before:
        return Misfit("repeated", (name,), expected)
    missing = machine.required(state)
    later = {name_of(other) for other in child.itersiblings() if local(other)}
    if missing and not later & set(missing):
        for wanted in missing:
            after = machine.next(state, wanted)
            if after is not None and machine.next(after, name) is not None:
                return Misfit("missing", missing, expected)
    earlier = {name_of(other) for other in child.itersiblings(preceding=True) if local(other)}
    if name in earlier and declared(type_)[name].high == 1:
        return Misfit("repeated", (name,), expected)
    if missing and not later & set(missing) and name not in earlier:
        return Misfit("missing", missing, expected)
    return Misfit("order", (name,), expected)
