"""Help pages in French and English: commands and options carry text ids, written out in the language of the run.

Typer's own pages mix its English titles with our texts and follow the width of the terminal; these do neither.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

from conformance.cli.speech import t
from conformance.errors import UsageError


def _usage(command: Any, ctx: Any, formatter: Any) -> None:
    pieces: list[str] = []
    if any(p.param_type_name == "option" for p in command.get_params(ctx)):
        pieces.append(t("cli.help.options-metavar"))
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == "argument":
            pieces.append(parameter.metavar or parameter.name.upper())
    if isinstance(command, TyperGroup):
        pieces.append(t("cli.help.command-metavar"))
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=t("cli.help.usage") + " ")


def _row(parameter: Any) -> tuple[str, str]:
    if parameter.name == "help":
        return "--help", t("cli.help.help")
    notes = []
    if parameter.required and parameter.param_type_name == "option":
        notes.append(t("cli.help.required"))
    elif parameter.default not in (None, False, "", [], ()) and not callable(parameter.default):
        notes.append(t("cli.help.default", value=parameter.default))
    name = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar
    if parameter.param_type_name == "option" and not parameter.is_flag and parameter.metavar:
        name += f" {parameter.metavar}"
    return name, " ".join([t(parameter.help), *(f"[{n}]" for n in notes)])


def write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Write the help page of a command or of a group of commands."""
    formatter.width = 100
    _usage(command, ctx, formatter)
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(t(command.help))
    rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(ctx):
        if not getattr(parameter, "hidden", False):
            rows[parameter.param_type_name].append(_row(parameter))
    if isinstance(command, TyperGroup):
        rows["command"] = [(name, t(child.help or "")) for name, child in command.commands.items() if not child.hidden]
    for kind, entries in rows.items():
        if entries:
            with formatter.section(t(f"cli.help.{kind}s")):
                formatter.write_dl(entries)
    if command.epilog:
        formatter.write_paragraph()
        formatter.write_text(t(command.epilog).strip())


def _no_extra(ctx: Any) -> None:
    if ctx.args and not ctx.resilient_parsing:
        raise UsageError("cli.extra-argument", argument=" ".join(ctx.args))


class Command(TyperCommand):
    """A command whose help and usage faults speak the language of the run."""

    allow_extra_args = True  # refused below, in our own words

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        write_help(self, ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, refusing arguments nobody asked for."""
        rest: list[str] = super().parse_args(ctx, args)
        _no_extra(ctx)
        return rest


class Group(TyperGroup):
    """A group of commands, likewise."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        write_help(self, ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command named first; raises UsageError, with the nearest name, when there is none."""
        if args and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.commands, n=1)
            if near:
                raise UsageError("cli.unknown-command-near", command=args[0], near=near[0])
            raise UsageError("cli.unknown-command", command=args[0], known=", ".join(self.commands))
        return super().resolve_command(ctx, args)
