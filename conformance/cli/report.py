"""`conformance report`: write the reports of a run again, from its journal alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say, spoken, t


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="cli.report.folder")],
    lang: Lang = None,
) -> None:
    """Rebuild audit.json, the HTML report and junit.xml beside a journal."""
    from conformance.audit.write import rebuild
    from conformance.catalogue.loader import digest, load_profile

    audit, written = rebuild(folder, spoken())
    if audit.identity.digests.get("profile") != digest(load_profile(audit.identity.dsr)):
        print(t("cli.report.profile-changed", dsr=audit.identity.dsr), file=sys.stderr)
    for path in written:
        say("cli.written", path=path)
    say("cli.report.next", path=written[1])
