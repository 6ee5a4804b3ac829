"""The export for portability (PORT/va1.02): a FHIR R4 Bundle in JSON, a Patient by identity, a Provenance by change."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.config_identity import Domain
from conformance.reference.ri.values import Event, Identity, Ins

FORMAT = "application/fhir+json"
DOCUMENTATION = "Bundle FHIR R4 : une ressource Patient par identité, une Provenance par événement de son histoire."
GENDERS = {"M": "male", "F": "female"}
IDENTITY_STATUS = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability"
STATUS_CODES = {"provisoire": "PROV", "recuperee": "RECUP", "validee": "VALI", "qualifiee": "QUAL"}


def export(identities: Sequence[Identity], told: Callable[[Identity], Ins | None], domain: Domain, at: str) -> bytes:
    """The file; an INS is in it only when it may be told."""
    entries: list[dict[str, Any]] = []
    for identity in identities:
        entries.append({"resource": _patient(identity, told(identity), domain)})
        entries += [{"resource": _provenance(identity, n, e)} for n, e in enumerate(identity.history)]
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": at, "entry": entries}
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode()


def _patient(identity: Identity, ins: Ins | None, domain: Domain) -> dict[str, Any]:
    traits, secondary = identity.traits, identity.secondary
    numbers = [_number("PI", f"urn:oid:{domain.oid}", identity.ipp)]
    if ins is not None:
        numbers.append(_number(f"INS-{ins.nature}", f"urn:oid:{ins.oid}", ins.matricule))
    given = list(traits.given_names) or [traits.first_given]
    names: list[dict[str, Any]] = [{"use": "official", "family": traits.birth_name, "given": given}]
    if secondary.used_name or secondary.used_given:
        names.append({"use": "usual", "family": secondary.used_name, "given": [secondary.used_given]})
    contacts = [("phone", secondary.phone), ("email", secondary.mail)]
    return {
        "resourceType": "Patient",
        "id": identity.ipp,
        "active": not identity.merged_into,
        "identifier": numbers,
        "name": names,
        "gender": GENDERS.get(traits.sex, "unknown"),
        "birthDate": f"{traits.birth[:4]}-{traits.birth[4:6]}-{traits.birth[6:]}",
        "telecom": [{"system": kind, "value": value} for kind, value in contacts if value],
        "address": [{"text": secondary.address}] if secondary.address else [],
        "extension": [
            {"url": IDENTITY_STATUS, "valueCode": STATUS_CODES[identity.status]},
            {"url": "birthPlace", "valueString": traits.place},
            {"url": "firstGiven", "valueString": traits.first_given},
            *({"url": "attribute", "valueString": a} for a in identity.attributes),
            *([{"url": "document", "valueString": identity.document}] if identity.document else []),
        ],
        **({"link": [_link(identity.merged_into)]} if identity.merged_into else {}),
    }


def _number(kind: str, system: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"code": kind}]}, "system": system, "value": value}


def _link(other: str) -> dict[str, Any]:
    return {"type": "replaced-by", "other": {"reference": f"Patient/{other}"}}


def _provenance(identity: Identity, number: int, event: Event) -> dict[str, Any]:
    told = event.shown()
    return {
        "resourceType": "Provenance",
        "id": f"{identity.ipp}-{number}",
        "target": [{"reference": f"Patient/{identity.ipp}"}],
        "recorded": event.at,
        "activity": {"text": event.action},
        "agent": [{"who": {"display": event.author}}],
        "extension": [
            {"url": name, "valueString": told[name]} for name in ("status", "field", "before", "after") if name in told
        ],
    }
