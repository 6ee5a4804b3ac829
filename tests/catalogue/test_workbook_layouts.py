"""Official workbooks in each layout, with the quirks of each: what changed has its cell, and nothing else did."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from workbook_samples import (
    CONVERGENCE,
    PREPUBLICATION,
    PROFILE,
    REM_31,
    REM_34,
    Lines,
    column,
    convergence,
    line_of,
    rem_31,
    rem_34,
    save,
    statement,
)

from conformance.catalogue.wording import digest_of, normalised, plain
from conformance.catalogue.workbook import changes as changing
from conformance.catalogue.workbook import package, reader
from conformance.catalogue.workbook.changes import Change, Kind
from conformance.catalogue.workbook.entries import Entry, entries
from conformance.catalogue.workbook.reader import Note
from conformance.errors import ProfileError

DIGESTS = {row.key: digest_of(statement(row)) for row in PROFILE.requirements()}
LAYOUTS: dict[str, Callable[[], Lines]] = {
    "convergence": convergence,
    "rem-34": rem_34,
    "rem-41": lambda: rem_34(extra=PREPUBLICATION),
    "rem-31": rem_31,
    "rem-38": lambda: rem_31(extra=PREPUBLICATION),
}


def read(place: Path) -> tuple[dict[str, Entry], tuple[Note, ...]]:
    """The rows of a workbook and all that was odd."""
    book = reader.read(package.read(place))
    found, odd = entries(book, PROFILE)
    return found, (*book.notes, *odd)


def told(place: Path) -> tuple[Change, ...]:
    """What changed in a workbook."""
    return changing.changes(read(place)[0], PROFILE, DIGESTS, {})


@pytest.fixture(params=list(LAYOUTS))
def layout(request: pytest.FixtureRequest) -> str:
    """The name of each layout in turn."""
    return str(request.param)


def test_the_layouts_have_the_columns_that_are_published() -> None:
    """14, 34 or 41, 31 or 38 columns, and the former and current models are told apart."""
    assert [len(CONVERGENCE), len(REM_34), len(REM_34 + PREPUBLICATION)] == [14, 34, 41]
    assert [len(REM_31), len(REM_31 + PREPUBLICATION)] == [31, 38]


def test_an_unchanged_workbook_changes_nothing(tmp_path: Path, layout: str) -> None:
    """Every row of the profile is found again, HTML, prefixes and cut numbers notwithstanding."""
    place = save(tmp_path / "rem.xlsx", LAYOUTS[layout]())
    found, notes = read(place)
    expected = [r.key for r in PROFILE.requirements() if layout != "convergence" or any(s.id for s in r.scenarios)]
    assert list(found) == expected
    assert told(place) == ()
    assert notes == ()


def test_columns_may_stand_in_any_order(tmp_path: Path, layout: str) -> None:
    """Columns are found by their headers, of which case, accents and line breaks do not count."""
    lines = [list(reversed(line)) for line in LAYOUTS[layout]()]
    lines[0] = [header.upper().replace("É", "E").replace(" ", "\n") for header in lines[0]]
    assert told(save(tmp_path / "rem.xlsx", lines)) == ()


def test_titles_above_and_headers_on_two_lines_are_read(tmp_path: Path) -> None:
    """A title line, a blank line, then headers of which some are merged over two lines, and repeated further down."""
    lines = rem_34()
    head = lines[0]
    upper: list[object] = [None if name.startswith(("N° preuve", "Preuve")) else name for name in head]
    lower: list[object] = [name if name.startswith(("N° preuve", "Preuve")) else None for name in head]
    page: Lines = [["REM PFI"], [], upper, lower, *lines[1:40], head, *lines[40:]]
    assert told(save(tmp_path / "rem.xlsx", page)) == ()


def test_merged_cells_go_on_below(tmp_path: Path, layout: str) -> None:
    """A blank number, and blank cells of the requirement, are those of the line above; blank lines are skipped."""
    lines = LAYOUTS[layout]()
    own = [n for n, name in enumerate(lines[0]) if not name.startswith(("N° ", "Preuve", "Scénario"))]
    own.append(next(n for n, name in enumerate(lines[0]) if name in ("ID", "N° exigence")))
    page: Lines = [lines[0]]
    for before, line in pairwise(lines):
        same = before[own[-1]] == line[own[-1]] and before is not lines[0]
        page.append([None if same and n in own else value for n, value in enumerate(line)])
        page.append([])
    assert told(save(tmp_path / "rem.xlsx", page)) == ()


def test_scenarios_and_proofs_may_be_lists_in_one_cell(tmp_path: Path) -> None:
    """Several numbers in one cell, separated by line breaks or semicolons, each with its paragraph."""
    row = PROFILE.requirement("PFI/va2/SSI/IE.36")
    ids = [s.id for s in row.scenarios if s.id]
    proofs = [p.id for s in row.scenarios for p in s.proofs if p.id]
    line: list[object] = [None] * 34
    for name, value in {
        "Périmètre": "Vague 2", "ID": row.id, "Exigence": statement(row), "Profil": row.scope,
        "Nature de l'exigence": "EXIGENCE", "N° scénario": "\n".join(ids),
        "Scénario de conformité": "Premier déroulé\n\nSecond déroulé", "N° preuve 1": "; ".join(proofs),
    }.items():  # fmt: skip
        line[REM_34.index(name)] = value
    found, _ = read(save(tmp_path / "rem.xlsx", [list(REM_34), line]))
    entry = found[row.key]
    assert {s.id: (s.text, list(s.proofs)) for s in entry.scenarios.values()} == {
        "SSI/IE.36.01": ("Premier déroulé", ["SSI/IE.36.01.01"]),
        "SSI/IE.36.02": ("Second déroulé", ["SSI/IE.36.02.01"]),
    }


def test_what_is_hidden_or_elsewhere_is_left_out_and_said(tmp_path: Path) -> None:
    """A hidden sheet of requirements, a sheet of something else and a column of one's own are named."""
    lines = [[*line, "à moi"] for line in rem_34()]

    def more(book: object) -> None:
        hidden = book.create_sheet("Ancien")  # type: ignore[attr-defined]
        hidden.append(REM_34)
        hidden.sheet_state = "hidden"
        book.create_sheet("Lisez-moi").append(["Bonjour"])  # type: ignore[attr-defined]

    _, notes = read(save(tmp_path / "rem.xlsx", lines, more))
    assert [(n.id, n.where) for n in notes] == [
        ("columns-ignored", "Exigences!1"),
        ("sheet-ignored", "Lisez-moi"),
        ("sheet-hidden", "Ancien"),
    ]


