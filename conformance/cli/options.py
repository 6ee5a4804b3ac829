"""Options that several commands share. `help` holds text ids, written out by `cli.help`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.catalogue.model import Requirement

Lang = Annotated[str | None, typer.Option("--lang", metavar="fr|en", help="cli.option.lang")]
Json = Annotated[bool, typer.Option("--json", help="cli.option.json")]
Dsr = Annotated[str, typer.Option("--dsr", metavar="DSR", help="cli.option.dsr")]
Wave = Annotated[str | None, typer.Option("--wave", metavar="va1|va2|all", help="cli.option.wave")]
Effort = Annotated[str | None, typer.Option("--effort", metavar="smoke|standard|full", help="cli.option.effort")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="cli.option.seed")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="cli.option.out")]

DSRS = ("PFI", "DPI", "RI", "SGL", "RIS", "LGO")
EFFORTS = ("smoke", "standard", "full")
WAVES = ("va1", "va2")


def effort_of(value: str | None) -> str:
    """An effort, `standard` when none was given; raises UsageError when it is not one of the three."""
    if value is None:
        return "standard"
    if value not in EFFORTS:
        raise UsageError("cli.unknown-effort", effort=value, known=", ".join(EFFORTS))
    return value


def waves_of(value: str, known: Sequence[str] = WAVES) -> tuple[str, ...]:
    """The waves that `va1`, `va2`, `va1,va2` or `all` (every known one) stand for; raises UsageError otherwise."""
    if value == "all":
        return tuple(known)
    waves = tuple(dict.fromkeys(value.split(",")))
    if not set(waves) <= set(WAVES):
        raise UsageError("cli.unknown-wave", wave=value)
    return waves


def dsr_of(value: str) -> str:
    """A DSR in capitals; raises UsageError when there is none of that name."""
    name = value.upper()
    if name not in DSRS:
        raise UsageError("cli.unknown-dsr", dsr=value, known=", ".join(DSRS))
    return name


def seed_of(value: str | None) -> int | None:
    """A seed from 0 to 2^63 - 1, or None when none was given; raises UsageError otherwise."""
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or int(value) >= 2**63:
        raise UsageError("cli.bad-seed", seed=value)
    return int(value)


def rows_of(words: Sequence[str], rows: Sequence[Requirement]) -> frozenset[str]:
    """The keys of the rows that words name: a key, an official id, or a family (`MSS`, `SSI/IAM`).

    Case does not matter; several words may stand in one, separated by commas. Raises UsageError, with the nearest
    name, for a word that names no row.
    """
    found: set[str] = set()
    for word in (part.strip() for whole in words for part in whole.split(",") if part.strip()):
        asked = word.casefold()
        named = {r.key for r in rows if asked in (r.key.casefold(), r.id.casefold(), r.section.casefold())}
        named |= {r.key for r in rows if r.id.casefold().startswith((f"{asked}/", f"{asked}."))}
        if not named:
            known = [r.id for r in rows]
            near = difflib.get_close_matches(word, known, n=3, cutoff=0.4) or known[:3]
            raise UsageError("cli.unknown-row", row=word, near=", ".join(near))
        found |= named
    return frozenset(found)
