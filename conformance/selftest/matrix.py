"""The kill matrix: each seeded defect must be caught by the requirement that owns it, the good vendor be clean."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path

from conformance.audit.build import build
from conformance.audit.model import Audit
from conformance.bench.clock import today
from conformance.catalogue.loader import load_profile
from conformance.engine import events
from conformance.engine.run import RunRequest, run
from conformance.errors import UsageError
from conformance.evidence.values import Severity
from conformance.evidence.verdict import Verdict
from conformance.selftest.embedded import Embedded, embedded
from conformance.selftest.vendor import Seeded, seeded_defects

SCHEMA = "selftest/1"


@dataclass(frozen=True, slots=True)
class Kill:
    """One defect: whether its owner caught it, by which finding codes, and which other rows fell with it."""

    name: str
    requirement: str
    fr: str
    en: str
    caught: bool
    by: tuple[str, ...]
    collateral: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole matrix. `false_alarms` are the rows of the good vendor that are not conform, though judged."""

    dsr: str
    seed: int
    kills: tuple[Kill, ...]
    false_alarms: tuple[str, ...]

    @property
    def caught(self) -> int:
        """How many defects their owner caught."""
        return sum(k.caught for k in self.kills)

    @property
    def passed(self) -> bool:
        """Every defect caught and no false alarm."""
        return self.caught == len(self.kills) and not self.false_alarms

    def to_json(self) -> Mapping[str, object]:
        """The plain value of schema `selftest/1`."""
        return {
            "schema": SCHEMA,
            "dsr": self.dsr,
            "seed": self.seed,
            "clean": not self.false_alarms,
            "false_alarms": list(self.false_alarms),
            "defects": [
                {
                    "name": k.name,
                    "requirement": k.requirement,
                    "caught": k.caught,
                    "by": list(k.by),
                    "collateral": list(k.collateral),
                    "verdict": k.verdict,
                }
                for k in self.kills
            ],
            "caught": self.caught,
            "total": len(self.kills),
        }


OnDefect = Callable[[str, Kill | None], None]
"""Told the name of each defect when it is switched on (None) and when it is judged."""


def _silent(name: str, kill: Kill | None) -> None:
    """Tell nobody."""


def matrix(
    dsr: str, folder: Path, *, seed: int = 0, effort: str = "smoke", only: frozenset[str] = frozenset(),
    jobs: int = 1, on_defect: OnDefect = _silent, on_event: events.OnEvent = events.quiet,
) -> Matrix:  # fmt: skip
    """Run the good vendor on everything, then every defect (or those of `only`) on what decides its row.

    Nothing is shrunk. Runs lie below `folder`. `jobs` vendors are run side by side, each in a process of its own: a run
    mostly waits. Raises UsageError for a defect that does not exist.
    """
    known = seeded_defects(dsr)
    unknown = sorted(only - {d.name for d in known})
    if unknown:
        raise UsageError("selftest.unknown-defect", name=unknown[0], known=", ".join(d.name for d in known))
    defects = [d for d in known if not only or d.name in only]
    if jobs > 1 and len(defects) > 1:
        alarms, kills = _side_by_side(dsr, folder, seed, effort, defects, jobs, on_defect)
    else:
        with embedded(dsr, folder / "vendor") as pair:
            bed = Bed(dsr, folder, seed, effort, pair)
            on_defect("", None)
            alarms = _alarms(bed.run("good", on_event=on_event))
            kills = [_one(bed, defect, on_defect, on_event) for defect in defects]
    return Matrix(dsr, seed, tuple(kills), alarms)


