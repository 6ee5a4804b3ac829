"""Paths and conditions of the rule tables, translated to XPath 1.0 relative to the element under judgement.

Paths are written without prefix for HL7 v3 (`author/assignedAuthor/id`); `lab:`, `sdtc:`, `pharm:`, `dicom:` and `xsi:`
are known.
A predicate is a condition: `entry[observation]`, `id[@root=1.2.3]`, `act[template=1.2.3|1.2.4]`, `component[1]`.
A condition joins atoms by `and`, `or`, `not`, parentheses. An atom is a path (it exists), `PATH = v1|v2` (one node
equals one value), `PATH != v` (no node equals it), `PATH n..m` (so many nodes), `template=OID`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.standards.cda.syntax import HL7, SDTC, XSI

NAMESPACES = {
    "h": HL7,
    "sdtc": SDTC,
    "xsi": XSI,
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "pharm": "urn:ihe:pharm",
    "dicom": "urn:dicom-org:ps3-20",
}

_CARD = re.compile(r"(\d+)(?:(\.\.)(\d*))?")
_TOKEN = re.compile(
    r'\s*(\(|\)|!=|=|[^\s()=!"\[\]]*(?:"[^"]*"|\[(?:[^\[\]"]|"[^"]*"|\[[^\[\]]*\])*\]|[^\s()=!"\[\]])+)'
)
_STEP = re.compile(
    r"(?P<slash>//?)|(?P<dots>\.\.?)(?![\w])|(?P<attribute>@[\w.-]+(?::[\w.-]+)?)|(?P<axis>[a-z-]+::)"
    r"|(?P<name>[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)|(?P<any>\*)|(?P<open>\[)"
)


class NotationError(ValueError):
    """A line of a rule table that cannot be read: says which part."""


def cardinality(text: str) -> tuple[int, int | None] | None:
    """`1` -> (1, 1), `0..1`, `2..` -> (2, None); None when the text is no cardinality."""
    match = _CARD.fullmatch(text)
    if match is None:
        return None
    low = int(match[1])
    return low, (low if not match[2] else int(match[3]) if match[3] else None)


def literal(value: str) -> str:
    """A value as an XPath string; raises NotationError when it holds both kinds of quotes."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise NotationError(f"both kinds of quotes in {value}")


def values(text: str) -> tuple[str, ...]:
    """The values of `v1|v2|"v 3"`."""
    found = [one.strip().strip('"') for one in re.findall(r'"[^"]*"|[^|]+', text)]
    return tuple(one for one in found if one != "" or '""' in text)


def path(text: str) -> str:
    """A path of the tables as XPath; raises NotationError."""
    out, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise NotationError(f"not a path: {text!r} at {text[at:]!r}")
        at = match.end()
        if match["open"]:
            end = _closing(text, at)
            inside = text[at:end]
            out.append(f"[{inside if inside.isdigit() else condition(inside)}]")
            at = end + 1
        elif match["name"]:
            out.append(match["name"] if ":" in match["name"] else f"h:{match['name']}")
        elif match["slash"] == "//" and not out:
            out.append(".//")
        else:
            out.append(match[0])
    return re.sub(r"(?<=[\w\]*.])@", "/@", "".join(out))


def condition(text: str) -> str:
    """A condition of the tables as an XPath boolean; raises NotationError."""
    tokens = list(_tokens(text))
    expression, rest = _either(tokens)
    if rest:
        raise NotationError(f"not understood in a condition: {' '.join(rest)}")
    return expression


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or not match[1]:
            raise NotationError(f"not a condition: {text!r} at {text[at:]!r}")
        yield match[1]
        at = match.end()


def _either(tokens: list[str]) -> tuple[str, list[str]]:
    parts, rest = [], tokens
    while True:
        one, rest = _both(rest)
        parts.append(one)
        if not rest or rest[0] != "or":
            break
        rest = rest[1:]
    return (parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"), rest


def _both(tokens: list[str]) -> tuple[str, list[str]]:
    parts, rest = [], tokens
    while True:
        one, rest = _atom(rest)
        parts.append(one)
        if not rest or rest[0] != "and":
            break
        rest = rest[1:]
    return (parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"), rest


def _atom(tokens: list[str]) -> tuple[str, list[str]]:
    if not tokens:
        raise NotationError("a condition stops too early")
    head, rest = tokens[0], tokens[1:]
    if head == "not":
        inner, rest = _atom(rest)
        return f"not({inner})", rest
    if head == "(":
        inner, rest = _either(rest)
        if not rest or rest[0] != ")":
            raise NotationError("a parenthesis is not closed")
        return inner, rest[1:]
    operator = rest[0] if rest else ""
    if operator in ("=", "!="):
        if len(rest) < 2:
            raise NotationError(f"a value is missing after {head} {operator}")
        wanted, rest = _listed(rest[1:])
        select = "h:templateId/@root" if head == "template" else path(head)
        equal = equals(select, wanted)
        return (f"not({equal})" if operator == "!=" else f"({equal})"), rest
    counted = cardinality(operator)
    if counted is not None:
        return count(path(head), *counted), rest[1:]
    return f"boolean({path(head)})", rest


def equals(select: str, wanted: tuple[str, ...]) -> str:
    """An XPath boolean: a node equals one of some values. An `xsi:type` is a QName: its prefix does not count."""
    if select.endswith("@xsi:type"):
        same = " or ".join(f".={literal(value)} or substring-after(.,':')={literal(value)}" for value in wanted)
        return f"boolean({select}[{same}])"
    return " or ".join(f"{select}={literal(value)}" for value in wanted)


def _listed(tokens: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Values joined by `|`, with or without blanks around the bar."""
    text, rest = tokens[0], tokens[1:]
    while rest and (text.endswith("|") or rest[0].startswith("|")):
        text, rest = text + rest[0], rest[1:]
    return values(text), rest


def count(select: str, low: int, high: int | None) -> str:
    """An XPath boolean: between `low` and `high` nodes (None: no limit)."""
    if (low, high) == (1, None):
        return f"boolean({select})"
    if high == 0:
        return f"not({select})"
    bounds = [f"count({select})>={low}"] if low else []
    if high is not None:
        bounds = [f"count({select})={low}"] if low == high else [*bounds, f"count({select})<={high}"]
    return " and ".join(bounds) if bounds else "true()"


def none(select: str, wrong: str) -> str:
    """An XPath boolean: no node of a path is wrong. Paths hold no union, so that they need no parentheses."""
    if select == ".":
        return f"not({wrong})"
    return f"not(({select})[{wrong}])" if select.endswith("..") else f"not({select}[{wrong}])"


def _closing(text: str, at: int) -> int:
    depth, quoted = 1, False
    for position in range(at, len(text)):
        character = text[position]
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "[") - (character == "]")
            if depth == 0:
                return position
    raise NotationError(f"a bracket is not closed in {text!r}")
