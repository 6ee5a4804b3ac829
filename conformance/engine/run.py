"""A run from end to end: plan, collect, windows, shrink, close; or the rest of one that was cut."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from conformance import __version__
from conformance.bench.lab import Lab
from conformance.bench.recorder import Sink
from conformance.bench.target import Target
from conformance.catalogue.loader import digest as profile_digest
from conformance.catalogue.loader import resolve_options
from conformance.catalogue.model import Profile
from conformance.engine import events
from conformance.engine.collect import Collected, collect
from conformance.engine.plan import EFFORTS, Plan, RunKey, make, missing
from conformance.engine.records import Past, Records, past
from conformance.engine.session import Session
from conformance.engine.shrink import shrink_all
from conformance.errors import UsageError
from conformance.evidence.codec import digest
from conformance.evidence.journal import Writer
from conformance.evidence.values import Context
from conformance.exercises import recorded
from conformance.exercises.base import Exercise, exclusive, weight

BATCH = 24
"""Cases a window, besides its sentinel: what is lost at most by a kill."""

PROBE = 3
"""Cases of the first window: a vendor that is off is known at once."""

MakeLab = Callable[[Sink, int, date], AbstractContextManager[Lab]]
"""Given the sink of exchanges, the number of exchanges already recorded and the day, makes the laboratory."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is asked: which rows of which profile, on whom, how hard, where it is written.

    `cases` are files to drive besides the generated cases. `only` keeps some rows (keys or official ids). `resume`
    goes on with the journal in `folder`. `shrink` False leaves counterexamples as they were found. `focus` keeps the
    exercises that decide one row (the self-test: is a seeded violation of this row caught?).
    """

    profile: Profile
    waves: tuple[str, ...]
    target: Target
    folder: Path
    as_of: date
    effort: str = "standard"
    seed: int = 0
    cases: Path | None = None
    only: frozenset[str] = frozenset()
    resume: bool = False
    shrink: bool = True
    focus: str = ""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A run: its id, the folder of its journal, and how many cases were driven by purpose.

    `suspended` counts the cases that wait for an outcome: the run is closed only when there is none.
    """

    run: str
    folder: Path
    counts: tuple[tuple[str, int], ...]
    suspended: int = 0


def run(request: RunRequest, make_lab: MakeLab, on_event: events.OnEvent = events.quiet) -> RunOutcome:
    """Do the run; raises UsageError and its kin for what the user can mend, before anything is sent.

    Whatever happens later, what was settled is in the journal: KeyboardInterrupt and faults of the disk go through.
    """
    plan = _plan(request)
    gone = Past()
    if request.resume:
        gone = past(request.folder)
        _same(request, gone)
        request = replace(request, as_of=date.fromisoformat(str(gone.opening["as_of"])))
        writer, torn = Writer.resume(request.folder)
        identity = str(gone.opening["run"])
    else:
        writer, torn = Writer.create(request.folder), 0
        identity = secrets.token_hex(4)
    try:
        records = Records(writer)
        collected = {key.id: _cases(request, key) for key in plan.keys}
        sizes = {name: len(cases) for name, cases in collected.items()}
        if request.resume:
            writer.append("resumed", torn=torn)
        else:
            open_run(records, request, identity)
            records.plan(plan, sizes)
        on_event(events.RunStarted(identity, str(request.folder), tuple(sizes.items()), request.resume))
        with make_lab(records.exchange, gone.exchange, request.as_of) as lab:
            lab.reset()
            session = Session(identity, lab, records, context_of(request), on_event, gone)
            available = request.target.available | {f"pilot:{kind}" for kind in lab.capabilities()}
            for planned in plan.keys:
                key = _met(session, planned, available)
                if key is None:
                    continue
                _drive_key(session, key, collected[key.id])
                if request.shrink:
                    shrink_all(session, key)
        if not gone.closed and not session.suspended:
            records.close(session.counts)
    finally:
        writer.close()
    counts = tuple(session.counts.items())
    if not session.suspended:
        on_event(events.RunClosed(identity, counts))
    return RunOutcome(identity, request.folder, counts, session.suspended)


def _met(session: Session, key: RunKey, available: frozenset[str]) -> RunKey | None:
    """The run key with the properties whose needs are met; None when its own are not. What is left out is told."""
    gone = missing(key.needs, available)
    if gone:
        session.records.unmet(key.id, None, gone)
        session.on_event(events.KeySkipped(key.id, gone))
        return None
    kept = []
    for subscription in key.subscriptions:
        gone = missing(subscription.property.needs, available)
        if gone:
            session.records.unmet(key.id, subscription.id, gone)
        else:
            kept.append(subscription)
    if not kept:
        return None
    return replace(key, subscriptions=tuple(kept))


