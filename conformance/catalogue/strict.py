"""Strict YAML: text scalars only, no duplicate key, no alias, no tag, bounded size and depth, and every line kept.

YAML 1.1 turns `NO` into false, `01001` into 513 and `12:30` into 750: nothing of the kind happens here. A scalar is
the text that is written, but for a plain `null` (or nothing at all) which is None; the schema says what a text means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import yaml

from conformance.errors import ProfileError

LIMIT = 2_000_000  # bytes of one file
DEPTH = 12  # nested lists and tables
NODES = 200_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null"})


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, lines and columns from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Table(dict[str, object]):
    """A YAML table that remembers where it and each of its keys are."""

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.spots: dict[str, Spot] = {}

    def put(self, key: str, value: object, spot: Spot) -> None:
        """Set a key and where it is."""
        self[key] = value
        self.spots[key] = spot


class Series(list[object]):
    """A YAML list that remembers where it and each of its items are."""

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.spots: list[Spot] = []


def find(root: object, path: Iterable[str | int]) -> Spot | None:
    """Where the value at a path is: the deepest place known on the way."""
    here, spot = root, root.spot if isinstance(root, (Table, Series)) else None
    for step in path:
        inside = _step(here, step)
        if inside is None:
            break
        here, spot = inside
    return spot


def _step(here: object, step: str | int) -> tuple[object, Spot] | None:
    if isinstance(here, Table) and isinstance(step, str):
        return (here[step], here.spots[step]) if step in here else None
    if isinstance(here, Series) and isinstance(step, int):
        return (here[step], here.spots[step]) if step < len(here) else None
    return None


def read(content: bytes, file: str) -> Table:
    """The table a YAML file holds; raises ProfileError naming the file, the line, and what is wrong there."""
    if len(content) > LIMIT:
        raise ProfileError("catalogue.too-big", where=file, size=len(content), limit=LIMIT)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProfileError("catalogue.not-utf8", where=file, offset=error.start) from None
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        if "nesting depth" in (error.problem or ""):  # libyaml, from PyYAML 6.0.4 on, has a limit of its own
            raise ProfileError("catalogue.too-deep", where=where, limit=DEPTH) from None
        raise ProfileError("catalogue.not-yaml", where=where, problem=error.problem or str(error)) from None
    except yaml.YAMLError as error:
        raise ProfileError("catalogue.not-yaml", where=file, problem=str(error).splitlines()[0]) from None
    if not isinstance(builder.root, Table):
        raise ProfileError("catalogue.not-a-table", where=f"{file}:1")
    return builder.root


class _Builder:
    """Builds the tree from parser events with a stack of its own: hostile nesting cannot exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.root: object = None
        self._file = file
        self._stack: list[Table | Series] = []
        self._keys: list[tuple[str, Spot] | None] = []  # beside the stack: the key a table waits a value for
        self._documents = 0
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._refuse("catalogue.many-documents", self._spot(event))
            case yaml.AliasEvent():
                self._refuse("catalogue.alias", self._spot(event), name=event.anchor)
            case yaml.MappingStartEvent():
                self._open(event, Table(self._spot(event)))
            case yaml.SequenceStartEvent():
                self._open(event, Series(self._spot(event)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
                self._keys.pop()
            case yaml.ScalarEvent():
                self._plain(event)
                self._scalar(event)

    def _spot(self, event: yaml.Event) -> Spot:
        mark = event.start_mark
        return Spot(self._file, mark.line + 1, mark.column + 1) if mark else Spot(self._file, 1)

    def _refuse(self, id: str, spot: Spot, **values: object) -> NoReturn:
        raise ProfileError(id, where=str(spot), **values)

    def _plain(self, event: yaml.NodeEvent) -> None:
        """No tag and no anchor, and not too many nodes."""
        self._nodes += 1
        if self._nodes > NODES:
            self._refuse("catalogue.too-many", self._spot(event), limit=NODES)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._refuse("catalogue.tag", self._spot(event), tag=tag)
        if event.anchor is not None:
            self._refuse("catalogue.alias", self._spot(event), name=event.anchor)

    def _open(self, event: yaml.NodeEvent, container: Table | Series) -> None:
        self._plain(event)
        if len(self._stack) >= DEPTH:
            self._refuse("catalogue.too-deep", container.spot, limit=DEPTH)
        self._place(container, container.spot)
        self._stack.append(container)
        self._keys.append(None)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        spot = self._spot(event)
        plain = not event.style  # None or an empty text, as the parser is in Python or in C
        value = None if plain and event.value in _NULL else event.value
        if self._stack and isinstance(self._stack[-1], Table) and self._keys[-1] is None:
            if value is None:
                self._refuse("catalogue.key-not-text", spot)
            first = self._stack[-1].spots.get(value)
            if first is not None:
                self._refuse("catalogue.duplicate-yaml-key", spot, key=value, line=first.line)
            self._keys[-1] = (value, spot)
            return
        self._place(value, spot)

    def _place(self, value: object, spot: Spot) -> None:
        if not self._stack:
            self.root = value
            return
        parent = self._stack[-1]
        if isinstance(parent, Series):
            parent.append(value)
            parent.spots.append(spot)
            return
        waiting = self._keys[-1]
        if waiting is None:
            self._refuse("catalogue.key-not-text", spot)
        parent.put(waiting[0], value, waiting[1])
        self._keys[-1] = None
