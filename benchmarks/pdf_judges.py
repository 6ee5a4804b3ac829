"""PDF: what each judge costs a document, and whether ours agrees with veraPDF, rule by rule.

    python benchmarks/pdf_judges.py [FOLDER]     (PDF files, or CDA documents that carry some; default CISIS_HOME)

Reading and PDF/A-1 by our rules, the search for symbols in drawn pages, and veraPDF are timed apart.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from conformance.arbiters.verapdf import jvm
from conformance.errors import Malformed
from conformance.standards.cda import syntax
from conformance.standards.datamatrix import reading
from conformance.standards.pdf import reader
from conformance.standards.pdf.rules import RULES


def pdfs(folder: Path) -> Iterator[bytes]:
    """Every different PDF of a folder, alone or inside a CDA."""
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".pdf":
            found = [path.read_bytes()]
        elif path.suffix.lower() == ".xml":
            found = list(inside(path.read_bytes()))
        else:
            continue
        for data in found:
            if data not in seen:
                seen.add(data)
                yield data


def inside(document: bytes) -> Iterator[bytes]:
    """The PDFs that a CDA carries."""
    try:
        root = syntax.parse(document)
    except Malformed:
        return
    for held in root.iter(syntax.tag("text"), syntax.tag("value")):
        if held.get("mediaType") == "application/pdf":
            try:
                yield syntax.decode_base64("".join(str(t) for t in held.itertext()), "")
            except Malformed:
                continue


def main() -> int:
    """Print the costs and the agreement; 1 when a verdict differs from that of veraPDF."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CISIS_HOME", "")
    files = list(pdfs(Path(given))) if given else []
    if not files:
        print("no PDF: name a folder, or set CISIS_HOME", file=sys.stderr)
        return 2
    costs: dict[str, list[float]] = {"reading and PDF/A-1 rules": [], "symbols, pages drawn": [], "veraPDF 1b": []}
    ours: list[set[str]] = []
    for data in files:
        start = time.process_time()
        pdf = reader.read(data)
        ours.append({f"{r.clause}-{r.test}" for r in RULES if any(r.breaches(pdf))})
        costs["reading and PDF/A-1 rules"].append(time.process_time() - start)
        start = time.process_time()
        reading.find(data)
        costs["symbols, pages drawn"].append(time.process_time() - start)
    differ = 0
    missing = jvm.available()
    if missing is None:
        only_ours: Counter[str] = Counter()
        only_theirs: Counter[str] = Counter()
        with jvm.VeraPdf() as process:
            start = time.perf_counter()
            process.verdict(files[0])
            first = time.perf_counter() - start
            for data, mine in zip(files, ours, strict=True):
                start = time.perf_counter()
                verdict = process.verdict(data)
                costs["veraPDF 1b"].append(time.perf_counter() - start)
                theirs = {f"{f.clause}-{f.test}" for f in verdict.failures}
                differ += bool(mine) == bool(verdict.compliant)
                only_ours.update(mine - theirs)
                only_theirs.update(theirs - mine)
            print(f"veraPDF {process.version}: start and first document {first:.2f} s")
        print(f"same verdict on {len(files) - differ} of {len(files)}")
        print(f"rules only ours {dict(only_ours)}, only veraPDF {dict(only_theirs)}")
    else:
        print(f"veraPDF: {missing}")
    for name, found in costs.items():
        if found:
            print(f"{name:28} median {statistics.median(found) * 1000:7.1f} ms, worst {max(found):6.2f} s")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
