"""What a profile that reads well may still have wrong, as numbered problems.

Each code CATnnn has its texts under `catalogue.catnnn` in `conformance/texts/catalogue.toml`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from conformance.catalogue.expression import And, Claims, Expression, claimed, names
from conformance.catalogue.model import Automation, Level, Profile, Requirement, Scenario

TITLE_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: its code, where (file and line), the key of the row or scenario, and the details of the text."""

    code: str
    where: str
    key: str
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, object]:
        """Everything that fills the braces of its text: the key and the details."""
        return {"key": self.key, **self.details}

    @property
    def text(self) -> str:
        """The id of its text."""
        return f"catalogue.{self.code.lower()}"


def lint(profiles: Iterable[Profile], known_properties: Collection[str], *, alone: bool = False) -> tuple[Problem, ...]:
    """Every problem of some profiles, in the order of the files; none when they are clean.

    `known_properties` are the names of the properties that exist: this room cannot import them. `alone` says that
    other profiles share the options: one that these do not use is then no problem.
    """
    loaded = tuple(profiles)
    found: list[Problem] = []
    for profile in loaded:
        found += (problem for check in _PROFILE_CHECKS for problem in check(profile))
        for row in profile.requirements():
            found += (problem for check in _ROW_CHECKS for problem in check(profile, row))
            for scenario in row.scenarios:
                found += (problem for check in _SCENARIO_CHECKS for problem in check(row, scenario))
                found += _unknown_property(scenario, known_properties)
    if not alone:
        found += _unused_options(loaded)
    return tuple(found)


def _near(name: str, known: Iterable[str]) -> str:
    candidates = sorted(known)
    return ", ".join(get_close_matches(name, candidates, n=3)) or ", ".join(candidates[:5]) or "-"


# Whole profiles


def _duplicate_key(profile: Profile) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for row in profile.requirements():
        if row.key in first:
            yield Problem("CAT001", row.where, row.key, {"first": first[row.key]})
        first.setdefault(row.key, row.where)


def _equal_titles(profile: Profile) -> Iterator[Problem]:
    for lang in ("fr", "en"):
        first: dict[str, str] = {}
        for row in profile.requirements():
            title = row.heading(lang).strip().casefold()
            if title and title in first:
                yield Problem("CAT013", row.where, row.key, {"other": first[title]})
            first.setdefault(title, row.key)


def _group_of_one(profile: Profile) -> Iterator[Problem]:
    for wave in profile.waves:
        for name, members in profile.groups([wave.name]).items():
            if len(members) < 2:
                row = next(row for row in wave.requirements if row.one_of == name)
                yield Problem("CAT009", row.where, row.key, {"group": name})


def _unused_options(profiles: tuple[Profile, ...]) -> Iterator[Problem]:
    used = {name for profile in profiles for row in profile.requirements() for name in names(row.when)}
    declared = {name for profile in profiles for name in profile.options}
    for name in sorted(declared - used):
        yield Problem("CAT017", "profiles/options.yaml", name, {"name": name})


# Rows


def _key_of_its_place(profile: Profile, row: Requirement) -> Iterator[Problem]:
    wanted = f"{profile.dsr}/{row.wave}/{row.id}"
    if row.key != wanted and not row.key.startswith(f"{wanted}/"):  # a second row of one id adds a part of its own
        yield Problem("CAT002", row.where, row.key, {"wanted": wanted})


def _unknown_option(profile: Profile, row: Requirement) -> Iterator[Problem]:
    for name in names(row.when):
        if name not in profile.options:
            yield Problem("CAT003", row.where, row.key, {"name": name, "known": _near(name, profile.options)})


def _claim_of_another_kind(profile: Profile, row: Requirement) -> Iterator[Problem]:
    optional = {other.key for other in profile.requirements() if other.level is Level.MAY}
    for key in claimed(row.when):
        if key not in optional:
            yield Problem("CAT004", row.where, row.key, {"claim": key})


def _optional_row_unclaimed(_: Profile, row: Requirement) -> Iterator[Problem]:
    if row.level is Level.MAY and not _demands(row.when, row.key):
        yield Problem("CAT005", row.where, row.key)


