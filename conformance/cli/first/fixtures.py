"""`conformance fixtures`: persons, structures, mailboxes and sample patients, ready for a product's test base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say
from conformance.errors import OutputError

DEFAULT = Path("fixtures")


def fixtures(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="cli.fixtures.out", show_default=False)] = DEFAULT,
    target: Annotated[Path | None, typer.Option("--target", metavar="FILE", help="cli.fixtures.target")] = None,
    lang: Lang = None,
) -> None:
    """Write the files; those of an earlier call are replaced by the same."""
    from conformance.bench.target import DEFAULT_SETTINGS, load
    from conformance.generation import fixtures as made
    from conformance.generation.render import Settings

    settings = load(target).settings if target is not None else DEFAULT_SETTINGS
    usual = Settings()
    domains = [str(settings.get(n) or getattr(usual, n)) for n in ("professional_domain", "patient_domain")]
    count = 0
    try:
        for name, data in made.files(settings, domains[0], domains[1]):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            count += 1
    except OSError as error:
        raise OutputError("cli.fixtures.cannot-write", where=str(out), reason=error.strerror or error) from None
    say("cli.fixtures.written", count=count, folder=out)
    for name, rows in (
        ("professionals", made.professionals(domains[0])),
        ("structures", made.structures()),
        ("mailboxes", made.mailboxes(settings, domains[0], domains[1])),
        ("patients", made.patients()),
    ):
        say(f"cli.fixtures.{name}", count=len(rows))
    say("cli.fixtures.patients-note")
