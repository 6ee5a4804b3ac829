"""Submissions, queries, updates and DMP requests read from hand-written messages; answers written and read back."""

from __future__ import annotations

import base64
import time
from dataclasses import replace

import pytest
import xds_samples as samples
from xds_samples import CDA, OLD, SIGNED

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.xds import answers, constants, patients, query, rules, submission, update
from conformance.standards.xds.datatypes import Coded, Cx, Xcn, Xon
from conformance.standards.xds.query import RegistryError
from conformance.standards.xds.submission import Submission
from conformance.standards.xds.syntax import Addressing, Envelope, build_envelope, parse_envelope
from conformance.standards.xml import syntax as xml


def _read(root: bytes | None = None, cda: bytes = CDA) -> Submission:
    content_type, entity = samples.multipart(root or samples.submit(), ("doc1@x", cda), ("sig1@x", SIGNED))
    return submission.read(parse_envelope(entity, content_type))


def test_data_types_are_read_by_their_components() -> None:
    """CX, XCN and XON of the DMP examples' shape give id, authority and types; any text reads."""
    assert Cx.parse("279^^^&1.2.250.1.213.1.4.10&ISO^NH") == Cx(
        "279^^^&1.2.250.1.213.1.4.10&ISO^NH", "279", "1.2.250.1.213.1.4.10", "NH"
    )
    person = Xcn.parse("8012^AUGUIN^Léon^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS")
    assert (person.id, person.family, person.given) == ("8012", "AUGUIN", "Léon")
    assert (person.authority, person.name_type, person.id_type) == ("1.2.250.1.71.4.2.1", "D", "IDNPS")
    place = Xon.parse("CHU^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^175")
    assert (place.name, place.authority, place.id_type, place.id) == ("CHU", "1.2.250.1.71.4.2.2", "IDNST", "175")
    assert Cx.parse("").id == Xcn.parse("a").id_type == Xon.parse("&&&").authority == ""


def test_a_submission_gives_its_set_entries_and_documents() -> None:
    """Every metadata element of the DMP comes out of ITI-41, with the bytes of each document."""
    read = _read()
    assert (read.unique_id, read.source_id, read.patient_id.id) == ("2.25.79", "1.2.3.9", "279035121518989")
    assert (read.submission_time, read.title, read.mtom, read.soap) == ("20260102020500", "Lot", True, "1.2")
    assert read.content_type == Coded("03", "1.2.250.1.213.2.2", "Hospitalisation")
    assert read.authors[0].persons[0].id == "801234567897"
    assert read.authors[0].institutions[0].id == "1750803447"
    (entry,) = read.documents
    assert (entry.id, entry.unique_id, entry.content) == ("Doc1", "2.25.77", CDA)
    assert [(c.code, c.scheme) for c in entry.confidentiality_codes] == [
        ("N", "2.16.840.1.113883.5.25"),
        ("MASQUE_PS", "1.2.250.1.213.1.1.4.13"),
    ]
    assert entry.has_confidentiality("MASQUE_PS")
    assert not entry.has_confidentiality("INVISIBLE_PATIENT")
    assert (entry.type_code.code, entry.class_code.code, entry.format_code.code) == (
        "11490-0",
        "10",
        "urn:ihe:iti:xds-sd:pdf:2008",
    )
    assert (entry.facility_type.code, entry.practice_setting.code) == ("SA01", "ETABLISSEMENT")
    assert (entry.mime_type, entry.language, entry.title, entry.uri) == (
        "text/xml",
        "fr-FR",
        "Compte rendu",
        "DOC0001.XML",
    )
    assert (entry.creation_time, entry.service_start, entry.service_stop) == ("20260102020405", "20260101070000", "")
    assert (entry.size, len(entry.hash)) == (len(CDA), 40)
    assert entry.patient_info[1] == "PID-7|19790328"
    assert (entry.source_patient_id.id, entry.source_patient_id.type) == ("IPP17", "PI")
    assert entry.legal_authenticator.family == "AUGUIN"


def test_the_signature_and_the_replacement_are_recognised() -> None:
    """The XAdES entry stands apart, and the RPLC association gives the entryUUID replaced."""
    read = _read()
    assert read.signature is not None
    assert (read.signature.unique_id, read.signature.content) == ("2.25.78", SIGNED)
    assert [(e.id, target) for e, target in read.replacements] == [("Doc1", OLD)]
    kinds = [a.kind for a in read.associations]
    assert kinds.count(constants.HAS_MEMBER) == 2
    assert constants.SIGNS in kinds


def test_the_vihf_comes_with_the_submission() -> None:
    """The assertion of wsse:Security is read; without one the submission still reads, and a warning says so."""
    read = _read()
    assert read.vihf is not None
    assert (read.vihf.mode, read.vihf.matricule) == ("INDIRECTE", "279035121518989")
    bare = _read(samples.submit(vihf=""))
    assert bare.vihf is None
    assert [f.code for f in rules.judge(bare)] == ["xds.vihf.absent"]


