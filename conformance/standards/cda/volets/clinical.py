"""Clinical entries that several volets share: problems, allergies, medications (IHE PCC; CI-SIS content models)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from conformance.standards.cda.marks import SNOMED, coded, el, reference, status, templates, text, unknown
from conformance.standards.cda.volets.parts import entry, loinc, own_id, section, table, value

ICD10 = "2.16.840.1.113883.6.3"
CIS = "1.2.250.1.213.2.3.1"
ATC = "2.16.840.1.113883.6.73"
EDQM = "0.4.0.127.0.16.1.1.2.1"
ACT_CODE = "2.16.840.1.113883.5.4"
TA_ASIP = "1.2.250.1.213.1.1.4.322"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem: CIM-10 code and label, start, end (None while it lasts)."""

    code: str
    label: str
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy to a medicine: CIS code and name, since when."""

    code: str
    label: str
    since: date


@dataclass(frozen=True, slots=True)
class Medication:
    """A medicine taken: CIS code and name, ATC code and label, period, one dose of `dose` `unit` (UCUM) a day."""

    code: str
    label: str
    atc: str
    atc_label: str
    start: date
    end: date | None = None
    dose: str = "1"
    unit: str = "{tbl}"


def day(name: str, when: date | None, flavor: str = "UNK") -> str:
    """A day as a TS, or a nullFlavor."""
    return unknown(name, flavor) if when is None else el(name, {"value": when.strftime("%Y%m%d")})


def period(start: date | None, end: date | None, *, kind: str | None = None, ended: bool = True) -> str:
    """An `effectiveTime` from a start to an end; no end at all when `ended` is false."""
    return el("effectiveTime", {"xsi:type": kind}, day("low", start), day("high", end) if ended else "")


def problem(key: str, id: str, one: Problem) -> str:
    """A concern and its problem; `key` makes the identifiers, `id` is the place in the narrative."""
    observation = el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN", "negationInd": "false"},
        templates("2.16.840.1.113883.10.20.1.28", "1.3.6.1.4.1.19376.1.5.3.1.4.5", "1.2.250.1.213.1.1.3.37"),
        own_id(key, "observation"),
        coded("code", "282291009", SNOMED, "interprétation diagnostique", "SNOMED CT"),
        reference("text", id),
        status(),
        period(one.start, one.end, ended=one.end is not None),
        value(one.code, ICD10, one.label, reference("originalText", id), name="CIM-10"),
    )
    return el(
        "act",
        {"classCode": "ACT", "moodCode": "EVN"},
        templates(
            "2.16.840.1.113883.10.20.1.27",
            "1.3.6.1.4.1.19376.1.5.3.1.4.5.1",
            "1.3.6.1.4.1.19376.1.5.3.1.4.5.2",
            "1.2.250.1.213.1.1.3.39",
        ),
        own_id(key, "concern"),
        unknown("code", "NA"),
        status("active" if one.end is None else "completed"),
        period(one.start, one.end, ended=one.end is not None),
        el("entryRelationship", {"typeCode": "SUBJ", "inversionInd": "false"}, observation),
    )


def allergy(key: str, id: str, one: Allergy) -> str:
    """A concern and its allergy to a medicine."""
    entity = el(
        "playingEntity",
        {"classCode": "MMAT"},
        coded("code", one.code, CIS, one.label, "CIS", reference("originalText", id)),
        text("name", one.label),
    )
    observation = el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN", "negationInd": "false"},
        templates(
            "2.16.840.1.113883.10.20.1.18",
            "2.16.840.1.113883.10.20.1.28",
            "1.3.6.1.4.1.19376.1.5.3.1.4.5",
            "1.3.6.1.4.1.19376.1.5.3.1.4.6",
            "1.2.250.1.213.1.1.3.41",
        ),
        own_id(key, "observation"),
        coded("code", "416098002", SNOMED, "allergie médicamenteuse", "SNOMED CT"),
        reference("text", id),
        status(),
        period(one.since, None, kind="IVL_TS", ended=False),
        el("value", {"xsi:type": "CD"}, reference("originalText", id)),
        el(
            "participant",
            {"typeCode": "CSM"},
            el("participantRole", {"classCode": "MANU"}, entity),
        ),
    )
    return el(
        "act",
        {"classCode": "ACT", "moodCode": "EVN"},
        templates(
            "2.16.840.1.113883.10.20.1.27",
            "1.3.6.1.4.1.19376.1.5.3.1.4.5.1",
            "1.3.6.1.4.1.19376.1.5.3.1.4.5.3",
            "1.2.250.1.213.1.1.3.40",
        ),
        own_id(key, "concern"),
        unknown("code", "NA"),
        status("active"),
        period(one.since, None, ended=False),
        el("entryRelationship", {"typeCode": "SUBJ", "inversionInd": "false"}, observation),
    )


def allergies(uid: str, ones: Sequence[Allergy]) -> str:
    """The section of allergies of a document (CI-SIS, FR-Allergies-et-hypersensibilites)."""
    rows = [((a.label, f"allergie-{n}"),) for n, a in enumerate(ones, 1)]
    return section(
        ("2.16.840.1.113883.10.20.1.2", "1.3.6.1.4.1.19376.1.5.3.1.3.13", "1.2.250.1.213.1.1.2.137"),
        own_id(uid, "allergies"),
        loinc("code", "48765-2", "Allergies et hypersensibilités"),
        "Allergies et hypersensibilités",
        table(("Agent",), rows),
        *(entry(allergy(f"{uid}/allergy/{n}", f"allergie-{n}", a)) for n, a in enumerate(ones, 1)),
    )


def product(id: str, one: Medication) -> str:
    """The manufactured product of a medicine (IHE PCC, Product Entry)."""
    return el(
        "manufacturedProduct",
        None,
        templates("2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2", "1.2.250.1.213.1.1.3.43"),
        el(
            "manufacturedMaterial",
            None,
            coded(
                "code",
                one.code,
                CIS,
                one.label,
                "CIS",
                reference("originalText", id),
                coded("translation", one.atc, ATC, one.atc_label, "ATC"),
            ),
            text("name", one.label),
        ),
    )


def medication(key: str, id: str, one: Medication) -> str:
    """A medicine taken by mouth once a day (CI-SIS, FR-Traitement, normal dosing)."""
    dose = {"value": one.dose, "unit": one.unit}
    return el(
        "substanceAdministration",
        {"classCode": "SBADM", "moodCode": "EVN"},
        templates(
            "1.2.250.1.213.1.1.3.42",
            "2.16.840.1.113883.10.20.1.24",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7.1",
        ),
        own_id(key, "medication"),
        coded("code", "DRUG", ACT_CODE, "Médicament", "HL7:ActCode"),
        reference("text", id),
        status(),
        period(one.start, one.end, kind="IVL_TS"),
        el("effectiveTime", {"xsi:type": "PIVL_TS", "operator": "A"}, el("period", {"value": "1", "unit": "d"})),
        coded("routeCode", "20053000", EDQM, "Voie orale", "EDQM"),
        el("doseQuantity", None, el("low", dose), el("high", dose)),
        el("consumable", None, product(id, one)),
    )


def observed(
    key: str,
    id: str,
    roots: tuple[str, ...],
    code: str,
    when: str,
    held: str,
) -> str:
    """A simple observation (IHE PCC, Simple Observations): its templates, code, time and value, all XML already."""
    return el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN"},
        templates("1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48", *roots),
        own_id(key, code),
        code,
        reference("text", id),
        status(),
        when,
        held,
    )
