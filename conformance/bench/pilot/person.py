"""A pilot that is a person at the terminal: one clear gesture at a time, answered in one word."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, Protocol, TextIO

from conformance.bench.pilot.contract import (
    API,
    Answer,
    Capabilities,
    PilotFault,
    Query,
    Status,
    Stimulus,
    answer,
)
from conformance.bench.pilot.kinds import Kind, kind_of, kinds
from conformance.standards.pilot.syntax import Garbage, read, write

KEPT = "pilot-person.jsonl"
PIECES = "pilot-person"
WORDS: Mapping[str, Status] = {
    "fait": Status.ACCEPTED,
    "f": Status.ACCEPTED,
    "done": Status.ACCEPTED,
    "d": Status.ACCEPTED,
    "refusé": Status.REFUSED,
    "refuse": Status.REFUSED,
    "r": Status.REFUSED,
    "refused": Status.REFUSED,
    "impossible": Status.UNSUPPORTED,
    "i": Status.UNSUPPORTED,
    "plus tard": Status.PENDING,
    "p": Status.PENDING,
    "later": Status.PENDING,
    "l": Status.PENDING,
}
"""What may be typed, in either language, and what it means."""

MEMBERS = frozenset({
    "birth_name", "given_names", "first_given", "birth", "sex", "place", "used_name", "used_given", "phone", "mail",
    "address", "matricule", "oid",
})  # fmt: skip
"""Members of a payload that a person is told by a name of their own language."""

READ_ON_SCREEN = "ipp"
"""The one member of the data that a person can tell: the number that the product gives to a patient it creates."""

MISTAKES = 5
"""Lines that mean nothing before the question is put off."""

ASKED = 20
"""Questions put to a person in one run: past them, the rest waits for the next one."""


class Speech(Protocol):
    """Gives the text of an id, its braces filled, in the language of the run."""

    def __call__(self, id: str, /, **values: object) -> str: ...


class PersonPilot:
    """Asks on `output` and reads `lines` (by default: the terminal).

    Answers but "later" are kept in `folder` (beside the journal), one JSON a line: a run that goes on, days later,
    finds them and asks only for the rest. Without a terminal nothing is asked and everything is pending. Files that
    a gesture needs are put in `folder`; queries are never asked of a person. `hush` is entered while a question
    stands, so that nothing else is written over it.
    """

    transport: ClassVar[str] = "person"
    polls: ClassVar[bool] = False
    few_cases: ClassVar[bool] = True

    def __init__(
        self,
        speech: Speech,
        *,
        folder: Path | None = None,
        lines: Callable[[], str] | None = None,
        output: TextIO | None = None,
        most: int = ASKED,
        hush: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._hush = hush
        self._speech = speech
        self._folder = folder
        self._lines = lines or (_typed if sys.stdin is not None and sys.stdin.isatty() else None)
        self._output = output or sys.stderr
        self._left = most
        self._turn = asyncio.Lock()
        self._torn = False
        self._kept = self._load()

    async def capabilities(self) -> Capabilities:
        """Every stimulus; a person is told one at a time and may say that it is impossible."""
        raw = write({"api": API, "kinds": [kind.name for kind in kinds().values() if kind.by_hand]})
        found = Capabilities(kind.name for kind in kinds().values() if kind.by_hand)
        found.raw = raw
        return found

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """Show the gesture and wait for the word; at once when the answer was kept."""
        async with self._turn:
            kept = self._kept.get(stimulus.id)
            if kept is not None:
                return kept
            if self._lines is None:
                return _answer(stimulus.id, Status.PENDING, self._speech("pilot.person.no-terminal"))
            if self._left <= 0:
                return _answer(stimulus.id, Status.PENDING, self._speech("pilot.person.enough"))
            self._left -= 1
            with self._hush():
                return await _aside(partial(self._ask, stimulus, self._lines))

    async def query(self, query: Query) -> Answer:
        """Never asked of a person."""
        return _answer(query.id, Status.UNSUPPORTED, self._speech("pilot.person.no-query"))

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """The answer kept, or pending."""
        return self._kept.get(id) or Answer(id, Status.PENDING)

    async def close(self) -> None:
        """Nothing is held."""

    def _ask(self, stimulus: Stimulus, lines: Callable[[], str]) -> Answer:
        kind = kind_of(stimulus.kind)
        values = {**dict.fromkeys(kind.payload["properties"], "-"), **self._shown(stimulus)}
        number = len(self._kept) + 1
        self._say("", self._speech("pilot.person.heading", number=number, kind=kind.name, id=stimulus.id))
        self._say(self._speech(kind.gesture, **values))
        self._say(self._speech("pilot.person.words"))
        for _ in range(MISTAKES):
            try:
                line = lines()
            except (EOFError, OSError):
                break
            word, _, reason = line.strip().partition(":")
            status = WORDS.get(" ".join(word.casefold().split()))
            if status is not None:
                told = self._told(kind, lines) if status is Status.ACCEPTED else {}
                return self._keep(stimulus, status, reason.strip()[:500], told)
            self._say(self._speech("pilot.person.words"))
        return _answer(stimulus.id, Status.PENDING, self._speech("pilot.person.put-off"))

    def _told(self, kind: Kind, lines: Callable[[], str]) -> dict[str, str]:
        """The number that the product gave to a patient, when the gesture makes one; nothing when it is not known."""
        asked = kind.data["properties"].get(READ_ON_SCREEN)
        if asked is None or READ_ON_SCREEN in kind.payload["properties"]:
            return {}
        self._say(self._speech("pilot.person.number"))
        try:
            number = lines().strip()
        except (EOFError, OSError):
            number = ""
        return {READ_ON_SCREEN: number} if 0 < len(number) <= asked["maxLength"] else {}

    def _shown(self, stimulus: Stimulus) -> dict[str, object]:
        """The payload for a human eye: lists in a row, contents in files."""
        shown: dict[str, object] = {}
        for name, value in stimulus.payload.items():
            if name == "base64":
                shown[name] = self._piece(stimulus.id, f"import.{stimulus.payload.get('format', 'bin')}", value)
            elif name == "attachments":
                shown[name] = ", ".join(self._piece(stimulus.id, a["name"], a["base64"]) for a in value) or "-"
            elif isinstance(value, list):
                shown[name] = ", ".join(map(str, value)) or "-"
            elif isinstance(value, dict):
                shown[name] = ", ".join(f"{self._member(k)} = {_in_a_row(v)}" for k, v in value.items())
            elif isinstance(value, bool):
                shown[name] = self._speech("pilot.person.yes" if value else "pilot.person.no")
            else:
                shown[name] = value
        return shown

    def _member(self, name: str) -> str:
        """What a person calls a member of the payload: its name when no text says better."""
        return self._speech(f"pilot.member.{name}") if name in MEMBERS else name

    def _piece(self, id: str, name: str, coded: str) -> str:
        """Put a content where a person can take it; its path."""
        if self._folder is None:
            return name
        place = self._folder / PIECES / id / (re.sub(r"[^\w.-]", "_", name).lstrip(".") or "piece")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(base64.b64decode(coded))
        except (OSError, binascii.Error) as error:
            raise PilotFault("pilot-unreachable", f"{place.name}: {error}") from None
        return str(place)

    def _say(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._output, flush=True)

    def _keep(self, stimulus: Stimulus, status: Status, reason: str, data: Mapping[str, str]) -> Answer:
        made = _answer(stimulus.id, status, reason, data)
        if status is Status.PENDING:
            return made
        self._kept[stimulus.id] = made
        if self._folder is not None:
            try:
                with (self._folder / KEPT).open("ab") as stream:
                    stream.write(b"\n" if self._torn else b"")
                    stream.write(made.raw + b"\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                self._torn = False
            except OSError as error:
                raise PilotFault("pilot-unreachable", f"{KEPT}: {error.strerror or error}") from None
        return made

    def _load(self) -> dict[str, Answer]:
        """Answers of an earlier part of the run; a line cut by a crash is asked again."""
        if self._folder is None or not (self._folder / KEPT).is_file():
            return {}
        found: dict[str, Answer] = {}
        whole = (self._folder / KEPT).read_bytes()
        self._torn = bool(whole) and not whole.endswith(b"\n")
        for raw in whole.splitlines():
            try:
                id = read(raw).get("id")
                if isinstance(id, str):
                    found[id] = answer(raw, id, None)
            except (Garbage, PilotFault):
                continue
        return found


def _typed() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _in_a_row(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


async def _aside(work: Callable[[], Answer]) -> Answer:
    """Do what waits for a person in a thread that nothing waits for when the run is stopped."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Answer] = loop.create_future()

    def settle(made: Answer | BaseException) -> None:
        if not ended.done():
            if isinstance(made, BaseException):
                ended.set_exception(made)
            else:
                ended.set_result(made)

    def run() -> None:
        made: Answer | BaseException
        try:
            made = work()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            made = error
        with suppress(RuntimeError):  # the loop is gone: the run was stopped
            loop.call_soon_threadsafe(settle, made)

    Thread(target=run, name="conformance-person", daemon=True).start()
    return await ended


def _answer(id: str, status: Status, reason: str = "", data: Mapping[str, str] | None = None) -> Answer:
    message: dict[str, Any] = {"api": API, "id": id, "status": status.value, "reason": reason}
    if data:
        message["data"] = dict(data)
    return Answer(
        id, status, reason, data=data or {}, raw=json.dumps(message, ensure_ascii=False, sort_keys=True).encode()
    )
