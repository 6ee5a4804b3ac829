"""What changed from the profile to a workbook, row by row, each with the sheet and cell that say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from conformance.catalogue import places
from conformance.catalogue.model import Level, Profile, Requirement
from conformance.catalogue.wording import Wording, digest_of, normalised
from conformance.catalogue.workbook.entries import Entry
from conformance.errors import ProfileError


class Kind(StrEnum):
    """What kind of change it is."""

    NEW = "new"
    REMOVED = "removed"
    REWORDED = "reworded"
    LEVEL = "level"
    SCOPE = "scope"
    CONDITION = "condition"
    SCENARIO_ADDED = "scenario-added"
    SCENARIO_REMOVED = "scenario-removed"
    PROOF_ADDED = "proof-added"
    PROOF_REMOVED = "proof-removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the row, the cell (or the file of the profile for what is gone), and what it was and is."""

    kind: Kind
    key: str
    where: str
    before: str = ""
    after: str = ""


def shipped_digests(dsr: str) -> Mapping[str, str]:
    """The digests of the wording on which a profile was written, by row; none for a DSR that has no such file."""
    file = places.profiles() / "wording" / f"{dsr.lower()}.json"
    if not file.is_file():
        return {}
    try:
        digests: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8"))["digests"]
    except (OSError, ValueError, KeyError) as error:
        raise ProfileError("workbook.wording-unreadable", where=places.display(file), problem=str(error)) from None
    return digests


def changes(
    found: Mapping[str, Entry],
    profile: Profile,
    digests: Mapping[str, str],
    previous: Mapping[str, Wording],
) -> tuple[Change, ...]:
    """Every change, in the order of the profile, then the new rows in the order of the workbook.

    `digests` are those the profile was written on, `previous` the wording imported before, which is newer. Rows of
    waves of which the workbook holds nothing are not said to be gone.
    """
    known = {row.key: row for row in profile.requirements()}
    waves = {entry.wave for entry in found.values()}
    whole = all(entry.every_row for entry in found.values())
    told: list[Change] = []
    for key, row in known.items():
        if key in found:
            before = previous[key].digest if key in previous else digests.get(key)
            told += _row(row, found[key], before)
        elif row.wave in waves and (whole or any(s.id for s in row.scenarios)):
            told.append(Change(Kind.REMOVED, key, row.where))
    told += (Change(Kind.NEW, key, entry.where) for key, entry in found.items() if key not in known)
    return tuple(told)


def level_of(entry: Entry) -> Level | None:
    """How binding a row is, by its nature where the workbook has it; None where it does not say."""
    nature = entry.cells.get("nature")
    if nature is None:
        return None
    if normalised(nature.text).casefold().startswith(("preco", "préco")):
        return Level.MAY
    forbids = re.search(r"\bNE DOI(VEN)?T PAS\b", entry.statement) and not re.search(
        r"(?<!NE )\bDOI(VEN)?T\b(?! PAS)", entry.statement
    )
    return Level.MUST_NOT if forbids else Level.MUST


def _row(row: Requirement, entry: Entry, before: str | None) -> Iterator[Change]:
    after = digest_of(entry.statement)
    if before is not None and entry.statement and before != after:
        yield Change(Kind.REWORDED, row.key, entry.at("statement"), before[:12], after[:12])
    level = level_of(entry)
    if level is not None and (level is Level.MAY) != (row.level is Level.MAY):
        yield Change(Kind.LEVEL, row.key, entry.at("nature"), row.level, level)
    scope = entry.cells.get("scope")
    if scope is not None and normalised(scope.text) != normalised(row.scope):
        yield Change(Kind.SCOPE, row.key, scope.where, row.scope, scope.text)
    flag = entry.cells.get("conditional")
    if flag is not None and flag.text.upper() in ("OUI", "NON"):
        held = "NON" if row.scope == "Général" else "OUI"
        if flag.text.upper() != held:
            yield Change(Kind.CONDITION, row.key, flag.where, held, flag.text.upper())
    yield from _scenarios(row, entry)


def _scenarios(row: Requirement, entry: Entry) -> Iterator[Change]:
    ours = {s.id: s for s in row.scenarios if s.id is not None}
    for id, scenario in ours.items():
        if id not in entry.scenarios:
            yield Change(Kind.SCENARIO_REMOVED, row.key, scenario.where, id)
    for id, theirs in entry.scenarios.items():
        if id not in ours:
            yield Change(Kind.SCENARIO_ADDED, row.key, theirs.where, after=id)
            continue
        proofs = {proof.id for proof in ours[id].proofs if proof.id is not None}
        for proof in sorted(proofs - set(theirs.proofs)):
            yield Change(Kind.PROOF_REMOVED, row.key, ours[id].where, proof)
        for proof, part in theirs.proofs.items():
            if proof not in proofs:
                yield Change(Kind.PROOF_ADDED, row.key, part.where, after=proof)
