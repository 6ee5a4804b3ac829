"""The bench is trusted because it catches what is seeded, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from conformance.selftest.matrix import matrix

SCHEMA = Path(__file__).resolve().parents[2] / "profiles" / "schema" / "selftest-1.schema.json"


def test_every_defect_is_caught_by_its_owner_and_the_sound_vendor_is_clean(tmp_path: Path) -> None:
    """Twelve of twelve, no false alarm, and the machine-readable matrix fits its schema."""
    found = matrix("PFI", tmp_path, seed=3)
    assert [k.name for k in found.kills if not k.caught] == []
    assert found.false_alarms == ()
    assert (found.caught, len(found.kills)) == (12, 12)
    jsonschema.validate(found.to_json(), json.loads(SCHEMA.read_bytes()))
