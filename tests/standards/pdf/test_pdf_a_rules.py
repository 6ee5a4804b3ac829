"""PDF/A-1 by our own rules, held to veraPDF clause by clause on files made and broken in many ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import made_pdfs as made
import pytest

from conformance.arbiters.verapdf import jvm
from conformance.evidence.values import Severity
from conformance.standards.pdf import reader
from conformance.standards.pdf.judging import judge
from conformance.standards.pdf.rules import RULES

OUTSIDE = frozenset({"6.3.5-1", "6.3.6-1", "6.3.7-3"})
"""Rules on the insides of font programs, which only veraPDF judges."""

STRIPPED = {"font-program": {"6.3.5-3"}, "cid-to-gid": set[str](), "cid-set": set[str]()}
"""What veraPDF adds when it cannot read the font program that a mutation took away."""


def broken(data: bytes) -> set[str]:
    """The clause and test number of every rule of ours that a file breaks."""
    pdf = reader.read(data)
    return {f"{rule.clause}-{rule.test}" for rule in RULES if list(rule.breaches(pdf))}


@pytest.fixture(scope="module")
def verapdf() -> Iterator[jvm.VeraPdf]:
    """Real veraPDF; skipped with the missing part named."""
    missing = jvm.available()
    if missing is not None:
        pytest.skip(f"veraPDF cannot run here: {missing}")
    with jvm.VeraPdf() as process:
        yield process


def theirs(verapdf: jvm.VeraPdf, data: bytes) -> set[str]:
    """The same of veraPDF."""
    verdict = verapdf.verdict(data)
    assert verdict.compliant is not None, verdict.detail
    return {f"{f.clause}-{f.test}" for f in verdict.failures}


def test_no_rule_has_two_rows() -> None:
    """Clause and test number name a rule."""
    numbers = [(r.clause, r.test) for r in RULES]
    assert len(numbers) == len(set(numbers)) > 70


@pytest.mark.parametrize("data", [made.own(), made.by_fpdf("Prénom ÉLOÏSE", "Œuvre")])
def test_two_producers_of_pdf_a_are_found_right(data: bytes, verapdf: jvm.VeraPdf) -> None:
    """Our builder and fpdf2 make PDF/A-1b for both judges."""
    assert broken(data) == set()
    assert theirs(verapdf, data) == set()
    assert list(judge(data, required=True)) == []


@pytest.mark.parametrize("name", sorted(made.MUTATIONS))
def test_each_mutation_breaks_its_clause_for_both_judges(name: str, verapdf: jvm.VeraPdf) -> None:
    """One change to a PDF/A-1b file breaks the clause it names, and what we find besides veraPDF finds too."""
    clause, change = made.MUTATIONS[name]
    data = made.altered(change)
    assert clause in broken(data)
    assert broken(data) == theirs(verapdf, data) - OUTSIDE - STRIPPED.get(name, set())


@pytest.mark.parametrize("name", sorted(made.HARMLESS))
def test_a_harmless_change_breaks_nothing(name: str, verapdf: jvm.VeraPdf) -> None:
    """Invisible text, unused fonts, links and opaque states are allowed, for both judges."""
    data = made.altered(made.HARMLESS[name])
    assert broken(data) == set() == theirs(verapdf, data)


@pytest.mark.parametrize("name", sorted(made.raw_changes()))
def test_each_change_of_bytes_breaks_its_clause(name: str, verapdf: jvm.VeraPdf) -> None:
    """Header, trailer, end, packing and spacing of objects."""
    clause, data = made.raw_changes()[name]
    assert clause in broken(data)
    assert broken(data) == theirs(verapdf, data) - OUTSIDE


@pytest.mark.parametrize("data", [made.by_reportlab("Bonjour"), made.by_fpdf(compliance=None)])
def test_a_plain_pdf_breaks_the_same_rules_for_both(data: bytes, verapdf: jvm.VeraPdf) -> None:
    """A PDF made without any care for PDF/A breaks the same rules for both judges."""
    assert broken(data) == theirs(verapdf, data) - OUTSIDE != set()


def test_a_script_in_the_name_tree_is_found_although_verapdf_lets_it_pass(verapdf: jvm.VeraPdf) -> None:
    """6.6.1 forbids JavaScript actions wherever they are: here we are stricter than veraPDF, and say so."""
    from pikepdf import Array, Dictionary, Name, String

    named = Dictionary(JavaScript=Dictionary(Names=Array([String("a"), Dictionary(S=Name.JavaScript, JS=String("1"))])))
    data = made.altered(lambda pdf: pdf.Root.__setitem__("/Names", named))
    assert theirs(verapdf, data) == set()
    assert broken(data) == {"6.6.1-1"}


@pytest.mark.slow
def test_every_pdf_inside_the_official_examples_has_the_verdict_of_verapdf(cisis: Path, verapdf: jvm.VeraPdf) -> None:
    """The PDFs that ANS embeds in its examples: same verdict, and the same broken rules but for fonts' insides."""
    from conformance.errors import Malformed
    from conformance.standards.cda import syntax

    seen: set[bytes] = set()
    for path in sorted((cisis / "ExemplesCDA").glob("*.xml")):
        for held in syntax.parse(path.read_bytes()).iter(syntax.tag("text"), syntax.tag("value")):
            if held.get("mediaType") != "application/pdf":
                continue
            try:
                data = syntax.decode_base64("".join(str(t) for t in held.itertext()), "")
            except Malformed:  # a comment in clear instead of Base64
                continue
            if data not in seen:
                seen.add(data)
                assert broken(data) == theirs(verapdf, data) - OUTSIDE, path.name
    assert len(seen) >= 29


def test_a_breach_is_an_error_only_when_a_row_asks() -> None:
    """The same file gives errors when PDF/A-1 is required, warnings otherwise, each with its clause."""
    data = made.by_reportlab("Bonjour")
    asked, spare = list(judge(data, required=True)), list(judge(data))
    assert {f.severity for f in asked} == {Severity.ERROR}
    assert {f.severity for f in spare} == {Severity.WARNING}
    assert [f.code for f in asked] == [f.code for f in spare]
    assert ("pdf.a.font-embedded", "ISO 19005-1, 6.3.4") in {(f.code, f.clause) for f in asked}
    assert list(judge(data, pdf_a=False)) == []
