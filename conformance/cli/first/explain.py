"""`conformance explain`: a row of a REM or a finding code, in full, at the terminal."""

from __future__ import annotations

import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.options import Lang
from conformance.cli.speech import say, spoken, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.catalogue.model import Requirement, Scenario
    from conformance.catalogue.wording import Wording
    from conformance.evidence.codes import Code

WIDTH = 100


def explain(
    what: Annotated[str, typer.Argument(metavar="ROW|CODE", help="cli.explain.what", show_default=False)],
    lang: Lang = None,
) -> None:
    """Say all that the bench knows of it; exit 2 when it is neither a row nor a code."""
    from conformance.catalogue.loader import all_profiles
    from conformance.evidence.codes import all_codes

    asked = what.casefold()
    codes = all_codes()
    rows = [row for profile in all_profiles() for row in profile.requirements()]
    named = [row for row in rows if asked in (row.key.casefold(), row.id.casefold())]
    if asked in codes:
        _code(codes[asked])
        return
    if not named:
        known = [*dict.fromkeys(row.id for row in rows), *codes]
        near = get_close_matches(what, known, n=4, cutoff=0.4) or ["conformance catalogue list"]
        raise UsageError("cli.explain.unknown", what=what, near=", ".join(near))
    for number, row in enumerate(named):
        if number:
            print()
        _row(row)


def _field(id: str, value: str, indent: int = 2, **values: object) -> None:
    """A name and its value, wrapped under it."""
    _wrapped(f"{t(id, **values)}{_colon()}{value}", indent)


def _colon() -> str:
    return " : " if spoken() == "fr" else ": "


def _wrapped(text: str, indent: int) -> None:
    pad = " " * indent
    lines = textwrap.wrap(text, WIDTH, initial_indent=pad, subsequent_indent=f"{pad}  ", break_on_hyphens=False)
    print("\n".join(lines))


def _row(row: Requirement) -> None:
    from conformance.catalogue.wording import wording_of

    print(f"{row.key}  {row.heading(spoken())}")
    _field("cli.explain.level", row.level.value)
    _field("cli.explain.scope", row.scope)
    when = str(row.when)
    _field("cli.explain.when", t("cli.explain.always") if when == "always" else when)
    _field("cli.explain.source", row.source)
    if row.superseded_by:
        _field("cli.explain.replaced", row.superseded_by)
    official = wording_of(row.key)
    if official is not None:
        _field("cli.explain.wording", official.text, version=official.version)
    if row.outside is not None:
        case = f" ({row.outside.case})" if row.outside.case else ""
        _field("cli.explain.outside", t(f"catalogue.outside.{row.outside.by}") + case)
    for scenario in row.scenarios:
        _scenario(scenario, official)
    if row.properties:
        print()
        say("cli.explain.try", id=row.id)


def _scenario(scenario: Scenario, official: Wording | None) -> None:
    from conformance.exercises import registry
    from conformance.properties import base as properties
    from conformance.texts import all_texts

    print()
    print(f"  {t('cli.explain.scenario', id=scenario.id or t('cli.explain.no-number'))}")
    told = (official.scenarios or {}).get(scenario.id or "") if official is not None else None
    if official is not None and told:
        _field("cli.explain.wording", told, 4, version=official.version)
    if scenario.property is not None:
        found = properties.get(scenario.property)
        exercise = registry.get(found.exercise)
        _field("cli.explain.judge", f"{found.name} ({found.clause})", 4)
        how = f"exercise.{exercise.name}"
        _field("cli.explain.how", t(how) if how in all_texts() else exercise.name, 4)
        _field("cli.explain.needs", ", ".join(sorted(exercise.needs | found.needs)), 4)
        labels = sorted(t(f"label.{name}") if f"label.{name}" in all_texts() else name for name in found.claims)
        _field("cli.explain.classes", (" ; " if spoken() == "fr" else "; ").join(labels), 4)
        _field("cli.explain.codes", ", ".join(sorted(found.codes)), 4)
    if scenario.attest:
        _field("cli.explain.attest", scenario.attestation(spoken()), 4)
    if scenario.reason is not None:
        _field("cli.explain.reason", scenario.reason.text(spoken()), 4)
    if scenario.proofs:
        proofs = ", ".join(f"{p.id or '-'} ({t(f'audit.proof.{p.kind.value}')})" for p in scenario.proofs)
        _field("cli.explain.proofs", proofs, 4)
        texts = (official.proofs or {}) if official is not None else {}
        for proof in scenario.proofs:
            if texts.get(proof.id or ""):
                _wrapped(f"{proof.id}{_colon()}{texts[proof.id or '']}", 6)


def _code(code: Code) -> None:
    from conformance.properties import base as properties

    lang = spoken()
    print(f"{code.id}  {code.text(lang)}")
    _field("cli.explain.severity", t(f"audit.severity.{code.severity.value}"))
    _field("cli.explain.clause", code.clause)
    _field("cli.explain.remedy", code.remedy(lang))
    judges = (properties.get(name) for name in properties.names())
    rows = sorted({key for judge in judges if code.id in judge.codes for key in judge.requirements})
    if rows:
        _field("cli.explain.rows", ", ".join(rows))
