"""The coverage matrix and the listing: whole, plain about what is missing, and never stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogue_samples import changed, loaded

from conformance.catalogue import coverage as page
from conformance.catalogue.coverage import State, coverage, main, render
from conformance.catalogue.listing import list_rows
from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Automation


def test_the_committed_page_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/coverage.md is what the profiles give today."""
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_told_then_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--check says 1 on a missing or old page, --write makes it true."""
    (tmp_path / "profiles").mkdir()
    monkeypatch.setattr(page.places, "profiles", lambda: tmp_path / "profiles")
    real = loaded(tmp_path / "sample")
    monkeypatch.setattr(page, "all_profiles", lambda: (real,))
    assert main(["--check"]) == 1
    assert main(["--write"]) == 0
    assert main(["--check"]) == 0
    (tmp_path / page.PAGE).write_text("old", encoding="utf-8")
    assert main(["--check"]) == 1


def test_each_row_has_its_line_and_its_state(tmp_path: Path) -> None:
    """A property, a proof and nothing yet are three different things on the page."""
    profile = loaded(tmp_path)
    text = render([profile])
    assert "| MSS/va1.03 | MSS.01 | DOIT | Général | `bal-app and not iam` |" in text
    assert text.count("`mss.tls` |") == 1
    assert "*not yet* |" in text
    assert "proof: A video of the web mode<br>proof: A video of the CIBA mode |" in text
    found = coverage(profile)
    assert [row.state for row in found.rows] == [State.JUDGED, State.NOT_YET, State.ATTESTED]
    assert found.counts["va1"] == {State.JUDGED: 1, State.PARTLY: 0, State.ATTESTED: 0, State.NOT_YET: 1}


def test_a_row_judged_for_some_scenarios_only_is_partly_judged(tmp_path: Path) -> None:
    """One scenario that waits keeps a row from being called judged, but not when it is an alternative."""
    old = "            derived: true\n            reason: {code: not-yet}\n"
    text = changed(old, old + "          - id: MSS/va1.30.01\n            property: mss.notice\n")
    assert coverage(loaded(tmp_path, text)).rows[1].state is State.PARTLY
    text = changed("        automation: semi\n", "        automation: semi\n        one_of: either\n", text)
    assert coverage(loaded(tmp_path, text)).rows[1].state is State.JUDGED


def test_cells_cannot_break_the_table(tmp_path: Path) -> None:
    """A bar in a title is escaped."""
    text = changed("title: Connecter par PSC", "title: Connecter | par PSC")
    assert "Connecter \\| par PSC" in render([loaded(tmp_path, text)])


def test_the_real_page_counts_every_row() -> None:
    """100 rows of the PFI: 58 judged, 42 that a person alone can prove, none partly, none that waits."""
    profile = load_profile("PFI")
    found = coverage(profile)
    assert len(found.rows) == 100
    total = {state: sum(counts[state] for counts in found.counts.values()) for state in State}
    assert total == {State.JUDGED: 58, State.PARTLY: 0, State.ATTESTED: 42, State.NOT_YET: 0}
    manual = [row.key for row in profile.requirements() if row.automation is Automation.MANUAL]
    assert [row.requirement.key for row in found.rows if row.state is State.ATTESTED] == manual
    assert found.reasons == {}
    text = render([profile])
    assert all(f"| {row.id} |" in text for row in profile.requirements())


def test_every_listed_row_is_json_and_says_what_verifies_it() -> None:
    """Each row has its identity, a schema version, and exactly one of property, attest and reason."""
    rows = list_rows(load_profile("PFI"))
    assert len(rows) == 100
    for row in rows:
        assert json.loads(json.dumps(row)) == row
        assert row["schema"] == "catalogue-row/1"
        assert all(row[key] for key in ("key", "id", "dsr", "wave", "level", "scope", "title"))
        assert sum(key in row for key in ("property", "attest", "reason")) == 1
    assert next(r["key"] for r in rows if "property" in r) == "PFI/va1/DMP/va1.01"


def test_listing_can_keep_one_wave(tmp_path: Path) -> None:
    """Rows of other waves are left out."""
    assert [row["id"] for row in list_rows(loaded(tmp_path), ["va2"])] == ["PSC.01"]
