"""What a case sees of the pilot: every call recorded on channel `pilot`, pending answers waited for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from conformance.bench import clock
from conformance.bench.pilot import contract
from conformance.bench.pilot.base import CAPABILITIES, Pilot
from conformance.bench.pilot.contract import Answer, PilotFault, Query, Status, Stimulus
from conformance.bench.pilot.kinds import kind_of
from conformance.bench.recorder import Recorder
from conformance.bench.target import Timing
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange, Fact
from conformance.standards.pilot.syntax import write

CHANNEL = "pilot"
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
LONGEST_ID = 120


class Told(NamedTuple):
    """What came of one call: the exchanges recorded, in order, and the answer or a failure of `contract.FAILURES`.

    The first exchange is the request; the last one the answer, when one was heard.
    """

    exchanges: tuple[str, ...]
    result: Answer | str
    detail: str = ""

    @property
    def failure(self) -> str | None:
        """The failure, None when there is an answer to use."""
        return self.result if isinstance(self.result, str) else None

    @property
    def reply(self) -> str | None:
        """The exchange that carried the answer; None when there is none to use, or when it had no bytes."""
        return self.exchanges[-1] if isinstance(self.result, Answer) and self.result.raw else None

    @property
    def answer(self) -> Answer | None:
        """The answer, None when there is none to use."""
        return self.result if isinstance(self.result, Answer) else None


class PilotFace:
    """Calls a pilot for the cases of a run; `pilot` is None when the target has none.

    `run` is the id of the run: ids of stimuli are made of it, of the case and of the step, so that a run that goes on
    asks for the same thing once. A call that stays `pending` is polled for `timing.pilot` seconds.
    """

    def __init__(self, pilot: Pilot | None, recorder: Recorder, timing: Timing, *, run: str = "") -> None:
        self._pilot = pilot
        self._recorder = recorder
        self._wait = float(timing.pilot)
        self._run = run
        self.detail = ""
        """Why the last reading of capabilities failed, for a person."""

    @property
    def few_cases(self) -> bool:
        """Whether every call costs somebody's time."""
        return self._pilot is not None and self._pilot.few_cases

    async def capabilities(self) -> tuple[frozenset[str], str | None]:
        """The kinds the pilot says it has, and the failure when it could not say. Recorded."""
        if self._pilot is None:
            return frozenset(), "no-pilot"
        number = self._recorder.connection()
        asked = self._record(Direction.TO_VENDOR, number, CAPABILITIES, {"event": "capabilities"})
        try:
            found = await self._pilot.capabilities()
        except PilotFault as fault:
            self._heard(number, asked.id, fault.raw, {"event": "capabilities", "failure": fault.failure}, fault.detail)
            self.detail = fault.detail
            return frozenset(), fault.failure
        self._heard(number, asked.id, found.raw, {"event": "capabilities", "status": Status.DONE.value})
        return found, None

    async def stimulate(
        self, kind: str, payload: Mapping[str, Any], subject: Mapping[str, Any] | None, case_id: str, name: str
    ) -> Told:
        """Ask the product to act; raises InternalError for a payload that its schema refuses."""
        _own_payload(kind, payload, "stimulus", case_id)
        stimulus = Stimulus(self.id(case_id, name), kind, payload, subject or {})
        return await self._call(stimulus, lambda pilot: pilot.stimulate(stimulus))

    async def query(
        self, kind: str, payload: Mapping[str, Any], subject: Mapping[str, Any] | None, case_id: str, name: str
    ) -> Told:
        """Read what the product holds; raises InternalError for a payload that its schema refuses."""
        _own_payload(kind, payload, "query", case_id)
        query = Query(self.id(case_id, name), kind, payload, subject or {})
        return await self._call(query, lambda pilot: pilot.query(query))

    async def close(self) -> None:
        """Let go of the pilot."""
        if self._pilot is not None:
            await self._pilot.close()

    def id(self, case_id: str, name: str) -> str:
        """The id of a call: the same for the same step of the same case of the same run."""
        whole = "-".join(part for part in (self._run, case_id, name) if part)
        made = re.sub(r"[^A-Za-z0-9._-]", "_", whole).lstrip("._-")
        if made == whole and len(made) <= LONGEST_ID:
            return made
        return f"{made[: LONGEST_ID - 13]}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}".lstrip("-")

    async def _call(self, asked: Stimulus | Query, call: Callable[[Pilot], Awaitable[Answer]]) -> Told:
        if self._pilot is None:
            return Told((), "no-pilot")
        number = self._recorder.connection()
        facts: dict[str, Fact] = {"event": asked.call, "kind": asked.kind, "id": asked.id}
        made = [self._record(Direction.TO_VENDOR, number, contract.request(asked), facts).id]
        try:
            answer = await call(self._pilot)
        except PilotFault as fault:
            return self._failed(made, number, facts, fault)
        made += self._heard(number, made[0], answer.raw, facts | {"status": answer.status.value})
        if answer.status is not Status.PENDING:
            return _told(made, answer)
        return await self._poll(self._pilot, asked, made, number, answer)

    async def _poll(self, pilot: Pilot, asked: Stimulus | Query, made: list[str], number: int, last: Answer) -> Told:
        """Ask again until it is no longer pending. Only the poll that ended it is recorded."""
        end = self._recorder.clock.ms() + 1000 * self._wait
        pause = FIRST_PAUSE
        facts: dict[str, Fact] = {"event": "poll", "kind": asked.kind, "id": asked.id}
        question = write({"api": contract.API, "call": "poll", "id": asked.id})
        while pilot.polls and (left := (end - self._recorder.clock.ms()) / 1000) > 0:
            await clock.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                last = await pilot.poll(asked.id, asked.kind)
            except PilotFault as fault:
                made.append(self._record(Direction.TO_VENDOR, number, question, facts).id)
                return self._failed(made, number, facts, fault)
            if last.status is not Status.PENDING:
                made.append(self._record(Direction.TO_VENDOR, number, question, facts).id)
                made += self._heard(number, made[-1], last.raw, facts | {"status": last.status.value})
                return _told(made, last)
        return Told(tuple(made), "pilot-pending", last.reason)

    def _failed(self, made: list[str], number: int, facts: Mapping[str, Fact], fault: PilotFault) -> Told:
        made += self._heard(number, made[-1], fault.raw, {**facts, "failure": fault.failure}, fault.detail)
        return Told(tuple(made), fault.failure, fault.detail)

    def _heard(
        self, number: int, asked: str, raw: bytes, facts: Mapping[str, Fact], detail: str = ""
    ) -> tuple[str, ...]:
        """Record bytes heard; nothing when there were none."""
        if not raw:
            return ()
        told = {**facts, "detail": detail} if detail else facts
        return (self._record(Direction.FROM_VENDOR, number, raw, told, asked).id,)

    def _record(
        self, direction: Direction, number: int, body: bytes, facts: Mapping[str, Fact], answers: str | None = None
    ) -> Exchange:
        transport = "" if self._pilot is None else self._pilot.transport
        told: dict[str, Fact] = {"protocol": "pilot", "transport": transport, **facts}
        active = facts.get("event") != "query"
        return self._recorder.record(CHANNEL, direction, number, body, told, answers, active=active)


def _told(made: list[str], answer: Answer) -> Told:
    if answer.status is Status.UNSUPPORTED:
        return Told(tuple(made), "pilot-unsupported", answer.reason)
    return Told(tuple(made), answer)


def _own_payload(name: str, payload: Mapping[str, Any], role: str, case_id: str) -> None:
    kind = kind_of(name)
    if kind.role != role:
        raise InternalError("pilot.other-role", where=case_id, kind=name, role=kind.role)
    faults = kind.faults("payload", dict(payload))
    if faults:
        raise InternalError("pilot.bad-payload", where=case_id, kind=name, fault=faults[0])
