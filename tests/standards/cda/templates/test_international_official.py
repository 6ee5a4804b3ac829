"""The tables of the international templates beside the official schematron that they stand for."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.evidence.values import Severity
from conformance.standards.cda.document import Document
from conformance.standards.cda.templates import engine, notation
from conformance.standards.schematron import Missing, compile_schema, read_outcome
from conformance.standards.xml import syntax as xml
from tests.standards.cda.templates.test_french_official import changed, examples, governed

FOLDER = files("conformance.standards.cda.templates") / "tables"
TABLES = engine.Tables.of(
    draft
    for entry in sorted(FOLDER.iterdir(), key=lambda e: e.name)
    if entry.name.startswith("ihe_")
    for draft in notation.scan(entry.read_text(encoding="utf-8"), entry.name)
)


def refused(root: xml.Element) -> list[str]:
    """Our errors: the template and what was asked."""
    found = TABLES.judge(Document(root))
    return [f"{one.subject}: {one.cause}" for one in found if one.severity is Severity.ERROR]


class Folder:
    """Finds files of the package whatever the letter case of a reference: one of them is written otherwise."""

    def read(self, base: str, href: str) -> tuple[str, bytes]:
        path = (Path(base).parent / href).resolve() if base else Path(href).resolve()
        for found in path.parent.iterdir():
            if found.name.lower() == path.name.lower():
                return str(found), found.read_bytes()
        raise Missing(href)


def test_no_official_example_is_refused(cisis: Path) -> None:
    """IHE.sch accepts every official example (run with its own skeleton in SaxonC), and so do the tables."""
    judged = 0
    for path in sorted((cisis / "ExemplesCDA").glob("*.xml")):
        root = etree.parse(str(path)).getroot()
        root = root if xml.local(root) == "ClinicalDocument" else next(root.iter("{urn:hl7-org:v3}ClinicalDocument"))
        assert refused(root) == [], path.name
        judged += 1
    assert judged > 90


@pytest.mark.slow
def test_a_block_that_does_not_fit_is_always_explained(cisis: Path) -> None:
    """Where the quick XPath of a block says no, a check says why: a doubt without a finding would be silent."""
    dice, explained = random.Random(7), 0
    for root in examples(cisis):
        for _ in range(8 if governed(root) else 0):
            made = changed(root, dice)
            document = Document(made)
            for held in made.iter("{urn:hl7-org:v3}templateId"):
                owner = held.getparent()
                assert owner is not None
                for ready in TABLES.by_template.get(held.get("root", ""), ()):
                    if ready.fits is None or ready.fits(owner) or (ready.when is not None and not ready.when(owner)):
                        continue
                    hits = [hit for check in ready.block.checks for hit in check.explain(owner, document)]
                    assert hits, ready.draft.head.origin
                    explained += 1
    assert explained > 50


@pytest.mark.slow
def test_what_the_official_schematron_refuses_is_refused(cisis: Path) -> None:
    """On single changes of the examples that the schema admits, what IHE.sch refuses we refuse."""
    saxonche = pytest.importorskip("saxonche", reason="the extra `schematron` is not installed")
    saxon: Any = saxonche.PySaxonProcessor(license=False)
    source = str(cisis / "schematrons/profils/IHE.sch")
    compiled = compile_schema(Folder(), "", source, address=lambda file: Path(file).as_uri())
    sheet = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.stylesheet)
    schema = etree.XMLSchema(etree.parse(str(cisis / "infrastructure" / "cda" / "CDA_extended.xsd")))
    dice, judged, both, missed = random.Random(11), 0, 0, []
    for root in examples(cisis):
        for _ in range(10 if governed(root) else 0):
            made = changed(root, dice)
            node = saxon.parse_xml(xml_text=etree.tostring(made, encoding="unicode"))
            outcome = read_outcome(compiled, sheet.transform_to_string(xdm_node=node))
            theirs = [one.test.test for one in outcome.failures]
            found = refused(made)
            judged, both = judged + 1, both + bool(theirs and found)
            if theirs and not found and schema.validate(made):
                missed.append(theirs[0])
    assert judged > 500
    assert both > 50
    assert missed == []
