"""The life of an identity in the reference RI: four ways to be qualified, ways down, and what PAM says of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from ri_world import FAULT, MATRICULE, NIR, TRAITS, RiWorld, code, found, pid_fields, ri_world


@pytest.fixture(scope="module")
def shared_ri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RiWorld]:
    """One repository for these tests."""
    folder: Path = tmp_path_factory.mktemp("ri-life")
    with ri_world(folder) as world:
        yield world


@pytest.fixture
def ri(shared_ri: RiWorld) -> RiWorld:
    """The repository, empty and without defect."""
    shared_ri.reset()
    return shared_ri


def test_a_new_identity_is_provisional_and_told(ri: RiWorld) -> None:
    """Rule 20: by default provisional; an A28 without INS goes out, that hl7apy reads."""
    ipp = ri.create()
    assert ri.identity(ipp)["status"] == "provisoire"
    (message,) = ri.heard("A28")
    read = parse_message(message, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
    assert read.msh.msh_9.value == "ADT^A28^ADT_A05"
    assert read.pid.pid_3.value == f"{ipp}^^^RI-REFERENCE&2.25.4217316519&ISO^PI"
    assert read.pid.pid_5.value == "TCHITCHI^CATARINA^CATARINA^^^^L"
    assert (read.pid.pid_7.value, read.pid.pid_8.value) == ("19360621", "F")
    assert pid_fields(message)[32] == "PROV"


def test_retrieved_then_checked_is_qualified(ri: RiWorld) -> None:
    """Rule 20, one way: the traits are those of INSi, the matricule goes out only once qualified (rule 28)."""
    ipp = ri.create()
    assert ri.act("identity.search-insi/1", ipp=ipp, mode="traits") == {"code": "00", "taken": True, "alert": ""}
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"], held["oid"]) == ("recuperee", MATRICULE, NIR)
    assert held["traits"]["given_names"] == ["CATARINA", "BELLA"]
    assert held["traits"]["first_given"] == "CATARINA"
    assert all(MATRICULE not in m for m in ri.heard())
    ri.validated(ipp)
    assert ri.identity(ipp)["status"] == "qualifiee"
    last = pid_fields(ri.heard("A31")[-1])
    assert last[3].split("~")[1].startswith(f"{MATRICULE}^^^ASIP-SANTE-INS-NIR&{NIR}&ISO^INS")
    assert last[32] == "VALI"


def test_checked_then_retrieved_is_qualified(ri: RiWorld) -> None:
    """Rule 20, the other way: validated first, without INS in the messages."""
    ipp = ri.create()
    ri.validated(ipp)
    assert ri.identity(ipp)["status"] == "validee"
    assert pid_fields(ri.heard("A31")[-1])[32] == "VALI"
    assert MATRICULE not in "".join(ri.heard())
    ri.act("identity.search-insi/1", ipp=ipp, mode="card", card={"matricule": MATRICULE, "birth_name": "TCHITCHI"})
    assert ri.identity(ipp)["status"] == "qualifiee"
    (call,) = ri.insi.of("RECVITALE")
    assert call.text("NumIdentifiant") == [MATRICULE[:13]]
    assert call.text("Cle") == [MATRICULE[13:]]


def test_the_application_of_the_card_qualifies(ri: RiWorld) -> None:
    """RNIV 1, 4.3.4: who shows it is known and checked at once."""
    ipp = ri.create()
    ri.act("identity.search-insi/1", ipp=ipp, mode="mobile", card={"matricule": MATRICULE})
    assert ri.identity(ipp)["status"] == "qualifiee"
    assert len(ri.insi.of("RECVITALE")) == 1


def test_a_document_of_low_trust_validates_nothing(ri: RiWorld) -> None:
    """Rule 19: neither by hand nor by the automatism, which is off by default and can be set."""
    ipp = ri.create()
    ri.act("identity.document/1", ipp=ipp, kind="CS", trust="low")
    assert ri.refused("identity.validate/1", ipp=ipp)
    ri.act("identity.document/1", ipp=ipp, kind="CN", trust="high")
    assert ri.identity(ipp)["status"] == "provisoire"
    assert ri.identity(ipp)["document"] == "CN"
    ri.act("settings.set/1", name="validation.automatic", value="on")
    ri.act("identity.document/1", ipp=ipp, kind="PA", trust="high")
    assert ri.identity(ipp)["status"] == "validee"


@pytest.mark.parametrize("lacking", ["birth_name", "first_given", "birth", "sex", "place"])
def test_no_identity_without_the_five_traits(ri: RiWorld, lacking: str) -> None:
    """Rule 5: refused, nothing told."""
    assert ri.refused("identity.create/1", traits={**TRAITS, lacking: ""})
    assert ri.heard() == []


@pytest.mark.parametrize("birth", ["19360600", "19360631", "19361301", "20230229"])
def test_no_day_that_no_calendar_has(ri: RiWorld, birth: str) -> None:
    """Scenario 3 of INS/va1.56."""
    assert ri.refused("identity.create/1", traits={**TRAITS, "birth": birth})


def test_what_is_typed_is_kept_in_capitals(ri: RiWorld) -> None:
    """Rule 1: no lower case nor accent; hyphen, apostrophe and long names stay."""
    name = "D'Hérault de la Tour-Saint-Élie " + "Montmorency " * 3
    ipp = ri.create(birth_name=name, first_given="Zoë-Cœur", given_names=[])
    held = ri.identity(ipp)["traits"]
    assert held["birth_name"] == "D'HERAULT DE LA TOUR-SAINT-ELIE MONTMORENCY MONTMORENCY MONTMORENCY"
    assert held["first_given"] == "ZOE-COEUR"


def test_strict_traits_are_closed_and_a_change_goes_down_one_step(ri: RiWorld) -> None:
    """Rules 26 and 27: qualified to validated, retrieved to provisional, INS gone, all told."""
    ipp = ri.qualified()
    assert ri.refused("identity.update/1", ipp=ipp, traits={"birth_name": "AUTRE"})
    assert ri.identity(ipp)["status"] == "qualifiee"
    ri.act("identity.update/1", ipp=ipp, secondary={"used_name": "Durand"})
    assert (ri.identity(ipp)["status"], ri.identity(ipp)["matricule"]) == ("qualifiee", MATRICULE)
    assert "DURAND^CATARINA^^^^^D" in pid_fields(ri.heard("A31")[-1])[5]
    ri.act("identity.update/1", ipp=ipp, traits={"birth_name": "AUTRE"}, super_user=True)
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"], held["oid"]) == ("validee", None, None)
    last = ri.heard("A31")[-1]
    assert MATRICULE not in last
    assert pid_fields(last)[32] == "VALI"
    other = ri.create()
    ri.act("identity.search-insi/1", ipp=other, mode="traits")
    ri.act("identity.update/1", ipp=other, traits={"sex": "M"}, super_user=True)
    assert ri.identity(other)["status"] == "provisoire"


@pytest.mark.parametrize("attribute", ["douteuse", "fictive"])
def test_doubtful_is_provisional_and_calls_nobody(ri: RiWorld, attribute: str) -> None:
    """Rule 25: down to provisional, INS gone, INSi closed until it is taken away."""
    ipp = ri.qualified()
    ri.act("identity.attribute/1", ipp=ipp, attribute=attribute, set=True)
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"], held["attributes"]) == ("provisoire", None, [attribute])
    last = pid_fields(ri.heard("A31")[-1])
    assert last[32] == f"PROV~{attribute[:4].upper()}"
    calls = len(ri.insi.calls)
    assert ri.refused("identity.search-insi/1", ipp=ipp, mode="traits")
    assert len(ri.insi.calls) == calls
    ri.act("identity.attribute/1", ipp=ipp, attribute=attribute, set=False)
    assert ri.act("identity.search-insi/1", ipp=ipp, mode="traits")["taken"]


@pytest.mark.parametrize(
    "answer",
    [
        found(birth="1936-00-21"),
        found(birth="1936-06-00"),
        found(name=""),
        found(given=""),
        found(sex=""),
        code("01"),
        code("02"),
        FAULT,
        "<rien/>",
    ],
)
def test_what_may_not_be_taken_in_changes_nothing(ri: RiWorld, answer: str) -> None:
    """Rules 11 and 12, nobody or several, a fault, an answer that is none: the user is told, the identity stays."""
    ipp = ri.create()
    before = ri.identity(ipp)
    ri.insi.result = answer
    result = ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    assert not result["taken"]
    assert result["alert"]
    assert ri.identity(ipp) == before
    assert ri.heard("A31") == []


def test_a_first_given_name_out_of_the_list_is_told(ri: RiWorld) -> None:
    """Rule 6: it is not filled by INSi; a hyphen counts as a blank."""
    ipp = ri.create(first_given="BELLA")
    assert "premier prénom" in ri.act("identity.search-insi/1", ipp=ipp, mode="traits")["alert"]
    assert ri.identity(ipp)["traits"]["first_given"] == "BELLA"
    twin = ri.create(first_given="CATARINA-BELLA")
    assert ri.act("identity.search-insi/1", ipp=twin, mode="traits")["alert"] == ""


def test_ko_takes_the_ins_away(ri: RiWorld) -> None:
    """Rule 49: provisional, without INS, in a worklist; OK and a fault change nothing."""
    ipp = ri.qualified()
    assert ri.act("identity.verify-insi/1", ipp=ipp)["outcome"] == "ok"
    ri.insi.verdicts = ["FAULT"]
    assert ri.act("identity.verify-insi/1", ipp=ipp)["outcome"] == "none"
    assert ri.identity(ipp)["status"] == "qualifiee"
    ri.insi.verdicts = ["KO"]
    assert ri.act("identity.verify-insi/1", ipp=ipp)["outcome"] == "ko"
    held = ri.identity(ipp)
    assert (held["status"], held["matricule"], held["worklists"]) == ("provisoire", None, ["Identites a verifier"])
    assert MATRICULE not in ri.heard("A31")[-1]


def test_a_batch_applies_each_answer_to_its_identity(ri: RiWorld) -> None:
    """One call; those without INS or doubtful are not in it."""
    first, second, without = ri.qualified(), ri.qualified(), ri.create()
    ri.insi.verdicts = ["KO", "OK"]
    outcomes = ri.act("identity.verify-batch/1", ipps=[first, without, second, first])["outcomes"]
    assert [(o["ipp"], o["outcome"]) for o in outcomes] == [(first, "ko"), (without, "none"), (second, "ok")]
    assert len(ri.insi.of("RequeteMasse")) == 1
    assert [ri.identity(i)["status"] for i in (first, second)] == ["provisoire", "qualifiee"]


def test_a_merge_and_its_undoing_are_told(ri: RiWorld) -> None:
    """A40 with the number that goes in MRG-1 and no PV1; the one that comes back is created anew."""
    kept, going = ri.create(), ri.create(birth_name="TCHITCHY")
    ri.act("identity.merge/1", ipp=going, into=kept)
    (message,) = ri.heard("A40")
    assert f"\rMRG|{going}^^^RI-REFERENCE&2.25.4217316519&ISO^PI\r" in message
    assert pid_fields(message)[3].startswith(f"{kept}^")
    assert "\rPV1" not in message
    assert ri.identity(going)["merged_into"] == kept
    assert ri.refused("identity.update/1", ipp=going, secondary={"phone": "0100000000"})
    ri.act("identity.split/1", ipp=going)
    assert ri.identity(going)["merged_into"] is None
    assert pid_fields(ri.heard("A28")[-1])[3].startswith(f"{going}^")


def test_a_message_that_is_not_acknowledged_goes_again(ri: RiWorld) -> None:
    """AR is tried again, AE is not."""
    ri.pam.codes.append("AR")
    ri.create()
    first, second = ri.heard("A28")
    assert first == second
    ri.pam.codes.append("AE")
    ri.create()
    assert len(ri.heard("A28")) == 3


def test_search_is_made_with_a_card_and_verification_without(ri: RiWorld) -> None:
    """va1.37 and va1.65: a signed assertion names the professional, the automatic call has none."""
    ipp = ri.qualified()
    ri.act("identity.verify-insi/1", ipp=ipp)
    (search,), (verification,) = ri.insi.of("RECSANSVITALE"), ri.insi.of("RequeteUnitaire")
    assert search.at("//saml:NameID/text()") == ["801234567897"]
    assert search.at("//saml:NameID/@NameQualifier") == ["CPS"]
    assert len(search.at("//saml:Assertion/ds:Signature/ds:SignatureValue")) == 1
    assert verification.at("//saml:Assertion") == []
    assert verification.at("//l:IDAM/@R") == ["4"]
    assert verification.at("//a:Action/text()") == ["urn:ServiceIdentiteCertifiee:1.0.0:verifierInsAvecTraitsIdentite"]
    assert search.text("Prenom") == ["CATARINA"]
    assert search.text("DateNaissance") == ["1936-06-21"]
