"""A fictitious patient made whole: matricule with its key, OID, IPP, dates, once the case is bound.

Sources: CI-SIS annexe INS (OIDs, PID-3), Guide d'implémentation de l'INS (traits), public rule of the NIR key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from conformance.evidence.values import Binding
from conformance.models.document import Patient
from conformance.standards.ins import nir, oids

IPP_AUTHORITY = "HOPITAL-BANC"
IPP_ROOT = "1.2.250.1.999.1.1.8110"
"""The assigning authority of local patient numbers: the fictitious establishment, by name and OID.

Below that OID it numbers its venues (.1), orders (.2) and accessions (.3).
"""


@dataclass(frozen=True, slots=True)
class ResolvedIdentity:
    """The traits of a bound patient, ready for PID and for recordTarget.

    `matricule` is the 15 characters with their key, `oid` and `namespace` its authority; `ipp` is the local number in
    `ipp_authority` / `ipp_root`. `given_names` is the list of birth given names, the first being the 1er prénom.
    `birth_place` is the five-character COG. When `qualified` is false the matricule must not be transmitted.
    """

    matricule: str
    oid: str
    namespace: str
    kind: Literal["NIR", "NIA"]
    ipp: str
    birth_name: str
    given_names: tuple[str, ...]
    sex: Literal["M", "F"]
    birth_date: date
    birth_place: str
    qualified: bool
    used_name: str | None = None
    ipp_authority: str = IPP_AUTHORITY
    ipp_root: str = IPP_ROOT

    @property
    def first_given_name(self) -> str:
        """The 1er prénom de naissance."""
        return self.given_names[0]


def authority(kind: oids.Nature, environment: oids.Environment) -> tuple[str, str]:
    """The OID and the HL7 v2 namespace of a matricule.

    Outside production no OID was published for the NIA: it goes under that of the NIR, with its own namespace.
    """
    oid = oids.oid(kind if environment == "production" else "NIR", environment)
    return oid, f"ASIP-SANTE-INS-{kind}"


def resolve(
    patient: Patient, binding: Binding, as_of: date, environment: oids.Environment = "test"
) -> ResolvedIdentity:
    """The identity of a patient once bound, on the run's day, for an environment's OIDs."""
    born = as_of - timedelta(days=patient.birth_day)
    oid, namespace = authority(patient.kind, environment)
    return ResolvedIdentity(
        matricule=nir.build(
            sex=patient.sex, year=born.year, month=born.month, department=patient.department, digits=binding.digits
        ),
        oid=oid,
        namespace=namespace,
        kind=patient.kind,
        ipp=f"B{binding.run.upper()}{binding.number:06d}",
        birth_name=patient.birth_name if patient.homonym else f"{patient.birth_name} {binding.letters}",
        given_names=patient.given_names,
        sex=patient.sex,
        birth_date=born,
        birth_place=patient.birth_place,
        qualified=patient.qualified,
        used_name=patient.used_name,
    )
