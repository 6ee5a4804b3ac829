"""What the reference sends to the DMP and back to the sender, heard by real loopback peers."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from aiohttp import web
from lxml import etree
from reference_messages import INS, N3, OID, cda, fresh, fresh_oid, message, official
from reference_peers import EXISTS, FAILURE, FAULT, FOUND, Asked, Peers, wait_for
from reference_runner import Reference
from signxml.verifier import XMLVerifier

CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
SECRET = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"


def submission(peers: Peers) -> Asked:
    """The first submission heard."""
    found: Asked = wait_for(lambda: peers.dmp.of("Provide"))[0]
    return found


def test_initial_transmission_is_submitted_with_its_metadata(reference: Reference, peers: Peers) -> None:
    """One MDM gives one TD0.2 and one ITI-41 whose metadata are those of the CDA and the PID."""
    unique_id, control = fresh_oid(), fresh()
    text = cda(unique_id)
    answer = reference.ask(message(text, control=control))
    assert f"MSA|AA|{control}" in answer
    asked = submission(peers)
    assert [a.service for a in peers.dmp.asked] == ["patients", "repository"]
    assert "pfi" in asked.client
    (document,) = asked.parts.values()
    assert document == text.encode()
    href = asked.at("//x:Document/xop:Include/@href")[0]
    assert href.removeprefix("cid:") in asked.parts
    assert asked.external("XDSDocumentEntry.uniqueId") == unique_id
    assert asked.external("XDSDocumentEntry.patientId") == f"{INS}^^^&{OID}&ISO^NH"
    assert asked.external("XDSSubmissionSet.patientId") == f"{INS}^^^&{OID}&ISO^NH"
    assert asked.slot("hash") == [hashlib.sha1(text.encode()).hexdigest()]
    assert asked.slot("size") == [str(len(text.encode()))]
    assert asked.slot("creationTime") == ["20260110113000"]
    assert asked.slot("serviceStartTime") == ["20260110080000"]
    assert asked.codes(CONFIDENTIALITY) == ["N"]
    assert asked.codes("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a") == ["31"]
    assert asked.codes("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d") == ["urn:ihe:iti:xds-sd:pdf:2008"]
    assert asked.codes("urn:uuid:aa543740-bdda-424e-8c96-df4873be8500") == ["03"]
    assert asked.slot("sourcePatientId") == ["IPP0001^^^&1.2.250.1.999.2&ISO^PI"]
    assert "801234564895^Éric^Thomas" in asked.slot("authorPerson")[1]


def test_existence_query_names_the_patient(reference: Reference, peers: Peers) -> None:
    """TD0.2 carries the reason TEST_EXST and the INS, and is asked once for a patient's two documents."""
    for _ in range(2):
        reference.ask(message(cda(fresh_oid())))
    wait_for(lambda: len(peers.dmp.of("Provide")) == 2)
    (asked,) = peers.dmp.of("PRPA")
    assert asked.at("//h:reasonCode/@code") == ["TEST_EXST"]
    (value,) = asked.at("//h:patientIdentifier/h:value")
    assert (value.get("extension"), value.get("root")) == (INS, OID)


