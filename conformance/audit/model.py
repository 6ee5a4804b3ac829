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
    only: tuple[str, ...] = ()  # keys of the rows asked for; empty for all
    cases: str = ""  # name of the recorded files that were driven besides


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

    `kind` is `hl7v2`, `xml`, `mail`, `json`, `text`, or `facts` (no body: what the connection told, one fact a line);
    `cut` says that lines were left out.
    """

    exchange: str
    channel: str
    direction: str
    kind: str
    lines: tuple[str, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the data of two cases differ, as JSON texts; None where a case has nothing there."""

    path: str
    valid: str | None
    mistaken: str | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The nearest case that the same judge found right: what differs in the data, and the message to compare with.

    `differences` are the first of `distance` places; `excerpt` is None when that case has no such message.
    """

    case: str
    labels: tuple[str, ...]
    distance: int
    differences: tuple[Difference, ...]
    excerpt: Excerpt | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exchange that is quoted, as the journal holds it.

    `line` is its line in the journal, `commitment` the SHA-256 of salt and body by which the chain holds the body,
    `sha256` that of the body alone (to be compared with a capture made elsewhere).
    """

    exchange: str
    channel: str
    direction: str
    line: int
    bytes: int
    commitment: str
    sha256: str


@dataclass(frozen=True, slots=True)
class OfficialWording:
    """The official text of a row, as it was imported from a workbook: its edition, and where it stood there."""

    text: str
    version: str
    workbook: str
    date: str
    where: str
    digest: str


@dataclass(frozen=True, slots=True)
class Share:
    """What one configuration of a merged audit gave; `weighs` is False when it did not take part in the verdict."""

    configuration: str
    verdict: Verdict
    reason: str
    detail: Words
    judged: int
    weighs: bool


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
    nearest: Neighbour | None = None


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
    `attest`, `not-testable`, `needs`, `not-driven`, `abandoned`, `suspended`, `interrupted`, `no-witness`, `uncovered`,
    `unsettled`, `tool`), empty otherwise; `detail` completes it. `unsettled` counts findings that rest on a silence
    nobody can believe. `needs` are those the target did not meet, `evidence` the exchanges quoted, `shares` what each
    configuration of a merged audit gave.
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
    needs: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    shares: tuple[Share, ...] = ()
    wording: str = ""  # the official text of the scenario, when a workbook was imported

    def uncovered(self) -> tuple[str, ...]:
        """The input classes claimed that no witness covers."""
        covered = set(self.labels_covered)
        return tuple(label for label in self.labels_claimed if label not in covered)


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One row: its verdict, and apart from it whether the proofs it owes were received.

    Only `mandatory` rows make the exit code. `group` is the one_of group whose verdict the row takes;
    `superseded_by` the key that replaces this row, when that one is in the same run (the row is then not mandatory).
    `when` is the condition under which the row applies; `shares` what each configuration of a merged audit gave.
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
    when: str = ""
    shares: tuple[Share, ...] = ()
    wording: OfficialWording | None = None

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
class ClockNote:
    """Acknowledgements whose MSH-7 is more than five minutes from the bench's clock: how many, and by how many seconds
    the vendor's clock is ahead, at least and at most (below zero: behind). Never a finding.
    """

    count: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of the DSR, of one wave and family, that no row of the profile bears though its neighbours are there."""

    wave: str
    family: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One run of a merged audit: its configuration, its folder, and what it came to."""

    configuration: str
    folder: str
    identity: Identity
    complete: bool
    exit_code: int
    journal: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything an auditor reads, derived from the journal alone; the same journal gives the same audit.

    `complete` says that the run was closed. `journal` is the head of its hash chain, or for a merged audit the SHA-256
    of the heads of its `parts`. `selftest` is None when no figures were given. `gaps` are the DSR numbers without a row
    in our catalogue, `outside` how many rows of the waves were not asked for, `clock` is None when clocks agree.
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
    gaps: tuple[Gap, ...] = ()
    outside: int = 0
    parts: tuple[Part, ...] = ()
    clock: ClockNote | None = None

    def by_verdict(self, *, mandatory: bool | None = None) -> dict[Verdict, int]:
        """How many rows have each verdict, all six present."""
        counted = dict.fromkeys(Verdict, 0)
        for row in self.requirements:
            if mandatory is None or row.mandatory is mandatory:
                counted[row.verdict] += 1
        return counted
