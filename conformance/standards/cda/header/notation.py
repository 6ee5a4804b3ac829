"""Reads `header.rules`: the header of a CI-SIS document as a tree of lines, one line an element.

    source "CI-SIS Structuration minimale"     the clause of all lines
    shape person                               lines that `= person` takes below an element
      name 1 PN solid                          two more blanks: below
    header                                     the children of ClinicalDocument
      author + solid absent=cda.author.absent §3.5.5.13
        time 1 TS value past                   name, cardinality, data type, words
        assignedAuthor 1 = entity

Cardinalities: `1`, `?` at most one, `*` any number, `+` at least one, or `0..7`. A data type (II, CE, TS...) brings
the rules of that type. Words: `solid` refuses a nullFlavor (`solid=warning`); `@typeCode=PRF` asks an attribute for a
value (`@typeCode?=PRF` if it is there); `is=NAME` runs a named rule; `absent=CODE`, `repeated=CODE`, `role=CODE` name
the findings of the line, `code=CODE` that of a code outside its `set`; `§` adds to the clause, also of lines below.
The rules of the types read the others: `ext` (an extension), `root=AUTHORITY`, `full` (code, system, label), `value`,
`past`, `birth`, `zone=warning`, `loose` (equal bounds), `strict` (four digits of offset), `near` (a number that has
nearly its form is an error).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from conformance.errors import InternalError
from conformance.evidence.values import Severity
from conformance.standards import valuesets
from conformance.standards.cda.header.core import CODES, Check, Row
from conformance.standards.cda.syntax import DOCUMENT, SDTC, tag

_NAMESPACES = {
    "sdtc": SDTC,
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "dicom": "urn:dicom-org:ps3-20",
}
_BOUNDS: dict[str, tuple[int, int | None]] = {"1": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_ATTRIBUTE = re.compile(r"@(\w+)(\??)=(.+)")
_TYPE = re.compile(r"[A-Z]{2,4}(?:_TS)?")
_CODE_WORDS = ("absent", "repeated", "code", "role")
_WORDS = frozenset({"ext", "full", "value", "past", "birth", "loose", "near", "strict"})
_KEYS = frozenset({"root", "set", "is", "zone", *_CODE_WORDS})


class _Shelf:
    """The rows under construction, by their depth."""

    def __init__(self, types: Mapping[str, tuple[Check, ...]], named: Mapping[str, Check]) -> None:
        self.types, self.named = types, named
        self.source = ""
        self.shapes: dict[str, Row] = {}
        self.stack: list[tuple[int, Row, list[Row]]] = []


def read(text: str, types: Mapping[str, tuple[Check, ...]], named: Mapping[str, Check]) -> Row:
    """The row of ClinicalDocument, all others below it; raises InternalError with the line that cannot be read."""
    shelf = _Shelf(types, named)
    header: Row | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].rstrip()
        if not line.strip():
            continue
        try:
            word, _, rest = line.strip().partition(" ")
            if not line.startswith(" "):
                top = _top(shelf, word, rest)
                if word == "header":
                    header = top
            else:
                _below(shelf, len(line) - len(line.lstrip()), line.strip())
        except (ValueError, KeyError, InternalError) as error:
            raise InternalError("cda.rules", where=f"header.rules:{number}", line=line, reason=str(error)) from error
    _close(shelf, 0)
    if header is None:
        raise InternalError("cda.rules", where="header.rules", line="", reason="no header")
    return header


def _top(shelf: _Shelf, word: str, rest: str) -> Row | None:
    _close(shelf, 0)
    if word == "source":
        shelf.source = rest.strip('"')
        return None
    if word not in ("shape", "header"):
        raise ValueError(f"not understood: {word}")
    row = Row("ClinicalDocument" if word == "header" else rest, DOCUMENT, "", 1, 1, clause=shelf.source)
    if word == "shape":
        shelf.shapes[rest] = row
    row.checks = tuple(shelf.named[name] for name in rest.split() if word == "header")
    shelf.stack = [(0, row, [])]
    return row


def _below(shelf: _Shelf, indent: int, line: str) -> None:
    _close(shelf, indent)
    if not shelf.stack:
        raise ValueError("a line below nothing")
    _, parent, brothers = shelf.stack[-1]
    row = _row(shelf, parent, shlex.split(line))
    if row.tag in parent.children:
        raise ValueError(f"twice {row.name}")
    parent.children[row.tag] = row
    brothers.append(row)
    shelf.stack.append((indent, row, []))


def _close(shelf: _Shelf, indent: int) -> None:
    """End the rows that are at least as deep as `indent`: their children are known."""
    while shelf.stack and shelf.stack[-1][0] >= indent:
        _, row, children = shelf.stack.pop()
        row.needed = (*row.needed, *(child for child in children if child.low))
        row.light = not (row.checks or row.children or row.attributes)


def _row(shelf: _Shelf, parent: Row, words: list[str]) -> Row:
    name, bounds, *rest = words
    low, high = _bounds(bounds)
    prefix, _, local = name.rpartition(":")
    row = Row(local, f"{{{_NAMESPACES[prefix]}}}{local}" if prefix else tag(local), "", low, high)
    row.label, row.clause = f"{parent.label}/{local}".lstrip("/"), parent.clause
    options: dict[str, str] = {}
    checks: list[Check] = []
    while rest:
        word = rest.pop(0)
        if word == "=":
            shape = shelf.shapes[rest.pop(0)]
            row.children = {tag: _relabel(child, row) for tag, child in shape.children.items()}
            row.needed = tuple(row.children[child.tag] for child in shape.needed)
        elif word in ("solid", "solid=warning"):
            row.solid, row.null = True, Severity.WARNING if "=" in word else None
        elif word.startswith("§"):
            row.clause = f"{shelf.source}, {word[1:]}"
        elif (match := _ATTRIBUTE.fullmatch(word)) is not None:
            row.attributes = (*row.attributes, (match[1], frozenset(match[3].split("|")), not match[2]))
        elif word in shelf.types and _TYPE.fullmatch(word):
            row.type = word
            checks.extend(shelf.types[word])
        elif word in _WORDS:
            options[word] = "yes"
        elif "=" in word:
            _option(shelf, row, options, checks, *word.split("=", 1))
        else:
            raise ValueError(f"not understood: {word}")
    row.options, row.checks = options, tuple(checks)
    return row


def _option(shelf: _Shelf, row: Row, options: dict[str, str], checks: list[Check], key: str, value: str) -> None:
    if key not in _KEYS:
        raise ValueError(f"not understood: {key}")
    if key in _CODE_WORDS:
        CODES[value]
    if key == "is":
        checks.append(shelf.named[value])
    elif key == "absent":
        row.absent = value
    elif key == "repeated":
        row.repeated = value
    else:
        if key == "set":
            valuesets.get(value)
        options[key] = value


def _relabel(row: Row, parent: Row) -> Row:
    """A copy of a row of a shape, named and cited after the element that takes the shape."""
    copy = replace(row, label=f"{parent.label}/{row.name}")
    copy.clause = parent.clause
    copy.children = {tag: _relabel(child, copy) for tag, child in row.children.items()}
    copy.needed = tuple(copy.children[child.tag] for child in row.needed)
    return copy


def _bounds(text: str) -> tuple[int, int | None]:
    found = _BOUNDS.get(text)
    if found is not None:
        return found
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"no cardinality: {text}")
    return int(match[1]), int(match[2])
