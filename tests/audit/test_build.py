"""An audit from a journal made by hand: what counts, what does not, and why each row has its verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import handmade
import pytest
from handmade import INTAKE, OPENING, PROFILE, Book, golden, listens, run_key

from conformance.audit.build import build
from conformance.audit.model import Audit, RequirementResult, ScenarioResult
from conformance.errors import JournalError, OutputError
from conformance.evidence.journal import FILE
from conformance.evidence.verdict import Verdict


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the golden journal."""
    return build(PROFILE, golden(tmp_path_factory.mktemp("golden")))


def row(audit: Audit, id: str) -> RequirementResult:
    """A row by its official id."""
    return next(r for r in audit.requirements if r.id == id)


def scenario(audit: Audit, id: str, number: int = 1) -> ScenarioResult:
    """A scenario of a row."""
    return row(audit, id).scenarios[number - 1]


@pytest.mark.parametrize(
    ("id", "verdict", "reason"),
    [
        ("DMP/va1.01", Verdict.NONCONFORM, ""),
        ("DMP/va1.08", Verdict.CONFORM, ""),
        ("INS/va1.16", Verdict.TO_ATTEST, "attest"),
        ("MSS/va1.03", Verdict.NOT_APPLICABLE, "not-applicable"),
        ("MSS/va1.30", Verdict.NOT_APPLICABLE, "not-applicable"),
        ("PSC/va1.01", Verdict.CONFORM, "group"),
        ("PSC/va1.02", Verdict.CONFORM, ""),
        ("TBB/va1.01", Verdict.TO_ATTEST, "not-testable"),
        ("TLS/va1.01", Verdict.INCONCLUSIVE, "unsettled"),
        ("TLS/va1.02", Verdict.TOOL_ERROR, "tool"),
        ("TLS/va1.03", Verdict.INCONCLUSIVE, "not-driven"),
    ],
)
def test_each_row_has_its_verdict_and_its_reason(audit: Audit, id: str, verdict: Verdict, reason: str) -> None:
    """One row of the golden journal for every verdict there is, each with the word that explains it."""
    found = row(audit, id)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_the_worst_scenario_decides_its_row(audit: Audit) -> None:
    """A nonconform scenario and a conform one make a nonconform row, and the conform one stays conform."""
    assert [s.verdict for s in row(audit, "DMP/va1.01").scenarios] == [Verdict.NONCONFORM, Verdict.CONFORM]


def test_a_warning_is_told_but_does_not_make_a_row_nonconform(audit: Audit) -> None:
    """Only errors weigh: the warning on DMP/va1.08 is listed on a conform row."""
    assert [f.severity for f in scenario(audit, "DMP/va1.08").findings] == ["warning"]


def test_an_alternative_spares_the_scenario_that_failed(audit: Audit) -> None:
    """In a one_of group the row takes the verdict of the whole; the failed way keeps its own and is spared."""
    assert [(g.name, g.verdict) for g in audit.groups] == [("psc", Verdict.CONFORM)]
    first = row(audit, "PSC/va1.01")
    assert first.scenarios[0].verdict is Verdict.NONCONFORM
    assert first.spared(first.scenarios[0])
    assert not row(audit, "DMP/va1.01").spared(scenario(audit, "DMP/va1.01"))


def test_cases_reconcile_and_helpers_are_not_cases(audit: Audit) -> None:
    """Driven is judged plus unjudged with reasons; sentinels and shrink calls are counted apart."""
    counts = audit.counts
    assert (counts.driven, counts.judged, counts.unjudged) == (3, 2, {"timeout": 1})
    assert (counts.sentinels, counts.shrink) == (2, 1)
    for requirement in audit.requirements:
        for each in requirement.scenarios:
            assert each.counts.reconciles, each.key


def test_findings_are_grouped_by_fingerprint_with_their_first_examples(audit: Audit) -> None:
    """Two mistakes in two cases each: the finding of the shrink window is not added."""
    findings = scenario(audit, "DMP/va1.01").findings
    assert sorted((f.code, f.count, f.cases) for f in findings) == [
        ("xds.metadata.missing", 2, 2),
        ("xds.metadata.patient", 2, 2),
    ]
    example = next(f for f in findings if f.code == "xds.metadata.patient").examples[0]
    assert (example.case, example.exchange, example.path) == ("w1-c1", "x2", "PID-5.1")
    assert (example.expected, example.seen) == ("TESTÉBRUN", "TESTEBRUN")


