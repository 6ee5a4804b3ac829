"""What a case sees of the pilot: recorded exchanges, deterministic ids, pending answers, failures."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

import pytest
from literal_pilot import http, literal

from conformance.bench.clock import Clock
from conformance.bench.pilot import PilotFace, Told
from conformance.bench.pilot.contract import Answer, Capabilities, PilotFault, Query, Status, Stimulus, answer
from conformance.bench.pilot.http import HttpPilot
from conformance.bench.recorder import Recorder
from conformance.bench.target import Timing
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange
from conformance.standards.pilot.observe import observe

FETCH: tuple[str, dict[str, Any]] = ("mail.fetch/1", {"mailbox": "p@x.fr"})


class Scripted:
    """A pilot that says what it is told to: statuses, bytes or faults, one a call."""

    transport: ClassVar[str] = "scripted"
    polls: ClassVar[bool] = True
    few_cases: ClassVar[bool] = False

    def __init__(self, *replies: Status | PilotFault) -> None:
        self.replies = list(replies)
        self.asked: list[str] = []

    async def capabilities(self) -> Capabilities:
        """One kind."""
        return Capabilities({"mail.fetch/1"})

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """The next reply."""
        return self._next(stimulus.id)

    async def query(self, query: Query) -> Answer:
        """The next reply."""
        return self._next(query.id)

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """The next reply, the last one for ever."""
        return self._next(id)

    async def close(self) -> None:
        """Nothing."""

    def _next(self, id: str) -> Answer:
        self.asked.append(id)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, PilotFault):
            raise reply
        return answer(json.dumps({"api": "pilot/1", "id": id, "status": reply.value}).encode(), id, None)


class Later(Scripted):
    """Like a person who said "later"."""

    polls: ClassVar[bool] = False


def told(pilot: Scripted | None, name: str = "step", wait: float = 1.0) -> tuple[Told, list[Exchange]]:
    """One stimulus of case w1-c2 of run ab12cd34."""
    heard: list[Exchange] = []
    face = PilotFace(pilot, Recorder(Clock(), heard.append), Timing(pilot=wait), run="ab12cd34")
    return asyncio.run(face.stimulate(*FETCH, {"ipp": "B1"}, "w1-c2", name)), heard


def test_request_and_answer_are_recorded() -> None:
    """Two exchanges on channel `pilot`, the answer quoting the request, with their facts."""
    result, heard = told(Scripted(Status.DONE))
    request, reply = heard
    assert result.exchanges == (request.id, reply.id)
    assert result.failure is None
    assert result.reply == reply.id
    assert result.answer is not None
    assert result.answer.status is Status.DONE
    assert [e.channel for e in heard] == ["pilot", "pilot"]
    assert [e.direction for e in heard] == [Direction.TO_VENDOR, Direction.FROM_VENDOR]
    assert reply.answers == request.id
    assert dict(reply.facts) == {
        "protocol": "pilot",
        "transport": "scripted",
        "event": "stimulus",
        "kind": "mail.fetch/1",
        "id": "ab12cd34-w1-c2-step",
        "status": "done",
    }
    assert [observe(e).kind for e in heard] == ["pilot-request", "pilot-answer"]
    seen = observe(request).value
    assert isinstance(seen, dict)
    assert seen["subject"] == {"ipp": "B1"}


def test_the_same_step_has_the_same_id_in_a_run_that_goes_on() -> None:
    """Ids are made of run, case and step; odd or long ones stay distinct, within the contract's alphabet."""
    face = PilotFace(None, Recorder(Clock(), lambda e: None), Timing(), run="ab12cd34")
    assert face.id("w1-c2", "step") == face.id("w1-c2", "step") == "ab12cd34-w1-c2-step"
    odd = {face.id("w1-c2", name) for name in ("a b", "a/b", "a_b", "é" * 300, "é" * 301)}
    assert len(odd) == 5
    assert all(len(id) <= 120 and id.isascii() and "/" not in id for id in odd)


def test_pending_is_asked_again_until_it_is_not() -> None:
    """Only the poll that ends it is recorded; its answer is the result."""
    pilot = Scripted(Status.PENDING, Status.PENDING, Status.DONE)
    result, heard = told(pilot)
    assert result.answer is not None
    assert result.answer.status is Status.DONE
    assert [e.facts["event"] for e in heard] == ["stimulus", "stimulus", "poll", "poll"]
    assert result.exchanges[-1] == heard[-1].id
    assert len(set(pilot.asked)) == 1