def test_documents_may_come_inline() -> None:
    """Base64 in the Document element, without MTOM, gives the same bytes."""
    inline = "".join(
        f'<x:Document id="{id}">{base64.encodebytes(data).decode()}</x:Document>'
        for id, data in (("Doc1", CDA), ("Sig1", SIGNED))
    )
    read = submission.read(parse_envelope(samples.submit(documents=inline)))
    assert not read.mtom
    assert read.documents[0].content == CDA


def test_a_plain_submission_has_no_finding() -> None:
    """The hand-written submission, complete, gives no finding at all."""
    assert list(rules.judge(_read())) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('value="2.25.77"', 'value="2.25.99"', "xds.metadata.unique-id"),
        (f"<Value>{len(CDA)}</Value>", "<Value>1</Value>", "xds.metadata.size"),
        ('<Slot name="hash"><ValueList><Value>', '<Slot name="hash"><ValueList><Value>00', "xds.metadata.hash"),
        ("20260102020405", "2026-01-02T02:04:05Z", "xds.metadata.time"),
        ('nodeRepresentation="SA01"', 'nodeRepresentation=""', "xds.metadata.missing"),
        ('name="languageCode"', 'name="language"', "xds.metadata.missing"),
        ('targetObject="Doc1"', 'targetObject="Doc9"', "xds.association.member"),
    ],
)
def test_one_change_gives_its_finding(old: str, new: str, code: str) -> None:
    """Each contradiction gives its finding, and none of them is an error: the DMP guide is not public."""
    root = samples.submit().decode().replace(old, new, 1)
    found = list(rules.judge(_read(root.encode())))
    assert {f.code for f in found} == {code}
    assert all(f.severity is not Severity.ERROR for f in found)


def test_a_document_that_is_no_cda_is_told() -> None:
    """Bytes announced as text/xml that no CDA reader takes give an advice, beside size and hash."""
    codes = {f.code for f in rules.judge(_read(cda=b"<html/>"))}
    assert codes == {"xds.document.unreadable", "xds.metadata.size", "xds.metadata.hash"}


def test_an_entry_of_another_patient_is_told() -> None:
    """An entry whose INS is not that of the set gives a warning."""
    root = samples.submit(
        samples.PACKAGE
        + samples.ENTRY.replace("279035121518989", "275126322074974")
        + samples.SIGNATURE
        + samples.LINKS
    )
    assert [f.code for f in rules.judge(_read(root))] == ["xds.metadata.patient"]


@pytest.mark.parametrize(
    ("root", "code"),
    [
        (samples.submit(samples.ENTRY), "xds.submission.set"),
        (samples.submit(samples.PACKAGE * 2), "xds.submission.set"),
        (samples.submit(documents='<x:Document id="a"></x:Document>' * 2), "xds.submission.document"),
        (samples.submit(samples.PACKAGE + "<ObjectRef/>" * 3000), "xds.ebrim.too-many"),
        (samples.submit(vihf=samples.VIHF * 2), "saml.syntax.several"),
        (samples.authorisation(), "xds.submission.root"),
    ],
)
def test_broken_submissions_are_malformed(root: bytes, code: str) -> None:
    """A submission that cannot be told what it is raises Malformed with its code."""
    with pytest.raises(Malformed) as caught:
        _read(root)
    assert caught.value.code == code


def test_a_megabyte_is_read_in_a_few_milliseconds() -> None:
    """ITI-41 with a 1 MB document: well under 50 ms, so that a whole run can be judged again offline."""
    content_type, entity = samples.multipart(samples.submit(), ("doc1@x", CDA + b" " * 1_000_000), ("sig1@x", SIGNED))
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        submission.read(parse_envelope(entity, content_type))
        best = min(best, time.perf_counter() - start)
    assert best < 0.05


PATIENT = samples.slot("$XDSDocumentEntryPatientId", f"'{samples.INS}'")


def test_a_query_by_unique_id_is_read() -> None:
    """GetDocuments with several unique ids, quoted and bracketed (TF-2 3.18.4.1.2.3.5)."""
    wanted = samples.slot("$XDSDocumentEntryUniqueId", "('2.25.77','2.25.78')", "('2.25.80')")
    read = query.read(parse_envelope(samples.query("5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", wanted)))
    assert (read.name, read.return_type, read.composed) == ("GetDocuments", "LeafClass", True)
    assert read.unique_ids == ("2.25.77", "2.25.78", "2.25.80")
    assert read.vihf is not None


def test_a_query_by_patient_is_read() -> None:
    """FindDocuments gives the patient and the statuses; doubled quotes are one, numbers stand bare."""
    status = samples.slot("$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')")
    extra = samples.slot("$x", "'it''s'") + samples.slot("$n", "20260101")
    read = query.read(parse_envelope(samples.query("14d4debf-8f97-4251-9a74-a90016b0af0d", PATIENT, status, extra)))
    assert (read.name, read.patient_id.id) == ("FindDocuments", "279035121518989")
    assert read.parameters["$XDSDocumentEntryStatus"] == (constants.APPROVED,)
    assert (read.parameters["$x"], read.parameters["$n"]) == (("it's",), ("20260101",))