def test_assertion_is_signed_and_speaks_for_the_sender(reference: Reference, peers: Peers, pki: Path) -> None:
    """The VIHF verifies with the platform's certificate and names the sender, its structure and the patient."""
    reference.ask(message(cda(fresh_oid())))
    asked = submission(peers)
    (assertion,) = asked.at("//w:Security/saml:Assertion")
    raw = etree.fromstring(etree.tostring(assertion))
    checked = XMLVerifier().verify(raw, x509_cert=(pki / "pfi.pem").read_text(), id_attribute="ID")
    signed = checked[0] if isinstance(checked, list) else checked
    assert signed.signed_xml.get("ID") == assertion.get("ID")
    assert asked.at("//saml:NameID/text()") == ["801234564895"]
    assert [v.text for v in asked.attribute("Identifiant_Structure")] == ["1300017985"]
    assert [v.text for v in asked.attribute("Authentification_Mode")] == ["INDIRECTE"]
    resource = asked.attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id")
    assert [v.text for v in resource] == [f"{INS}^^^&{OID}&ISO^NH"]
    assert asked.attribute(SECRET) == []


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        ("MASQUE_PS", ["N", "MASQUE_PS"]),
        ("INVISIBLE_PATIENT", ["N", "INVISIBLE_PATIENT"]),
        ("INVISIBLE_REP_LEGAUX", ["N", "INVISIBLE_REPRESENTANTS_LEGAUX"]),
        (
            "MASQUE_PS INVISIBLE_PATIENT INVISIBLE_REP_LEGAUX",
            ["N", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"],
        ),
    ],
)
def test_each_masking_flag_adds_its_code(reference: Reference, peers: Peers, flags: str, codes: list[str]) -> None:
    """confidentialityCode is N then one value for each flag set to Y."""
    reference.ask(message(cda(fresh_oid()), flags=f"DESTDMP {flags}"))
    assert submission(peers).codes(CONFIDENTIALITY) == codes


def test_long_flag_names_of_v1_are_read(reference: Reference, peers: Peers) -> None:
    """V1.2 writes INVISIBLE_REPRESENTANTS_LEGAUX in full and means the same."""
    raw = message(cda(fresh_oid()), flags="DESTDMP INVISIBLE_REP_LEGAUX", order="SC")
    raw = raw.replace(b"|INVISIBLE_REP_LEGAUX^", b"|INVISIBLE_REPRESENTANTS_LEGAUX^")
    raw = raw.replace(b"2.1^CISIS_CDA_HL7_V2", b"1.2^CISIS_CDA_HL7_V1")
    assert "MSA|AA|" in reference.ask(raw)
    assert submission(peers).codes(CONFIDENTIALITY) == ["N", "INVISIBLE_REPRESENTANTS_LEGAUX"]


def test_secret_connection_reaches_the_assertion(reference: Reference, peers: Peers) -> None:
    """CONNEXION_SECRETE = Y puts the confidentiality-code attribute in the VIHF."""
    reference.ask(message(cda(fresh_oid()), flags="DESTDMP CONNEXION_SECRETE"))
    assert len(submission(peers).attribute(SECRET)) == 1


def test_n1_version_is_the_one_fed(reference: Reference, peers: Peers) -> None:
    """Of an N3 and an N1 version in one message, the N1 goes."""
    structured, flat = fresh_oid(), fresh_oid()
    reference.ask(message(cda(structured, body=N3), cda(flat), event="R01"))
    assert submission(peers).external("XDSDocumentEntry.uniqueId") == flat


def test_lone_structured_version_is_fed_with_the_format_of_its_model(reference: Reference, peers: Peers) -> None:
    """An N3 alone is fed; its formatCode comes from the document model."""
    reference.ask(message(cda(fresh_oid(), body=N3), event="R01"))
    codes = submission(peers).codes("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d")
    assert codes == ["urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013"]


@pytest.mark.parametrize("change", [{"flags": "ACK_RECEPTION"}, {"identity": "PROV"}])
def test_not_fed_without_request_or_qualified_identity(
    reference: Reference, peers: Peers, change: dict[str, str]
) -> None:
    """DESTDMP = N, or PID-32 other than VALI: acknowledged, nothing goes to the DMP."""
    assert "MSA|AA|" in reference.ask(message(cda(fresh_oid()), **change))  # type: ignore[arg-type]
    control = fresh_oid()
    reference.ask(message(cda(control)))
    assert submission(peers).external("XDSDocumentEntry.uniqueId") == control
    assert len(peers.dmp.of("Provide")) == 1


