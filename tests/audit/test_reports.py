"""The reports written of an audit: JSON by its schema, HTML that loads and obeys nothing, JUnit, both languages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from handmade import PROFILE, Book, golden, listens, run_key
from lxml import etree

from conformance.audit import export, html, junit
from conformance.audit.build import build
from conformance.audit.model import Audit
from conformance.audit.write import rebuild
from conformance.errors import OutputError, UsageError
from conformance.texts import LANGUAGES, Lang

SCHEMAS = Path(__file__).resolve().parents[2] / "profiles" / "schema"
SELFTEST = {
    "schema": "selftest/1",
    "dsr": "PFI",
    "seed": 0,
    "clean": True,
    "false_alarms": [],
    "defects": [
        {"name": "one", "requirement": "K", "caught": True, "by": ["c"], "collateral": [], "verdict": "nonconform"},
        {"name": "two", "requirement": "K", "caught": False, "by": [], "collateral": [], "verdict": "conform"},
    ],
    "caught": 1,
    "total": 2,
}


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the golden journal, with figures of the tool."""
    return build(PROFILE, golden(tmp_path_factory.mktemp("golden")), selftest=SELFTEST)


class Page(HTMLParser):
    """Reads a page as a browser would: tags, attributes, ids, text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words = ""
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words += data


def schema(name: str) -> dict[str, object]:
    """A committed schema."""
    found: dict[str, object] = json.loads((SCHEMAS / name).read_bytes())
    return found


def test_the_json_is_valid_and_the_same_each_time(audit: Audit) -> None:
    """`audit/1` holds to its committed schema, in the same bytes whoever asks."""
    document = json.loads(export.dump(audit))
    jsonschema.Draft202012Validator(schema("audit-1.schema.json")).validate(document)
    assert export.dump(audit) == export.dump(audit)
    assert document["summary"]["mandatory"]["nonconform"] == 1
    assert document["selftest"] == {"caught": 1, "total": 2, "false_alarms": 0, "missed": ["two"]}


@pytest.mark.parametrize("name", ["audit-1", "check-1", "selftest-1"])
def test_the_schemas_are_schemas(name: str) -> None:
    """Each committed schema is itself valid, and refuses an empty document."""
    jsonschema.Draft202012Validator.check_schema(schema(f"{name}.schema.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, schema(f"{name}.schema.json"))


def test_a_selftest_document_holds_to_its_schema() -> None:
    """The figures read here are what the schema of `selftest/1` says."""
    jsonschema.validate(SELFTEST, schema("selftest-1.schema.json"))


def test_the_json_can_be_read_without_the_tool(audit: Audit) -> None:
    """Every code quoted comes with its clause, sentences and remedies, except one the tool does not know."""
    document = export.as_json(audit)
    quoted = {finding.code for finding in export.findings(audit)}
    assert quoted - set(document["codes"]) == {"pfi.example.psc"}
    assert all(code["remedy_fr"] and code["remedy_en"] for code in document["codes"].values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_runs_nothing_and_loads_nothing(audit: Audit, lang: Lang) -> None:
    """One script and one style sheet, admitted by their digests and nothing else; no outside address, no attribute."""
    source = html.render(audit, lang)
    page = Page(source)
    assert page.unbalanced == []
    assert not {"iframe", "img", "link", "object", "form"} & set(page.tags)
    assert all(value.startswith("#") for _, name, value in page.attributes if name in ("href", "src"))
    assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", source, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(value for _, name, value in page.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert page.tags["script"] == 1
    script = re.search(r"<script>(.*?)</script>", source, re.S)
    assert script is not None
    digest_of_script = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest_of_script}'" in policy
    assert not re.search(r"https?:|fetch|XMLHttpRequest|innerHTML|eval", script[1])
    assert f"style-src 'sha256-{digest}'" in policy
    assert "url(" not in style[1]


def test_what_the_vendor_says_is_never_markup(audit: Audit) -> None:
    """A product name with tags and a message with a script are text on the page."""
    source = html.render(audit, "fr")
    assert source.count("<script") == 1
    assert "<b>Fictives" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source
    assert "Éditions <b>Fictives</b>" in Page(source).words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_can_be_found_ones_way_in(audit: Audit, lang: Lang) -> None:
    """Ids are unique, every link of the page leads somewhere in it, tables have headings, the language is declared."""
    page = Page(html.render(audit, lang))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value[1:] for _, name, value in page.attributes if name == "href"} <= set(ids)
    assert ("html", "lang", lang) in page.attributes
    assert page.tags["h1"] == 1
    assert page.tags["thead"] == page.tags["table"]


@pytest.mark.parametrize(
    ("lang", "said", "unsaid"),
    [
        ("fr", ("Non conforme", "Porter la même INS", "à attester", "24 novembre 2026"), ("Not conform", "Remedy")),
        ("en", ("Not conform", "Remedy", "to attest", "24 November 2026"), ("Non conforme", "Remède", "Attendu")),
    ],
)
def test_a_page_speaks_one_language(audit: Audit, lang: Lang, said: tuple[str, ...], unsaid: tuple[str, ...]) -> None:
    """French or English from the outcome to the remedies, no text id nor brace showing through."""
    words = Page(html.render(audit, lang)).words
    for sentence in said:
        assert sentence in words
    for sentence in unsaid:
        assert sentence not in words
    assert not re.search(r"audit\.(page|reason|verdict)\.|\{[a-z_]+\}", words)


def test_the_offending_field_is_marked_in_the_message(audit: Audit) -> None:
    """The altered name is marked inside its segment, and what was expected is told under it."""
    source = html.render(audit, "fr")
    assert "<mark>TESTEBRUN</mark>" in source
    assert "Attendu\u00a0: TESTÉBRUN" in Page(source).words
    assert "⟨absent⟩" in Page(source).words


def test_a_large_audit_stays_readable_and_says_what_it_leaves_out(audit: Audit) -> None:
    """Of 5 000 findings the page shows the first ones, says how many are not shown, and keeps under a megabyte."""
    row = audit.requirements[0]
    finding = row.scenarios[0].findings[0]
    many = tuple(replace(finding, fingerprint=f"{n:012x}") for n in range(5000))
    scenario = replace(row.scenarios[0], findings=many, labels_claimed=tuple(f"label-{n}" for n in range(500)))
    large = replace(audit, requirements=(replace(row, scenarios=(scenario,)),))
    page = html.render(large, "en")
    assert len(page) < 1_000_000
    assert "4980 other findings are not shown here" in Page(page).words
    assert "and 440 others" in Page(page).words


def test_junit_has_one_case_a_scenario_and_the_outcome_of_its_verdict(audit: Audit) -> None:
    """Nonconform and inconclusive fail, proofs and what does not apply skip, faults of the tool are errors."""
    root = etree.fromstring(junit.render(audit, "fr"))
    cases = {case.get("classname") + "|" + case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == sum(len(r.scenarios) for r in audit.requirements) == int(root.get("tests"))
    outcomes = {name.split("/va1/")[1]: [child.tag for child in case] for name, case in cases.items()}
    assert outcomes["DMP/va1.01|DMP/va1.01.01"] == ["failure"]
    assert outcomes["DMP/va1.01|DMP/va1.01.02"] == []
    assert [tags for name, tags in outcomes.items() if name.startswith("INS")] == [["skipped"]]
    assert [tags for name, tags in outcomes.items() if name.startswith("PSC/va1.01")] == [["skipped"]]
    assert [tags for name, tags in outcomes.items() if name.startswith("TLS/va1.01")] == [["failure"]]
    assert [tags for name, tags in outcomes.items() if name.startswith("TLS/va1.02")] == [["error"]]
    counted = [int(root.get(name)) for name in ("failures", "errors", "skipped")]
    assert counted == [3, 1, 5]
    failure = cases["PFI/va1/DMP/va1.01|DMP/va1.01.01"][0]
    assert "PID-5.1" in failure.text
    assert "TESTÉBRUN" in failure.text


def test_junit_survives_characters_that_xml_refuses(tmp_path: Path) -> None:
    """A value with a NUL, an escape and a non-character is quoted without them; the XML is well formed."""
    book = Book(tmp_path)
    book.begin(run_key("intake@normal", 1, listens("dmp.status", "DMP/va1.08#1")))
    book.line("window", w=1, key="intake@normal", purpose="judge", index=0)
    book.driven(1, "w1-c1")
    nasty = book.finding("xds.metadata.missing", "PID-5", "\x00\x1b[2J", "a\uffff\u202e]]>&<b>")
    book.judged(1, "w1-c1", "dmp.status", 1, nasty)
    book.line("settled", w=1)
    book.line("close", counts={})
    book.done()
    found = build(PROFILE, tmp_path)
    root = etree.fromstring(junit.render(found, "en"))
    told = [failure.text for failure in root.iter("failure") if failure.get("type") == "nonconform"]
    assert len(told) == 1
    assert "]]>&<b>" in told[0]
    assert "\u202e" not in html.render(found, "en")


def test_rebuilding_gives_the_same_bytes(tmp_path: Path) -> None:
    """Reports written twice from one journal are identical, and tied to the head of its chain."""
    golden(tmp_path)
    _, first = rebuild(tmp_path, "fr", PROFILE)
    before = [path.read_bytes() for path in first]
    found, again = rebuild(tmp_path, "fr", PROFILE)
    assert [path.name for path in again] == ["audit.json", "audit.fr.html", "junit.xml"]
    assert [path.read_bytes() for path in again] == before
    assert found.journal.encode() in before[1]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The place of a report taken by a folder is an OutputError that names it."""
    golden(tmp_path)
    (tmp_path / "audit.json").mkdir()
    with pytest.raises(OutputError) as caught:
        rebuild(tmp_path, "fr", PROFILE)
    assert "audit.json" in caught.value.where


@pytest.mark.parametrize("content", ["", "[]", '{"schema": "other/1"}', "{"])
def test_figures_that_are_not_figures_are_refused(tmp_path: Path, content: str) -> None:
    """A selftest.json of another kind is a fault of usage, not a crash nor a silence."""
    golden(tmp_path)
    (tmp_path / "selftest.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        rebuild(tmp_path, "fr", PROFILE)
    assert caught.value.id == "audit.bad-selftest"
