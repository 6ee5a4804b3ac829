"""Documents and electronic means by which an identity is verified (ZFD-7, PAM France; RNIV; FR Core)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Trust = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Document:
    """One kind: its code in ZFD-7, its French name, whether the RNIV lets it validate an identity with an INS.

    `minors` says that it does so for a minor only. The degree of trust that a site gives is a setting (rule 19).
    """

    code: str
    name: str
    trust: Trust
    minors: bool = False


DOCUMENTS: Mapping[str, Document] = {
    row.code: row
    for row in (
        Document("PA", "passeport", "high"),
        Document("CN", "carte nationale d'identité", "high"),
        Document("AN", "extrait d'acte de naissance", "high"),
        Document("LE", "livret de famille", "high", minors=True),
        Document("CS", "carte ou titre de séjour", "high"),
        Document("CC", "carnet de circulation", "high", minors=True),
        Document("AV", "application carte Vitale", "high"),
        Document("PC", "permis de conduire", "low"),
    )
}
"""The kinds whose degree is known; ZFD-7 has others, which a site sets."""

ZFD_7 = frozenset("AN CC CE CM CN CS LE PA PC TC AV DC AC IE".split())  # noqa: SIM905 - a table reads better in a row
"""Codes of ZFD-7 (PAM France 2.11)."""
