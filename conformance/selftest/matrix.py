"""The kill matrix: each seeded defect must be caught by the requirement that owns it, the good vendor be clean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.audit.build import build
from conformance.audit.model import Audit
from conformance.bench.clock import today
from conformance.catalogue.loader import load_profile
from conformance.engine import events
from conformance.engine.run import RunRequest, run
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
    on_defect: OnDefect = _silent, on_event: events.OnEvent = events.quiet,
) -> Matrix:  # fmt: skip
    """Run the good vendor on everything, then every defect (or those of `only`) on what decides its row.

    Nothing is shrunk. Runs lie below `folder`.
    """
    profile = load_profile(dsr)
    waves = tuple(w.name for w in profile.waves)
    defects = [d for d in seeded_defects() if not only or d.name in only]
    day = today()
    with embedded(dsr, folder / "vendor") as pair:

        def go(name: str, focus: str = "") -> Audit:
            where = folder / name
            request = RunRequest(profile, waves, pair.target, where, day, effort, seed, shrink=False, focus=focus)
            run(request, pair.make_lab, on_event)
            return build(profile, where)

        on_defect("", None)
        alarms = _alarms(go("good"))
        kills = []
        for defect in defects:
            on_defect(defect.name, None)
            _arm(pair, defect)
            kill = _kill(defect, go(defect.name, defect.requirement))
            kills.append(kill)
            on_defect(defect.name, kill)
            if defect.restart:
                pair.vendor.restart(())
    return Matrix(dsr, seed, tuple(kills), alarms)


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
