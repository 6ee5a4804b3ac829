"""Documents that tests look into: those named by a literal are loaded once, value sets become maps.

The skeleton's `document('x.xml')//svs:Concept[@code=$c and @codeSystem=$s]` reads the file again for each document
judged and walks all its concepts for each node. Rewritten here, only where the meaning is the same:

* `doc('literal')`, `document('literal')`, also through global variables and `concat` of constants -> a document held by
  the stylesheet;
* `//E[@a=$x and @b=$y]` or `//E[@a=$x]` of such a document, used as a boolean, `$x` and `$y` being attributes of the
  node -> a map of it;
* `exists(doc(D)//E[text()=string($x)])` -> a map, or a table given by the caller when `D` depends on the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from conformance.standards.schematron.model import Let
from conformance.standards.schematron.tokens import Token, Unparsed, closing, joined, significant, split, tokens

_NAME = re.compile(r"[\w.\-]+(:[\w.\-]+)?")
_ATTRIBUTE = re.compile(r"\s*@[\w.\-]+(:[\w.\-]+)?\s*")
_BEFORE = frozenset({"", "or", "and"})
_AFTER = frozenset({"", "or", "and", ")"})


@dataclass(frozen=True, slots=True)
class Table:
    """What a map is made of: elements `name` of a document, by one or two attributes, or by their text (none)."""

    address: str
    name: str
    attributes: tuple[str, ...]


Locate = Callable[[str], str | None]
"""From the address written in the schema to the address to load, None when there is nothing (left as written)."""


@dataclass(slots=True)
class Lookups:
    """Rewrites expressions and remembers what they need: `documents` and `tables` by the variable that holds each."""

    locate: Locate
    constants: Mapping[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    tables: dict[Table, str] = field(default_factory=dict)
    dynamic: bool = False
    absent: set[str] = field(default_factory=set)

    def rewrite(self, expression: str, attributes: frozenset[str] | None = None) -> str:
        """The same expression with look-ups made fast.

        For a test (used only for its truth), `attributes` are the variables that hold an attribute of the node.
        """
        if "doc" not in expression:
            return expression
        try:
            return self._rewritten(significant(expression), attributes)
        except Unparsed:
            return expression

    def _rewritten(self, found: list[Token], attributes: frozenset[str] | None) -> str:
        out: list[Token] = []
        at = 0
        while at < len(found):
            token, after = found[at], found[at + 1].text if at + 1 < len(found) else ""
            if token.kind == "name" and after == "(":
                end = closing(found, at + 1)
                inside = found[at + 2 : end]
                if token.text in ("doc", "document"):
                    made, at = self._document(found, at, end, attributes)
                    out.append(made)
                    continue
                if token.text == "doc-available" and self.constant(inside) is None:
                    self.dynamic = True
                    out.append(Token("name", f"x:available({joined(inside)})"))
                    at = end + 1
                    continue
                if token.text == "exists" and inside and inside[0].text == "doc":
                    listed = self._listed(inside)
                    if listed is not None:
                        out.append(Token("name", listed))
                        at = end + 1
                        continue
            out.append(token)
            at += 1
        return joined(out)

    def constant(self, found: list[Token]) -> str | None:
        """The value of an expression that is one known string, else None."""
        if len(found) == 1 and found[0].kind == "string":
            return found[0].literal
        if len(found) == 1 and found[0].kind == "variable":
            return self.constants.get(found[0].text[1:].strip())
        if len(found) > 2 and found[0].text == "concat" and closing(found, 1) == len(found) - 1:
            values = [self.constant(part) for _, part in split(found[2:-1], frozenset({","}))]
            return None if None in values else "".join(v for v in values if v is not None)
        return None

    def _document(self, found: list[Token], at: int, end: int, attributes: frozenset[str] | None) -> tuple[Token, int]:
        """The call of `doc` or `document` that spans at..end, and the index where reading goes on."""
        href = self.constant(found[at + 2 : end])
        address = None if href is None else self.locate(href)
        if href is not None and address is None:
            self.absent.add(href)
        if address is None:
            return found[at], at + 1
        test = None if attributes is None else self._concept(found, end + 1, address, attributes)
        if test is not None and _boolean(found, at, test[1]):
            return Token("name", test[0]), test[1]
        return Token("variable", f"$x:{self.documents.setdefault(address, f'd{len(self.documents)}')}"), end + 1

    def _concept(self, found: list[Token], at: int, address: str, attributes: frozenset[str]) -> tuple[str, int] | None:
        """The call that replaces `//E[@a=$x and @b=$y]` at an index, and the index after it."""
        if len(found) < at + 4 or found[at].text != "//" or found[at + 2].text != "[":
            return None
        end = closing(found, at + 2)
        names: list[str] = []
        values: list[str] = []
        for _, part in split(found[at + 3 : end], frozenset({"and"})):
            plain = len(part) == 4 and part[0].text == "@" and part[2].text == "=" and part[3].kind == "variable"
            if not plain or part[3].text[1:].strip() not in attributes or not _NAME.fullmatch(part[1].text):
                return None
            names.append(part[1].text)
            values.append(part[3].text)
        if not 1 <= len(names) <= 2 or not _NAME.fullmatch(found[at + 1].text):
            return None
        held = self._table(Table(address, found[at + 1].text, tuple(names)))
        return f"x:has{len(names)}($x:{held}, {', '.join(values)})", end + 1

    def _listed(self, inside: list[Token]) -> str | None:
        """What replaces `exists(doc(D)//E[text()=string(Y)])`, given what is inside the brackets of `exists`."""
        end = closing(inside, 1)
        rest = inside[end + 1 :]
        shape = [t.text for t in rest[:7]]
        if len(rest) < 9 or shape[0] != "//" or shape[2:7] != ["[", "text", "(", ")", "="]:
            return None
        if closing(rest, 2) != len(rest) - 1 or not _NAME.fullmatch(shape[1]):
            return None
        wanted = rest[7:-1]
        if len(wanted) < 4 or wanted[0].text != "string" or closing(wanted, 1) != len(wanted) - 1:
            return None
        href = self.constant(inside[2:end])
        if href is None:
            self.dynamic = True
            return f"x:listed({joined(inside[2:end])}, {joined(wanted)})"
        address = self.locate(href)
        if address is None:
            self.absent.add(href)
            return None
        return f"map:contains($x:{self._table(Table(address, shape[1], ()))}, {joined(wanted)})"

    def _table(self, table: Table) -> str:
        return self.tables.setdefault(table, f"t{len(self.tables)}")


def _boolean(found: list[Token], start: int, end: int) -> bool:
    """Whether what stands at start..end (excluded), in a test, is used only for its truth."""

    def ends(index: int) -> bool:
        return index >= len(found) or found[index].text in _AFTER

    while start and found[start - 1].text == "(":
        if not ends(end):
            return False
        start -= 1
        end = closing(found, start) + 1
        if start and found[start - 1].kind == "name" and found[start - 1].text not in _BEFORE:
            return found[start - 1].text == "not"
    return ends(end) and (not start or found[start - 1].text in _BEFORE)


def constants(lets: Iterable[Let]) -> dict[str, str]:
    """The global variables whose value is one string literal; one declared twice is left out."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for let in lets:
        if let.name in found:
            twice.add(let.name)
        try:
            inside = significant(let.value)
        except Unparsed:
            continue
        if len(inside) == 1 and inside[0].kind == "string":
            found[let.name] = inside[0].literal
    return {name: value for name, value in found.items() if name not in twice}


def literals(expression: str) -> list[str]:
    """Every string literal of an expression."""
    try:
        return [t.literal for t in tokens(expression) if t.kind == "string"]
    except Unparsed:
        return []


def attribute(let: Let) -> bool:
    """Whether a variable holds an attribute of the node, and nothing else."""
    return bool(_ATTRIBUTE.fullmatch(let.value))
