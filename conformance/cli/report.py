"""`conformance report`: write the reports of a run again, from its journal alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say, spoken, t
from conformance.errors import UsageError


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="cli.report.folder")],
    format: Annotated[
        list[str] | None, typer.Option("--format", metavar="html|json|junit|sarif|allure|all", help="cli.report.format")
    ] = None,
    selftest: Annotated[Path | None, typer.Option("--selftest", metavar="FILE", help="cli.report.selftest")] = None,
    lang: Lang = None,
) -> None:
    """Rebuild audit.json, the HTML report and junit.xml beside a journal, or the formats asked for."""
    from conformance.audit.write import rebuild
    from conformance.catalogue.loader import digest, load_profile
    from conformance.cli.ending import page

    audit, written = rebuild(folder, spoken(), formats=formats_of(format or ()), selftest=selftest)
    if audit.identity.digests.get("profile") != digest(load_profile(audit.identity.dsr)):
        print(t("cli.report.profile-changed", dsr=audit.identity.dsr), file=sys.stderr)
    for path in written:
        say("cli.written", path=path)
    say("cli.report.next", path=page(written))


def formats_of(words: Sequence[str]) -> frozenset[str]:
    """The formats that words name (several may stand in one, separated by commas); the usual three when there are none.

    Raises UsageError for a word that is no format.
    """
    from conformance.audit.write import FORMATS, USUAL

    asked = {part.strip().lower() for word in words for part in word.split(",") if part.strip()}
    if "all" in asked:
        return frozenset(FORMATS)
    for word in sorted(asked - set(FORMATS)):
        raise UsageError("cli.report.unknown-format", format=word, known=", ".join((*FORMATS, "all")))
    return frozenset(asked) or USUAL
