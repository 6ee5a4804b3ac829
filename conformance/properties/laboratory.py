"""INTRA/va1.02: a PFI integrates ORU or OUL laboratory reports, with their masking, visibility and secret connection.

One of the two carriers is enough. A product that says it takes OUL (setting `incoming_messages`) is held to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties import reports
from conformance.properties.base import register

LABORATORY = reports.Report(
    prefix="intra.laboratory",
    code="11502-2",  # LOINC code of the laboratory report (JDV_J07)
    carriers=frozenset({"ORU", "OUL"}),
    witness="laboratory report integrated and shared",
    other_suffices=True,
)


@register(
    "documents.laboratory-flags",
    exercise="documents.intake",
    clause="DSR PFI INTRA/va1.02 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2, mapping VIHF et XDS",
    requirements=("PFI/va1/INTRA/va1.02",),
    codes=frozenset(
        {
            "intra.laboratory.refused",
            "intra.laboratory.silent",
            "intra.laboratory.carrier-unsupported",
            "intra.laboratory.mask-lost",
            "intra.laboratory.mask-added",
            "intra.laboratory.secret-connection-lost",
        }
    ),
    claims=frozenset(
        {
            "laboratory:n1",
            "laboratory:n1-hidden",
            "laboratory:n3",
            "laboratory:n3-hidden",
            "laboratory:n1+n3",
            "laboratory:secret",
            "laboratory:oul-hidden",
            "carrier:OUL",
        }
    ),
    control="laboratory:n1",
    environments=("normal",),
)
def laboratory_flags(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every conforming laboratory report is accepted, and its restrictions are found again in the DMP submission."""
    claimed = reports.declared(context) & LABORATORY.carriers
    yield from reports.judge(replace(LABORATORY, claimed=claimed), driven, heard, context)
