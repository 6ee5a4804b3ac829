"""Volet de synthèse médicale (CI-SIS, volet VSM 1.4, 2022.01)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.standards.cda.builders import CdaSpec, Content, PersonSpec, entity_of_participant
from conformance.standards.cda.marks import coded, el, text, ts
from conformance.standards.cda.volets.clinical import Allergy, Medication, Problem, allergies, medication, problem
from conformance.standards.cda.volets.parts import entry, loinc, own_id, section, table

PARTICIPATION_FUNCTION = "2.16.840.1.113883.5.88"


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What a synthesis says: problems that last, past problems, allergies, long-term medicines, points of attention."""

    problems: Sequence[Problem]
    past: Sequence[Problem]
    allergies: Sequence[Allergy]
    medications: Sequence[Medication]
    attention: str = "Aucun"


def synthesis(spec: CdaSpec, values: Synthesis) -> CdaSpec:
    """The spec of a volet de synthèse médicale written by the médecin traitant."""
    content = Content(
        templates=(("1.2.250.1.213.1.1.1.13", "201310"),),
        body="".join((_summary(spec, values), _attention(spec, values), _treatment(spec, values))),
        participants=_attending(spec, spec.author),
        act=loinc("code", "34117-2", "Historique et clinique"),
    )
    return replace(
        spec,
        level="N3",
        code="SYNTH",
        code_system="1.2.250.1.213.1.1.4.12",
        label="Synthèse",
        title="Volet de synthèse médicale",
        content=content,
    )


def _attending(spec: CdaSpec, person: PersonSpec) -> str:
    return el(
        "participant",
        {"typeCode": "INF"},
        coded("functionCode", "PCP", PARTICIPATION_FUNCTION, "Médecin traitant"),
        el("time", {"xsi:type": "IVL_TS"}, ts("low", spec.service_start)),
        el("associatedEntity", {"classCode": "PROV"}, entity_of_participant(person)),
    )


def _summary(spec: CdaSpec, values: Synthesis) -> str:
    history = section(
        ("1.2.250.1.213.1.1.2.30",),
        own_id(spec.uid, "history"),
        loinc("code", "34117-2", "Historique et physique"),
        "Pathologies en cours, antécédents et allergies",
        "",
        subsections=(
            _problems(
                spec,
                "actif",
                values.problems,
                ("2.16.840.1.113883.10.20.1.11", "1.3.6.1.4.1.19376.1.5.3.1.3.6", "1.2.250.1.213.1.1.2.132"),
                ("11450-4", "Liste des problèmes actifs", "Pathologies en cours"),
            ),
            _problems(
                spec,
                "antecedent",
                values.past,
                ("1.3.6.1.4.1.19376.1.5.3.1.3.8", "1.2.250.1.213.1.1.2.134"),
                ("11348-0", "Antécédents médicaux", "Antécédents médicaux"),
            ),
            *((allergies(spec.uid, values.allergies),) if values.allergies else ()),
        ),
    )
    return section(
        ("1.2.250.1.213.1.1.2.29",),
        own_id(spec.uid, "summary"),
        loinc("code", "46612-8", "Conclusions de synthèse"),
        "Pathologies, antécédents, allergies et facteurs de risque",
        "",
        subsections=(history, _risks(spec)),
    )


def _risks(spec: CdaSpec) -> str:
    work = section(
        ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.1", "1.2.250.1.213.1.1.2.74"),
        own_id(spec.uid, "work"),
        loinc("code", "10161-8", "Facteurs de risques professionnels"),
        "Facteurs de risques professionnels",
        text("paragraph", "Aucun"),
    )
    label = "Facteurs de risque présents ou passés affectant l'état de santé et/ou une circonstance connexe"
    return section(
        ("1.2.250.1.213.1.1.2.31",),
        own_id(spec.uid, "risks"),
        loinc("code", "57207-3", label),
        "Facteurs de risque",
        "",
        subsections=(work,),
    )


def _problems(
    spec: CdaSpec, word: str, ones: Sequence[Problem], roots: tuple[str, ...], named: tuple[str, str, str]
) -> str:
    code, label, title = named
    rows = [((p.label, f"{word}-{n}"), (p.start.strftime("%d/%m/%Y"), "")) for n, p in enumerate(ones, 1)]
    return section(
        roots,
        own_id(spec.uid, word),
        loinc("code", code, label),
        title,
        table(("Problème", "Depuis"), rows) if rows else text("paragraph", "Néant"),
        *(entry(problem(f"{spec.uid}/{word}/{n}", f"{word}-{n}", p)) for n, p in enumerate(ones, 1)),
    )


def _attention(spec: CdaSpec, values: Synthesis) -> str:
    return section(
        ("1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150"),
        own_id(spec.uid, "attention"),
        loinc("code", "30954-2", "Résultats d'examens"),
        "Points de vigilance",
        text("paragraph", values.attention),
    )


def _treatment(spec: CdaSpec, values: Synthesis) -> str:
    rows = [
        ((m.label, f"traitement-{n}"), (f"{m.dose} par jour", ""), (m.start.strftime("%d/%m/%Y"), ""))
        for n, m in enumerate(values.medications, 1)
    ]
    held = section(
        ("2.16.840.1.113883.10.20.1.8", "1.3.6.1.4.1.19376.1.5.3.1.3.19", "1.2.250.1.213.1.1.2.143"),
        own_id(spec.uid, "medications"),
        loinc("code", "10160-0", "Traitements"),
        "Traitements",
        table(("Médicament", "Posologie", "Depuis"), rows) if rows else text("paragraph", "Aucun traitement"),
        *(
            entry(medication(f"{spec.uid}/medication/{n}", f"traitement-{n}", m), "DRIV")
            for n, m in enumerate(values.medications, 1)
        ),
    )
    return section(
        ("1.2.250.1.213.1.1.2.32",),
        own_id(spec.uid, "plan"),
        loinc("code", "18776-5", "Plan de traitement"),
        "Traitements au long cours",
        "",
        subsections=(held,),
    )
