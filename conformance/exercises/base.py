"""What an exercise is: who acts and how. `drive` is the only part with a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.evidence.values import Binding


@dataclass(frozen=True, slots=True)
class Environment:
    """How the services behave during a window: service settings such as `{"dmp.fault": "xds-error"}`.

    `spare` names the setting that takes the mark of the sentinel, so that it is served as usual and its neighbours'
    silence can be believed.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    spare: str | None = None


NORMAL = Environment("normal")


class Exercise(Protocol):
    """Who acts and how; shared by many properties.

    `case_type` is the dataclass of the cases. `for_waves` is the same exercise kept to what some
    waves ask for. `cases(None)` generates any case, `cases(label)` one that has the label.
    `labels_of` is pure and says which input classes a case belongs to. `sentinel` is the plainest permitted case,
    driven once in every window. `simpler` lists valid cases one step nearer to the sentinel, the boldest first.
    `mark` is a text found in whatever goes out for a case.
    `drive` sends the case's stimuli through `bench` (each send is recorded there).

    Three more attributes may be there: `exclusive` (False) drives the cases one at a time and gives each all that was
    heard meanwhile, for flows that carry no attribution key; `synchronous` (False) says that nothing comes after
    `drive` has ended, so that no silence is awaited between two exclusive cases; `weight` (1) divides the number of
    generated cases.
    """

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> frozenset[str]: ...

    @property
    def environments(self) -> tuple[Environment, ...]: ...

    @property
    def case_type(self) -> type: ...

    def for_waves(self, waves: frozenset[str]) -> Exercise: ...

    def cases(self, label: str | None) -> SearchStrategy[Any]: ...

    def labels(self) -> frozenset[str]: ...

    def labels_of(self, case: Any) -> frozenset[str]: ...

    def sentinel(self) -> Any: ...

    def mark(self, case: Any, binding: Binding) -> str: ...

    def simpler(self, case: Any) -> list[Any]: ...

    async def drive(self, drive: Drive, case: Any, binding: Binding) -> None: ...


def exclusive(exercise: Exercise) -> bool:
    """Whether the cases of an exercise are driven one at a time."""
    return bool(getattr(exercise, "exclusive", False))


def synchronous(exercise: Exercise) -> bool:
    """Whether all that a case makes heard is heard before its `drive` ends."""
    return bool(getattr(exercise, "synchronous", False))


def weight(exercise: Exercise) -> int:
    """By how much the number of generated cases is divided."""
    return int(getattr(exercise, "weight", 1))