def _drive_key(session: Session, key: RunKey, cases: Sequence[Collected]) -> None:
    """All batches of a run key that are not settled yet; gives up when nobody answers."""
    if key.id in session.past.abandoned:
        return
    settled = session.past.settled.get(key.id, set())
    probe = 0 if exclusive(key.exercise) else PROBE  # one by one, the sentinel alone tells that nobody is there
    first = [cases[:probe]] if probe else []
    batches = [*first, *(cases[i : i + BATCH] for i in range(probe, len(cases), BATCH))]
    done = 0
    silent = 0
    for index, batch in enumerate(batches):
        done += len(batch)
        if index in settled:
            continue
        outcome = session.judge(key, batch, index)
        if outcome.pending:
            session.suspended += outcome.pending
            session.on_event(events.KeySuspended(key.id, outcome.pending))
            continue
        session.on_event(events.WindowSettled(key.id, outcome.number, done, len(cases)))
        silent = silent + 1 if outcome.dead else 0
        if outcome.dead and (index == 0 or silent > 1):
            reason = next((s.failure for d in outcome.driven.values() for s in d.sent if s.failure), "not-reached")
            session.records.abandoned(key, len(cases) - done + outcome.undriven, reason)
            session.on_event(events.KeyAbandoned(key.id, reason))
            return


def _plan(request: RunRequest) -> Plan:
    known = {wave.name for wave in request.profile.waves}
    if not request.waves or not set(request.waves) <= known:
        raise UsageError("engine.unknown-wave", waves=", ".join(request.waves), known=", ".join(sorted(known)))
    if request.effort not in EFFORTS:
        raise UsageError("engine.unknown-effort", effort=request.effort, known=", ".join(EFFORTS))
    plan = make(
        request.profile,
        request.waves,
        options=resolve_options(request.profile.options, request.target.options),
        claims=request.target.claims,
        only=request.only,
    )
    if request.focus:
        plan = Plan(tuple(key for key in (_focused(key, request.focus) for key in plan.keys) if key is not None))
    if request.cases is None:
        return plan
    files = recorded.load_cases(request.cases)
    replayed = recorded.exercise(files).for_waves(frozenset(request.waves))
    return Plan(tuple(k for key in plan.keys for k in (_recorded(key, replayed), key) if k is not None))


def _focused(key: RunKey, row: str) -> RunKey | None:
    """A run key that decides a row, None for any other. Exclusive cases are slow: only the row's own are kept."""
    deciding = tuple(s for s in key.subscriptions if any(one.rpartition("#")[0] == row for one in s.scenarios))
    if not deciding:
        return None
    return replace(key, subscriptions=deciding) if exclusive(key.exercise) else key


def _recorded(key: RunKey, exercise: Exercise) -> RunKey | None:
    """The run key that drives the given files before the generated cases, in the normal environment."""
    if key.environment.name != "normal" or key.exercise.name != "documents.intake":
        return None
    return replace(key, exercise=exercise)


def _cases(request: RunRequest, key: RunKey) -> tuple[Collected, ...]:
    if isinstance(key.exercise, recorded.RecordedExercise):
        return tuple(Collected(c, digest(c), key.exercise.labels_of(c)) for c in key.exercise.files)
    count = EFFORTS[request.effort] // (1 if key.environment.name == "normal" else 4)
    # Slow exercises may be left to the classes claimed alone; the others always have a generated case.
    count = count // weight(key.exercise) if exclusive(key.exercise) else max(1, count // weight(key.exercise))
    pilot = request.target.pilot
    if pilot is not None and pilot.kind == "person" and any(need.startswith("pilot:") for need in key.needs):
        count = 0  # a person acts: one case of each class claimed, no more
    return collect(key.exercise, key.claims, count, request.seed, name=key.id)


def context_of(request: RunRequest) -> Context:
    """What the judges of a run may know besides the traffic."""
    return Context(
        as_of=request.as_of,
        wave="+".join(request.waves),
        options=resolve_options(request.profile.options, request.target.options),
        settings={**request.target.settings, "reference_produit": request.target.vendor.reference_produit},
    )


def open_run(records: Records, request: RunRequest, identity: str) -> None:
    """The first line of a journal: what is run, on whom, with what."""
    target = request.target
    vendor = target.vendor
    records.open(
        run=identity,
        tool=__version__,
        dsr=request.profile.dsr,
        waves=list(request.waves),
        effort=request.effort,
        seed=request.seed,
        as_of=request.as_of.isoformat(),
        cases=str(request.cases.name) if request.cases else None,
        only=sorted(request.only),
        vendor={
            "name": vendor.name,
            "product": vendor.product,
            "version": vendor.version,
            "build": vendor.build,
            "reference_produit": vendor.reference_produit,
        },
        target={
            "configuration": target.configuration,
            "options": sorted(target.options),
            "claims": sorted(target.claims),
            "settings": {k: str(v) for k, v in target.settings.items()},
        },
        digests={"profile": profile_digest(request.profile), "target": target.digest},
    )


def _same(request: RunRequest, gone: Past) -> None:
    """A run is resumed as it was begun: another seed, effort, profile or target would be another run."""
    opening = gone.opening
    asked = {
        "dsr": request.profile.dsr,
        "waves": list(request.waves),
        "effort": request.effort,
        "seed": request.seed,
        "only": sorted(request.only),
        "digests": {"profile": profile_digest(request.profile), "target": request.target.digest},
    }
    for name, value in asked.items():
        if opening.get(name) != value:
            raise UsageError("engine.resume-differs", where=str(request.folder), name=name)
