"""UCUM units (case sensitive): a small recursive parser over the table of atoms, and the list of usual units.

It says whether a text is a unit, and whether it only is one by accident of case (`/ML`, mega-litres, for `/mL`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

LONGEST = 200
"""Characters in a unit, at most."""

_ATOM = re.compile(r"(?:\[[^\[\]]*\]|[^\[\]./(){}\s])+")
_EXPONENT = re.compile(r"(.*?)([+-]?\d+)", re.DOTALL)
_ANNOTATION = re.compile(r"\{[!-z|~]*\}|\{[^{}\x00-\x1f]*\}")
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Table:
    """The words of UCUM: prefixes, atoms that take one, atoms that do not, usual units."""

    prefixes: frozenset[str]
    metric: frozenset[str]
    plain: frozenset[str]
    usual: frozenset[str]


@cache
def table() -> Table:
    """The table of `ucum.txt`."""
    found: dict[str, set[str]] = {"prefixes": set(), "metric": set(), "plain": set(), "usual": set()}
    into: set[str] = set()
    for line in (files(__package__) / "ucum.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            into = found[line]
        else:
            into.update(line.split())
    return Table(*(frozenset(found[name]) for name in ("prefixes", "metric", "plain", "usual")))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def term(self, depth: int) -> bool:
        """Components joined by `.` or `/`, with a leading `/` allowed."""
        if depth > _DEEPEST:
            return False
        if self.peek() == "/":
            self.at += 1
        if not self.component(depth):
            return False
        while self.peek() and self.peek() in "./":
            self.at += 1
            if not self.component(depth):
                return False
        return True

    def component(self, depth: int) -> bool:
        if self.peek() == "(":
            self.at += 1
            if not self.term(depth + 1) or self.peek() != ")":
                return False
            self.at += 1
            return True
        if self.take(_ANNOTATION):
            return True
        word = self.take(_ATOM)
        if not word or not _is_word(word):
            return False
        self.take(_ANNOTATION)
        return True


def _is_word(word: str) -> bool:
    if word.isdigit():
        return word.isascii()
    if _is_unit(word):
        return True
    match = _EXPONENT.fullmatch(word)
    return match is not None and _is_unit(match[1])


def _is_unit(word: str) -> bool:
    words = table()
    if word in words.metric or word in words.plain:
        return True
    return any(word[:size] in words.prefixes and word[size:] in words.metric for size in (1, 2))


@lru_cache(maxsize=4096)
def is_unit(text: str) -> bool:
    """True when a text is a UCUM unit, with its case; annotations in braces are free text."""
    if not text or len(text) > LONGEST:
        return False
    if text in table().usual:
        return True
    reader = _Reader(text)
    return reader.term(0) and reader.at == len(text)


@cache
def _usual_folded() -> dict[str, str]:
    return {unit.lower(): unit for unit in sorted(table().usual)}


@lru_cache(maxsize=4096)
def meant(text: str) -> str:
    """The usual unit that a text must have meant when only its case is wrong, empty when the text is right.

    `l` and `L` are both the litre (UCUM, table 5): they do not differ.
    """
    bare = re.sub(r"\{[^{}]*\}", "", text)
    usual = table().usual
    if bare in usual or bare.replace("l", "L") in usual or text in usual:
        return ""
    known = _usual_folded().get(bare.lower(), "") if bare else ""
    return known if known.replace("l", "L") != bare.replace("l", "L") else ""
