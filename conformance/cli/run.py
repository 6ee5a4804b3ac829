"""`conformance run`: audit a vendor's system, or go on with an audit that was cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from conformance.cli.options import Effort, Lang, Out, Seed, Wave, dsr_of, effort_of, rows_of, seed_of, waves_of
from conformance.cli.speech import t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.engine.run import RunRequest

PKI = Path(".conformance") / "pki"
"""The bench's throw-away authority, kept in the current folder so that a vendor installs its anchors once."""


def run(
    dsr: Annotated[str | None, typer.Option("--dsr", metavar="DSR", help="cli.option.dsr")] = None,
    wave: Wave = None,
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="cli.run.target")] = None,
    configuration: Annotated[
        str | None, typer.Option("--configuration", metavar="NAME", help="cli.run.configuration")
    ] = None,
    effort: Effort = None,
    seed: Seed = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ROW", help="cli.run.only")] = None,
    cases: Annotated[Path | None, typer.Option("--cases", metavar="PATH", help="cli.run.cases")] = None,
    out: Out = None,
    resume: Annotated[Path | None, typer.Option("--resume", metavar="DIR", help="cli.run.resume")] = None,
    lang: Lang = None,
) -> None:
    """Drive, listen, judge, write."""
    if resume is not None:
        given = {"--dsr": dsr, "--wave": wave, "--configuration": configuration}
        given |= {"--effort": effort, "--seed": seed, "--out": None if out is None else str(out)}
        given |= {"--only": None if not only else ",".join(only)}
        extra = [name for name, value in given.items() if value is not None]
        if extra:
            raise UsageError("cli.run.resume-alone", options=", ".join(extra))
        _go_on(resume, target, cases)
    if target is None:
        raise UsageError("cli.run.target-needed")
    request = _fresh(dsr, wave, target, configuration, effort_of(effort), seed_of(seed), cases, out, only or ())
    if configuration is None and len(request.target.configurations) > 1:
        from conformance.cli.several import begin

        begin(request, target)
    go(request)


def _fresh(
    dsr: str | None,
    wave: str | None,
    target: Path,
    configuration: str | None,
    effort: str,
    seed: int | None,
    cases: Path | None,
    out: Path | None,
    only: Sequence[str],
) -> RunRequest:
    """A new run as it is asked for."""
    import secrets

    from conformance.bench.clock import today
    from conformance.bench.target import load
    from conformance.catalogue.loader import load_profile
    from conformance.cli.ending import new_folder, remember
    from conformance.engine.run import RunRequest

    loaded = load(target)
    if configuration is not None:
        loaded = loaded.configured(configuration)
    name = dsr_of(dsr or loaded.dsr)
    if name != loaded.dsr:
        raise UsageError("cli.run.other-dsr", where=str(target), dsr=name, declared=loaded.dsr)
    if cases is not None and not cases.exists():
        raise UsageError("cli.no-such-path", path=cases)
    profile = load_profile(name)
    waves = loaded.waves if wave is None else waves_of(wave, [w.name for w in profile.waves])
    kept = rows_of(only, profile.requirements(waves))
    folder = new_folder(out, f"{name.lower()}-{today().isoformat()}")
    remember(folder, target=target, cases=cases)
    drawn = secrets.randbelow(2**31) if seed is None else seed
    return RunRequest(profile, waves, loaded, folder, today(), effort, drawn, cases, kept)


def _go_on(folder: Path, target: Path | None, cases: Path | None) -> NoReturn:
    """The rest of a run, or of the runs of a merged audit."""
    from conformance.audit.write import configurations
    from conformance.bench.target import load
    from conformance.cli.ending import remembered
    from conformance.cli.several import go_on

    described = configurations(folder)
    if described is None:
        go(_resumed(folder, target, cases))
    places = remembered(folder)
    path = target or places.get("target")
    if path is None:
        raise UsageError("cli.run.target-needed")
    go_on(folder, described, load(path), path, cases or places.get("cases"))


def _resumed(folder: Path, target: Path | None, cases: Path | None) -> RunRequest:
    """The rest of a run that was cut, as its journal says it was begun."""
    from datetime import date

    from conformance.audit.write import opening
    from conformance.bench.target import load
    from conformance.catalogue.loader import load_profile
    from conformance.cli.ending import remembered
    from conformance.engine.run import RunRequest
    from conformance.evidence.journal import Reader

    facts = opening(Reader(folder))
    places = remembered(folder)
    path = target or places.get("target")
    if path is None:
        raise UsageError("cli.run.target-needed")
    loaded = load(path)
    if facts["target"]["configuration"]:
        loaded = loaded.configured(facts["target"]["configuration"])
    return RunRequest(
        profile=load_profile(facts["dsr"]),
        waves=tuple(facts["waves"]),
        target=loaded,
        folder=folder,
        as_of=date.fromisoformat(facts["as_of"]),
        effort=facts["effort"],
        seed=facts["seed"],
        cases=cases or places.get("cases"),
        only=frozenset(facts["only"]),
        resume=True,
    )


def drive(request: RunRequest, named: Path | None = None) -> None:
    """Do a run facing the vendor's own system. `named` is the folder to resume from when it is not that of the run."""
    from conformance.bench.pki import Pki
    from conformance.cli.ending import resumable
    from conformance.cli.first.links import warn_of_names
    from conformance.cli.progress import display
    from conformance.engine.run import run as engine_run
    from conformance.services.facing import facing

    warn_of_names(request.target)
    with display() as shown, resumable(shown, named=named):
        laboratory = facing(request.target, Pki.load_or_create(PKI), t, folder=request.folder, hush=shown.hushed)
        engine_run(request, laboratory, shown.on_event)


def go(request: RunRequest) -> NoReturn:
    """Do a run facing the vendor's own system, and conclude."""
    from conformance.cli.ending import conclude

    drive(request)
    conclude(request.folder)
