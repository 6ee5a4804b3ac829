"""The profiles of RI, DPI, SGL, RIS and LGO against the ANS export: every fact equal, no sentence copied."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue.expression import names
from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Automation, Level, Requirement
from conformance.catalogue.wording import digest_of
from conformance.catalogue.workbook.changes import shipped_digests

pytestmark = pytest.mark.corpus

COUNTS = {
    "RI": {"va1": 54, "va2": 3},
    "DPI": {"va1": 43, "va2": 103},
    "SGL": {"va1": 122, "va2": 100},
    "RIS": {"va1": 106, "va2": 142},  # 104 rows, two of which hide a second row under the same number
    "LGO": {"va1": 96, "va2": 10},
}
DERIVED = {"RI": 14, "LGO": 74}
DSRS = tuple(COUNTS)
ROWS = [row for dsr in DSRS for row in load_profile(dsr).requirements()]
AUTOMATION = {"auto": Automation.AUTO, "semi": Automation.SEMI, "manuel": Automation.MANUAL}
OUTSIDERS = {"CNDA": "cnda", "Gazelle": "gazelle", "outil MSSanté": "mssante-tool", "PASSI": "passi"}
GROUPS = {"PSC.01": "psc-modalite", "SSI/IAM.80": "oidc-modalite"}


@cache
def _export(place: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((place / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    return rows


@cache
def _analysis(place: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (place / "referentiel" / "verifiabilite.csv").open(encoding="utf-8", newline="") as file:
        return {(row["wave"], row["id"]): row for row in csv.DictReader(file, delimiter=";")}


@cache
def expected(place: Path, dsr: str) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Key -> (the row of the export, the part of it that is the DSR's); a hidden second row has a part of its own."""
    found = {}
    for row in _export(place):
        own = row["rem"].get(dsr)
        if own is None:
            continue
        key = f"{dsr}/{row['wave']}/{row['id']}"
        found[key] = (row, own)
        for second in own.get("also", []):
            found[f"{key}/{second['vague1_ref']}"] = (row, second)
    return found


