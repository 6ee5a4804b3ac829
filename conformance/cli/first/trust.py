"""`conformance trust`: the certificates and names that a product on another machine needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say


def trust(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="cli.trust.folder", show_default=False)],
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="cli.trust.target")] = None,
    lang: Lang = None,
) -> None:
    """Write the kit, and say what each file is for."""
    from conformance.bench.pki import Pki
    from conformance.bench.target import load
    from conformance.bench.trust_kit import write_kit
    from conformance.cli.run import PKI
    from conformance.services import SERVICES

    addresses: dict[str, str] = {}
    if target is not None:
        for name, listen in load(target).services.items():
            scheme = SERVICES[name].scheme if name in SERVICES else "https"
            host = f"[{listen.host}]" if ":" in listen.host else listen.host
            addresses[name] = listen.advertise or f"{scheme}://{host}:{listen.port}"
    written = write_kit(Pki.load_or_create(PKI), folder, addresses)
    say("cli.trust.written", count=len(written), folder=folder)
    for path in written:
        say(f"cli.trust.file.{path.name}", name=path.name)
    if addresses:
        print()
        say("cli.trust.names")
        for name, url in addresses.items():
            print(f"  {name:<10} {url}")
