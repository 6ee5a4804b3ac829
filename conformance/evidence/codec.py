"""Plain data <-> JSON for cases, findings and whatever else the journal keeps; digests of canonical JSON."""

from __future__ import annotations

import hashlib
import json
from typing import TypeVar

import cattrs

T = TypeVar("T")

_converter = cattrs.Converter(forbid_extra_keys=True)


def to_plain(value: object) -> object:
    """A frozen dataclass as dicts, lists and scalars."""
    return _converter.unstructure(value)


def from_plain(data: object, kind: type[T]) -> T:
    """The inverse of `to_plain`; raises cattrs' structured errors on a wrong shape or an unknown key."""
    return _converter.structure(data, kind)


def canonical(value: object) -> bytes:
    """Canonical JSON bytes: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: object) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of a plain value or a dataclass."""
    return hashlib.sha256(canonical(to_plain(value))).hexdigest()