def test_numbers_obsolete_rows_and_stray_lines(tmp_path: Path) -> None:
    """Numbers kept as numbers are read; an obsolete row is left out; a proof before any requirement is said."""
    lines = rem_34()
    lines[1][column(lines, "Ordre")] = 3.0
    lines[1][column(lines, "VA N-1")] = True
    stray: list[object] = [None] * 34
    stray[REM_34.index("N° preuve 1")] = "MSS/va1.03.01.01"
    gone = line_of(lines, "SSI/GEN.01")
    lines[gone][column(lines, "Statut publication")] = "Obsolète"
    place = save(tmp_path / "rem.xlsx", [lines[0], stray, *lines[1:]])
    _, notes = read(place)
    assert [(n.id, n.where) for n in notes] == [("orphan", "Exigences!K2"), ("obsolete", f"Exigences!B{gone + 2}")]
    assert [(c.kind, c.key) for c in told(place)] == [(Kind.REMOVED, "PFI/va2/SSI/GEN.01")]


def test_a_number_repeated_with_another_statement_is_said(tmp_path: Path) -> None:
    """The first statement is kept, the place of both is told."""
    lines = rem_34()
    at = line_of(lines, "SSI/IE.36")
    lines[at + 1][column(lines, "Exigence")] = "Tout autre chose."
    place = save(tmp_path / "rem.xlsx", lines)
    _, notes = read(place)
    where = f"Exigences!E{at + 2}"
    assert [(n.id, n.where, n.values["first"]) for n in notes] == [("two-wordings", where, f"Exigences!E{at + 1}")]
    assert told(place) == ()


def test_every_kind_of_change_has_its_cell(tmp_path: Path) -> None:
    """New, reworded, level, scope, scenarios and proofs: each with the sheet and the cell that show it."""
    lines = rem_34()
    at = line_of(lines, "SSI/GEN.01")
    lines[at][column(lines, "Exigence")] += " Et davantage."
    lines[at][column(lines, "Nature de l'exigence")] = "PRECONISATION"
    lines[at][column(lines, "Profil")] = "IAM"
    lines[at][column(lines, "N° scénario")] = "SSI/GEN.01.02"
    other = line_of(lines, "SSI/GEN.02")
    lines[other][column(lines, "N° preuve 1")] = "SSI/GEN.02.01.09"
    new: list[object] = [None] * 34
    for name, value in {"Périmètre": "Vague 2", "ID": "MSS/CONF.99", "Exigence": "DOIT", "Profil": "Général"}.items():
        new[REM_34.index(name)] = value
    found = told(save(tmp_path / "rem.xlsx", [*lines, new]))
    row = PROFILE.requirement("PFI/va2/SSI/GEN.01")
    two = PROFILE.requirement("PFI/va2/SSI/GEN.02")
    assert [(c.kind, c.key[8:], c.where) for c in found] == [
        (Kind.REWORDED, "SSI/GEN.01", f"Exigences!E{at + 1}"),
        (Kind.LEVEL, "SSI/GEN.01", f"Exigences!G{at + 1}"),
        (Kind.SCOPE, "SSI/GEN.01", f"Exigences!H{at + 1}"),
        (Kind.SCENARIO_REMOVED, "SSI/GEN.01", row.scenarios[0].where),
        (Kind.SCENARIO_ADDED, "SSI/GEN.01", f"Exigences!I{at + 1}"),
        (Kind.PROOF_REMOVED, "SSI/GEN.02", two.scenarios[0].where),
        (Kind.PROOF_ADDED, "SSI/GEN.02", f"Exigences!K{other + 1}"),
        (Kind.NEW, "MSS/CONF.99", f"Exigences!B{len(lines) + 1}"),
    ]


