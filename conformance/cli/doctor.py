"""`conformance doctor`: what a check depends on besides the documents, examined and told."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Json, Lang
from conformance.cli.speech import say, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.arbiters.cisis.inspect import Inspection, Problem

HOME = "CISIS_HOME"
SCHEMA = "doctor/1"
UNUSABLE = 1


def doctor(
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="cli.doctor.target")] = None,
    cisis: Annotated[Path | None, typer.Option("--cisis", metavar="DIR", help="cli.doctor.cisis")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Tell what stands and what is broken, of a target's links or of the official package; exit 1 when unusable."""
    if target is not None:
        _links(target, json_)
        if cisis is None:
            return
    from conformance.arbiters.cisis.inspect import inspect
    from conformance.arbiters.cisis.package import Package

    named = os.environ.get(HOME)
    path = cisis or (Path(named) if named else None)
    if path is None:
        raise UsageError("cli.doctor.both")
    seen = inspect(Package.open(path))
    engine = _engine()
    if json_:
        print(json.dumps(_as_json(seen, engine), ensure_ascii=False, sort_keys=True))
    else:
        _print(seen, engine)
    if engine is None or _unusable(seen):
        raise typer.Exit(UNUSABLE)


def _links(target: Path, json_: bool) -> None:
    from conformance.cli.first import links

    told, bad = links.examine(target)
    if json_:
        print(json.dumps({"schema": links.SCHEMA, "links": told}, ensure_ascii=False, sort_keys=True))
    else:
        links.show(told, bad, target)
    if bad:
        raise typer.Exit(UNUSABLE)


def _engine() -> str | None:
    """The version of SaxonC installed, without starting it."""
    try:
        return version("saxonche")
    except PackageNotFoundError:
        return None


def _unusable(seen: Inspection) -> int:
    return sum(problem.kind == "schematron" for problem in seen.problems)


def _print(seen: Inspection, engine: str | None) -> None:
    from conformance.arbiters.cisis import cache

    say("official.doctor.title", root=seen.root)
    commit = t("official.doctor.commit", commit=seen.commit) if seen.commit else t("official.doctor.no-commit")
    say("official.doctor.version", commit=commit, dated=_day(seen.dated), digest=seen.digest)
    say(
        "official.doctor.counts",
        schematrons=seen.schematrons,
        volets=seen.volets,
        asserts=seen.asserts,
        value_sets=seen.value_sets,
        terminologies=seen.terminologies,
        examples=seen.examples,
    )
    for name, asserts in seen.by_family:
        say("official.doctor.family", name=name, asserts=asserts)
    if engine is not None:
        say("official.doctor.saxon", version=f"SaxonC-HE {engine}")
    say("official.doctor.cache", folder=cache.folder())
    print()
    say("official.doctor.problems", count=len(seen.problems))
    for number, (_, alike) in enumerate(groupby(seen.problems, key=_sameness), 1):
        group = list(alike)
        print(f"{number:>3}. {_text('problem', group[0])}")
        for problem in group:
            say("official.doctor.where", where=_where(problem))
        say("official.doctor.effect", effect=_text("effect", group[0]))
        say("official.doctor.answer", answer=_text("answer", group[0]))
    print()
    if engine is None:
        say("official.doctor.no-engine")
    elif unusable := _unusable(seen):
        say("official.doctor.partly", count=unusable)
    else:
        say("official.doctor.able", root=seen.root)


def _sameness(problem: Problem) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Problems told together: those of which only the place differs."""
    return problem.kind, () if problem.kind == "letter-case" else problem.values


def _where(problem: Problem) -> str:
    real = dict(problem.values).get("real")
    return f"{problem.where} -> {real}" if real else problem.where


def _text(what: str, problem: Problem) -> str:
    return t(f"official.{what}.{problem.kind}", **dict(problem.values))


def _day(stamp: str) -> str:
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if len(stamp) >= 8 else t("official.doctor.no-date")


def _as_json(seen: Inspection, engine: str | None) -> dict[str, object]:
    from conformance.arbiters.cisis import cache

    problems = [
        {
            "kind": problem.kind,
            "where": problem.where,
            "harmless": problem.harmless,
            **{what: _text(what, problem) for what in ("problem", "effect", "answer")},
        }
        for problem in seen.problems
    ]
    told = {name: value for name, value in asdict(seen).items() if name != "problems"}
    return {
        **told,
        "schema": SCHEMA,
        "root": str(seen.root),
        "by_family": dict(seen.by_family),
        "engine": engine,
        "cache": str(cache.folder()),
        "problems": problems,
    }
