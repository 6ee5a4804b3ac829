"""Turns tables that were held to their schema into the model."""

from __future__ import annotations

from typing import cast

from conformance.catalogue.expression import Expression, ExpressionError, parse
from conformance.catalogue.model import (
    NO_PARAMETERS,
    Automation,
    Level,
    Option,
    Options,
    Outside,
    Outsider,
    Profile,
    Proof,
    ProofKind,
    Reason,
    Requirement,
    Scenario,
    Wave,
)
from conformance.catalogue.strict import Series, Table
from conformance.errors import ProfileError


def options_of(table: Table) -> Options:
    """The options and reasons of a table that follows `options/1`."""
    options = {
        name: Option(name, row["default"] == "true", _text(row, "fr"), _text(row, "en"))
        for name, row in _tables(table, "options")
    }
    reasons = {name: Reason(name, _text(row, "fr"), _text(row, "en")) for name, row in _tables(table, "reasons")}
    return Options(options, reasons)


def profile_of(table: Table, options: Options, *, digest: str, path: str) -> Profile:
    """The profile of a table that follows `profile/1`, bodies merged in; raises ProfileError."""
    dsr = _text(table, "dsr")
    waves = tuple(
        Wave(name, tuple(_requirement(row, dsr, name, options) for row in _rows(wave, "requirements")))
        for name, wave in _tables(table, "waves")
    )
    return Profile(
        dsr=dsr,
        name=_text(table, "name"),
        name_en=_text(table, "name_en"),
        waves=waves,
        options=options,
        digest=digest,
        path=path,
    )


def _requirement(row: Table, dsr: str, wave: str, options: Options) -> Requirement:
    key = _text(row, "key")
    return Requirement(
        key=key,
        dsr=dsr,
        wave=wave,
        id=_text(row, "id"),
        ref=_maybe(row, "ref"),
        level=Level(_text(row, "level")),
        scope=_text(row, "scope"),
        title=_text(row, "title"),
        title_en=_text(row, "title_en"),
        source=_text(row, "source"),
        automation=Automation(_text(row, "automation")),
        when=_when(row, key),
        scenarios=tuple(
            _scenario(scenario, f"{key}#{number}", options)
            for number, scenario in enumerate(_rows(row, "scenarios"), start=1)
        ),
        one_of=_maybe(row, "one_of"),
        superseded_by=_maybe(row, "superseded_by"),
        derived=row.get("derived") == "true",
        outside=_outside(row),
        where=str(row.spot),
    )


def _outside(row: Table) -> Outside | None:
    given = row.get("outside")
    return Outside(Outsider(_text(given, "by")), _maybe(given, "case") or "") if isinstance(given, Table) else None


def _when(row: Table, key: str) -> Expression:
    try:
        return parse(_text(row, "when"))
    except ExpressionError as error:
        raise ProfileError(
            "catalogue.expression",
            where=str(row.spots["when"]),
            key=key,
            text=_text(row, "when"),
            problem=error.problem,
            column=error.column,
        ) from None


def _scenario(row: Table, key: str, options: Options) -> Scenario:
    parameters = row.get("with")
    return Scenario(
        key=key,
        id=_maybe(row, "id"),
        derived=row.get("derived") == "true",
        property=_maybe(row, "property"),
        parameters=_plain_table(parameters) if isinstance(parameters, Table) and parameters else NO_PARAMETERS,
        attest=_maybe(row, "attest") or "",
        attest_en=_maybe(row, "attest_en") or "",
        reason=_reason(row, options),
        proofs=tuple(
            Proof(f"{key}.p{number}", _maybe(proof, "id"), ProofKind(_text(proof, "kind")))
            for number, proof in enumerate(_rows(row, "proofs"), start=1)
        ),
        where=str(row.spot),
    )


def _reason(row: Table, options: Options) -> Reason | None:
    given = row.get("reason")
    if not isinstance(given, Table):
        return None
    code = _text(given, "code")
    standard = options.reasons.get(code)
    fr, en = _maybe(given, "fr"), _maybe(given, "en")
    if standard is None and not (fr and en):
        known = ", ".join(sorted(options.reasons))
        raise ProfileError("catalogue.unknown-reason", where=str(given.spot), code=code, known=known)
    return Reason(code, fr or (standard.fr if standard else ""), en or (standard.en if standard else ""))


def _plain(value: object) -> object:
    """A parameter as plain data, without places."""
    match value:
        case Table():
            return _plain_table(value)
        case Series():
            return [_plain(item) for item in value]
    return value


def _plain_table(table: Table) -> dict[str, object]:
    return {key: _plain(value) for key, value in table.items()}


# The schema has already said what each key holds: these only tell the type checker.


def _text(table: Table, key: str) -> str:
    return cast(str, table[key])


def _maybe(table: Table, key: str) -> str | None:
    return cast("str | None", table.get(key))


def _rows(table: Table, key: str) -> list[Table]:
    return cast("list[Table]", table.get(key, []))


def _tables(table: Table, key: str) -> list[tuple[str, Table]]:
    return cast("list[tuple[str, Table]]", list(cast(Table, table[key]).items()))
