"""The audit as data: what every report is written from. Built by `audit.build` from a profile and a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.evidence.values import Severity
from conformance.evidence.verdict import Verdict

Words = Mapping[str, str]
"""One sentence in both languages: `{"fr": ..., "en": ...}`; empty when there is nothing to say."""


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
    dsr_name: Words
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

    `planned` is what the plan announced, `abandoned` what was given up undriven. Sentinels and the calls made to
    shrink, to confirm or to isolate are never cases and are counted apart.
    """

    planned: int = 0
    driven: int = 0
    judged: int = 0
    unjudged: Mapping[str, int] = field(default_factory=dict)
    abandoned: int = 0
    sentinels: int = 0
    shrink: int = 0
    confirm: int = 0
    isolate: int = 0

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

    @property
    def counts(self) -> bool:
        """Whether it makes a scenario nonconform."""
        return self.severity is Severity.ERROR and not self.inherited


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A message that shows a mistake, as lines of text, long Base64 elided.

    `kind` is `hl7v2`, `xml` or `text`; `cut` says that lines were left out.
    """

    exchange: str
    channel: str
    direction: str
    kind: str
    lines: tuple[str, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest case found that still shows a mistake, and the message that shows it.

    `stimulus` is the message of the bench that provoked it, when the mistake shows in another one.
    """

    fingerprint: str
    code: str
    case: str
    labels: tuple[str, ...]
    calls: int
    finding: FindingExample
    data: object
    excerpt: Excerpt | None
    stimulus: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class ToolFault:
    """A fault of the bench itself, never counted against the vendor."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class ProofState:
    """A proof owed for a scenario, and whether it was handed in."""

    key: str
    id: str | None  # None when the export gives no number
    kind: str
    received: bool


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario: what was driven for it and what came of it.

    `reason` is a stable word that says why the verdict is not a plain conform or nonconform (`not-applicable`,
    `attest`, `not-testable`, `needs`, `not-driven`, `abandoned`, `interrupted`, `no-witness`, `uncovered`, `unsettled`,
    `tool`), empty otherwise; `detail` completes it. `unsettled` counts findings that rest on a silence nobody can
    believe.
    """

    key: str
    id: str | None
    derived: bool
    verdict: Verdict
    reason: str = ""
    detail: Words = field(default_factory=dict)
    attest: Words = field(default_factory=dict)
    property: str | None = None
    clause: str = ""
    exercises: tuple[str, ...] = ()
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

    Only `mandatory` rows make the exit code. `group` is the one_of group whose verdict the row takes;
    `superseded_by` the key that replaces this row, when that one is in the same run (the row is then not mandatory).
    """

    key: str
    id: str
    ref: str | None
    wave: str
    section: str
    title: Words
    level: str
    scope: str
    source: str
    automation: str
    mandatory: bool
    derived: bool
    verdict: Verdict
    reason: str
    detail: Words
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

    def spared(self, scenario: ScenarioResult) -> bool:
        """Whether a scenario that is not conform is made up for by an alternative of its one_of group."""
        made_up = self.group is not None and self.verdict in (Verdict.CONFORM, Verdict.TO_ATTEST)
        return made_up and scenario.verdict in (Verdict.NONCONFORM, Verdict.INCONCLUSIVE)

    @property
    def receivability(self) -> str:
        """`complete`, `incomplete`, or `none-owed`; it never changes the verdict."""
        if not self.proofs_owed:
            return "none-owed"
        return "complete" if self.proofs_received == self.proofs_owed else "incomplete"


@dataclass(frozen=True, slots=True)
class Group:
    """A one_of group of a wave: the verdict of the whole, one conform scenario being enough."""

    name: str
    wave: str
    verdict: Verdict
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SelftestFigures:
    """How the tool fared against its own seeded defects."""

    caught: int
    total: int
    false_alarms: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything an auditor reads, derived from the journal alone; the same journal gives the same audit.

    `complete` says that the run was closed. `journal` is the head of its hash chain. `selftest` is None when no
    figures were given.
    """

    identity: Identity
    complete: bool
    counts: CaseCounts
    requirements: tuple[RequirementResult, ...]
    groups: tuple[Group, ...]
    faults: tuple[ToolFault, ...]
    exit_code: int
    journal: str
    selftest: SelftestFigures | None = None

    def by_verdict(self, *, mandatory: bool | None = None) -> dict[Verdict, int]:
        """How many rows have each verdict, all six present."""
        counted = dict.fromkeys(Verdict, 0)
        for row in self.requirements:
            if mandatory is None or row.mandatory is mandatory:
                counted[row.verdict] += 1
        return counted
