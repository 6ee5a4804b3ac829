"""`pytest profiles/pfi.yaml --target T.toml` runs the same engine, one item a scenario."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.selftest.embedded import embedded

PROFILE = Path(__file__).resolve().parents[2] / "profiles" / "pfi.yaml"


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", str(PROFILE), "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(("defects", "failed"), [((), 0), (("masque-ps-lost",), 1)])
def test_verdicts_become_outcomes(tmp_path: Path, defects: tuple[str, ...], failed: int) -> None:
    """A sound vendor fails nothing; a defect fails the scenario of its owner, with the finding as the reason.

    Only the rows of the items that were chosen are driven.
    """
    with embedded("PFI", tmp_path / "vendor", defects=defects):
        (tmp_path / ".conformance").mkdir()
        (tmp_path / ".conformance" / "pki").symlink_to(tmp_path / "vendor" / "pki")
        target = str(tmp_path / "vendor" / "target.toml")
        chosen = ("--target", target, "--effort", "smoke", "--run-out", str(tmp_path / "out"), "-k", "INTRA or PSC.02")
        done = _pytest(tmp_path, *chosen)
    assert done.returncode == (1 if failed else 0), done.stdout[-2000:] + done.stderr[-2000:]
    audit = json.loads((tmp_path / "out" / "audit.json").read_bytes())
    rows = {row["key"] for row in audit["requirements"]}
    assert rows == {"PFI/va1/INTRA/va1.01", "PFI/va1/INTRA/va1.02", "PFI/va2/PSC.02"}
    if failed:
        assert "PFI/va1/INTRA/va1.01#1" in done.stdout
        assert "intra.imaging.mask-lost" in done.stdout
        assert f"{failed} failed" in done.stdout


def test_a_profile_without_a_target_is_a_usage_error(tmp_path: Path) -> None:
    """Nothing is silently untested: without --target the session stops and says what to give."""
    done = _pytest(tmp_path)
    assert done.returncode != 0
    assert "--target" in done.stdout + done.stderr


def test_a_folder_of_profiles_is_left_alone(tmp_path: Path) -> None:
    """An ordinary session that walks over a profile does not collect it."""
    (tmp_path / "profile.yaml").write_text("schema: profile/1\ndsr: PFI\n", encoding="utf-8")
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
