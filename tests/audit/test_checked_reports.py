"""The reports of `check`: well formed whatever the documents hold, readable by the tools they are made for."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifModel

from conformance.audit.checked import html, junit, sarif
from conformance.audit.checked.spool import Spool
from conformance.audit.checked.tally import Tally
from conformance.errors import OutputError
from conformance.evidence.codes import all_codes
from conformance.standards.check.documents import report
from conformance.standards.check.members import CODES
from conformance.standards.check.values import ExcerptLine, Opinion, Report
from conformance.texts import LANGUAGES, Lang, all_texts

HOSTILE = "<script>alert(1)</script>&\"'\x00\x1b[31m\u202e]]>"
TEMPLATES = Path(html.__file__).parent / "templates"


def samples() -> list[Report]:
    """One document of each sort, with hostile names, places and values."""
    bad = [
        CODES.finding(
            "check.file.unknown", f"/a/b[{n}]{HOSTILE}", seen=HOSTILE, expected=HOSTILE, line=n, clause=HOSTILE
        )
        for n in range(1, 8)
    ]
    note = CODES.finding("check.document.not-judged", seen="pdf")
    opinion = Opinion("CI-SIS", "nonconform", (HOSTILE,), ({"fr": HOSTILE, "en": HOSTILE},), HOSTILE)
    excerpt = {1: (ExcerptLine(1, HOSTILE, about=True), ExcerptLine(2, "x"))}
    return [
        report(f"d/{HOSTILE}.xml", "cda", tuple(bad), excerpts=excerpt, opinions=(opinion,), judges=("conformance",),
               facts={"level": "N1", "type": HOSTILE, "templates": "1.2 1.3:4", "id": "1.2"}),
        report("d/é à.zip", "zip", ()),
        report("d/é à.zip!a.xml", "cda", tuple(bad[:1]), within="d/é à.zip"),
        report("/abs/ok.xml", "cda", ()),
        report("n.pdf", "pdf", (note,), judged=False),
        Report("f.xml", "cda", "unreadable", fault=f"Traceback\n{HOSTILE}"),
    ]  # fmt: skip


def written(tmp_path: Path, lang: Lang = "en", reports: list[Report] | None = None) -> tuple[str, bytes, str]:
    """The page, the JUnit file and the SARIF file of some reports."""
    tally = Tally()
    page = html.Html(tmp_path / "a.html", lang, html.Heading(HOSTILE, date(2026, 1, 5), "test"))
    cases, results = junit.JUnit(tmp_path / "a.xml", lang), sarif.Sarif(tmp_path / "a.sarif", lang)
    for one in reports if reports is not None else samples():
        tally.add(one)
        for writer in (page, cases, results):
            writer.add(one)
    page.finish(tally)
    cases.finish()
    results.finish()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "a.sarif", "a.xml"]
    files = [tmp_path / name for name in ("a.html", "a.xml", "a.sarif")]
    return files[0].read_text("utf-8"), files[1].read_bytes(), files[2].read_text("utf-8")


class Tags(HTMLParser):
    """Counts tags, and notes what would load something or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag: void ones are not left open."""
        self.tags[tag] += 1
        if tag not in ("meta", "br", "input", "link", "img", "wbr"):
            self.open.append(tag)
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in ("src", "srcset", "action") or name[:2] == "on"]
        self.loads += [
            f"{tag} {value}" for name, value in attrs if name == "href" and not (value or "").startswith("#")
        ]

    def handle_endtag(self, tag: str) -> None:
        """Tags close in order."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_loads_nothing(tmp_path: Path, lang: Lang) -> None:
    """Balanced tags, one script and one style of ours by their hash, no address but anchors of the page."""
    page, _, _ = written(tmp_path, lang)
    tags = Tags(page)
    assert (tags.open, tags.loads) == ([], [])
    assert (tags.tags["script"], tags.tags["style"]) == (1, 1)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert "alert(1)</script>" not in page
    assert f'<html lang="{lang}">' in page