def test_witnesses_and_labels_are_those_of_judged_cases_alone(audit: Audit) -> None:
    """Two witnesses in each of two cases; the class of the case that timed out is not covered; sentinels are not."""
    found = scenario(audit, "DMP/va1.01")
    assert found.witnesses == 4
    assert found.labels_claimed == ("deletion", "initial", "replacement")
    assert found.labels_covered == ("initial", "replacement")


def test_the_counterexample_shows_the_message_of_the_finding_and_the_one_that_provoked_it(audit: Audit) -> None:
    """The finding was seen in the vendor's message x2, provoked by x1 whose Base64 is shortened."""
    example = next(c for c in scenario(audit, "DMP/va1.01").counterexamples if c.code == "xds.metadata.patient")
    assert example.excerpt is not None
    assert (example.excerpt.exchange, example.excerpt.kind) == ("x2", "hl7v2")
    assert example.stimulus is not None
    assert example.stimulus.exchange == "x1"
    assert "…[9600]" in example.stimulus.lines[-1]
    assert example.data == {"carrier": "MDM", "steps": [{"request": "initial"}]}


def test_proofs_are_a_matter_apart_from_the_verdict(tmp_path: Path) -> None:
    """Receivability changes with the proofs handed in, the verdict does not."""
    folder = golden(tmp_path)
    key = "PFI/va1/DMP/va1.01#1.p1"
    without, having = build(PROFILE, folder), build(PROFILE, folder, received=frozenset({key}))
    assert row(without, "DMP/va1.01").receivability == "incomplete"
    assert row(having, "DMP/va1.01").receivability == "complete"
    assert row(having, "DMP/va1.08").receivability == "none-owed"
    assert row(having, "DMP/va1.01").verdict is row(without, "DMP/va1.01").verdict


def test_the_exit_code_comes_from_mandatory_rows(audit: Audit) -> None:
    """A nonconform mandatory row exits 1; derived and PEUT rows are not mandatory."""
    assert audit.exit_code == 1
    assert not row(audit, "TBB/va1.01").mandatory
    assert not row(audit, "MSS/va1.30").mandatory
    assert sum(audit.by_verdict(mandatory=True).values()) == 9


def one_property(folder: Path, *, cases: int = 2, claims: tuple[str, ...] = ()) -> Book:
    """A journal that has one property and an open window of one run key."""
    book = Book(folder)
    book.begin(run_key("intake@normal", cases, listens("dmp.status", "DMP/va1.08#1", claims=claims)))
    book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
    return book


def status(folder: Path) -> ScenarioResult:
    """The scenario of that property once audited."""
    return scenario(build(PROFILE, folder), "DMP/va1.08")


def test_a_window_that_was_not_settled_does_not_exist(tmp_path: Path) -> None:
    """A cut run: what the last window said is not counted, and the row waits for the rest."""
    book = one_property(tmp_path)
    book.driven(1, "w1-c1")
    book.judged(1, "w1-c1", "dmp.status", 1, book.finding("xds.metadata.missing", "PID-3"))
    book.done()
    found = build(PROFILE, tmp_path)
    assert not found.complete
    assert found.counts.driven == 0
    assert (status(tmp_path).verdict, status(tmp_path).reason) == (Verdict.INCONCLUSIVE, "interrupted")
    assert status(tmp_path).findings == ()


def test_cases_judged_but_never_witnessed_are_inconclusive(tmp_path: Path) -> None:
    """Zero witnesses is never conform, and the commonest reason is told."""
    book = one_property(tmp_path)
    for case in ("w1-c1", "w1-c2"):
        book.driven(1, case)
        book.line("unjudged", w=1, case=case, property="dmp.status", purpose="judge", reason="refused")
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = status(tmp_path)
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "no-witness")
    assert found.detail["fr"] == "refused"


