"""Which requirement is verified by what: the matrix of `docs/coverage.md`, made from the profiles alone.

`python -m conformance.catalogue.coverage --check` says whether the committed page is true, `--write` writes it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from conformance.catalogue import places
from conformance.catalogue.loader import all_profiles
from conformance.catalogue.model import Profile, Requirement, Scenario

PAGE = "docs/coverage.md"


class State(StrEnum):
    """How far a row is verified: by properties, partly, on the vendor's proofs, or not yet."""

    JUDGED = "judged"
    PARTLY = "partly"
    ATTESTED = "attested"
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True)
class RowCoverage:
    """One row and how far it is verified."""

    requirement: Requirement
    state: State


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rows of a DSR in order; `counts` gives wave -> state -> number of rows, all states present."""

    dsr: str
    rows: tuple[RowCoverage, ...]
    counts: Mapping[str, Mapping[State, int]]
    reasons: Mapping[str, int] = field(default_factory=dict)  # reason code -> number of scenarios


def state_of(requirement: Requirement) -> State:
    """How far one row is verified. A scenario that waits leaves the row open, but where it is one of alternatives."""
    judged = any(scenario.property for scenario in requirement.scenarios)
    waiting = any(scenario.reason for scenario in requirement.scenarios)
    if judged:
        return State.PARTLY if waiting and requirement.one_of is None else State.JUDGED
    return State.NOT_YET if waiting else State.ATTESTED


def coverage(profile: Profile) -> Coverage:
    """How far the rows of a profile are verified."""
    rows = tuple(RowCoverage(row, state_of(row)) for row in profile.requirements())
    counts: dict[str, Mapping[State, int]] = {}
    for wave in profile.waves:
        seen = Counter(row.state for row in rows if row.requirement.wave == wave.name)
        counts[wave.name] = {state: seen[state] for state in State}
    reasons = Counter(s.reason.code for row in rows for s in row.requirement.scenarios if s.reason)
    return Coverage(profile.dsr, rows, counts, dict(sorted(reasons.items())))


def render(profiles: Iterable[Profile]) -> str:
    """The page, the same for the same profiles."""
    loaded = tuple(profiles)
    lines = [
        "# Coverage",
        "",
        "<!-- Made from profiles/ by `make generated`. Do not edit. -->",
        "",
        "Every requirement of the profiles and what verifies it: a property of the bench (its name), a proof that the",
        "vendor hands in, or nothing yet. Nothing is left out, and *not yet* means just that.",
    ]
    for profile in loaded:
        lines += _profile(profile)
    return "\n".join(lines) + "\n"


def _profile(profile: Profile) -> Iterator[str]:
    found = coverage(profile)
    yield from ("", f"## {profile.dsr}: {profile.name}", "")
    yield "| wave | requirements | judged | partly | on proofs | not yet |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for wave, counts in found.counts.items():
        yield _line(wave, sum(counts.values()), *(counts[state] for state in State))
    if found.reasons:
        yield ""
        for code, number in found.reasons.items():
            yield f"* *{_words(code)}* ({number} scenarios): {_reason_text(profile, code)}"
    for wave_ in profile.waves:
        yield from ("", f"### {profile.dsr} {wave_.name}", "")
        yield "| requirement | DSR | level | scope | applies when | title | verified by |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for row in wave_.requirements:
            how = "<br>".join(dict.fromkeys(_how(scenario) for scenario in row.scenarios))
            title = row.title + (f" (replaced by {row.superseded_by})" if row.superseded_by else "")
            yield _line(row.id, row.ref or "", row.level, row.scope, f"`{row.when}`", title, how)


def _reason_text(profile: Profile, code: str) -> str:
    texts = (s.reason.en for row in profile.requirements() for s in row.scenarios if s.reason and s.reason.code == code)
    return next(texts)


def _how(scenario: Scenario) -> str:
    if scenario.property:
        return f"`{scenario.property}`" + (f", and proof: {scenario.attest_en}" if scenario.attest_en else "")
    if scenario.reason:
        return f"*{_words(scenario.reason.code)}*"
    return f"proof: {scenario.attestation('en')}"


def _words(code: str) -> str:
    return code.replace("-", " ")


def _line(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or write the page; 0 when it is true, 1 when it is stale."""
    parser = argparse.ArgumentParser(prog="python -m conformance.catalogue.coverage", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 when the page is stale")
    action.add_argument("--write", action="store_true", help="write the page")
    chosen = parser.parse_args(arguments)
    page = Path(str(places.profiles())).parent / PAGE
    wanted = render(all_profiles())
    if chosen.write:
        page.parent.mkdir(exist_ok=True)
        page.write_text(wanted, encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{PAGE} is stale: run `python -m conformance.catalogue.coverage --write`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
