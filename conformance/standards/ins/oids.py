"""The OIDs under which a matricule INS travels, and its HL7 v2 namespaces (ANS; PAM FR PID-3, FR Core identity)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Nature = Literal["NIR", "NIA"]
Environment = Literal["production", "test", "demo"]


@dataclass(frozen=True, slots=True)
class Authority:
    """One assigning authority: its OID, the nature of the number, the environment, the HL7 v2 namespace."""

    oid: str
    nature: Nature
    environment: Environment
    namespace: str


ROOT = "1.2.250.1.213.1.4"
"""The arc of the identifiers of patients of the ANS."""

AUTHORITIES: dict[str, Authority] = {
    row.oid: row
    for row in (
        Authority(f"{ROOT}.8", "NIR", "production", "ASIP-SANTE-INS-NIR"),
        Authority(f"{ROOT}.9", "NIA", "production", "ASIP-SANTE-INS-NIA"),
        Authority(f"{ROOT}.10", "NIR", "test", "ASIP-SANTE-INS-NIR"),
        Authority(f"{ROOT}.11", "NIR", "demo", "ASIP-SANTE-INS-NIR"),
    )
}
"""OID -> authority. No OID of test or demonstration was published for the NIA."""

ABANDONED: dict[str, Environment] = {f"{ROOT}.2": "production", f"{ROOT}.6": "test", f"{ROOT}.7": "demo"}
"""OIDs of the former computed INS (INS-C), still seen in some answers of the DMP: never an INS."""


def oid(nature: Nature, environment: Environment) -> str:
    """The OID of a nature in an environment; raises KeyError for the NIA outside production."""
    for row in AUTHORITIES.values():
        if (row.nature, row.environment) == (nature, environment):
            return row.oid
    raise KeyError((nature, environment))


def authority(oid: str) -> Authority | None:
    """The INS authority of an OID, or None."""
    return AUTHORITIES.get(oid)


def is_ins(oid: str) -> bool:
    """True when an OID is one of an INS (NIR or NIA, any environment)."""
    return oid in AUTHORITIES
