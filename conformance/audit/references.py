"""Numbers of the DSR that no row of our catalogue bears, though their neighbours are there."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.audit.model import Gap
from conformance.catalogue.model import Requirement

_NUMBER = re.compile(r"(.*?)(\d+)\Z")


def gaps(rows: Iterable[Requirement]) -> tuple[Gap, ...]:
    """What is missing from the numbering of each wave and family: `MSS.03` when only `MSS.02` and `MSS.04` are there.

    Numbering begins at 1; what stands after the last number that we know cannot be told.
    """
    known: dict[tuple[str, str], dict[int, int]] = {}
    for row in rows:
        found = _NUMBER.fullmatch(row.ref or "")
        if found is not None:
            known.setdefault((row.wave, found[1]), {})[int(found[2])] = len(found[2])
    missing = []
    for (wave, family), numbers in known.items():
        width = max(numbers.values())
        refs = tuple(f"{family}{n:0{width}}" for n in range(1, max(numbers)) if n not in numbers)
        if refs:
            missing.append(Gap(wave, family.rstrip("."), refs))
    return tuple(missing)
