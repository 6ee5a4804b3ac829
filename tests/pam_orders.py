"""One PAM order with all that any event may ask for, for the tests of builders, readers and peers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from conformance.standards.hl7v2.pam import builders, events
from conformance.standards.hl7v2.pam.orders import Action, AdtOrder, PamVersion

PARIS = timezone(timedelta(hours=1))
NOW = datetime(2026, 3, 1, 10, 0, tzinfo=PARIS)
IPP = builders.LocalId("000003", "CHU", "1.2.250.1.71.9.1")
OLD = builders.LocalId("000009", "CHU", "1.2.250.1.71.9.1")
INS = builders.Ins("275126322074974", "1.2.250.1.213.1.4.10")
PERSON = builders.Person(
    birth_name="ADRUN",
    given_names=("ZOE", "ANNE"),
    birth="19751231",
    sex="F",
    birth_place="63220",
    ids=(IPP,),
    ins=INS,
    reliability=("VALI", "HOMA"),
    used_name="L'HÉRAULT & FILS",
    phone="0102030405",
    mail="zoe@example.org",
    address=builders.Address("1 rue du Banc", "PARIS", "75001"),
    account=builders.LocalId("D1", "CHU", "1.2.250.1.71.9.2", type="AN"),
    updated_at=NOW,
)


def order(version: PamVersion = "2.11", event: str = "A01", person: builders.Person = PERSON) -> AdtOrder:
    """All that any event may ask for."""
    action: Action = "CANCEL" if event in events.CANCELS else "UPDATE" if event == "Z99" else "INSERT"
    return AdtOrder(
        envelope=builders.Envelope(builders.Endpoint("RI", "CHU"), builders.Endpoint("DPI", "CHU"), "C1", NOW),
        person=person,
        version=version,
        merged=(OLD,),
        merged_name=("ADRUN", "ZOE"),
        stay=builders.Stay("I", "6268", "CHU", builders.LocalId("V1", "CHU", "1.2.250.1.71.9.3", type="VN"), NOW),
        move=builders.Move(
            "M1",
            ("CHU", "1.2.250.1.71.9.4"),
            NOW,
            action=action,
            origin="" if action == "INSERT" else "A01",
            medical=("CHIR", "6268"),
            care=("CHIR", "6268"),
        ),
        agreement=builders.Agreement("ACTIF", NOW, "INO", "NA"),
        origin=builders.Origin("INSI", "20260301", "CN", corrected=False),
    )
