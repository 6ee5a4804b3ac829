"""`conformance selftest`: the bench faces its own defects; each must be caught, and nothing else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Dsr, Json, Lang, Seed, dsr_of, seed_of
from conformance.cli.speech import say, spoken

JOBS = 4
"""Vendors run side by side: a run mostly waits for silence."""

FAILED = 4
"""A bench that misses a defect or cries wolf is at fault itself."""


Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="cli.selftest.out")]


def selftest(
    dsr: Dsr = "PFI",
    seed: Seed = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="cli.selftest.only")] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=16, help="cli.selftest.jobs")] = JOBS,
    out: Out = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Run the sound vendor, then each defect."""
    from conformance.cli.ending import new_folder
    from conformance.selftest.matrix import Kill, Matrix, matrix

    def told(name: str, kill: Kill | None) -> None:
        if kill is not None and not json_:
            id = "cli.selftest.caught" if kill.caught else "cli.selftest.missed"
            says = kill.en if spoken() == "en" else kill.fr
            say(id, name=name, requirement=kill.requirement, by=", ".join(kill.by), says=says)
            if kill.collateral:
                say("cli.selftest.collateral", rows=", ".join(kill.collateral))

    def go(folder: Path) -> Matrix:
        names = frozenset(name for word in only or () for name in word.split(","))
        return matrix(dsr_of(dsr), folder, seed=seed_of(seed) or 0, only=names, jobs=jobs, on_defect=told)

    if out is None:
        with tempfile.TemporaryDirectory(prefix="conformance-selftest-") as folder:
            found = go(Path(folder))
    else:
        found = go(new_folder(out, "selftest"))
        (out / "selftest.json").write_text(json.dumps(found.to_json(), ensure_ascii=False) + "\n", encoding="utf-8")
    if json_:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        if found.false_alarms:
            say("cli.selftest.not-clean", count=len(found.false_alarms), rows=", ".join(found.false_alarms))
        else:
            say("cli.selftest.clean")
        say("cli.selftest.next", caught=found.caught, total=len(found.kills))
    raise typer.Exit(0 if found.passed else FAILED)