def test_replacement_names_the_entry_it_replaces(reference: Reference, peers: Peers) -> None:
    """A T10 asks TD3.1 for the entryUUID of the old document, then submits with an RPLC association to it."""
    old, new = fresh_oid(), fresh_oid()
    reference.ask(message(cda(old)))
    reference.ask(message(cda(new, replaced=old), event="T10", status="C", order="RO"))
    second: Asked = wait_for(lambda: peers.dmp.of("Provide")[1:])[0]
    (found,) = peers.dmp.of("Query")
    assert found.slot("$XDSDocumentEntryUniqueId") == [f"('{old}')"]
    (association,) = second.at("//rim:Association[contains(@associationType,'RPLC')]")
    assert association.get("targetObject") == peers.dmp.held[old]
    assert association.get("sourceObject") == second.at("//rim:ExtrinsicObject/@id")[0]


def test_deletion_changes_the_status_of_the_entry(reference: Reference, peers: Peers) -> None:
    """A T04 asks TD3.1 then sends ITI-57 from Approved to Deleted on the entry found."""
    unique_id, control = fresh_oid(), fresh()
    reference.ask(message(cda(unique_id)))
    reference.ask(message(cda(unique_id), event="T04", status="D", order="CA", control=control))
    asked = wait_for(lambda: peers.dmp.of("UpdateDocumentSet"))[0]
    (association,) = asked.at("//rim:Association")
    assert association.get("targetObject") == peers.dmp.held[unique_id]
    assert asked.slot("OriginalStatus") == ["urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"]
    assert asked.slot("NewStatus") == ["urn:asip:ci-sis:2010:StatusType:Deleted"]
    zam = wait_for(lambda: [z for z in peers.returns.heard if f"|{control}|" in z])[0]
    assert "|Y^^expandedYes-NoIndicator|" in zam


def test_deletion_of_an_unknown_document_is_returned_as_a_failure(reference: Reference, peers: Peers) -> None:
    """What neither the platform nor the DMP knows gives a ZAM with N and ERR, and no ITI-57."""
    control = fresh()
    reference.ask(message(cda(fresh_oid()), event="T04", status="D", order="CA", control=control))
    zam = wait_for(lambda: peers.returns.heard)[0]
    assert f"|{control}|N^^expandedYes-NoIndicator" in zam
    assert "ERR|||207^Application error^messageErrorCondition|E|XDSDocumentUniqueIdError^" in zam
    assert peers.dmp.of("UpdateDocumentSet") == []


def test_success_is_returned_to_the_sender(reference: Reference, peers: Peers) -> None:
    """ACK_RECEPTION = Y gives one ZAM^Z01 to the sender, Y, quoting the document message's control id."""
    control = fresh()
    reference.ask(message(cda(fresh_oid()), control=control))
    zam = wait_for(lambda: peers.returns.heard)[0]
    msh, obx = zam.rstrip("\r").split("\r")
    assert msh.split("|")[2:6] == ["PFI-Y", "Organisation-Y", "RIS-Y", "Organisation-Y"]
    assert msh.split("|")[8] == "ZAM^Z01^ZAM_Z01"
    assert msh.split("|")[11] == "2.6"
    assert msh.split("|")[20] == "2.1^CISIS_CDA_HL7_V2"
    assert obx == (
        f"OBX|1|CWE|ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|{control}|Y^^expandedYes-NoIndicator||||||F"
    )


def test_no_return_when_none_was_asked_for(reference: Reference, peers: Peers) -> None:
    """ACK_RECEPTION = N: the document is fed and no ZAM goes."""
    reference.ask(message(cda(fresh_oid()), flags="DESTDMP"))
    submission(peers)
    assert reference.admin(op="purge")["finished"]
    assert peers.returns.heard == []


