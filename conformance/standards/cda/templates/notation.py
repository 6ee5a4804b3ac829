"""The notation of the rule tables (`tables/*.rules`): blocks of lines, each line one thing that must hold.

    source "CI-SIS, Modèles de contenus CDA"      the clause of the blocks below, until the next source
    scope 1.2.250.1.213.1.1.1.45:2024.01          `in` of the blocks below without one, until the next source or scope
    # a comment

    template 1.2.250.1.213.1.1.2.2 "Antécédents médicaux non codés"
      on section                                  the element that may carry the template (or `entry/act`)
      in 1.2.250.1.213.1.1.1.45:2024.01           only in documents that declare this template (and version)
      when effectiveTime/high                     only on elements where the condition holds
      within 1.3.6.1.4.1.19376.1.5.3.1.4.5 | 1.2  only below an element that carries one of these templates
      clause "3.2.1"                              added to the source
      id 1..                                      so many nodes of a path
      code@code = 11348-0 | 11349-8               every node of the path has the attribute with one of the values
      code@displayName present                    every node has the attribute, not empty
      code@code != X                              no node has the attribute with that value
      value@xsi:type = CD                         the prefix of a type does not count
      id@root ~ [0-9.]+                           every node has the attribute, matching as a whole
      title text = "Compte rendu"                 the text of every node (also `text ~ pattern`, `text present`)
      code in JDV_X | JDV_Y                       code and code system of every node belong to one of the sets
      code in JDV_X or null                       the same, or a nullFlavor
      code incode JDV_X                           the code alone belongs
      effectiveTime is interval                   every node passes a named check of `kinds.py`
      assert id or code@nullFlavor = UNK          a condition holds (see `paths.py`)
      if value@unit then value@value present      a line that counts only where a condition holds
      at author/assignedAuthor                    what follows is about each node of this path (`at .`: no more)
      warn code 1                                 a warning instead of an error (also advice, note)

    element observation/interpretationCode        the same for elements by name (and parents), in the body
    document 1.2.250.1.213.1.1.1.55:2024.01 "CR"  ClinicalDocument declaring a template (`:` alone: without version)
    document scope "CR"                           the same for the templates of the scope

Nodes that are absent satisfy every line but a cardinality and an `assert`. `.` is the element itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from conformance.errors import InternalError
from conformance.evidence.values import Severity
from conformance.standards import valuesets
from conformance.standards.cda.templates import checks, kinds, paths
from conformance.standards.cda.templates.paths import NotationError

_COMMENT = re.compile(r"\s+# ")
_BLOCKS = ("template", "element", "document")
_HEAD = re.compile(r'(\S+)(?:\s+"([^"]*)")?')
_SEVERITIES = {"warn": Severity.WARNING, "advice": Severity.ADVICE, "note": Severity.NOTE}


@dataclass(frozen=True, slots=True)
class Scope:
    """A document template: its OID and version (None: any; empty: without version)."""

    oid: str
    version: str | None = None

    @classmethod
    def read(cls, text: str) -> Scope:
        """`1.2.3`, `1.2.3:2024.01`, or `1.2.3:` for the template without version."""
        oid, colon, version = text.partition(":")
        return cls(oid, version if colon else None)


@dataclass(slots=True)
class Block:
    """What must hold of the elements that one template, or one name, designates.

    `target` is an OID, or the names of an element and its parents, or a scope for a document block.
    """

    kind: str
    target: str
    name: str
    source: str
    origin: str
    scopes: tuple[Scope, ...] = ()
    when: str = ""
    within: tuple[str, ...] = ()
    clause: str = ""
    at: str = ""
    inherited: bool = False
    checks: list[checks.Check] = field(default_factory=list)

    def limit(self, scopes: str) -> None:
        """Only in documents that declare one of these templates: replaces what the block has from `scope`."""
        given = tuple(Scope.read(one) for one in _bar(scopes))
        self.scopes = given if self.inherited else (*self.scopes, *given)
        self.inherited = False

    @property
    def cited(self) -> str:
        """The clause: the source, and what the block adds."""
        return f"{self.source}, {self.clause}" if self.clause else self.source

    @property
    def subject(self) -> str:
        """What the block is about, for a reader."""
        return f"{self.name} ({self.target})" if self.name else self.target


@dataclass(slots=True)
class Draft:
    """A block whose lines are not understood yet: enough to know when it is needed.

    Few of the thousand templates stand in one document: the others are never compiled.
    """

    head: Block
    file: str
    lines: list[tuple[int, str]] = field(default_factory=list)

    def block(self) -> Block:
        """The block; raises InternalError with the file and line when a line cannot be read."""
        block = replace(self.head, checks=[])
        for number, line in self.lines:
            word, _, rest = line.partition(" ")
            try:
                _line(block, word, rest.strip(), line, number)
            except (ValueError, re.error, InternalError) as error:
                raise _wrong(self.file, number, line, error) from error
        return block


def scan(text: str, origin: str) -> Iterator[Draft]:
    """The blocks of a table, their lines not read yet; raises InternalError when a head cannot be read."""
    source, scope, draft = "", "", None
    for number, raw in enumerate(text.split("\n"), 1):
        line = _bare(raw)
        if not line:
            continue
        word, _, rest = line.partition(" ")
        if word == "source":
            source, scope = rest.strip().strip('"'), ""
        elif word == "scope":
            scope = rest.strip()
        elif word in _BLOCKS:
            if draft is not None:
                yield draft
            try:
                draft = Draft(_block(word, rest.strip(), source, scope, f"{origin}:{number}"), origin)
            except ValueError as error:
                raise _wrong(origin, number, line, error) from error
        elif draft is None:
            raise _wrong(origin, number, line, NotationError("a line before any block"))
        elif word == "in":
            draft.head.limit(rest)
        else:
            draft.lines.append((number, line))
    if draft is not None:
        yield draft


def read(text: str, origin: str) -> Iterator[Block]:
    """The blocks of a table, every XPath of theirs compiled; raises InternalError with the file and line otherwise."""
    for draft in scan(text, origin):
        block = draft.block()
        try:
            checks.compiled(block.when or ".")
        except etree.XPathError as error:
            raise InternalError("cda.rules", where=block.origin, line=block.when, reason=str(error)) from error
        for check in block.checks:
            try:
                check.verify()
            except etree.XPathError as error:
                raise _wrong(origin, check.line, check.told, error) from error
        yield block


def _wrong(origin: str, number: int, line: str, error: Exception) -> InternalError:
    return InternalError("cda.rules", where=f"{origin}:{number}", line=line, reason=str(error))


def _bare(raw: str) -> str:
    """The line without its comment: a `#` at its start or after a blank."""
    line = raw.strip()
    if line.startswith("#"):
        return ""
    return _COMMENT.split(line, maxsplit=1)[0] if "# " in line else line


def _block(word: str, rest: str, source: str, scope: str, origin: str) -> Block:
    if not source:
        raise NotationError("a block before any source")
    found = _HEAD.fullmatch(rest)
    if found is None:
        raise NotationError("a block begins by a target, then its name in quotes")
    target, name = found[1], found[2] or ""
    block = Block(word, target, name, source, origin)
    if word == "document" and target != "scope":
        scope = target
    block.scopes = tuple(Scope.read(one) for one in _bar(scope))
    block.inherited = word != "document"
    if word == "document":
        block.target = "|".join(dict.fromkeys(one.oid for one in block.scopes))
    return block


def _line(block: Block, word: str, rest: str, line: str, number: int) -> None:
    if word == "on":
        block.checks.append(checks.Check(checks.On(tuple(_bar(rest))), number, line))
    elif word == "when":
        block.when = paths.condition(rest)
    elif word == "within":
        block.within = tuple(_bar(rest))
    elif word == "at":
        block.at = "" if rest == "." else paths.path(rest)
    elif word == "clause":
        block.clause = rest.strip('"')
    else:
        block.checks.append(_check(line, number, block.at))


def _check(line: str, number: int, at: str) -> checks.Check:
    told, severity, guards = line, None, []
    while True:
        word, _, rest = line.partition(" ")
        if word in _SEVERITIES:
            severity, line = _SEVERITIES[word], rest.strip()
        elif word == "if":
            condition, then, line = rest.partition(" then ")
            if not then:
                raise NotationError("an `if` without `then`")
            guards.append(paths.condition(condition))
        else:
            break
    guard = " and ".join(guards)
    test = _test(line)
    return checks.Check(test, number, told, severity, guard, at)


def _test(line: str) -> checks.Test:
    word, _, rest = line.partition(" ")
    if word == "assert":
        return checks.Holds(rest, paths.condition(rest))
    target, rest = _target(line)
    place, attribute = _split(target)
    operator, _, operand = rest.partition(" ")
    operand = operand.strip()
    counted = paths.cardinality(rest)
    if counted is not None:
        return checks.Count(target, paths.path(target), *counted)
    if operator == "text":
        return _text(place, operand)
    if operator in ("in", "incode"):
        names, _, null = operand.partition(" or ")
        if null not in ("", "null"):
            raise NotationError(f"`or {null}`")
        sets = tuple(_bar(names))
        for one in sets:
            valuesets.get(one)
        return checks.InSet(place, paths.path(place), sets, null == "null", operator == "incode")
    if operator == "is":
        return checks.Is(place, paths.path(place), operand, kinds.get(operand))
    if not attribute:
        raise NotationError(f"an attribute is missing before `{operator}`")
    if operator == "present":
        return checks.Attribute(place, paths.path(place), attribute)
    if operator in ("=", "!="):
        return checks.Attribute(
            place, paths.path(place), attribute, values=paths.values(operand), negated=operator == "!="
        )
    if operator == "~":
        re.compile(operand)
        return checks.Attribute(place, paths.path(place), attribute, pattern=operand)
    raise NotationError(f"`{operator}` is no operator")


def _text(place: str, rest: str) -> checks.Text:
    operator, _, operand = rest.partition(" ")
    if operator == "present":
        return checks.Text(place, paths.path(place))
    if operator == "=":
        return checks.Text(place, paths.path(place), values=paths.values(operand.strip()))
    if operator == "~":
        re.compile(operand.strip())
        return checks.Text(place, paths.path(place), pattern=operand.strip())
    raise NotationError(f"`text {operator}`")


def _target(line: str) -> tuple[str, str]:
    """The path at the start of a line, and the rest: a blank inside brackets or quotes does not end it."""
    depth, quoted = 0, False
    for at, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "[") - (character == "]")
            if character == " " and depth == 0:
                return line[:at], line[at:].strip()
    raise NotationError("a path without anything asked of it")


def _split(target: str) -> tuple[str, str]:
    """The path and the attribute after its last `@` outside brackets (empty when none)."""
    depth = 0
    for at in range(len(target) - 1, -1, -1):
        character = target[at]
        depth += (character == "]") - (character == "[")
        if character == "@" and depth == 0:
            return target[:at].rstrip("/") or ".", target[at + 1 :]
    return target, ""


def _bar(text: str) -> list[str]:
    return [one.strip() for one in text.split("|") if one.strip()]
