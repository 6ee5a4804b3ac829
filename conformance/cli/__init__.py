"""The command line. `main` is the console script; everything heavy is imported when a command needs it."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    import sys

    from conformance.cli.app import run

    raise SystemExit(run(sys.argv[1:]))
