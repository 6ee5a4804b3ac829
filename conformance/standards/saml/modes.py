"""What a VIHF must say, by its authentication mode: direct (a person's card) or indirect (a structure's certificate).

Source: DMP fact sheet, VIHF; CI-SIS transmission volet, mapping. The guide is not public: nothing here is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from conformance.standards.saml.reader import Vihf

DIRECT, INDIRECT, REINFORCED = "DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"
MODES = (DIRECT, INDIRECT, REINFORCED)

_STRUCTURE = re.compile(r"[0-4].+")
_PROFESSIONAL = re.compile(r"[0134568].+")

Check = Callable[[Vihf], bool]

ALWAYS: Mapping[str, Check] = {
    "Authentification_Mode": lambda v: v.mode in MODES,
    "VIHF_Version": lambda v: bool(v.vihf_version),
    "Identifiant_Structure": lambda v: _STRUCTURE.fullmatch(v.structure) is not None,
    "Secteur_Activite": lambda v: bool(v.sector),
    "resource-id": lambda v: bool(v.matricule),
    "Ressource_URN": lambda v: v.resource_urn == "urn:dmp",
    "subject:role": lambda v: bool(v.roles),
    "purposeofuse": lambda v: v.purpose is not None,
    "NameID": lambda v: bool(v.name_id),
    "Issuer": lambda v: bool(v.issuer),
    "Signature": lambda v: v.signature is not None and v.signature.intact,
}
"""For every mode: what must be there (attribute, or part of the assertion) -> whether it is."""

BY_MODE: Mapping[str, Mapping[str, Check]] = {
    DIRECT: {
        "NameID (PS_IdNat)": lambda v: _PROFESSIONAL.fullmatch(v.name_id) is not None,
        "AuthnContextClassRef (SmartcardPKI)": lambda v: v.authn_context.endswith("SmartcardPKI"),
    },
    INDIRECT: {
        "subject-id": lambda v: bool(v.subject),
        "AuthnContextClassRef": lambda v: bool(v.authn_context) and not v.authn_context.endswith("SmartcardPKI"),
    },
    REINFORCED: {
        "NameID (PS_IdNat)": lambda v: _PROFESSIONAL.fullmatch(v.name_id) is not None,
        "subject-id": lambda v: bool(v.subject),
    },
}
"""What a mode adds. In indirect mode the structure answers for its users; the reinforced one names the real user."""


def lacks(vihf: Vihf) -> Iterator[str]:
    """The names of what is missing or cannot be right in a VIHF of that mode."""
    for name, held in {**ALWAYS, **BY_MODE.get(vihf.mode, {})}.items():
        if not held(vihf):
            yield name
