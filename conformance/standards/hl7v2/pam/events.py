"""Events of PAM FR: which exist, their transaction, their message structure (PAM FR, ITI-30 and ITI-31)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STRUCTURES: Mapping[str, str] = {
    **dict.fromkeys(("A28", "A31"), "ADT_A05"),
    "A40": "ADT_A39",
    "A47": "ADT_A30",
    **dict.fromkeys(("A01", "A04", "A13", "Z99"), "ADT_A01"),
    "A02": "ADT_A02",
    "A03": "ADT_A03",
    **dict.fromkeys(("A05", "A14"), "ADT_A05"),
    **dict.fromkeys(("A06", "A07"), "ADT_A06"),
    **dict.fromkeys(("A09", "A10", "A11"), "ADT_A09"),
    "A12": "ADT_A12",
    "A15": "ADT_A15",
    "A16": "ADT_A16",
    **dict.fromkeys(("A21", "A22", "A25", "A26", "A27", "A32", "A33"), "ADT_A21"),
    "A38": "ADT_A38",
    "A44": "ADT_A43",
    "A49": "ADT_A30",
    **dict.fromkeys(("A52", "A53", "A55"), "ADT_A52"),
    "A54": "ADT_A54",
}
"""Event -> the structure that MSH-9.3 names."""

IDENTITY: Final = frozenset({"A28", "A31", "A40", "A47"})
"""Events of ITI-30 (Patient Identity Management) in France; all the others belong to ITI-31."""

MERGES: Final = frozenset({"A40", "A47", "A44", "A49"})
"""Events whose message holds PID [PD1] MRG and nothing of a stay."""

MOVEMENTS: Final = frozenset(STRUCTURES) - IDENTITY - MERGES
"""Events that describe a movement: ZBE is required."""

REFUSED: Mapping[str, str] = {
    "A08": "A31 | Z99",
    "A18": "A40",
    "A23": "A11",
    "A24": "A40",
    "A29": "A31",
    "A30": "A47",
    "A34": "A40",
    "A36": "A40",
    "A37": "A40",
    "A39": "A40",
    "A43": "A44",
    "A45": "A44",
    "A46": "A47",
}
"""Events of HL7 v2.5 that France does not use -> what is sent instead."""

CANCELS: Mapping[str, tuple[str, ...]] = {
    "A11": ("A01", "A04"),
    "A12": ("A02",),
    "A13": ("A03",),
    "A25": ("A16",),
    "A26": ("A15",),
    "A27": ("A14",),
    "A32": ("A10",),
    "A33": ("A09",),
    "A38": ("A05",),
    "A52": ("A21",),
    "A53": ("A22",),
    "A55": ("A54",),
}
"""Cancelling event -> the events it cancels."""

TRACKING: Final = frozenset({"A09", "A10", "A32", "A33"})
"""Temporary transfers: TF-2 and TF-4 do not ask for their ZBE, 2.11.2 does."""

PENDING: Final = frozenset({"A14", "A15", "A16", "A25", "A26", "A27"})
"""Pending events and their cancellations: nothing has occurred yet."""

CLASS_CHANGES: Final = frozenset({"A06", "A07"})
"""Each is the cancellation of the other."""


def transaction(event: str) -> str:
    """`ITI-30`, `ITI-31`, or empty for an event that PAM FR does not have."""
    if event in IDENTITY:
        return "ITI-30"
    return "ITI-31" if event in STRUCTURES else ""
