"""The PFI profile against the ANS export: every fact equal, no sentence copied."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.expression import names
from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Automation, Level, Requirement

pytestmark = pytest.mark.corpus

PROFILE = load_profile("PFI")
ROWS = PROFILE.requirements()
GROUPS = {"PFI/va2/PSC.01": "psc-modalite", "PFI/va2/SSI/IAM.80": "oidc-modalite"}
AUTOMATION = {"auto": Automation.AUTO, "semi": Automation.SEMI, "manuel": Automation.MANUAL}


@pytest.fixture(scope="module")
def export(shared: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of the export that concern the PFI, by (wave, id)."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    return {(row["wave"], row["id"]): row for row in rows if "PFI" in row["rem"]}


def analysis(shared: Path) -> dict[str, dict[str, str]]:
    """The analysis of the rows of the PFI, by key."""
    with (shared / "referentiel" / "verifiabilite.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {f"PFI/{row['wave']}/{row['id']}": row for row in rows if "PFI" in row["rems"].split("|")}


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


def test_manual_rows_say_what_to_hand_in_and_automatic_ones_are_judged() -> None:
    """Every scenario of a manual row names its proof in both languages, no row waits, no automatic one is a proof."""
    for row in ROWS:
        for scenario in row.scenarios:
            assert scenario.reason is None, scenario.key
            assert bool(scenario.attest) == bool(scenario.attest_en), scenario.key
            if row.automation is Automation.MANUAL:
                assert scenario.attest, scenario.key
                assert scenario.property is None, scenario.key
            elif row.automation is Automation.AUTO:
                assert scenario.property, scenario.key
            else:
                assert scenario.property or scenario.attest, scenario.key


def test_proofs_given_by_others_are_those_of_the_analysis(shared: Path) -> None:
    """CNDA, Gazelle, MSSanté tool and PASSI stand on the rows the analysis names, and semi rows ask for them."""
    said = {"CNDA": "cnda", "Gazelle": "gazelle", "outil MSSanté": "mssante-tool", "PASSI": "passi"}
    wanted = {key: said[row["preuve_externe"]] for key, row in analysis(shared).items() if row["preuve_externe"]}
    assert {row.key: row.outside.by.value for row in ROWS if row.outside is not None} == wanted
    for row in ROWS:
        if row.outside is not None and row.automation is not Automation.AUTO:
            assert any(scenario.attest for scenario in row.scenarios), row.key


def test_cases_of_the_mssante_tool_are_those_of_the_export(export: dict[tuple[str, str], dict[str, Any]]) -> None:
    """The case that a row names is the one its official proof names."""
    for row in ROWS:
        proofs = [p["text"] or "" for s in scenarios(export[row.wave, row.id]) for p in s["proofs"]]
        named = {name for text in proofs for name in re.findall(r"MSS-LPS-SEGUR-[A-Z]+", text)}
        assert named == ({row.outside.case} if row.outside is not None and row.outside.case else set()), row.key


def test_conditions_are_those_of_the_analysis(shared: Path) -> None:
    """Every option that the analysis names for the PFI is in the `when` of the row."""
    for key, line in analysis(shared).items():
        row = PROFILE.requirement(key)
        told = line["condition_applicabilite"]
        own = dict(part.split("=", 1) for part in told.split("|") if "=" in part).get(
            "PFI", "" if "=" in told else told
        )
        for option in re.split(r"\s*[&/]\s*", own):
            if option.startswith("declare("):
                assert row.level is Level.MAY, key
            elif option:
                assert option in names(row.when), key


def test_alternatives_between_scenarios_are_groups(shared: Path) -> None:
    """Where the analysis lets one of several scenarios be enough, the row is a group of that name."""
    for key, line in analysis(shared).items():
        group = PROFILE.requirement(key).one_of
        assert group is None or group == line["alternative"], key
    assert {row.key: row.one_of for row in ROWS if row.one_of} == GROUPS


def test_the_first_rows_judged_name_their_property() -> None:
    """The rows that the bench judged first, and by what."""
    judged = {r.key: r.properties[0] for r in ROWS if r.properties}
    assert (
        judged.items()
        >= {
            "PFI/va1/DMP/va1.01": "dmp.systematic-feeding",
            "PFI/va1/INS/va1.16": "ins.incoming-identity",
            "PFI/va1/INTRA/va1.01": "documents.imaging-flags",
            "PFI/va2/CDA/HL7.01": "documents.volet-reception",
            "PFI/va2/CDA/HL7.02": "returns.dmp-result",
        }.items()
    )


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
