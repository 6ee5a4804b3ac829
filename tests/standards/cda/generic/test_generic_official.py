"""The generic rules on official documents: no error but the examples' own mistakes, each argued."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.cda import generic, syntax
from conformance.standards.cda.document import Document, Settings

SETTINGS = Settings(as_of=date(2026, 11, 25))

# What the official examples really get wrong. 20092012081500+0100: day and month exchanged, there is no month 20; a
# coded value (75056, a commune) without its code system.
MISTAKES = {
    "BIO-CR-BIO_2021.01_Electrophorese.xml": "cda.body-time.invalid",
    "BIO-CR-BIO_2023.01_Electrophorese.xml": "cda.body-time.invalid",
    "BIO-CR-BIO_2024.01_Electrophorese.xml": "cda.body-time.invalid",
    "SDM-MR_2022.01.xml": "cda.code.system-missing",
}

# Mutations of the corpus that generic rules alone must catch, whatever the volet.
CAUGHT = frozenset(
    {
        "atc_inexistant", "cim10_inexistant", "cis_inexistant", "dose_negative", "entree_date_30_fevrier",
        "entree_code_inexistant", "entree_loinc_cle_fausse", "entree_statut_invalide", "interpretation_hors_jdv",
        "media_base64_tronque", "media_mediatype_incoherent", "n1_base64_data_uri", "n1_base64_pas_un_pdf",
        "n1_base64_tronque", "n1_double_base64", "n1_mediatype_absent", "n1_mediatype_incoherent",
        "n1_mediatype_inconnu", "n1_mediatype_word", "n1_representation_absente", "n1_representation_txt",
        "n1_texte_vide", "section_code_displayname_faux", "section_code_inconnu", "section_code_sans_codesystem",
        "section_sans_template", "valeur_code_codesystem_faux", "valeur_code_hors_terminologie",
        "valeur_code_sans_displayname", "valeur_displayname_faux", "valeur_unite_absente", "valeur_unite_casse",
        "valeur_unite_non_ucum", "voie_codesystem_faux",
    }
)  # fmt: skip


def errors(raw: bytes) -> Counter[tuple[str, str]]:
    """The errors of a document, code and path."""
    found = generic.judge(Document(syntax.parse(raw), SETTINGS))
    return Counter((f.code, f.location.path) for f in found if f.severity is Severity.ERROR)


def test_official_examples(cisis: Path) -> None:
    """No official example has an error but the four whose mistake is named."""
    found = {
        path.name: {code for code, _ in errors(path.read_bytes())} for path in (cisis / "ExemplesCDA").glob("*.xml")
    }
    assert len(found) == 94
    assert {name: codes for name, codes in found.items() if codes} == {name: {code} for name, code in MISTAKES.items()}


@pytest.mark.corpus
@pytest.mark.parametrize("kind", ["officiels", "bases"])
def test_corpus_documents(shared: Path, kind: str) -> None:
    """No document of the corpus that the official validator accepts has an error."""
    paths = sorted((shared / "corpus-cda" / kind).glob("*.xml"))
    assert len(paths) in (19, 37)
    assert [path.name for path in paths if errors(path.read_bytes())] == []


@pytest.mark.corpus
def test_corpus_mutants(shared: Path) -> None:
    """Every mutant of these operators has an error that its base does not have, and no witness has one."""
    folder = shared / "corpus-cda"
    bases = {path.stem: errors(path.read_bytes()) for path in (folder / "bases").glob("*.xml")}
    archives: dict[str, zipfile.ZipFile] = {}
    missed, loud, seen = [], [], set()
    for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["operateur"] not in CAUGHT and row["attendu"] != "temoin":
            continue
        archive = archives.setdefault(row["classe"], zipfile.ZipFile(folder / f"{row['classe']}.zip"))
        try:
            new = errors(archive.read(row["fichier"])) - bases[row["base"]]
        except Malformed:
            new = Counter()
        if row["attendu"] == "temoin":
            loud += [row["fichier"]] if new else []
        else:
            seen.add(row["operateur"])
            missed += [] if new else [row["fichier"]]
    assert seen == CAUGHT
    assert (missed, loud) == ([], [])
