"""Strategies of structured documents, one kind a volet, and their bytes once bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Literal, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.evidence.values import Binding
from conformance.generation.draws import chosen, pick, pick_integer
from conformance.generation.identity import ResolvedIdentity, resolve
from conformance.generation.patients import MINOR_DAYS, PatientWish, patients
from conformance.generation.people import SPECIALTIES, professionals, structures
from conformance.models.document import Professional
from conformance.models.volet import CodedLabel, Drug, Measure, VoletCase, VoletKind
from conformance.standards.cda import builders as cda
from conformance.standards.cda.volets import biology, clinical, imaging, letters, pharmacy, synthesis, vaccination

KINDS: tuple[VoletKind, ...] = get_args(VoletKind)

EXAMS: tuple[tuple[CodedLabel, str, int, int], ...] = (
    (("718-7", "Hémoglobine [Masse/Volume] Sang ; Numérique"), "g/dL", 1200, 1600),
    (("2345-7", "Glucose [Masse/Volume] Sérum/Plasma ; Numérique"), "g/L", 74, 106),
    (("2571-8", "Triglycérides [Masse/Volume] Sérum/Plasma ; Numérique"), "g/L", 35, 150),
    (("2085-9", "Cholestérol HDL [Masse/Volume] Sérum/Plasma ; Numérique"), "g/L", 40, 120),
    (("2885-2", "Protéines [Masse/Volume] Sérum/Plasma ; Numérique"), "g/L", 6400, 8300),
)
"""Examinations: LOINC code and label, unit, bounds of the normal range in hundredths."""

PROBLEMS: tuple[CodedLabel, ...] = (
    ("I20.0", "Angine de poitrine instable"),
    ("I48", "Fibrillation et flutter auriculaires"),
    ("G45.9", "Accident ischémique cérébral transitoire, sans précision"),
    ("N10", "Pyélonéphrite aiguë"),
)
DRUGS: tuple[Drug, ...] = (
    Drug("63107752", "3400933516390", "PARACETAMOL MYLAN 500 mg, comprimé", ("N02BE01", "paracetamol")),
    Drug("62552920", "3400934874741", "LEPONEX 100 mg, comprimé sécable", ("N05AH02", "Clozapine")),
)
VACCINE = Drug("68747507", "3400932857241", "VACCIN TETANIQUE PASTEUR", ("J07AM", "vaccins tétaniques"))
REGIONS: tuple[CodedLabel, ...] = (("302548004", "tête entière"), ("302550007", "cou entier"))
TEXTS = ("Rien à signaler", "Céphalées depuis un mois", "Douleur à l'effort, œdèmes des chevilles", "a < b & c > d")

_VERSIONS: dict[str, biology.Version] = {
    "cr-bio-2021.01": "2021.01",
    "cr-bio-2023.01": "2023.01",
    "cr-bio-2024.01": "2024.01",
}
_CONTACT = cda.Contact("12", "Rue de l'Église", "69003", "LYON", "tel:0472000000")
_PARIS = timezone(timedelta(hours=1))
_ADULT = PatientWish(qualified=True, nia=False, ages=(MINOR_DAYS + 500, 30_000))
_HOSPITAL_KINDS = ("ldl-ees-2022.01", "ldl-ses-2022.01")


@st.composite
def _cases(draw: DrawFn, kind: VoletKind | None) -> VoletCase:
    made = chosen(draw, kind, KINDS)
    count = pick_integer(draw, 1, 3)
    return VoletCase(
        kind=made,
        patient=draw(patients(_ADULT)),
        author=draw(professionals()),
        structure=draw(structures()),
        day=pick_integer(draw, 2, 300),
        version=pick(draw, (1, 1, 2)),
        measures=tuple(_measure(draw, row) for row in EXAMS[:count]),
        problems=PROBLEMS[: pick_integer(draw, 1, len(PROBLEMS))],
        drugs=DRUGS[: pick_integer(draw, 1, len(DRUGS))],
        region=pick(draw, REGIONS),
        text=pick(draw, TEXTS),
    )


def _measure(draw: DrawFn, row: tuple[CodedLabel, str, int, int]) -> Measure:
    exam, unit, low, high = row
    return Measure(exam, unit, pick_integer(draw, low // 2, high * 2), low, high)


def volet_cases(kind: VoletKind | None = None) -> SearchStrategy[VoletCase]:
    """Documents of one kind, or of any."""
    return _cases(kind)


def render_volet(case: VoletCase, binding: Binding, as_of: date) -> bytes:
    """The document of a case once bound, on the run's day: the same arguments always give the same bytes."""
    identity = resolve(case.patient, binding, as_of)
    return cda.build(_specified(case, _spec(case, identity, binding, as_of), as_of))


def _spec(case: VoletCase, identity: ResolvedIdentity, binding: Binding, as_of: date) -> cda.CdaSpec:
    day = as_of - timedelta(days=case.day)
    structure = cda.StructureSpec(f"1{case.structure.finess}", case.structure.name, contact=_CONTACT)
    hospital = case.kind in _HOSPITAL_KINDS
    return cda.CdaSpec(
        uid=binding.uid("volet", case.kind),
        set_id=binding.uid("volet-set", case.kind),
        version=case.version,
        replaces=binding.uid("volet-before", case.kind) if case.version > 1 else None,
        patient=_patient(identity),
        author=_author(case.author),
        structure=structure,
        code="",
        code_system="2.16.840.1.113883.6.1",
        label="",
        title="",
        effective_time=_at(day, 17),
        service_start=_at(day, 9),
        service_stop=_at(day, 16),
        practice=("ETABLISSEMENT", "Etablissement de santé") if hospital else ("AMBULATOIRE", "Ambulatoire"),
        facility=("SA08", "Cabinet de groupe"),
        encounter=("AMB", clinical.ACT_CODE, "Ambulatoire (hors établissement)"),
    )


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour, 30), _PARIS)


