"""The content model against the schema of the official package: same verdict and faults on every document we have."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from mutations import every_element, mutants

from conformance.errors import Malformed
from conformance.standards.cda.structure.judge import MOST, judge
from conformance.standards.cda.structure.schema import schema
from conformance.standards.xml import syntax

XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def official(cisis: Path, tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The official schema, without the particles that may occur 0 times.

    XML Schema 1 (3.9.1) says that such a particle is as if it were not written, and Xerces, the official engine, does
    so; libxml2 lets them in.
    """
    source, target = cisis / "infrastructure" / "cda", tmp_path_factory.mktemp("xsd")
    for file in source.rglob("*.xsd"):
        tree = etree.parse(str(file))
        for element in list(tree.iter(XS + "element")):
            if element.get("maxOccurs") == "0":
                element.getparent().remove(element)
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        tree.write(str(copy))
    return etree.XMLSchema(etree.parse(str(target / "CDA_extended.xsd")))


def told(compiled: etree.XMLSchema) -> list[tuple[str, str, str]]:
    """What libxml2 said of the last document, but for the namespace of the simple types, where ours lie together."""
    plain = re.compile(r" type '(?:\{[^}]*\})?")
    return [(entry.type_name, entry.path, plain.sub(" type '", entry.message)) for entry in compiled.error_log]


def examples(cisis: Path) -> Iterator[tuple[str, bytes]]:
    """The official examples; of those that carry their stylesheet, the document inside it."""
    for file in sorted((cisis / "ExemplesCDA").glob("*.xml")):
        root = etree.parse(str(file)).getroot()
        if syntax.local(root) != "ClinicalDocument":
            root = next(root.iter("{urn:hl7-org:v3}ClinicalDocument"))
        yield file.name, etree.tostring(root)


def corpus(shared: Path) -> Iterator[tuple[dict[str, object], bytes]]:
    """The documents of the corpus with their line of `verdicts.jsonl`."""
    folder = shared / "corpus-cda"
    archives: dict[str, zipfile.ZipFile] = {}
    for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        archive = archives.setdefault(row["classe"], zipfile.ZipFile(folder / f"{row['classe']}.zip"))
        yield row, archive.read(row["fichier"])


def test_official_examples(cisis: Path, official: etree.XMLSchema) -> None:
    """Every official example is judged as the official schema judges it, and has no finding when it is valid."""
    count = 0
    for name, raw in examples(cisis):
        valid = official.validate(etree.fromstring(raw))
        findings = list(judge(etree.fromstring(raw)))
        assert bool(findings) == (not valid), (name, findings[:3])
        count += 1
    assert count == 94


def judged(raw: bytes) -> bool | None:
    """Whether we refuse a document; None for a DOCTYPE, refused by the reader and not looked at by the schema."""
    try:
        return bool(list(judge(syntax.parse(raw))))
    except Malformed as error:
        return None if error.code == "xml.syntax.doctype" else True


@pytest.mark.corpus
def test_published_verdicts(shared: Path) -> None:
    """Every document of the corpus has the verdict that Xerces gave with the official schema."""
    rejected = 0
    for row, raw in corpus(shared):
        official_verdict = row["officiel"]
        assert isinstance(official_verdict, dict)
        refused = not official_verdict["xsd_valide"]
        rejected += refused
        assert judged(raw) in (refused, None), row["fichier"]
    assert rejected == 162


def agree(official: etree.XMLSchema, what: str, root: etree._Element) -> bool:
    """Both schemas say the same of a mutant, and every refusal is explained with a code of ours; True when refused."""
    raw = etree.tostring(root)
    ours = schema()
    valid = official.validate(etree.fromstring(raw))
    assert ours.validate(etree.fromstring(raw)) == valid, what
    assert told(ours) == told(official), what
    findings = list(judge(etree.fromstring(raw)))
    if valid:  # what only Xerces refuses comes on top
        assert all(f.code == "cda.structure.idref" or f.cause == "uri" for f in findings), what
    else:
        assert findings, what
    assert len(findings) <= 2 * MOST
    assert "cda.structure.other" not in {f.code for f in findings}, what
    return not valid


def test_mutants_of_examples(cisis: Path, official: etree.XMLSchema) -> None:
    """Structural mutations of the official examples are refused by both schemas or by neither, for the same reasons."""
    count = refused = 0
    for seed, (_, raw) in enumerate(examples(cisis)):
        if len(raw) > 300_000:
            continue
        for what, root in mutants(raw, 4, seed):
            refused += agree(official, what, root)
            count += 1
    assert count > 250
    assert 0.3 < refused / count < 0.9, "mutations must neither all pass nor all fail"


@pytest.mark.slow
def test_every_element_mutated(cisis: Path, official: etree.XMLSchema) -> None:
    """Each element of each small official example, mutated once: both schemas agree on all."""
    count = 0
    for seed, (_, raw) in enumerate(examples(cisis)):
        if len(raw) > 120_000:
            continue
        for what, root in every_element(raw, seed):
            agree(official, what, root)
            count += 1
    assert count > 20_000
