"""What a property is: a pure judge over what an exercise made heard, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.errors import InternalError
from conformance.evidence.values import Context, Driven, Finding, Heard, Witness

Judge = Callable[[Driven[Any], Heard, Context], Iterator[Finding | Witness]]


@dataclass(frozen=True, slots=True)
class Property:
    """What must hold, of which exercise, in which environments.

    `exercise` is the name of the exercise it listens to. `codes` are the finding codes it may yield.
    `claims` are the labels (input classes) it says it covers: the engine drives at least one explicit case of each.
    `control` is the label of the permitted twin that must be heard for a must-not (or an absence) to be believed.
    `environments` restricts it to some environments of the exercise (empty: all of them).
    `needs` is what it needs besides its exercise: `service:NAME`, `endpoint:NAME`, `pilot:KIND`.
    `passive` says that it judges whatever made the traffic come: it also listens to ordinary use, without a case.
    `clause` cites the source; `requirements` the keys it is owed to (checked against the profiles).
    """

    name: str
    exercise: str
    clause: str
    requirements: tuple[str, ...]
    codes: frozenset[str]
    claims: frozenset[str]
    judge: Judge = field(repr=False)
    control: str | None = None
    environments: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    passive: bool = False


def of_row(row: str, *dsrs: str) -> tuple[str, ...]:
    """The keys of one official row in several DSRs (row `va1/INS/va1.08`, DSR `SGL`: `SGL/va1/INS/va1.08`)."""
    return tuple(f"{dsr}/{row}" for dsr in dsrs)


_registry: dict[str, Property] = {}


def register(
    name: str,
    *,
    exercise: str,
    clause: str,
    requirements: tuple[str, ...],
    codes: frozenset[str],
    claims: frozenset[str],
    control: str | None = None,
    environments: tuple[str, ...] = (),
    needs: frozenset[str] = frozenset(),
    passive: bool = False,
) -> Callable[[Judge], Judge]:
    """Decorate a judge to make it a property of that name; raises InternalError on a duplicate."""

    def add(judge: Judge) -> Judge:
        if name in _registry:
            raise InternalError("properties.duplicate", name=name)
        _registry[name] = Property(
            name, exercise, clause, requirements, codes, claims, judge, control, environments, needs, passive
        )
        return judge

    return add


def get(name: str) -> Property:
    """The property of a name; raises KeyError."""
    load()
    return _registry[name]


def names() -> tuple[str, ...]:
    """All property names, sorted."""
    load()
    return tuple(sorted(_registry))


def load() -> None:
    """Import every module of this room, so that the registry is full."""
    import importlib
    import pkgutil

    import conformance.properties as room

    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{room.__name__}.{module.name}")