def _patient(identity: ResolvedIdentity) -> cda.PatientSpec:
    return cda.PatientSpec(
        ids=((identity.oid, identity.matricule), (identity.ipp_root, identity.ipp)),
        birth_name=identity.birth_name,
        given=identity.given_names,
        sex=identity.sex,
        birth=identity.birth_date.strftime("%Y%m%d"),
        birth_place=identity.birth_place,
        used_name=identity.used_name,
        contact=cda.Contact("28", "Avenue de l'Essai", "75007", "PARIS", "tel:0144534551"),
    )


def _author(person: Professional) -> cda.PersonSpec:
    label = SPECIALTIES[person.specialty]
    return cda.PersonSpec(f"8{person.rpps}", person.family, person.given, person.specialty, label, contact=_CONTACT)


def _specified(case: VoletCase, spec: cda.CdaSpec, as_of: date) -> cda.CdaSpec:
    day = as_of - timedelta(days=case.day)
    match case.kind:
        case "cr-bio-2021.01" | "cr-bio-2023.01" | "cr-bio-2024.01":
            results = [_result(m) for m in case.measures]
            values = biology.Report(("18719-5", "Biochimie"), results, _at(day, 14), _VERSIONS[case.kind])
            return biology.report(spec, values)
        case "cr-img-2024.01":
            return _imaging(case, spec)
        case "ldl-ees-2022.01":
            return letters.admission(spec, _letter(case, day))
        case "ldl-ses-2022.01":
            return letters.discharge(spec, _letter(case, day))
        case "vsm-1.4":
            return synthesis.synthesis(spec, _synthesis(case, day))
        case "ep-med-2024.01":
            valid = replace(spec, service_stop=_at(day + timedelta(days=90), 16))
            return pharmacy.prescription(valid, [_line(d, day) for d in case.drugs])
        case "edisp-med-2024.01":
            pharmacist = replace(spec.author, specialty="G15_21/A", specialty_label="Pharmacien titulaire d'officine")
            return pharmacy.dispensation(
                replace(spec, author=pharmacist),
                [_line(d, day) for d in case.drugs],
                prescriber=spec.author,
                practice=spec.structure,
                prescribed=f"{spec.uid}1",
            )
        case "vac-note-2023.01":
            d = VACCINE
            one = vaccination.Vaccination(d.cis, d.cip, *d.atc, d.name, "L4456", day)
            return vaccination.note(spec, one)


def _decimal(hundredths: int) -> str:
    return str(Decimal(hundredths) / 100)


def _result(m: Measure) -> biology.Result:
    word: Literal["N", "L", "H"] = "L" if m.value < m.low else "H" if m.value > m.high else "N"
    return biology.Result(*m.exam, _decimal(m.value), m.unit, _decimal(m.low), _decimal(m.high), word)


def _imaging(case: VoletCase, spec: cda.CdaSpec) -> cda.CdaSpec:
    act = {"302548004": ("24727-0", "CT tête avec contraste IV"), "302550007": ("36235-0", "CT cou avec contraste IV")}
    ordered = replace(
        spec,
        order=("1.2.250.1.999.1.2", spec.uid[-9:]),
        accession=("1.2.250.1.999.1.3", spec.uid[-8:]),
    )
    one = imaging.Examination(
        act[case.region[0]],
        ("CT", "Tomodensitométrie"),
        case.region,
        f"{spec.uid}.1",
        case.text,
        "Acquisition hélicoïdale après injection",
        "Pas d'anomalie visible",
        "Examen normal",
    )
    return imaging.report(ordered, one)


def _medication(drug: Drug, day: date) -> clinical.Medication:
    return clinical.Medication(drug.cis, drug.name, *drug.atc, day, day + timedelta(days=30))


def _letter(case: VoletCase, day: date) -> letters.Letter:
    return letters.Letter(
        reason=case.text,
        events="Séjour sans complication",
        medications=[_medication(d, day) for d in case.drugs],
        allergies=[clinical.Allergy(DRUGS[0].cis, DRUGS[0].name, day - timedelta(days=400))],
        day=day,
    )


def _synthesis(case: VoletCase, day: date) -> synthesis.Synthesis:
    since = day - timedelta(days=30)
    return synthesis.Synthesis(
        problems=[clinical.Problem(*p, since) for p in case.problems],
        past=[clinical.Problem(*PROBLEMS[-1], since, day)],
        allergies=[clinical.Allergy(DRUGS[0].cis, DRUGS[0].name, day - timedelta(days=400))],
        medications=[_medication(d, day) for d in case.drugs],
        attention=case.text,
    )


def _line(drug: Drug, day: date) -> pharmacy.Line:
    return pharmacy.Line(
        drug.cis, drug.cip, drug.name, *drug.atc, day, day + timedelta(days=7), "1 comprimé matin et soir"
    )
