"""The committed files that are made from code and profiles: `python -m conformance.generated --check | --write`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from conformance.bench.pilot.openapi import PAGE as OPENAPI
from conformance.bench.pilot.openapi import page as openapi_page
from conformance.catalogue import coverage
from conformance.catalogue.loader import all_profiles
from conformance.evidence.codes import all_codes
from conformance.generation import sample_documents
from conformance.properties import base as properties

ROOT = Path(__file__).resolve().parent.parent


def codes_page() -> str:
    """The catalogue of finding codes, in French and English."""
    return "\n".join(_codes()) + "\n"


def _codes() -> Iterator[str]:
    codes = all_codes()
    yield from ("# Finding codes / Codes de constat", "")
    yield from ("<!-- Made from the codes.toml tables by `make generated`. Do not edit. -->", "")
    yield f"{len(codes)} codes. Severity: error (nonconform), warning, advice (beyond the statement), note."
    family = ""
    for code in codes.values():
        if code.id.split(".")[0] != family:
            family = code.id.split(".")[0]
            yield from (
                "",
                f"## {family}",
                "",
                "| code | severity | français | English | clause |",
                "|---|---|---|---|---|",
            )
        yield _row(
            f"`{code.id}`",
            code.severity.value,
            f"{code.fr} {code.remedy_fr}",
            f"{code.en} {code.remedy_en}",
            code.clause,
        )


def properties_page() -> str:
    """What each property listens to, claims and says."""
    return "\n".join(_properties()) + "\n"


def _properties() -> Iterator[str]:
    yield from ("# Properties", "")
    yield from ("<!-- Made from conformance/properties by `make generated`. Do not edit. -->", "")
    for name in properties.names():
        found = properties.get(name)
        yield from (f"## `{name}`", "", f"* requirements: {', '.join(found.requirements)}", f"* clause: {found.clause}")
        yield f"* exercise: `{found.exercise}`" + (
            f" in {', '.join(found.environments)}" if found.environments else " in every environment"
        )
        yield f"* control: `{found.control}`"
        yield "* input classes claimed: " + ", ".join(f"`{label}`" for label in sorted(found.claims))
        yield "* codes: " + ", ".join(f"`{code}`" for code in sorted(found.codes))
        yield ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


PAGES: Mapping[str, Callable[[], str]] = {
    coverage.PAGE: lambda: coverage.render(all_profiles()),
    "docs/codes.md": codes_page,
    "docs/properties.md": properties_page,
    OPENAPI: openapi_page,
}
"""Path in the repository -> what it must hold."""

SAMPLES = "samples/cda"


def _wanted() -> Iterator[tuple[str, str]]:
    yield from ((name, make()) for name, make in PAGES.items())
    for name, content in sample_documents.documents().items():
        yield f"{SAMPLES}/{name}", content.decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or write the pages; 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="python -m conformance.generated", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 when a page is stale")
    action.add_argument("--write", action="store_true", help="write the pages")
    chosen = parser.parse_args(arguments)
    stale = 0
    for name, wanted in _wanted():
        path = ROOT / name
        if chosen.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != wanted:
            print(f"{name} is stale: run `make generated`", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
