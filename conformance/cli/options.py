"""Options that several commands share. `help` holds text ids, written out by `cli.help`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.errors import UsageError

Lang = Annotated[str | None, typer.Option("--lang", metavar="fr|en", help="cli.option.lang")]
Json = Annotated[bool, typer.Option("--json", help="cli.option.json")]
Dsr = Annotated[str, typer.Option("--dsr", metavar="DSR", help="cli.option.dsr")]
Wave = Annotated[str, typer.Option("--wave", metavar="va1|va2|all", help="cli.option.wave")]
Effort = Annotated[str, typer.Option("--effort", metavar="smoke|standard|full", help="cli.option.effort")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="cli.option.seed")]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="cli.option.out")]

EFFORTS = ("smoke", "standard", "full")
WAVES = ("va1", "va2")


def effort_of(value: str) -> str:
    """An effort; raises UsageError when it is not one of the three."""
    if value not in EFFORTS:
        raise UsageError("cli.unknown-effort", effort=value, known=", ".join(EFFORTS))
    return value


def waves_of(value: str) -> tuple[str, ...]:
    """The waves that `va1`, `va2`, `va1,va2` or `all` stand for; raises UsageError otherwise."""
    if value == "all":
        return WAVES
    waves = tuple(dict.fromkeys(value.split(",")))
    if not set(waves) <= set(WAVES):
        raise UsageError("cli.unknown-wave", wave=value)
    return waves


def seed_of(value: str | None) -> int | None:
    """A seed from 0 to 2^63 - 1, or None when none was given; raises UsageError otherwise."""
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or int(value) >= 2**63:
        raise UsageError("cli.bad-seed", seed=value)
    return int(value)