def test_a_sentinel_alone_never_makes_a_row_conform(tmp_path: Path) -> None:
    """The witness of a sentinel does not count: it is no case."""
    book = one_property(tmp_path, cases=0)
    book.driven(1, "w1-c0", purpose="sentinel")
    book.judged(1, "w1-c0", "dmp.status", 5, purpose="sentinel")
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    assert status(tmp_path).verdict is Verdict.INCONCLUSIVE


def test_a_mistake_seen_on_the_sentinel_is_a_mistake(tmp_path: Path) -> None:
    """What the vendor does wrong on the plainest case is held against it, though it is no case."""
    book = one_property(tmp_path, cases=0)
    book.driven(1, "w1-c0", purpose="sentinel")
    mistake = book.finding("xds.metadata.missing", "PID-3")
    book.judged(1, "w1-c0", "dmp.status", 1, mistake, purpose="sentinel")
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    assert status(tmp_path).verdict is Verdict.NONCONFORM
    assert status(tmp_path).counts.driven == 0


def test_an_inherited_mistake_is_not_counted(tmp_path: Path) -> None:
    """What came in with the bench's own message is listed and weighs nothing."""
    book = one_property(tmp_path, cases=1)
    book.driven(1, "w1-c1")
    book.judged(1, "w1-c1", "dmp.status", 1, book.finding("xds.metadata.missing", "PID-3", inherited=True))
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    assert status(tmp_path).verdict is Verdict.CONFORM
    assert status(tmp_path).findings[0].inherited


def test_a_vendor_given_up_is_inconclusive_even_after_a_good_start(tmp_path: Path) -> None:
    """One case was conform, then nobody answered: the rest was never driven."""
    book = one_property(tmp_path, cases=40)
    book.driven(1, "w1-c1")
    book.judged(1, "w1-c1", "dmp.status", 1)
    book.line("settled", w=1)
    book.line("abandoned", key="intake@normal", cases=39, reason="unreachable")
    book.line("close", counts={})
    book.done()
    found = status(tmp_path)
    assert (found.verdict, found.reason, found.detail["en"]) == (Verdict.INCONCLUSIVE, "abandoned", "unreachable")
    assert found.counts.abandoned == 39


def test_a_claimed_class_without_a_witness_is_inconclusive(tmp_path: Path) -> None:
    """A property that says it covers a class which was never reached cannot make its row conform."""
    book = one_property(tmp_path, cases=1, claims=("initial", "deletion"))
    book.driven(1, "w1-c1", "initial")
    book.judged(1, "w1-c1", "dmp.status", 1)
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = status(tmp_path)
    assert (found.verdict, found.reason, found.detail["fr"]) == (Verdict.INCONCLUSIVE, "uncovered", "deletion")


def test_a_case_that_crashed_while_driven_is_a_fault_of_the_tool(tmp_path: Path) -> None:
    """No property could judge it: unjudged as tool-error, the rows are tool-error, the exit code is 4."""
    book = one_property(tmp_path, cases=2)
    book.driven(1, "w1-c1")
    book.driven(1, "w1-c2")
    book.line("tool-error", where="intake@normal w1-c2", text="Traceback: oups")
    book.judged(1, "w1-c1", "dmp.status", 1)
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = build(PROFILE, tmp_path)
    assert found.counts.unjudged == {"tool-error": 1}
    assert scenario(found, "DMP/va1.08").verdict is Verdict.TOOL_ERROR
    assert found.exit_code == 4
    assert "oups" in found.faults[0].text


def test_several_environments_of_a_property_add_up(tmp_path: Path) -> None:
    """A mistake made only when the DMP is faulty is a mistake, and both environments are named."""
    book = Book(tmp_path)
    listening = listens("dmp.status", "DMP/va1.08#1")
    book.begin(run_key("intake@normal", 1, listening), run_key("intake@dmp-down", 1, listening))
    for window, key in ((1, "intake@normal"), (2, "intake@dmp-down")):
        book.line("window", w=window, key=key, purpose="judge", index=0)
        book.driven(window, f"w{window}-c1", key=key)
        wrong = [book.finding("xds.metadata.missing", "ZAM-4")] if window == 2 else []
        book.judged(window, f"w{window}-c1", "dmp.status", 1, *wrong)
        book.line("settled", w=window)
    book.line("close", counts={})
    book.done()
    found = status(tmp_path)
    assert found.verdict is Verdict.NONCONFORM
    assert found.environments == ("normal", "dmp-down")
    assert (found.counts.driven, found.counts.judged, found.witnesses) == (2, 2, 2)


