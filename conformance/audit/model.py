"""The audit as data: what every report is written from. Built by `audit.build` from a profile and a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.evidence.values import Severity
from conformance.evidence.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose product was audited, with what, and when. `as_of` is the run's day (ISO), `seed` replays the run."""

    vendor: str
    product: str
    version: str
    build: str
    reference: str  # NIL number of the product
    configuration: str
    run: str
    tool: str
    dsr: str
    waves: tuple[str, ...]
    options: tuple[str, ...]
    claims: tuple[str, ...]
    effort: str
    seed: int
    as_of: str
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases: `driven` is always `judged` plus the sum of `unjudged` (reason -> count).

    Sentinels, shrink calls and confirmation calls are never cases and are counted apart.
    """

    driven: int = 0
    judged: int = 0
    unjudged: Mapping[str, int] = field(default_factory=dict)
    sentinels: int = 0
    shrink: int = 0
    confirm: int = 0

    @property
    def reconciles(self) -> bool:
        """Whether driven = judged + unjudged."""
        return self.driven == self.judged + sum(self.unjudged.values())


@dataclass(frozen=True, slots=True)
class FindingExample:
    """One place where a mistake was seen."""

    case: str
    exchange: str
    path: str
    line: int | None
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class FindingSummary:
    """The findings of one fingerprint: how often, in how many cases, and the first examples (a bounded number)."""

    fingerprint: str
    code: str
    severity: Severity
    cause: str
    subject: str
    absence: bool
    inherited: bool
    count: int
    cases: int
    examples: tuple[FindingExample, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A message that shows a mistake, as text lines; `channel` and `direction` say where it was heard."""

    exchange: str
    channel: str
    direction: str
    kind: str  # hl7v2, xml, text
    lines: tuple[str, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest case found that still shows a mistake, with the message that shows it."""

    fingerprint: str
    case: object
    calls: int
    findings: tuple[FindingExample, ...]
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True)
class ToolFault:
    """A fault of the bench itself, never counted against the vendor."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class ProofState:
    """A proof owed for a scenario, and whether it was handed in."""

    id: str
    received: bool


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario: what was driven for it and what came of it.

    `reason` is a text id of `audit.reason.*` (with `detail` to fill it) that says why the verdict is not a plain
    conform or nonconform; empty otherwise.
    """

    key: str
    id: str | None
    derived: bool
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    attest: str = ""
    property: str | None = None
    clause: str = ""
    exercise: str | None = None
    environments: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    counts: CaseCounts = CaseCounts()
    witnesses: int = 0
    labels_claimed: tuple[str, ...] = ()
    labels_covered: tuple[str, ...] = ()
    findings: tuple[FindingSummary, ...] = ()
    unsettled: int = 0
    counterexamples: tuple[Counterexample, ...] = ()
    faults: tuple[ToolFault, ...] = ()
    proofs: tuple[ProofState, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One row: its verdict, and apart from it whether the proofs it owes were received.

    `mandatory` rows alone make the exit code. `group` is the one_of group; `superseded_by` the key that replaces
    this row when that one is in the same run.
    """

    key: str
    id: str
    ref: str | None
    wave: str
    title: str
    level: str
    scope: str
    mandatory: bool
    derived: bool
    verdict: Verdict
    reason: str
    detail: str
    group: str | None
    superseded_by: str | None
    scenarios: tuple[ScenarioResult, ...]

    @property
    def proofs_owed(self) -> int:
        """How many proofs the row asks for."""
        return sum(len(s.proofs) for s in self.scenarios)

    @property
    def proofs_received(self) -> int:
        """How many of them were handed in."""
        return sum(p.received for s in self.scenarios for p in s.proofs)

    @property
    def receivable(self) -> str:
        """`complete`, `incomplete`, or `none-owed`."""
        if not self.proofs_owed:
            return "none-owed"
        return "complete" if self.proofs_received == self.proofs_owed else "incomplete"


@dataclass(frozen=True, slots=True)
class Group:
    """A one_of group: the verdict of the whole, one conform member being enough."""

    name: str
    verdict: Verdict
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelftestFigures:
    """How the tool fared against its own seeded defects; None in an audit when it was not run."""

    caught: int
    total: int
    false_alarms: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything an auditor reads, derived from the journal alone; the same journal gives the same audit."""

    identity: Identity
    complete: bool
    counts: CaseCounts
    requirements: tuple[RequirementResult, ...]
    groups: tuple[Group, ...]
    faults: tuple[ToolFault, ...]
    exit_code: int
    journal: str  # head of the journal's hash chain
    selftest: SelftestFigures | None = None

    def by_verdict(self, *, mandatory: bool | None = None) -> dict[Verdict, int]:
        """How many rows have each verdict, all six present."""
        counted = dict.fromkeys(Verdict, 0)
        for row in self.requirements:
            if mandatory is None or row.mandatory is mandatory:
                counted[row.verdict] += 1
        return counted
