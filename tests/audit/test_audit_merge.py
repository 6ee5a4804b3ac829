"""Several configurations in one audit: which weigh, what each gave, counts and exit code, folders and resumption."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from handmade import PROFILE, Book, golden, listens, run_key

from conformance.audit import export, html, junit
from conformance.audit.build import build
from conformance.audit.merge import merge
from conformance.audit.model import Audit, RequirementResult
from conformance.audit.write import CONFIGURATIONS, SCHEMA, configurations, folder_names, rebuild
from conformance.errors import JournalError
from conformance.evidence.verdict import Verdict
from conformance.texts import LANGUAGES, Lang

SCHEMAS = Path(__file__).resolve().parents[2] / "profiles" / "schema"


def run(folder: Path, *, nonconform: bool = False, needs: bool = False, name: str = "", witness: int = 1) -> Path:
    """A run of one property on DMP/va1.08: conform, nonconform, without a witness, or not driven for want of a need."""
    book = Book(folder)
    target = {"configuration": name, "options": [], "claims": [], "settings": {}}
    book.begin(run_key("intake@normal", 1, listens("dmp.status", "DMP/va1.08#1", claims=("initial",))), target=target)
    if needs:
        book.line("unmet", key="intake@normal", property=None, needs=["service:dmp"])
    else:
        book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
        book.driven(1, "w1-c1", "initial")
        mistakes = [book.finding("xds.metadata.missing", "TXA-17", "AU", "AC", exchange="x1")] if nonconform else []
        book.judged(1, "w1-c1", "dmp.status", witness, *mistakes)
        book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    return folder


def audit(folder: Path, **how: object) -> Audit:
    """The audit of such a run."""
    return build(PROFILE, run(folder, **how))  # type: ignore[arg-type]


def merged(*audits: Audit, missing: tuple[str, ...] = ()) -> Audit:
    """Audits merged under the names `a`, `b`..."""
    named = dict(zip("abcd", audits, strict=False))
    return merge(named, {name: name for name in (*named, *missing)}, missing)


def status(found: Audit) -> RequirementResult:
    """The row DMP/va1.08."""
    return next(row for row in found.requirements if row.id == "DMP/va1.08")


@pytest.mark.parametrize(
    ("one", "other", "verdict", "weighing"),
    [
        ({}, {}, Verdict.CONFORM, "ab"),
        ({}, {"needs": True}, Verdict.CONFORM, "a"),
        ({"needs": True}, {"nonconform": True}, Verdict.NONCONFORM, "b"),
        ({}, {"nonconform": True}, Verdict.NONCONFORM, "ab"),
        ({}, {"witness": 0}, Verdict.INCONCLUSIVE, "ab"),
        ({"needs": True}, {"needs": True}, Verdict.TO_ATTEST, "ab"),
    ],
)
def test_the_configurations_in_which_a_row_was_judged_decide(
    tmp_path: Path, one: dict[str, bool], other: dict[str, bool], verdict: Verdict, weighing: str
) -> None:
    """Nonconform anywhere is nonconform; a missing need weighs only when every configuration lacks it."""
    row = status(merged(audit(tmp_path / "a", **one), audit(tmp_path / "b", **other)))
    assert row.verdict is verdict
    assert "".join(share.configuration for share in row.shares if share.weighs) == weighing


def test_each_share_says_what_its_configuration_gave(tmp_path: Path) -> None:
    """The verdict, reason and cases of each configuration stay readable beside the merged ones."""
    row = status(merged(audit(tmp_path / "a"), audit(tmp_path / "b", needs=True)))
    assert [(s.configuration, s.verdict, s.reason, s.judged) for s in row.shares] == [
        ("a", Verdict.CONFORM, "", 1),
        ("b", Verdict.TO_ATTEST, "needs", 0),
    ]
    assert row.scenarios[0].needs == ()
    both = merged(audit(tmp_path / "c", needs=True), audit(tmp_path / "d", needs=True))
    assert status(both).scenarios[0].needs == ("service:dmp",)


def test_counts_and_findings_add_up_and_say_where_they_are_from(tmp_path: Path) -> None:
    """Two configurations with the same mistake: one finding, twice, whose examples name configuration and exchange."""
    found = merged(audit(tmp_path / "a", nonconform=True), audit(tmp_path / "b", nonconform=True))
    assert (found.counts.driven, found.counts.judged, found.counts.reconciles) == (2, 2, True)
    (finding,) = status(found).scenarios[0].findings
    assert (finding.count, finding.cases) == (2, 2)
    assert [(e.case, e.exchange) for e in finding.examples] == [("a/w1-c1", "a/x1"), ("b/w1-c1", "b/x1")]
    for row in found.requirements:
        assert all(s.counts.reconciles for s in row.scenarios)


def test_a_row_that_applies_in_one_configuration_only_is_decided_there(tmp_path: Path) -> None:
    """MSS/va1.03 applies where the option is declared: there it counts, elsewhere it does not weigh."""
    with_option = {"configuration": "b", "options": ["mss-app"], "claims": [], "settings": {}}
    first = build(PROFILE, golden(tmp_path / "a"))
    book = Book(tmp_path / "b")
    book.begin(run_key("tls@normal", 1, listens("mss.tls", "MSS/va1.03#1", claims=("initial",))), target=with_option)
    book.line("window", w=1, key="tls@normal", purpose="judge", index=0)
    book.driven(1, "w1-c1", "initial", key="tls@normal")
    book.judged(1, "w1-c1", "mss.tls", 1)
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = merged(first, build(PROFILE, tmp_path / "b"))
    row = next(r for r in found.requirements if r.id == "MSS/va1.03")
    assert (row.verdict, [s.weighs for s in row.shares]) == (Verdict.CONFORM, [False, True])
    optional = next(r for r in found.requirements if r.id == "MSS/va1.30")
    assert (optional.verdict, optional.reason) == (Verdict.NOT_APPLICABLE, "not-applicable")


def test_a_group_of_alternatives_is_decided_on_the_whole(tmp_path: Path) -> None:
    """The way that failed in the golden journal is spared by the other one in the merged audit too."""
    found = merged(build(PROFILE, golden(tmp_path / "a")), audit(tmp_path / "b"))
    rows = {r.id: r for r in found.requirements}
    assert [(g.name, g.verdict) for g in found.groups] == [("psc", Verdict.INCONCLUSIVE)]
    assert rows["PSC/va1.01"].verdict is Verdict.INCONCLUSIVE


def test_a_configuration_never_run_leaves_the_audit_incomplete(tmp_path: Path) -> None:
    """Whatever the others gave, the audit is not complete and does not exit 0."""
    good = replace(audit(tmp_path / "a"), requirements=(status(audit(tmp_path / "b")),), groups=())
    assert merged(good).exit_code == 0
    found = merged(good, missing=("z",))
    assert (found.complete, found.exit_code) == (False, 3)
    assert [(p.configuration, p.complete) for p in found.parts] == [("a", True), ("z", False)]


def test_audits_of_two_products_are_not_merged(tmp_path: Path) -> None:
    """Another product, version or choice of rows is refused by name of folder."""
    one, other = audit(tmp_path / "a"), audit(tmp_path / "b")
    with pytest.raises(JournalError) as caught:
        merged(one, replace(other, identity=replace(other.identity, version="9")))
    assert caught.value.id == "audit.merge-differs"


def test_the_order_of_the_same_audits_changes_no_verdict(tmp_path: Path) -> None:
    """Merging is about sets: verdicts and exit code are the same in the other order."""
    one, other = build(PROFILE, golden(tmp_path / "a")), audit(tmp_path / "b", nonconform=True)
    there, back = merged(one, other), merged(other, one)
    assert [r.verdict for r in there.requirements] == [r.verdict for r in back.requirements]
    assert there.exit_code == back.exit_code


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The folder of an audit of two configurations, as `conformance run` leaves it."""
    names = ["hôpital", "clinique"]
    parts = folder_names(names)
    run(tmp_path / parts["hôpital"], nonconform=True, name="hôpital")
    run(tmp_path / parts["clinique"], needs=True, name="clinique")
    document = {"schema": SCHEMA, "parts": parts}
    (tmp_path / CONFIGURATIONS).write_text(json.dumps(document), encoding="utf-8")
    return tmp_path


