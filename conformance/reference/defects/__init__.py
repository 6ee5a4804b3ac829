"""The seeded violations, by area: documents, mail, access, identity. Each replaces one small decision.

`DEFECTS` is in a fixed order. `key` is the requirement that must catch it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from conformance.reference.defects import access, documents, identity, mail, transport
from conformance.reference.defects.table import Area, Defect, UnknownDefect
from conformance.reference.rules import Behaviour

__all__ = ["DEFECTS", "Area", "Defect", "UnknownDefect", "behaviour", "find", "with_defects"]

T = TypeVar("T")

DEFECTS: tuple[Defect, ...] = (
    *documents.DEFECTS,
    *mail.DEFECTS,
    *transport.DEFECTS,
    *access.DEFECTS,
    *identity.DEFECTS,
)

_BY_NAME = {d.name: d for d in DEFECTS}


def find(names: Iterable[str]) -> tuple[Defect, ...]:
    """The defects of these names, each once; raises UnknownDefect."""
    found = {}
    for name in names:
        if name not in _BY_NAME:
            raise UnknownDefect(f"no defect is called {name!r}; known: {', '.join(_BY_NAME)}")
        found[name] = _BY_NAME[name]
    return tuple(found.values())


def with_defects(sound: T, area: Area, names: Iterable[str]) -> T:
    """The decisions of an area (a dataclass) with the defects of these names put in; raises UnknownDefect."""
    changes: dict[str, Any] = {d.replaces: d.by for d in find(names) if d.area == area}
    return replace(sound, **changes)  # type: ignore[type-var]


def behaviour(names: Iterable[str]) -> Behaviour:
    """The decisions of the document flow with the defects of these names put in; raises UnknownDefect."""
    return with_defects(Behaviour(), "documents", names)
