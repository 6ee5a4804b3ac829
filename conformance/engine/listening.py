"""Listening without driving: ordinary use, or a recorded dump, judged by the properties that need no stimulus of ours.

What is heard is cut into windows by silence, and each window into conversations: what shares a document, a message, a
control id or a patient goes together. A row is never conform by listening alone: the classes of input it asks for were
not driven, and the audit says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.engine.judging import judge
from conformance.engine.plan import Plan, RunKey, Subscription, make
from conformance.engine.records import Records
from conformance.engine.run import MakeLab, RunRequest, context_of, open_run
from conformance.evidence.journal import Writer
from conformance.evidence.values import Binding, Context, Driven, Exchange, Heard, Observation
from conformance.exercises.base import NORMAL, Environment
from conformance.generation.binding import bind
from conformance.properties.base import get
from conformance.standards.observe import observe

NAME = "listen"
LINKS = frozenset({"mail.transport"})
"""Exercises whose judges look at sessions: a session carries several conversations, and a probe beside it none."""

LONGEST = 600.0
"""Seconds of one window when silence never comes: what a kill may lose, and what is kept in memory."""


@dataclass(frozen=True)
class Ordinary:
    """The exercise of nobody: the system is used as it is used. It has no case to generate."""

    classes: frozenset[str] = frozenset()

    name: ClassVar[str] = NAME
    needs: ClassVar[frozenset[str]] = frozenset()
    environments: ClassVar[tuple[Environment, ...]] = (NORMAL,)
    case_type: ClassVar[type] = type(None)

    def for_waves(self, waves: frozenset[str]) -> Ordinary:
        """The same, whatever the waves."""
        return self

    def cases(self, label: str | None) -> SearchStrategy[Any]:
        """Nothing."""
        return st.nothing()

    def labels(self) -> frozenset[str]:
        """The classes that the listening properties claim: none of them is ever driven here."""
        return self.classes

    def labels_of(self, case: Any) -> frozenset[str]:
        """None."""
        return frozenset()

    def sentinel(self) -> None:
        """None."""

    def mark(self, case: Any, binding: Binding) -> str:
        """None."""
        return ""

    def simpler(self, case: Any) -> list[Any]:
        """None."""
        return []

    async def drive(self, drive: Drive, case: Any, binding: Binding) -> None:
        """Nothing is driven."""


@dataclass(slots=True)
class Listened:
    """What a listening came to: the folder of its journal, how much was heard, how many findings."""

    run: str
    folder: Path
    exchanges: int = 0
    conversations: int = 0
    findings: int = 0


OnHeard = Callable[[Listened], None]
"""Told after each window in which something was heard."""


def plan(request: RunRequest) -> Plan:
    """One run key, with the passive properties of the rows asked for."""
    whole = make(
        request.profile,
        request.waves,
        options=context_of(request).options,
        claims=request.target.claims,
        only=request.only,
    )
    found: dict[str, Subscription] = {}
    for key in whole.keys:
        for one in key.subscriptions:
            if one.property.passive:
                found.setdefault(one.id, replace(one, property=replace(one.property, exercise=NAME)))
    classes = frozenset[str]().union(*(s.property.claims for s in found.values()))
    subscriptions = tuple(found[id] for id in sorted(found))
    return Plan((RunKey(Ordinary(classes), NORMAL, subscriptions),) if subscriptions else ())


def listen(
    request: RunRequest, make_lab: MakeLab, over: Callable[[], bool], on_heard: OnHeard = lambda _: None
) -> Listened:
    """Listen with every service of the bench until `over` says so; raises what `engine.run.run` raises."""
    # What comes while the services start or a window is judged belongs to the next one: nothing is lost.
    pending: list[Exchange] = []
    with _Session(request) as session:

        def record(exchange: Exchange) -> None:
            session.records.exchange(exchange)
            pending.append(exchange)

        def taken() -> Sequence[Exchange]:
            given = tuple(pending)
            del pending[: len(given)]
            return given

        with make_lab(record, 0, request.as_of) as lab:
            lab.reset()
            while not over():
                lab.overhear(over, LONGEST)
                if pending:
                    session.window(taken)
                    on_heard(session.listened)
        if pending:
            session.window(taken)
            on_heard(session.listened)
    return session.listened


def judge_dump(request: RunRequest, exchanges: Iterable[Exchange], on_heard: OnHeard = lambda _: None) -> Listened:
    """Judge exchanges recorded by somebody else, as one window."""
    with _Session(request) as session:

        def recorded() -> Sequence[Exchange]:
            given = tuple(exchanges)
            for exchange in given:
                session.records.exchange(exchange)
            return given

        session.window(recorded)
        on_heard(session.listened)
    return session.listened


class _Session:
    """The journal of a listening, and its windows."""

    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.plan = plan(request)
        self.writer = Writer.create(request.folder)
        self.records = Records(self.writer)
        self.context: Context = context_of(request)
        self.listened = Listened(secrets.token_hex(4), request.folder)
        self._window = 0
        self._number = 0

    def __enter__(self) -> _Session:
        open_run(self.records, self.request, self.listened.run)
        self.records.plan(self.plan, {key.id: 0 for key in self.plan.keys})
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.records.close({"judge": self.listened.conversations})
        self.writer.close()

    def window(self, hear: Callable[[], Sequence[Exchange]]) -> None:
        """One window: heard, sorted into conversations, judged, settled."""
        for key in self.plan.keys:
            self._window += 1
            self.records.open_window(self._window, key, "judge", None)
            observations = tuple(observe(exchange) for exchange in hear())
            self.listened.exchanges += len(observations)
            for number, own in enumerate(conversations(observations), 1):
                self.listened.conversations += 1
                self._conversation(key, f"w{self._window}-c{number}", own, observations, links=False)
            if observations:
                self._conversation(key, f"w{self._window}-links", observations, observations, links=True)
            self.records.settled(self._window)

    def _conversation(
        self,
        key: RunKey,
        name: str,
        own: tuple[Observation, ...],
        window: tuple[Observation, ...],
        *,
        links: bool,
    ) -> None:
        """Judge one conversation, or (`links`) the sessions of the whole window, which belong to none."""
        self._number += 1
        driven = Driven(name, NAME, key.environment.name, None, bind(self.listened.run, self._number))
        self.records.driven(self._window, key, driven, name, "judge")
        self.records.heard(self._window, name, [o.exchange.id for o in own])
        for subscription in key.subscriptions:
            if (get(subscription.property.name).exercise in LINKS) is not links:
                continue
            said = judge(subscription, driven, Heard(own, window), self.context, frozenset())
            # What rests on something not heard says nothing here: nobody asked for it.
            said = replace(said, findings=tuple(f for f in said.findings if not f.absence))
            if not said.witnesses and not said.findings and said.fault is None:
                said = replace(said, reason="not-reached")
            self.listened.findings += len(said.errors)
            self.records.judged(self._window, said, "judge")


def conversations(observations: Sequence[Observation]) -> Iterator[tuple[Observation, ...]]:
    """Observations by what they share (a key, a question and its answer), in order of time."""
    roots: dict[str, str] = {}

    def root(name: str) -> str:
        while roots.setdefault(name, name) != name:
            roots[name] = roots[roots[name]]
            name = roots[name]
        return name

    for one in observations:
        own = f"x/{one.exchange.id}"
        for other in (*(f"k/{kind}/{value}" for kind, value in one.keys), f"x/{one.exchange.answers or ''}"):
            if other != "x/":
                roots[root(other)] = root(own)
    groups: dict[str, list[Observation]] = {}
    for one in observations:
        groups.setdefault(root(f"x/{one.exchange.id}"), []).append(one)
    return (tuple(group) for group in groups.values())


__all__ = ["NAME", "Listened", "conversations", "judge_dump", "listen", "plan"]
