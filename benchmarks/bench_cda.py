"""CDA: our whole judgement of a document against the parse alone, on the official examples of a corpus folder.

    python benchmarks/bench_cda.py [CORPUS]     (default ../shared/corpus-cda)

Goal: 200 documents a second on one core, on the median document. The published batch of the official tool takes 54.5 s
a document, one warm JVM 0.205 s.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from datetime import date
from pathlib import Path

from harness import pin
from lxml import etree

from conformance.standards.cda.judging import Settings, judge
from conformance.standards.cda.syntax import parse

GOAL = 200.0
ROUNDS = 7


def median(work: object, argument: object) -> float:
    """Seconds of one call: the median of some rounds."""
    assert callable(work)
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work(argument)
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def main() -> int:
    """Print the table; 1 when the goal is missed."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2] / "shared" / "corpus-cda")
    documents = [p.read_bytes() for p in sorted((corpus / "officiels").glob("*.xml"))]
    if not documents:
        print(f"no document in {corpus}/officiels", file=sys.stderr)
        return 2
    pin()
    settings = Settings(as_of=date(2026, 11, 25))
    start = time.perf_counter()
    judge(documents[0], settings)
    first = time.perf_counter() - start
    for raw in documents:
        judge(raw, settings)
    works = {
        "libxml2 parse alone": etree.fromstring,
        "parse of ours (hostile input refused)": parse,
        "whole judgement, parse included": lambda raw: judge(raw, settings),
    }
    sizes = [len(raw) for raw in documents]
    print(f"{len(documents)} documents, median {statistics.median(sizes) / 1000:.0f} kB; first judgement {first:.2f} s")
    rates = {}
    for name, work in works.items():
        times = [median(work, raw) for raw in documents]
        rates[name] = 1 / statistics.median(times)
        worst = max(times) * 1000
        print(f"  {name:<40}{statistics.median(times) * 1000:8.2f} ms{rates[name]:10.0f} /s   worst {worst:.1f} ms")
    ours = rates["whole judgement, parse included"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  against a warm JVM (4.9 /s): {ours / 4.9:.0f} x; against the published batch: {ours * 54.5:,.0f} x")
    print(f"  goal {GOAL:.0f} /s: {'reached' if ours >= GOAL else 'missed'}; peak memory {peak:.0f} MB")
    return 0 if ours >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
