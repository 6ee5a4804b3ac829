"""What the provider says of a professional: the claims of Pro Santé Connect, with fictitious values."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REALM = uuid.UUID("6f4c1a52-9d0b-4c58-8a6e-2b7f0e9d1c33")
"""The storage that the `sub` of a professional names: the same in every run."""

FINESS = "750000018"
"""A FINESS that no structure has."""


@dataclass(frozen=True, slots=True)
class Professional:
    """Who signs in. `rpps` is 11 digits; `national_id` is the 12 characters of the national form."""

    rpps: str
    family: str
    given: str

    @property
    def national_id(self) -> str:
        """8 then the RPPS: SubjectNameID, PS_IdNat."""
        return f"8{self.rpps}"

    @property
    def subject(self) -> str:
        """The `sub` claim: `f:<uuid>:<national id>`."""
        return f"f:{REALM}:{self.national_id}"


def user_info(person: Professional) -> Mapping[str, Any]:
    """The whole userinfo, one activity in one structure. Keys as the provider spells them."""
    activity = {
        "codeModeExercice": "S",
        "codeSecteurDactivite": "SA01",
        "codeSectionPharmacien": "",
        "codeRole": "",
        "codeGenreActivite": "GENR01",
        "numeroSiretSite": "",
        "numeroSirenSite": "",
        "numeroFinessSite": FINESS,
        "numeroFinessetablissementJuridique": FINESS,
        "identifiantTechniqueDeLaStructure": f"F{FINESS}",
        "raisonSocialeSite": "HOPITAL FICTIF DU BANC",
        "ancienIdentifiantDeLaStructure": f"1{FINESS}",
        "autoriteDenregistrement": "",
    }
    practice = {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": "DR",
        "nomDexercice": person.family,
        "prenomDexercice": person.given,
        "codeTypeSavoirFaire": "S",
        "codeSavoirFaire": "SM26",
        "activities": [activity],
    }
    return {
        "sub": person.subject,
        "SubjectNameID": person.national_id,
        "preferred_username": person.national_id,
        "given_name": person.given,
        "family_name": person.family,
        "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
        "SubjectOrganization": "HOPITAL FICTIF DU BANC",
        "SubjectOrganizationID": f"1{FINESS}",
        "Secteur_Activite": "SA01^1.2.250.1.71.4.2.4",
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "UITVersion": "1.0",
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "otherIds": [{"identifiant": person.national_id, "origine": "RPPS", "qualite": 1}],
        "SubjectRefPro": {"codeCivilite": "M", "exercices": [practice]},
    }


def opaque(*parts: object) -> str:
    """An identifier that tells nothing and is the same for the same parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:40]
