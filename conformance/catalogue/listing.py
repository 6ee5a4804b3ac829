"""The catalogue as rows for `conformance catalogue list --json`: plain data, one object a requirement."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.catalogue.model import Profile, Requirement, Scenario

SCHEMA = "catalogue-row/1"


def list_rows(profile: Profile, waves: Iterable[str] | None = None) -> list[dict[str, object]]:
    """The rows of a profile (of some waves), ready for JSON.

    Every row has `schema`, `key`, `id`, `ref`, `dsr`, `wave`, `level`, `scope`, `title`, `title_en`, `when`, `source`,
    `automation`, `one_of`, `superseded_by`, `derived`, `outside`, `scenarios`, and one of `property` (a name), `attest`
    (a text) or `reason` (code, fr, en): what the row comes down to. `scenarios` holds the detail.
    """
    return [_row(requirement) for requirement in profile.requirements(waves)]


def _row(row: Requirement) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "key": row.key,
        "id": row.id,
        "ref": row.ref,
        "dsr": row.dsr,
        "wave": row.wave,
        "level": row.level.value,
        "scope": row.scope,
        "title": row.title,
        "title_en": row.title_en,
        "when": str(row.when),
        "source": row.source,
        "automation": row.automation.value,
        "one_of": row.one_of,
        "superseded_by": row.superseded_by,
        "derived": row.derived,
        "outside": {"by": row.outside.by.value, "case": row.outside.case} if row.outside is not None else None,
        **_gist(row),
        "scenarios": [_scenario(scenario) for scenario in row.scenarios],
    }


def _gist(row: Requirement) -> dict[str, object]:
    """The strongest thing that can be said of a row: a property, else why there is none, else the proof asked for."""
    if row.properties:
        return {"property": row.properties[0]}
    for scenario in row.scenarios:
        if scenario.reason is not None:
            return {"reason": _reason(scenario)}
    return {"attest": next((s.attest for s in row.scenarios if s.attest), "")}


def _scenario(scenario: Scenario) -> dict[str, object]:
    detail: dict[str, object] = {"key": scenario.key, "id": scenario.id, "derived": scenario.derived}
    if scenario.property is not None:
        detail["property"] = scenario.property
        detail["with"] = dict(scenario.parameters)
    if scenario.attest:
        detail["attest"] = scenario.attest
        detail["attest_en"] = scenario.attest_en
    if scenario.reason is not None:
        detail["reason"] = _reason(scenario)
    detail["proofs"] = [{"key": p.key, "id": p.id, "kind": p.kind.value} for p in scenario.proofs]
    return detail


def _reason(scenario: Scenario) -> dict[str, str]:
    reason = scenario.reason
    return {} if reason is None else {"code": reason.code, "fr": reason.fr, "en": reason.en}
