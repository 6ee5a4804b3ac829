"""The reference's pilot read by the bench's own: every answer obeys the contract of pilot/1."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Any

from access_peers import TOKEN, Access

from conformance.bench.clock import Clock
from conformance.bench.pilot import PilotFace
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.pilot.kinds import kind_of
from conformance.bench.recorder import Recorder
from conformance.bench.target import Timing
from conformance.evidence.values import Exchange

PASSWORD, OTHER = "Un-bon-mot-de-passe-1", "Un-meilleur-mot-de-passe-2"
PERSON = {"login": "dleroy", "family": "LEROY", "given": "Dominique", "permissions": ["lire"]}
BATCH = "login;family;given;mail;profession;rpps;permissions;active\nneuf;ESSAI;Jean;;;;lire;true\n"
STORY: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("account.create/1", {**PERSON, "password": PASSWORD}),
    ("account.update/1", {"login": "dleroy", "changes": {"mail": "neuf@banc.mssante.fr"}}),
    ("account.permissions/1", {"login": "dleroy", "add": ["ecrire"], "remove": ["lire"]}),
    ("account.password/1", {"login": "dleroy", "old": PASSWORD, "new": OTHER}),
    ("account.batch/1", {"format": "csv", "base64": base64.b64encode(BATCH.encode()).decode()}),
    ("account.sync/1", {}),
    ("login.psc/1", {"mode": "web"}),
    ("settings.set/1", {"name": "clock.days-forward", "value": "0"}),
    ("log.read/1", {"kind": "account"}),
    ("dashboard.read/1", {"from": "2026-01-01", "to": "2030-12-31"}),
    ("account.read/1", {"login": "dleroy"}),
    ("account.read/1", {"login": "personne"}),
    ("session.read/1", {"session": "aucune"}),
    ("account.delete/1", {"login": "dleroy"}),
)


def test_every_answer_of_the_reference_obeys_the_contract(access: Access) -> None:
    """Each kind about accounts ends `done` with data of its schema; a session lives from sign-in to sign-out."""
    heard: list[Exchange] = []
    recorder = Recorder(Clock(), heard.append, {"TOKEN": TOKEN})

    async def run() -> None:
        face = PilotFace(HttpPilot(access.pilot, TOKEN), recorder, Timing(pilot=20.0), run="ab12cd34")

        async def ask(kind: str, payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
            call = face.stimulate if kind_of(kind).role == "stimulus" else face.query
            told = await call(kind, payload, None, "c1", name)
            assert told.answer is not None, (kind, told)
            assert told.answer.status.value == "done", (kind, told)
            return told.answer.data

        try:
            able, failure = await face.capabilities()
            assert failure is None
            assert {kind for kind, _ in STORY} <= able
            for number, (kind, payload) in enumerate(STORY[:4]):
                await ask(kind, payload, f"first-{number}")
            signed = await ask("login.password/1", {"login": "dleroy", "password": OTHER}, "in")
            assert (await ask("session.read/1", signed, "who"))["login"] == "dleroy"
            await ask("logout/1", signed, "out")
            assert not await ask("session.read/1", signed, "nobody")
            for number, (kind, payload) in enumerate(STORY[4:]):
                await ask(kind, payload, f"then-{number}")
        finally:
            await face.close()

    asyncio.run(run())
    assert TOKEN not in "".join(str(e) for e in heard)
