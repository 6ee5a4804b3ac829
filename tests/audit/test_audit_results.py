"""SARIF and Allure results of an audit: valid for the tools they are made for, stable, of no machine."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from handmade import PROFILE, golden
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifModel

from conformance.audit import allure, sarif
from conformance.audit.build import build
from conformance.audit.model import Audit
from conformance.audit.write import FORMATS, rebuild, selftest_figures
from conformance.cli.app import run
from conformance.cli.report import formats_of
from conformance.errors import UsageError
from conformance.evidence.journal import FILE
from conformance.texts import LANGUAGES, Lang


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the golden journal."""
    return golden(tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def audit(folder: Path) -> Audit:
    """Its audit."""
    return build(PROFILE, folder)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sarif_log_is_valid(audit: Audit, lang: Lang) -> None:
    """The model made from the OASIS schema reads it; each result names a rule of the log by its rank."""
    data = json.loads(sarif.render(audit, lang))
    SarifModel.model_validate(data)
    (one,) = data["runs"]
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    assert one["results"]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in one["results"])
    assert {r["properties"]["requirement"] for r in one["results"]} >= {"PFI/va1/DMP/va1.01"}


def test_a_result_is_placed_at_the_line_of_its_exchange(audit: Audit, folder: Path) -> None:
    """The line that SARIF names in the journal is the one that holds the exchange."""
    data = json.loads(sarif.render(audit, "en"))
    placed = [r for r in data["runs"][0]["results"] if r["locations"][0]["physicalLocation"].get("region")]
    assert placed
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    for result in placed:
        location = result["locations"][0]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == FILE
        line = json.loads(lines[location["physicalLocation"]["region"]["startLine"] - 1])
        exchange = location["logicalLocations"][0]["fullyQualifiedName"].partition("#")[0]
        assert (line["t"], line["x"]) == ("exchange", exchange)


def test_only_what_counts_is_an_error_of_sarif(audit: Audit) -> None:
    """A warning is a warning; an error of the vendor is an error."""
    data = json.loads(sarif.render(audit, "fr"))
    levels = {r["ruleId"]: r["level"] for r in data["runs"][0]["results"]}
    assert levels["xds.metadata.missing"] == "error"
    assert levels["xds.metadata.time"] == "warning"


def test_allure_results_have_one_test_a_scenario(audit: Audit) -> None:
    """Names, labels and outcomes are those Allure reads; identifiers are the same each time, and of this run."""
    files = allure.render(audit, "fr")
    results = {r["fullName"]: r for r in (json.loads(d) for n, d in files.items() if n.endswith("-result.json"))}
    assert set(results) == {s.key for r in audit.requirements for s in r.scenarios}
    assert files == allure.render(audit, "fr")
    first = results["PFI/va1/DMP/va1.01#1"]
    assert uuid.UUID(first["uuid"]).version == 5
    assert first["status"] == "failed"
    labels = [(label["name"], label["value"]) for label in first["labels"]]
    for label in (("epic", "PFI"), ("feature", "DMP"), ("story", "PFI/va1/DMP/va1.01"), ("severity", "critical")):
        assert label in labels
    assert results["PFI/va1/TLS/va1.02#1"]["status"] == "broken"
    assert results["PFI/va1/INS/va1.16#1"]["status"] == "skipped"
    assert results["PFI/va1/PSC/va1.01#1"]["status"] == "skipped"
    assert results["PFI/va1/TLS/va1.01#1"]["statusDetails"]["message"].startswith("non concluant : ")
    assert ("severity", "minor") in [(x["name"], x["value"]) for x in results["PFI/va1/TBB/va1.01#1"]["labels"]]


def test_what_allure_attaches_is_there(audit: Audit) -> None:
    """Each attachment named by a step is a file of the folder, with the line in question marked in its margin."""
    files = allure.render(audit, "en")
    sources = [
        attachment["source"]
        for name, data in files.items()
        if name.endswith("-result.json")
        for step in json.loads(data).get("steps", [])
        for attachment in step.get("attachments", [])
    ]
    assert sources
    assert set(sources) == {name for name in files if name.endswith("-attachment.txt")}
    assert any("\n>" in files[name].decode() for name in sources)


def test_every_format_is_written_when_asked(tmp_path: Path) -> None:
    """Each format by itself and all together; an old Allure result goes away, what is not ours stays."""
    golden(tmp_path)
    _, written = rebuild(tmp_path, "fr", PROFILE, formats=FORMATS)
    assert {path.name for path in written} == {
        "audit.json", "audit.fr.html", "junit.xml", "audit.sarif", "allure-results",
    }  # fmt: skip
    place = tmp_path / "allure-results"
    old, other = place / f"{uuid.UUID(int=0)}-result.json", place / "history.json"
    old.write_text("{}", encoding="utf-8")
    other.write_text("{}", encoding="utf-8")
    rebuild(tmp_path, "fr", PROFILE, formats={"allure"})
    assert not old.exists()
    assert other.exists()


def test_formats_are_named_as_one_likes() -> None:
    """Several options, commas and capitals; `all` is every one; none is the usual three; another word is refused."""
    assert formats_of(["html,SARIF", "json"]) == {"html", "sarif", "json"}
    assert formats_of(["all"]) == set(FORMATS)
    assert formats_of([]) == {"html", "json", "junit"}
    with pytest.raises(UsageError) as caught:
        formats_of(["pdf"])
    assert "sarif" in str(caught.value.values["known"])


def test_the_figures_given_prevail_over_those_beside_the_journal(tmp_path: Path) -> None:
    """A file given is read first, then the one beside the journal; a file that is not there is told."""
    document = {"schema": "selftest/1", "caught": 1, "total": 2, "false_alarms": [], "defects": []}
    (tmp_path / "selftest.json").write_text(json.dumps(document), encoding="utf-8")
    given = tmp_path / "given.json"
    given.write_text(json.dumps({**document, "caught": 2}), encoding="utf-8")
    beside, ours = selftest_figures("PFI", tmp_path), selftest_figures("PFI", tmp_path, given)
    assert beside is not None
    assert ours is not None
    assert (beside["caught"], ours["caught"]) == (1, 2)
    with pytest.raises(UsageError):
        selftest_figures("PFI", tmp_path, tmp_path / "nothing.json")


def test_the_figures_shipped_with_the_tool_are_used_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`samples/selftest/pfi.json` is read when nothing else is given; a DSR without figures has none."""
    document = {"schema": "selftest/1", "caught": 65, "total": 65, "false_alarms": [], "defects": []}
    (tmp_path / "selftest").mkdir()
    (tmp_path / "selftest" / "pfi.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr("conformance.catalogue.places.folder", lambda name: tmp_path)
    shipped = selftest_figures("PFI", tmp_path / "run")
    assert shipped is not None
    assert shipped["caught"] == 65
    assert selftest_figures("RIS", tmp_path / "run") is None


def test_nothing_of_the_machine_is_told(audit: Audit, folder: Path) -> None:
    """No path of this machine in what leaves for another one."""
    for data in (sarif.render(audit, "fr"), *allure.render(audit, "fr").values()):
        assert str(folder).encode() not in data


def test_the_command_writes_the_formats_asked_for(tmp_path: Path) -> None:
    """`report --format sarif` writes that file alone and names it."""
    golden(tmp_path)
    assert run(["report", str(tmp_path), "--format", "sarif", "--lang", "en"]) == 0
    assert (tmp_path / "audit.sarif").is_file()
    assert not (tmp_path / "audit.json").exists()
