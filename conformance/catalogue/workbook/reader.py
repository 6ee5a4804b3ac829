"""Reads the sheets of a workbook into lines: one mapping of role -> cell a line, whatever the layout.

Formulas are never evaluated, external links never followed, macros never run; what is hidden is left out and said.
"""

from __future__ import annotations

import datetime
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from conformance.catalogue.workbook.layouts import LAYOUTS, Layout, key
from conformance.catalogue.workbook.package import Package
from conformance.errors import ProfileError

ROWS = 20_000  # lines of one sheet that hold something
CELLS = 1_000_000  # cells of one sheet, empty ones included
LAST = 1_048_576  # the last line there can be
COLUMNS = 80
HEADERS = 30  # lines among which the headers are looked for
TEXT = 32_767  # characters a cell can hold

_LEAST = 4  # columns known by their headers from which a line is a line of headers, if incomplete
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell and its place (`Exigences!E12`)."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left out or is odd: the short id of its text, its place, what fills its braces."""

    id: str
    where: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of one sheet, in order: role -> cell, blank cells left out."""

    name: str
    layout: Layout
    lines: tuple[Mapping[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """What a workbook holds: its sheets of requirements, its date (ISO, may be empty) and what was left out."""

    sheets: tuple[Sheet, ...]
    date: str
    notes: tuple[Note, ...]


def read(package: Package) -> Book:
    """The sheets that hold requirements; raises ProfileError with sheet and cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl leaves out (validations, styles) is nothing that is read
        return _read(package)


def _read(package: Package) -> Book:
    notes = [Note(f"{name}-ignored", package.name) for name in ("macros", "links") if getattr(package, name)]
    book = _open(package)
    try:
        sheets: list[Sheet] = []
        hidden: list[str] = []
        incomplete: list[ProfileError] = []
        for worksheet in book.worksheets:
            if worksheet.sheet_state != "visible":
                hidden.append(worksheet.title)
                continue
            try:
                found = _sheet(worksheet, notes)
            except _Incomplete as error:
                incomplete.append(error.fault)
                continue
            if found is None:
                notes.append(Note("sheet-ignored", worksheet.title))
            else:
                sheets.append(found)
        date = book.properties.modified if book.properties is not None else None
    except ProfileError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile part does to the library, it is no workbook of ours
        raise ProfileError("workbook.broken", where=package.name, problem=_CONTROL.sub("", str(error))[:200]) from None
    finally:
        book.close()
    if not sheets:
        if incomplete:
            raise incomplete[0]
        id = "workbook.hidden-only" if hidden else "workbook.no-layout"
        raise ProfileError(id, where=package.name, sheets=", ".join(hidden or book.sheetnames))
    notes += (Note("sheet-hidden", name) for name in hidden)
    return Book(tuple(sheets), date.date().isoformat() if date else "", tuple(notes))


def _open(package: Package) -> Any:
    try:
        return load_workbook(io.BytesIO(package.content), read_only=True, keep_links=False, keep_vba=False)
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever its parsers do
        raise ProfileError("workbook.broken", where=package.name, problem=_CONTROL.sub("", str(error))[:200]) from None


class _Incomplete(Exception):
    """A line of headers with columns missing: told only when no sheet has them all."""

    def __init__(self, fault: ProfileError) -> None:
        self.fault = fault


def _sheet(worksheet: Any, notes: list[Note]) -> Sheet | None:
    rows = _rows(worksheet)
    first: list[tuple[int, Sequence[Any]]] = []
    for number, cells in rows:
        first.append((number, cells))
        if len(first) >= HEADERS:
            break
    head = _headers(worksheet.title, [(n, _texts(cells)) for n, cells in first])
    if head is None:
        return None
    layout, columns, last = head
    roles = layout.roles
    unknown = [t for t in _texts(next(c for n, c in first if n == last)) if t and key(t) not in roles]
    if unknown:
        notes.append(Note("columns-ignored", f"{worksheet.title}!{last}", {"columns": ", ".join(unknown)[:300]}))
    rest = [(n, c) for n, c in first if n > last]
    lines: list[Mapping[str, Cell]] = []
    for number, cells in _all(rest, rows):
        line = _line(worksheet.title, number, cells, columns)
        if line and not all(roles.get(key(cell.text)) == role for role, cell in line.items()):  # headers repeated
            lines.append(line)
    return Sheet(worksheet.title, layout, tuple(lines))


