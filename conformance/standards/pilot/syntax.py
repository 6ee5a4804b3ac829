"""Strict and bounded JSON: the bytes of a message of the Pilot API, and the object they hold."""

from __future__ import annotations

import json
import re
from typing import Any, Never

LARGEST = 16 * 1024 * 1024
"""Bytes of one message."""

DEEPEST = 40
"""How far objects and lists may be inside each other."""

# A string that never ends takes all that is left, so that no byte is looked at twice.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Garbage(ValueError):
    """Bytes that are not one JSON object.

    `word` is one of `too-big`, `not-utf8`, `not-json`, `too-deep`, `repeated-member`, `not-a-number`, `not-an-object`.
    """

    def __init__(self, word: str, detail: str = "") -> None:
        self.word = word
        self.detail = detail[:200]
        super().__init__(f"{word}: {self.detail}" if detail else word)


def read(raw: bytes) -> dict[str, Any]:
    """The object that bytes hold (RFC 8259, UTF-8, one object, members never repeated); raises Garbage."""
    if len(raw) > LARGEST:
        raise Garbage("too-big", f"{len(raw)} bytes")
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise Garbage("not-utf8", f"byte {error.start}") from None
    if _depth(raw) > DEEPEST:
        raise Garbage("too-deep")
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair cannot be written again
    except Garbage:
        raise
    except UnicodeEncodeError:
        raise Garbage("not-utf8", "a lone surrogate") from None
    except (ValueError, RecursionError) as error:
        raise Garbage("not-json", str(error)) from None
    if not isinstance(value, dict):
        raise Garbage("not-an-object", type(value).__name__)
    return value


def write(value: Any) -> bytes:
    """The bytes of an object, the same for the same object."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise Garbage("repeated-member", next(n for n in names if names.count(n) > 1))
    return made


def _constant(name: str) -> Never:
    raise Garbage("not-a-number", name)
