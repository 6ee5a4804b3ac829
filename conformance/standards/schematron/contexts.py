"""A rule's context (an XSLT match pattern) as a selection of nodes, when both are proved to name the same nodes.

XSLT defines a pattern by a selection already: a node matches `P` when it is among `root//(P)`. Three things must be
watched, and send the whole pattern to real match templates instead (`parse` gives None): an error inside a pattern is
only "no match", so nothing that can raise one is allowed; `current()` and variables mean something else there; and the
last step must be a child element (the skeleton never visits attributes, comments or instructions).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.standards.schematron.tokens import Token, Unparsed, closing, joined, significant, split

_STEPS = frozenset({"/", "//"})
_SAFE_CALLS = frozenset(
    {"not", "exists", "empty", "boolean", "true", "false", "concat", "doc", "local-name", "text", "node"}
)
"""They raise nothing and, used alone as a predicate, are never a position."""
_PLAIN = re.compile(r"[\w.\-]+(:[\w.\-]+)?|\*")
_OPERATORS = frozenset({"and", "or"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `/` or `//` before it, the element name asked for (`*` for any), its predicates as tokens."""

    axis: str
    name: str
    predicates: tuple[tuple[Token, ...], ...]

    @property
    def text(self) -> str:
        """The step as written, without its axis."""
        return self.name + "".join(f"[{joined(p)}]" for p in self.predicates)


@dataclass(frozen=True, slots=True)
class Path:
    """One alternative of a context. No step: the document node itself (`/`)."""

    steps: tuple[Step, ...]
    rooted: bool = False

    @property
    def name(self) -> str:
        """The name of the elements selected, `*` for any, `/` for the document node."""
        return self.steps[-1].name if self.steps else "/"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A first predicate `[name/@attribute = 'literal' ...]`: what a key can look up."""

    path: str
    value: str


def parse(context: str) -> tuple[Path, ...] | None:
    """The alternatives of a context, or None when it must stay a match pattern."""
    try:
        found = significant(context)
        return tuple(_path(part) for _, part in split(found, frozenset({"|", "union"})))
    except Unparsed:
        return None


def _path(found: Sequence[Token]) -> Path:
    if not found:
        raise Unparsed("nothing")
    if len(found) == 1 and found[0].text == "/":
        return Path((), rooted=True)
    parts = split(found, _STEPS)
    rooted = False
    if not parts[0][1]:
        rooted = parts[1][0] == "/"
        parts = parts[1:]
    steps = tuple(_step(axis, part) for axis, part in parts)
    if not rooted:
        steps = (Step("//", steps[0].name, steps[0].predicates), *steps[1:])
    return Path(steps, rooted)


def _step(axis: str, found: Sequence[Token]) -> Step:
    if not found or found[0].kind not in ("name", "symbol") or not _PLAIN.fullmatch(found[0].text):
        raise Unparsed("a step that is not a plain element")
    predicates: list[tuple[Token, ...]] = []
    at = 1
    while at < len(found):
        if found[at].text != "[":
            raise Unparsed("a step that is not a plain element")
        end = closing(found, at)
        inside = tuple(found[at + 1 : end])
        _safe(inside)
        predicates.append(inside)
        at = end + 1
    return Step(axis or "//", found[0].text, tuple(predicates))


def _safe(found: Sequence[Token]) -> None:
    """Raises Unparsed when a predicate could raise an error, or mean something else outside a pattern."""
    for index, token in enumerate(found):
        after = found[index + 1].text if index + 1 < len(found) else ""
        if token.kind == "variable" or (token.kind == "number" and not _place(found, index)):
            raise Unparsed("a number or a variable in a predicate")
        if token.kind == "name" and after == "(" and token.text not in _OPERATORS:
            if token.text not in _SAFE_CALLS:
                raise Unparsed(f"{token.text}() in a predicate")
            if token.text == "doc" and (index + 3 >= len(found) or found[index + 2].kind != "string"):
                raise Unparsed("doc() of what is not a literal")
            if token.text == "concat":
                _single(found[index + 2 : closing(found, index + 1)])
        if token.kind == "symbol" and token.text in ("+", "-", "!", "||", "=>", "{", "?", "#", "<<", ">>"):
            raise Unparsed(f"{token.text} in a predicate")
        if token.text == "*" and index and found[index - 1].kind == "name" and found[index - 1].text not in _OPERATORS:
            raise Unparsed("a product in a predicate")
        if token.kind == "name" and token.text in ("eq", "ne", "lt", "gt", "le", "ge", "is", "cast", "treat", "div"):
            raise Unparsed(f"{token.text} in a predicate")


def _place(found: Sequence[Token], index: int) -> bool:
    """Whether a number is a position inside a path of the predicate: `[1]`, which raises nothing."""
    return 0 < index < len(found) - 1 and found[index - 1].text == "[" and found[index + 1].text == "]"


def _single(arguments: Sequence[Token]) -> None:
    """The arguments of `concat` must be attributes of the node itself: more than one item would be an error."""
    for _, part in split(list(arguments), frozenset({","})):
        if not (len(part) == 1 and part[0].kind == "string") and not (len(part) == 2 and part[0].text == "@"):
            raise Unparsed("an argument of concat() that may be several")


def anchor(step: Step) -> Anchor | None:
    """What a key can look up for this step: its first predicate, when that begins `a/b/@c = 'literal'` (`and` ...)."""
    if step.axis != "//" or not step.predicates:
        return None
    first, *others = split(step.predicates[0], frozenset({"and", "or"}))
    if any(separator == "or" for separator, _ in others):
        return None
    sides = split(first[1], frozenset({"="}))
    if len(sides) != 2 or len(sides[1][1]) != 1 or sides[1][1][0].kind != "string":
        return None
    left = sides[0][1]
    while [t.text for t in left[:2]] == [".", "/"]:
        left = left[2:]
    if len(left) < 2 or left[-2].text != "@" or not all(_key_part(t) for t in left):
        return None
    return Anchor(joined(left), sides[1][1][0].literal)


def _key_part(token: Token) -> bool:
    return token.text in ("/", "@") or (token.kind == "name" and bool(_PLAIN.fullmatch(token.text)))


def alone(step: Step) -> bool:
    """Whether the key of `anchor` says all that the predicates of the step ask."""
    return len(step.predicates) == 1 and not any(s for s, _ in split(step.predicates[0], _OPERATORS) if s)


def disjoint(one: Path, other: Path) -> bool:
    """Whether no node can be selected by both: proved by names, depth or opposite predicates, never guessed."""
    if not one.steps or not other.steps:
        return bool(one.steps) != bool(other.steps)
    for a, b in zip(reversed(one.steps), reversed(other.steps), strict=False):
        if _other_name(a.name, b.name) or _opposite(a, b):
            return True
        if a.axis != "/" or b.axis != "/":
            return False
    return False


def _other_name(a: str, b: str) -> bool:
    """Different local names: two prefixes may stand for one namespace, so only local names are compared."""
    left, right = a.rpartition(":")[2], b.rpartition(":")[2]
    return "*" not in (left, right) and left != right


def _opposite(a: Step, b: Step) -> bool:
    left = {joined(p) for p in a.predicates}
    right = {joined(p) for p in b.predicates}
    return any(f"not({p})" in right for p in left) or any(f"not({p})" in left for p in right)