def test_a_deletion_is_read() -> None:
    """TD3.3c: the entryUUID and both statuses; an archiving is a change that deletes nothing."""
    read = update.read(parse_envelope(samples.update()))
    assert [(c.target, c.original, c.new) for c in read.deletions] == [(OLD, constants.APPROVED, constants.DELETED)]
    assert (read.unique_id, read.patient_id.id) == ("2.25.79", "279035121518989")
    archived = update.read(parse_envelope(samples.update(constants.ARCHIVED)))
    assert archived.deletions == ()
    assert len(archived.changes) == 1


def test_existence_and_authorisation_are_read() -> None:
    """TD0.2 gives patient, reason and ids; TD0.3 its action, the patient being in the VIHF."""
    exists = patients.read_existence(parse_envelope(samples.existence()))
    assert (exists.patient, exists.reason) == (("1.2.250.1.213.1.4.10", "279035121518989"), "TEST_EXST")
    assert (exists.message_id, exists.query_id, exists.sender) == (("1.2.3", "M1"), ("1.2.4", "Q1"), "1.2.3.9")
    allowed = patients.read_authorisation(parse_envelope(samples.authorisation("SUPPRESSION")))
    assert allowed.action == "SUPPRESSION"
    assert allowed.vihf is not None


def _answered(body: bytes) -> answers.Answer:
    return answers.read(parse_envelope(build_envelope(body, Addressing("urn:answer", relates_to="urn:uuid:1"))))


def test_registry_answers_say_what_they_were_given() -> None:
    """Success without errors, failure with each code and sentence."""
    assert _answered(query.registry_response()).ok
    refused = _answered(query.registry_response([RegistryError("XDSDocumentUniqueIdError", 'a "b" <c>', "2.25.77")]))
    assert (refused.ok, refused.status) == (False, constants.FAILURE)
    assert refused.errors == (RegistryError("XDSDocumentUniqueIdError", 'a "b" <c>', "2.25.77"),)
    assert refused.addressing.relates_to == "urn:uuid:1"


def test_query_answers_give_back_whole_entries() -> None:
    """An entry read from ITI-41 and answered to ITI-18 keeps all its metadata; references give bare ids."""
    entry = _read().documents[0]
    found = _answered(query.query_response([entry])).entries[0]
    assert (found.status, found.logical_id) == (constants.APPROVED, "Doc1")
    assert replace(found, status="", logical_id="", uri=entry.uri, content=CDA) == entry
    assert _answered(query.query_response([entry], leaf=False)).references == ("Doc1",)
    assert not _answered(query.query_response(errors=[RegistryError("XDSRegistryError")])).ok


def test_answers_to_an_existence_test() -> None:
    """OK with the INS and no trait at all, NF without a DMP, AE with the DMP's code when it is closed."""
    request = patients.read_existence(parse_envelope(samples.existence()))
    wrote = patients.existence_response(request, patients.ExistenceAnswer(), message_id="u", created="20260102030405")
    found = _answered(wrote)
    assert (found.ok, found.status, found.patients) == (True, "OK", (request.patient,))
    assert b"family" not in wrote
    assert b"birthTime" not in wrote
    none = patients.existence_response(request, patients.ExistenceAnswer(found=False), message_id="u", created="2026")
    assert (_answered(none).ok, _answered(none).status, _answered(none).patients) == (False, "NF", ())
    closed = patients.ExistenceAnswer(error="DMPClosed", error_text="DMP fermé")
    refused = _answered(patients.existence_response(request, closed, message_id="u", created="2026"))
    assert (refused.ok, refused.errors) == (False, (RegistryError("DMPClosed", "DMP fermé"),))


def test_answers_to_an_authorisation() -> None:
    """DMPOk is a success, anything else an error of that code."""
    assert _answered(patients.authorisation_response()).ok
    refused = _answered(patients.authorisation_response("DMPAccessDenied", "refusé"))
    assert refused.errors == (RegistryError("DMPAccessDenied", "refusé"),)


READERS = (
    submission.read,
    query.read,
    update.read,
    patients.read_existence,
    patients.read_authorisation,
    answers.read,
)


@pytest.mark.parametrize("reader", READERS, ids=lambda r: f"{r.__module__.rsplit('.', 1)[1]}.{r.__name__}")
def test_another_body_is_malformed_for_every_reader(reader: object) -> None:
    """A body that is none of theirs raises Malformed in each reader."""
    other = Envelope("1.2", Addressing(), None, xml.parse(b"<unexpected/>"))
    with pytest.raises(Malformed):
        reader(other)  # type: ignore[operator]
