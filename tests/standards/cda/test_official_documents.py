"""What the rules say of every document that ANS published is what `docs/corpus-cda.md` argues, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from conformance.evidence.values import Severity
from conformance.standards.cda.judging import Settings, judge
from conformance.standards.check import check

PAGE = Path(__file__).resolve().parents[3] / "docs" / "corpus-cda.md"
SETTINGS = Settings(as_of=date(2026, 11, 25))


def argued(title: str) -> dict[str, set[str]]:
    """Document -> the codes that the page argues, from the table under a title."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {title}")[1].split("\n## ")[0]
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and "`" in cells[1]:
            assert len(cells[2]) > 12, line
            name = unicodedata.normalize("NFC", cells[0].partition(" (")[0])
            found.setdefault(name, set()).update(re.findall(r"`([^`]+)`", cells[1]))
    assert found
    return found


def rejected(folder: Path) -> dict[str, set[str]]:
    """Document -> the codes of its errors, documents without any left out."""
    found = {}
    for path in sorted(folder.glob("*.xml")):
        codes = {f.code for f in judge(path.read_bytes(), SETTINGS) if f.severity is Severity.ERROR}
        if codes:
            found[unicodedata.normalize("NFC", path.name)] = codes
    return found


def test_every_error_in_the_official_package_is_argued(cisis: Path) -> None:
    """On the 94 examples, what is found is exactly what the page argues."""
    assert rejected(cisis / "ExemplesCDA") == argued("Examples of the package `TestContenuCDA`")


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["officiels", "bases"])
def test_only_wrong_nir_keys_are_found_in_the_corpus(shared: Path, name: str) -> None:
    """The examples and bases of the corpus have no other error than a wrong NIR key."""
    found = rejected(shared / "corpus-cda" / name)
    assert all(codes == {"ins.matricule.key"} for codes in found.values()), found
    known = argued("Examples of the package `TestContenuCDA`")
    assert {n for n in found if "ins.matricule.key" in known.get(n, ())} == set(found)


@pytest.mark.corpus
def test_every_error_in_a_carried_document_is_argued(shared: Path) -> None:
    """Each CDA inside the HL7 v2 examples has the errors that the page argues, under the name of its message."""
    from conformance.standards.hl7v2 import syntax, transmission
    from conformance.standards.hl7v2.values import DocumentMessage

    page = argued("CDA documents carried by the HL7 v2 examples")
    seen: dict[str, set[str]] = {}
    for path in sorted((shared / "corpus-hl7v2").glob("*.*7")):
        if not check(path.name, path.read_bytes()).kind.startswith("hl7v2/"):
            continue
        value = transmission.read(syntax.parse(path.read_bytes()))
        for document in value.documents if isinstance(value, DocumentMessage) else ():
            if document.data is None:
                continue
            codes = {f.code for f in judge(document.data, SETTINGS) if f.severity is Severity.ERROR}
            if codes - {"cda.syntax.root", "xml.syntax.not-well-formed"}:
                seen.setdefault(path.name.rpartition("__")[2], set()).update(codes)
    assert seen == page
