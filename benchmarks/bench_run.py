"""Cases a second of a whole run, against a bare loop: the same messages, the same answers waited for, the same end.

The bare loop sends the messages of the run over MLLP and waits until the vendor's last DMP submission and return have
come, with the same services listening; it neither judges nor writes. Goal: half of its rate.
Run: `python benchmarks/bench_run.py`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

from harness import show

from conformance.bench.lab import Job, Lab
from conformance.catalogue.loader import load_profile
from conformance.engine.collect import Collected, collect
from conformance.engine.plan import RunKey, make
from conformance.engine.run import BATCH, RunRequest, run
from conformance.evidence.values import Exchange
from conformance.generation.binding import bind
from conformance.selftest.embedded import Embedded, embedded
from conformance.services import make as make_services

ROUNDS = 3
DAY = date(2026, 1, 5)


def bare(pair: Embedded, key: RunKey, cases: tuple[Collected, ...], run_id: str) -> float:
    """Seconds to drive every case in windows of the same size, each with its sentinel and settled the same way."""
    seen: list[Exchange] = []
    with Lab(pair.target, make_services(pair.target), seen.append, pair.pki, as_of=DAY) as lab:
        start = time.perf_counter()
        number = 0
        for at in range(0, len(cases), BATCH):
            batch = [key.exercise.sentinel(), *(c.case for c in cases[at : at + BATCH])]
            jobs = []
            for case in batch:
                number += 1
                binding = bind(run_id, number)
                jobs.append(Job(f"j{number}", lambda drive, c=case, b=binding: key.exercise.drive(drive, c, b)))
            lab.window(jobs, {})
        return time.perf_counter() - start


def whole(pair: Embedded, folder: Path, seed: int) -> float:
    """Seconds of the run of one wave-2 row, in the normal environment only: draw, drive, judge, write."""
    request = RunRequest(
        load_profile("PFI"), ("va1", "va2"), pair.target, folder, DAY, "standard", seed,
        only=frozenset({"PFI/va2/CDA/HL7.01"}), shrink=False,
    )  # fmt: skip
    start = time.perf_counter()
    run(request, pair.make_lab)
    return time.perf_counter() - start


def main() -> None:
    """The two in turn, medians."""
    profile = load_profile("PFI")
    plan = make(profile, ("va1", "va2"), only=frozenset({"PFI/va2/CDA/HL7.01"}))
    (key,) = plan.keys
    with tempfile.TemporaryDirectory() as name, embedded("PFI", Path(name) / "vendor") as pair:
        rates: dict[str, list[float]] = {"conformance": [], "bare loop": []}
        for number in range(ROUNDS):
            cases = collect(key.exercise, key.claims, 60, number, name=key.id)
            pair.vendor.purge()
            rates["bare loop"].append(len(cases) / bare(pair, key, cases, f"{number:08x}"))
            pair.vendor.purge()
            rates["conformance"].append(len(cases) / whole(pair, Path(name) / f"run{number}", number))
    figures = {n: statistics.median(v) for n, v in rates.items()}
    show("A whole run, standard effort, one run key", figures, "conformance", 0.5, "cases/s")


if __name__ == "__main__":
    main()
