"""What a vendor may load in its test base before a run: professionals, structures, mailboxes, sample patients.

The professionals and structures are those of the generated cases, always the same. The patients of a run are new in
each run (their INS tells them apart), so the patients given here are samples of the same classes, with fixed numbers.
All are fictitious: RPPS in 99700, FINESS in 99, matricules under the test OIDs.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from conformance.generation import identity, people
from conformance.generation.binding import bind
from conformance.generation.patients import (
    APOSTROPHE_NAMES,
    CENTENARIAN_DAYS,
    COMPOUND_NAMES,
    HOMONYM,
    LONG_NAMES,
)
from conformance.models.document import Patient
from conformance.standards.hl7v2 import orders as hl7
from conformance.standards.hl7v2.pam import builders
from conformance.standards.hl7v2.pam.orders import AdtOrder, Person

AS_OF = date(2026, 1, 1)
"""The day from which ages are counted: fixed, so that the files never change."""

_RUN = "f17c0de5"
_SENT = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)

SAMPLES: tuple[tuple[str, Patient], ...] = (
    ("plain", Patient("DURAND", ("PAUL",), "M", 15_000, "75", "75115")),
    ("several-given-names", Patient("BLANC", ("ZOE", "RUTH", "INES"), "F", 12_000, "63", "63220")),
    ("compound-name", Patient(COMPOUND_NAMES[0], ("JEAN-BAPTISTE", "NOAM"), "M", 18_000, "51", "51215")),
    ("apostrophe", Patient(APOSTROPHE_NAMES[0], ("FATOU",), "F", 9_500, "69", "69383")),
    ("long-name", Patient(LONG_NAMES[0], ("DOMINIQUE",), "F", 21_000, "13", "13208")),
    ("used-name", Patient("PETIT", ("CAMILLE", "LOUISE"), "F", 14_500, "29", "29019", used_name="N'DIAYE")),
    ("corsica", Patient("GIRARD", ("KARIM",), "M", 10_000, "2A", "2A004")),
    ("overseas", Patient("ROUX", ("LOUISE",), "F", 16_000, "97", "97411")),
    ("abroad-nia", Patient("MOREAU", ("YANIS",), "M", 8_000, "99", "99350", kind="NIA")),
    ("minor", Patient("FAURE", ("LOU-ANN",), "F", 3_000, "75", "75115")),
    ("infant", Patient("BERNARD", ("NOAM",), "M", 60, "63", "63220")),
    ("centenarian", Patient("LAURENT", ("MARIE", "ZOE"), "F", CENTENARIAN_DAYS + 900, "51", "51215")),
    ("homonym-1", HOMONYM),
    ("homonym-2", HOMONYM),
    ("not-qualified", Patient("MARTIN", ("ANTHONY",), "M", 11_000, "13", "13208", qualified=False)),
)
"""One patient of each class that the cases are made of; the two homonyms differ by their matricule and IPP only."""

Row = dict[str, str]


def professionals(domain: str) -> tuple[Row, ...]:
    """`rpps` (11 digits), `idnps` (8 and the RPPS), names, profession and specialty, mailbox."""
    return tuple(
        {
            "rpps": one.rpps,
            "idnps": f"8{one.rpps}",
            "family": one.family,
            "given": one.given,
            "specialty": one.specialty,
            "specialty_label": people.SPECIALTIES[one.specialty],
            "mailbox": f"ps{one.rpps}@{domain}",
        }
        for one in people.PROFESSIONALS
    )


def structures() -> tuple[Row, ...]:
    """`finess` (9 characters), `struct_id` (1 and the FINESS), name."""
    return tuple({"finess": s.finess, "struct_id": f"1{s.finess}", "name": s.name} for s in people.STRUCTURES)


def patients() -> tuple[Row, ...]:
    """The sample patients. `matricule` is empty for the one whose identity is not qualified: it must not be sent."""
    return tuple(_patient_row(kind, one) for kind, one in _resolved())


def mailboxes(settings: Mapping[str, object], professional_domain: str, patient_domain: str) -> tuple[Row, ...]:
    """The mailboxes that the bench's operator opens: the product's three, the professionals', the patients'."""
    own = [
        {"address": str(settings[f"mss_{kind}_mailbox"]), "kind": kind, "holder": "-"}
        for kind in ("application", "return", "personal")
    ]
    held = [
        {"address": p["mailbox"], "kind": "professional", "holder": p["rpps"]}
        for p in professionals(professional_domain)
    ]
    citizens = [
        {"address": f"{p['matricule']}@{patient_domain}", "kind": "patient", "holder": p["matricule"]}
        for p in patients()
        if p["matricule"]
    ]
    return (*own, *held, *citizens)


def admissions() -> tuple[bytes, ...]:
    """An ADT^A28^ADT_A05 of PAM FR 2.11 for each sample patient."""
    return tuple(_admission(number, one) for number, (_, one) in enumerate(_resolved(), 1))


def bundle() -> Mapping[str, Any]:
    """The sample patients as a FHIR R4 collection of Patient, INS identifiers as FRCorePatient has them."""
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:{_uuid(number)}", "resource": _resource(one)}
            for number, (_, one) in enumerate(_resolved(), 1)
        ],
    }


def files(settings: Mapping[str, object], professional_domain: str, patient_domain: str) -> Iterator[tuple[str, bytes]]:
    """Every file: name (with `/` for a folder) and bytes. `settings` names the product's mailboxes."""
    tables: dict[str, Sequence[Row]] = {
        "professionals": professionals(professional_domain),
        "structures": structures(),
        "mailboxes": mailboxes(settings, professional_domain, patient_domain),
        "patients": patients(),
    }
    for name, rows in tables.items():
        yield f"{name}.csv", _csv(rows)
        yield f"{name}.json", _json(rows)
    for number, message in enumerate(admissions(), 1):
        yield f"adt/a28-{number:02d}.hl7", message
    yield "patients.fhir.json", _json(bundle())


