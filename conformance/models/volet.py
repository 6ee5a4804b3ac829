"""A structured document of a volet as a case: plain data, days counted before the run, codes with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.models.document import Patient, Professional, Structure

VoletKind = Literal[
    "cr-bio-2021.01",
    "cr-bio-2023.01",
    "cr-bio-2024.01",
    "cr-img-2024.01",
    "ldl-ees-2022.01",
    "ldl-ses-2022.01",
    "vsm-1.4",
    "ep-med-2024.01",
    "edisp-med-2024.01",
    "vac-note-2023.01",
]
"""Volet and version."""

CodedLabel = tuple[str, str]
"""(code, label)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantitative result: LOINC code and label, unit (UCUM), value and bounds of the normal range, in hundredths."""

    exam: CodedLabel
    unit: str
    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Drug:
    """A medicine: CIS, CIP13, name, ATC code and label."""

    cis: str
    cip: str
    name: str
    atc: CodedLabel


@dataclass(frozen=True, slots=True)
class VoletCase:
    """One document. `day` counts the days before the run; what a kind does not use stays as drawn.

    `version` is its version number (1 for a first version); `problems` are CIM-10.
    """

    kind: VoletKind
    patient: Patient
    author: Professional
    structure: Structure
    day: int
    version: int
    measures: tuple[Measure, ...]
    problems: tuple[CodedLabel, ...]
    drugs: tuple[Drug, ...]
    region: CodedLabel
    text: str
