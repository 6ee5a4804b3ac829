"""The registry of the document rows, and their codes."""

from __future__ import annotations

from collections.abc import Callable

from conformance.errors import InternalError
from conformance.evidence.codes import table
from conformance.properties.captured.values import Judge, Row

CODES = table(__package__)

_rows: dict[str, Row] = {}


def register(
    name: str,
    requirements: tuple[str, ...],
    *,
    clause: str,
    needs: str,
    codes: set[str],
    rules: bool = False,
    partial: bool = False,
) -> Callable[[Judge], Judge]:
    """Decorate a judge to make it a row of that name; raises InternalError on a duplicate."""

    def add(judge: Judge) -> Judge:
        if name in _rows:
            raise InternalError("properties.duplicate", name=name)
        _rows[name] = Row(name, requirements, clause, needs, frozenset(codes), judge, rules, partial)
        return judge

    return add


def rows() -> tuple[Row, ...]:
    """Every row, in the order of their names."""
    from conformance.properties.captured import content, exchanges, forms  # noqa: F401 - they fill the registry

    return tuple(_rows[name] for name in sorted(_rows))


def of(dsr: str, wave: str | None = None) -> tuple[tuple[str, Row], ...]:
    """(requirement key, row) of a DSR, of one wave when one is given, in the order of the keys."""
    found = [
        (key, row)
        for row in rows()
        for key in row.requirements
        if key.startswith(f"{dsr}/") and (wave is None or key.startswith(f"{dsr}/{wave}/"))
    ]
    return tuple(sorted(found, key=lambda pair: pair[0]))
