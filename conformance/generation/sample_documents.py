"""The documents of `samples/cda`: one of each volet and one N1, always the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from conformance.evidence.values import Binding
from conformance.generation.people import PROFESSIONALS, STRUCTURES
from conformance.generation.volets import DRUGS, EXAMS, KINDS, PROBLEMS, REGIONS, TEXTS, render_volet
from conformance.models.document import Patient
from conformance.models.volet import Measure, VoletCase, VoletKind
from conformance.standards.cda import builders as cda

DAY = date(2026, 1, 15)
"""The day the samples are made for."""

_BINDING = Binding(run="5a3b1e00", number=1, letters="EXEMPLE", digits="115042")
_PATIENT = Patient("FIGURINE", ("ALIX", "MARIE-LOU"), "F", 14_000, "75", "75115")
_PARIS = timezone(timedelta(hours=1))


def case(kind: VoletKind) -> VoletCase:
    """The sample of a kind as a case."""
    return VoletCase(
        kind=kind,
        patient=_PATIENT,
        author=PROFESSIONALS[0],
        structure=STRUCTURES[4],
        day=3,
        version=1,
        measures=tuple(Measure(exam, unit, (low + high) // 2, low, high) for exam, unit, low, high in EXAMS[:3]),
        problems=PROBLEMS[:2],
        drugs=DRUGS[:1],
        region=REGIONS[0],
        text=TEXTS[1],
    )


def documents() -> Mapping[str, bytes]:
    """File name -> bytes."""
    found = {f"{kind}.xml": render_volet(case(kind), _BINDING, DAY) for kind in KINDS}
    return {"n1.xml": _n1(), **found}


def _n1() -> bytes:
    who, where = PROFESSIONALS[1], STRUCTURES[0]
    person = cda.PersonSpec(f"8{who.rpps}", who.family, who.given, "G15_10/SM26", _GENERAL)
    moment = datetime(2026, 1, 12, 9, 30, tzinfo=_PARIS)
    spec = cda.CdaSpec(
        uid=_BINDING.uid("n1"),
        set_id=_BINDING.uid("n1-set"),
        version=1,
        patient=cda.PatientSpec(
            ids=(("1.2.250.1.213.1.4.10", "287097511504261"), ("1.2.250.1.999.1.1.8110", "IPP-0001")),
            birth_name="FIGURINE EXEMPLE",
            given=("ALIX", "MARIE-LOU"),
            sex="F",
            birth="19870919",
            birth_place="75115",
        ),
        author=person,
        structure=cda.StructureSpec(f"1{where.finess}", where.name),
        code="11490-0",
        code_system="2.16.840.1.113883.6.1",
        label="Lettre de liaison à la sortie d'un établissement de soins",
        title="Lettre de liaison à la sortie",
        effective_time=moment,
        service_start=moment - timedelta(days=2),
        service_stop=moment,
        recipients=(cda.PersonSpec(f"8{PROFESSIONALS[6].rpps}", "HODA", "Adam"),),
        encounter=("IMP", "2.16.840.1.113883.5.4", "Hospitalisation (établissement, y compris HAD)"),
        text="Lettre de liaison",
    )
    return cda.build(spec)


_GENERAL = "Médecin - Qualifié en Médecine Générale (SM)"
