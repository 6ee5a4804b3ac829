"""`conformance reference serve`: the reference vendor, as a process of its own (nothing of it is imported here)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.help import Command, Group
from conformance.cli.options import Dsr, Lang, dsr_of
from conformance.errors import UsageError

app = typer.Typer(cls=Group, help="cli.reference.help", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def _root(ctx: typer.Context, lang: Lang = None) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


def command_line(config: Path, defects: list[str]) -> list[str]:
    """The process that plays the reference vendor; which DSR it plays is in its configuration."""
    import sys

    line = [sys.executable, "-m", "conformance.reference", "--config", str(config)]
    for defect in defects:
        line += ["--defect", defect]
    return line


@app.command("serve", cls=Command, help="cli.reference.serve.help", epilog="cli.reference.serve.epilog")
def serve(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="cli.reference.config")],
    dsr: Dsr = "PFI",
    defect: Annotated[list[str] | None, typer.Option("--defect", metavar="NAME", help="cli.reference.defect")] = None,
    lang: Lang = None,
) -> None:
    """Become the reference vendor until stopped."""
    import os
    import sys

    dsr_of(dsr)
    if not config.is_file():
        raise UsageError("cli.no-such-file", path=config)
    sys.stdout.flush()
    line = command_line(config, defect or [])
    os.execv(line[0], line)
