"""The French rule tables beside the official schematrons that they stand for, on single changes of the examples."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.standards.cda import syntax
from conformance.standards.cda.document import Document
from conformance.standards.schematron import Missing, compile_schema, read_outcome
from conformance.standards.xml import syntax as xml
from tests.standards.cda.templates.test_french_tables import TABLES

SCHEMAS = ("CI-SIS_ModelesDeContenusCDA.sch", "CI-SIS_Modeles_ANS.sch")
HL7 = "{urn:hl7-org:v3}"
OTHER = {"classCode": "ACT", "moodCode": "INT", "typeCode": "SUBJ", "codeSystem": "2.16.840.1.113883.6.96"}
CHANGES = ("removed", "repeated", "emptied", "null", "attribute-removed", "attribute-changed")


class Folder:
    """Finds files of the package as their references say."""

    def read(self, base: str, href: str) -> tuple[str, bytes]:
        path = (Path(base).parent / href).resolve() if base else Path(href).resolve()
        if not path.is_file():
            raise Missing(href)
        return str(path), path.read_bytes()


def _uri(path: str) -> str:
    return Path(path).as_uri()


class Official:
    """Both schematrons, compiled for SaxonC: the tests that fail, each with how often."""

    def __init__(self, package: Path) -> None:
        saxonche = pytest.importorskip("saxonche", reason="the extra `schematron` is not installed")
        self.saxon: Any = saxonche.PySaxonProcessor(license=False)
        self.compiled = [
            compile_schema(
                Folder(), "", str(package / "schematrons/profils" / name), address=lambda f: Path(f).as_uri()
            )
            for name in SCHEMAS
        ]
        xslt = self.saxon.new_xslt30_processor()
        self.sheets = [xslt.compile_stylesheet(stylesheet_text=one.stylesheet) for one in self.compiled]

    def refuses(self, root: xml.Element) -> Counter[tuple[str, str]]:
        """The failures of a document: (schematron test, context)."""
        node = self.saxon.parse_xml(xml_text=etree.tostring(root, encoding="unicode"))
        found: Counter[tuple[str, str]] = Counter()
        for compiled, sheet in zip(self.compiled, self.sheets, strict=True):
            outcome = read_outcome(compiled, sheet.transform_to_string(xdm_node=node))
            assert not outcome.errors
            found.update((one.test.test, one.test.context) for one in outcome.failures)
        return found


def ours(root: xml.Element) -> Counter[tuple[str, str]]:
    """Our findings: (place, what was asked)."""
    return Counter((one.location.path, one.cause) for one in TABLES.judge(Document(root)))


def governed(root: xml.Element) -> list[xml.Element]:
    """The elements that declare a template, and those below them, but for the narrative."""
    listed = []
    for element in root.iterdescendants("{*}*"):
        above = [element, *element.iterancestors()]
        names = [xml.local(one) for one in above]
        if "text" in names[1:] and names[0] != "reference":
            continue
        if any(one.find(f"{HL7}templateId") is not None for one in above[:8] if one is not root):
            listed.append(element)
    return listed


def changed(root: xml.Element, dice: random.Random) -> xml.Element:
    """A copy of a document with one change."""
    place = root.getroottree().getelementpath(dice.choice(governed(root)))
    made = copy.deepcopy(root)
    element = made.find(place)
    parent = element.getparent() if element is not None else None
    assert element is not None
    assert parent is not None
    change = dice.choice(CHANGES)
    name = str(dice.choice(list(element.attrib))) if element.attrib else ""
    if change == "removed":
        parent.remove(element)
    elif change == "repeated":
        element.addnext(copy.deepcopy(element))
    elif change == "emptied":
        for child in list(element):
            element.remove(child)
        element.text = None
    elif change == "null":
        element.set("nullFlavor", "UNK")
    elif name and change == "attribute-removed":
        del element.attrib[name]
    elif name:
        element.set(name, OTHER.get(name, "other"))
    return made


def examples(package: Path) -> Iterator[xml.Element]:
    """The documents of the examples, those with big attachments left out."""
    for path in sorted((package / "ExemplesCDA").glob("*.xml")):
        if path.stat().st_size < 300_000:
            root = xml.parse(path.read_bytes())
            held = root if root.tag == syntax.DOCUMENT else next(root.iter(syntax.DOCUMENT))
            yield xml.parse(etree.tostring(held, encoding="utf-8"))


@pytest.mark.slow
def test_what_the_official_schematrons_refuse_is_refused(cisis: Path) -> None:
    """On single changes of the examples that the schema admits, both judges refuse the same ones."""
    official, dice = Official(cisis), random.Random(3)
    schema = etree.XMLSchema(etree.parse(str(cisis / "infrastructure" / "cda" / "CDA_extended.xsd")))
    judged = refused = 0
    apart = []
    for root in examples(cisis):
        before, before_ours = official.refuses(root), ours(root)
        for _ in range(8 if governed(root) else 0):
            made = changed(root, dice)
            theirs, found = official.refuses(made) - before, ours(made) - before_ours
            judged, refused = judged + 1, refused + bool(theirs)
            if bool(theirs) != bool(found) and schema.validate(made):
                apart.append((sorted(theirs), sorted(found)))
    assert judged > 500
    assert refused > 30
    assert apart == []
