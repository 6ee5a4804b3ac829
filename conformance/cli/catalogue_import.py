"""`conformance catalogue import`: an official REM workbook against the profile, and the wording kept for reports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import DSRS, Json, Lang, dsr_of
from conformance.cli.speech import say, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.catalogue.workbook.changes import Change
    from conformance.catalogue.workbook.reader import Note

CHANGED = 1
OUT = Path(".conformance") / "import"

Wave = Annotated[str | None, typer.Option("--wave", metavar="va1|va2", help="workbook.option.wave")]


def import_(
    workbook: Annotated[Path, typer.Argument(metavar="WORKBOOK.xlsx", help="workbook.argument", show_default=False)],
    dsr: Annotated[str | None, typer.Option("--dsr", metavar="DSR", help="workbook.option.dsr")] = None,
    wave: Wave = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="workbook.option.out")] = OUT,
    wording: Annotated[Path | None, typer.Option("--wording", metavar="FILE", help="workbook.option.wording")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Tell what changed, write the wording file and the skeleton of new rows; exit 0 when nothing changed, else 1."""
    from conformance.catalogue import wording as wordings
    from conformance.catalogue.loader import load_profile
    from conformance.catalogue.workbook import changes as changing
    from conformance.catalogue.workbook import entries as entering
    from conformance.catalogue.workbook import package, reader, writing

    if wave not in (None, "va1", "va2"):
        raise UsageError("cli.unknown-wave", wave=wave)
    name = dsr_of(dsr) if dsr is not None else _dsr_of_name(workbook.name)
    profile = load_profile(name)
    opened = package.read(workbook)
    book = reader.read(opened)
    found, odd = entering.entries(book, profile, wave)
    place = wording or wordings.default_place(name)
    previous = wordings.load(place)
    told = changing.changes(found, profile, changing.shipped_digests(name), previous)
    version, date = writing.edition(workbook.name, book.date)
    writing.write_wording(place, name, opened.name, version, date, opened.sha256, found)
    new = [found[change.key] for change in told if change.kind is changing.Kind.NEW]
    skeleton = out / f"{name.lower()}-new-rows.yaml" if new else None
    if skeleton is not None:
        writing.write_skeleton(skeleton, profile, opened.name, new)
    notes = (*book.notes, *odd)
    if json_:
        summary = {
            "schema": "catalogue-import/1",
            "dsr": name,
            "workbook": opened.name,
            "sha256": opened.sha256,
            "version": version,
            "date": date,
            "layouts": sorted({sheet.layout.name for sheet in book.sheets}),
            "rows": len(found),
            "changes": [_change(change) for change in told],
            "notes": [{"note": n.id, "where": n.where, "text": _note(n)} for n in notes],
            "wording": str(place),
            "skeleton": str(skeleton) if skeleton is not None else None,
        }
        print(json.dumps(summary, ensure_ascii=False, sort_keys=True))
    else:
        layouts = ", ".join(dict.fromkeys(t(f"workbook.layout.{sheet.layout.name}") for sheet in book.sheets))
        say("workbook.read", workbook=opened.name, layout=layouts, rows=len(found), dsr=name, version=version)
        for note in notes:
            print(f"  {note.where}: {_note(note)}")
        _table(told)
        say("workbook.wrote-wording", path=place)
        if skeleton is not None:
            say("workbook.wrote-skeleton", path=skeleton, count=len(new))
    if told:
        raise typer.Exit(CHANGED)


def _dsr_of_name(file: str) -> str:
    """The DSR that the name of an export holds between underscores, else PFI, the first profile."""
    words = [word.upper() for word in re.split(r"[^A-Za-z]+", file)]
    return next((word for word in words if word in DSRS), DSRS[0])


def _change(change: Change) -> dict[str, str]:
    line = {"kind": change.kind.value, "key": change.key, "where": change.where}
    return {**line, "before": change.before, "after": change.after}


def _note(note: Note) -> str:
    return t(f"workbook.note.{note.id}", **note.values)


def _table(told: tuple[Change, ...]) -> None:
    """The changes as columns: what, which row, from what to what, and the cell."""
    print()
    if not told:
        say("workbook.nothing")
        return
    rows = [tuple(t(f"workbook.column.{name}") for name in ("kind", "row", "detail", "where"))]
    for change in told:
        detail = " -> ".join(part for part in (change.before, change.after) if part)
        rows.append((t(f"workbook.kind.{change.kind}"), change.key, detail, change.where))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]).rstrip())
    print()
    say("workbook.changed", count=len(told))