def test_a_superseded_row_stays_but_is_not_mandatory_when_its_successor_is_asked_for(tmp_path: Path) -> None:
    """The row that replaces it prevails; alone in a run, the old row is mandatory again."""
    old = replace(handmade.ROWS[1], superseded_by="PFI/va1/INS/va1.16")
    profile = replace(PROFILE, waves=(replace(PROFILE.waves[0], requirements=(old, handmade.ROWS[2])),))
    folder = golden(tmp_path)
    both = row(build(profile, folder), "DMP/va1.08")
    assert (both.superseded_by, both.mandatory) == ("PFI/va1/INS/va1.16", False)
    alone = replace(PROFILE, waves=(replace(PROFILE.waves[0], requirements=(old,)),))
    assert row(build(alone, folder), "DMP/va1.08").mandatory


@pytest.mark.parametrize(
    ("target", "id", "verdict"),
    [
        ({"options": ["mss-app"]}, "MSS/va1.03", Verdict.INCONCLUSIVE),
        ({"options": []}, "MSS/va1.03", Verdict.NOT_APPLICABLE),
        ({"claims": ["PFI/va1/MSS/va1.30"]}, "MSS/va1.30", Verdict.INCONCLUSIVE),
        ({"claims": []}, "MSS/va1.30", Verdict.NOT_APPLICABLE),
    ],
)
def test_applicability_is_what_the_target_declared(
    tmp_path: Path, target: dict[str, Any], id: str, verdict: Verdict
) -> None:
    """A row whose condition is declared must be judged; otherwise it is not applicable."""
    book = Book(tmp_path)
    book.begin(run_key("intake@normal", 0, *INTAKE), target=OPENING["target"] | target)
    book.done()
    assert row(build(PROFILE, tmp_path), id).verdict is verdict


def test_only_the_rows_asked_for_are_in_the_audit(tmp_path: Path) -> None:
    """A run of one row says nothing of the others."""
    book = Book(tmp_path)
    book.begin(run_key("intake@normal", 0, *INTAKE), only=["DMP/va1.08"])
    book.done()
    assert [r.id for r in build(PROFILE, tmp_path).requirements] == ["DMP/va1.08"]


def test_an_altered_journal_is_refused(tmp_path: Path) -> None:
    """One character changed in a settled line breaks the chain: no report is made of it."""
    path = golden(tmp_path) / FILE
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"witnesses":2', b'"witnesses":3', 1))
    with pytest.raises(JournalError) as caught:
        build(PROFILE, tmp_path)
    assert caught.value.id == "journal.chain-broken"


@pytest.mark.parametrize(
    ("lines", "id"),
    [([], "audit.no-opening"), ([("driven", {"w": 9})], "audit.bad-line"), ([("settled", {"w": 4})], "audit.bad-line")],
)
def test_a_journal_of_another_shape_is_told_as_such(
    tmp_path: Path, lines: list[tuple[str, dict[str, Any]]], id: str
) -> None:
    """A journal that does not open, or whose lines lack what they must hold, is a JournalError with its line."""
    book = Book(tmp_path)
    for type, fields in lines:
        book.line(type, **fields)
    book.done()
    with pytest.raises(JournalError) as caught:
        build(PROFILE, tmp_path)
    assert caught.value.id == id


def test_the_same_journal_gives_the_same_audit(tmp_path: Path) -> None:
    """Nothing of the audit depends on the moment it is built."""
    folder = golden(tmp_path)
    assert build(PROFILE, folder) == build(PROFILE, folder)


def test_a_second_journal_never_starts_over_the_first(tmp_path: Path) -> None:
    """The folder of a run holds one journal."""
    golden(tmp_path)
    with pytest.raises(OutputError):
        Book(tmp_path)
