"""The public extraction of the Annuaire Santé, `PS_LibreAcces_Personne_activite`: columns, writing, reading.

Text, `|` between fields, a header line, one line for each activity of a professional. Encoding and trailing separator
vary with the deliveries: the reader takes both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from conformance.errors import Malformed

_STRUCTURE = (
    "Complément destinataire", "Complément point géographique", "Numéro Voie", "Indice répétition voie",
    "Code type de voie", "Libellé type de voie", "Libellé Voie", "Mention distribution", "Bureau cedex", "Code postal",
    "Code commune", "Libellé commune", "Code pays", "Libellé pays", "Téléphone", "Téléphone 2", "Télécopie",
    "Adresse e-mail",
)  # fmt: skip

COLUMNS = (
    "Type d'identifiant PP", "Identifiant PP", "Identification nationale PP", "Code civilité d'exercice",
    "Libellé civilité d'exercice", "Code civilité", "Libellé civilité", "Nom d'exercice", "Prénom d'exercice",
    "Code profession", "Libellé profession", "Code catégorie professionnelle", "Libellé catégorie professionnelle",
    "Code type savoir-faire", "Libellé type savoir-faire", "Code savoir-faire", "Libellé savoir-faire",
    "Code mode exercice", "Libellé mode exercice", "Numéro SIRET site", "Numéro SIREN site", "Numéro FINESS site",
    "Numéro FINESS établissement juridique", "Identifiant technique de la structure", "Raison sociale site",
    "Enseigne commerciale site", *(f"{name} (coord. structure)" for name in _STRUCTURE),
    "Code Département (structure)", "Libellé Département (structure)", "Ancien identifiant de la structure",
    "Autorité d'enregistrement", "Code secteur d'activité", "Libellé secteur d'activité",
    "Code section tableau pharmaciens", "Libellé section tableau pharmaciens", "Code rôle", "Libellé rôle",
    "Code genre activité", "Libellé genre activité",
)  # fmt: skip
"""The 56 columns, in order."""

PROFESSIONS = {
    "10": "Médecin",
    "21": "Pharmacien",
    "40": "Chirurgien-Dentiste",
    "50": "Sage-Femme",
    "60": "Infirmier",
    "70": "Masseur-Kinésithérapeute",
}
"""Codes of TRE_G15 and their labels, those that the bench writes."""

RPPS_TYPE = "8"
LIMIT_BYTES = 64 * 1024 * 1024
LIMIT_ROWS = 500_000


@dataclass(frozen=True, slots=True)
class Activity:
    """One line: a professional in one place. `rpps` is 11 digits, `profession` a code of TRE_G15."""

    rpps: str
    family: str
    given: str
    profession: str = ""
    finess: str = ""
    title: str = ""
    place: str = ""
    mail: str = ""

    def fields(self) -> Mapping[str, str]:
        """What this line tells, by column."""
        return {
            "Type d'identifiant PP": RPPS_TYPE,
            "Identifiant PP": self.rpps,
            "Identification nationale PP": f"{RPPS_TYPE}{self.rpps}",
            "Code civilité d'exercice": self.title,
            "Nom d'exercice": self.family,
            "Prénom d'exercice": self.given,
            "Code profession": self.profession,
            "Libellé profession": PROFESSIONS.get(self.profession, ""),
            "Code catégorie professionnelle": "C",
            "Libellé catégorie professionnelle": "Civil",
            "Numéro FINESS site": self.finess,
            "Identifiant technique de la structure": f"F{self.finess}" if self.finess else "",
            "Raison sociale site": self.place,
            "Adresse e-mail (coord. structure)": self.mail,
        }


def write(activities: Iterable[Activity], *, encoding: str = "utf-8", trailing: bool = False) -> bytes:
    """The file; `trailing` puts a separator at the end of each line, as some deliveries have."""
    end = "|\n" if trailing else "\n"
    lines = ["|".join(COLUMNS) + end]
    for activity in activities:
        told = activity.fields()
        lines.append("|".join(_plain(told.get(name, "")) for name in COLUMNS) + end)
    return "".join(lines).encode(encoding, "replace")


def _plain(value: str) -> str:
    """A field: no separator nor end of line can be told inside."""
    return value.replace("|", " ").replace("\r", " ").replace("\n", " ")


def read(raw: bytes) -> Iterator[Activity]:
    """The lines of a file, in UTF-8 (a byte order mark is left out) or else Windows-1252.

    Raises Malformed: `annuaire.extraction.too-big`, `annuaire.extraction.columns` when the header or a line has not
    the columns.
    """
    if len(raw) > LIMIT_BYTES:
        raise Malformed("annuaire.extraction.too-big", "file", f"{len(raw)} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("windows-1252", "replace")
    lines = text.replace("\r\n", "\n").split("\n")
    header = _split(lines[0])
    if tuple(header[:3]) != COLUMNS[:3] or len(header) != len(COLUMNS):
        raise Malformed("annuaire.extraction.columns", "line 1", lines[0][:200])
    at = {name: n for n, name in enumerate(COLUMNS)}
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        if number > LIMIT_ROWS:
            raise Malformed("annuaire.extraction.too-big", f"line {number}", f"over {LIMIT_ROWS} lines")
        cells = _split(line)
        if len(cells) != len(COLUMNS):
            raise Malformed("annuaire.extraction.columns", f"line {number}", f"{len(cells)} fields")
        yield Activity(
            cells[at["Identifiant PP"]],
            cells[at["Nom d'exercice"]],
            cells[at["Prénom d'exercice"]],
            cells[at["Code profession"]],
            cells[at["Numéro FINESS site"]],
            cells[at["Code civilité d'exercice"]],
            cells[at["Raison sociale site"]],
            cells[at["Adresse e-mail (coord. structure)"]],
        )


def _split(line: str) -> list[str]:
    """The fields of a line, without the empty one that a trailing separator makes."""
    cells = line.split("|")
    return cells[:-1] if len(cells) == len(COLUMNS) + 1 and not cells[-1] else cells
