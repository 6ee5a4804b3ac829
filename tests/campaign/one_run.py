"""One smoke run of the engine in a process of its own: `python one_run.py TARGET PKI FOLDER SEED fresh|resume`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from conformance.bench.lab import Lab
from conformance.bench.pki import Pki
from conformance.bench.target import load
from conformance.catalogue.loader import load_profile
from conformance.engine.run import RunRequest, run
from conformance.services import make


def main(target: str, pki: str, folder: str, seed: str, how: str) -> None:
    """Do the run, or the rest of it."""
    loaded, authority = load(Path(target)), Pki.load_or_create(Path(pki))
    request = RunRequest(
        load_profile("PFI"),
        ("va1", "va2"),
        loaded,
        Path(folder),
        date(2026, 1, 5),
        "smoke",
        int(seed),
        resume=how == "resume",
    )
    run(request, lambda sink, first, day: Lab(loaded, make(loaded), sink, authority, as_of=day, first=first))


if __name__ == "__main__":
    main(*sys.argv[1:])
