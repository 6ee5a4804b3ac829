"""A fictitious patient made whole: matricule with its key, OID, IPP, dates, once the case is bound.

Sources: CI-SIS annexe INS (OIDs, PID-3), Guide d'implémentation de l'INS (traits), public rule of the NIR key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from conformance.evidence.values import Binding
from conformance.models.document import Patient

Environment = Literal["test", "production", "demonstration"]

INS_NIR_OIDS: dict[Environment, str] = {
    "production": "1.2.250.1.213.1.4.8",
    "test": "1.2.250.1.213.1.4.10",
    "demonstration": "1.2.250.1.213.1.4.11",
}
INS_NIA_OID = "1.2.250.1.213.1.4.9"
"""No test OID is published for the NIA: the only one is used in every environment."""

IPP_AUTHORITY = "HOPITAL-BANC"
IPP_ROOT = "1.2.250.1.999.1.1.8110"
"""The assigning authority of local patient numbers: its name and its OID, of the fictitious establishment."""


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


def key(body: str) -> str:
    """The two-digit key of the 13 characters of a NIR or NIA (2A counts as 19, 2B as 18)."""
    digits = body.replace("2A", "19").replace("2B", "18") if body[5:7] in ("2A", "2B") else body
    return f"{97 - int(digits) % 97:02d}"


def matricule(patient: Patient, digits: str, birth_date: date) -> str:
    """The 15 characters: sex, year, month, department, six digits of the binding, key."""
    body = f"{'1' if patient.sex == 'M' else '2'}{birth_date:%y%m}{patient.department}{digits}"
    return body + key(body)


def resolve(patient: Patient, binding: Binding, as_of: date, environment: Environment = "test") -> ResolvedIdentity:
    """The identity of a patient once bound, on the run's day, for an environment's OIDs."""
    born = as_of - timedelta(days=patient.birth_day)
    nir = patient.kind == "NIR"
    return ResolvedIdentity(
        matricule=matricule(patient, binding.digits, born),
        oid=INS_NIR_OIDS[environment] if nir else INS_NIA_OID,
        namespace="ASIP-SANTE-INS-NIR" if nir else "ASIP-SANTE-INS-NIA",
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
