"""The official package as a second judge: same verdicts on the corpus, then speed against the ISO skeleton in SaxonC.

    python benchmarks/cda_official.py --cisis DIR [--corpus DIR] [--rounds N] [--only equality|speed|processes]

Equality: accepted or not, valid or not, schematrons that reject, for each line of `verdicts.jsonl`.
Speed: one core, every document of `officiels/`, both ways in turn in the same run, stylesheets compiled once and warm;
the time of a document is its median over the rounds. Both parse, validate with the XSD, and run all schematrons.
Processes: documents a second by `Official` with one and two processes, and the peak memory of each process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from conformance.arbiters.cisis import reading, volets  # noqa: E402 - the path comes first
from conformance.arbiters.cisis.engine import Engine  # noqa: E402
from conformance.arbiters.cisis.grammar import Grammar  # noqa: E402
from conformance.arbiters.cisis.package import FAMILIES, Package  # noqa: E402
from conformance.arbiters.cisis.runner import Official  # noqa: E402
from tests.arbiters.cisis.skeleton import Skeleton  # noqa: E402

GOAL_RATIO = 2.0
GOAL_RATE = 4.9
GOAL_MEGABYTES = 300


def equality(engine: Engine, package: Package, corpus: Path) -> int:
    """How many verdicts differ, printed one by one."""
    archives = {path.stem: ZipFile(path) for path in corpus.glob("*.zip")}
    rows = [json.loads(line) for line in (corpus / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    wrong = 0
    untold: dict[str, int] = {}
    for row in rows:
        name, official = row["fichier"], row["officiel"]
        report = engine.judge(archives[name.partition("/")[0]].read(name), name)
        rules = [rule for rule in official["regles_erreur"] if not rule.startswith("XML")]
        families = {next(n for n in package.schematrons if rule.startswith(f"{n}.")) for rule in rules}
        for one in report.not_run:
            untold[one.reason] = untold.get(one.reason, 0) + 1
        ours = (report.accepted, not report.xsd, sorted(report.families))
        theirs = (official["accepte"], official["xsd_valide"], sorted(families))
        if ours != theirs:
            wrong += 1
            print(f"  {name}: ours {ours}, official {theirs}")
    print(f"verdicts: {len(rows)} documents, {wrong} differ; not judged, by reason: {untold}")
    return wrong


def speed(engine: Engine, package: Package, documents: list[tuple[str, bytes]], rounds: int, folder: Path) -> None:
    """The two ways in turn, on each document."""
    skeleton = Skeleton(package, folder)
    grammar = Grammar(package)

    def baseline(raw: bytes) -> None:
        root, _ = reading.read(raw)
        document = reading.unwrapped(root)
        grammar.errors(document)
        volet, _ = volets.choose(document, package.volets)
        node = skeleton.parsed(reading.source(document))
        for name in [*FAMILIES, *([volet] if volet else [])]:
            skeleton.told(name, node)

    times: dict[str, dict[str, list[float]]] = {"lean": {}, "skeleton": {}}
    for number in range(rounds + 1):
        for name, raw in documents:
            for way, work in (("lean", engine.judge), ("skeleton", baseline)):
                gc.disable()
                start = time.perf_counter()
                work(raw)
                spent = time.perf_counter() - start
                gc.enable()
                if number:  # the first round warms
                    times[way].setdefault(name, []).append(spent)
    medians = {way: statistics.median(statistics.median(t) for t in kept.values()) for way, kept in times.items()}
    for way, seconds in medians.items():
        print(f"  {way:<10} median {1000 * seconds:8.1f} ms   {1 / seconds:7.1f} documents/s")
    ratio = medians["skeleton"] / medians["lean"]
    print(f"  ratio {ratio:.1f} (goal {GOAL_RATIO:g}; and at least {GOAL_RATE:g} documents/s)")


def processes(package: Package, documents: list[tuple[str, bytes]], cache: Path) -> None:
    """Documents a second and peak memory, by number of processes."""
    for jobs in (1, 2):
        with Official(package, jobs=jobs, cache=cache) as official:
            for _ in range(2):  # the first pass starts the processes and warms them
                start = time.perf_counter()
                count = sum(1 for _ in official.judge_many((raw, name) for name, raw in documents * 2))
                spent = time.perf_counter() - start
            peaks = [peak for peak in map(_peak, official.pids()) if peak]
        told = ", ".join(f"{peak} MB" for peak in peaks) or "unknown"
        print(f"  {jobs} process(es): {count / spent:7.1f} documents/s   peak memory {told} (goal {GOAL_MEGABYTES} MB)")


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cisis", type=Path, default=os.environ.get("CISIS_HOME"))
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus-cda")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("equality", "speed", "processes"))
    asked = parser.parse_args()
    if asked.cisis is None:
        parser.error("--cisis or CISIS_HOME must name a copy of the TestContenuCDA package")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = Package.open(Path(asked.cisis), kept=folder)
        documents = [(p.name, p.read_bytes()) for p in sorted((asked.corpus / "officiels").glob("*.xml"))]
        size = statistics.median(len(raw) for _, raw in documents) / 1000
        print(f"{len(documents)} official documents, median {size:.0f} kB; load average {os.getloadavg()[0]:.1f}")
        wrong = 0
        if asked.only in (None, "processes"):
            processes(package, documents, folder)
        if asked.only in (None, "equality", "speed"):
            engine = Engine(package, kept=folder)
        if asked.only in (None, "equality"):
            wrong = equality(engine, package, asked.corpus)
        if asked.only in (None, "speed"):
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            speed(engine, package, documents, asked.rounds, folder / "skeleton")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
