"""The second pass: bind and drive a batch of cases, settle once, attribute what was heard, judge, write it down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.bench.api import Drive
from conformance.bench.correlation import attribute
from conformance.bench.lab import Done, Job, Lab, unanswered
from conformance.engine import events
from conformance.engine.collect import Collected
from conformance.engine.inherit import input_mistakes
from conformance.engine.judging import Judgement, alive, judge
from conformance.engine.plan import RunKey
from conformance.engine.records import Past, Records
from conformance.evidence.codec import digest
from conformance.evidence.values import Binding, Context, Driven, Heard, Observation
from conformance.exercises.base import exclusive, synchronous
from conformance.generation.binding import bind
from conformance.standards.observe import observe

AGAIN = 2
"""How often, in a run key, a batch with a mute sentinel or with late answers is driven anew."""

PENDING = "pilot-pending"
"""The failure of a stimulus whose outcome will be known later, perhaps in days."""

TRIES = 3
"""How often an absence of one fingerprint may be tried again alone before it stays in doubt."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One settled batch: what was driven, what was said of it, what nobody claimed."""

    number: int
    driven: Mapping[str, Driven[Any]]
    judgements: tuple[Judgement, ...]
    orphans: tuple[Observation, ...]
    undriven: int = 0  # cases left because nobody answered the sentinel

    @property
    def dead(self) -> bool:
        """Whether no case at all got an answer that can be used."""
        return all(unanswered(d.sent) for d in self.driven.values())

    @property
    def pending(self) -> int:
        """How many cases wait for an outcome that the pilot will only know later."""
        return sum(any(s.failure == PENDING for s in d.sent) for d in self.driven.values())

    def find(self, case: str, property: str, fingerprint: str) -> Judgement | None:
        """What that property said of a case, if it holds an error of that fingerprint."""
        return next(
            (
                j
                for j in self.judgements
                if j.case == case
                and j.subscription.id == property
                and any(f.fingerprint == fingerprint for f in j.errors)
            ),
            None,
        )


