"""Reads `model.txt`: the content model of a CDA document, in a notation of our own, one line an element or attribute.

```
namespace hl7 urn:hl7-org:v3        a prefix of this file, and its namespace
simple cs xs:token pattern [^\\s]+   a simple type: base, then `pattern`, `length` (at least), `least`, `most`
simple uid one of oid uuid ruid     any of several simple types; `list of T`: T separated by blanks
codes BinaryDataEncoding of xs:NMTOKEN: B64 TXT      a closed list of codes (of `cs` when no base is said)
block datatypes                     the types that follow belong to hl7, and are copied into `schema X with datatypes`
schema hl7                          what follows belongs to the namespace hl7
names ~ POCD_MT000040.              from here on `~` stands for that text
element ClinicalDocument ~ClinicalDocument           an element that other namespaces may cite, or the root
attribute valueSet oid              an attribute that other namespaces may cite
group root                          lines that types of the schema take by `&root`, those of others by `&hl7:root`
type CE restricts CD                or `extends`, `mixed` (text among the elements), `abstract`
    translation* CD                 an element: once, or `?` `*` `+`; then its type, then `nillable`
    sdtc:id*                        an element that another namespace declares
    one of ?                        a choice of the lines below it; `in order`: a sequence
    any other?                      an element of any other namespace, not looked into
    @code cs                        an attribute; `!` required, `= X` always X, type `none`: taken back from the base
    @align xs:NMTOKEN(left right)   an attribute with its own list of codes
```

A line more indented than `codes ...:` or `type ...` belongs to it. Names of other namespaces take their prefix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from conformance.errors import InternalError

UNBOUNDED = None
Name = tuple[str, str]
"""The prefix of a namespace and a local name; simple types live in the prefix `""`, those of XML Schema in `xs`."""


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple type: an atom with its facets, a list of `members[0]`, or one of `members`."""

    name: str
    variety: Literal["atom", "list", "union"] = "atom"
    base: str = ""
    members: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    facets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Particle:
    """A piece of a content: an element, a cited element or group, a sequence, a choice, or `any` of another namespace.

    `high` is None when unbounded. `type` is set for an element only, `items` for a sequence or a choice.
    """

    kind: Literal["element", "cited", "group", "sequence", "choice", "any"]
    low: int = 1
    high: int | None = 1
    name: Name = ("", "")
    type: Name = ("", "")
    nillable: bool = False
    items: tuple[Particle, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a type. Its prefix is empty unless another namespace declares it. `type` names a simple type."""

    name: Name
    type: str = ""
    required: bool = False
    fixed: str | None = None
    withdrawn: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex type as written: what it adds to, or leaves of, its base."""

    name: Name
    base: Name | None = None
    restricts: bool = False
    mixed: bool = False
    abstract: bool = False
    items: tuple[Particle, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """All that `model.txt` says. `elements`: the type of each element that may be cited, and if it is nillable."""

    namespaces: Mapping[str, str]
    simples: Mapping[str, Simple]
    types: Mapping[Name, Complex]
    elements: Mapping[Name, tuple[Name, bool]]
    attributes: Mapping[Name, str]
    groups: Mapping[Name, tuple[Particle, ...]]


class NotationError(InternalError):
    """A line of a content model that does not follow the notation."""


@dataclass
class _Node:
    number: int
    indent: int
    text: str
    below: list[_Node] = field(default_factory=list)


_BOUNDS: dict[str, tuple[int, int | None]] = {"": (1, 1), "?": (0, 1), "*": (0, UNBOUNDED), "+": (1, UNBOUNDED)}
_BOUND = re.compile(r"(?P<name>[\w.:~-]+)(?P<mark>[?*+]?|\{(?P<low>\d+),(?P<high>\d*)\})")
_ATTRIBUTE = re.compile(
    r"@(?P<name>[\w.:-]+)(?P<required>!?)(?: (?P<type>[\w.:-]+)(?:\((?P<codes>[^()]+)\))?)?(?: = (?P<fixed>\S+))?"
)
_FACETS = frozenset({"pattern", "length", "least", "most"})


def _wrong(node: _Node, why: str) -> NotationError:
    return NotationError("cda.rules", line=f"model.txt:{node.number}: {node.text}", reason=why)


def _tree(text: str) -> _Node:
    top = _Node(0, -1, "")
    stack = [top]
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        node = _Node(number, len(line) - len(line.lstrip()), bare)
        while stack[-1].indent >= node.indent:
            stack.pop()
        stack[-1].below.append(node)
        stack.append(node)
    return top


class _Reader:
    """One reading of a text; `read` makes its Model."""

    def __init__(self) -> None:
        self.namespaces: dict[str, str] = {}
        self.simples: dict[str, Simple] = {}
        self.types: dict[Name, Complex] = {}
        self.elements: dict[Name, tuple[Name, bool]] = {}
        self.attributes: dict[Name, str] = {}
        self.groups: dict[Name, tuple[Particle, ...]] = {}
        self.shared_attributes: dict[Name, tuple[Attribute, ...]] = {}
        self.blocks: dict[str, list[_Node]] = {}
        self.prefix, self.tilde, self.block = "", "", ""

    def read(self, text: str) -> Model:
        for node in _tree(text).below:
            self.line(node)
        model = Model(self.namespaces, self.simples, self.types, self.elements, self.attributes, self.groups)
        _check(model)
        return model

    def line(self, node: _Node) -> None:
        word, _, rest = node.text.partition(" ")
        if word == "namespace":
            prefix, _, uri = rest.partition(" ")
            self.namespaces[prefix] = uri
        elif word == "simple":
            self.simple(node, rest)
        elif word == "codes":
            self.codes(node, rest)
        elif word == "block":
            self.block, self.prefix = rest, "hl7"
            self.blocks[rest] = []
        elif word == "schema":
            self.schema(node, rest)
        elif word == "names":
            self.tilde = rest.removeprefix("~ ")
        elif word == "attribute":
            name, _, kind = rest.partition(" ")
            self.attributes[(self.prefix, name)] = kind
        elif word in ("type", "group", "element"):
            if word == "type" and self.block:
                self.blocks[self.block].append(node)
            self.declaration(node, word, rest)
        else:
            raise _wrong(node, "no such line")

    def schema(self, node: _Node, rest: str) -> None:
        self.prefix, _, block = rest.partition(" with ")
        self.block = self.tilde = ""
        if self.prefix not in self.namespaces:
            raise _wrong(node, "no such namespace")
        if block:
            for copied in self.blocks[block]:
                self.declaration(copied, "type", copied.text.partition(" ")[2])

    def simple(self, node: _Node, rest: str) -> None:
        name, _, rest = rest.partition(" ")
        if rest.startswith("one of "):
            self.simples[name] = Simple(name, "union", members=tuple(rest[7:].split()))
            return
        if rest.startswith("list of "):
            self.simples[name] = Simple(name, "list", members=(rest[8:],))
            return
        base, *words = rest.split()
        if len(words) % 2 or not set(words[::2]) <= _FACETS:
            raise _wrong(node, "facets go by pairs")
        facets = tuple(zip(words[::2], words[1::2], strict=True))
        self.simples[name] = Simple(name, base=base, facets=facets)

    def codes(self, node: _Node, rest: str) -> None:
        head, colon, listed = rest.partition(": ")
        name, _, base = head.partition(" of ")
        values = " ".join([listed, *(more.text for more in node.below)]).split()
        if not colon or not values:
            raise _wrong(node, "no list of codes")
        self.simples[name] = Simple(name, base=base or "cs", codes=tuple(values))

    def name(self, text: str) -> Name:
        """A name as a line gives it, with the prefix of its namespace (the current one when it has none)."""
        prefix, colon, bare = text.replace("~", self.tilde).rpartition(":")
        return (prefix, bare) if colon else (self.prefix, bare)

    def type_name(self, text: str) -> Name:
        found = self.name(text)
        return ("", found[1]) if found[1] in self.simples and found not in self.types else found

    def declaration(self, node: _Node, word: str, rest: str) -> None:
        head, *words = rest.split()
        own = self.name(head)
        if word == "element" and words and words != ["nillable"]:
            self.elements[own] = (self.name(words[0]), words[1:] == ["nillable"])
            return
        items, attributes = self.content(node.below)
        if word == "group":
            self.groups[own] = items
            self.shared_attributes[own] = attributes
            return
        if word == "element":  # an element whose type has no name of its own
            self.elements[own] = ((own[0], f"anonymous.{own[1]}"), False)
            own = (own[0], f"anonymous.{own[1]}")
        base, restricts = None, False
        for relation in ("extends", "restricts"):
            if relation in words:
                base, restricts = self.name(words[words.index(relation) + 1]), relation == "restricts"
        self.types[own] = Complex(own, base, restricts, "mixed" in words, "abstract" in words, items, attributes)

    def content(self, nodes: list[_Node]) -> tuple[tuple[Particle, ...], tuple[Attribute, ...]]:
        items: list[Particle] = []
        attributes: list[Attribute] = []
        for node in nodes:
            if node.text.startswith("@"):
                attributes.append(self.attribute(node))
            elif node.text.startswith("&"):
                group = self.name(node.text[1:])
                if group not in self.groups:
                    raise _wrong(node, "no such group yet")
                same = group[0] == self.prefix
                items += self.groups[group] if same else (Particle("group", name=group),)
                attributes += self.shared_attributes[group]
            else:
                items.append(self.particle(node))
        return tuple(items), tuple(attributes)

    def attribute(self, node: _Node) -> Attribute:
        match = _ATTRIBUTE.fullmatch(node.text)
        if match is None or (match["type"] is None) != (":" in match["name"]):
            raise _wrong(node, "not an attribute")
        prefix, _, bare = match["name"].rpartition(":")
        return Attribute(
            (prefix, bare),
            "" if match["type"] in (None, "none") else match["type"],
            bool(match["required"]),
            match["fixed"],
            match["type"] == "none",
            tuple((match["codes"] or "").split()),
        )

    def particle(self, node: _Node) -> Particle:
        words = node.text.split()
        for opening, kind in (("one of", "choice"), ("in order", "sequence")):
            if node.text == opening or node.text.startswith(opening + " "):
                low, high = self.bounds(node, "x" + node.text.removeprefix(opening).strip())
                items, attributes = self.content(node.below)
                if attributes or not items:
                    raise _wrong(node, "elements must stand below")
                return Particle("choice" if kind == "choice" else "sequence", low, high, items=items)
        if words[0] == "any" and len(words) == 2:
            low, high = self.bounds(node, words[1])
            return Particle("any", low, high)
        low, high = self.bounds(node, words[0])
        found = _BOUND.fullmatch(words[0])
        assert found is not None
        name = self.name(found["name"])
        if len(words) == 1:
            return Particle("cited", low, high, name)
        if words[2:] not in ([], ["nillable"]) or node.below:
            raise _wrong(node, "not an element")
        return Particle("element", low, high, name, self.type_name(words[1]), words[2:] == ["nillable"])

    def bounds(self, node: _Node, text: str) -> tuple[int, int | None]:
        match = _BOUND.fullmatch(text)
        if match is None:
            raise _wrong(node, "not a name and how often")
        if match["low"] is None:
            return _BOUNDS[match["mark"]]
        return int(match["low"]), int(match["high"]) if match["high"] else UNBOUNDED


def _check(model: Model) -> None:
    """Every name must lead somewhere."""

    def absent(what: Name, where: Name) -> NotationError:
        return NotationError("cda.rules", line=f"model.txt, {where[1]}", reason=f"{what[1]} is not declared")

    def particles(items: tuple[Particle, ...], where: Name) -> None:
        for item in items:
            if item.kind == "cited" and item.name not in model.elements:
                raise absent(item.name, where)
            if item.kind == "element" and item.type[0] not in ("", "xs") and item.type not in model.types:
                raise absent(item.type, where)
            particles(item.items, where)

    for name, type_ in model.types.items():
        if type_.base is not None and type_.base not in model.types:
            raise absent(type_.base, name)
        for attribute in type_.attributes:
            known = (
                attribute.name in model.attributes
                if attribute.name[0]
                else attribute.withdrawn or attribute.type.startswith("xs:") or attribute.type in model.simples
            )
            if not known:
                raise absent(attribute.name, name)
        particles(type_.items, name)
    for name, (target, _) in model.elements.items():
        if target not in model.types:
            raise absent(target, name)


def read(text: str) -> Model:
    """The model that a text in the notation describes; raises NotationError, which names the line."""
    return _Reader().read(text)


@cache
def model() -> Model:
    """The content model of a CDA document, from `model.txt`."""
    return read(files(__package__).joinpath("model.txt").read_text(encoding="utf-8"))
