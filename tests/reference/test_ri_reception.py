"""PAM messages in: our own domain is followed, another one is verified unless a contract of trust binds its sender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ri_world import MATRICULE, NIR, RiWorld, adt, pid_fields, ri_world

OURS = "RI-REFERENCE&2.25.4217316519&ISO"


@pytest.fixture(scope="module")
def shared_ri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RiWorld]:
    """One repository for these tests."""
    folder: Path = tmp_path_factory.mktemp("ri-reception")
    with ri_world(folder) as world:
        yield world


@pytest.fixture
def ri(shared_ri: RiWorld) -> RiWorld:
    """The repository, empty and without defect."""
    shared_ri.reset()
    return shared_ri


def only(ri: RiWorld, birth: str = "19360621") -> str:
    """The number of the one identity born that day."""
    (ipp,) = ri.read("identity.search/1", birth=birth)["ipps"]
    return str(ipp)


def test_a_qualified_identity_of_another_domain_is_retrieved(ri: RiWorld) -> None:
    """Rule 30: verified, created with its INS, to be checked here; nothing goes out with the INS before."""
    assert ri.tell(adt("A28")) == "AA"
    (call,) = ri.insi.of("RequeteUnitaire")
    assert call.text("NumIdentifiant") == [MATRICULE[:13]]
    assert call.text("OID") == [NIR]
    assert call.text("ListePrenom") == ["CATARINA BELLA"]
    held = ri.identity(only(ri))
    assert (held["status"], held["matricule"], held["oid"]) == ("recuperee", MATRICULE, NIR)
    assert all(MATRICULE not in m for m in ri.heard())
    ri.validated(held["ipp"])
    assert ri.identity(held["ipp"])["status"] == "qualifiee"


def test_ko_creates_without_ins_and_does_not_update(ri: RiWorld) -> None:
    """Rule 51, both ways; the identity is in a worklist."""
    ri.insi.verdicts = ["KO"]
    assert ri.tell(adt("A28")) == "AA"
    ipp = only(ri)
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"], held["worklists"]) == ("provisoire", None, ["Identites a verifier"])
    ri.validated(ipp)
    before = ri.identity(ipp)
    told = len(ri.heard())
    assert ri.tell(adt("A31", family="TCHITCHA")) == "AA"
    after = ri.identity(ipp)
    for name in ("traits", "status", "matricule", "oid", "secondary"):
        assert after[name] == before[name]
    assert len(ri.insi.calls) == 2
    assert len(ri.heard()) == told


def test_a_known_validated_identity_is_completed_when_confirmed(ri: RiWorld) -> None:
    """The permitted twin: validated and confirmed makes qualified."""
    ipp = ri.create(given_names=[])
    ri.validated(ipp)
    assert ri.tell(adt("A31")) == "AA"
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"]) == ("qualifiee", MATRICULE)
    assert held["traits"]["given_names"] == ["CATARINA", "BELLA"]


def test_a_known_retrieved_identity_is_not_verified_again(ri: RiWorld) -> None:
    """No call for who is retrieved or qualified here; nothing of it changes."""
    ipp = ri.qualified()
    calls = len(ri.insi.calls)
    assert ri.tell(adt("A31", family="AUTRE")) == "AA"
    assert len(ri.insi.calls) == calls
    assert ri.identity(ipp)["traits"]["birth_name"] == "TCHITCHI"


@pytest.mark.parametrize("domain", ["AUTRE-RI", "HOPITAL", "AUTRE", "1.2.250.1.999.77"])
def test_a_contract_of_trust_is_believed(ri: RiWorld, domain: str) -> None:
    """Rule 30, exception: qualified as told, known or not; the sender is known by any of its names."""
    ri.act("settings.set/1", name=f"trust-contract.{domain}", value="on")
    known = ri.create()
    assert ri.tell(adt("A31")) == "AA"
    assert ri.tell(adt("A28", number="X2", family="AUTRE", birth="19400102", ins="110086322083060")) == "AA"
    assert ri.identity(known)["status"] == "qualifiee"
    unknown = ri.identity(only(ri, "19400102"))
    assert (unknown["status"], unknown["matricule"]) == ("qualifiee", "110086322083060")
    assert ri.insi.calls == []
    ri.act("settings.set/1", name=f"trust-contract.{domain}", value="off")
    assert ri.tell(adt("A28", number="X3", birth="19500103", ins="180032B02040123")) == "AA"
    assert ri.identity(only(ri, "19500103"))["status"] == "recuperee"


@pytest.mark.parametrize(("reliability", "ins"), [("PROV", MATRICULE), ("VALI", ""), ("PROV", "")])
def test_what_is_not_qualified_comes_in_provisional(ri: RiWorld, reliability: str, ins: str) -> None:
    """The matricule is read with VALI only; no verification is asked for."""
    assert ri.tell(adt("A28", reliability=reliability, ins=ins)) == "AA"
    held = ri.identity(only(ri))
    assert (held["status"], held["matricule"]) == ("provisoire", None)
    assert ri.insi.calls == []


def test_our_own_domain_is_followed(ri: RiWorld) -> None:
    """Its number, status and INS are ours; it is told again."""
    assert ri.tell(adt("A28", number="P77", authority=OURS)) == "AA"
    assert ri.identity("P77")["status"] == "qualifiee"
    assert pid_fields(ri.heard("A28")[-1])[3].startswith(f"P77^^^{OURS}^PI~{MATRICULE}")
    assert ri.tell(adt("A31", number="P77", authority=OURS, reliability="PROV", ins="")) == "AA"
    held = ri.identity("P77")
    assert (held["status"], held["matricule"]) == ("provisoire", None)
    assert ri.insi.calls == []


def test_merges_and_new_numbers_of_our_domain(ri: RiWorld) -> None:
    """A40 merges, A47 changes the number: both go out; of unknown numbers, AE with 204."""
    for number, birth in (("P1", "19360621"), ("P2", "19360622")):
        assert ri.tell(adt("A28", number=number, authority=OURS, ins="", birth=birth)) == "AA"
    assert ri.tell(adt("A40", number="P1", authority=OURS, merged="P2", ins="")) == "AA"
    assert ri.identity("P2")["merged_into"] == "P1"
    assert "\rMRG|P2^" in ri.heard("A40")[-1]
    assert ri.tell(adt("A47", number="P3", authority=OURS, merged="P1", ins="")) == "AA"
    assert ri.identity("P1") is None
    assert ri.identity("P3")["traits"]["birth_name"] == "TCHITCHI"
    assert "\rMRG|P1^" in ri.heard("A47")[-1]
    assert "|204^" in ri.reference.ask(adt("A40", number="P3", authority=OURS, merged="P9", ins="").encode())


@pytest.mark.parametrize(
    ("message", "answer", "code"),
    [
        (adt("A08"), "AR", "201"),
        (adt("A28").replace("ADT^", "ORU^"), "AR", "200"),
        (adt("A28").replace("\rPID|", "\rPIX|"), "AE", "100"),
        (adt("A28").replace("X1^^^AUTRE&1.2.250.1.999.77&ISO^PI~", "").replace(MATRICULE, ""), "AE", "101"),
        (adt("A28").replace("TCHITCHI^CATARINA^CATARINA BELLA^^^^L", ""), "AE", "101"),
        (adt("A28").replace("UNICODE UTF-8", "UTF-7"), "AE", "10"),
        ("bonjour", "AE", "100"),
    ],
)
def test_what_cannot_be_taken_is_refused(ri: RiWorld, message: str, answer: str, code: str) -> None:
    """AE or AR with the code of table 0357; nothing is created."""
    told = ri.reference.ask(message.encode())
    assert f"\rMSA|{answer}|" in told
    assert f"|{code}" in told
    assert ri.heard() == []


def test_bytes_that_are_not_of_the_declared_character_set_are_refused(ri: RiWorld) -> None:
    """Another name would be kept otherwise."""
    told = ri.reference.ask(adt("A28", family="H\xc9RAULT").encode("iso8859-15"))
    assert "\rMSA|AE|" in told
    assert "|102^" in told
    assert ri.heard() == []


def test_a_merge_of_two_numbers_of_the_same_patient_does_nothing(ri: RiWorld) -> None:
    """Both were linked to one identity when they came."""
    for number in ("X1", "X2"):
        assert ri.tell(adt("A28", number=number)) == "AA"
    assert ri.tell(adt("A40", number="X1", merged="X2")) == "AA"
    assert ri.identity(only(ri))["merged_into"] is None


def test_a_movement_is_taken_and_does_nothing_here(ri: RiWorld) -> None:
    """A02 says nothing new of who a patient is."""
    assert ri.tell(adt("A02")) == "AA"
    assert ri.heard() == []
