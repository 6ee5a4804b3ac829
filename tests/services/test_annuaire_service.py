"""The directories of the bench, spoken to by httpx: professionals, accounts, mail domains, and their faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest
from served import Served, served

from conformance.bench.pki import Pki
from conformance.errors import InternalError
from conformance.evidence.values import Direction
from conformance.services.annuaire import AnnuaireService
from conformance.standards.annuaire.observe import DirectoryAnswer, DirectoryRequest
from conformance.standards.observe import observe

RPPS = "10101010103"


@pytest.fixture
def directory(pki: Pki) -> Iterator[Served]:
    """A directory that holds two namesakes, one of them no longer active."""
    with served(AnnuaireService(), pki) as one:
        one.instruct("practitioner", rpps=RPPS, family="GARNIER", given="Hélène", mail="ps1@banc.mssante.fr")
        one.instruct("practitioner", rpps="10202020208", family="GARNIER", given="Hélène", active="no")
        yield one


def get(directory: Served, path: str, **asked: str) -> httpx.Response:
    """One look-up, on a connection of its own."""
    return httpx.get(f"{directory.url}{path}", params=asked, headers={"Connection": "close"})


def test_a_professional_is_found_by_rpps_and_by_names(directory: Served) -> None:
    """Case does not matter; namesakes both come; nobody comes for nothing or for a stranger."""
    assert [p["family"] for p in get(directory, "/practitioners", rpps=RPPS).json()] == ["GARNIER"]
    both = get(directory, "/practitioners", family="garnier", given="HÉLÈNE").json()
    assert [(p["rpps"], p["active"]) for p in both] == [(RPPS, True), ("10202020208", False)]
    assert get(directory, "/practitioners", rpps="10303030303").json() == []
    assert get(directory, "/practitioners").json() == []


def test_fhir_gives_the_elements_of_the_directory(directory: Served) -> None:
    """Identifiers of both systems, official name, MSSanté mailbox, profession of TRE_G15."""
    asked = {"identifier": f"urn:oid:1.2.250.1.71.4.2.1|8{RPPS}"}
    answer = get(directory, "/fhir/v2/Practitioner", **asked)
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 1)
    person = bundle["entry"][0]["resource"]
    assert {i["value"] for i in person["identifier"]} == {RPPS, f"8{RPPS}"}
    assert person["telecom"][0]["value"] == "ps1@banc.mssante.fr"
    assert person["qualification"][0]["code"]["coding"][0]["code"] == "10"


def test_accounts_are_those_last_declared(directory: Served) -> None:
    """`GET /accounts` follows the instruction."""
    assert get(directory, "/accounts").json() == []
    held = [{"login": "u0", "permissions": ["lire"], "active": True}]
    directory.instruct("accounts", json.dumps(held).encode())
    assert get(directory, "/accounts").json() == held


@pytest.mark.parametrize("fault", ["down", "empty", "wrong-person"])
def test_faults_touch_the_look_ups(directory: Served, fault: str) -> None:
    """503, nobody, somebody else; the white list is left alone."""
    directory.configure(fault=fault)
    answer = get(directory, "/practitioners", rpps=RPPS)
    if fault == "down":
        assert answer.status_code == 503
    else:
        assert RPPS not in answer.text
        assert (answer.json() == []) is (fault == "empty")
    assert get(directory, "/mssante/liste-blanche.xml").status_code == 200


def test_the_white_list_and_the_autoconfiguration_are_xml(directory: Served) -> None:
    """One entry a domain with the operator's name; IMAP and SMTP with STARTTLS."""
    listed = ElementTree.fromstring(get(directory, "/mssante/liste-blanche.xml").content)
    space = {"l": "https://listeblanche.mssante.fr/schema"}
    assert [e.text for e in listed.findall("l:Domaine/l:Nom", space)] == ["banc.mssante.fr", "patient.mssante.fr"]
    assert all((e.text or "").startswith("C=FR") for e in listed.findall("l:Domaine/l:DNCertificatOperateur", space))
    told = get(directory, "/mail/config-v1.1.xml", emailaddress="pfi@banc.mssante.fr")
    root = ElementTree.fromstring(told.content)
    assert root.findtext("emailProvider/domain") == "banc.mssante.fr"
    assert [e.text for e in root.iter("socketType")] == ["STARTTLS", "STARTTLS"]


def test_what_was_asked_is_observed(directory: Served) -> None:
    """A look-up is about who it names; an answer tells whom it gave."""
    get(directory, "/practitioners", family="Garnier", given="Hélène")
    get(directory, "/fhir/v2/Practitioner", identifier=f"8{RPPS}")
    get(directory, "/nowhere")
    seen = [observe(x) for x in directory.kept]
    asked = [o.value for o in seen if isinstance(o.value, DirectoryRequest)]
    answers = [o.value for o in seen if isinstance(o.value, DirectoryAnswer)]
    assert [r.about(RPPS, "GARNIER") for r in asked] == [True, True, False]
    assert [r.about("10303030303", "AUTRE") for r in asked] == [False, False, False]
    assert [a.found for a in answers] == [(RPPS, "10202020208"), (RPPS,), ()]
    assert [x.facts["status"] for x in directory.kept if x.direction is Direction.TO_VENDOR] == [200, 200, 404]


def test_an_instruction_that_does_not_exist_is_ours(directory: Served) -> None:
    """A fault of the bench, not of the vendor."""
    with pytest.raises(InternalError):
        directory.instruct("dance")
