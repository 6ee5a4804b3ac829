"""INTRA/va1.01: a PFI integrates ORU or MDM imaging reports, with their masking, visibility and secret connection."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.evidence.values import Context, Driven, Finding, Heard, Witness
from conformance.properties import reports
from conformance.properties.base import register

IMAGING = reports.Report(
    prefix="intra.imaging",
    code="18748-4",  # LOINC code of the imaging report (JDV_J07, DSR document types)
    carriers=frozenset({"ORU", "MDM"}),
    witness="imaging report integrated and shared",
    n1_only=True,
)


@register(
    "documents.imaging-flags",
    exercise="documents.intake",
    clause="DSR PFI INTRA/va1.01 ; CI-SIS Transmission d'un document CDA-R2 en HL7v2, mapping VIHF et XDS",
    requirements=("PFI/va1/INTRA/va1.01",),
    codes=frozenset(
        {
            "intra.imaging.refused",
            "intra.imaging.silent",
            "intra.imaging.carrier-unsupported",
            "intra.imaging.mask-lost",
            "intra.imaging.mask-added",
            "intra.imaging.secret-connection-lost",
        }
    ),
    claims=frozenset(
        {
            "plain",
            "kind:imaging",
            "flag:masque-ps",
            "flag:invisible-patient",
            "flag:invisible-rep-legaux",
            "flag:secret",
        }
    ),
    control="plain",
    environments=("normal",),
)
def imaging_flags(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Every conforming imaging report is accepted, and its restrictions are found again in the DMP submission."""
    yield from reports.judge(IMAGING, driven, heard, context)