class Session:
    """Everything that lasts for a run: numbers already given, what was believed, where it is written."""

    def __init__(
        self, run: str, lab: Lab, records: Records, context: Context, on_event: events.OnEvent, past: Past
    ) -> None:
        self.run = run
        self.lab = lab
        self.records = records
        self.context = context
        self.on_event = on_event
        self.past = past
        self.counts = {"judge": 0, "confirm": 0, "isolate": 0, "shrink": 0}
        self.suspended = 0  # cases whose outcome is awaited
        self._window = past.window
        self._binding = past.binding
        self._tries: dict[tuple[str, str], int] = {}
        self._again: dict[str, int] = {}

    def judge(self, key: RunKey, cases: Sequence[Collected], index: int) -> Batch:
        """A batch of the run key, judged for good: silence confirmed alone, unclaimed traffic sorted out."""
        while True:
            batch = self._drive(key, cases, "judge", index)
            if batch.pending:
                return batch  # never settled: driven again, with the same identifiers, when the run is resumed
            if self._deaf(batch) and self._may_drive_again(key):
                continue
            if batch.orphans and not batch.dead:
                batch = self._isolated(key, cases, batch)
            judgements = tuple(self._believe(key, cases, batch, j) for j in batch.judgements)
            late = any(why == "not-repeated" for j in judgements for _, why in j.unsettled)
            if not (late and self._may_drive_again(key)):
                break
        batch = replace(batch, judgements=judgements)
        self._write(key, batch, "judge")
        return batch

    def _may_drive_again(self, key: RunKey) -> bool:
        """Whether a batch may be driven anew, what was heard of it being never settled.

        The vendor may have been busy with what came before (a run just cut, a peer just back) and answered late.
        """
        if self._again.get(key.id, 0) >= AGAIN:
            return False
        self._again[key.id] = self._again.get(key.id, 0) + 1
        self._tries.clear()
        return True

    def probe(self, key: RunKey, cases: Sequence[Collected], purpose: str) -> Batch:
        """A batch that is never counted as cases: `confirm`, `isolate` or `shrink`."""
        batch = self._drive(key, cases, purpose, None)
        self._write(key, batch, purpose)
        return batch

    def _deaf(self, batch: Batch) -> bool:
        """Whether something was not heard, though answers came, and the sentinel was not heard either."""
        return not batch.dead and any(
            any(f.absence for f in j.findings) and not alive(j.subscription, batch.judgements, batch.driven)
            for j in batch.judgements
        )

    def _bind(self, key: RunKey, collected: Collected, place: int) -> Binding:
        """New identifiers, or those that a case had when its outcome was left pending."""
        kept = self.past.pending.pop((key.id, collected.digest, place == 0), None)
        if kept is not None:
            return bind(self.run, kept)
        self._binding += 1
        return bind(self.run, self._binding)

    def _drive(self, key: RunKey, cases: Sequence[Collected], purpose: str, index: int | None) -> Batch:
        self._window += 1
        number = self._window
        exercise = key.exercise
        self.records.open_window(number, key, purpose, index)
        plain = exercise.sentinel()
        batch = [Collected(plain, digest(plain), exercise.labels_of(plain)), *cases]
        bindings = [self._bind(key, collected, place) for place, collected in enumerate(batch)]
        names = [f"w{number}-c{i}" for i in range(len(batch))]
        jobs = [
            Job(name, _run(exercise.drive, collected.case, binding), f"{self.run}-{binding.number}")
            for name, collected, binding in zip(names, batch, bindings, strict=True)
        ]

        def progress(done: int, total: int) -> None:
            self.on_event(events.CaseDriven(key.id, f"w{number}", purpose, done, total))

        settings = dict(key.environment.settings)
        if key.environment.spare is not None:
            settings[key.environment.spare] = exercise.mark(plain, bindings[0])
        window = self.lab.window(
            jobs,
            settings,
            exclusive=exclusive(exercise),
            synchronous=synchronous(exercise),
            on_progress=progress,
        )
        undriven = len(names) - len(window.done)
        names = [name for name in names if name in window.done]
        observations = [observe(exchange) for exchange in window.exchanges]
        owned, orphans = attribute(window.done, observations)
        driven: dict[str, Driven[Any]] = {}
        for i, (name, collected, binding) in enumerate(zip(names, batch, bindings, strict=False)):
            done: Done = window.done[name]
            driven[name] = Driven(
                id=name,
                exercise=exercise.name,
                environment=key.environment.name,
                case=collected.case,
                binding=binding,
                sent=done.sent,
                labels=collected.labels,
                sentinel=i == 0,
            )
            self.records.driven(number, key, driven[name], collected.digest, "sentinel" if i == 0 else purpose)
            self.records.heard(number, name, [o.exchange.id for o in owned[name]])
            if done.fault is not None:
                self.records.tool_error(f"{key.id} {name}", str(done.fault))
        if orphans:
            self.records.orphans(number, [o.exchange.id for o in orphans])
        self.counts[purpose] += len(cases) - undriven
        everything = tuple(observations)
        context = replace(self.context, environment=key.environment.name)
        mistakes = {one.id: input_mistakes(one, everything) for one in driven.values()}
        judgements = tuple(
            judge(subscription, one, Heard(tuple(owned[one.id]), everything), context, mistakes[one.id])
            for one in driven.values()
            if window.done[one.id].fault is None
            for subscription in key.subscriptions
        )
        return Batch(number, driven, judgements, tuple(orphans), undriven)

    def _isolated(self, key: RunKey, cases: Sequence[Collected], batch: Batch) -> Batch:
        """Traffic that nobody claims may be anybody's: the doubtful cases are driven again, each alone."""
        names = list(batch.driven)[1:]
        doubtful = {j.case for j in batch.judgements if any(f.absence for f in j.findings)}
        judgements = list(batch.judgements)
        for name, collected in zip(names, cases, strict=True):
            if name not in doubtful:
                continue
            alone = self.probe(key, [collected], "isolate")
            twin = list(alone.driven)[-1]
            again = {j.subscription.id: j for j in alone.judgements if j.case == twin}
            judgements = [
                replace(again[j.subscription.id], case=name) if j.case == name and j.subscription.id in again else j
                for j in judgements
            ]
        return replace(batch, judgements=tuple(judgements))

    def _believe(self, key: RunKey, cases: Sequence[Collected], batch: Batch, judgement: Judgement) -> Judgement:
        """Sort out what rests on silence: a live control in the window, then one isolated re-drive a fingerprint."""
        silent = [f for f in judgement.findings if f.absence]
        if not silent:
            return judgement
        if not alive(judgement.subscription, batch.judgements, batch.driven):
            return judgement.settle({f.fingerprint: "no-control" for f in silent})
        verdicts: dict[str, str | None] = {}
        for finding in silent:
            identity = (judgement.subscription.id, finding.fingerprint)
            if self.past.believed.get(identity, "unknown") is not None and self._tries.get(identity, 0) < TRIES:
                self._tries[identity] = self._tries.get(identity, 0) + 1
                place = list(batch.driven).index(judgement.case)
                alone = self.probe(key, [cases[place - 1]] if place else [], "confirm")
                again = alone.find(list(alone.driven)[-1], judgement.subscription.id, finding.fingerprint)
                if place and not alive(judgement.subscription, alone.judgements, alone.driven):
                    self.past.believed[identity] = "no-control"
                else:
                    self.past.believed[identity] = None if again is not None else "not-repeated"
            verdicts[finding.fingerprint] = self.past.believed.get(identity, "not-repeated")
        return judgement.settle(verdicts)

    def _write(self, key: RunKey, batch: Batch, purpose: str) -> None:
        for judgement in batch.judgements:
            self.records.judged(
                batch.number, judgement, "sentinel" if batch.driven[judgement.case].sentinel else purpose
            )
        self.records.settled(batch.number)
        if purpose != "judge":
            return
        self.past.settled.setdefault(key.id, set())
        for judgement in batch.judgements:
            for finding in judgement.errors:
                identity = (judgement.subscription.id, finding.fingerprint)
                if identity not in self.past.firsts:
                    self.past.firsts[identity] = (key.id, batch.driven[judgement.case].case)
                    self.on_event(events.FindingConfirmed(judgement.subscription.id, finding, judgement.case))


def _run(
    drive: Callable[[Drive, Any, Binding], Awaitable[None]], case: Any, binding: Binding
) -> Callable[[Drive], Awaitable[None]]:
    async def go(face: Drive) -> None:
        await drive(face, case, binding)

    return go