def test_the_page_shows_what_a_reader_needs(tmp_path: Path) -> None:
    """Counts, places, seen and expected, the line marked, the other judge, and what the tool failed on."""
    page, _, _ = written(tmp_path)
    assert "7 times" in page
    assert "And 4 other places." in page
    assert "<mark>" in page
    assert "The two judges do not agree" in page
    assert "The tool failed on this document" in page
    assert page.count('data-verdict="') == 6
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_page_of_many_documents_stays_readable_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the caps documents are counted, not listed, and the page says how many."""
    monkeypatch.setattr(html, "CAPS", html.Caps(rows=20, detailed=5))
    bad = [report(f"{n}.xml", "cda", (CODES.finding("check.file.unknown"),)) for n in range(10)]
    good = [report(f"{n}.ok", "cda", ()) for n in range(90)]
    page, cases, _ = written(tmp_path, "en", [*bad, *good])
    assert page.count('data-verdict="') == 20
    assert "20 documents stand on this page; 80 others do not" in page
    assert etree.fromstring(cases).get("tests") == "100"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sarif_file_is_valid(tmp_path: Path, lang: Lang) -> None:
    """A third-party model generated from the schema of OASIS accepts it, unknown fields refused."""
    _, _, text = written(tmp_path, lang)
    assert len(SarifModel.model_validate_json(text).runs) == 1
    data = json.loads(text)["runs"][0]
    rules = [rule["id"] for rule in data["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) == 2
    for result in data["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
    for rule in data["tool"]["driver"]["rules"]:
        assert all_codes()[rule["id"]].remedy(lang) in rule["help"]["text"]
    assert len(data["results"]) == 9
    assert len({r["partialFingerprints"][sarif.FINGERPRINT] for r in data["results"]}) >= 8
    assert data["invocations"][0]["executionSuccessful"] is False


def test_sarif_places_are_those_of_files(tmp_path: Path) -> None:
    """A line where the file has it; what is inside a file is located by the file, and named."""
    _, _, text = written(tmp_path)
    results = json.loads(text)["runs"][0]["results"]
    first, inside = results[0], results[7]
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert re.fullmatch(
        r"d/[A-Za-z0-9%._/~-]+\.xml", first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    )
    assert inside["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "d/%C3%A9%20%C3%A0.zip"}}
    assert inside["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("d/é à.zip!a.xml#")


def test_the_junit_file_counts_what_it_holds(tmp_path: Path) -> None:
    """Failures, errors and skipped cases add up, and the XML is sound whatever the findings quote."""
    _, cases, _ = written(tmp_path)
    root = etree.fromstring(cases)
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "2", "1", "1"]
    assert len(root.findall(".//failure")) == 2
    assert "check.file.unknown" in (root.findtext(".//failure") or "")


def test_no_document_at_all_is_still_a_report(tmp_path: Path) -> None:
    """Empty, whole files."""
    page, cases, text = written(tmp_path, "fr", [])
    assert "Aucun document." in page
    assert etree.fromstring(cases).get("tests") == "0"
    assert json.loads(text)["runs"][0]["results"] == []


def test_a_report_is_put_in_place_whole_or_not_at_all(tmp_path: Path) -> None:
    """Left before the end: the former file stays, nothing else remains; a place that cannot be is told."""
    place = tmp_path / "a.html"
    place.write_text("former")
    page = html.Html(place, "fr", html.Heading("", date(2026, 1, 5)))
    page.add(samples()[0])
    page.abandon()
    assert place.read_text() == "former"
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]
    with pytest.raises(OutputError):
        Spool(tmp_path / "no" / "such.html")


def test_every_text_that_the_templates_name_exists() -> None:
    """No bare id on the page, nor a text that nothing uses."""
    named: set[str] = set()
    for template in TEMPLATES.glob("*.j2"):
        text = template.read_text("utf-8")
        named |= set(re.findall(r'\bt\("([a-z.-]+[a-z])"(?! ~)', text))
    assert len(named) > 40
    assert sorted(named - set(all_texts())) == []
