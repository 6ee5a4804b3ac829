"""Fields and data types of PAM FR as a table: what is required, forbidden, repeated, coded, and who says so.

A row reads `field usage repeat type table source`. `usage`: R required, X forbidden, - free. `repeat`: 1 at most one,
- any number. `source`: H HL7 v2.5 or IHE ITI TF-2, T IHE ITI TF-4 4.1 (France), P the PAM FR 2.11.2 extension and its
data type constraints, whose text is not public: known here through readings of it, hence never more than a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.standards.hl7v2.pam.tables import TABLES

CLAUSES: Mapping[str, str] = {
    "H": "HL7 v2.5 ; IHE ITI TF-2 3.30, 3.31",
    "T": "IHE ITI TF-4 4.1 (extension nationale France)",
    "P": "IHE PAM, extension nationale France 2.11.2",
}

_FIELDS = """
MSH-3 R 1 HD - H
MSH-4 R 1 HD - H
MSH-5 R 1 HD - H
MSH-6 R 1 HD - H
MSH-7 R 1 TS - H
MSH-8 X 1 - - P
MSH-9 R 1 - - H
MSH-10 R 1 - - H
MSH-11 R 1 CODE 0103 H
MSH-12 R 1 - - H
MSH-14 X 1 - - P
MSH-15 - 1 CODE 0155 H
MSH-16 - 1 CODE 0155 H
MSH-17 - 1 CODE 0399 T
MSH-18 - - CODE 0211 P
MSH-20 X 1 - - H
EVN-1 X 1 - - H
EVN-2 R 1 TS - H
EVN-3 - 1 TS - H
EVN-5 - - XCN - H
EVN-6 - 1 TS - H
EVN-7 - 1 HD - H
PID-2 X 1 - - T
PID-3 R - PCX - H
PID-4 X - - - T
PID-5 R - PXPN - H
PID-6 - - XPN - T
PID-7 - 1 - - H
PID-9 X - - - T
PID-10 X - - - T
PID-11 - - XAD - H
PID-12 X 1 - - T
PID-13 - - XTN - H
PID-14 - - XTN - H
PID-16 - 1 CODE 0002 T
PID-17 X 1 - - T
PID-18 - 1 DCX - H
PID-19 X 1 - - T
PID-20 X 1 - - T
PID-21 - - CX - H
PID-22 X - - - T
PID-24 - 1 CODE 0136 H
PID-25 - 1 NM - H
PID-28 X 1 - - T
PID-29 - 1 TS - H
PID-30 - 1 CODE 0136 H
PID-31 - 1 CODE 0136 H
PID-32 R - - - P
PID-33 - 1 TS - H
PD1-2 - 1 CODE 0220 T
PD1-12 - 1 CODE 0136 H
ROL-1 - 1 EI - H
ROL-2 R 1 CODE 0287 T
ROL-3 R 1 CODE 0443 T
ROL-4 R - XCN - H
ROL-5 - 1 TS - H
ROL-6 - 1 TS - H
ROL-11 - 1 XAD - H
ROL-12 - - XTN - H
NK1-1 R 1 NM - H
NK1-2 - - XPN - H
NK1-4 - - XAD - H
NK1-5 - - XTN - H
NK1-6 - - XTN - H
NK1-15 - 1 CODE 0001 T
NK1-16 - 1 TS - H
NK1-25 X 1 - - T
NK1-28 X - - - T
NK1-33 R - CX - P
NK1-35 X - - - T
MRG-1 R - PCX - H
MRG-2 X - - - P
MRG-3 - 1 CX - H
MRG-4 X 1 - - P
MRG-5 X 1 - - P
MRG-6 X 1 - - P
MRG-7 - - XPN - H
PV1-2 R 1 CODE 0004 T
PV1-4 - 1 CODE 0007 P
PV1-5 - 1 CX - H
PV1-7 - - XCN - H
PV1-8 - - XCN - H
PV1-9 X - - - T
PV1-16 - 1 CODE 0099 T
PV1-17 - - XCN - H
PV1-19 - 1 DCX - H
PV1-21 - 1 CODE 0032 T
PV1-22 - 1 CODE 0045 T
PV1-36 - 1 CODE 0112 P
PV1-40 X 1 - - T
PV1-41 - 1 CODE 0117 P
PV1-44 - 1 TS - H
PV1-45 - 1 TS - H
PV1-50 - 1 CX - H
PV1-51 - 1 CODE 0326 P
PV1-52 X - - - T
PV2-3 X 1 - - P
PV2-8 - 1 TS - H
PV2-9 - 1 TS - H
PV2-18 - 1 CODE 0214 P
PV2-38 - 1 CODE 0430 P
PV2-47 - 1 TS - H
ACC-1 - 1 TS - H
ACC-2 R 1 CODE 0050 T
ACC-4 X 1 - - T
ACC-11 - 1 XAD - H
IN1-2 R 1 CODE 0072 P
IN1-3 R 1 CX - T
IN1-16 - - XPN - H
IN1-17 R 1 - - T
IN1-19 - - XAD - H
IN1-49 - - CX - H
OBX-1 R 1 NM - P
OBX-2 R 1 - - P
OBX-3 R 1 - - H
OBX-11 R 1 - - H
OBX-14 - 1 TS - H
OBX-16 R - XCN - T
AL1-1 R 1 - - H
AL1-3 R 1 - - H
AL1-6 X 1 - - H
ZBE-1 R - EI - T
ZBE-2 R 1 TS - T
ZBE-3 X 1 - - T
ZBE-4 R 1 CODE ZBE-4 T
ZBE-5 R 1 CODE 0136 T
ZBE-7 - 1 XON - T
ZBE-8 - 1 XON - T
ZBE-9 R 1 CODE ZBE-9 T
ZFA-1 - 1 CODE ZFA-1 P
ZFA-2 - 1 TS - P
ZFA-3 - 1 TS - P
ZFA-4 X 1 - - P
ZFA-5 X 1 - - P
ZFA-6 X 1 - - P
ZFA-7 X 1 - - P
ZFA-8 X 1 - - P
ZFA-9 - 1 CODE ZFA-9 P
ZFA-10 - 1 TS - P
ZFA-11 - 1 CODE ZFA-11 P
ZFA-12 - 1 TS - P
ZFP-1 - 1 CODE ZFP-1 P
ZFV-2 - 1 CODE 0430 P
ZFV-3 X 1 - - T
ZFV-4 - 1 TS - P
ZFV-5 - 1 TS - P
ZFV-6 - - XAD ZFV-6 T
ZFV-7 - 1 CX - P
ZFV-8 - - CX - P
ZFV-10 X 1 - - P
ZFV-11 - 1 CODE ZFV-11 P
ZFM-1 - 1 CODE ZFM-1 P
ZFM-2 - 1 CODE ZFM-2 P
ZFM-3 - 1 CODE ZFM-3 P
ZFM-4 - 1 CODE ZFM-3 P
ZFM-5 - 1 CODE ZFM-5 P
ZFD-2 - 1 NM - P
ZFD-3 - 1 CODE 0136 P
ZFD-4 - 1 CODE 0136 P
ZFD-5 - 1 CODE ZFD-5 P
ZFD-6 - 1 TS - P
ZFD-7 - 1 CODE ZFD-7 P
ZFD-8 - 1 TS - P
ZFS-1 R 1 NM - P
ZFS-2 R 1 EI - P
ZFS-3 R 1 TS - P
ZFS-4 - 1 TS - P
ZFS-5 R 1 - - P
ZFS-6 R 1 CODE ZFS-6 P
ZFS-7 - 1 CODE ZFS-7 P
"""

_TYPES = """
CX R 1 - H
CX R 4 - P
CX - 5 0203 P
DCX R 1 - H
DCX R 4 - T
DCX - 5 0203 P
PCX R 1 - H
PCX R 4 - T
PCX R 5 0203 P
PXPN R 7 0200 T
PXPN X 4,6,8,9,10,11,12,13,14 - P
XPN R 7 0200 P
XPN X 4,6,8,9,10,11,12,13,14 - P
XAD X 12 - P
XAD - 7 0190 P
XTN X 1,5,6,7,8,10,11 - P
XON X 2,3,4,5,8,9 - P
XON - 7 0203 P
XCN X 5,7,8,11,12,15,16,17,18,19,20,21,22,23 - P
XCN - 13 0203 P
EI R 1 - H
HD R 1 - P
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What a data type asks of one component."""

    number: int
    usage: str
    table: str
    source: str
    codes: frozenset[bytes] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FieldRow:
    """One row of the table of fields; a row is equal to itself only."""

    number: int
    usage: str
    single: bool
    type: str
    table: str
    source: str
    codes: frozenset[bytes] | None = None


@dataclass(slots=True)
class SegmentRows:
    """The rows of one segment: those required, and all of them by field number."""

    required: list[FieldRow] = field(default_factory=list)
    fields: dict[int, FieldRow] = field(default_factory=dict)


def _segments() -> dict[bytes, SegmentRows]:
    found: dict[bytes, SegmentRows] = {}
    for line in _FIELDS.split("\n"):
        if not line:
            continue
        name, usage, repeat, kind, table, source = line.split()
        segment, number = name.split("-")
        codes = TABLES.get(table)
        row = FieldRow(int(number), usage.strip("-"), repeat == "1", kind, table, source, codes)
        rows = found.setdefault(segment.encode(), SegmentRows())
        rows.fields[row.number] = row
        if row.usage == "R":
            rows.required.append(row)
    # Judges stop at the first row beyond the fields of a segment.
    return {name: SegmentRows(rows.required, dict(sorted(rows.fields.items()))) for name, rows in found.items()}


def _parts() -> dict[str, tuple[Part, ...]]:
    found: dict[str, list[Part]] = {}
    for line in _TYPES.strip().split("\n"):
        type, usage, numbers, table, source = line.split()
        for number in numbers.split(","):
            found.setdefault(type, []).append(Part(int(number), usage.strip("-"), table, source, TABLES.get(table)))
    return {type: tuple(parts) for type, parts in found.items()}


SEGMENTS: Mapping[bytes, SegmentRows] = _segments()
"""Segment id -> its rows."""

PARTS: Mapping[str, tuple[Part, ...]] = _parts()
"""Data type -> what it asks of its components."""
