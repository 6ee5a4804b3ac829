"""The kinds of the life of an identity: what the contract lets be asked and answered."""

from __future__ import annotations

import pytest

from conformance.bench.pilot.kinds import kind_of, kinds

STIMULI = "create update search-insi verify-insi verify-batch document validate attribute merge split".split()  # noqa: SIM905
QUERIES = ["identity.read/1", "identity.search/1", "identity.trace/1", "edition.print/1", "export.portability/1",
           "dashboard.insi/1"]  # fmt: skip

TRAITS = {
    "birth_name": "ADRUN",
    "given_names": ["ZOE", "MARIE"],
    "first_given": "ZOE",
    "birth": "19751231",
    "sex": "F",
    "place": "63220",
}
IDENTITY = {
    "ipp": "B0017",
    "traits": TRAITS,
    "secondary": {"used_name": "DURAND"},
    "status": "qualifiee",
    "matricule": "275126322074974",
    "oid": "1.2.250.1.213.1.4.8",
    "attributes": ["homonyme"],
    "document": "PA",
    "merged_into": None,
    "history": [{"at": "2026-11-25T14:00:00+01:00", "action": "qualification", "author": "CIV", "status": "validee"}],
}
TRACE = {
    "at": "2026-11-25T14:00:00+01:00",
    "action": "recherche INSi",
    "kind": "insi",
    "author": "CIV",
    "insi": {"operation": "search-traits", "code": "00", "matricule": "275126322074974", "oid": "1.2.250.1.213.1.4.8",
             "historic": [{"matricule": "275126322074974"}], "traits": {**TRAITS, "birth": "1975-12-31"}},
}  # fmt: skip


def test_the_kinds_are_there_with_their_role() -> None:
    """Ten stimuli that a person can do, six queries that only an adapter answers."""
    assert all(kind_of(f"identity.{name}/1").by_hand for name in STIMULI)
    assert all(not kind_of(name).by_hand for name in QUERIES)
    assert {name for name in kinds() if name.startswith("identity.")} == {
        *(f"identity.{name}/1" for name in STIMULI), *QUERIES[:3],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "payload", "data"),
    [
        ("identity.create/1", {"traits": TRAITS, "secondary": {"phone": "0199000001"}, "user": "CIV"}, {"ipp": "B1"}),
        ("identity.create/1", {"traits": {}}, {"ipp": "B1"}),
        ("identity.update/1", {"ipp": "B1", "traits": {"birth": "19751232"}, "super_user": True}, {}),
        ("identity.update/1", {"ipp": "B1", "ins": {"matricule": "180032B02040123", "oid": "1.2.3"}}, {}),
        ("identity.search-insi/1", {"ipp": "B1", "mode": "card"}, {"code": "02", "taken": False, "alert": "x"}),
        ("identity.verify-insi/1", {"ipp": "B1"}, {"outcome": "ko"}),
        ("identity.verify-batch/1", {"ipps": ["B1"]}, {"outcomes": [{"ipp": "B1", "outcome": "ok"}]}),
        ("identity.document/1", {"ipp": "B1", "kind": "PA", "trust": "high"}, {}),
        ("identity.validate/1", {"ipp": "B1"}, {}),
        ("identity.attribute/1", {"ipp": "B1", "attribute": "douteuse", "set": False}, {}),
        ("identity.merge/1", {"ipp": "B1", "into": "B2"}, {}),
        ("identity.split/1", {"ipp": "B1"}, {"ipp": "B1"}),
        ("identity.read/1", {"ipp": "B1"}, {"identity": IDENTITY}),
        ("identity.read/1", {"ipp": "B1"}, {"identity": None}),
        ("identity.search/1", {"birth": "19751231", "name": "AD"}, {"ipps": ["B1"]}),
        ("identity.trace/1", {"ipp": "B1", "kind": "insi"}, {"entries": [TRACE]}),
        ("edition.print/1", {"ipp": "B1"}, {"pdf": "JVBERg=="}),
        ("export.portability/1", {}, {"file": "e30=", "format": "FHIR R4"}),
        ("dashboard.insi/1", {"from": "2026-01-01", "to": "2026-12-31"},
         {"rows": [{"finess": "990001018", "success_rate": 97.5, "failure_rate": 2.5, "qualified_rate": 80}]}),
        ("settings.set/1", {"name": "trust-contract.DOMAINE-BANC", "value": "on"}, {}),
        ("settings.set/1", {"name": "user.accueil.insi", "value": "off"}, {}),
        ("settings.set/1", {"name": "document-kinds", "value": "PA=high"}, {}),
        ("settings.set/1", {"name": "antivirus", "value": "on"}, {}),
    ],
)  # fmt: skip
def test_what_may_be_said(kind: str, payload: dict[str, object], data: dict[str, object]) -> None:
    """Literal payloads and answers obey their schema."""
    assert kind_of(kind).faults("payload", payload) == []
    assert kind_of(kind).faults("data", data) == []


@pytest.mark.parametrize(
    ("kind", "part", "value"),
    [
        ("identity.create/1", "payload", {"traits": {"name": "X"}}),
        ("identity.create/1", "payload", {"traits": {"birth": "31/12/1975"}}),
        ("identity.create/1", "data", {}),
        ("identity.search-insi/1", "payload", {"ipp": "B1", "mode": "oral"}),
        ("identity.attribute/1", "payload", {"ipp": "B1", "attribute": "douteux", "set": True}),
        ("identity.search/1", "payload", {}),
        ("identity.read/1", "data", {}),
        ("identity.read/1", "data", {"identity": {**IDENTITY, "status": "QUAL"}}),
        ("identity.trace/1", "data", {"entries": [{**TRACE, "kind": "other"}]}),
        ("settings.set/1", "payload", {"name": "trust-contract.", "value": "on"}),
        ("settings.set/1", "payload", {"name": "user.accueil.root", "value": "on"}),
    ],
)
def test_what_may_not(kind: str, part: str, value: dict[str, object]) -> None:
    """A wrong member, word or form is a fault."""
    assert kind_of(kind).faults("payload" if part == "payload" else "data", value)
