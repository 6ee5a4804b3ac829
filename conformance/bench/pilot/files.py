"""A pilot that is a folder: a request is dropped in it, an answer is awaited."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import ClassVar

from conformance.bench import clock
from conformance.bench.pilot import contract
from conformance.bench.pilot.contract import Answer, Capabilities, PilotFault, Query, Status, Stimulus
from conformance.standards.pilot.syntax import LARGEST

REQUESTS, ANSWERS, CAPABLE = "requests", "answers", "capabilities.json"
LOOK = 0.1
"""Seconds between two looks."""


class FilesPilot:
    """`folder` holds `capabilities.json`, `requests/ID.json` (ours) and `answers/ID.json` (the adapter's).

    Files appear whole, by renaming: names that begin with a dot are still being written. A request whose answer is
    already there is not dropped again, so that a run that goes on finds it. Without an answer within `timeout`
    seconds the call is pending.
    """

    transport: ClassVar[str] = "files"
    polls: ClassVar[bool] = True
    few_cases: ClassVar[bool] = False

    def __init__(self, folder: Path, *, timeout: float = 10.0) -> None:
        self._folder = folder
        self._timeout = timeout

    async def capabilities(self) -> Capabilities:
        """See `Pilot`."""
        raw = await asyncio.to_thread(_read, self._folder / CAPABLE)
        if raw is None:
            raise PilotFault("pilot-unreachable", f"{self._folder.name}/{CAPABLE}: no such file")
        return contract.capabilities(raw)

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """See `Pilot`."""
        return await self._ask(stimulus)

    async def query(self, query: Query) -> Answer:
        """See `Pilot`."""
        return await self._ask(query)

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """See `Pilot`. No answer yet is `pending`."""
        raw = await asyncio.to_thread(_read, self._folder / ANSWERS / f"{id}.json")
        return Answer(id, Status.PENDING) if raw is None else contract.answer(raw, id, kind)

    async def close(self) -> None:
        """Nothing is held."""

    async def _ask(self, asked: Stimulus | Query) -> Answer:
        answer = await self.poll(asked.id, asked.kind)
        if answer.raw:
            return answer
        try:
            await asyncio.to_thread(_drop, self._folder, asked.id, contract.request(asked, call=True))
        except OSError as error:
            raise PilotFault("pilot-unreachable", f"{self._folder.name}: {error.strerror or error}") from None
        left = self._timeout
        while not answer.raw and left > 0:
            await clock.sleep(min(LOOK, left))
            left -= LOOK
            answer = await self.poll(asked.id, asked.kind)
        return answer


def _drop(folder: Path, id: str, raw: bytes) -> None:
    """Write a request that appears whole; one that is already there is left alone."""
    place = folder / REQUESTS
    place.mkdir(exist_ok=True)  # the folder itself is the adapter's to make
    (folder / ANSWERS).mkdir(exist_ok=True)
    final, draft = place / f"{id}.json", place / f".{id}.json"
    if final.exists():
        return
    with draft.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(final)


def _read(path: Path) -> bytes | None:
    """The bytes of a plain file, None when there is none; raises PilotFault."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise PilotFault("pilot-unreachable", f"{path.name}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise PilotFault("pilot-garbage", f"{path.name}: too-big: over {LARGEST} bytes", raw)
    return raw