@pytest.mark.parametrize(("answer", "code"), [(FAILURE, "DMPClosed^DMP fermé"), (FAULT, "DMPInvalidVihf^jeton refusé")])
def test_refusal_of_the_dmp_is_returned(reference: Reference, peers: Peers, answer: str, code: str) -> None:
    """A RegistryResponse Failure or a SOAP fault gives a ZAM with N and the DMP's own code; it is not tried again."""
    control = fresh()
    peers.dmp.answers["Provide"] = lambda asked: answer
    reference.ask(message(cda(fresh_oid()), control=control))
    zam = wait_for(lambda: peers.returns.heard)[0]
    assert f"|{control}|N^^" in zam
    assert f"|E|{code}^DMP_ERROR_CODE" in zam
    assert len(peers.dmp.of("Provide")) == 1


@pytest.mark.parametrize(("code", "status", "error"), [("NF", "active", "NF"), ("OK", "terminated", "DMPClosed")])
def test_no_submission_without_an_open_dmp(
    reference: Reference, peers: Peers, code: str, status: str, error: str
) -> None:
    """TD0.2 without DMP, or with a closed one: nothing is submitted and the sender is told."""
    peers.dmp.answers["PRPA"] = lambda asked: EXISTS.format(code=code, status=status)
    reference.ask(message(cda(fresh_oid())))
    zam = wait_for(lambda: peers.returns.heard)[0]
    assert f"|E|{error}^" in zam
    assert peers.dmp.of("Provide") == []


def test_cut_and_overloaded_dmp_is_asked_again(reference: Reference, peers: Peers) -> None:
    """A connection cut, then HTTP 503, then success: one submission carried, the same identifiers each time."""
    tries: list[str] = []

    def answer(asked: Asked) -> web.Response | None:
        tries.append(asked.external("XDSSubmissionSet.uniqueId"))
        if len(tries) == 1:
            raise ConnectionResetError
        return web.Response(status=503, text="busy") if len(tries) == 2 else None

    peers.dmp.answers["Provide"] = answer
    reference.ask(message(cda(fresh_oid())))
    zam = wait_for(lambda: peers.returns.heard)[0]
    assert "|Y^^" in zam
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_exhausted_attempts_are_a_failure(reference: Reference, peers: Peers) -> None:
    """A DMP that never answers well is given up after the attempts allowed, and the sender is told."""
    peers.dmp.answers["Provide"] = lambda asked: web.Response(status=503, text="busy")
    reference.ask(message(cda(fresh_oid())))
    zam = wait_for(lambda: peers.returns.heard)[0]
    assert "|N^^" in zam
    assert "|E|DMPUnavailable^" in zam
    assert len(peers.dmp.of("Provide")) == 3


def test_slow_success_then_duplicate_counts_as_fed(reference: Reference, peers: Peers) -> None:
    """A submission carried out but answered too late, then refused as a duplicate, is a success: TD3.1 says so."""

    async def answer(asked: Asked) -> str | None:
        unique_id = asked.external("XDSDocumentEntry.uniqueId")
        if unique_id in peers.dmp.held:
            return FAILURE
        peers.dmp.held[unique_id] = "urn:uuid:held"
        await asyncio.sleep(3)
        return None

    peers.dmp.answers["Provide"] = answer
    reference.ask(message(cda(fresh_oid())))
    assert "|Y^^" in wait_for(lambda: peers.returns.heard)[0]


def test_refused_duplicate_without_doubt_is_a_failure(reference: Reference, peers: Peers) -> None:
    """A duplicate refused at the first attempt is a failure, though TD3.1 would find the document."""
    unique_id = fresh_oid()
    reference.ask(message(cda(unique_id)))
    submission(peers)
    peers.dmp.answers["Provide"] = lambda asked: FAILURE
    reference.ask(message(cda(unique_id)))
    wait_for(lambda: len(peers.returns.heard) == 2)
    assert ["|N^^" in z for z in peers.returns.heard] == [False, True]


def test_return_is_sent_again_until_acknowledged(reference: Reference, peers: Peers) -> None:
    """A return answered AR is sent again, with the same control id; AA ends it."""
    peers.returns.codes.append("AR")
    reference.ask(message(cda(fresh_oid())))
    wait_for(lambda: len(peers.returns.heard) == 2)
    first, second = peers.returns.heard
    assert first == second


