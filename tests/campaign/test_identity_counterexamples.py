"""Mistakes of an identity repository, reduced to stories that an editor reads at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.audit.build import build
from conformance.audit.model import Counterexample
from conformance.bench.clock import today
from conformance.catalogue.loader import load_profile
from conformance.engine.run import RunRequest, run
from conformance.selftest.embedded import embedded

MOST = 5
"""Events of a story worth reading."""

DEFECTS = {
    "strict-change-keeps-ins": "RI/va1/INS/va1.60",
    "ko-keeps-ins": "RI/va1/INS/va1.08",
    "doubtful-still-calls": "RI/va1/INS/va1.20",
    "retrieved-as-qualified": "RI/va1/INS/va1.40",
    "ins-of-retrieved": "RI/va1/INS/va1.59",
}


def gestures(one: Counterexample) -> list[str]:
    """The events of a story, in order."""
    assert isinstance(one.data, dict)
    return [act["gesture"] for act in one.data["acts"]]


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_mistake_is_shown_by_at_most_five_events(defect: str, tmp_path: Path) -> None:
    """The row of the mistake has counterexamples, each a story of at most five events that begins with a creation."""
    profile, key = load_profile("RI"), DEFECTS[defect]
    with embedded("RI", tmp_path / "vendor", defects=[defect]) as pair:
        request = RunRequest(
            profile, ("va1",), pair.target, tmp_path / "run", today(), "smoke", 0, only=frozenset({key})
        )
        run(request, pair.make_lab)
    audit = build(profile, tmp_path / "run")
    (row,) = (one for one in audit.requirements if one.key == key)
    stories = [gestures(one) for scenario in row.scenarios for one in scenario.counterexamples]
    assert stories
    for story in stories:
        assert 2 <= len(story) <= MOST
        assert story[0] == "create"