@dataclass(frozen=True, slots=True)
class Bed:
    """A vendor under test, and how it is run."""

    dsr: str
    folder: Path
    seed: int
    effort: str
    pair: Embedded

    def run(self, name: str, focus: str = "", on_event: events.OnEvent = events.quiet) -> Audit:
        """One run, below the folder, under that name; on one row when `focus` names it."""
        profile = load_profile(self.dsr)
        waves = tuple(w.name for w in profile.waves)
        where = self.folder / name
        request = RunRequest(
            profile, waves, self.pair.target, where, today(), self.effort, self.seed, shrink=False, focus=focus
        )
        run(request, self.pair.make_lab, on_event)
        return build(profile, where)

    def kill(self, defect: Seeded, on_event: events.OnEvent = events.quiet) -> Kill:
        """Run a defect on what decides its row, and take it out again."""
        _arm(self.pair, defect)
        found = _kill(defect, self.run(defect.name, defect.requirement, on_event))
        if defect.restart:
            self.pair.vendor.restart(())
        return found


def _one(bed: Bed, defect: Seeded, on_defect: OnDefect, on_event: events.OnEvent) -> Kill:
    on_defect(defect.name, None)
    kill = bed.kill(defect, on_event)
    on_defect(defect.name, kill)
    return kill


def _side_by_side(
    dsr: str, folder: Path, seed: int, effort: str, defects: Sequence[Seeded], jobs: int, on_defect: OnDefect
) -> tuple[tuple[str, ...], list[Kill]]:
    """The good vendor and the defects, shared out between processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(
        min(jobs, len(defects) + 1), get_context("spawn"), _set_up, (dsr, folder, seed, effort)
    ) as pool:
        good = pool.submit(_good)
        begun = {pool.submit(_killed, defect): defect for defect in defects}
        kills: dict[str, Kill] = {}
        try:
            for done in as_completed(begun):
                defect = begun[done]
                kills[defect.name] = done.result()
                on_defect(defect.name, kills[defect.name])
            return good.result(), [kills[d.name] for d in defects]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_bed: Bed | None = None


def _set_up(dsr: str, folder: Path, seed: int, effort: str) -> None:
    """In a process of the pool: start its vendor, to be stopped when the process ends."""
    global _bed
    stack = ExitStack()
    pair = stack.enter_context(embedded(dsr, folder / f"vendor-{os.getpid()}"))
    Finalize(None, stack.close, exitpriority=10)  # what atexit runs is not run in a process of a pool
    _bed = Bed(dsr, folder, seed, effort, pair)


def _good() -> tuple[str, ...]:
    assert _bed is not None
    return _alarms(_bed.run("good"))


def _killed(defect: Seeded) -> Kill:
    assert _bed is not None
    return _bed.kill(defect)


def _arm(pair: Embedded, defect: Seeded) -> None:
    if defect.restart:
        pair.vendor.restart((defect.name,))
    else:
        pair.vendor.switch((defect.name,))


def _judged(audit: Audit) -> Mapping[str, Verdict]:
    """The verdicts of the rows that a property decides."""
    return {r.key: r.verdict for r in audit.requirements if any(s.property for s in r.scenarios)}


def _alarms(audit: Audit) -> tuple[str, ...]:
    """Rows of the good vendor that a property judged and did not find conform (a proof may still be due)."""
    fine = (Verdict.CONFORM, Verdict.TO_ATTEST, Verdict.NOT_APPLICABLE)
    return tuple(sorted(key for key, verdict in _judged(audit).items() if verdict not in fine))


def _kill(defect: Seeded, audit: Audit) -> Kill:
    verdicts = _judged(audit)
    fallen = {key for key, verdict in verdicts.items() if verdict is Verdict.NONCONFORM}
    by = {
        finding.code
        for row in audit.requirements
        if row.key == defect.requirement
        for scenario in row.scenarios
        for finding in scenario.findings
        if finding.severity is Severity.ERROR and not finding.inherited
    }
    return Kill(
        defect.name,
        defect.requirement,
        defect.fr,
        defect.en,
        defect.requirement in fallen,
        tuple(sorted(by)),
        tuple(sorted(fallen - {defect.requirement})),
        str(verdicts.get(defect.requirement, Verdict.NOT_APPLICABLE)),
    )
