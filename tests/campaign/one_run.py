"""One smoke run of the engine in a process of its own: `python one_run.py TARGET PKI FOLDER SEED fresh|resume`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from conformance.bench.pki import Pki
from conformance.bench.target import load
from conformance.catalogue.loader import load_profile
from conformance.engine.run import RunRequest, run
from conformance.services.facing import facing
from conformance.texts import text

ROWS = frozenset(
    {
        "PFI/va1/DMP/va1.01",
        "PFI/va1/INTRA/va1.01",
        "PFI/va2/CDA/HL7.01",
        "PFI/va2/CDA/HL7.02",
        "PFI/va2/PSC.02",
        "PFI/va2/SSI/IE.43",
    }
)
"""Rows of three flows: documents side by side, sign-ins one by one through the pilot, third parties over TLS."""


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
        only=ROWS,
        resume=how == "resume",
    )
    run(request, facing(loaded, authority, lambda id, /, **values: text(id, "fr", **values), folder=Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
