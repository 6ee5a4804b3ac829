"""The PFI profile against the ANS export: every fact equal, no sentence copied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Automation, Level, Requirement

pytestmark = pytest.mark.corpus

PROFILE = load_profile("PFI")
ROWS = PROFILE.requirements()
AUTOMATION = {"auto": Automation.AUTO, "semi": Automation.SEMI, "manuel": Automation.MANUAL}


@pytest.fixture(scope="module")
def export(shared: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of the export that concern the PFI, by (wave, id)."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    return {(row["wave"], row["id"]): row for row in rows if "PFI" in row["rem"]}


def scenarios(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The scenarios of a row that are the PFI's, or everyone's."""
    return [s for s in row["scenarios"] if not s.get("rems") or "PFI" in s["rems"]]


def test_every_row_is_there_once_and_in_order(export: dict[tuple[str, str], Any]) -> None:
    """23 rows of wave 1 and 77 of wave 2, as the export lists them."""
    assert [(r.wave, r.id) for r in ROWS] == sorted(export, key=lambda k: (k[0], list(export).index(k)))
    assert {w.name: len(w.requirements) for w in PROFILE.waves} == {"va1": 23, "va2": 77}
    assert len({r.key for r in ROWS}) == 100


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.key)
def test_the_facts_of_a_row_are_those_of_the_export(row: Requirement, export: dict[tuple[str, str], Any]) -> None:
    """Level, DSR number, scope, derivation, scenarios and proofs with their kinds are equal."""
    source = export[row.wave, row.id]
    own = source["rem"]["PFI"]
    assert row.level is Level(own.get("level") or source["level"])
    assert row.ref == own.get("vague1_ref")
    assert row.scope == own["profile"]
    assert row.derived is own["derived"]
    official = scenarios(source)
    # A scenario of our own may follow the official ones: another property that the statement asks for.
    kept = [s for s in row.scenarios if not s.derived] if official else row.scenarios
    assert [s.id for s in kept] == ([s["id"] for s in official] or [None])
    assert all(s.id is None and s.property for s in row.scenarios if s.derived and official)
    for ours, theirs in zip(kept, official, strict=False):
        assert [(p.id, p.kind.value) for p in ours.proofs] == [(p["id"], p["kind"]) for p in theirs["proofs"]]


def test_automation_is_that_of_the_analysis(shared: Path) -> None:
    """auto, semi and manual are as the analysis of the rows has them."""
    lines = (shared / "referentiel" / "verifiabilite.csv").read_text(encoding="utf-8").splitlines()
    known = {tuple(line.split(";")[:2]): line.split(";")[4] for line in lines[1:]}
    assert {r.key: r.automation for r in ROWS} == {r.key: AUTOMATION[known[r.id, r.wave]] for r in ROWS}


def test_optional_rows_are_judged_only_when_claimed() -> None:
    """The PEUT rows wait for their own claim."""
    optional = [r for r in ROWS if r.level is Level.MAY]
    assert [r.id for r in optional] == ["MSS/va1.30", "TBB/va1.04", "MSS/CONF.02", "SSI/IE.40", "SSI/IE.55"]
    for row in optional:
        assert f"claims({row.key})" in str(row.when)


def test_manual_rows_say_what_to_hand_in_and_the_others_why_not_yet() -> None:
    """Every scenario of a manual row names its proof; an automatic one is judged or says it is not."""
    for row in ROWS:
        for scenario in row.scenarios:
            if row.automation is Automation.MANUAL:
                assert scenario.attest, scenario.key
            elif row.automation is Automation.AUTO:
                assert scenario.property or scenario.reason, scenario.key


def test_the_first_rows_judged_name_their_property() -> None:
    """The rows that the bench judged first, and by what."""
    judged = {r.key: r.properties[0] for r in ROWS if r.properties}
    assert judged.items() >= {
        "PFI/va1/DMP/va1.01": "dmp.systematic-feeding",
        "PFI/va1/INS/va1.16": "ins.incoming-identity",
        "PFI/va1/INTRA/va1.01": "documents.imaging-flags",
        "PFI/va2/CDA/HL7.01": "documents.volet-reception",
        "PFI/va2/CDA/HL7.02": "returns.dmp-result",
    }.items()


def words(text: str) -> list[str]:
    """The words of a text, lower case."""
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words."""
    found = words(text)
    return (tuple(found[i : i + length]) for i in range(len(found) - length + 1))


def test_no_sentence_of_the_export_is_copied(shared: Path) -> None:
    """No title or attestation shares eight words in a row with any official text."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    official: set[tuple[str, ...]] = set()
    for row in rows:
        texts = [row["statement"], *(rem.get("statement", "") for rem in row["rem"].values() if rem)]
        texts += [s["text"] or "" for s in row["scenarios"]]
        texts += [p["text"] or "" for s in row["scenarios"] for p in s["proofs"]]
        for text in texts:
            official.update(runs(text, 8))
    for row in ROWS:
        for text in (row.title, *(s.attest for s in row.scenarios)):
            shared_run = next((run for run in runs(text, 8) if run in official), None)
            assert shared_run is None, f"{row.key}: {' '.join(shared_run or ())}"
