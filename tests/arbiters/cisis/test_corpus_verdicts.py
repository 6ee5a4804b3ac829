"""The verdict of the official validator on every document of the shared corpus, found again."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from conformance.arbiters.cisis.engine import Engine
from conformance.arbiters.cisis.package import Package

pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")


@pytest.fixture(scope="module")
def engine(cisis: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    kept = tmp_path_factory.mktemp("cache")
    return Engine(Package.open(cisis, kept=kept), kept=kept)


@pytest.mark.corpus
def test_every_verdict_of_the_corpus_is_found_again(shared: Path, engine: Engine) -> None:
    """Accepted or not, valid or not for the schema, the schematrons that reject, the document model."""
    corpus = shared / "corpus-cda"
    archives = {path.stem: ZipFile(path) for path in corpus.glob("*.zip")}
    known = engine._package.schematrons
    wrong = []
    rows = [json.loads(line) for line in (corpus / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 700
    for row in rows:
        name, official = row["fichier"], row["officiel"]
        report = engine.judge(archives[name.partition("/")[0]].read(name), name)
        rules = [r for r in official["regles_erreur"] if not r.startswith("XML")]
        families = {next(n for n in known if r.startswith(f"{n}.")) for r in rules}
        ours = (report.accepted, not report.xsd, set(report.families))
        theirs = (official["accepte"], official["xsd_valide"], families)
        # a document whose root is not a CDA has no document model for us; its verdict is the same
        models = (report.volet, official["volet"]) if official["xsd_valide"] else (None, None)
        if ours != theirs or models[0] != models[1]:
            wrong.append((name, ours, theirs, models))
    assert wrong == []


@pytest.mark.corpus
def test_official_examples_of_the_corpus_are_accepted(shared: Path, engine: Engine) -> None:
    """The examples kept as they are, and the bases made lighter."""
    for folder in ("officiels", "bases"):
        paths = sorted((shared / "corpus-cda" / folder).glob("*.xml"))
        assert len(paths) > 10
        assert [p.name for p in paths if not engine.judge(p.read_bytes()).accepted] == []
