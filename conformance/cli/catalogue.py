"""`conformance catalogue`: what the profiles hold, whether they are sound, and what is covered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.catalogue_import import import_
from conformance.cli.help import Command, Group
from conformance.cli.options import Json, Lang, Wave, dsr_of, waves_of
from conformance.cli.speech import say, spoken, t

if TYPE_CHECKING:
    from conformance.catalogue.model import Profile

UNSOUND = 2
"""A profile with a problem is a fault of configuration."""

app = typer.Typer(cls=Group, help="cli.catalogue.help", no_args_is_help=False)

OneDsr = Annotated[str | None, typer.Option("--dsr", metavar="DSR", help="cli.catalogue.dsr")]


@app.callback(invoke_without_command=True)
def _root(ctx: typer.Context, lang: Lang = None) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


def _profiles(dsr: str | None) -> tuple[Profile, ...]:
    from conformance.catalogue.loader import all_profiles, load_profile

    return all_profiles() if dsr is None else (load_profile(dsr_of(dsr)),)


@app.command("list", cls=Command, help="cli.catalogue.list.help")
def list_(dsr: OneDsr = None, wave: Wave = None, json_: Json = False, lang: Lang = None) -> None:
    """One line a requirement."""
    from conformance.catalogue.listing import list_rows

    count = 0
    for profile in _profiles(dsr):
        waves = None if wave is None else waves_of(wave)
        rows = list_rows(profile, waves)
        count += len(rows)
        if json_:
            for row in rows:
                print(json.dumps(row, ensure_ascii=False, sort_keys=True))
            continue
        for requirement in profile.requirements(waves):
            how = ", ".join(requirement.properties)
            print(f"{requirement.key:<26} {requirement.level.value:<11} {requirement.heading(spoken())}")
            if how:
                print(f"{'':<26} {t('cli.catalogue.judged-by', properties=how)}")
    if not json_:
        say("cli.catalogue.list.next", count=count)


@app.command("lint", cls=Command, help="cli.catalogue.lint.help")
def lint(dsr: OneDsr = None, json_: Json = False, lang: Lang = None) -> None:
    """Every problem, with its place; exit code 2 when there is one."""
    from conformance.catalogue.lint import lint as problems_of
    from conformance.properties import base as properties

    profiles = _profiles(dsr)
    problems = problems_of(profiles, properties.names(), alone=dsr is not None)
    for problem in problems:
        said = t(problem.text, **problem.values)
        if json_:
            line = {"code": problem.code, "where": problem.where, "key": problem.key, "text": said}
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(f"{problem.where}: {problem.code} {problem.key}: {said}")
    if problems:
        raise typer.Exit(UNSOUND)
    if not json_:
        say("cli.catalogue.sound", profiles=", ".join(profile.dsr for profile in profiles))


@app.command("coverage", cls=Command, help="cli.catalogue.coverage.help")
def coverage(dsr: OneDsr = None, json_: Json = False, lang: Lang = None) -> None:
    """How many rows are judged, attested, or not verified yet, by wave."""
    from conformance.catalogue.coverage import coverage as coverage_of

    for profile in _profiles(dsr):
        found = coverage_of(profile)
        for wave, counts in found.counts.items():
            if json_:
                line = {"dsr": found.dsr, "wave": wave, **{state.value: count for state, count in counts.items()}}
                print(json.dumps(line))
            else:
                parts = (f"{count} {t(f'cli.catalogue.state.{state}')}" for state, count in counts.items() if count)
                print(f"{found.dsr} {wave} : {', '.join(parts)}")


app.command("import", cls=Command, help="cli.catalogue.import.help", epilog="cli.catalogue.import.epilog")(import_)
