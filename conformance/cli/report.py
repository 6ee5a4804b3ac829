"""`conformance report`: write the reports of a run again, from its journal alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say, spoken


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="cli.report.folder")],
    lang: Lang = None,
) -> None:
    """Rebuild audit.json, the HTML report and junit.xml beside a journal."""
    from conformance.audit.write import rebuild

    _, written = rebuild(folder, spoken())
    for path in written:
        say("cli.written", path=path)
    say("cli.report.next", path=written[1])