def test_the_reports_of_a_merged_folder_are_written_again_the_same(whole: Path) -> None:
    """Twice the same bytes, valid by the schema, with the reports of each configuration in its own folder."""
    found, written = rebuild(whole, "fr", PROFILE)
    before = [path.read_bytes() for path in written]
    _, again = rebuild(whole, "fr", PROFILE)
    assert [path.read_bytes() for path in again] == before
    document = json.loads(export.dump(found))
    jsonschema.validate(document, json.loads((SCHEMAS / "audit-1.schema.json").read_bytes()))
    assert [part["configuration"] for part in document["parts"]] == ["hôpital", "clinique"]
    assert (whole / "clinique" / "audit.json").is_file()
    assert found.exit_code == 1
    assert b"<testcase" in junit.render(found, "fr")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_which_configuration_gave_what(whole: Path, lang: Lang) -> None:
    """The table of configurations and the shares of a row are on the page, each with its verdict."""
    found, _ = rebuild(whole, lang, PROFILE)
    page = html.render(found, lang)
    assert "hôpital" in page
    assert {"fr": "n'entre pas dans le verdict", "en": "takes no part in the verdict"}[lang].replace(
        "'", "&#39;"
    ) in page


def test_the_part_that_is_missing_is_told(whole: Path) -> None:
    """An audit cut before its second configuration is reported, incomplete."""
    (whole / "clinique" / "journal.jsonl").unlink()
    found, _ = rebuild(whole, "en", PROFILE)
    assert not found.complete
    assert "never run" in html.render(found, "en")


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "other/1"}', '{"schema": "configurations/1", "parts": {}}'])
def test_a_list_that_is_not_one_is_refused(tmp_path: Path, content: str) -> None:
    """A broken list of configurations is told, not guessed."""
    (tmp_path / CONFIGURATIONS).write_text(content, encoding="utf-8")
    with pytest.raises(JournalError):
        configurations(tmp_path)


@pytest.mark.parametrize("place", ["..", "../out", "/etc", "a/b", ""])
def test_no_folder_leads_outside(tmp_path: Path, place: str) -> None:
    """A list of configurations cannot send the reports elsewhere."""
    document = {"schema": SCHEMA, "parts": {"a": place}}
    (tmp_path / CONFIGURATIONS).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(JournalError):
        configurations(tmp_path)


def test_any_name_of_a_configuration_makes_a_plain_folder() -> None:
    """Accents, blanks, slashes and names alike but for case get folders of their own."""
    found = folder_names(["a b", "A/B", "../..", "été", "a-b"])
    assert list(found.values()) == ["a-b", "A-B-2", "configuration", "t", "a-b-3"]