def _demands(when: Expression, key: str) -> bool:
    """Whether an expression can only hold when the key is claimed."""
    match when:
        case Claims(claim):
            return claim == key
        case And(left, right):
            return _demands(left, key) or _demands(right, key)
    return False


def _bad_successor(profile: Profile, row: Requirement) -> Iterator[Problem]:
    if row.superseded_by is None:
        return
    later = {other.key for other in profile.requirements() if other.wave > row.wave}
    if row.superseded_by not in later:
        yield Problem("CAT010", row.where, row.key, {"successor": row.superseded_by})


def _title_missing(_: Profile, row: Requirement) -> Iterator[Problem]:
    for key, title in (("title", row.title), ("title_en", row.title_en)):
        if not title.strip():
            yield Problem("CAT011", row.where, row.key, {"field": key})


def _title_too_long(_: Profile, row: Requirement) -> Iterator[Problem]:
    for key, title in (("title", row.title), ("title_en", row.title_en)):
        if len(title) > TITLE_LIMIT:
            yield Problem("CAT012", row.where, row.key, {"field": key, "length": len(title), "limit": TITLE_LIMIT})


def _outside_proof_unasked(_: Profile, row: Requirement) -> Iterator[Problem]:
    """A row that someone else must prove too keeps the proof it asks for: what was heard does not replace it."""
    if row.outside is None or row.automation is Automation.AUTO:
        return
    if not any(scenario.attest for scenario in row.scenarios):
        yield Problem("CAT020", row.where, row.key, {"by": row.outside.by.value})


# Scenarios


def _unknown_property(scenario: Scenario, known: Collection[str]) -> Iterator[Problem]:
    name = scenario.property
    if name is not None and name not in known:
        yield Problem("CAT006", scenario.where, scenario.key, {"name": name, "known": _near(name, known)})


def _nothing_said(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if scenario.property is None and not scenario.attest and scenario.reason is None:
        yield Problem("CAT007", scenario.where, scenario.key)


def _judged_and_not(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if scenario.property is not None and scenario.reason is not None:
        yield Problem("CAT008", scenario.where, scenario.key, {"name": scenario.property})


def _proof_twice(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    # The export gives one number to proofs of two kinds: only the same kind twice is a mistake.
    for (id, kind), count in Counter((proof.id, proof.kind) for proof in scenario.proofs).items():
        if count > 1:
            yield Problem("CAT014", scenario.where, scenario.key, {"proof": f"{id} ({kind})"})


def _derived_or_numbered(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if scenario.derived == (scenario.id is not None):
        yield Problem("CAT015", scenario.where, scenario.key)


def _manual_row_judged(row: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if row.automation is Automation.MANUAL and scenario.property is not None:
        yield Problem("CAT016", scenario.where, scenario.key, {"name": scenario.property})


def _attest_in_one_language(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if bool(scenario.attest) != bool(scenario.attest_en):
        yield Problem("CAT018", scenario.where, scenario.key)


def _parameters_of_nothing(_: Requirement, scenario: Scenario) -> Iterator[Problem]:
    if scenario.parameters and scenario.property is None:
        yield Problem("CAT019", scenario.where, scenario.key)


_PROFILE_CHECKS: tuple[Callable[[Profile], Iterator[Problem]], ...] = (_duplicate_key, _equal_titles, _group_of_one)

_ROW_CHECKS: tuple[Callable[[Profile, Requirement], Iterator[Problem]], ...] = (
    _key_of_its_place,
    _unknown_option,
    _claim_of_another_kind,
    _optional_row_unclaimed,
    _bad_successor,
    _title_missing,
    _title_too_long,
    _outside_proof_unasked,
)

_SCENARIO_CHECKS: tuple[Callable[[Requirement, Scenario], Iterator[Problem]], ...] = (
    _nothing_said,
    _judged_and_not,
    _proof_twice,
    _derived_or_numbered,
    _manual_row_judged,
    _attest_in_one_language,
    _parameters_of_nothing,
)
