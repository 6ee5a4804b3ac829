"""`conformance catalogue`: what the profiles hold, whether they are right, and what is covered."""

from __future__ import annotations

import typer

from conformance.cli.help import Group
from conformance.cli.options import Lang

app = typer.Typer(cls=Group, help="cli.catalogue.help", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def _root(ctx: typer.Context, lang: Lang = None) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)