def scenarios(row: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The scenarios of a row that are the DSR's, or everyone's: where a second row hides, those the DSR alone has."""
    dsr, wave, _ = key.split("/", 2)
    mine = [s for s in row["scenarios"] if not s.get("rems") or dsr in s["rems"]]
    if "also" not in row["rem"][dsr]:
        return mine
    hidden = key != f"{dsr}/{wave}/{row['id']}"
    return [s for s in mine if bool(s.get("rems")) == hidden]


def condition(told: str, dsr: str, *, second: bool) -> str:
    """The condition of a DSR in the words of the analysis: its own part, and that of the hidden second row."""
    own = told
    if "=" in told:
        own = dict(part.split("=", 1) for part in told.split("|") if "=" in part).get(dsr, "")
    first, _, other = own.partition(" / ")
    return other if second else first


@pytest.mark.parametrize("dsr", DSRS)
def test_every_row_is_there_once_and_in_order(dsr: str, shared: Path) -> None:
    """The rows of both waves are those of the export, in its order, with keys that are unique."""
    profile = load_profile(dsr)
    keys = [row.key for row in profile.requirements()]
    wanted = list(expected(shared, dsr))
    assert keys == sorted(wanted, key=lambda key: (key.split("/")[1], wanted.index(key)))
    assert len(set(keys)) == len(keys)
    assert {wave.name: len(wave.requirements) for wave in profile.waves} == COUNTS[dsr]


@pytest.mark.parametrize("dsr", DSRS)
def test_rows_given_by_analogy_are_marked(dsr: str) -> None:
    """As many rows are indicative as the export attributes by analogy, and those never weigh."""
    derived = [row for row in load_profile(dsr).requirements() if row.derived]
    assert len(derived) == DERIVED.get(dsr, 0)
    assert not any(row.mandatory for row in derived)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.key)
def test_the_facts_of_a_row_are_those_of_the_export(row: Requirement, shared: Path) -> None:
    """Level, DSR number, scope, derivation, scenarios and proofs with their kinds are equal."""
    source, own = expected(shared, row.dsr)[row.key]
    assert row.id == source["id"]
    assert row.level is Level(own.get("level") or source["level"])
    assert row.ref == own.get("vague1_ref")
    assert row.scope == own["profile"]
    assert row.derived is own.get("derived", False)
    official = scenarios(source, row.key)
    kept = [s for s in row.scenarios if not s.derived] if official else row.scenarios
    assert [s.id for s in kept] == ([s["id"] for s in official] or [None])
    assert all(s.id is None and s.property for s in row.scenarios if s.derived and official)
    for ours, theirs in zip(kept, official, strict=False):
        assert [(p.id, p.kind.value) for p in ours.proofs] == [(p["id"], p["kind"]) for p in theirs["proofs"]]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.key)
def test_the_conditions_of_a_row_are_those_of_the_analysis(row: Requirement, shared: Path) -> None:
    """Every option named for the DSR is in the `when` of the row, and an optional row waits for its own claim."""
    source, _ = expected(shared, row.dsr)[row.key]
    told = _analysis(shared)[row.wave, row.id]["condition_applicabilite"]
    second = row.key != f"{row.dsr}/{row.wave}/{row.id}"
    for option in re.split(r"\s*&\s*", condition(told, row.dsr, second=second)):
        if option == "declare(PEUT)":
            assert row.level is Level.MAY
        elif option.startswith("declare("):
            assert "claims(" in str(row.when)
        elif option:
            assert option in names(row.when)
    assert (row.level is Level.MAY) == (f"claims({row.key})" in str(row.when)), source["id"]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.key)
def test_a_row_is_verified_as_the_analysis_says(row: Requirement, shared: Path) -> None:
    """Automation is equal; a manual row names its proofs in both languages; any other is judged, or waits."""
    assert row.automation is AUTOMATION[_analysis(shared)[row.wave, row.id]["automation"]]
    for scenario in row.scenarios:
        assert bool(scenario.attest) == bool(scenario.attest_en), scenario.key
        if row.automation is Automation.MANUAL:
            assert scenario.attest, scenario.key
            assert scenario.property is None, scenario.key
            assert scenario.reason is None, scenario.key
        else:
            assert scenario.property or scenario.reason or scenario.attest, scenario.key


@pytest.mark.parametrize("dsr", DSRS)
def test_proofs_given_by_others_are_those_of_the_analysis(dsr: str, shared: Path) -> None:
    """CNDA, Gazelle, MSSanté tool (with the case that the proof names) and PASSI; semi rows ask for them."""
    wanted, cases = {}, {}
    for key, (source, _) in expected(shared, dsr).items():
        by = _analysis(shared)[source["wave"], source["id"]]["preuve_externe"]
        texts = [proof["text"] or "" for s in scenarios(source, key) for proof in s["proofs"]]
        hiding = "also" in source["rem"][dsr]  # the analysis has one line for both rows: the proof is its scenario's
        if by and (not hiding or any("tests d'interopérabilité" in text for text in texts)):
            wanted[key] = OUTSIDERS[by]
        cases[key] = {name for text in texts for name in re.findall(r"MSS-LPS-SEGUR-[A-Z]+(?:-[A-Z]+)*", text)}
    rows = load_profile(dsr).requirements()
    assert {row.key: row.outside.by.value for row in rows if row.outside is not None} == wanted
    for row in rows:
        assert cases[row.key] == ({row.outside.case} if row.outside is not None and row.outside.case else set())
        if row.outside is not None and row.automation is not Automation.AUTO:
            assert any(scenario.attest for scenario in row.scenarios), row.key


@pytest.mark.parametrize("dsr", DSRS)
def test_alternatives_between_scenarios_are_groups(dsr: str) -> None:
    """Where one of several scenarios is enough, the row is a group."""
    rows = load_profile(dsr).requirements()
    assert {row.key: row.one_of for row in rows if row.one_of} == {
        row.key: GROUPS[row.id] for row in rows if row.id in GROUPS
    }


@pytest.mark.parametrize("dsr", DSRS)
def test_the_wording_that_a_profile_was_written_on_is_kept_as_digests(dsr: str, shared: Path) -> None:
    """Every row has the digest of its own statement: an import tells what an edition changed."""
    digests = shipped_digests(dsr)
    found = expected(shared, dsr)
    assert list(digests) == [row.key for row in load_profile(dsr).requirements()]
    for key, value in digests.items():
        source, own = found[key]
        assert value == digest_of(own.get("statement") or source["statement"]), key


def runs(text: str, length: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words, lower case."""
    found = re.findall(r"\w+", text.lower())
    return (tuple(found[i : i + length]) for i in range(len(found) - length + 1))


def test_no_sentence_of_the_export_is_copied(shared: Path) -> None:
    """No title or attestation shares eight words in a row with any official text."""
    official: set[tuple[str, ...]] = set()
    for row in _export(shared):
        parts = [part for own in row["rem"].values() if own for part in (own, *own.get("also", []))]
        texts = [row["statement"], *(part.get("statement", "") for part in parts)]
        texts += [s["text"] or "" for s in row["scenarios"]]
        texts += [p["text"] or "" for s in row["scenarios"] for p in s["proofs"]]
        for text in texts:
            official.update(runs(text, 8))
    for row_ in ROWS:
        for text in (row_.title, *(s.attest for s in row_.scenarios)):
            copied = next((run for run in runs(text, 8) if run in official), None)
            assert copied is None, f"{row_.key}: {' '.join(copied or ())}"
