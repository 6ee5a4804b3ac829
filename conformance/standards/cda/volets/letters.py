"""Lettres de liaison d'entrée et de sortie (CI-SIS, volets LDL-EES 2022.01 et LDL-SES 2022.01)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from conformance.standards.cda.builders import CdaSpec, Content
from conformance.standards.cda.marks import SNOMED, coded, el, text
from conformance.standards.cda.volets.clinical import (
    ACT_CODE,
    TA_ASIP,
    Allergy,
    Medication,
    allergies,
    day,
    medication,
    observed,
)
from conformance.standards.cda.volets.parts import entry, loinc, own_id, section, table, value

_STAY = ("IMP", ACT_CODE, "Hospitalisation (établissement, y compris HAD)")
_FACILITY = ("SA01", "Etablissement public de santé")
_PRACTICE = ("ETABLISSEMENT", "Etablissement de santé")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says: reason of the stay, what happened, medicines, allergies, free comment."""

    reason: str
    events: str
    medications: Sequence[Medication]
    allergies: Sequence[Allergy] = ()
    comment: str = ""
    day: date = date(2024, 5, 2)


def admission(spec: CdaSpec, letter: Letter) -> CdaSpec:
    """The spec of a lettre de liaison à l'entrée."""
    body = "".join(
        (
            _reason(letter),
            _medications(
                spec,
                letter,
                ("1.3.6.1.4.1.19376.1.5.3.1.3.20", "1.2.250.1.213.1.1.2.144"),
                ("42346-7", "Traitements à l'admission"),
            ),
            allergies(spec.uid, letter.allergies),
            _comment(spec, letter),
        )
    )
    return replace(
        spec,
        level="N3",
        code="18761-7",
        label="Note de transfert (dont lettre de liaison à l'entrée en établissement de soins)",
        title="Lettre de liaison à l'entrée en établissement de santé",
        act=_STAY,
        encounter=_STAY,
        facility=_FACILITY,
        practice=_PRACTICE,
        content=Content(templates=(("1.2.250.1.213.1.1.1.21", "2022.01"),), body=body),
    )


def discharge(spec: CdaSpec, letter: Letter) -> CdaSpec:
    """The spec of a lettre de liaison à la sortie."""
    body = "".join(
        (
            _document_status(spec, letter),
            _reason(letter),
            _events(spec, letter),
            _medications(
                spec,
                letter,
                ("1.3.6.1.4.1.19376.1.5.3.1.3.22", "1.2.250.1.213.1.1.2.146"),
                ("10183-2", "Traitements à la sortie"),
            ),
            allergies(spec.uid, letter.allergies) if letter.allergies else "",
        )
    )
    label = "Lettre de liaison à la sortie d'un établissement de soins"
    return replace(
        spec,
        level="N3",
        code="11490-0",
        label=label,
        title="Lettre de liaison à la sortie de l'établissement de santé",
        act=_STAY,
        encounter=_STAY,
        facility=_FACILITY,
        practice=_PRACTICE,
        content=Content(templates=(("1.2.250.1.213.1.1.1.29", "2022.01"),), body=body),
    )


def _reason(letter: Letter) -> str:
    return section(
        ("1.3.6.1.4.1.19376.1.5.3.1.3.1", "1.2.250.1.213.1.1.2.127"),
        "",
        loinc("code", "42349-1", "Raison de la recommandation"),
        "Motif de l'hospitalisation",
        text("paragraph", letter.reason),
    )


def _document_status(spec: CdaSpec, letter: Letter) -> str:
    code = coded("code", "GEN-065", TA_ASIP, "Statut du document", "TA_ASIP")
    held = observed(
        f"{spec.uid}/status",
        "statut",
        ("1.2.250.1.213.1.1.3.48.16", "1.2.250.1.213.1.1.3.48.16.1"),
        code,
        day("effectiveTime", letter.day),
        value("385651009", SNOMED, "en cours d'exécution"),
    )
    return section(
        ("1.2.250.1.213.1.1.2.35", "1.2.250.1.213.1.1.2.35.1"),
        own_id(spec.uid, "status-section"),
        loinc("code", "33557-0", "Etat d'achèvement"),
        "Statut du document",
        table(("Statut",), ((("En cours", "statut"),),)),
        entry(held),
    )


def _events(spec: CdaSpec, letter: Letter) -> str:
    def one(number: str, id: str, code: tuple[str, str], held: str) -> str:
        wrapped = coded("code", code[0], TA_ASIP, code[1], "TA_ASIP")
        key = f"{spec.uid}/events"
        return entry(
            observed(key, id, (f"1.2.250.1.213.1.1.3.48.{number}",), wrapped, day("effectiveTime", letter.day), held)
        )

    arrival = el(
        "value",
        {
            "xsi:type": "CE",
            "code": "107724000",
            "displayName": "transfert d'un(e) patient(e)",
            "codeSystem": SNOMED,
            "codeSystemName": "SNOMED CT",
        },
    )
    return section(
        (
            "1.3.6.1.4.1.19376.1.5.3.1.1.21.2.9",
            "1.3.6.1.4.1.19376.1.7.3.1.1.13.7",
            "1.2.250.1.213.1.1.2.163",
            "1.2.250.1.213.1.1.2.163.1",
        ),
        own_id(spec.uid, "events"),
        loinc("code", "42545-4", "Evènements observés"),
        "Synthèse médicale du séjour",
        text("paragraph", letter.events) + table(("Modalité d'entrée",), ((("Transfert", "entree"),),)),
        one("6", "entree", ("ORG-070", "Modalité d'entrée"), arrival),
    )


def _medications(spec: CdaSpec, letter: Letter, roots: tuple[str, ...], code: tuple[str, str]) -> str:
    rows = [
        ((m.label, f"traitement-{n}"), (f"{m.dose} par jour", ""), (m.start.strftime("%d/%m/%Y"), ""))
        for n, m in enumerate(letter.medications, 1)
    ]
    return section(
        roots,
        own_id(spec.uid, code[0]),
        loinc("code", *code),
        code[1],
        table(("Médicament", "Posologie", "Depuis"), rows),
        *(
            entry(medication(f"{spec.uid}/{code[0]}/{n}", f"traitement-{n}", m))
            for n, m in enumerate(letter.medications, 1)
        ),
    )


def _comment(spec: CdaSpec, letter: Letter) -> str:
    return section(
        ("2.16.840.1.113883.10.12.201", "1.3.6.1.4.1.19376.1.4.1.2.16", "1.2.250.1.213.1.1.2.73"),
        own_id(spec.uid, "comment"),
        loinc("code", "55112-7", "Commentaire"),
        "Autres informations",
        text("paragraph", letter.comment or "Rien à signaler"),
    )
