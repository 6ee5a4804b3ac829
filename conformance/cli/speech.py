"""What the command line says and in which language; texts come from `conformance/texts`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar

from conformance.errors import BenchError, UsageError
from conformance.texts import LANGUAGES, Lang, language, render_error, text

_chosen: ContextVar[Lang | None] = ContextVar("conformance-language", default=None)


def speak(lang: Lang | None) -> None:
    """Choose the language of this run (None: back to the environment's)."""
    _chosen.set(lang)


def spoken() -> Lang:
    """The language of this run."""
    return _chosen.get() or language()


def asked(argv: Sequence[str]) -> Lang | None:
    """The language that `--lang` asks for among raw arguments, if any; raises UsageError on an unknown one.

    It is read before the commands are, so that the help itself speaks it.
    """
    for position, argument in enumerate(argv):
        if argument == "--":
            return None
        if argument == "--lang":
            wanted = argv[position + 1] if position + 1 < len(argv) else ""
        elif argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
        else:
            continue
        for lang in LANGUAGES:
            if wanted == lang:
                return lang
        raise UsageError("cli.unknown-language", lang=wanted)
    return None


def t(id: str, /, **values: object) -> str:
    """A text in the language of this run."""
    return text(id, spoken(), **values)


def say(id: str, /, **values: object) -> None:
    """Print a text on standard output."""
    print(t(id, **values))


def complain(error: BenchError) -> None:
    """Print a fault on standard error: what happened, where, what to do."""
    print(render_error(error, spoken()), file=sys.stderr)
