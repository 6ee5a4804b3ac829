"""Segments of each structure of PAM FR, written as lines: `PD1?` at most one, `ROL*` any number, `[...]*` a group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.standards.hl7v2.pam import events
from conformance.standards.hl7v2.rules.structure import MANY, Grammar, Group, Seg, group

_HEAD = "MSH SFT* EVN PID PD1?"
_Z = "ZBE ZFA? ZFP? ZFV? ZFM? ZFD? ZFS*"
_ENCOUNTER = f"PV1 PV2? {_Z}"
_TRACKED = _ENCOUNTER.replace("ZBE", "ZBE?")
_CARE = "DB1* OBX* AL1* DG1* DRG? [PR1 ROL*]* GT1*"
_PAID = "[IN1 IN2? IN3? ROL*]*"
# TF-4 asks for one PATIENT group only: several are the business of their own rule, not of the structure.
_PATIENT = "[PID PD1? MRG]+"

STRUCTURES: Mapping[str, str] = {
    "ADT_A01": f"{_HEAD} ROL* NK1* {_ENCOUNTER} ROL* {_CARE} {_PAID} ACC? UB1? UB2? PDA?",
    "ADT_A02": f"{_HEAD} ROL* {_ENCOUNTER} ROL* DB1* OBX* PDA?",
    "ADT_A03": f"{_HEAD} ROL* NK1* {_ENCOUNTER} ROL* DB1* AL1* DG1* DRG? [PR1 ROL*]* OBX* GT1* {_PAID} ACC? PDA?",
    "ADT_A05": f"{_HEAD} ROL* NK1* {_ENCOUNTER} ROL* {_CARE} {_PAID} ACC? UB1? UB2? PDA?",
    "ADT_A06": f"{_HEAD} ROL* MRG? NK1* {_ENCOUNTER} ROL* {_CARE} {_PAID} ACC? UB1? UB2?",
    "ADT_A09": f"{_HEAD} {_ENCOUNTER} DB1* OBX* DG1*",
    "ADT_A12": f"{_HEAD} {_ENCOUNTER} DB1* OBX* DG1*",
    "ADT_A15": f"{_HEAD} ROL* {_ENCOUNTER} ROL* DB1* OBX* DG1*",
    "ADT_A16": f"{_HEAD} ROL* NK1* {_ENCOUNTER} ROL* {_CARE} {_PAID} ACC?",
    "ADT_A21": f"{_HEAD} {_ENCOUNTER} DB1* OBX*",
    "ADT_A38": f"{_HEAD} {_ENCOUNTER} DB1* OBX* DG1* DRG?",
    "ADT_A39": f"MSH SFT* EVN {_PATIENT}",
    "ADT_A30": f"MSH SFT* EVN {_PATIENT}",
    "ADT_A43": f"MSH SFT* EVN {_PATIENT}",
    "ADT_A52": f"{_HEAD} {_ENCOUNTER}",
    "ADT_A54": f"{_HEAD} ROL* {_ENCOUNTER} ROL*",
    "identity": f"{_HEAD} ROL* NK1* PV1 PV2? ZFA? ZFD? ZFS* ROL* {_CARE} {_PAID} ACC? UB1? UB2?",
    "ACK": "MSH SFT* MSA ERR*",
    "departing": f"{_HEAD} {_TRACKED} DB1* OBX* DG1*",
    "cancelled": f"{_HEAD} {_TRACKED} DB1* OBX*",
}
"""Structure -> its segments.

`identity` is ADT_A05 as A28 and A31 use it (no movement, hence no ZBE); `departing` (A09, A10) and `cancelled` (A32,
A33) are ADT_A09 and ADT_A21 of temporary transfers, which may lack ZBE.
"""

_NAMED: Mapping[str, str] = {
    "A28": "identity",
    "A31": "identity",
    "A09": "departing",
    "A10": "departing",
    "A32": "cancelled",
    "A33": "cancelled",
}

UNUSED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("A03", "A05", "A06", "A07", "A14"), ("PV2",)),
    **dict.fromkeys(("A10", "A11", "A12"), ("DG1",)),
}
"""Event -> segments that HL7 v2.5 allows there and PAM FR 2.11.2 does not use."""

Z_SEGMENTS = frozenset({"ZBE", "ZFA", "ZFP", "ZFV", "ZFM", "ZFD", "ZFS"})
"""The Z segments that the French extension defines."""

ZFV_EXPECTED = frozenset({"A01", "A02", "A03", "A04", "A05", "A14", "A21", "Z99"})
ZFM_EXPECTED = frozenset({"A01", "A02", "A03", "A04", "A05", "A06", "A14", "A21", "A22", "Z99"})
"""Events for which TF-4 (2023) asks for ZFV and ZFM, which 2.11.2 made optional."""

_TOKEN = re.compile(r"([A-Z][A-Z0-9]{2}|\[|\])([?*+]?)")
_BOUNDS = {"": (1, 1), "?": (0, 1), "*": (0, MANY), "+": (1, MANY)}


def _nodes(tokens: Iterator[tuple[str, str]]) -> tuple[tuple[Seg | Group, ...], str]:
    found: list[Seg | Group] = []
    for name, suffix in tokens:
        if name == "]":
            return tuple(found), suffix
        if name == "[":
            inside, after = _nodes(tokens)
            low, high = _BOUNDS[after]
            found.append(group(*inside, low=low, high=high))
        else:
            found.append(Seg(name, *_BOUNDS[suffix]))
    return tuple(found), ""


def _grammar(text: str) -> Grammar:
    return Grammar.of(group(*_nodes(iter(_TOKEN.findall(text)))[0]))


_GRAMMARS = {name: _grammar(text) for name, text in STRUCTURES.items()}


def grammar(event: str) -> Grammar | None:
    """The structure of an event, None when PAM FR has not the event."""
    return _GRAMMARS.get(_NAMED.get(event) or events.STRUCTURES.get(event, ""))


ACK = _GRAMMARS["ACK"]