def _all(first: Iterable[Any], rest: Iterable[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    yield from first
    yield from rest


def _rows(worksheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """The lines that hold something, with their numbers."""
    held = cells = 0
    worksheet.reset_dimensions()  # what a sheet says of its own size is not believed
    before: Sequence[Any] | None = None
    for number, row in enumerate(worksheet.iter_rows(max_col=COLUMNS), start=1):
        if row is before and number <= LAST:  # one and the same tuple stands for all the lines that are absent
            continue
        before = row
        cells += sum(hasattr(cell, "row") for cell in row)  # those that are missing in the file have no place
        if cells > CELLS or number > LAST:
            raise ProfileError("workbook.too-many", where=f"{worksheet.title}!{number}", rows=ROWS, cells=CELLS)
        if not any(cell.value is not None for cell in row):
            continue
        held += 1
        if held > ROWS:
            raise ProfileError("workbook.too-many", where=f"{worksheet.title}!{number}", rows=ROWS, cells=CELLS)
        yield number, row


def _texts(cells: Sequence[Any]) -> list[str]:
    return [_text(cell.value) for cell in cells]


def _headers(sheet: str, lines: Sequence[tuple[int, list[str]]]) -> tuple[Layout, dict[int, str], int] | None:
    """The layout, the role of each column (from 0) and the number of the last line of headers."""
    best: tuple[int, Layout, int, frozenset[str]] | None = None
    for at, (number, texts) in enumerate(lines):
        below = lines[at + 1] if at + 1 < len(lines) and lines[at + 1][0] == number + 1 else None
        for layout in LAYOUTS:
            for under in (None, below):
                columns, twice = _columns(sheet, number, texts, under[1] if under else [], layout)
                missing = layout.required - set(columns.values())
                if not missing and twice is not None:
                    raise twice
                if not missing:
                    return layout, columns, under[0] if under else number
                if under is None and (best is None or len(columns) > best[0]):
                    best = (len(columns), layout, number, missing)
    if best is not None and best[0] >= _LEAST:
        _, layout, number, missing = best
        names = ", ".join(f"« {layout.header(role)} »" for role in sorted(missing))
        raise _Incomplete(
            ProfileError("workbook.missing-columns", where=f"{sheet}!{number}", layout=layout.name, columns=names)
        )
    return None


def _columns(
    sheet: str, number: int, texts: list[str], under: list[str], layout: Layout
) -> tuple[dict[int, str], ProfileError | None]:
    """The role of each column by its header, which may stand on either of two lines (merged cells); a header twice."""
    roles = layout.roles
    found: dict[int, str] = {}
    twice: ProfileError | None = None
    for column, text in enumerate(texts):
        below = under[column] if column < len(under) else ""
        role = roles.get(key(text)) or roles.get(key(below)) or roles.get(key(f"{text} {below}"))
        if role is None:
            continue
        if role in found.values():
            other = next(c for c, r in found.items() if r == role)
            places = f"{get_column_letter(other + 1)}{number}, {get_column_letter(column + 1)}{number}"
            fault = ProfileError("workbook.column-twice", where=f"{sheet}!{number}", column=text or below, cells=places)
            twice = twice or fault
        else:
            found[column] = role
    return found, twice


_COMPARED = frozenset({"id", "perimeter", "statement", "scope", "nature", "conditional", "scenario", "scenario-text"})


def _line(sheet: str, number: int, cells: Sequence[Any], columns: Mapping[int, str]) -> dict[str, Cell]:
    line: dict[str, Cell] = {}
    for column, role in columns.items():
        if column >= len(cells):
            continue
        where = f"{sheet}!{get_column_letter(column + 1)}{number}"
        if cells[column].data_type == "f":
            if role in _COMPARED or role.startswith("proof"):
                raise ProfileError("workbook.formula", where=where)
            continue
        text = _text(cells[column].value)
        if text:
            line[role] = Cell(text, where)
    return line


def _text(value: object) -> str:
    """What a cell shows: numbers without a decimal part are written without it; nothing invisible is kept."""
    match value:
        case None:
            return ""
        case bool():
            return "OUI" if value else "NON"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime.datetime() | datetime.date():
            return value.isoformat()[:10]
    return _CONTROL.sub("", str(value)[:TEXT]).replace("_x000D_", "").replace("\r\n", "\n").strip()
