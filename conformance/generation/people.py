"""Fictitious professionals and structures, with valid keys.

RPPS numbers start by 99700, FINESS numbers by 99: ranges of test identities, which no real person or place bears.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.models.document import Professional, Structure


def luhn_digit(body: str) -> str:
    """The digit that makes `body` + digit pass the Luhn test (ISO/IEC 7812-1 annex B), as RPPS and FINESS do."""
    total = 0
    for place, character in enumerate(reversed(body)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def rpps(number: int) -> str:
    """The `number`th (0 to 99 999) test RPPS: 11 digits, the last being the key."""
    body = f"99700{number:05d}"
    return body + luhn_digit(body)


def finess(number: int) -> str:
    """The `number`th (0 to 999 999) fictitious FINESS: 9 digits, the last being the key."""
    body = f"99{number:06d}"
    return body + luhn_digit(body)


SPECIALTIES = {
    "G15_10/SM04": "Médecin - Cardiologie et maladies vasculaires (SM)",
    "G15_10/SM05": "Médecin - Chirurgie générale (SM)",
    "G15_10/SM19": "Médecin - Gynécologie médicale (SM)",
    "G15_10/SM25": "Médecin - Médecine du travail (SM)",
    "G15_10/SM26": "Médecin - Qualifié en Médecine Générale (SM)",
    "G15_10/SM28": "Médecin - Médecine nucléaire (SM)",
    "G15_10/SM44": "Médecin - Radio-diagnostic (SM)",
    "G15_10/SM53": "Médecin - Spécialiste en Médecine Générale (SM)",
    "G15_10/SM54": "Médecin - Médecine Générale (SM)",
}
"""Specialties of JDV_J01 (TRE_A01) that the professionals have, with their label."""

_NAMES = (
    ("GARNIER", "Hélène", "G15_10/SM44"),
    ("LEFÈVRE", "Éric", "G15_10/SM26"),
    ("D'ALMEIDA", "Ruth", "G15_10/SM04"),
    ("NGUYEN", "Anne-Laure", "G15_10/SM05"),
    ("LE GOFF", "Yann", "G15_10/SM54"),
    ("SAINT-CLAIR", "François", "G15_10/SM28"),
    ("HODA", "Adam", "G15_10/SM53"),
    ("BEN SALAH", "Inès", "G15_10/SM19"),
    ("ŒUVRARD", "Loïc", "G15_10/SM25"),
    ("DE LA TOUR", "Béatrice", "G15_10/SM26"),
)

PROFESSIONALS = tuple(
    Professional(family, given, rpps(4210 + 17 * i), specialty) for i, (family, given, specialty) in enumerate(_NAMES)
)

STRUCTURES = tuple(
    Structure(name, finess(101 + 37 * i))
    for i, name in enumerate(
        (
            "Centre hospitalier du Banc",
            "Clinique de l'Étang",
            "CHU d'Essai & Recherche",
            "Hôpital Saint-Exemple",
            "Laboratoire des Trois Vallées",
        )
    )
)


def professionals() -> SearchStrategy[Professional]:
    """Any fictitious professional (names with accents, apostrophes, hyphens, blanks)."""
    return st.sampled_from(PROFESSIONALS)


def structures() -> SearchStrategy[Structure]:
    """Any fictitious structure (names with accents and an ampersand)."""
    return st.sampled_from(STRUCTURES)
