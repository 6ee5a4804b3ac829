"""XPath text cut into tokens: enough to find calls, strings, steps and predicates without mistaking one for another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["space", "comment", "string", "number", "name", "variable", "symbol"]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<variable>\$\s*[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    | (?P<name>(?:\*:[^\W\d][\w.\-]*)|(?:[^\W\d][\w.\-]*(?::(?!:)(?:[^\W\d][\w.\-]*|\*))?))
    | (?P<symbol>::|//|<<|>>|!=|<=|>=|\|\||:=|=>|\.\.|[^\s\w'"])
    """,
    re.X,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression, exactly as written."""

    kind: Kind
    text: str

    @property
    def literal(self) -> str:
        """The value of a string literal."""
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote)


class Unparsed(ValueError):
    """Text that is not XPath as far as these tokens go."""


def tokens(expression: str) -> list[Token]:
    """All the tokens, white space and comments included; their texts joined are the expression. Raises Unparsed."""
    found: list[Token] = []
    at = 0
    while at < len(expression):
        if expression.startswith("(:", at):
            end = _comment_end(expression, at)
            found.append(Token("comment", expression[at:end]))
            at = end
            continue
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise Unparsed(expression[at : at + 20])
        kind: Kind = match.lastgroup  # type: ignore[assignment] # the groups of _TOKEN are named after the kinds
        found.append(Token(kind, match[0]))
        at = match.end()
    return found


def significant(expression: str) -> list[Token]:
    """The tokens without white space and comments. Raises Unparsed."""
    return [t for t in tokens(expression) if t.kind not in ("space", "comment")]


def joined(found: Sequence[Token]) -> str:
    """The text of some tokens, with a space where two would melt into one."""
    pieces: list[str] = []
    for before, token in zip([None, *found], found, strict=False):
        if before is not None and _melt(before, token):
            pieces.append(" ")
        pieces.append(token.text)
    return "".join(pieces)


def _melt(before: Token, token: Token) -> bool:
    words = ("name", "number", "variable")
    if before.kind in words:
        return token.kind in words or token.text in (".", "..", "-", ":")
    return (before.text in (".", "..") and token.kind in words) or before.kind == token.kind == "string"


def closing(found: Sequence[Token], at: int) -> int:
    """The index of the bracket that closes the one at `at`. Raises Unparsed."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    waiting: list[str] = []
    for index in range(at, len(found)):
        text = found[index].text if found[index].kind == "symbol" else ""
        if text in pairs:
            waiting.append(pairs[text])
        elif text in (")", "]", "}"):
            if not waiting or waiting.pop() != text:
                break
            if not waiting:
                return index
    raise Unparsed("brackets do not match")


def split(found: Sequence[Token], separators: frozenset[str]) -> list[tuple[str, list[Token]]]:
    """Tokens cut at separators that stand outside brackets: (separator before the part, part)."""
    parts: list[tuple[str, list[Token]]] = [("", [])]
    at = 0
    while at < len(found):
        token = found[at]
        if token.kind == "symbol" and token.text in ("(", "[", "{"):
            end = closing(found, at)
            parts[-1][1].extend(found[at : end + 1])
            at = end + 1
            continue
        if token.kind in ("symbol", "name") and token.text in separators:
            parts.append((token.text, []))
        else:
            parts[-1][1].append(token)
        at += 1
    return parts


def variables(expression: str) -> frozenset[str]:
    """The names of the variables an expression takes from outside (not those of its own `for`, `some`, `let`)."""
    found = significant(expression)
    names = [(t.text[1:].strip(), after) for t, after in zip(found, [*found[1:], Token("space", "")], strict=True)
             if t.kind == "variable"]  # fmt: skip
    own = {name for name, after in names if after.text in ("in", ":=")}
    return frozenset(name for name, _ in names if name not in own)


def _comment_end(expression: str, at: int) -> int:
    depth, index = 0, at
    while index < len(expression):
        if expression.startswith("(:", index):
            depth, index = depth + 1, index + 2
        elif expression.startswith(":)", index):
            depth, index = depth - 1, index + 2
            if depth == 0:
                return index
        else:
            index += 1
    raise Unparsed("a comment does not end")
