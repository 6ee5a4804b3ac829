"""Where a key stands in a TOML text, so that a complaint can name its line (tomllib does not keep lines)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Spot = tuple[str | int, ...]
"""A path in the data: keys, and positions in arrays of tables."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def _parts(dotted: str) -> Spot:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def lines(text: str) -> Mapping[Spot, int]:
    """Each table header and each key of a TOML text -> its 1-based line; the first one wins.

    A reading by line: a key that lies inside a multi-line string may be taken for one, which only matters for a
    complaint about a key of that very name.
    """
    found: dict[Spot, int] = {}
    tables: dict[Spot, int] = {}
    current: Spot = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            current = _parts(header[2])
            if header[1] == "[[":
                tables[current] = tables.get(current, -1) + 1
                current = (*current, tables[current])
            found.setdefault(current, number)
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*current, *_parts(key[1])), number)
    return found


def line_of(found: Mapping[Spot, int], spot: Sequence[str | int]) -> int | None:
    """The line of a path, or of the nearest thing around it that has one."""
    path = tuple(spot)
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return None
