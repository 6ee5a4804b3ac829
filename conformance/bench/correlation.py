"""To which case does what was heard belong? Pure: keys owned by the cases against keys seen in the exchanges."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

from conformance.bench.lab import Done
from conformance.evidence.values import Observation

STRENGTH = ("document", "entry", "control", "set", "message", "patient")
"""Kinds of keys, strongest first; a kind that is not here comes last."""

LEARNT = frozenset({"entry", "control", "set", "message"})
"""Kinds a case comes to own when they are seen beside something it owns: the DMP gives a document an entryUUID, and
the deletion of the document names nothing else."""

Key = tuple[str, str]


def attribute(
    done: Mapping[str, Done], observations: Sequence[Observation]
) -> tuple[dict[str, list[Observation]], list[Observation]]:
    """Job id -> its observations in order of time, and the orphans that no job claims.

    What a job sent is its own; an answer belongs with what it answers; anything else goes by its strongest key that
    exactly one job owns. A key owned by several jobs decides nothing: a weaker one may, else it is an orphan.
    """
    owners: dict[str, str] = {exchange: job for job, one in done.items() for exchange in one.exchanges}
    claims: dict[Key, set[str]] = {}
    for job, one in done.items():
        _claim(claims, job, one.keys)
    learnt: dict[Key, set[str]] = {}
    known = ChainMap(claims, learnt)
    pending = list(observations)
    settled = False
    while not settled:
        settled = True
        for observation in pending:
            owner = _owner(observation, owners, known)
            if owner is None:
                continue
            owners[observation.exchange.id] = owner
            # A key that some case owns from the start is not up for learning.
            _claim(learnt, owner, (k for k in observation.keys if k[0] in LEARNT and k not in claims))
            settled = False
        # What was learnt may decide about what came earlier: a second look, until nothing changes.
        pending = [o for o in pending if o.exchange.id not in owners]
    owned: dict[str, list[Observation]] = {job: [] for job in done}
    orphans: list[Observation] = []
    for observation in observations:
        owner = owners.get(observation.exchange.id)
        (orphans if owner is None else owned[owner]).append(observation)
    return owned, orphans


def _claim(claims: dict[Key, set[str]], job: str, keys: Iterable[Key]) -> None:
    for key in keys:
        claims.setdefault(key, set()).add(job)


def _owner(observation: Observation, owners: Mapping[str, str], claims: Mapping[Key, set[str]]) -> str | None:
    exchange = observation.exchange
    if exchange.id in owners:
        return owners[exchange.id]
    if exchange.answers is not None and exchange.answers in owners:
        return owners[exchange.answers]
    for key in sorted(observation.keys, key=_strength):
        found = claims.get(key, set())
        if len(found) == 1:
            return next(iter(found))
    return None


def _strength(key: Key) -> int:
    return STRENGTH.index(key[0]) if key[0] in STRENGTH else len(STRENGTH)
