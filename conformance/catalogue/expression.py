"""The small language of `when`: option names, `claims(KEY)`, `and`, `or`, `not`, parentheses, `always`.

    expression := term ("or" term)*        term := factor ("and" factor)*
    factor     := "not" factor | "(" expression ")" | "always" | "claims" "(" KEY ")" | NAME

A name is an option of `profiles/options.yaml`; a KEY is a requirement key (`PFI/va1/MSS/va1.30`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

LIMIT = 500  # characters; a `when` is one line
DEPTH = 20  # nested parentheses and nots

_TOKEN = re.compile(r"\s*(?:([()])|([A-Za-z0-9][A-Za-z0-9_./-]*))")
_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_WORDS = frozenset({"and", "or", "not", "always", "claims"})


class ExpressionError(ValueError):
    """A `when` that cannot be read: `problem` says what is wrong, `column` (from 1) where."""

    def __init__(self, problem: str, column: int) -> None:
        self.problem = problem
        self.column = column
        super().__init__(f"{problem} (column {column})")


@dataclass(frozen=True, slots=True)
class Always:
    """True whatever is declared."""

    def __str__(self) -> str:
        return "always"


@dataclass(frozen=True, slots=True)
class Name:
    """True when the option is declared."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Claims:
    """True when the vendor claims the optional requirement of this key."""

    key: str

    def __str__(self) -> str:
        return f"claims({self.key})"


@dataclass(frozen=True, slots=True)
class Not:
    """True when its operand is false."""

    operand: Expression

    def __str__(self) -> str:
        return f"not {self.operand}" if isinstance(self.operand, Leaf | Not) else f"not ({self.operand})"


@dataclass(frozen=True, slots=True)
class And:
    """True when both sides are."""

    left: Expression
    right: Expression

    def __str__(self) -> str:
        return " and ".join(f"({side})" if isinstance(side, Or) else str(side) for side in (self.left, self.right))


@dataclass(frozen=True, slots=True)
class Or:
    """True when one side is."""

    left: Expression
    right: Expression

    def __str__(self) -> str:
        return f"{self.left} or {self.right}"


Leaf: TypeAlias = Always | Name | Claims
Expression: TypeAlias = Always | Name | Claims | Not | And | Or

ALWAYS = Always()


def evaluate(expression: Expression, options: Collection[str], claims: Collection[str]) -> bool:
    """Whether an expression holds for the options and the claims that are declared."""
    match expression:
        case Always():
            return True
        case Name(name):
            return name in options
        case Claims(key):
            return key in claims
        case Not(operand):
            return not evaluate(operand, options, claims)
        case And(left, right):
            return evaluate(left, options, claims) and evaluate(right, options, claims)
        case Or(left, right):
            return evaluate(left, options, claims) or evaluate(right, options, claims)


def names(expression: Expression) -> Iterator[str]:
    """The option names of an expression, in order."""
    match expression:
        case Name(name):
            yield name
        case Not(operand):
            yield from names(operand)
        case And(left, right) | Or(left, right):
            yield from names(left)
            yield from names(right)


def claimed(expression: Expression) -> Iterator[str]:
    """The requirement keys an expression asks to be claimed, in order."""
    match expression:
        case Claims(key):
            yield key
        case Not(operand):
            yield from claimed(operand)
        case And(left, right) | Or(left, right):
            yield from claimed(left)
            yield from claimed(right)


def parse(text: str) -> Expression:
    """Read an expression; raises ExpressionError."""
    if len(text) > LIMIT:
        raise ExpressionError(f"longer than {LIMIT} characters", LIMIT)
    reader = _Reader(_tokens(text), len(text) + 1)
    found = reader.expression(0)
    reader.end()
    return found


def _tokens(text: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise ExpressionError(f"unexpected character {text[column - 1]!r}", column)
        found.append((match[1] or match[2], match.start(match.lastindex or 0) + 1))
        at = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens; depth is bounded, so hostile input cannot exhaust the stack."""

    def __init__(self, tokens: list[tuple[str, int]], end: int) -> None:
        self._tokens = tokens
        self._end = end
        self._at = 0

    def _peek(self) -> str | None:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def _column(self) -> int:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else self._end

    def _take(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise ExpressionError(f"{wanted!r} expected, {self._peek() or 'the end'!r} found", self._column())
        self._at += 1

    def expression(self, depth: int) -> Expression:
        left = self._term(depth)
        while self._peek() == "or":
            self._at += 1
            left = Or(left, self._term(depth))
        return left

    def _term(self, depth: int) -> Expression:
        left = self._factor(depth)
        while self._peek() == "and":
            self._at += 1
            left = And(left, self._factor(depth))
        return left

    def _factor(self, depth: int) -> Expression:
        if depth > DEPTH:
            raise ExpressionError(f"nested deeper than {DEPTH}", self._column())
        token, column = self._peek(), self._column()
        self._at += 1
        match token:
            case "not":
                return Not(self._factor(depth + 1))
            case "(":
                inner = self.expression(depth + 1)
                self._take(")")
                return inner
            case "always":
                return ALWAYS
            case "claims":
                return self._claims()
            case str() if _NAME.match(token) and token not in _WORDS:
                return Name(token)
        raise ExpressionError(f"an option name expected, {token or 'the end'!r} found", column)

    def _claims(self) -> Expression:
        self._take("(")
        key, column = self._peek(), self._column()
        if key is None or "/" not in key:
            raise ExpressionError(f"a requirement key expected, {key or 'the end'!r} found", column)
        self._at += 1
        self._take(")")
        return Claims(key)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise ExpressionError(f"{self._peek()!r} not expected here", self._column())
