"""On the messages published by ANS, `check` says what a careful reader established, and nothing that is not argued."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.standards.check import Report, check, check_files

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "corpus-hl7v2.md"

ACROSS_FILES = frozenset({"F34", "F45", "F52"})
"""Findings that only several files together show: a repeated control id or movement, an early ACK."""

EITHER = frozenset({"F26", "F43"})
"""Findings told by several of our codes, of which a file shows one at least."""


def codes() -> dict[str, frozenset[str]]:
    """Published finding -> our codes."""
    with (HERE / "corpus_codes.csv").open(encoding="utf-8") as file:
        return {row["published"]: frozenset(row["ours"].split("|")) for row in csv.DictReader(file)}


def extras() -> list[tuple[str, str]]:
    """(our code, file or kind of message) that we report besides, each argued in the table."""
    with (HERE / "corpus_extras.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(len(row["argument"]) > 40 for row in rows)
    return [(row["ours"], row["files"]) for row in rows]


@pytest.fixture(scope="module")
def corpus(shared: Path) -> dict[str, tuple[frozenset[str], Report]]:
    """File -> (published findings that one file can show, our report)."""
    folder = shared / "corpus-hl7v2"
    found = {}
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            published = frozenset(row["suspected_findings"].split()) - ACROSS_FILES
            found[row["file"]] = (published, check(row["file"], (folder / row["file"]).read_bytes()))
    assert len(found) == 33
    return found


@pytest.mark.corpus
def test_a_movement_inserted_by_three_messages_is_told(shared: Path) -> None:
    """F45: the three consents insert one movement, which only the files together show."""
    folder = shared / "corpus-hl7v2"
    files = {path.name: path.read_bytes() for path in folder.glob("*.er7") if b"PAM" in path.read_bytes()[:400]}
    told = {r.file: {f.code for f in r.findings} for r in check_files(files)}
    assert len(told) == 4
    assert {name for name, codes in told.items() if "hl7v2.pam.movement-repeated" in codes} == {
        name for name in told if "Consentement" in name
    }


@pytest.mark.corpus
def test_every_published_finding_is_reported(corpus: dict[str, tuple[frozenset[str], Report]]) -> None:
    """Each published finding of each file is there under our codes, all of them when it maps to several."""
    table = codes()
    missing = [
        (name, finding, code)
        for name, (published, report) in corpus.items()
        for finding in published
        for code in table[finding] - {f.code for f in report.findings}
        if finding not in EITHER or not table[finding] & {f.code for f in report.findings}
    ]
    assert missing == []


@pytest.mark.corpus
def test_nothing_else_is_reported_that_is_not_argued(corpus: dict[str, tuple[frozenset[str], Report]]) -> None:
    """A code is reported on a file only when the published findings name it there, or the table of extras argues it."""
    table, argued = codes(), extras()
    unexplained = [
        (name, code)
        for name, (published, report) in corpus.items()
        for code in {f.code for f in report.findings}
        if not any(code in table[finding] for finding in published)
        and not any(code == c and where in (name, report.kind.removeprefix("hl7v2/")) for c, where in argued)
    ]
    assert unexplained == []


@pytest.mark.corpus
def test_every_argued_extra_is_still_needed(corpus: dict[str, tuple[frozenset[str], Report]]) -> None:
    """An exception that nothing uses any more is removed."""
    for code, where in extras():
        assert any(
            where in (name, report.kind.removeprefix("hl7v2/")) and code in {f.code for f in report.findings}
            for name, (_, report) in corpus.items()
        ), (code, where)


@pytest.mark.corpus
def test_the_committed_page_is_true(corpus: dict[str, tuple[frozenset[str], Report]]) -> None:
    """`docs/corpus-hl7v2.md` says what `check` says today."""
    assert PAGE.read_text(encoding="utf-8") == render(corpus)


def render(corpus: dict[str, tuple[frozenset[str], Report]]) -> str:
    """The page, from the reports."""
    return "\n".join(_lines(corpus)) + "\n"


def _lines(corpus: dict[str, tuple[frozenset[str], Report]]) -> Iterator[str]:
    table = codes()
    yield from (
        "# What `check` says of the HL7 v2 examples published by ANS",
        "",
        "The examples are hand-made and carry known mistakes (F codes of their careful reading). This page is",
        "the output of `conformance check` on the 33 messages, finding by finding; a test holds both directions.",
        "A rule that came later than the dialect a message declares is only a note. F34, F45 and F52 need several",
        "files at once and are not in this table. F40 to F47 are about identity messages (PAM), the four ADT below:",
        "`conformance check --together` on these four adds F45 (`hl7v2.pam.movement-repeated`, three insert",
        "one movement), which another test holds.",
        "",
        "| published | our codes |",
        "|---|---|",
    )
    for finding, ours in table.items():
        yield f"| {finding} | {', '.join(f'`{c}`' for c in sorted(ours))} |"
    yield from ("", "| file | kind | verdict | error | warning | note |", "|---|---|---|---|---|---|")
    for name, (_, report) in sorted(corpus.items()):
        cells = []
        for severity in ("error", "warning", "note"):
            found = sorted({f.code for f in report.findings if f.severity.value == severity})
            cells.append("<br>".join(f"`{c}`" for c in found) or "-")
        yield f"| {name} | {report.kind.removeprefix('hl7v2/')} | {report.verdict} | {' | '.join(cells)} |"
