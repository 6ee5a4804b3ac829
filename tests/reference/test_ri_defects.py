"""Each defect of the reference RI changes its own decision, and its permitted twins do not change."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from ri_world import FAULT, MATRICULE, TRAITS, RiWorld, adt, found, pid_fields, ri_world

from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.defects import with_defects
from conformance.reference.defects.identity import DEFECTS
from conformance.reference.ri.rules import IdentityBehaviour

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def ri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RiWorld]:
    """One repository for these tests."""
    folder: Path = tmp_path_factory.mktemp("ri-defects")
    with ri_world(folder) as world:
        yield world


def scenario(ri: RiWorld, *defects: str) -> Facts:
    """A fixed sequence that touches every decision; what was heard and read, in comparable form."""
    facts: Facts = {}
    for part in (creations, ways_up, imports, ways_down, partners_in, traces, calls):
        ri.reset(*defects)
        facts |= {f"{part.__name__}: {name}": value for name, value in part(ri).items()}
    return facts


def told(ri: RiWorld, event: str = "A31") -> tuple[bool, str]:
    """Whether the last message of an event carries the matricule, and its PID-32."""
    heard = ri.heard(event)
    return (MATRICULE in heard[-1], "".join(pid_fields(heard[-1])[32:33])) if heard else (False, "")


def creations(ri: RiWorld) -> Facts:
    """What can be created, and how it is kept."""
    bare = {**TRAITS, "given_names": []}
    facts: Facts = {"no place": ri.refused("identity.create/1", traits={**bare, "place": ""})}
    facts["bare"] = ri.refused("identity.create/1", traits={**bare, "birth": "19360622"})
    ipp = ri.act("identity.create/1", traits={**bare, "birth_name": "Tchi-Tché"}, secondary={"phone": "0102030405"})[
        "ipp"
    ]
    held = ri.identity(ipp)
    facts |= {"name": held["traits"]["birth_name"], "status": held["status"], "told": told(ri, "A28")}
    ri.act("identity.document/1", ipp=ipp, kind="PA", trust="high")
    facts["document"] = ri.identity(ipp)["document"]
    return facts


def make(ri: RiWorld, **changes: Any) -> str:
    """An identity that any of the defects lets be made."""
    ipp: str = ri.act("identity.create/1", traits={**TRAITS, **changes}, secondary={"phone": "0102030405"})["ipp"]
    return ipp


def ways_up(ri: RiWorld) -> Facts:
    """Retrieved, validated, qualified."""
    one, other = make(ri), make(ri)
    ri.act("identity.search-insi/1", ipp=one, mode="traits")
    held = ri.identity(one)
    facts: Facts = {"retrieved": held["status"], "retrieved told": told(ri)[0]}
    facts["retrieved traits"] = held["traits"]["given_names"]
    sheet = pypdfium2.PdfDocument(io.BytesIO(base64.b64decode(ri.read("edition.print/1", ipp=one)["pdf"])))
    facts["retrieved sheet"] = MATRICULE in sheet[0].get_textpage().get_text_range()
    ri.validated(other)
    facts |= {"validated": ri.identity(other)["status"], "validated told": told(ri)}
    ri.validated(one)
    facts |= {"qualified": ri.identity(one)["status"], "qualified told": told(ri)}
    return facts


def imports(ri: RiWorld) -> Facts:
    """What INSi may answer that is not taken in, or not in silence."""
    facts: Facts = {}
    for name, answer in {"lunar": found(birth="1936-06-00"), "empty": found(sex="")}.items():
        ri.insi.result = answer
        ipp = make(ri)
        ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
        facts[name] = ri.identity(ipp)["matricule"]
    ri.insi.result = found()
    ipp = make(ri, first_given="BELLA")
    facts["alert"] = bool(ri.act("identity.search-insi/1", ipp=ipp, mode="traits")["alert"])
    return facts


def ways_down(ri: RiWorld) -> Facts:
    """Locks, changes by hand, attributes, verifications."""
    ipp = make(ri)
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    ri.validated(ipp)
    facts: Facts = {"secondary": ri.refused("identity.update/1", ipp=ipp, secondary={"phone": "0600000000"})}
    facts["strict"] = ri.refused("identity.update/1", ipp=ipp, traits={"birth_name": "AUTRE"})
    ri.act("identity.update/1", ipp=ipp, traits={"birth_name": "ENCORE"}, super_user=True)
    facts |= {"changed": bool(ri.identity(ipp)["matricule"]), "changed told": told(ri)[0]}
    doubtful = make(ri)
    ri.act("identity.search-insi/1", ipp=doubtful, mode="traits")
    ri.act("identity.attribute/1", ipp=doubtful, attribute="douteuse", set=True)
    facts["doubtful"] = bool(ri.identity(doubtful)["matricule"])
    facts["doubtful calls"] = not ri.refused("identity.search-insi/1", ipp=doubtful, mode="traits")
    first, second = make(ri), make(ri)
    for one in (first, second):
        ri.act("identity.search-insi/1", ipp=one, mode="traits")
    ri.insi.verdicts = ["KO", "OK"]
    outcomes = ri.act("identity.verify-batch/1", ipps=[first, second])["outcomes"]
    facts["batch"] = [o["outcome"] for o in outcomes]
    ri.insi.verdicts = ["KO"]
    ri.ask("/stimuli", "identity.verify-insi/1", {"ipp": second})
    facts["ko"] = bool(ri.identity(second)["matricule"])
    return facts


def partners_in(ri: RiWorld) -> Facts:
    """Qualified identities of other domains: confirmed, not confirmed, trusted."""

    def held(birth: str) -> tuple[str, bool, list[str]]:
        (ipp,) = ri.read("identity.search/1", birth=birth)["ipps"]
        identity = ri.identity(ipp)
        return identity["status"], bool(identity["matricule"]), identity["traits"]["given_names"]

    assert ri.tell(adt("A28", number="X1", birth="19360601")) == "AA"
    facts: Facts = {"confirmed": held("19360601")[:2]}
    ri.insi.verdicts = ["KO"]
    assert ri.tell(adt("A28", number="X2", birth="19360602", ins="110086322083060")) == "AA"
    facts["unknown ko"] = held("19360602")[1]
    make(ri, birth="19360603")
    change = adt("A31", number="X3", birth="19360603", ins="180032B02040123", given="CATARINA AUTRE")
    assert ri.tell(change) == "AA"
    facts["known ko"] = held("19360603")[2]
    ri.act("settings.set/1", name="trust-contract.AUTRE-RI", value="on")
    assert ri.tell(adt("A28", number="X4", birth="19360604", ins="297022A02077878")) == "AA"
    facts["trusted"] = held("19360604")[:2]
    return facts


def traces(ri: RiWorld) -> Facts:
    """What is written down."""
    ipp = make(ri)
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    ri.validated(ipp)
    ri.ask("/stimuli", "identity.verify-insi/1", {"ipp": ipp})
    ri.ask("/stimuli", "identity.verify-batch/1", {"ipps": [ipp]})
    ri.ask("/stimuli", "identity.update/1", {"ipp": ipp, "secondary": {"phone": "0600000000"}})
    ri.heard()

    def entries(kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = ri.read("identity.trace/1", ipp=ipp, kind=kind)["entries"]
        return rows

    operations = [(e["insi"]["operation"], "traits" in e["insi"]) for e in entries("insi")]
    facts: Facts = {
        "search": ("search-traits", True) in operations,
        "full": all(e["insi"].get("oid") for e in entries("insi") if e["insi"]["code"] == "00"),
        "verify": ("verify", False) in operations,
        "batch": ("verify-batch", False) in operations,
        "phone": any(e["change"]["field"] == "phone" for e in entries("change") if "change" in e),
        "partner": bool(entries("partner")),
    }
    ri.identity(ipp)
    facts["access"] = bool(entries("access"))
    return facts


def calls(ri: RiWorld) -> Facts:
    """How INSi is called, by whom, and how it is counted."""
    ipp = make(ri)
    ri.act("settings.set/1", name="user.stagiaire.insi", value="off")
    facts: Facts = {"without right": not ri.refused("identity.search-insi/1", ipp=ipp, mode="traits", user="stagiaire")}
    ri.insi.calls.clear()
    ri.act("identity.search-insi/1", ipp=ipp, mode="card")
    facts["by card"] = [c.root for c in ri.insi.calls]
    facts["card"] = [(c.common_name, len(c.at("//saml:Assertion"))) for c in ri.insi.calls]
    ri.insi.calls.clear()
    ri.act("identity.verify-insi/1", ipp=ipp)
    facts["automatic"] = [(c.common_name, len(c.at("//saml:Assertion"))) for c in ri.insi.calls]
    ri.insi.result = FAULT
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    board = ri.read("dashboard.insi/1", **{"from": "2000-01-01", "to": "2999-12-31"})
    facts["failures"] = board["rows"][0]["failure_rate"] > 0
    facts["details"] = bool(board["details"])
    bundle = json.loads(base64.b64decode(ri.read("export.portability/1")["file"]))
    facts["exported"] = any(e["resource"]["id"] == ipp for e in bundle["entry"])
    return facts


CHANGES: dict[str, set[str]] = {
    "ko-keeps-ins": {"ways_down: ko"},
    "ko-third-party-created-with-ins": {"partners_in: unknown ko"},
    "ko-third-party-updated": {"partners_in: known ko"},
    "qualified-trait-editable": {"ways_down: strict"},
    "doubtful-still-calls": {"ways_down: doubtful calls"},
    "incomplete-created": {"creations: no place"},
    "more-fields-required": {"creations: bare"},
    "document-kind-lost": {"creations: document"},
    "lunar-date-imported": {"imports: lunar"},
    "empty-name-imported": {"imports: empty"},
    "retrieved-as-qualified": {"ways_up: retrieved", "ways_up: retrieved told", "ways_up: retrieved sheet"},
    "validated-as-qualified": {"ways_up: validated"},
    "doubtful-keeps-status": {"ways_down: doubtful"},
    "default-not-provisional": {"creations: status", "creations: told"},
    "secondary-locked": {"ways_down: secondary", "traces: phone"},
    "first-given-unchecked": {"imports: alert"},
    "traits-locally-kept": {"ways_up: retrieved traits"},
    "ins-with-validated": {"ways_down: changed told"},
    "never-qualified": {"ways_up: qualified", "ways_up: qualified told", "traces: partner"},
    "name-signs-lost": {"creations: name"},
    "ins-of-retrieved": {"ways_up: retrieved told", "ways_up: retrieved sheet"},
    "strict-change-keeps-ins": {"ways_down: changed", "ways_down: changed told"},
    "pid-without-ins": {"ways_up: qualified told", "traces: partner"},
    "pam-without-reliability": {"creations: told", "ways_up: validated told", "ways_up: qualified told"},
    "contract-ignored": {"partners_in: trusted"},
    "other-domain-qualified": {"partners_in: confirmed"},
    "contract-status-lost": {"partners_in: trusted"},
    "verification-untraced": {"traces: verify", "traces: batch"},
    "changes-untraced": {"traces: phone"},
    "rights-ignored": {"calls: without right"},
    "card-never-read": {"calls: by card"},
    "return-half-traced": {"traces: full"},
    "card-without-assertion": {"calls: card"},
    "retrieval-untraced": {"traces: search"},
    "access-untraced": {"traces: access"},
    "partners-untraced": {"traces: partner"},
    "service-access-untraced": {"traces: search", "traces: verify"},
    "software-certificate-unused": {"calls: automatic"},
    "software-certificate-not-shown": {"calls: automatic"},
    "batch-mixed-up": {"ways_down: batch"},
    "insi-failures-uncounted": {"calls: failures"},
    "insi-calls-not-detailed": {"calls: details"},
    "export-incomplete": {"calls: exported"},
}
"""What changes with each defect; everything else stays as it is without."""

SOUND: Facts = {
    "creations: no place": True,
    "creations: bare": False,
    "creations: name": "TCHI-TCHE",
    "creations: status": "provisoire",
    "creations: told": (False, "PROV"),
    "creations: document": "PA",
    "ways_up: retrieved": "recuperee",
    "ways_up: retrieved told": False,
    "ways_up: retrieved traits": ["CATARINA", "BELLA"],
    "ways_up: retrieved sheet": False,
    "ways_up: validated": "validee",
    "ways_up: validated told": (False, "VALI"),
    "ways_up: qualified": "qualifiee",
    "ways_up: qualified told": (True, "VALI"),
    "imports: lunar": None,
    "imports: empty": None,
    "imports: alert": True,
    "ways_down: secondary": False,
    "ways_down: strict": True,
    "ways_down: changed": False,
    "ways_down: changed told": False,
    "ways_down: doubtful": False,
    "ways_down: doubtful calls": False,
    "ways_down: batch": ["ko", "ok"],
    "ways_down: ko": False,
    "partners_in: confirmed": ("recuperee", True),
    "partners_in: unknown ko": False,
    "partners_in: known ko": ["CATARINA"],
    "partners_in: trusted": ("qualifiee", True),
    **dict.fromkeys(
        [f"traces: {name}" for name in ("search", "full", "verify", "batch", "phone", "partner", "access")], True
    ),
    "calls: without right": False,
    "calls: by card": ["RECVITALE"],
    "calls: card": [("dmp", 1)],
    "calls: automatic": [("pfi", 0)],
    "calls: failures": True,
    "calls: details": True,
    "calls: exported": True,
}


def test_without_defect_the_repository_is_sound(ri: RiWorld) -> None:
    """The scenario of these tests gives what the rules of the guide ask for."""
    assert scenario(ri) == SOUND


@pytest.mark.parametrize("name", [d.name for d in DEFECTS if d.area == "identity"])
def test_a_defect_changes_exactly_its_behaviour(ri: RiWorld, name: str) -> None:
    """With one defect the facts named here change, and no other does."""
    facts = scenario(ri, name)
    assert {key for key, value in SOUND.items() if facts[key] != value} == CHANGES[name]


def test_every_decision_exists_and_each_row_has_its_defect() -> None:
    """A defect replaces a decision that is there; a row is owned once; each has its sentences."""
    own = [d for d in DEFECTS if d.area == "identity"]
    assert {d.replaces for d in own} <= set(IdentityBehaviour.__dataclass_fields__)
    assert {d.name for d in own} == set(CHANGES)
    assert len(DEFECTS) == len({d.name for d in DEFECTS}) == len({d.key for d in DEFECTS}) == 46
    assert all(d.key.startswith("RI/") and not d.restart for d in DEFECTS)
    assert all(d.fr.endswith(".") and d.en.endswith(".") and d.fr != d.en for d in DEFECTS)


def test_the_level_of_authentication_may_be_forgotten() -> None:
    """PSC.08: acr_values is what the settings say, or nothing."""
    assert AccessBehaviour().level_asked("eidas1") == "eidas1"
    assert with_defects(AccessBehaviour(), "access", ["psc-level-not-asked"]).level_asked("eidas1") == ""