def test_the_former_model_tells_a_condition(tmp_path: Path) -> None:
    """A row that was for everyone and becomes conditional is a change of condition."""
    lines = rem_31()
    at = line_of(lines, "SSI/GEN.01")
    lines[at][0] = "OUI"
    (change,) = told(save(tmp_path / "rem.xlsx", lines))
    assert (change.kind, change.before, change.after) == (Kind.CONDITION, "NON", "OUI")
    assert change.where == f"Exigences!A{at + 1}"


def test_a_workbook_of_one_wave_says_nothing_of_the_other(tmp_path: Path) -> None:
    """Rows of wave 1 are not gone because a workbook is that of wave 2."""
    lines = rem_34(PROFILE.requirements(["va2"]))
    assert told(save(tmp_path / "rem.xlsx", lines)) == ()


def test_a_row_that_the_export_cannot_hold_is_not_gone(tmp_path: Path) -> None:
    """The Convergence export leaves out rows without scenario; a row with scenarios is missed."""
    lines = [line for line in convergence() if line[1] != "SSI/GEN.01"]
    assert [(c.kind, c.key) for c in told(save(tmp_path / "x.xlsx", lines))] == [(Kind.REMOVED, "PFI/va2/SSI/GEN.01")]


def test_a_new_row_cut_to_its_digits_is_one_of_psc(tmp_path: Path) -> None:
    """`03` in a Convergence export is PSC.03: the export took PSC for a project."""
    lines = convergence()
    lines.append(["Vague 2", "03", "", "", "<p>DOIT</p>", "", "Général", "03.01", "x", "03.01.01", "x", "", "", "9"])
    (change,) = told(save(tmp_path / "x.xlsx", lines))
    assert (change.kind, change.key) == (Kind.NEW, "PFI/va2/PSC.03")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<p class="mb-1">L&rsquo;&eacute;tat&nbsp;:</p><ul><li>a</li><li>b</li></ul>', "L'état :\n* a\n* b"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("1. a\n2) b", "- a\n• b"),
        ("<span>mot</span> &lt;UNIQUE&gt;", "mot <UNIQUE>"),
    ],
)
def test_presentation_does_not_count_in_a_digest(one: str, other: str) -> None:
    """HTML, list marks, typographic signs and spaces are no change of wording."""
    assert digest_of(one) == digest_of(other)


def test_words_and_markers_count_in_a_digest() -> None:
    """One word, or one marker between chevrons, is a change; tags do not hide text."""
    assert digest_of("Le système DOIT") != digest_of("Le système PEUT")
    assert digest_of("mot &lt;A&gt;") != digest_of("mot &lt;B&gt;")
    assert plain("<p>un</p><p>deux</p>") == "un\ndeux"
    assert normalised("a  b\u00a0;") == "a b;"


def test_a_missing_wave_is_asked_for(tmp_path: Path) -> None:
    """Without a perimeter, a number that is in no wave goes by its form."""
    row = PROFILE.requirement("PFI/va1/MSS/va1.03")
    lines = rem_31([row])
    lines[1][column(lines, "N° exigence")] = "MSS/va1.99"
    found, _ = read(save(tmp_path / "rem.xlsx", lines))
    assert list(found) == ["PFI/va1/MSS/va1.99"]


def test_a_bad_number_has_its_cell(tmp_path: Path) -> None:
    """A number that is none is refused with its sheet and cell."""
    lines = rem_34()
    lines[4][column(lines, "N° scénario")] = "((?"
    with pytest.raises(ProfileError) as caught:
        read(save(tmp_path / "rem.xlsx", lines))
    assert (caught.value.id, caught.value.where) == ("workbook.bad-number", "Exigences!I5")


@pytest.mark.corpus
def test_the_published_rows_change_nothing(tmp_path: Path, shared: Path) -> None:
    """A workbook of the published statements, scenarios and proofs differs in nothing from the profile shipped."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    lines: Lines = [list(REM_34)]
    for row in (row for row in rows if "PFI" in row["rem"]):
        own = row["rem"]["PFI"]
        text = own.get("statement") or row["statement"]
        nature = "PRECONISATION" if (own.get("level") or row["level"]) == "PEUT" else "EXIGENCE"
        scenarios = [s for s in row["scenarios"] if "PFI" in (s.get("rems") or ["PFI"])]
        for scenario in scenarios or [{"id": None, "text": None, "proofs": []}]:
            pairs = [value for proof in scenario["proofs"] for value in (proof["id"], proof["text"])]
            head = [f"Vague {row['wave'][-1]}", row["id"], "", "", text, "", nature, own["profile"]]
            lines.append([*head, scenario["id"], scenario["text"], *pairs])
    found, _ = read(save(tmp_path / "REM_PFI.xlsx", lines))
    assert len(found) == 100
    assert changing.changes(found, PROFILE, changing.shipped_digests("PFI"), {}) == ()
