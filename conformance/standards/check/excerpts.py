"""The lines of a document around the places of its findings, cut so that any document can be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from conformance.evidence.values import Finding, Severity
from conformance.standards.check.kinds import encoding_of
from conformance.standards.check.values import ExcerptLine

AROUND = 2
"""Lines before and after."""
WIDTH = 240
"""Characters of a line."""
MOST = 20
"""Places of one document."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]{96,}={0,2}")
_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.ADVICE: 2, Severity.NOTE: 3}


def excerpts(data: bytes, findings: Iterable[Finding]) -> Mapping[int, tuple[ExcerptLine, ...]]:
    """Line number -> the lines around it, for the first places of the gravest findings that have a line."""
    wanted: dict[int, str] = {}
    for finding in sorted(findings, key=lambda f: _WEIGHT[f.severity]):
        line = finding.location.line
        if line is not None and line not in wanted and len(wanted) < MOST:
            wanted[line] = finding.seen
    if not wanted:
        return {}
    lines = _lines(data)
    return {line: tuple(_around(lines, line, seen)) for line, seen in wanted.items() if line <= len(lines) + 1}


def _lines(data: bytes) -> Sequence[bytes] | Sequence[str]:
    if encoding_of(data) == "utf-16":
        return data.decode("utf-16", "replace").split("\n")
    return data.splitlines()


def _around(lines: Sequence[bytes] | Sequence[str], line: int, seen: str) -> Iterator[ExcerptLine]:
    for number in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
        raw = lines[number - 1]
        # A message or a document may be one endless line: only what is near is decoded.
        text = raw if isinstance(raw, str) else raw[: 1 << 16].decode("utf-8", "replace")
        about = number == line
        yield ExcerptLine(number, _cut(_BASE64.sub(_shorter, text), seen if about else ""), about)


def _shorter(match: re.Match[str]) -> str:
    return f"{match[0][:24]}…[{len(match[0])}]"


def _cut(text: str, seen: str) -> str:
    if len(text) <= WIDTH:
        return text
    at = text.find(seen) if seen else -1
    start = max(0, at - WIDTH // 3) if at > 0 else 0
    return ("…" if start else "") + text[start : start + WIDTH] + ("…" if start + WIDTH < len(text) else "")