def test_documents_of_one_patient_keep_their_order(reference: Reference, peers: Peers) -> None:
    """Ten documents of one patient sent at once on one connection reach the DMP in the order sent."""
    ids = [fresh_oid() for _ in range(10)]
    connection = reference.connect()
    for unique_id in ids:
        connection.send(message(cda(unique_id), flags="DESTDMP"))
    answers = [connection.receive() for _ in ids]
    connection.close()
    assert all("MSA|AA|" in a for a in answers)
    wait_for(lambda: len(peers.dmp.of("Provide")) == 10)
    assert [a.external("XDSDocumentEntry.uniqueId") for a in peers.dmp.of("Provide")] == ids


def test_same_bytes_twice_are_one_document(reference: Reference, peers: Peers) -> None:
    """A message sent again because its acknowledgement was lost is acknowledged again and fed once."""
    raw = message(cda(fresh_oid()), flags="DESTDMP")
    assert "MSA|AA|" in reference.ask(raw)
    assert "MSA|AA|" in reference.ask(raw)
    assert reference.admin(op="state")["state"]["received"] == 2
    reference.admin(op="purge")
    assert len(peers.dmp.of("Provide")) == 1


def test_replacement_not_held_by_the_dmp_is_a_failure(reference: Reference, peers: Peers) -> None:
    """TD3.1 with an empty answer: no submission, the sender is told."""
    peers.dmp.answers["Query"] = lambda asked: FOUND.format(entries="")
    reference.ask(message(cda(fresh_oid(), replaced=fresh_oid()), event="T10", status="C", order="RO"))
    assert "|N^^" in wait_for(lambda: peers.returns.heard)[0]
    assert peers.dmp.of("Provide") == []


@pytest.mark.corpus
def test_official_replacement_and_deletion_are_carried_out(reference: Reference, peers: Peers, shared: Path) -> None:
    """The published MDM replacement and deletion, re-stamped, go through RPLC and ITI-57 with their secret flag."""
    unique_id, control = fresh_oid(), fresh()
    peers.dmp.held["1.2.250.1.71.4.2.2.120456789.71024000081"] = "urn:uuid:old"
    replacement = official(shared, "V2.1__MDM__Remplacement-MDM__message", control=control, unique_id=unique_id)
    assert f"MSA|AA|{control}" in reference.ask(replacement)
    asked = submission(peers)
    (association,) = asked.at("//rim:Association[contains(@associationType,'RPLC')]")
    assert association.get("targetObject") == "urn:uuid:old"
    assert len(asked.attribute(SECRET)) == 1
    assert asked.external("XDSDocumentEntry.uniqueId") == unique_id
    deletion = official(shared, "V2.1__MDM__Suppression-MDM__message", control=fresh(), unique_id=unique_id)
    assert "MSA|AA|" in reference.ask(deletion)
    (update,) = wait_for(lambda: peers.dmp.of("UpdateDocumentSet"))
    assert update.at("//rim:Association/@targetObject") == [peers.dmp.held[unique_id]]


@pytest.mark.corpus
def test_official_structured_report_is_fed(reference: Reference, peers: Peers, shared: Path) -> None:
    """The published ORU with an N3 biology report is fed under its identifier, as XD-LAB."""
    control, unique_id = fresh(), fresh_oid()
    raw = official(shared, "message_ORU_CR_Bio_INIT_N3_SEGUR", control=control, unique_id=unique_id)
    assert f"MSA|AA|{control}" in reference.ask(raw)
    asked = submission(peers)
    assert asked.external("XDSDocumentEntry.uniqueId") == unique_id
    assert asked.codes("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a") == ["10"]
    assert asked.codes("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d") == ["urn:ihe:lab:xd-lab:2008"]
