"""The bench is trusted because it catches what is seeded, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from conformance.selftest.matrix import matrix

SCHEMA = Path(__file__).resolve().parents[2] / "profiles" / "schema" / "selftest-1.schema.json"


FEW = frozenset(
    {
        "accounts-by-name",
        "ack-not-converted",
        "corsican-matricule-altered",
        "dashboard-without-failures",
        "expired-accepted",
        "failed-login-untraced",
        "failure-not-returned",
        "imap-login-before-tls",
        "masque-ps-lost",
        "oul-refused",
        "patient-from-subject",
        "psc-any-issuer",
        "return-address-fixed",
        "third-party-revoked-accepted",
        "traces-without-author",
        "unqualified-address",
        "x-mss-nil-missing",
    }
)
"""Defects of every flow and of every way of being caught."""


def test_defects_of_every_flow_are_caught_and_the_sound_vendor_is_clean(tmp_path: Path) -> None:
    """Each by its owner, no false alarm, and the machine-readable matrix fits its schema."""
    found = matrix("PFI", tmp_path, seed=3, only=FEW, jobs=3)
    assert [k.name for k in found.kills if not k.caught] == []
    assert found.false_alarms == ()
    assert {k.name for k in found.kills} == FEW
    jsonschema.validate(found.to_json(), json.loads(SCHEMA.read_bytes()))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_defect_is_caught_on_three_seeds(tmp_path: Path, seed: int) -> None:
    """The whole matrix: at least 45 defects, all caught by their owner, no false alarm."""
    found = matrix("PFI", tmp_path, seed=seed, jobs=4)
    assert [k.name for k in found.kills if not k.caught] == []
    assert found.false_alarms == ()
    assert len(found.kills) >= 45
