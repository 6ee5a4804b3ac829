"""A schema of our own, with the difficulties of the official ones, run: every failure is known in advance."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.arbiters.cisis.package import Files
from conformance.standards.schematron import Compiled, Outcome, SchemaError, compile_schema, read_outcome

saxonche = pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")

HERE = Path(__file__).parent / "schema"


@cache
def loaded(phase: str | None) -> tuple[Compiled, Any, Any]:
    """The schema compiled for a phase, SaxonC, and the stylesheet loaded."""
    files = Files(HERE)
    compiled = compile_schema(files, "", "carnet.sch", phase=phase, address=files.uri)
    saxon = saxonche.PySaxonProcessor(license=False)
    return compiled, saxon, saxon.new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.stylesheet)


def judged(inside: str, *, phase: str | None = None) -> Outcome:
    """The outcome of a document, given what stands inside its root."""
    compiled, saxon, stylesheet = loaded(phase)
    text = f'<c:carnet xmlns:c="urn:carnet"><c:titre/>{inside}</c:carnet>' if not inside.startswith("<?") else inside
    return read_outcome(compiled, stylesheet.transform_to_string(xdm_node=saxon.parse_xml(xml_text=text)))


def told(inside: str) -> list[tuple[str, str, str]]:
    """(pattern, path, text) of each failure."""
    return [(f.test.pattern, f.path, f.text) for f in judged(inside).failures]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", []),
        (
            '<?x?><c:carnet xmlns:c="urn:carnet"/>',
            [("présence", "/c:carnet", "le titre manque")],
        ),
        (
            "<c:titre>deux</c:titre>",
            [("présence", "/c:carnet", "trop de titres : deux")],
        ),
        ('<?x?><autre xmlns="urn:carnet"/>', [("variables", "/autre", "racine")]),
        # first match wins, also across alternatives and several models on one node
        (
            '<c:note n="3"/><c:mot n="4"/><c:note n="1"/>',
            [("premier", "/c:carnet/c:note", "autre : c:note 3"), ("premier", "/c:carnet/c:mot", "autre : c:mot 4")],
        ),
        ('<c:note n="3" urgent="1"/>', []),
        ('<c:note n="7" urgent="1"/>', [("premier", "/c:carnet/c:note", "urgent : c:note 7")]),
        ('<c:note n="7" urgent="1"><c:modèle root="1.2.3"/></c:note>', []),
        (
            '<c:note n="11" urgent="1"><c:modèle root="9"/><c:modèle root="1.2.3"/></c:note>',
            [("premier", "/c:carnet/c:note", "modèle 1.2.3 : 11")],
        ),
        # abstract rules
        (
            '<c:compte max="2"><c:un n="0"/><c:un n="x"/></c:compte>',
            [
                ("types", "/c:carnet/c:compte/c:un[2]", "pas un entier : x"),
                ("types", "/c:carnet/c:compte/c:un", "pas positif"),
            ],
        ),
        (
            '<c:compte max="2"><c:deux n="3"/></c:compte>',
            [("types", "/c:carnet/c:compte/c:deux", "au-dessus de 2")],
        ),
        (
            '<c:compte><c:trois n="3"/></c:compte>',
            [("types", "/c:carnet/c:compte/c:trois", "trois vaut 3")],
        ),
        # value sets: the code and its system together, letter case of the file's name forgiven
        ('<c:couleur code="R" système="1.9.2"/><c:couleur nul="UNK"/><c:taille code="M" système="1.8.1"/>', []),
        (
            '<c:couleur code="V" système="1.9.2"/>',
            [("couleur", "/c:carnet/c:couleur", "[V|1.9.2] n'est pas dans jeux/Couleurs.xml")],
        ),
        (
            '<c:couleur code="R"/>',
            [("couleur", "/c:carnet/c:couleur", "[R|] n'est pas dans jeux/Couleurs.xml")],
        ),
        (
            '<c:taille code="XL" système="1.8.1"/><c:taille/>',
            [("taille", "/c:carnet/c:taille", "[XL|1.8.1] n'est pas dans jeux/TAILLES.xml")],
        ),
        # positions; the second rule does not take what the first has
        (
            '<c:liste><c:e p="deux"/></c:liste><c:liste><c:e p="un"/><c:e p="autre"/></c:liste>',
            [
                ("places", "/c:carnet/c:liste/c:e", "le premier est un, pas deux"),
                ("places", "/c:carnet/c:liste[2]/c:e[2]", "le dernier est fin"),
            ],
        ),
    ],
)
def test_every_failure_is_told_and_no_other(inside: str, expected: list[tuple[str, str, str]]) -> None:
    """Includes with accents, phases, abstract patterns and rules, value sets, first match: as the standard says."""
    assert sorted(told(inside)) == sorted(expected)


def test_roles_flags_and_links_are_kept() -> None:
    """A report says its role, its flag and where to read more; an assert without role has none."""
    seen = judged('<c:compte><c:trois n="3"/></c:compte><c:note n="3"/><c:note n="7" urgent="1"/>').failures
    by_text = {f.text: f.test for f in seen}
    report = by_text["trois vaut 3"]
    assert (report.report, report.role, report.flag, report.see) == (True, "info", "t", "urn:trois")
    assert by_text["urgent : c:note 7"].role == "warning"
    assert (by_text["autre : c:note 3"].role, by_text["autre : c:note 3"].report) == ("", False)


def test_an_include_that_brings_nothing_and_a_value_set_that_is_nowhere_are_told() -> None:
    """The schema still compiles; what is missing is listed, the rule that needs it ends in an error, others judge."""
    files = Files(HERE)
    compiled = compile_schema(files, "", "carnet.sch", address=files.uri)
    assert compiled.missing == (("carnet.sch", "règles/vide.sch"), ("carnet.sch", "règles/absent.sch"))
    assert compiled.absent == ("jeux/perdu.xml",)
    assert files.renamed == {"Règles/DANSJEU.sch": "règles/dansJeu.sch", "jeux/TAILLES.xml": "jeux/Tailles.xml"}
    outcome = judged('<c:perdu/><c:note n="3"/>')
    assert [(pattern, code) for pattern, code, _ in outcome.errors] == [("nulle-part", "err:FODC0002")]
    assert [f.text for f in outcome.failures] == ["autre : c:note 3"]


def test_a_phase_activates_its_patterns_only() -> None:
    """The default phase is that of the schema; another can be asked for; one that does not exist activates nothing."""
    assert [f.text for f in judged("", phase="autre").failures] == ["jamais"]
    files = Files(HERE)
    assert compile_schema(files, "", "carnet.sch", phase="nulle").unknown_phase
    assert compile_schema(files, "", "carnet.sch", phase="nulle").tests == ()


def test_ids_stay_the_same_and_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    """Rule ids do not depend on the place of the schema; one byte changed in an include or a value set shows."""
    first = compile_schema(Files(HERE), "", "carnet.sch")
    shutil.copytree(HERE, tmp_path / "copy")
    again = compile_schema(Files(tmp_path / "copy"), "", "carnet.sch")
    assert [t.id for t in again.tests] == [t.id for t in first.tests]
    assert again.digest == first.digest
    assert len({t.id for t in first.tests}) == len(first.tests)
    for name in ("règles/présence.sch", "jeux/Couleurs.xml"):
        path = tmp_path / "copy" / name
        path.write_bytes(path.read_bytes() + b"\n")
        changed = compile_schema(Files(tmp_path / "copy"), "", "carnet.sch")
        assert changed.digest != again.digest
        again = changed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xquery'/>", "query binding"),
        ("<schema xmlns='http://purl.oclc.org/dsdl/schematron'/>", "query binding"),
        ("<pattern xmlns='http://purl.oclc.org/dsdl/schematron'/>", "not a schematron schema"),
        ("<schema", "xml.syntax"),
        (
            "<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt2'><pattern><rule>"
            "<assert test='1'/></rule></pattern></schema>",
            "context",
        ),
        (
            "<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt2'><pattern><rule context='a'>"
            "<assert>x</assert></rule></pattern></schema>",
            "no test",
        ),
        (
            "<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt2'>"
            "<include href='a.sch'/></schema>",
            "deep",
        ),
        (
            "<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt2'><pattern>"
            "<rule abstract='true' id='a'><extends rule='a'/></rule><rule context='b'><extends rule='a'/></rule>"
            "</pattern></schema>",
            "without end",
        ),
    ],
)
def test_a_schema_that_cannot_be_compiled_is_an_error_that_says_why(tmp_path: Path, text: str, problem: str) -> None:
    """No crash, no endless include or rule."""
    (tmp_path / "s.sch").write_text(text, encoding="utf-8")
    loop = "<pattern xmlns='http://purl.oclc.org/dsdl/schematron'><include href='a.sch'/></pattern>"
    (tmp_path / "a.sch").write_text(loop, encoding="utf-8")
    with pytest.raises(SchemaError, match=problem):
        compile_schema(Files(tmp_path), "", "s.sch")


def test_a_schema_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Nothing is read outside the resolver's root."""
    with pytest.raises(SchemaError):
        compile_schema(Files(tmp_path), "", "none.sch")
    (tmp_path / "in").mkdir()
    (tmp_path / "out.sch").write_text("x", encoding="utf-8")
    with pytest.raises(SchemaError):
        compile_schema(Files(tmp_path / "in"), "", "../out.sch")
