"""Peak memory of `conformance check` on folders of more and more small files: it must not grow with their number.

    python benchmarks/check_memory.py [--files 100000] [--jobs 2]

Three folders (a hundredth, a tenth, all of the files), every report asked for. Each line: files, documents/s, peak
resident memory of the command and of the largest of its processes, in MiB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = """
import resource, sys
from conformance.cli import app
app.run(sys.argv[1:])
peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(*peaks, file=sys.stderr)
"""

DOCUMENT = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.{number}"/>'
    '<code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/></ClinicalDocument>'
)
MESSAGE = "MSH|^~\\&|A|B|C|D|20260105093100||ADT^A01^ADT_A01|M{number}|P|2.5|||||FRA|UNICODE UTF-8\rEVN||20260105\r"


def fill(folder: Path, count: int) -> None:
    """Small files, half documents and half messages, all in one folder but for one in ten."""
    for number in range(count):
        inside = folder / f"d{number % 7}" if number % 10 == 0 else folder
        inside.mkdir(exist_ok=True)
        text = (MESSAGE if number % 2 else DOCUMENT).format(number=number)
        (inside / f"{number:07d}").write_text(text, encoding="ascii")


def measure(folder: Path, count: int, jobs: int) -> str:
    """Run the command on a folder; the figures as a line."""
    out = folder.parent / "out"
    out.mkdir(exist_ok=True)
    reports = [f"--{kind}={out / kind}" for kind in ("html", "junit", "sarif")]
    started = time.perf_counter()
    with (out / "lines").open("w") as lines:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "check", str(folder), "--json", "--together", "--no-verapdf",
             "--jobs", str(jobs), *reports],
            stdout=lines, stderr=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    seconds = time.perf_counter() - started
    own, largest = done.stderr.split()[-2:]
    with (out / "lines").open() as lines:
        assert sum(1 for _ in lines) == count
    sizes = ", ".join(
        f"{kind} {(out / kind).stat().st_size // 2**20} MiB" for kind in ("html", "junit", "sarif", "lines")
    )
    return f"{count:>8} files  {count / seconds:>7.0f}/s  command {own:>4} MiB  process {largest:>4} MiB  ({sizes})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    asked = parser.parse_args()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    for count in (asked.files // 100, asked.files // 10, asked.files):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "in"
            folder.mkdir()
            fill(folder, count)
            print(measure(folder, count, asked.jobs), flush=True)


if __name__ == "__main__":
    main()
