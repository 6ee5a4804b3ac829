"""Official documents of the ANS: every one reads, and our few rules find in them only what is really wrong."""

from __future__ import annotations

import json
import re
import time
import zipfile
from pathlib import Path

import pytest

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.cda import judging, reader, syntax
from conformance.standards.xml import syntax as xml

pytestmark = pytest.mark.corpus

# Official examples that really carry a NIR whose key is wrong (their own mistake, known to the ANS corpus).
WRONG_KEYS = {
    "CSE-CS8_2024.01.xml",
    "CSE-CS8_2025.01.xml",
    "CSE-MDE_2023.01.xml",
    "OBP-SNE_2024.01.xml",
    "SDM-MR_2024.01_nouveau-ne.xml",
}

# CDA.xsd: the children of ClinicalDocument, in this order.
ORDER = re.findall(
    r"\w+",
    "realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode setId versionNumber "
    "copyTime recordTarget author dataEnterer informant custodian informationRecipient legalAuthenticator "
    "authenticator participant inFulfillmentOf documentationOf relatedDocument authorization componentOf component",
)


def documents(shared: Path) -> list[Path]:
    """The official examples and the lightened bases."""
    return sorted((shared / "corpus-cda").glob("officiels/*.xml")) + sorted((shared / "corpus-cda/bases").glob("*.xml"))


def test_every_official_document_reads_with_its_identity(shared: Path) -> None:
    """All 56 documents read: identifiers, type, patient with birth name, author, custodian, act, facility, level."""
    found = documents(shared)
    assert len(found) == 56
    for path in found:
        header = reader.read(path.read_bytes())
        said = (
            header.id.root,
            header.set_id.root,
            header.version,
            header.code.code,
            header.code.system,
            header.title,
            header.patient.ids,
            header.patient.name.families,
            header.patient.birth,
            header.authors[0].ids,
            header.custodian.ids,
            header.legal_authenticator,
            header.practice.code,
            header.facility.code,
            header.acts[0].low,
        )
        assert all(said), (path.name, said)
        assert header.level in ("N1", "N3"), path.name
        assert (header.body is not None) == (header.level == "N1"), path.name


def test_rules_find_errors_only_where_a_key_is_wrong(shared: Path) -> None:
    """No error on the official documents, but for the NIR keys that five of them carry wrong."""
    for path in documents(shared):
        errors = [f for f in judging.judge(path.read_bytes()) if f.severity is Severity.ERROR]
        expected = ["ins.matricule.key"] if path.name in WRONG_KEYS else []
        assert [f.code for f in errors] == expected, path.name


def test_official_documents_follow_the_order_we_build_in(shared: Path) -> None:
    """The order of header elements that the builder follows is the order of every official document."""
    for path in documents(shared):
        names = [xml.local(e) for e in xml.children(syntax.parse(path.read_bytes()))]
        known = [ORDER.index(n) for n in names if n in ORDER]
        assert known == sorted(known), path.name


def test_defects_on_judged_facts_are_found(shared: Path) -> None:
    """Among the seeded defects of identifiers, versions, INS and body, ours are findings their base does not have."""
    rows = [json.loads(line) for line in (shared / "corpus-cda/verdicts.jsonl").read_text("utf-8").splitlines()]
    bases = {p.stem: {(f.code, f.location.path) for f in judging.judge(p.read_bytes())} for p in documents(shared)}
    caught: set[str] = set()
    for name in ("identite", "metadonnees", "corps", "technique"):
        with zipfile.ZipFile(shared / "corpus-cda" / f"{name}.zip") as archive:
            for row in (r for r in rows if r["classe"] == name and r["attendu"] == "defaut"):
                found = {(f.code, f.location.path) for f in judging.judge(archive.read(row["fichier"]))}
                caught |= {code for code, _ in found - bases[row["base"]]}
    expected = """
        ins.matricule.key ins.matricule.form ins.trait.place ins.trait.first-given cda.patient.id cda.time.calendar
        cda.patient.ins-traits cda.id.absent cda.id.oid cda.code.absent cda.title.absent cda.version.number
        cda.version.first cda.version.related cda.body.absent cda.n1.empty cda.n1.media-type cda.media.type-other
        cda.n1.representation cda.media.base64 cda.syntax.root xml.syntax.encoding xml.syntax.not-well-formed
    """
    assert set(expected.split()) <= caught


def test_legitimate_variants_give_no_new_error(shared: Path) -> None:
    """The 35 witnesses of the corpus (legitimate variants) give no error that their base does not give."""
    rows = [json.loads(line) for line in (shared / "corpus-cda/verdicts.jsonl").read_text("utf-8").splitlines()]
    errors = {p.stem: _errors(p.read_bytes()) for p in documents(shared)}
    seen = 0
    with zipfile.ZipFile(shared / "corpus-cda/temoin.zip") as archive:
        for row in (r for r in rows if r["classe"] == "temoin"):
            found = _errors(archive.read(row["fichier"]))
            assert found <= errors[row["base"]], row["fichier"]
            seen += 1
    assert seen == 35


def test_documents_cut_or_altered_give_a_header_or_malformed(shared: Path) -> None:
    """Cutting an official document anywhere, or flipping bytes in it, raises nothing but Malformed."""
    raw = (shared / "corpus-cda/bases/DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes()
    outcomes = set()
    for at in range(0, len(raw), 97):
        for data in (raw[:at], raw[:at] + b"<" + raw[at + 1 :], raw[:at] + b"\xff" + raw[at + 1 :]):
            outcomes.add(_outcome(data))
    assert "" in outcomes
    assert outcomes - {""} <= {"xml.syntax.not-well-formed", "xml.syntax.encoding", "cda.syntax.root"}


def _errors(raw: bytes) -> set[str]:
    return {f.code for f in judging.judge(raw) if f.severity is Severity.ERROR}


def _outcome(raw: bytes) -> str:
    try:
        list(judging.judge(raw))
    except Malformed as error:
        return error.code
    return ""


def test_reading_is_fast(shared: Path) -> None:
    """A 130 kB document is read and judged in well under 50 ms (a few ms on an idle machine)."""
    raw = (shared / "corpus-cda/bases/IMG_CR_IMG_2024.01.xml").read_bytes()
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        list(judging.judge(raw))
        best = min(best, time.perf_counter() - start)
    assert best < 0.05
