"""Our compiler says of real documents exactly what the ISO skeleton of the official package says."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from conformance.arbiters.cisis import reading
from conformance.arbiters.cisis.engine import Engine
from conformance.arbiters.cisis.package import FAMILIES, Package
from conformance.arbiters.cisis.stylesheets import Stylesheets
from conformance.errors import Malformed
from conformance.standards.schematron import read_outcome
from tests.arbiters.cisis.skeleton import Skeleton, Told

pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")


@pytest.fixture(scope="module")
def package(cisis: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    return Package.open(cisis, kept=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def skeleton(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Skeleton:
    return Skeleton(package, tmp_path_factory.mktemp("skeleton"))


@pytest.fixture(scope="module")
def engine(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(package, kept=tmp_path_factory.mktemp("engine"))


def examples(package: Package) -> list[Path]:
    return sorted((package.root / "ExemplesCDA").glob("*.xml"))


def mutants(shared: Path) -> Iterator[tuple[str, bytes]]:
    for archive in sorted((shared / "corpus-cda").glob("*.zip")):
        with ZipFile(archive) as held:
            for name in sorted(held.namelist()):
                if name.endswith(".xml"):
                    yield name, held.read(name)


def differences(engine: Engine, skeleton: Skeleton, name: str, raw: bytes) -> list[str]:
    """Where the two differ on one document: the general schematrons and the document model that it claims."""
    try:
        root, _ = reading.read(raw)
    except Malformed:
        return []
    report = engine.judge(raw, name)
    ours: dict[str, Told] = defaultdict(Counter)
    for finding in report.findings:
        ours[finding.schematron][(finding.path, finding.role, finding.text)] += 1
    node = skeleton.parsed(reading.source(reading.unwrapped(root)))
    found = [
        f"{name}: {n.what} {n.detail}" for n in report.not_run if n.reason in ("rule-error", "schematron-unusable")
    ]
    for family in [*FAMILIES, *([report.volet] if report.volet else [])]:
        theirs = skeleton.told(family, node)
        found += [f"{name}: only ours: {row}" for row in (ours[family] - theirs)]
        found += [f"{name}: only the skeleton: {row}" for row in (theirs - ours[family])]
    return found


def test_some_examples_are_told_alike(package: Package, engine: Engine, skeleton: Skeleton) -> None:
    """One official example in twelve, among them those that the package itself rejects."""
    chosen = examples(package)
    chosen = [p for n, p in enumerate(chosen) if n % 12 == 0 or "FRCP" in p.name or "eDISP" in p.name]
    assert len(chosen) > 10
    assert [d for p in chosen for d in differences(engine, skeleton, p.name, p.read_bytes())] == []


@pytest.mark.corpus
def test_some_mutants_are_told_alike(shared: Path, engine: Engine, skeleton: Skeleton) -> None:
    """A sample of documents with one defect each: the failing asserts, their places and texts are the same."""
    every = list(mutants(shared))
    chosen = random.Random(3).sample(every, 24)
    assert [d for name, raw in chosen for d in differences(engine, skeleton, name, raw)] == []


@pytest.mark.slow
def test_every_example_is_told_alike_by_every_schematron(package: Package, skeleton: Skeleton, tmp_path: Path) -> None:
    """Each document model judges each example, even those it is not made for (terminologies: see the next test)."""
    stylesheets = Stylesheets(package, kept=tmp_path)
    xslt = skeleton.saxon.new_xslt30_processor()
    compiled = {name: stylesheets.get(name) for name in package.schematrons if name != "terminologie"}
    loaded = {name: xslt.compile_stylesheet(stylesheet_text=one.stylesheet) for name, one in compiled.items()}
    wrong = []
    for path in examples(package):
        node = skeleton.parsed(reading.source(reading.unwrapped(reading.read(path.read_bytes())[0])))
        for name, one in compiled.items():
            said = loaded[name].transform_to_string(xdm_node=node)
            outcome = read_outcome(one, said)
            ours = Counter((f.path, f.test.role, f.text) for f in outcome.failures)
            if ours != skeleton.told(name, node) or outcome.errors:
                wrong.append((path.name, name))
    assert wrong == []


@pytest.mark.slow
@pytest.mark.corpus
def test_every_mutant_is_told_alike(shared: Path, engine: Engine, skeleton: Skeleton) -> None:
    """The whole corpus, general schematrons and document models."""
    assert [d for name, raw in mutants(shared) for d in differences(engine, skeleton, name, raw)] == []
