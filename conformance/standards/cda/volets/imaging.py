"""CR d'imagerie médicale (CI-SIS, volet IMG-CR-IMG 2024.01; DICOM PS3.20)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.standards.cda.builders import CdaSpec, Content
from conformance.standards.cda.marks import SNOMED, coded, el, reference, status, templates, text, timestamp, unknown
from conformance.standards.cda.volets.parts import entry, loinc, own_id, section, table

DCM = "1.2.840.10008.2.16.4"
PREGNANT = ("77386006", "Enceinte")


@dataclass(frozen=True, slots=True)
class Examination:
    """One examination: LOINC act, DCM modality, SNOMED region (code and label each), StudyInstanceUID, texts."""

    act: tuple[str, str]
    modality: tuple[str, str]
    region: tuple[str, str]
    study_uid: str
    request: str
    technique: str
    results: str
    conclusion: str


def report(spec: CdaSpec, one: Examination) -> CdaSpec:
    """The spec of a structured imaging report; the spec must have an order and an accession number."""
    content = Content(
        templates=(
            ("1.2.840.10008.9.1", ""),
            ("1.2.840.10008.9.20", ""),
            ("1.2.840.10008.9.21", ""),
            ("1.2.250.1.213.1.1.1.45", "2024.01"),
        ),
        body="".join((_clinical(spec, one), _act(spec, one), _results(spec, one), _conclusion(spec, one))),
        code_extra=coded("translation", one.act[0], "2.16.840.1.113883.6.1", one.act[1], "LOINC"),
        act=el("id", {"root": one.study_uid}) + _event(one),
    )
    return replace(
        spec,
        level="N3",
        code="18748-4",
        label="CR d'imagerie médicale",
        title="CR d'imagerie médicale - " + one.act[1],
        content=content,
    )


def _event(one: Examination) -> str:
    kind = el("qualifier", None, coded("name", "121139", DCM, "Modalité d'imagerie", "DCM"))
    place = el("qualifier", None, loinc("name", "39111-0", "localisation anatomique"))
    return loinc(
        "code",
        *one.act,
        coded("translation", one.modality[0], DCM, one.modality[1], "DCM", kind),
        coded("translation", one.region[0], SNOMED, one.region[1], "SNOMED CT", place),
    )


def _clinical(spec: CdaSpec, one: Examination) -> str:
    request = section(
        ("1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211"),
        own_id(spec.uid, "request"),
        loinc("code", "55115-0", "Demande"),
        "Demande d'examen",
        text("paragraph", one.request),
    )
    history = section(
        ("2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213"),
        own_id(spec.uid, "history"),
        loinc("code", "11329-0", "Historique médical"),
        "Antécédents",
        table(
            ("Médicaux", "Chirurgicaux", "Contre-indications"),
            ((("Aucun signalé", "medicaux"), ("Aucun signalé", "chirurgicaux"), ("Enceinte", "contre-indications")),),
        ),
        entry(_past(spec, "medicaux", ("11348-0", "Antécédents médicaux"))),
        entry(_past(spec, "chirurgicaux", ("47519-4", "Antécédents chirurgicaux"))),
        entry(_past(spec, "contre-indications", ("64100-1", "Contre-indications"), PREGNANT)),
    )
    return section(
        ("1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"),
        own_id(spec.uid, "clinical"),
        loinc("code", "55752-0", "Informations cliniques"),
        "Informations cliniques",
        text("paragraph", one.request),
        subsections=(request, history),
    )


def _past(spec: CdaSpec, id: str, code: tuple[str, str], said: tuple[str, str] | None = None) -> str:
    held = {"xsi:type": "CD"}
    if said is not None:
        held |= {"code": said[0], "displayName": said[1], "codeSystem": SNOMED, "codeSystemName": "SNOMED CT"}
    return el(
        "observation",
        {"classCode": "OBS", "moodCode": "EVN"},
        templates("2.16.840.1.113883.10.20.6.2.13", "1.2.250.1.213.1.1.3.150"),
        own_id(spec.uid, id),
        loinc("code", *code),
        reference("text", id),
        status(),
        el("value", held, reference("originalText", id)),
        unknown("targetSiteCode", "MSK"),
    )


def _act(spec: CdaSpec, one: Examination) -> str:
    target = {
        "xsi:type": "CD",
        "code": one.region[0],
        "displayName": one.region[1],
        "codeSystem": SNOMED,
        "codeSystemName": "SNOMED CT",
    }
    procedure = el(
        "procedure",
        {"moodCode": "EVN", "classCode": "PROC"},
        templates("1.2.840.10008.9.14", "1.2.250.1.213.1.1.3.153"),
        own_id(spec.uid, "procedure"),
        loinc("code", *one.act, reference("originalText", "acte")),
        reference("text", "technique"),
        el("effectiveTime", {"value": timestamp(spec.service_start)}),
        coded("methodCode", one.modality[0], DCM, one.modality[1], "DCM", reference("originalText", "modalite")),
        el("targetSiteCode", target, reference("originalText", "region")),
    )
    rows = (((one.act[1], "acte"), (one.modality[1], "modalite"), (one.region[1], "region")),)
    narrative = table(("Acte", "Modalité", "Région"), rows) + el(
        "paragraph", None, text("content", one.technique, ID="technique")
    )
    return section(
        ("1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"),
        own_id(spec.uid, "act"),
        loinc("code", "55111-9", "Description de l'acte d'imagerie"),
        "Technique d'imagerie",
        narrative,
        entry(procedure),
        subsections=(_catalogue(spec, one),),
    )


def _catalogue(spec: CdaSpec, one: Examination) -> str:
    series_uid = f"{one.study_uid}.1"
    modality = el(
        "qualifier",
        None,
        coded("name", "121139", DCM, "Modalité", "DCM"),
        coded("value", one.modality[0], DCM, one.modality[1], "DCM"),
    )
    image = el(
        "observation",
        {"classCode": "DGIMG", "moodCode": "EVN"},
        templates("1.2.840.10008.9.18", "1.2.250.1.213.1.1.3.157"),
        el("id", {"root": f"{series_uid}.1"}),
        coded("code", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.2.6.1", "CT Image Storage", "DCMUID"),
        el("text", {"mediaType": "application/dicom"}, el("reference", {"value": "#catalogue"})),
        el("effectiveTime", {"value": timestamp(spec.service_start)}),
    )
    series = el(
        "act",
        {"classCode": "ACT", "moodCode": "EVN"},
        templates("1.2.840.10008.9.17", "1.2.250.1.213.1.1.3.156"),
        el("id", {"root": series_uid}),
        coded("code", "113015", DCM, "Séries", "DCM", modality),
        el("effectiveTime", {"value": timestamp(spec.service_start)}),
        el("entryRelationship", {"typeCode": "COMP"}, image),
    )
    study = el(
        "act",
        {"classCode": "ACT", "moodCode": "EVN"},
        templates("1.2.840.10008.9.16", "1.2.250.1.213.1.1.3.155"),
        el("id", {"root": one.study_uid}),
        coded("code", "113014", DCM, "Examen", "DCM"),
        el("effectiveTime", {"value": timestamp(spec.service_start)}),
        el("entryRelationship", {"typeCode": "COMP"}, series),
    )
    return section(
        ("2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"),
        own_id(spec.uid, "catalogue"),
        coded("code", "121181", DCM, "Catalogue d'objets DICOM", "DCM"),
        "Catalogue d'objets DICOM",
        table(("Examen", "Série"), (((one.study_uid, "catalogue"), (series_uid, "")),)),
        entry(study),
    )


def _results(spec: CdaSpec, one: Examination) -> str:
    return section(
        ("2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208"),
        own_id(spec.uid, "results"),
        loinc("code", "59776-5", "Résultats de l'acte"),
        "Résultats",
        text("paragraph", one.results),
    )


def _conclusion(spec: CdaSpec, one: Examination) -> str:
    return section(
        ("1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"),
        own_id(spec.uid, "conclusion"),
        loinc("code", "19005-8", "Conclusions"),
        "Conclusion",
        text("paragraph", one.conclusion),
    )
