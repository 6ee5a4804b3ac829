"""CR d'examens biologiques (CI-SIS, volet CR-BIO 2021.01, 2023.01, 2024.01; IHE XD-LAB)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from conformance.standards.cda.builders import CdaSpec, Content, PersonSpec, entity, organisation
from conformance.standards.cda.marks import coded, el, reference, status, templates, ts
from conformance.standards.cda.volets.parts import entry, loinc, pdf_copy, section, table

Version = Literal["2021.01", "2023.01", "2024.01"]

INTERPRETATION = "2.16.840.1.113883.5.83"
_LABELS = {"N": "Normal", "L": "Anormalement bas", "H": "Anormalement élevé"}


@dataclass(frozen=True, slots=True)
class Result:
    """A quantitative result: LOINC code and label, value and unit (UCUM) as written, reference range, interpretation.

    `interpretation` is N, L or H of HL7 ObservationInterpretation.
    """

    code: str
    label: str
    value: str
    unit: str
    low: str
    high: str
    interpretation: Literal["N", "L", "H"] = "N"


@dataclass(frozen=True, slots=True)
class Report:
    """What the report says: the chapter (LOINC code and label), its results, when they were obtained."""

    chapter: tuple[str, str]
    results: Sequence[Result]
    observed: datetime
    version: Version = "2024.01"


def report(spec: CdaSpec, values: Report) -> CdaSpec:
    """The spec of a structured report: type, title, templates and content of the volet."""
    extension = "" if values.version == "2021.01" else values.version
    body = _chapter(spec, values)
    if values.version != "2021.01":
        body += pdf_copy(spec.uid, "Compte rendu d'examens biologiques")
    content = Content(
        templates=(("1.3.6.1.4.1.19376.1.3.3", ""), ("1.2.250.1.213.1.1.1.55", extension)),
        body=body,
        act=loinc("code", *values.chapter) + el("lab:statusCode", {"code": "completed"}),
        performer=templates("1.3.6.1.4.1.19376.1.3.3.1.7") + el("time", None, ts("high", values.observed)),
        responsible=_responsible(spec, spec.author),
        namespaces=(("lab", "urn:oid:1.3.6.1.4.1.19376.1.3.2"),),
    )
    return replace(
        spec,
        level="N3",
        code="11502-2",
        label="CR d'examens biologiques",
        title="Compte rendu d'examens biologiques",
        act=None,
        facility=("SA25", "Laboratoire de biologie médicale"),
        content=content,
    )


def _responsible(spec: CdaSpec, person: PersonSpec) -> str:
    held = organisation("representedOrganization", spec.structure)
    return el("responsibleParty", None, el("assignedEntity", None, entity(person, held)))


def _chapter(spec: CdaSpec, values: Report) -> str:
    code = loinc("code", *values.chapter)
    rows = [
        ((r.label, f"examen-{n}"), (f"{r.value} {r.unit}", f"resultat-{n}"), (f"{r.low} à {r.high}", ""))
        for n, r in enumerate(values.results, 1)
    ]
    observations = "".join(
        el("entryRelationship", {"typeCode": "COMP"}, _observation(n, r, values.observed))
        for n, r in enumerate(values.results, 1)
    )
    act = el("act", {"classCode": "ACT", "moodCode": "EVN"}, code, status(), observations)
    inner = section(
        ("1.3.6.1.4.1.19376.1.3.3.2.2", "1.2.250.1.213.1.1.2.71"),
        "",
        code,
        values.chapter[1],
        table(("Examen", "Résultat", "Valeurs de référence"), rows),
        entry(act, "DRIV", ("1.3.6.1.4.1.19376.1.3.1", "1.2.250.1.213.1.1.3.21")),
    )
    return section(
        ("1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.250.1.213.1.1.2.70"), "", code, values.chapter[1], "", subsections=(inner,)
    )


def _observation(number: int, result: Result, observed: datetime) -> str:
    interpretation = coded("interpretationCode", result.interpretation, INTERPRETATION, _LABELS[result.interpretation])
    normal = coded("interpretationCode", "N", INTERPRETATION, _LABELS["N"])
    bounds = el(
        "value",
        {"xsi:type": "IVL_PQ"},
        el("low", {"value": result.low, "unit": result.unit}),
        el("high", {"value": result.high, "unit": result.unit}),
    )
    return el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN"},
        templates("1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80"),
        loinc("code", result.code, result.label, reference("originalText", f"examen-{number}")),
        reference("text", f"resultat-{number}"),
        status(),
        ts("effectiveTime", observed),
        el("value", {"xsi:type": "PQ", "value": result.value, "unit": result.unit}),
        interpretation,
        el("methodCode", {"nullFlavor": "UNK"}),
        el(
            "referenceRange",
            {"typeCode": "REFV"},
            el("observationRange", {"classCode": "OBS", "moodCode": "EVN.CRT"}, bounds, normal),
        ),
    )
