"""`conformance pilot`: what may be asked of an adapter, and one call to see how it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conformance.cli.help import Command, Group
from conformance.cli.options import Json, Lang, dsr_of
from conformance.cli.speech import say, spoken, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.bench.pilot.face import Told
    from conformance.evidence.values import Exchange

NOT_OBEYED = 1
"""The adapter answered nothing to use: exit code of `try`."""

CAPABILITIES = "capabilities"
SHOWN = 2000

app = typer.Typer(cls=Group, help="cli.pilot.help", epilog="cli.pilot.epilog", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def _root(ctx: typer.Context, lang: Lang = None) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


def unlocked() -> dict[str, set[str]]:
    """Need of a kind (`pilot:mail.send/1`) -> keys of the requirements judged thanks to it."""
    from conformance.exercises import registry
    from conformance.properties import base as properties

    found: dict[str, set[str]] = {}
    for name in properties.names():
        judged = properties.get(name)
        needs = frozenset(judged.needs)
        if judged.exercise in registry.names():
            needs |= registry.get(judged.exercise).needs
        for need in needs:
            found.setdefault(need, set()).update(judged.requirements)
    return found


@app.command("kinds", cls=Command, help="cli.pilot.kinds.help")
def list_kinds(
    dsr: Annotated[str | None, typer.Option("--dsr", metavar="DSR", help="cli.pilot.kinds.dsr")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """One kind a line, and what it unlocks."""
    from conformance.bench.pilot.kinds import kinds

    start = "" if dsr is None else dsr_of(dsr) + "/"
    rows = unlocked()
    count = 0
    for kind in kinds().values():
        keys = sorted(key for key in rows.get(kind.need, ()) if key.startswith(start))
        if dsr is not None and not keys:
            continue
        count += 1
        if json_:
            line = {"kind": kind.name, "role": kind.role, "description": kind.description, "requirements": keys}
            print(json.dumps(line, ensure_ascii=False))
        else:
            print(
                f"{kind.name:<24} {t(f'cli.pilot.role.{kind.role}'):<8} {', '.join(keys) or t('cli.pilot.kinds.none')}"
            )
    if not json_:
        say("cli.pilot.kinds.next", count=count)


@app.command("try", cls=Command, help="cli.pilot.try.help")
def try_(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="cli.pilot.try.kind")],
    target: Annotated[Path, typer.Option("--target", metavar="FILE", help="cli.pilot.try.target")],
    payload: Annotated[str, typer.Option("--payload", metavar="JSON", help="cli.pilot.try.payload")] = "{}",
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="cli.pilot.try.id")] = None,
    lang: Lang = None,
) -> None:
    """One call; exit 1 when the pilot gives nothing to use."""
    import asyncio
    import secrets

    from conformance.bench.target import load

    asked = None if kind == CAPABILITIES else _payload(kind, payload)
    loaded = load(target)
    if loaded.pilot is None:
        raise UsageError("cli.pilot.no-pilot", where=str(target))
    heard: list[Exchange] = []
    told, able = asyncio.run(_one(loaded, kind, asked, id_ or f"try-{secrets.token_hex(4)}", heard.append))
    for exchange in heard:
        id = "cli.pilot.try.request" if exchange.direction == "to-vendor" else "cli.pilot.try.answer"
        say(id, body=_readable(exchange.body))
    _conclude(told, able)


def _payload(kind: str, text: str) -> dict[str, Any]:
    from conformance.bench.pilot.kinds import SUFFIX, kinds
    from conformance.standards.pilot.syntax import Garbage, read

    known = kinds()
    if kind not in known:
        near = get_close_matches(kind, [*known, CAPABILITIES], n=1, cutoff=0.3)
        raise UsageError("cli.pilot.unknown-kind", kind=kind, near=near[0] if near else "-")
    try:
        asked = read(text.encode("utf-8", "surrogateescape"))
    except Garbage as garbage:
        raise UsageError("cli.pilot.bad-json", reason=garbage) from None
    faults = known[kind].faults("payload", asked)
    if faults:
        file = kind.replace("/", "-") + SUFFIX
        raise UsageError("cli.pilot.bad-payload", kind=kind, fault=faults[0], file=file)
    return asked


async def _one(
    loaded: Any, kind: str, asked: Mapping[str, Any] | None, id: str, hear: Any
) -> tuple[Told, frozenset[str] | None]:
    from conformance.bench.clock import Clock
    from conformance.bench.pilot import PilotFace, Told, make
    from conformance.bench.pilot.kinds import kind_of
    from conformance.bench.recorder import Recorder

    pilot = make(loaded.pilot, loaded.secrets, t, timing=loaded.timing, folder=loaded.path.parent)
    face = PilotFace(pilot, Recorder(Clock(), hear, loaded.secrets), loaded.timing)
    try:
        if asked is None:
            able, failure = await face.capabilities()
            return Told((), failure or "", face.detail), able
        call = face.stimulate if kind_of(kind).role == "stimulus" else face.query
        return await call(kind, asked, None, "", id), None
    finally:
        await face.close()


def _readable(body: bytes) -> str:
    from conformance.audit.excerpt import visible

    text = body.decode("utf-8", "replace")
    return visible(text if len(text) <= SHOWN else text[:SHOWN] + " ...")


def _conclude(told: Told, able: frozenset[str] | None) -> None:
    from conformance.bench.pilot.kinds import kinds
    from conformance.texts import all_texts

    if told.failure:
        denied = any(f"HTTP {status}" in told.detail for status in (401, 403))
        id = "pilot.failure.denied" if denied else f"pilot.failure.{told.failure}"
        print(t(id, detail=told.detail or "-"))
        print(t("texts.remedy", remedy=all_texts()[id].remedy(spoken())))
        raise typer.Exit(NOT_OBEYED)
    if able is not None:
        say("cli.pilot.try.can", kinds=", ".join(sorted(able)) or "-")
        say("cli.pilot.try.cannot", kinds=", ".join(sorted(kinds().keys() - able)) or "-")
    elif told.answer is not None:
        say("cli.pilot.try.ok", status=told.answer.status.value)
