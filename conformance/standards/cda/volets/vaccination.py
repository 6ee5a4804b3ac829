"""Note de vaccination (CI-SIS, volet VAC-NOTE 2023.01; IHE PCC, Immunizations)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from conformance.standards.cda.builders import CdaSpec, Content, entity, organisation
from conformance.standards.cda.marks import SNOMED, coded, el, reference, status, templates, text, timestamp
from conformance.standards.cda.volets.clinical import ACT_CODE, ATC, CIS, EDQM
from conformance.standards.cda.volets.parts import entry, loinc, own_id, section, table

CIP = "1.2.250.1.213.2.3.2"


@dataclass(frozen=True, slots=True)
class Vaccination:
    """One injection: vaccine (CIS, CIP13, ATC codes and label), lot, day, rank in the series."""

    cis: str
    cip: str
    atc: str
    atc_label: str
    label: str
    lot: str
    day: date
    rank: int = 1


def note(spec: CdaSpec, one: Vaccination) -> CdaSpec:
    """The spec of a note de vaccination of one injection."""
    code = loinc("code", "87273-9", "Note de vaccination")
    rows = (((one.label, "vaccin"), (one.day.strftime("%d/%m/%Y"), ""), (one.lot, ""), ("Bras gauche", "site")),)
    body = section(
        ("2.16.840.1.113883.10.20.1.6", "1.3.6.1.4.1.19376.1.5.3.1.3.23", "1.2.250.1.213.1.1.2.147"),
        own_id(spec.uid, "section"),
        loinc("code", "11369-6", "Historique des vaccinations"),
        "Note de vaccination",
        table(("Vaccin", "Date", "Lot", "Site"), rows),
        entry(_injection(spec, one)),
    )
    content = Content(
        templates=(("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", ""), ("1.2.250.1.213.1.1.1.46", "2023.01")),
        body=body,
        act=code,
    )
    return replace(
        spec, level="N3", code="87273-9", label="Note de vaccination", title="Note de vaccination", content=content
    )


def _injection(spec: CdaSpec, one: Vaccination) -> str:
    who = organisation("representedOrganization", spec.structure)
    author = el(
        "author",
        {"contextControlCode": "OP", "typeCode": "AUT"},
        el("time", {"value": timestamp(spec.effective_time)}),
        el("assignedAuthor", {"classCode": "ASSIGNED"}, entity(spec.author, who)),
    )
    material = el(
        "manufacturedMaterial",
        None,
        coded(
            "code",
            one.cis,
            CIS,
            one.label,
            "CIS",
            reference("originalText", "vaccin"),
            coded("translation", one.atc, ATC, one.atc_label, "ATC"),
            coded("translation", one.cip, CIP, one.label, "CIP"),
        ),
        text("name", one.label),
        text("lotNumberText", one.lot),
    )
    rank = el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN"},
        templates("2.16.840.1.113883.10.20.1.46", "1.2.250.1.213.1.1.3.82"),
        loinc("code", "30973-2", "Rang de la vaccination"),
        status(),
        el("value", {"xsi:type": "INT", "value": str(one.rank)}),
    )
    return el(
        "substanceAdministration",
        {"classCode": "SBADM", "moodCode": "EVN", "negationInd": "false"},
        templates("2.16.840.1.113883.10.20.1.24", "1.3.6.1.4.1.19376.1.5.3.1.4.12", "1.2.250.1.213.1.1.3.45"),
        own_id(spec.uid, "injection"),
        coded("code", "INITIMMUNIZ", ACT_CODE, "1ère série vaccinante", "ActSubstanceAdministrationImmunizationCode"),
        reference("text", "vaccin"),
        status(),
        el("effectiveTime", {"value": one.day.strftime("%Y%m%d")}),
        coded("routeCode", "20035000", EDQM, "Voie intramusculaire", "EDQM"),
        coded(
            "approachSiteCode",
            "16217701000119102",
            SNOMED,
            "deltoïde gauche",
            "SNOMED CT",
            reference("originalText", "site"),
        ),
        el(
            "consumable",
            {"typeCode": "CSM"},
            el(
                "manufacturedProduct",
                None,
                templates("2.16.840.1.113883.10.20.1.53", "1.3.6.1.4.1.19376.1.5.3.1.4.7.2", "1.2.250.1.213.1.1.3.43"),
                material,
            ),
        ),
        el(
            "performer",
            {"typeCode": "PRF"},
            el("assignedEntity", {"classCode": "ASSIGNED"}, entity(spec.author, who)),
        ),
        author,
        el("entryRelationship", {"typeCode": "SUBJ"}, rank),
    )