def test_pending_for_ever_is_a_failure() -> None:
    """At the end of `timing.pilot` the case goes on without it."""
    result, heard = told(Scripted(Status.PENDING), wait=0.3)
    assert result.failure == "pilot-pending"
    assert len(heard) == 2


def test_later_is_not_asked_again_at_once() -> None:
    """A person who said "later" is not waited for."""
    pilot = Later(Status.PENDING)
    result, _ = told(pilot, wait=30.0)
    assert result.failure == "pilot-pending"
    assert len(pilot.asked) == 1


@pytest.mark.parametrize(
    ("fault", "recorded"),
    [
        (PilotFault("pilot-unreachable", "refused"), 1),
        (PilotFault("pilot-timeout", "1 s"), 1),
        (PilotFault("pilot-garbage", "not-json", b"<html>"), 2),
        (PilotFault("pilot-schema", "$.id", b"{}"), 2),
    ],
)
def test_failures_are_told_and_what_was_heard_is_kept(fault: PilotFault, recorded: int) -> None:
    """Bytes heard are recorded with the failure; nothing is invented when none were."""
    result, heard = told(Scripted(fault))
    assert (result.failure, result.detail) == (fault.failure, fault.detail)
    assert len(heard) == len(result.exchanges) == recorded
    if recorded == 2:
        assert heard[1].facts["failure"] == fault.failure


def test_a_failure_while_pending() -> None:
    """An adapter that dies after `pending`."""
    result, heard = told(Scripted(Status.PENDING, PilotFault("pilot-unreachable", "cut")))
    assert result.failure == "pilot-unreachable"
    assert heard[-1].facts["event"] == "poll"
    assert result.reply is None


def test_unsupported_and_refused() -> None:
    """`unsupported` is a failure of the adapter, `refused` is an answer of the product."""
    assert told(Scripted(Status.UNSUPPORTED))[0].failure == "pilot-unsupported"
    refused, _ = told(Scripted(Status.REFUSED))
    assert refused.failure is None
    assert refused.answer is not None


def test_no_pilot() -> None:
    """Nothing is recorded, the failure says it."""
    assert told(None) == (Told((), "no-pilot"), [])


def test_a_payload_of_ours_that_breaks_its_schema_is_our_fault() -> None:
    """It is told before anything is sent."""
    heard: list[Exchange] = []
    face = PilotFace(Scripted(Status.DONE), Recorder(Clock(), heard.append), Timing())
    for kind, payload in (("mail.fetch/1", {}), ("mail.fetch/1", {"mailbox": "p@x.fr", "more": 1}), ("log.read/1", {})):
        with pytest.raises(InternalError):
            asyncio.run(face.stimulate(kind, payload, None, "c", "s"))
    assert heard == []


def test_a_secret_never_reaches_an_exchange() -> None:
    """The token goes on the wire; an adapter that echoes it finds it masked in what is recorded."""
    token = "very-secret-token"
    echo = {"api": "pilot/1", "id": "c-s", "status": "refused", "reason": f"bad {token}"}
    heard: list[Exchange] = []

    async def run(url: str) -> Told:
        recorder = Recorder(Clock(), heard.append, {"PILOT_TOKEN": token})
        face = PilotFace(HttpPilot(url, token), recorder, Timing())
        try:
            return await face.stimulate(*FETCH, None, "c", "s")
        finally:
            await face.close()

    with literal(http(json.dumps(echo).encode())) as server:
        assert asyncio.run(run(server.url)).failure is None
    assert token.encode() in server.seen[0]
    assert token not in "".join(str(e) for e in heard)
    assert b"{{secret:PILOT_TOKEN}}" in heard[1].body


def test_capabilities_are_recorded() -> None:
    """What the pilot says it has, with the bytes that said so; a failure is told."""
    heard: list[Exchange] = []
    said = b'{"api": "pilot/1", "kinds": ["log.read/1", "fax/1"]}'

    async def run(url: str) -> tuple[frozenset[str], str | None]:
        face = PilotFace(HttpPilot(url), Recorder(Clock(), heard.append), Timing())
        try:
            return await face.capabilities()
        finally:
            await face.close()

    with literal(http(said), http(b"<html>")) as server:
        assert asyncio.run(run(server.url)) == (frozenset({"log.read/1"}), None)
        assert asyncio.run(run(server.url)) == (frozenset(), "pilot-garbage")
    assert heard[1].body == said
    assert [e.facts["event"] for e in heard] == ["capabilities"] * 4
    assert heard[3].facts["failure"] == "pilot-garbage"
