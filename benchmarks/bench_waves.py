"""Both waves of a DSR at effort `standard` on the sound reference vendor: how long, flow by flow, against the limit.

    python benchmarks/bench_waves.py [--dsr PFI|RI] [--seed N]

The limit is 6 minutes for the PFI and 3 for the RI, on 2 cores. Prints the seconds of each flow, the whole, and the
peak memory of the bench. Without `--dsr`, one after the other.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from conformance.audit.build import build
from conformance.bench.clock import today
from conformance.catalogue.loader import load_profile
from conformance.engine import events
from conformance.engine.run import RunRequest, run
from conformance.evidence.verdict import Verdict
from conformance.selftest.embedded import embedded

LIMITS = {"PFI": 360.0, "RI": 180.0}


def main() -> int:
    """Run, print, exit 1 above a limit or on a finding."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsr", choices=tuple(LIMITS))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    return max(measure(dsr, asked.seed) for dsr in ([asked.dsr] if asked.dsr else LIMITS))


def measure(dsr: str, seed: int) -> int:
    """One run of a DSR: 1 above its limit or on a finding, 0 otherwise."""
    profile, limit = load_profile(dsr), LIMITS[dsr]
    spent: dict[str, float] = {}
    last = time.perf_counter()

    def on_event(event: events.Event) -> None:
        nonlocal last
        if isinstance(event, events.WindowSettled):
            now = time.perf_counter()
            spent[event.key] = spent.get(event.key, 0.0) + now - last
            last = now

    with tempfile.TemporaryDirectory() as folder, embedded(dsr, Path(folder) / "vendor") as pair:
        request = RunRequest(
            profile, ("va1", "va2"), pair.target, Path(folder) / "run", today(), "standard", seed, shrink=False
        )
        begin = last = time.perf_counter()
        outcome = run(request, pair.make_lab, on_event)
        whole = time.perf_counter() - begin
        audit = build(profile, Path(folder) / "run")
    for name, seconds in spent.items():
        print(f"{name:<36} {seconds:7.1f} s")
    counted = {str(verdict): count for verdict, count in audit.by_verdict().items() if count}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{f'{dsr}, whole':<36} {whole:7.1f} s of {limit:.0f} s, ratio {whole / limit:.2f}")
    print(f"cases {dict(outcome.counts)}, verdicts {counted}, peak of the bench {peak:.0f} MiB")
    return int(whole > limit or audit.by_verdict()[Verdict.NONCONFORM] > 0)


if __name__ == "__main__":
    sys.exit(main())
