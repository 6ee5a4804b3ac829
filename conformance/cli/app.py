"""The commands put together, and how every ending becomes an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import takewhile
from typing import Annotated, Any

import typer
from typer.main import get_command

from conformance import __version__
from conformance.cli import catalogue, check, demo, doctor, pilot, reference, report, rows, selftest
from conformance.cli import run as run_command
from conformance.cli.first import explain, fixtures, init, listen, plan, trust
from conformance.cli.help import Command, Group
from conformance.cli.options import Lang
from conformance.cli.speech import asked, complain, speak
from conformance.errors import BenchError, InternalError, UsageError

USAGE_EXIT = 2

# click's own classes, wherever this version of typer keeps them
_ClickUsageError: Any = typer.BadParameter.__mro__[1]

_USAGE_TEXTS = {
    "MissingParameter": "cli.missing-parameter",
    "NoSuchOption": "cli.unknown-option",
    "BadOptionUsage": "cli.option-without-value",
}


def _version(asked: bool) -> None:
    if asked:
        print(f"conformance {__version__}")
        raise typer.Exit()


def _root(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="cli.option.version", is_eager=True, callback=_version)
    ] = False,
    lang: Lang = None,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(USAGE_EXIT)


def build() -> typer.Typer:
    """The whole command line as a Typer application."""
    app = typer.Typer(cls=Group, add_completion=False, pretty_exceptions_enable=False)
    app.callback(help="cli.root.help", epilog="cli.root.epilog", invoke_without_command=True)(_root)
    for name, function in (
        ("demo", demo.demo),
        ("init", init.init),
        ("plan", plan.plan),
        ("trust", trust.trust),
        ("fixtures", fixtures.fixtures),
        ("doctor", doctor.doctor),
        ("run", run_command.run),
        ("listen", listen.listen),
        ("report", report.report),
        ("explain", explain.explain),
        ("check", check.check),
        ("rows", rows.rows),
        ("selftest", selftest.selftest),
    ):
        app.command(name, cls=Command, help=f"cli.{name}.help", epilog=f"cli.{name}.epilog")(function)
    app.add_typer(catalogue.app, name="catalogue")
    app.add_typer(reference.app, name="reference")
    app.add_typer(pilot.app, name="pilot")
    return app


def _translated(error: Any, words: Sequence[str]) -> UsageError:
    """A usage fault noticed by click, in our own words."""
    option = getattr(error, "option_name", None)
    if option is None and getattr(error, "param", None) is not None:
        option = " / ".join(error.param.opts) if error.param.param_type_name == "option" else error.param.metavar
    id = _USAGE_TEXTS.get(type(error).__name__, "cli.bad-usage")
    command = error.ctx.command_path if error.ctx is not None else " ".join(["conformance", *words])
    return UsageError(id, option=option or "", detail=error.format_message(), command=command)


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code: 2 for a fault of usage, else what the command decides."""
    for stream in (sys.stdout, sys.stderr):  # a console that lacks a letter shows a question mark, nothing crashes
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        speak(asked(argv))
        try:
            code = get_command(build()).main(list(argv), prog_name="conformance", standalone_mode=False)
        except _ClickUsageError as error:
            raise _translated(error, list(takewhile(lambda word: word[:1] != "-", argv))) from None
    except BenchError as error:
        complain(error)
        return error.exit_code
    except BrokenPipeError:  # whoever read us has left: nothing to say, nowhere to say it
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - kept open until the interpreter ends
        return 0
    except Exception as error:  # noqa: BLE001 - Python's own exit code 1 would mean "not conform"
        traceback.print_exc()
        complain(InternalError("cli.crash", detail=f"{type(error).__name__}: {error}"))
        return InternalError.exit_code
    return int(code or 0)
