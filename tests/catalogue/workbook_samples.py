"""Workbooks made in each official layout from the profile itself: what the ANS would export if nothing had changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Level, Requirement

PROFILE = load_profile("PFI")

CONVERGENCE = [
    "Périmètre", "ID", "Chapitre", "Fonction", "Exigence", "Commentaire", "Profil", "N° scénario",
    "Scénario de conformité", "N° preuve", "Preuve", "Profil historique", "Criticité", "Ordre",
]  # fmt: skip
_PAIRS = [name for n in range(1, 11) for name in (f"N° preuve {n}", f"Preuve {n}")]
REM_34 = [
    "Périmètre", "ID", "Chapitre", "Fonction", "Exigence", "Commentaire", "Nature de l'exigence", "Profil",
    "N° scénario", "Scénario de conformité", *_PAIRS, "Statut publication", "VA N-1", "Criticité", "Ordre",
]  # fmt: skip
PREPUBLICATION = [
    "bon pour publication", "référence exigence", "référence cas de test", "référence exigence socle",
    "points de vérification", "Note interne", "Rem Ségur",
]  # fmt: skip
REM_31 = [
    "Exigence conditionnelle OUI/NON", "Profil", "ID Section", "Section", "Bloc", "Fonction", "Nature de l'exigence",
    "N° exigence", "Énoncé de l'exigence (DOIT) ou de la préconisation (PEUT)", "N° scénario",
    "Scénario de conformité", *_PAIRS,
]  # fmt: skip

Lines = list[list[Any]]


def statement(row: Requirement) -> str:
    """Words of our own that stand for the official ones."""
    return f"Le système DOIT, pour {row.id} : {row.title}."


def convergence(rows: Iterable[Requirement] | None = None) -> Lines:
    """One line a proof, everything repeated, HTML in the texts, PSC cut off, rows without scenario absent."""
    lines: Lines = [list(CONVERGENCE)]
    for order, row in enumerate(rows or PROFILE.requirements()):
        short = row.id.removeprefix("PSC.")
        for scenario in (s for s in row.scenarios if s.id):
            for proof in scenario.proofs or (None,):
                lines.append(
                    [
                        f"Vague {row.wave[-1]}",
                        short,
                        "Bloc",
                        "Fonction",
                        f'<p class="mb-1">{statement(row)}</p>',
                        "",
                        row.scope,
                        scenario.id.removeprefix("PSC."),
                        "<p>D&eacute;roul&eacute;</p>",
                        (proof.id or "").removeprefix("PSC.") if proof else None,
                        "<ul><li>Vid&eacute;o</li></ul>" if proof else None,
                        "",
                        "Majeure",
                        str(order),
                    ]
                )
    return lines


def rem_34(rows: Iterable[Requirement] | None = None, extra: Sequence[str] = ()) -> Lines:
    """One line a scenario, up to ten proofs beside it, prefixes of the project kept."""
    lines: Lines = [[*REM_34, *extra]]
    for order, row in enumerate(rows or PROFILE.requirements()):
        for scenario in [s for s in row.scenarios if s.id] or [None]:
            pairs = [
                text for p in (scenario.proofs if scenario else ()) for text in (f"SC.{p.id}" if p.id else "", "x")
            ]
            lines.append(
                [
                    f"Vague {row.wave[-1]}",
                    f"PFI.{row.id}",
                    "Bloc",
                    "Fonction",
                    statement(row),
                    None,
                    "PRECONISATION" if row.level is Level.MAY else "EXIGENCE",
                    row.scope,
                    scenario.id if scenario else None,
                    "Déroulé" if scenario else None,
                    *pairs,
                    *[None] * (20 - len(pairs)),
                    "Approuvée",
                    row.ref,
                    "Majeure",
                    order,
                    *extra,
                ]
            )
    return lines


def rem_31(rows: Iterable[Requirement] | None = None, extra: Sequence[str] = ()) -> Lines:
    """The former model: no perimeter, a column that says whether the row is conditional."""
    lines: Lines = [[*REM_31, *extra]]
    for row in rows or PROFILE.requirements():
        for scenario in [s for s in row.scenarios if s.id] or [None]:
            pairs = [text for p in (scenario.proofs if scenario else ()) for text in (p.id, "x")]
            lines.append(
                [
                    "NON" if row.scope == "Général" else "OUI",
                    row.scope,
                    row.section,
                    "Section",
                    "Bloc",
                    "Fonction",
                    "PRECONISATION" if row.level is Level.MAY else "EXIGENCE",
                    row.id,
                    statement(row),
                    scenario.id if scenario else None,
                    "Déroulé" if scenario else None,
                    *pairs,
                    *[None] * (20 - len(pairs)),
                    *extra,
                ]
            )
    return lines


def save(place: Path, lines: Lines, change: Callable[[Workbook], None] | None = None) -> Path:
    """Write lines in a sheet `Exigences`, change the workbook, and save it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Exigences"
    for line in lines:
        sheet.append(line)
    if change is not None:
        change(book)
    book.save(place)
    return place


def column(lines: Lines, name: str) -> int:
    """Where a column is, from 0."""
    return lines[0].index(name)


def line_of(lines: Lines, id: str) -> int:
    """The first line, from 0, whose own number is this one (with or without a prefix)."""
    at = next(c for c in ("ID", "N° exigence") if c in lines[0])
    return next(n for n, line in enumerate(lines) if str(line[lines[0].index(at)]).removeprefix("PFI.") == id)
