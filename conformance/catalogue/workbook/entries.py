"""Lines put together: one entry a requirement, with its scenarios and proofs and the cell of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from conformance.catalogue.model import Profile
from conformance.catalogue.wording import digest_of, plain
from conformance.catalogue.workbook.layouts import PAIRS
from conformance.catalogue.workbook.reader import Book, Cell, Note
from conformance.errors import ProfileError

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,59}\Z")
_SEPARATORS = re.compile(r"[\s;,|]+")
_OWN = ("SC.", "CH.")
_ALONE = re.compile(r"\d+(?:\.\d+)*\Z")


@dataclass(slots=True)
class Part:
    """A scenario or a proof: its number, its text, its cell; the proofs of a scenario by number."""

    id: str
    text: str
    where: str
    proofs: dict[str, Part] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """A requirement as the workbook has it. `cells` holds its own columns (statement, scope, nature...) by role."""

    key: str
    id: str
    wave: str
    where: str
    cells: dict[str, Cell] = field(default_factory=dict)
    scenarios: dict[str, Part] = field(default_factory=dict)
    every_row: bool = True

    @property
    def statement(self) -> str:
        """The official text, without HTML."""
        return plain(self.cells["statement"].text) if "statement" in self.cells else ""

    def at(self, role: str) -> str:
        """The cell of a role, else that of the number."""
        return self.cells[role].where if role in self.cells else self.where


_COMPARED = frozenset({"statement", "scope", "nature"})
_KEPT = ("statement", "scope", "nature", "conditional", "block", "function", "comment")


def entries(book: Book, profile: Profile, wave: str | None = None) -> tuple[dict[str, Entry], tuple[Note, ...]]:
    """The requirements of a workbook by key (`PFI/va2/MSS/CONF.01`), and what is odd.

    `wave` is that of lines that do not say it. Raises ProfileError (sheet and cell) on a number that is none, or when
    no line holds a requirement.
    """
    found: dict[str, Entry] = {}
    notes: list[Note] = []
    for sheet in book.sheets:
        current: Entry | None = None
        scenarios: list[Part] = []
        obsolete = False
        for line in sheet.lines:
            number = line.get("id")
            if number is not None:
                obsolete = "obsol" in (line["status"].text.casefold() if "status" in line else "")
                if obsolete:
                    notes.append(Note("obsolete", number.where, {"id": number.text}))
            if obsolete:
                continue
            if number is not None:
                named = _entry(number, line, profile, wave, sheet.layout.every_row)
                if current is None or named.key != current.key:
                    current, scenarios = found.setdefault(named.key, named), []
            if current is None:
                notes.append(Note("orphan", next(iter(line.values())).where))
                continue
            _cells(current, line, notes)
            scenarios = _scenarios(current, line) or scenarios
            _proofs(current, line, scenarios, notes)
    if not found:
        raise ProfileError("workbook.no-rows", where=", ".join(sheet.name for sheet in book.sheets))
    return found, tuple(notes)


def _entry(number: Cell, line: Mapping[str, Cell], profile: Profile, wave: str | None, every_row: bool) -> Entry:
    id = _reference(number, profile.dsr)
    told = _wave(line.get("perimeter")) or wave
    rows = [row for row in profile.requirements() if told in (None, row.wave)]
    if _ALONE.match(id):  # the export takes PSC for the three letters of a project
        families = {row.id[:4] for row in rows if re.match(r"[A-Z]{3}\.\d", row.id)}
        if len(families) != 1:
            raise ProfileError("workbook.bare-number", where=number.where, number=id)
        id = f"{families.pop()}{id}"
    known = sorted({row.wave for row in rows if row.id == id})
    if told is None and len(known) > 1:
        raise ProfileError("workbook.which-wave", where=number.where, number=id, waves=", ".join(known))
    chosen = told or (known[0] if known else _wave_of(id))
    return Entry(f"{profile.dsr}/{chosen}/{id}", id, chosen, number.where, every_row=every_row)


def _wave(perimeter: Cell | None) -> str | None:
    found = re.search(r"[1-9]", perimeter.text) if perimeter is not None else None
    return f"va{found[0]}" if found else None


def _wave_of(id: str) -> str:
    return "va1" if "/va1." in id else "va2"


def _reference(cell: Cell, dsr: str, whole: str = "") -> str:
    """A number without the prefix of a project; `whole` is the requirement's, to complete one cut too short."""
    id = cell.text
    for prefix in (f"{dsr}.", *_OWN, f"{dsr}."):
        id = id.removeprefix(prefix)
    if whole and _ALONE.match(id) and "." in whole:
        id = f"{whole.split('.')[0]}.{id}"
    if not _REFERENCE.match(id):
        raise ProfileError("workbook.bad-number", where=cell.where, number=cell.text[:80])
    return id


def _cells(entry: Entry, line: Mapping[str, Cell], notes: list[Note]) -> None:
    for role in _KEPT:
        if role not in line:
            continue
        first = entry.cells.setdefault(role, line[role])
        if role not in _COMPARED or first.text == line[role].text:
            continue
        if digest_of(first.text) != digest_of(line[role].text):
            notes.append(Note("two-wordings", line[role].where, {"id": entry.id, "first": first.where}))


def _split(cell: Cell | None) -> list[Cell]:
    """The numbers of a cell, which may hold a list."""
    if cell is None:
        return []
    words = (word.strip("*•- ") for word in _SEPARATORS.split(cell.text))
    return [Cell(word, cell.where) for word in dict.fromkeys(words) if word]


def _shares(text: str, count: int) -> list[str]:
    """The text of each number of a list: a paragraph each when there are as many, else the whole for all."""
    whole = plain(text)
    parts = [part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]
    lines = whole.split("\n")
    for pieces in (parts, lines):
        if len(pieces) == count:
            return [plain(piece) for piece in pieces]
    return [whole] * count


def _scenarios(entry: Entry, line: Mapping[str, Cell]) -> list[Part]:
    numbers = _split(line.get("scenario"))
    texts = _shares(line["scenario-text"].text if "scenario-text" in line else "", len(numbers))
    pairs = zip(numbers, texts, strict=True)
    parts = (Part(_reference(n, entry.key.split("/")[0], entry.id), text, n.where) for n, text in pairs)
    return [entry.scenarios.setdefault(part.id, part) for part in parts]


def _proofs(entry: Entry, line: Mapping[str, Cell], scenarios: Iterable[Part], notes: list[Note]) -> None:
    owners = list(scenarios)
    for pair in range(1, PAIRS + 1):
        numbers = _split(line.get(f"proof {pair}"))
        told = line.get(f"proof-text {pair}")
        if numbers and not owners:
            notes.append(Note("orphan", numbers[0].where))
            continue
        for number, text in zip(numbers, _shares(told.text if told else "", len(numbers)), strict=True):
            id = _reference(number, entry.key.split("/")[0], entry.id)
            # In a list the number of a proof begins with that of its scenario; else it is the last one's.
            owner = next((s for s in owners if id.startswith(f"{s.id}.")), owners[-1])
            owner.proofs.setdefault(id, Part(id, text, number.where))
