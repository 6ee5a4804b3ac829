"""`conformance demo`: the bench at work on the reference vendor, with nothing to configure."""

from __future__ import annotations

from typing import Annotated

import typer

from conformance.cli.options import Dsr, Lang, Out, Seed, dsr_of, seed_of

INCOMPLETE = 3
"""The exit code of an audit that still waits for proofs."""

SETTLE = 0.2
"""Seconds of silence that close a window: a demonstration is short, and its vendor answers at once."""


def demo(
    dsr: Dsr = "PFI",
    defect: Annotated[list[str] | None, typer.Option("--defect", metavar="NAME", help="cli.demo.defect")] = None,
    seed: Seed = None,
    out: Out = None,
    lang: Lang = None,
) -> None:
    """Start the reference vendor, audit it, write the reports."""
    from conformance.bench.clock import today
    from conformance.catalogue.loader import load_profile
    from conformance.cli.ending import conclude, new_folder, resumable
    from conformance.cli.progress import display
    from conformance.engine.run import RunRequest, run
    from conformance.selftest.embedded import embedded

    name = dsr_of(dsr)
    folder = new_folder(out, f"demo-{name.lower()}")
    profile = load_profile(name)
    with (
        display() as shown,
        resumable(shown, demo=True),
        embedded(name, folder / "vendor", defects=defect or (), settle=SETTLE) as pair,
    ):
        waves = tuple(w.name for w in profile.waves)
        request = RunRequest(profile, waves, pair.target, folder, today(), "smoke", seed_of(seed) or 0)
        run(request, pair.make_lab, shown.on_event)
    try:
        conclude(folder)
    except typer.Exit as end:
        # Proofs are always due on a demonstration: it fails only when a row is nonconform or the tool at fault.
        raise typer.Exit(0 if end.exit_code == INCOMPLETE else end.exit_code) from None
