"""What the reference RI writes down and shows: traces, rights, searches, prints, dashboard, portability, settings."""

from __future__ import annotations

import base64
import io
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pypdfium2
import pytest
import zxingcpp
from jsonschema import Draft202012Validator
from ri_world import FAULT, MATRICULE, NIR, RiWorld, adt, code, found, ri_world

from conformance.reference.config import ConfigError, load

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "profiles" / "schema" / "pilot"
SCHEMA = json.loads((ROOT / "profiles/schema/reference-1.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shared_ri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RiWorld]:
    """One repository for these tests."""
    folder: Path = tmp_path_factory.mktemp("ri-traces")
    with ri_world(folder) as world:
        yield world


@pytest.fixture
def ri(shared_ri: RiWorld) -> RiWorld:
    """The repository, empty and without defect."""
    shared_ri.reset()
    return shared_ri


def entries(ri: RiWorld, ipp: str, kind: str) -> list[dict[str, Any]]:
    """The traces of a kind about an identity."""
    found: list[dict[str, Any]] = ri.read("identity.trace/1", ipp=ipp, kind=kind)["entries"]
    return found


def test_a_call_is_traced_with_all_that_it_returned(ri: RiWorld) -> None:
    """Rules 37, 39 and 48: code, and for 00 matricule, OID, history and traits; user; faults too."""
    ri.insi.result = found(history="109076322083489 110086322083060")
    ipp = ri.create()
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits", user="dr.martin")
    ri.act("identity.verify-insi/1", ipp=ipp)
    ri.insi.result = code("01")
    ri.act("identity.search-insi/1", ipp=ipp, mode="card")
    ri.insi.result = FAULT
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    first, second, third, fourth = entries(ri, ipp, "insi")
    assert first["author"] == "dr.martin"
    assert first["insi"] == {
        "operation": "search-traits",
        "code": "00",
        "matricule": MATRICULE,
        "oid": NIR,
        "historic": [{"matricule": "109076322083489", "oid": NIR}, {"matricule": "110086322083060", "oid": NIR}],
        "traits": {"birth_name": "TCHITCHI", "given_names": ["CATARINA", "BELLA"], "birth": "19360621", "sex": "F",
                   "place": "63220"},
    }  # fmt: skip
    assert second["insi"] == {"operation": "verify", "code": "ok"}
    assert third["insi"] == {"operation": "search-card", "code": "01"}
    assert (fourth["insi"]["code"], fourth["outcome"]) == ("insi_102", "failed")


def test_accesses_changes_and_partners_are_traced(ri: RiWorld) -> None:
    """Rules 4, 16 and 31: who, when, what; before and after; to whom the INS went, and no trace without it."""
    ipp = ri.create()
    assert entries(ri, ipp, "partner") == []
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    ri.validated(ipp)
    ri.read("identity.read/1", ipp=ipp, user="lectrice")
    assert [e["author"] for e in entries(ri, ipp, "access")] == ["lectrice"]
    ri.act("identity.update/1", ipp=ipp, secondary={"used_name": "DURAND"}, user="saisie")
    last = entries(ri, ipp, "change")[-1]
    assert (last["author"], last["change"]) == ("saisie", {"field": "used_name", "before": "", "after": "DURAND"})
    ri.settle()
    assert {e["partner"] for e in entries(ri, ipp, "partner")} == {"RECEPTEUR ETABLISSEMENT"}
    assert len(entries(ri, ipp, "partner")) == sum(MATRICULE in m for m in ri.heard())
    history = ri.identity(ipp)["history"]
    moves = [(h["before"], h["after"]) for h in history if h.get("field") == "status"]
    assert moves == [("provisoire", "recuperee"), ("recuperee", "qualifiee")]
    assert all(h["author"] and h["at"] for h in history)


def test_who_may_not_call_does_not(ri: RiWorld) -> None:
    """Rule 4: no call, a refusal that is traced."""
    ipp = ri.create()
    ri.act("settings.set/1", name="user.stagiaire.insi", value="off")
    assert ri.refused("identity.search-insi/1", ipp=ipp, mode="traits", user="stagiaire")
    assert ri.insi.calls == []
    assert entries(ri, ipp, "change")[-1]["outcome"] == "failed"
    ri.act("settings.set/1", name="user.stagiaire.insi", value="on")
    assert ri.act("identity.search-insi/1", ipp=ipp, mode="traits", user="stagiaire")["taken"]


def test_a_super_user_may_be_named(ri: RiWorld) -> None:
    """Rule 26, by a setting instead of the request."""
    ipp = ri.qualified()
    ri.act("settings.set/1", name="user.civ.super", value="on")
    ri.act("identity.update/1", ipp=ipp, traits={"place": "63221"}, user="civ")
    assert ri.identity(ipp)["status"] == "validee"


@pytest.mark.parametrize("name", ["d'artagnan", "DARTAGN", "D ARTAGNAN de l’herault", "D--Artagnan", "Hérault"])
def test_searches_do_not_see_accents_hyphens_and_apostrophes(ri: RiWorld, name: str) -> None:
    """Rule 17: birth name and used name alike, any given name; a prefix only narrows."""
    ipp = ri.create(birth_name="D'ARTAGNAN DE L'HERAULT", first_given="Pierre-Alain", given_names=["Pierre-Alain"])
    ri.act("identity.update/1", ipp=ipp, secondary={"used_name": "Herault", "used_given": "Lili"})
    ri.create(birth_name="AUTRE")
    assert ri.read("identity.search/1", birth="19360621", name=name)["ipps"] == [ipp]
    for given in ("pierre al", "PIERREALAIN", "lil"):
        assert ri.read("identity.search/1", birth="19360621", given=given)["ipps"] == [ipp]
    assert len(ri.read("identity.search/1", birth="19360621")["ipps"]) == 2
    assert ri.read("identity.search/1", birth="19360622", name=name)["ipps"] == []


def test_a_search_by_matricule_wants_it_whole_with_its_key(ri: RiWorld) -> None:
    """Rule 17: 15 characters, the right key, Corsica included."""
    ipp = ri.qualified()
    assert ri.read("identity.search/1", matricule=MATRICULE)["ipps"] == [ipp]
    for wrong in (MATRICULE[:14], MATRICULE[:-1] + "7", "180032A02040123"):
        assert ri.ask("/queries", "identity.search/1", {"matricule": wrong})["status"] == "refused"
    assert ri.ask("/queries", "identity.search/1", {"matricule": "180032B02040123"})["status"] == "done"


def shown(ri: RiWorld, ipp: str) -> tuple[str, list[bytes]]:
    """The text of the sheet of an identity, and the symbols on it, read by other people's libraries."""
    data = base64.b64decode(ri.read("edition.print/1", ipp=ipp)["pdf"])
    page = pypdfium2.PdfDocument(io.BytesIO(data))[0]
    image = page.render(scale=3).to_pil()
    return page.get_textpage().get_text_range(), [s.bytes for s in zxingcpp.read_barcodes(image)]


def test_the_sheet_has_the_ins_only_when_qualified(ri: RiWorld) -> None:
    """Rules 28 and 32: traits, matricule with its nature, datamatrix of version 01 with its blocks."""
    ipp = ri.create()
    ri.act("identity.search-insi/1", ipp=ipp, mode="traits")
    text, symbols = shown(ri, ipp)
    assert "Nom de Naissance : TCHITCHI" in text
    assert MATRICULE not in text
    assert symbols == []
    ri.validated(ipp)
    text, symbols = shown(ri, ipp)
    assert f"Matricule INS : {MATRICULE} (NIR)" in text
    assert "Date de Naissance : 21/06/1936" in text
    blocks = f"S1{MATRICULE}S2{NIR}\x1dS3CATARINA BELLA\x1dS4TCHITCHI\x1dS5FS621-06-1936S763220"
    assert symbols == [f"IS01{'0' * 22}{blocks}".encode()]


def test_the_dashboard_counts_calls_and_admissions(ri: RiWorld) -> None:
    """TBB/va1.02 and RI.TBB.02: rates that add up, a line for each call, nothing out of the period."""
    ipp = ri.qualified()
    ri.create()
    ri.insi.verdicts = ["FAULT"]
    ri.act("identity.verify-insi/1", ipp=ipp)
    told = ri.read("dashboard.insi/1", **{"from": "2000-01-01", "to": "2999-12-31"})
    (row,) = told["rows"]
    assert row == {"finess": "750000018", "success_rate": 50.0, "failure_rate": 50.0, "qualified_rate": 50.0,
                   "calls": 2, "admissions": 2}  # fmt: skip
    assert [(d["operation"], d["code"]) for d in told["details"]] == [("search-traits", "00"), ("verify", "insi_102")]
    assert ri.read("dashboard.insi/1", **{"from": "2000-01-01", "to": "2000-12-31"}) == {"rows": [], "details": []}


def test_the_export_holds_everything(ri: RiWorld) -> None:
    """PORT/va1.02: a FHIR Bundle; each identity with its history, the INS of the qualified ones only."""
    ipp, other = ri.qualified(), ri.create(birth_name="AUTRE")
    ri.act("identity.search-insi/1", ipp=other, mode="traits")
    told = ri.read("export.portability/1")
    bundle = json.loads(base64.b64decode(told["file"]))
    assert told["format"] == "application/fhir+json"
    held = [e["resource"] for e in bundle["entry"]]
    patients = {r["id"]: r for r in held if r["resourceType"] == "Patient"}
    assert set(patients) == {ipp, other}
    assert patients[ipp]["identifier"][1] == {
        "type": {"coding": [{"code": "INS-NIR"}]}, "system": f"urn:oid:{NIR}", "value": MATRICULE
    }  # fmt: skip
    assert len(patients[other]["identifier"]) == 1
    lines = [r for r in held if r["resourceType"] == "Provenance"]
    assert sum(p["target"][0]["reference"] == f"Patient/{ipp}" for p in lines) == len(ri.identity(ipp)["history"])


def test_answers_follow_the_published_schemas(ri: RiWorld) -> None:
    """Every kind the pilot has is published, and what it answers is valid."""
    ipp, other, third = ri.qualified(), ri.create(birth_name="AUTRE"), ri.create(birth_name="TIERS")
    period = {"from": "2000-01-01", "to": "2999-12-31"}
    ri.tell(adt("A28", number="X9", birth="19400102", ins="110086322083060"))
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("/stimuli", "identity.update/1", {"ipp": ipp, "secondary": {"phone": "0102030405", "mail": "a@b.fr"}}),
        ("/stimuli", "identity.document/1", {"ipp": other, "kind": "CN", "trust": "high"}),
        ("/stimuli", "identity.validate/1", {"ipp": other}),
        ("/stimuli", "identity.attribute/1", {"ipp": other, "attribute": "homonyme", "set": True}),
        ("/stimuli", "identity.verify-insi/1", {"ipp": ipp}),
        ("/stimuli", "identity.verify-batch/1", {"ipps": [ipp, other]}),
        ("/stimuli", "identity.search-insi/1", {"ipp": other, "mode": "traits"}),
        ("/stimuli", "identity.merge/1", {"ipp": third, "into": other}),
        ("/stimuli", "identity.split/1", {"ipp": third}),
        ("/stimuli", "settings.set/1", {"name": "document-kinds", "value": "PA=high CS=low"}),
        ("/queries", "identity.read/1", {"ipp": ipp}),
        ("/queries", "identity.read/1", {"ipp": "personne"}),
        ("/queries", "identity.search/1", {"name": "TCHI"}),
        ("/queries", "identity.trace/1", {}),
        ("/queries", "edition.print/1", {"ipp": ipp}),
        ("/queries", "export.portability/1", {}),
        ("/queries", "dashboard.insi/1", period),
    ]
    for path, kind, payload in asked:
        schema = json.loads((PILOT / f"{kind.replace('/', '-')}.schema.json").read_text(encoding="utf-8"))
        answer = ri.ask(path, kind, payload)
        assert answer["status"] == "done", (kind, answer)
        Draft202012Validator(schema).validate({"payload": payload, "data": answer["data"]})


def test_the_sample_is_valid(tmp_path: Path) -> None:
    """The sample follows the published schema, and is accepted once its certificates exist."""
    text = (ROOT / "samples/reference/ri.toml").read_text(encoding="utf-8")
    jsonschema.validate(tomllib.loads(text), SCHEMA)
    (tmp_path / "tls").mkdir()
    for name in ("ca.pem", "ri.pem", "ri.key"):
        (tmp_path / "tls" / name).write_text("x")
    (tmp_path / "ri.toml").write_text(text, encoding="utf-8")
    held = load(tmp_path / "ri.toml").identities
    assert held is not None
    assert held.insi == "https://127.0.0.1:8445/lps"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("identities = ", "documents = ", "listen.documents"),
        ('insi = "https://', 'insi = "http://', "peers.insi"),
        ("holder = ", "card = ", "insi.card"),
        ("[insi]", "[mss]", "mss"),
    ],
)
def test_wrong_settings_are_told(ri: RiWorld, old: str, new: str, key: str) -> None:
    """The key is named; the published schema refuses the same file."""
    text = ri.config.read_text(encoding="utf-8")
    jsonschema.validate(tomllib.loads(text), SCHEMA)
    file = ri.config.with_name("wrong.toml")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.key == key
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(file.read_text(encoding="utf-8")), SCHEMA)
