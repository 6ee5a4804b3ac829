"""The layouts in which the REMs are published, as tables: header -> what the column holds.

Facts of the public export tools of the ANS (`segur-squash-plugins`, October 2024). Columns are found by their header,
whatever their order; a header is compared without case, accents, punctuation or line breaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

PAIRS = 10  # proofs of one line of a REM

_REQUIREMENT_34 = {
    "Périmètre": "perimeter",
    "ID": "id",
    "Chapitre": "block",
    "Fonction": "function",
    "Exigence": "statement",
    "Commentaire": "comment",
    "Nature de l'exigence": "nature",
    "Profil": "scope",
    "N° scénario": "scenario",
    "Scénario de conformité": "scenario-text",
    "Statut publication": "status",
    "VA N-1": "former",
    "Criticité": "criticality",
    "Ordre": "order",
}
_REQUIREMENT_31 = {
    "Exigence conditionnelle OUI/NON": "conditional",
    "Profil": "scope",
    "ID Section": "section-id",
    "Section": "section",
    "Bloc": "block",
    "Fonction": "function",
    "Nature de l'exigence": "nature",
    "N° exigence": "id",
    "Énoncé de l'exigence (DOIT) ou de la préconisation (PEUT)": "statement",
    "N° scénario": "scenario",
    "Scénario de conformité": "scenario-text",
}
_CONVERGENCE = {
    "Périmètre": "perimeter",
    "ID": "id",
    "Chapitre": "block",
    "Fonction": "function",
    "Exigence": "statement",
    "Commentaire": "comment",
    "Profil": "scope",
    "N° scénario": "scenario",
    "Scénario de conformité": "scenario-text",
    "N° preuve": "proof 1",
    "Preuve": "proof-text 1",
    "Profil historique": "former-scope",
    "Criticité": "criticality",
    "Ordre": "order",
}
_PROOFS = {f"N° preuve {n}": f"proof {n}" for n in range(1, PAIRS + 1)} | {
    f"Preuve {n}": f"proof-text {n}" for n in range(1, PAIRS + 1)
}
_PREPUBLICATION = {
    "bon pour publication": "ready",
    "référence exigence": "reference",
    "référence cas de test": "scenario-reference",
    "référence exigence socle": "socle-reference",
    "points de vérification": "points",
    "Note interne": "internal",
    "Rem Ségur": "rem",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout: its name, its columns (header -> role) and the roles without which it is not that layout.

    `every_row` says whether a requirement without scenario has a line: where it has none, its absence says nothing.
    """

    name: str
    columns: Mapping[str, str]
    required: frozenset[str]
    every_row: bool = True

    @property
    def roles(self) -> Mapping[str, str]:
        """The roles by normalised header."""
        return {key(header): role for header, role in self.columns.items()}

    def header(self, role: str) -> str:
        """The header of a role, as it is written."""
        return next(header for header, found in self.columns.items() if found == role)


_NEEDED = {"id", "statement", "scope", "scenario", "scenario-text", "proof 1", "proof-text 1"}

LAYOUTS = (
    Layout("rem-34", _REQUIREMENT_34 | _PROOFS | _PREPUBLICATION, frozenset(_NEEDED | {"nature"})),
    Layout("rem-31", _REQUIREMENT_31 | _PROOFS | _PREPUBLICATION, frozenset(_NEEDED | {"nature"})),
    Layout("convergence", _CONVERGENCE, frozenset(_NEEDED), every_row=False),
)

_SIGNS = str.maketrans({"°": " ", "º": " ", "ª": " "})


def key(header: str) -> str:
    """A header without case, accents, punctuation, degree signs and line breaks."""
    plain = unicodedata.normalize("NFKD", header.translate(_SIGNS))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return " ".join(re.findall(r"[a-z0-9]+", plain))
