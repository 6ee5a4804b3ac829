"""Recorded messages made drivable."""

from __future__ import annotations

import base64
from datetime import date

import pytest

from conformance.errors import Malformed
from conformance.generation.binding import bind
from conformance.generation.restamp import request_of, stamp
from conformance.standards.hl7v2.syntax import parse

AS_OF = date(2026, 11, 24)
CDA = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3"/>'
    '<id root="1.2.250.1.999.7.42"/><setId root="1.2.250.1.999.7.40"/><versionNumber value="2"/>'
    '<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="279035121518989"/></patientRole>'
    '</recordTarget><relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.7.41"/>'
    "</parentDocument></relatedDocument><component/></ClinicalDocument>"
)
ALONE = CDA[: CDA.index("<relatedDocument")] + "<component/></ClinicalDocument>"


def recorded(event: str, status: str, order: str, document: str, replaced: str = "") -> bytes:
    """An MDM written by hand from section 2 to 7 of the volet, LF between segments as files have."""
    segments = (
        r"MSH|^~\&|RIS-Y|ORG-Y|PFI-Y|ORG-Y|202106060931||MDM^" + event + "^MDM_T02|015|P|2.6|||||FRA|UNICODE UTF-8"
        "|||2.1^CISIS_CDA_HL7_V2",
        "PID|||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS",
        f"ORC|{order}",
        "TXA|1|18748-4|TEXT|202212160932||||||||1.2.250.1.999.7.42|" + replaced + "||||AU",
        "OBX|1|ED|18748-4^CR^LN||^text^XML^Base64^" + base64.b64encode(document.encode()).decode() + f"||||||{status}",
        "OBX|2|CWE|MODIF_CONF_CODE^x^MetaDMPMSS||Y^^expandedYes-NoIndicator||||||F",
    )
    return ("\n".join(segments) + "\n").encode()


REPLACEMENT = recorded("T10", "C", "RO", CDA, "1.2.250.1.999.7.41")


def document(raw: bytes) -> str:
    """The CDA of a message."""
    return base64.b64decode(parse(raw).get("OBX-5.5")).decode()


def test_a_recorded_message_gets_new_identifiers_and_nothing_else() -> None:
    """MSH-7, MSH-10 and the document ids change; everything else is as recorded, with CR between segments."""
    raw = recorded("T02", "F", "NW", ALONE)
    (only,) = stamp(raw, bind("0a1b2c3d", 1), AS_OF, seed=False)
    was, now = parse(raw), parse(only.message)
    assert now.get("MSH-10") == only.control != "015"
    assert now.get("MSH-7").startswith("20261123")
    assert now.get("TXA-12").startswith("1.2.250.1.999.7.")
    assert only.uids == (now.get("TXA-12"),)
    assert f'<id root="{now.get("TXA-12")}"/>' in document(only.message)
    for path in ("MSH-3", "MSH-9", "MSH-21", "PID-3", "ORC-1", "TXA-4", "TXA-17", "OBX-11", "OBX(2)-5"):
        assert now.get(path) == was.get(path)
    assert b"\n" not in only.message
    assert not only.derived


def test_equal_ids_stay_equal_and_patient_ids_stay() -> None:
    """TXA-13 and the parent of the document become the same new id; the INS of the patient is left alone."""
    (only,) = stamp(REPLACEMENT, bind("0a1b2c3d", 1), AS_OF, seed=False)
    replaced = parse(only.message).get("TXA-13")
    assert replaced != "1.2.250.1.999.7.41"
    assert f'<parentDocument><id root="{replaced}"/>' in document(only.message)
    assert 'extension="279035121518989"' in document(only.message)
    assert '<setId root="1.2.250.1.999.7.40"/>' not in document(only.message)


def test_a_replacement_is_preceded_by_what_it_replaces() -> None:
    """The derived initial transmission bears the replaced id, version 1, no parent, no change of confidentiality."""
    first, second = stamp(REPLACEMENT, bind("0a1b2c3d", 1), AS_OF, seed=True)
    message = parse(first.message)
    assert (first.derived, second.derived, first.request, second.request) == (True, False, "initial", "replacement")
    assert (message.get("MSH-9.2"), message.get("OBX-11"), message.get("ORC-1")) == ("T02", "F", "NW")
    assert message.get("TXA-12") == parse(second.message).get("TXA-13")
    assert message.get("TXA-13") == ""
    assert message.get("OBX(2)-5.1") == "N"
    assert "relatedDocument" not in document(first.message)
    assert '<versionNumber value="1"/>' in document(first.message)
    assert f'<id root="{message.get("TXA-12")}"/>' in document(first.message)
    assert first.control != second.control


def test_a_deletion_is_preceded_by_the_whole_story() -> None:
    """A deleted document that says it replaced another is first transmitted, then replaced, then deleted."""
    raw = recorded("T04", "D", "CA", CDA, "1.2.250.1.999.7.41")
    chain = stamp(raw, bind("0a1b2c3d", 1), AS_OF, seed=True)
    assert [s.request for s in chain] == ["initial", "replacement", "deletion"]
    assert [parse(s.message).get("MSH-9.2") for s in chain] == ["T02", "T10", "T04"]
    assert document(chain[1].message) == document(chain[2].message)
    alone = stamp(recorded("T04", "D", "CA", ALONE), bind("0a1b2c3d", 1), AS_OF, seed=True)
    assert [s.request for s in alone] == ["initial", "deletion"]


def test_two_bindings_give_two_sets_of_ids() -> None:
    """Driven twice, a file bears other ids."""
    one, other = (stamp(REPLACEMENT, bind("0a1b2c3d", n), AS_OF, seed=False)[0] for n in (1, 2))
    assert not set(one.uids) & set(other.uids)
    assert one.control != other.control


@pytest.mark.parametrize("place", ["not a document", "Q2x*"])
def test_a_message_without_a_readable_document_keeps_its_content(place: str) -> None:
    """A sentence or a broken Base64 in place of the CDA is sent as it was."""
    raw = recorded("T02", "F", "NW", place)
    (only,) = stamp(raw, bind("0a1b2c3d", 1), AS_OF, seed=False)
    assert parse(only.message).get("OBX-5.5") == parse(raw).get("OBX-5.5")


def test_missing_padding_stays_missing() -> None:
    """A fault of the recorded Base64 is not mended."""
    raw = REPLACEMENT.replace(b"==||||||C", b"||||||C").replace(b"=||||||C", b"||||||C")
    assert raw != REPLACEMENT
    (only,) = stamp(raw, bind("0a1b2c3d", 1), AS_OF, seed=False)
    assert not parse(only.message).get("OBX-5.5").endswith("=")


def test_what_is_not_hl7_is_malformed() -> None:
    """Other bytes raise Malformed."""
    with pytest.raises(Malformed):
        stamp(b"<xml/>", bind("0a1b2c3d", 1), AS_OF, seed=True)


def test_the_request_of_an_oru_is_read_in_obx_11() -> None:
    """R01 says nothing: the status of the document does."""
    oru = REPLACEMENT.replace(b"MDM^T10^MDM_T02", b"ORU^R01^ORU_R01")
    assert request_of(parse(oru)) == "replacement"
