"""What the reference answers on reception: original and enhanced mode, refusals, character sets, broken bytes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path

import hl7
import pytest
from reference_messages import N3, cda, fresh, fresh_oid, message, official
from reference_peers import Peers, wait_for
from reference_runner import Reference


def fields(answer: str) -> tuple[str, str, str]:
    """MSA-1, MSA-2 and ERR-3.1 of an acknowledgement, read by a third-party library."""
    parsed = hl7.parse(answer)
    msa = parsed.segment("MSA")
    error = ""
    if any(str(s[0]) == "ERR" for s in parsed):
        error = str(parsed.segment("ERR")[3]).partition("^")[0]
    return str(msa[1]), str(msa[2]), error


@pytest.mark.parametrize(("event", "version"), [("R01", "2.5"), ("T02", "2.6")])
def test_acknowledgement_has_the_form_of_the_volet(
    reference: Reference, peers: Peers, event: str, version: str
) -> None:
    """ACK^event^ACK, addresses swapped, version of the carrier, FRA, no MSH-21, AA and the control id."""
    control = fresh()
    answer = reference.ask(message(cda(fresh_oid()), event=event, control=control, flags=""))
    msh, msa = answer.rstrip("\r").split("\r")
    values = msh.split("|")
    assert values[2:6] == ["PFI-Y", "Organisation-Y", "RIS-Y", "Organisation-Y"]
    assert values[8] == f"ACK^{event}^ACK"
    assert values[10:12] == ["P", version]
    assert values[16:] == ["FRA", "UNICODE UTF-8"]
    assert msa == f"MSA|AA|{control}"


@pytest.mark.parametrize(
    ("event", "status", "order"),
    [
        ("T02", "C", "NW"),
        ("T02", "F", "RO"),
        ("T10", "F", "RO"),
        ("T10", "C", "CA"),
        ("T04", "D", "NW"),
        ("T04", "F", "CA"),
        ("R01", "C", "NW"),
        ("R01", "F", "CA"),
        ("T02", "F", "SC"),
        ("T02", "X", "NW"),
        ("T02", "F", ""),
    ],
)
def test_incoherent_request_is_refused(reference: Reference, peers: Peers, event: str, status: str, order: str) -> None:
    """Event, OBX-11 and ORC-1 that do not agree: AE with ERR, and nothing goes to the DMP."""
    control = fresh()
    text = cda(fresh_oid(), replaced=fresh_oid())
    raw = message(text, event=event, status=status, order=order, control=control)
    assert fields(reference.ask(raw))[:2] == ("AE", control)
    assert reference.admin(op="state")["state"]["working"] == 0
    assert peers.dmp.asked == []


@pytest.mark.parametrize(
    ("event", "status", "order"), [("T02", "F", "NW"), ("T10", "C", "RO"), ("T04", "D", "CA"), ("R01", "D", "CA")]
)
def test_coherent_request_is_accepted(reference: Reference, event: str, status: str, order: str) -> None:
    """The coherent forms of the three requests are accepted in MDM, and in ORU where only OBX-11 and ORC-1 speak."""
    text = cda(fresh_oid(), replaced=fresh_oid())
    assert fields(reference.ask(message(text, event=event, status=status, order=order, flags="")))[0] == "AA"


def test_v2_0_without_order_segments_is_accepted(reference: Reference) -> None:
    """V2.0 MDM messages have no ORC: the event and OBX-11 are enough."""
    rows = message(cda(fresh_oid()), flags="").split(b"\r")
    raw = b"\r".join(r for r in rows if not r.startswith((b"ORC", b"OBR")))
    assert fields(reference.ask(raw))[2] == "101"
    assert fields(reference.ask(raw.replace(b"2.1^CISIS", b"2.0^CISIS")))[0] == "AA"


def damaged(raw: bytes, content: bytes) -> bytes:
    """The message with another content in the Base64 component of its document."""
    head, _, tail = raw.partition(b"^Base64^")
    return head + b"^Base64^" + content + tail[tail.index(b"|") :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PENsaW5pY2!!", "102"),
        (b"", "101"),
        (base64.b64encode(b"<ClinicalDocument"), "207"),
        (base64.b64encode(b"<other/>"), "207"),
        (base64.b64encode(b'<!DOCTYPE a [<!ENTITY b "c">]><ClinicalDocument xmlns="urn:hl7-org:v3"/>'), "207"),
        (base64.b64encode(b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'), "207"),
        (base64.b64encode(b"<a>" * 5000), "207"),
    ],
)
def test_unreadable_document_is_refused(reference: Reference, content: bytes, code: str) -> None:
    """Undecodable Base64, no document, broken XML, entities, another root or a bare header: AE with its code."""
    control = fresh()
    assert fields(reference.ask(damaged(message(cda(fresh_oid()), control=control), content))) == ("AE", control, code)


def test_missing_padding_is_forgiven(reference: Reference) -> None:
    """Base64 without its final `=` (an official example has this) can be decoded, and is."""
    raw = message(cda(fresh_oid()) + "\n" * 2, flags="")
    assert b"=|" in raw
    assert fields(reference.ask(raw.replace(b"==|", b"|").replace(b"=|", b"|")))[0] == "AA"


def test_document_of_another_patient_is_refused(reference: Reference, peers: Peers) -> None:
    """A CDA whose INS is not that of the PID is refused; the same INS is accepted."""
    other = cda(fresh_oid(), ins="110086322083060")
    assert fields(reference.ask(message(other)))[::2] == ("AE", "207")
    assert fields(reference.ask(message(other, ins="110086322083060", flags="")))[0] == "AA"


def test_other_patient_is_told_by_traits_without_ins(reference: Reference) -> None:
    """Without INS in the PID and no identifier in common, name and birth day decide."""
    rows = message(cda(fresh_oid()), identity="PROV", flags="").split(b"\r")
    bare = [r.replace(b"|279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~", b"|") for r in rows]
    assert fields(reference.ask(b"\r".join(bare)))[0] == "AA"
    renamed = [r.replace(b"PAT-TROIS^", b"AUTRE^") for r in bare]
    assert fields(reference.ask(b"\r".join(renamed)))[0] == "AE"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"MDM^T02^MDM_T02", b"MDM^T11^MDM_T02", "201"),
        (b"MDM^T02^MDM_T02", b"ADT^A01^ADT_A01", "200"),
        (b"2.1^CISIS_CDA_HL7_V2", b"1.1^CISIS_CDA_HL7_LPS", "203"),
        (b"UNICODE UTF-8", b"KLINGON", "103"),
        (b"\rPID|", b"\rZID|", "100"),
        (b"||Y^^expanded", b"||MAYBE^^expanded", "103"),
    ],
)
def test_what_the_volet_does_not_define_is_refused(reference: Reference, old: bytes, new: bytes, code: str) -> None:
    """Another event, type, profile, character set, no PID, a flag neither Y nor N: AE with the code of table 0357."""
    raw = message(cda(fresh_oid())).replace(old, new)
    assert fields(reference.ask(raw))[::2] == ("AE", code)


def test_bytes_that_are_no_message_are_refused(reference: Reference) -> None:
    """A frame that is not ER7 gets AE without a reference, and the connection stays usable."""
    connection = reference.connect()
    assert "MSA|AE|\r" in connection.ask(b"hello")
    assert "MSA|AA|" in connection.ask(message(cda(fresh_oid()), flags=""))
    connection.close()


def test_acknowledgement_in_the_sender_s_character_set(reference: Reference, peers: Peers) -> None:
    """An 8859/15 message is read and its acknowledgement and return declare and use the same character set."""
    raw = message(cda(fresh_oid()), charset="8859/15", flags="DESTDMP").replace(
        b"|RIS-Y|", "|RIS-É|".encode("iso8859-15")
    )
    answer = reference.ask(raw)
    assert "|RIS-É|" in answer
    assert "|8859/15" in answer
    (asked,) = wait_for(lambda: peers.dmp.of("Provide"))
    assert any("^Éric^Thomas" in v for v in asked.slot("authorPerson"))


def test_any_delimiters_are_read(reference: Reference, peers: Peers) -> None:
    """A message whose five delimiters are not the usual ones is read by its own MSH-1 and MSH-2."""
    unique_id = fresh_oid()
    raw = message(cda(unique_id), flags="DESTDMP").decode()
    swapped = raw.translate(str.maketrans({"|": "!", "^": "@", "~": "*", "&": "%"}))
    assert "MSA|AA|" in reference.ask(swapped.encode())
    (asked,) = wait_for(lambda: peers.dmp.of("Provide"))
    assert asked.external("XDSDocumentEntry.patientId").endswith("&ISO^NH")
    assert asked.external("XDSDocumentEntry.uniqueId") == unique_id


@pytest.mark.parametrize(
    ("accept", "application", "broken", "expected"),
    [
        ("AL", "NE", False, ["CA"]),
        ("AL", "AL", False, ["CA", "AA"]),
        ("AL", "ER", False, ["CA"]),
        ("AL", "ER", True, ["CA", "AE"]),
        ("NE", "AL", False, ["AA"]),
    ],
)
def test_enhanced_mode(reference: Reference, accept: str, application: str, broken: bool, expected: list[str]) -> None:
    """With MSH-15 and MSH-16, the accept and application acknowledgements asked for come, in this order."""
    connection = reference.connect()
    order = "CA" if broken else "NW"
    connection.send(message(cda(fresh_oid()), order=order, accept=accept, application=application, flags=""))
    assert [fields(connection.receive())[0] for _ in expected] == expected
    control = fresh()
    assert fields(connection.ask(message(cda(fresh_oid()), control=control, flags="")))[:2] == ("AA", control)
    connection.close()


def test_many_messages_on_many_connections(reference: Reference) -> None:
    """Each message of several connections used at once gets its own acknowledgement."""
    connections = [reference.connect() for _ in range(4)]
    sent = [[fresh() for _ in range(5)] for _ in connections]
    for turn in range(5):
        for connection, controls in zip(connections, sent, strict=True):
            connection.send(message(cda(fresh_oid()), control=controls[turn], flags=""))
    for connection, controls in zip(connections, sent, strict=True):
        assert [fields(connection.receive())[:2] for _ in controls] == [("AA", c) for c in controls]
        connection.close()


def test_half_frame_leaves_the_process_alive(reference: Reference) -> None:
    """A connection cut in the middle of a frame is forgotten."""
    connection = reference.connect()
    connection.socket.sendall(b"\x0bMSH|^~\\&|RIS")
    connection.close()
    assert fields(reference.ask(message(cda(fresh_oid()), flags="")))[0] == "AA"


def test_full_store_refuses_for_now(start: Callable[..., Reference], peers: Peers) -> None:
    """When the store is full the answer is AR; it is AA again once the store has emptied."""
    process = start(messages=2, timeout=0.4)

    async def never(asked: object) -> None:
        await asyncio.sleep(3)

    peers.dmp.answers["PRPA"] = never
    answers = [fields(process.ask(message(cda(fresh_oid()), flags="DESTDMP")))[::2] for _ in range(3)]
    assert answers == [("AA", ""), ("AA", ""), ("AR", "207")]
    del peers.dmp.answers["PRPA"]
    wait_for(lambda: process.admin(op="state")["state"]["working"] == 0)
    assert fields(process.ask(message(cda(fresh_oid()), flags="DESTDMP")))[0] == "AA"


def test_large_document_goes_through(reference: Reference, peers: Peers) -> None:
    """A document of twelve megabytes is integrated and fed whole."""
    body = "<nonXMLBody><text mediaType='application/pdf' representation='B64'>" + "A" * 12_000_000
    text = cda(fresh_oid(), body=body + "</text></nonXMLBody>")
    assert fields(reference.ask(message(text, flags="DESTDMP")))[0] == "AA"
    (asked,) = wait_for(lambda: peers.dmp.of("Provide"))
    assert next(iter(asked.parts.values())) == text.encode()


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("V2.1__MDM__Transmission-initiale-MDM__message", ("AE", "207")),
        ("V1.2__MDM__message", ("AE", "207")),
        ("V2.0__ORU__Transmission-initiale-ORU__message", ("AE", "207")),
        ("V2.0__MDM__Transmission-initiale-MDM__message_MDM_CR_Radio_INIT_N1_Base64", ("AA", "")),
        ("V1.1__Transmission-initiale-MDM__message_MDM__LPS_MSS_CR_Radio_INIT_N1_Base64", ("AE", "203")),
    ],
)
def test_official_messages_get_their_answer(
    reference: Reference, shared: Path, part: str, answer: tuple[str, str]
) -> None:
    """Published messages: those with a placeholder instead of a CDA are refused, the executable one is accepted,
    the PFI-to-LPS flow is not ours."""
    control = fresh()
    assert fields(reference.ask(official(shared, part, control=control))) == (answer[0], control, answer[1])


def test_structured_body_alone_is_accepted(reference: Reference) -> None:
    """An ORU with one structured document is accepted."""
    assert fields(reference.ask(message(cda(fresh_oid(), body=N3), event="R01", flags="")))[0] == "AA"
