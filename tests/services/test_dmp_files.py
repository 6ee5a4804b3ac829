"""The file of each patient in the DMP of the bench: versions, associations, sets, authorisations, who is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from dmp_client import DELETED, GET_DOCUMENTS, PATIENT, RIM, Answer, DmpClient, slot, soap, submission
from test_dmp_service import EXISTENCE, Bench, opened

from conformance.bench.pki import Pki
from conformance.services.dmp import DmpService
from conformance.services.registry import Registry
from conformance.standards.xds.datatypes import Cx
from conformance.standards.xds.submission import read
from conformance.standards.xds.syntax import parse_envelope

GET_ASSOCIATIONS = "a7ae438b-4bc2-4642-93e9-be891f7bb155"
GET_BOTH = "bab9529a-4a10-40b3-a01f-f68a615d247a"
FIND_SETS = "f26abbcb-ac74-4422-8a30-edb644bbc1a9"
OTHER = "290017500012345^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"
WHO = Cx.parse(PATIENT.replace("&amp;", "&"))


def vihf(mode: str = "INDIRECTE", name: str = "801234567897", structure: str = "1750803447") -> str:
    """A bare assertion about the patient."""
    rows = "".join(
        f'<s:Attribute Name="{key}"><s:AttributeValue>{value}</s:AttributeValue></s:Attribute>'
        for key, value in (
            ("Authentification_Mode", mode),
            ("Identifiant_Structure", structure),
            ("urn:oasis:names:tc:xacml:2.0:resource:resource-id", PATIENT),
        )
    )
    return (
        '<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">'
        '<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a" Version="2.0">'
        f"<s:Issuer>CN=PFI</s:Issuer><s:Subject><s:NameID>{name}</s:NameID></s:Subject>"
        f"<s:AttributeStatement>{rows}</s:AttributeStatement></s:Assertion></w:Security>"
    )


def signed_in(body: str, who: str) -> bytes:
    """A message with that security header."""
    return soap(body).replace(b"</s:Header>", who.encode() + b"</s:Header>")


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """A DMP, empty."""
    with opened(pki, tmp_path) as one:
        yield one


def entries(dmp: DmpClient, uid: str) -> list[ElementTree.Element]:
    """The look-up of an entryUUID that replacing a document begins with (TD3.1b)."""
    return dmp.search(GET_DOCUMENTS, UniqueId=f"('{uid}')").entries


def query(dmp: DmpClient, name: str, *slots: str) -> Answer:
    """A stored query with any slots."""
    return dmp.soap(
        "registry",
        '<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0">'
        f'<q:ResponseOption returnType="LeafClass"/><AdhocQuery xmlns="{RIM}" id="urn:uuid:{name}">{"".join(slots)}'
        "</AdhocQuery></q:AdhocQueryRequest>",
    )


def of(answer: Answer, name: str) -> list[ElementTree.Element]:
    """The objects of a kind in an answer."""
    return list(answer.result.iter(f"{{{RIM}}}{name}"))


def test_a_chain_of_replacements_keeps_its_versions() -> None:
    """Three versions of a document: the last one approved, the others deprecated, numbered from 1."""
    registry = Registry()
    target = ""
    for uid in ("2.25.1", "2.25.2", "2.25.3"):
        registry.submit(read(parse_envelope(*submission(("d", uid), replaces=target))))
        entry = registry.by_uid(uid)
        assert entry is not None
        target = entry.id
    registry.submit(read(parse_envelope(*submission(("d", "2.25.9"), patient=OTHER))))
    told = [(v.entry.unique_id, v.number, v.entry.status.rpartition(":")[2]) for v in registry.file(WHO)]
    assert told == [("2.25.1", 1, "Deprecated"), ("2.25.2", 2, "Deprecated"), ("2.25.3", 3, "Approved")]
    assert [e.unique_id for e in registry.chain(target)] == ["2.25.1", "2.25.2", "2.25.3"]
    assert registry.chain("urn:uuid:nobody") == ()


def test_only_the_last_version_can_be_replaced_and_by_its_own_patient(bench: Bench) -> None:
    """A target deprecated, of someone else, or unknown is refused by the code of IHE, and nothing changes."""
    dmp = bench.client()
    dmp.feed(("d", "2.25.1"))
    first = entries(dmp, "2.25.1")[0].attrib["id"]
    assert dmp.feed(("d", "2.25.2"), replaces=first).outcome == "Success"
    assert dmp.feed(("d", "2.25.3"), replaces=first).errors == ["XDSRegistryDeprecatedDocumentError"]
    second = entries(dmp, "2.25.2")[0].attrib["id"]
    assert dmp.feed(("d", "2.25.4"), replaces=second, patient=OTHER).errors == ["XDSPatientIdDoesNotMatch"]
    assert dmp.feed(("d", "2.25.4"), replaces="urn:uuid:x").errors == ["UnresolvedReferenceException"]
    assert dmp.feed(("d", "2.25.2")).errors == ["XDSDuplicateUniqueIdInRegistry"]
    assert entries(dmp, "2.25.2")[0].attrib["status"].endswith(":Approved")


def test_a_document_without_id_is_taken_by_no_registry(bench: Bench) -> None:
    """An entry without uniqueId is a metadata error."""
    assert bench.client().feed(("d", "")).errors == ["XDSRegistryMetadataError"]


def test_associations_are_found_from_either_end(bench: Bench) -> None:
    """GetAssociations tells the replacement and the memberships; GetDocumentsAndAssociations the entry too."""
    dmp = bench.client()
    dmp.feed(("d", "2.25.1"))
    first = entries(dmp, "2.25.1")[0].attrib["id"]
    dmp.feed(("d", "2.25.2"), replaces=first)
    second = entries(dmp, "2.25.2")[0].attrib["id"]
    for asked in (first, second):
        rows = of(query(dmp, GET_ASSOCIATIONS, slot("$uuid", f"('{asked}')")), "Association")
        replaced = [r for r in rows if r.attrib["associationType"].endswith(":RPLC")]
        assert [(r.attrib["sourceObject"], r.attrib["targetObject"]) for r in replaced] == [(second, first)]
        assert len([r for r in rows if r.attrib["associationType"].endswith(":HasMember")]) == 1
    both = query(dmp, GET_BOTH, slot("$XDSDocumentEntryUniqueId", "('2.25.2')"))
    assert (len(both.entries), len(of(both, "Association"))) == (1, 2)
    assert query(dmp, GET_ASSOCIATIONS).errors == ["XDSStoredQueryMissingParam"]


def test_submission_sets_of_a_patient(bench: Bench) -> None:
    """FindSubmissionSets gives those of the patient alone, from a moment on when asked."""
    dmp = bench.client()
    dmp.feed(("d", "2.25.1"))
    dmp.feed(("d", "2.25.2"), patient=OTHER)
    status = slot("$XDSSubmissionSetStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')")
    mine = slot("$XDSSubmissionSetPatientId", f"'{PATIENT}'")
    assert len(of(query(dmp, FIND_SETS, mine, status), "RegistryPackage")) == 1
    for start, count in (("20250101", 1), ("20270101", 0)):
        late = slot("$XDSSubmissionSetSubmissionTimeFrom", start)
        assert len(of(query(dmp, FIND_SETS, mine, status, late), "RegistryPackage")) == count


def test_a_deleted_document_stays_in_the_file_and_is_found_no_more(bench: Bench) -> None:
    """TD3.3c is logical: the look-up finds nothing, and a second deletion has no object."""
    dmp = bench.client()
    dmp.feed(("d", "2.25.1"))
    entry = entries(dmp, "2.25.1")[0].attrib["id"]
    assert dmp.delete(entry, DELETED).outcome == "Success"
    assert entries(dmp, "2.25.1") == []
    assert dmp.delete(entry, DELETED).errors == ["UnresolvedReferenceException"]


def authorisation(answer: Answer) -> str:
    """The state of the right in an answer to TD0.2."""
    return next(
        e.attrib["code"]
        for line in answer.result.iter("{urn:hl7-org:v3}attentionLine")
        for e in line
        if e.tag.endswith("}value")
    )


def test_an_authorisation_belongs_to_a_patient_and_to_who_acts(bench: Bench) -> None:
    """TD0.3 adds and removes; TD0.2 tells it: to the structure in indirect mode, to the person in direct mode."""
    dmp = bench.client()

    def state(who: str) -> str:
        return authorisation(dmp.post("patients", signed_in(EXISTENCE, who)))

    def ask(action: str, who: str) -> str:
        body = f'<setAuthorization xmlns="urn:si-dmp-habilitations"><action>{action}</action></setAuthorization>'
        return "".join(dmp.post("habilitations", signed_in(body, who)).result.itertext())

    assert state(vihf()) == "INEXISTANTE"
    assert "DMPOk" in ask("AJOUT", vihf())
    assert state(vihf()) == "VALIDE"
    assert state(vihf(name="899700042106")) == "VALIDE"
    assert state(vihf(structure="1990000001")) == "INEXISTANTE"
    assert state(vihf("DIRECTE")) == "INEXISTANTE"
    assert "DMPOk" in ask("AJOUT", vihf("DIRECTE"))
    assert state(vihf("DIRECTE", structure="1990000001")) == "VALIDE"
    assert "DMPOk" in ask("SUPPRESSION", vihf())
    assert state(vihf()) == "INEXISTANTE"


@pytest.mark.parametrize(("existence", "code"), [("terminated", "DMPClosed"), ("none", "XDSUnknownPatientId")])
def test_a_dmp_that_is_not_active_takes_and_gives_nothing(bench: Bench, existence: str, code: str) -> None:
    """Feeding, search and deletion of a closed or missing DMP are refused; TD0.3 too."""
    bench.environment(existence=existence)
    dmp = bench.client()
    assert dmp.feed(("d", "2.25.1")).errors == [code]
    assert dmp.search(GET_DOCUMENTS, UniqueId="('2.25.1')").errors == [code]
    assert dmp.delete("urn:uuid:x", DELETED).errors == [code]
    asked = '<setAuthorization xmlns="urn:si-dmp-habilitations"><action>AJOUT</action></setAuthorization>'
    assert code in "".join(dmp.soap("habilitations", asked).result.itertext())


def test_callers_and_signatures_are_refused_only_by_a_setting(bench: Bench) -> None:
    """By default all are served; the two settings refuse a missing VIHF and a set that nobody signed."""
    dmp = bench.client()
    assert dmp.feed(("d", "2.25.1")).outcome == "Success"
    bench.environment(vihf="required")
    assert dmp.feed(("d", "2.25.2")).status == 400
    bench.environment(signature="required")
    assert dmp.feed(("d", "2.25.2")).errors == ["XDSRepositoryMetadataError"]
    bench.environment()
    assert dmp.feed(("d", "2.25.2")).outcome == "Success"


def test_what_was_seen_of_the_caller_is_recorded(bench: Bench) -> None:
    """The answer's facts tell the mode, the integrity of the assertion, and the signature of the set."""
    dmp = bench.client()
    dmp.feed(("d", "2.25.1"))
    dmp.post("patients", signed_in(EXISTENCE, vihf("DIRECTE")))
    told = [e.facts for e in bench.kept if e.answers is not None]
    assert (told[0]["vihf"], told[0]["set_signature"], told[0]["replacement"]) == ("absent", "absent", False)
    assert (told[1]["vihf"], told[1]["vihf_mode"]) == ("unsigned", "DIRECTE")


def test_a_new_run_forgets_authorisations_too() -> None:
    """Nothing of an earlier run is left."""
    service = DmpService()
    service.registry.submit(read(parse_envelope(*submission(("d", "2.25.1")))))
    service.reset()
    assert (service.registry.file(WHO), service.authorisations.state(None, "INEXISTANTE")) == ((), "INEXISTANTE")
