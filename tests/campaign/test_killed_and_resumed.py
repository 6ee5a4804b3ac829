"""A run that is killed keeps what was settled, and resumed it reaches the verdicts of a run that was not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from conformance.audit.write import rebuild
from conformance.evidence.journal import FILE, Reader
from conformance.selftest.embedded import Embedded, embedded

PROGRAM = Path(__file__).with_name("one_run.py")
DEFECT = "masque-ps-lost"
SEED = 5


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The reference vendor, with one defect so that there is something to lose."""
    # Its queue holds what a killed bench could no longer take: a resumed run leaves it time to be emptied.
    with embedded("PFI", tmp_path_factory.mktemp("vendor"), defects=(DEFECT,), settle=0.6) as running:
        yield running


def _start(pair: Embedded, folder: Path, how: str) -> subprocess.Popen[bytes]:
    where = pair.target.path
    assert where is not None
    command = [sys.executable, str(PROGRAM), str(where), str(where.parent / "pki"), str(folder), str(SEED), how]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()[-2000:]


def _verdicts(folder: Path) -> dict[str, str]:
    audit, _ = rebuild(folder, "fr")
    assert audit.complete
    assert audit.counts.reconciles
    return {s.key: str(s.verdict) for r in audit.requirements for s in r.scenarios if s.property}


def _digests(folder: Path) -> list[str]:
    return sorted(str(e["digest"]) for e in Reader(folder).entries() if e.type == "driven" and e["purpose"] == "judge")


@pytest.fixture(scope="module")
def whole(pair: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    pair.vendor.purge()
    _finish(_start(pair, folder, "fresh"))
    return folder


def _cut(pair: Embedded, folder: Path, size: int, how: int) -> bool:
    """Start a run and send it a signal once its journal has that many bytes; False when it ended before."""
    pair.vendor.purge()
    process = _start(pair, folder, "fresh")
    journal = folder / FILE
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.stat().st_size >= size:
            process.send_signal(how)
            break
        time.sleep(0.005)
    process.communicate(timeout=60)
    return process.returncode != 0


def test_killed_at_five_moments_and_resumed_to_the_same_verdicts(pair: Embedded, whole: Path, tmp_path: Path) -> None:
    """SIGKILL anywhere: the journal is whole but for a torn last line, and the rest of the run ends the same."""
    expected, full = _verdicts(whole), (whole / FILE).stat().st_size
    assert "nonconform" in expected.values()
    draw = Random(SEED)
    for number in range(5):
        folder = tmp_path / f"run{number}"
        moment = int(full * (number + draw.random()) / 5.5)
        assert _cut(pair, folder, moment, signal.SIGKILL), f"the run ended before {moment} of {full} bytes"
        kept = [e.type for e in Reader(folder).entries()]
        _finish(_start(pair, folder, "resume"))
        after = [e.type for e in Reader(folder).entries()]
        assert after[: len(kept)] == kept
        assert _verdicts(folder) == expected


def test_an_interrupt_leaves_a_journal_that_can_be_resumed(pair: Embedded, whole: Path, tmp_path: Path) -> None:
    """SIGINT in the middle (Ctrl-C): the chain verifies, and the run can be resumed."""
    folder = tmp_path / "run"
    assert _cut(pair, folder, (whole / FILE).stat().st_size // 3, signal.SIGINT)
    assert list(Reader(folder).entries())
    _finish(_start(pair, folder, "resume"))
    assert _verdicts(folder) == _verdicts(whole)


def test_one_seed_drives_the_same_cases(pair: Embedded, whole: Path, tmp_path: Path) -> None:
    """Two runs with one seed have the same case digests, though every binding differs."""
    pair.vendor.purge()
    _finish(_start(pair, tmp_path / "run", "fresh"))
    assert _digests(tmp_path / "run") == _digests(whole)
