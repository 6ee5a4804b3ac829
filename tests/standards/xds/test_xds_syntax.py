"""MTOM and SOAP: byte-exact parts, held to the email package and to soapbar; broken entities; bounds."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from soapbar.core.fault import SoapFault
from soapbar.core.mtom import MtomAttachment, build_mtom, parse_mtom
from xds_samples import CDA, envelope, multipart, submit

from conformance.errors import Malformed
from conformance.evidence.codes import all_codes
from conformance.standards.xds import fault
from conformance.standards.xds import syntax as soap
from conformance.standards.xml import syntax as xml

awkward = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet="\r\n-=_MIMEpart0", max_size=60).map(str.encode),
)


@given(awkward)
@example(b"\r\n--MIME-part-0--\r\n")
@example(b"\r\n")
@example(b"")
def test_parts_come_back_byte_for_byte(data: bytes) -> None:
    """Whatever a part holds, boundary look-alikes and line ends included, it reads back unchanged."""
    content_type, entity = soap.pack(b"<r/>", {"a@x": ("application/octet-stream", data)}, action="urn:a")
    package = soap.unpack(entity, content_type)
    assert package.mtom
    assert package.root == b"<r/>"
    assert package.parts["a@x"].body == data


@given(awkward)
def test_the_email_package_reads_what_we_pack(data: bytes) -> None:
    """The standard library finds the same parts, types and bytes in our entities."""
    content_type, entity = soap.pack(b"<r/>", {"a@x": ("text/xml", data)}, action="urn:a")
    head = f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + entity, policy=email.policy.HTTP)
    root, part = message.iter_parts()  # type: ignore[union-attr]
    assert root.get_content_type() == "application/xop+xml"
    assert part["Content-ID"] == "<a@x>"
    assert part.get_content_type() == "text/xml"
    if b"\r" not in data and b"\n" not in data:  # the peer rewrites line ends
        assert part.get_payload(decode=True) == data


@given(st.binary(max_size=300))
def test_we_read_what_soapbar_packs(data: bytes) -> None:
    """An entity built by soapbar gives its root and its attachment back, byte for byte."""
    entity, content_type = build_mtom(b"<r/>", [MtomAttachment("a@x", "application/pdf", data)], soap_action="urn:a")
    package = soap.unpack(entity, content_type)
    assert (package.root, package.parts["a@x"].body) == (b"<r/>", data)


def test_soapbar_resolves_our_inclusions() -> None:
    """soapbar reads our entity and puts the attachment in place of our xop:Include, as Base64."""
    root = f"<r xmlns='urn:r'>{soap.include('a@x')}</r>".encode()
    content_type, entity = soap.pack(root, {"a@x": ("application/pdf", b"%PDF-1.4 \x00\xff")})
    resolved = xml.parse(parse_mtom(entity, content_type).soap_xml)
    assert soap.binary(resolved, {}) == b"%PDF-1.4 \x00\xff"


def test_lf_line_ends_preamble_and_encoded_parts_are_read() -> None:
    """RFC 2046: text before the first delimiter is ignored, blanks may follow a delimiter; base64 parts are decoded."""
    entity = (
        b"preamble\n--b  \nContent-Type: text/xml\n\n<r/>\n--b\nContent-ID:\n <a@x>\n"
        b"Content-Transfer-Encoding: base64\n\nAAEC\nAw==\n--b--\nepilogue"
    )
    package = soap.unpack(entity, "multipart/related; boundary=b")
    assert (package.root, package.parts["a@x"].body) == (b"<r/>", b"\x00\x01\x02\x03")


@pytest.mark.parametrize(
    ("entity", "content_type", "code"),
    [
        (b"--b\r\n\r\n<r/>\r\n--b--", "multipart/related", "multipart"),
        (b"--b\r\n\r\n<r/>\r\n", "multipart/related; boundary=b", "multipart"),
        (b"--b--\r\n", "multipart/related; boundary=b", "multipart"),
        (b"--b\r\nContent-ID: <a>\r\n--b--", "multipart/related; boundary=b", "multipart"),
        (b"--b\r\n\r\n<r/>\r\n--b--", 'multipart/related; boundary=b; start="<other>"', "multipart"),
        (
            b"--b\r\n\r\n<r/>\r\n--b\r\nContent-ID: <a>\r\n\r\n1\r\n--b\r\nContent-ID: <a>\r\n\r\n2\r\n--b--",
            "multipart/related; boundary=b",
            "multipart",
        ),
        (b"--b\r\n\r\n<r/>" + b"\r\n--b\r\n\r\n" * 80 + b"\r\n--b--", "multipart/related; boundary=b", "too-big"),
        (
            b"--b\r\n\r\n<r/>\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nA*==\r\n--b--",
            "multipart/related; boundary=b",
            "base64",
        ),
        (b"<r/>", "text/xml", "envelope"),
        (f'<e:Envelope xmlns:e="{soap.SOAP12}"><e:Body/></e:Envelope>'.encode(), "", "body"),
        (f'<e:Envelope xmlns:e="{soap.SOAP12}"/>'.encode(), "", "body"),
    ],
)
def test_broken_entities_are_told_apart(entity: bytes, content_type: str, code: str) -> None:
    """Each fault of the entity or the envelope raises Malformed with its code."""
    with pytest.raises(Malformed) as caught:
        soap.parse_envelope(entity, content_type)
    assert caught.value.code == f"xds.syntax.{code}"


def test_an_entity_over_the_limit_is_refused() -> None:
    """Size is looked at before anything is read."""
    with pytest.raises(Malformed, match="too-big"):
        soap.unpack(b"x" * 11, "multipart/related; boundary=b", limit=10)


def test_an_envelope_is_read_with_its_addressing() -> None:
    """Version, addressing, security header and body come out, for SOAP 1.2 and 1.1."""
    read = soap.parse_envelope(envelope("<b xmlns='urn:b'/>", "urn:act"))
    assert (read.version, read.mtom, xml.local(read.body)) == ("1.2", False, "b")
    assert (read.addressing.action, read.addressing.message_id, read.addressing.to) == (
        "urn:act",
        "urn:uuid:1",
        "urn:here",
    )
    assert read.security is not None
    old = envelope("<b/>", "urn:act").replace(soap.SOAP12.encode(), soap.SOAP11.encode())
    assert soap.parse_envelope(old, "text/xml").version == "1.1"


def test_envelopes_we_build_read_back() -> None:
    """Addressing with special characters, security and body survive a round trip."""
    addressing = soap.Addressing("urn:a&b", "urn:uuid:2", "https://x/?a=1&b=2", "urn:uuid:1", soap.ANONYMOUS)
    built = soap.build_envelope(b"<b/>", addressing, security=b"<s/>")
    read = soap.parse_envelope(built)
    assert read.addressing == addressing
    assert read.security is not None
    assert xml.local(read.security[0]) == "s"


def test_inclusions_must_name_a_part() -> None:
    """A missing part, and an href that is no cid, are told; a percent-encoded cid finds its part."""
    content_type, entity = multipart(submit(), ("doc1@x", CDA), ("sig1@x", b""))
    read = soap.parse_envelope(entity, content_type)
    first = next(xml.children(read.body, "Document"))
    assert soap.binary(first, read.parts) == CDA
    with pytest.raises(Malformed) as caught:
        soap.binary(first, {})
    assert caught.value.code == "xds.syntax.xop"


@pytest.mark.parametrize("code", ["Sender", "Receiver"])
def test_faults_are_read_by_soapbar_and_by_us(code: fault.Code) -> None:
    """A fault we build says the same to soapbar and to our reader."""
    built = fault.build(code, "Refusé & fermé", subcode="DMPClosed", subcode_namespace="urn:dmp", detail="d")
    read = soap.parse_envelope(soap.build_envelope(built, soap.Addressing("urn:fault")))
    assert fault.read(read.body) == fault.Fault(code, "DMPClosed", "Refusé & fermé", "d")
    assert SoapFault.from_element(read.body).faultstring == "Refusé & fermé"


def test_old_faults_are_read() -> None:
    """A SOAP 1.1 fault gives its code and its sentence."""
    element = xml.parse(
        b'<s:Fault xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>s:Client</faultcode>'
        b"<faultstring>no</faultstring></s:Fault>"
    )
    assert fault.read(element) == fault.Fault("Client", "", "no", "")


entities = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"--b", b"--b--", b"\r\n", b"\n", b"Content-ID: <a>", b" ", b"<r/>", b":"])).map(
        b"".join
    ),
)


@given(entities, st.sampled_from(["", "multipart/related; boundary=b", "multipart/related; boundary=é", "a/b; x"]))
def test_any_entity_gives_an_envelope_or_malformed(entity: bytes, content_type: str) -> None:
    """Random entities never raise anything but Malformed with a known code."""
    with pytest.raises(Malformed) as caught:
        soap.parse_envelope(entity, content_type)
    assert caught.value.code in all_codes()