def _resolved() -> Iterator[tuple[str, identity.ResolvedIdentity]]:
    for number, (kind, patient) in enumerate(SAMPLES, 1):
        yield kind, identity.resolve(patient, bind(_RUN, number), AS_OF)


def _patient_row(kind: str, one: identity.ResolvedIdentity) -> Row:
    return {
        "class": kind,
        "matricule": one.matricule if one.qualified else "",
        "oid": one.oid if one.qualified else "",
        "status": "VALI" if one.qualified else "PROV",
        "ipp": one.ipp,
        "ipp_authority": one.ipp_authority,
        "ipp_oid": one.ipp_root,
        "birth_name": one.birth_name,
        "first_given_name": one.first_given_name,
        "given_names": " ".join(one.given_names),
        "used_name": one.used_name or "",
        "sex": one.sex,
        "birth_date": one.birth_date.isoformat(),
        "birth_place": one.birth_place,
    }


def _admission(number: int, one: identity.ResolvedIdentity) -> bytes:
    here, there = hl7.Endpoint("BANC", identity.IPP_AUTHORITY), hl7.Endpoint("PRODUIT", identity.IPP_AUTHORITY)
    person = Person(
        birth_name=one.birth_name,
        given_names=one.given_names,
        birth=one.birth_date.strftime("%Y%m%d"),
        sex=one.sex,
        birth_place=one.birth_place,
        ids=(hl7.LocalId(one.ipp, one.ipp_authority, one.ipp_root),),
        ins=hl7.Ins(one.matricule, one.oid, one.namespace) if one.qualified else None,
        reliability=("VALI",) if one.qualified else ("PROV",),
        used_name=one.used_name or "",
    )
    envelope = hl7.Envelope(here, there, f"{_RUN}{number:04d}", _SENT, processing="T")
    return builders.adt("A28", AdtOrder(envelope, person))


def _resource(one: identity.ResolvedIdentity) -> Mapping[str, Any]:
    identifiers = [_identifier("usual", "PI", f"urn:oid:{one.ipp_root}", one.ipp)]
    if one.qualified:
        identifiers.append(_identifier("official", f"INS-{one.kind}", f"urn:oid:{one.oid}", one.matricule))
    names = [{"use": "official", "family": one.birth_name, "given": list(one.given_names)}]
    if one.used_name:
        names.append({"use": "usual", "family": one.used_name, "given": [one.first_given_name]})
    return {
        "resourceType": "Patient",
        "identifier": identifiers,
        "name": names,
        "gender": "female" if one.sex == "F" else "male",
        "birthDate": one.birth_date.isoformat(),
    }


def _identifier(use: str, code: str, system: str, value: str) -> Mapping[str, Any]:
    return {"use": use, "type": {"coding": [{"code": code}]}, "system": system, "value": value}


def _uuid(number: int) -> str:
    return f"{_RUN}-0000-4000-8000-{number:012d}"


def _csv(rows: Sequence[Row]) -> bytes:
    """Semicolons and a byte order mark, as spreadsheets set up for French open them; CRLF ends of line."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8-sig")


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
