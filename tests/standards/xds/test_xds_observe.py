"""Exchanges of the DMP channel observed: kind, keys, findings; mutated messages never raise."""

from __future__ import annotations

import pytest
import xds_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from xds_samples import CDA, OLD, SIGNED, exchange, multipart, submit

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Direction, Exchange
from conformance.standards.observe import observe, sniff
from conformance.standards.xds import fault, patients, query
from conformance.standards.xds.submission import Submission
from conformance.standards.xds.syntax import Addressing, build_envelope

INS = ("patient", "279035121518989")
TYPE, ENTITY = multipart(submit(), ("doc1@x", CDA), ("sig1@x", SIGNED))


def answer(body: bytes) -> bytes:
    """An answer that relates to the request."""
    return build_envelope(body, Addressing("urn:answer", relates_to="urn:uuid:1"))


@pytest.mark.parametrize(
    ("body", "kind", "keys"),
    [
        (
            samples.query(
                "5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4", samples.slot("$XDSDocumentEntryUniqueId", "('2.25.77')")
            ),
            "xds.query",
            (("document", "2.25.77"), INS),
        ),
        (samples.update(), "xds.update", (("entry", OLD), ("set", "2.25.79"), INS)),
        (samples.existence(), "dmp.existence", (INS,)),
        (samples.existence("CONSULTATION"), "dmp.other", (INS,)),
        (samples.authorisation(), "dmp.authorisation", (INS,)),
        (answer(query.registry_response()), "xds.answer", (("relates", "urn:uuid:1"),)),
        (answer(patients.authorisation_response()), "xds.answer", (("relates", "urn:uuid:1"),)),
        (answer(fault.build("Receiver", "panne")), "soap.fault", (("relates", "urn:uuid:1"),)),
        (answer(b"<other/>"), "soap.other", (("relates", "urn:uuid:1"),)),
    ],
)
def test_each_message_has_its_kind_and_keys(body: bytes, kind: str, keys: tuple[tuple[str, str], ...]) -> None:
    """The first element of soap:Body decides the kind; keys come strongest first."""
    seen = observe(exchange(body))
    assert (seen.kind, seen.keys, seen.findings) == (kind, keys, ())


def test_a_submission_is_attributed_by_its_documents() -> None:
    """The unique id of the document comes first, then what it replaces, the set, the patient; not the signature's."""
    seen = observe(exchange(ENTITY, TYPE))
    assert seen.kind == "xds.submission"
    assert isinstance(seen.value, Submission)
    assert seen.value.vihf is not None
    assert seen.keys == (("document", "2.25.77"), ("entry", OLD), ("set", "2.25.79"), INS)
    assert seen.findings == ()


def test_findings_carry_the_exchange() -> None:
    """What is found while decoding says in which exchange it was."""
    seen = observe(exchange(*reversed(multipart(submit(vihf=""), ("doc1@x", CDA), ("sig1@x", SIGNED)))))
    assert [(f.code, f.location.exchange) for f in seen.findings] == [("xds.vihf.absent", "x1")]


def test_garbage_is_an_observation_too() -> None:
    """Bytes that are no SOAP give `soap.malformed`, the Malformed as value, and its finding."""
    seen = observe(exchange(b"<html>502</html>"))
    assert seen.kind == "soap.malformed"
    assert isinstance(seen.value, Malformed)
    assert [f.code for f in seen.findings] == ["xds.syntax.envelope"]


@pytest.mark.parametrize(
    ("body", "protocol"),
    [
        (b"MSH|^~\\&|A", "mllp"),
        (b"\x0bMSH|^~\\&|A", "mllp"),
        (b"\xef\xbb\xbf<a/>", "http"),
        ("<a/>".encode("utf-16"), "http"),
        (b"--b\r\n", "http"),
        (b'{"a": 1}', ""),
        (b"", ""),
    ],
)
def test_protocols_are_guessed_from_the_first_bytes(body: bytes, protocol: str) -> None:
    """Without a fact, ER7, XML and multipart are told apart; anything else is unknown."""
    assert sniff(body) == protocol


def test_the_protocol_told_wins_over_the_bytes() -> None:
    """`facts["protocol"]` decides; without it the bytes do; nothing and unknown have kinds of their own."""

    def kind(body: bytes, **facts: str) -> str:
        return observe(Exchange("x", "c", Direction.FROM_VENDOR, 1, 0, body, facts)).kind

    assert kind(samples.existence()) == "dmp.existence"
    assert kind(samples.existence(), protocol="mllp") == "hl7v2.malformed"
    assert kind(b"MSH|^~\\&|A") != "soap.malformed"
    assert kind(b"") == "nothing"
    assert kind(b'{"a": 1}') == "unknown"


@settings(max_examples=150)
@given(st.data())
def test_mutated_messages_never_raise(data: st.DataObject) -> None:
    """Deleting, doubling or overwriting any stretch of a real message gives an observation with known codes."""
    base = data.draw(st.sampled_from([ENTITY, samples.update(), samples.existence(), samples.authorisation()]))
    start = data.draw(st.integers(0, len(base) - 1))
    end = data.draw(st.integers(start, min(len(base), start + 300)))
    middle = data.draw(st.one_of(st.just(b""), st.just(base[start:end] * 2), st.binary(max_size=20)))
    seen = observe(exchange(base[:start] + middle + base[end:], TYPE if base is ENTITY else "application/soap+xml"))
    assert all(f.code in all_codes() for f in seen.findings)
    assert all(isinstance(v, str) and v for _, v in seen.keys)
