"""One thing found inside another: a name, its bytes, or why they cannot be had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from conformance.evidence import codes
from conformance.evidence.values import Finding

CODES = codes.read(files("conformance.standards.check") / "codes.toml")

NAME = 300
"""Characters of a name that are kept."""

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive or a part of a mail: `data`, or None with the finding that says why not."""

    name: str
    data: bytes | None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive opened: what is wrong with it as a whole, and its members, read one at a time when asked for.

    `judged` says that there are rules for what it is, besides those for what it holds.
    """

    kind: str
    findings: tuple[Finding, ...]
    members: Iterator[Member]
    names: tuple[str, ...] = ()
    judged: bool = False


def shown(name: str) -> str:
    """A member's name as text: undecodable bytes become U+FFFD, an endless name is cut."""
    told = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return told if len(told) <= NAME else told[:NAME] + "…"


def unsafe(name: str) -> bool:
    """True when a name, taken as a path, leaves the folder it is extracted to, or has no meaning as a path."""
    parts = re.split(r"[/\\]", name)
    return name.startswith(("/", "\\")) or _DRIVE.match(name) is not None or ".." in parts or "\x00" in name
