"""`conformance plan`: which rows a target lets the bench decide, and what each addition would unlock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Json, Lang, Wave, waves_of
from conformance.cli.speech import say, spoken, t

if TYPE_CHECKING:
    from conformance.bench.target import Target
    from conformance.engine.outlook import Outlook, RowOutlook

SCHEMA = "plan/1"


def plan(
    target: Annotated[Path, typer.Option("--target", metavar="FILE", help="cli.plan.target")],
    wave: Wave = None,
    all_: Annotated[bool, typer.Option("--all", help="cli.plan.all")] = False,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Rows by what can be expected of them, then what is missing, the most useful first."""
    from conformance.bench.target import load
    from conformance.catalogue.loader import load_profile, resolve_options
    from conformance.engine.outlook import outlook

    loaded = load(target)
    profile = load_profile(loaded.dsr)
    waves = loaded.waves if wave is None else waves_of(wave, [w.name for w in profile.waves])
    kinds, failure = capabilities(loaded)
    found = outlook(
        profile,
        waves,
        options=resolve_options(profile.options, loaded.options),
        claims=loaded.claims,
        available=loaded.available | {f"pilot:{kind}" for kind in kinds},
    )
    if json_:
        print(json.dumps(_as_json(found, failure), ensure_ascii=False, sort_keys=True))
        return
    say(
        "cli.plan.title",
        product=loaded.vendor.product,
        dsr=loaded.dsr,
        waves=" + ".join(waves),
        count=len(found.rows),
    )
    _print(found, every=all_)
    if failure is not None:
        print()
        say("cli.plan.pilot-mute", failure=failure)
    print()
    say("cli.plan.next", target=target)


def capabilities(target: Target) -> tuple[frozenset[str], str | None]:
    """What the pilot of a target says it can do, and why it could not say (None: it did, or there is none)."""
    import asyncio

    from conformance.bench.pilot import make
    from conformance.bench.pilot.contract import PilotFault

    pilot = make(target.pilot, target.secrets, t, timing=target.timing)
    if pilot is None:
        return frozenset(), None

    async def ask() -> frozenset[str]:
        try:
            return frozenset(await pilot.capabilities())
        finally:
            await pilot.close()

    try:
        return asyncio.run(ask()), None
    except PilotFault as fault:
        return frozenset(), fault.failure


def _print(found: Outlook, *, every: bool) -> None:
    from conformance.engine.outlook import Prospect

    for prospect in Prospect:
        rows = [one for one in found.rows if one.prospect is prospect]
        if not rows:
            continue
        print()
        print(f"{len(rows):>4}  {t(f'cli.plan.prospect.{prospect}')}")
        if every or prospect not in (Prospect.PROOF, Prospect.NOT_YET, Prospect.NOT_APPLICABLE):
            for one in rows:
                print(_line(one))
    if not found.unlocks:
        return
    print()
    say("cli.plan.unlocks")
    for unlock in found.unlocks:
        say("cli.plan.unlock", need=unlock.need, alone=len(unlock.alone), together=len(unlock.together))
        what, _, name = unlock.need.partition(":")
        if what != "pilot":
            say(f"cli.plan.how.{what}", name=name)
    asked = [unlock.need for unlock in found.unlocks if unlock.need.startswith("pilot:")]
    if asked:
        unlocked = sum(bool(one.missing) and set(one.missing) <= set(asked) for one in found.rows)
        say("cli.plan.how.pilot", rows=unlocked)


def _line(one: RowOutlook) -> str:
    row = one.row
    line = f"      {row.wave} {row.id:<14} {row.heading(spoken())}"
    return f"{line}\n      {'':<18} {', '.join(one.missing)}" if one.missing else line


def _as_json(found: Outlook, failure: str | None) -> dict[str, object]:
    from conformance.engine.outlook import Prospect

    return {
        "schema": SCHEMA,
        "pilot": failure,
        "counts": {prospect.value: found.count(prospect) for prospect in Prospect},
        "rows": [
            {
                "key": one.row.key,
                "prospect": one.prospect.value,
                "missing": list(one.missing),
                "exercises": list(one.exercises),
            }
            for one in found.rows
        ],
        "unlocks": [
            {"need": one.need, "alone": list(one.alone), "together": list(one.together)} for one in found.unlocks
        ],
    }
