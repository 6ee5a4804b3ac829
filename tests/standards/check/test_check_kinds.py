"""What a file is, told from its bytes alone."""

from __future__ import annotations

import pytest
from check_samples import CDA, PDF, PNG, mail, tarred, zipped
from hypothesis import given
from hypothesis import strategies as st

from conformance.standards.check.kinds import Kind, image_type, root_name, sniff

TEXT = CDA.decode()
STYLED = (
    b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:variable>' + CDA[39:] + b"</xsl:variable>"
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (CDA, Kind.CDA),
        (b"\xef\xbb\xbf" + CDA, Kind.CDA),
        (TEXT.replace("UTF-8", "UTF-16").encode("utf-16"), Kind.CDA),
        (TEXT.replace("UTF-8", "UTF-16").encode("utf-16-be"), Kind.CDA),
        (TEXT.replace("UTF-8", "ISO-8859-1").encode("latin-1"), Kind.CDA),
        (CDA.replace(b"<Clin", b"<n1:Clin"), Kind.CDA),
        (CDA.replace(b"hl7-org:v3", b"hl7-org:v4"), Kind.CDA),
        (CDA[:90], Kind.CDA),
        (b"<!-- <Other/> --><?p ?>\n" + CDA[39:], Kind.CDA),
        (b'<!DOCTYPE ClinicalDocument [<!ENTITY a "b">]>' + CDA[39:], Kind.CDA),
        (STYLED, Kind.CDA),
        (b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>', Kind.XML),
        (b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>', Kind.XML),
        (b"<!DOCTYPE html><html><body>", Kind.HTML),
        (b"MSH|^~\\&|A\r", Kind.HL7),
        (b"\x0bMSH|^~\\&|A\r\x1c\r", Kind.HL7),
        (b"FHS|^~\\&|A\rBHS|^~\\&|A\rMSH|^~\\&|A\r", Kind.HL7),
        (b"note\nMSH|^~\\&|A\r", Kind.HL7),
        (zipped([("a", b"b")]), Kind.ZIP),
        (zipped([]), Kind.ZIP),
        (tarred([("a", b"b")]), Kind.GZIP),
        (tarred([("a", b"b")], "w"), Kind.TAR),
        (mail([("a.xml", CDA)]), Kind.MAIL),
        (b"Subject: x\nMessage-ID: <1@x>\n\nMSH|^~\\&|A\r", Kind.MAIL),
        (b"Subject: x\n\nnot a mail", Kind.UNKNOWN),
        (PDF, Kind.PDF),
        (b"\n\n" + PDF, Kind.PDF),
        (PNG, Kind.IMAGE),
        (b"\xff\xd8\xff\xe0", Kind.IMAGE),
        (b"II*\x00", Kind.IMAGE),
        (b"0\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", Kind.SMIME),
        (b"", Kind.EMPTY),
        (b"\x00\x01\x02", Kind.UNKNOWN),
        (b"plain words", Kind.UNKNOWN),
    ],
)
def test_each_kind_is_told_from_its_bytes(data: bytes, kind: Kind) -> None:
    """Byte order marks, encodings, prefixes and prologs do not hide what a document is."""
    assert sniff(data) is kind


def test_the_type_of_an_image_and_the_name_of_a_root() -> None:
    """PNG, JPEG and TIFF; a root element behind a comment, without its prefix."""
    assert [image_type(d) for d in (PNG, b"\xff\xd8\xff", b"MM\x00*", b"GIF8")] == ["png", "jpeg", "tiff", ""]
    assert root_name(b"<?xml version='1.0'?><!-- <no/> --><a:yes/>") == "yes"


@given(st.one_of(st.binary(max_size=300), st.text(alphabet="<!->?DOCTYPEMSH|: \r\n\x0b", max_size=200).map(str.encode)))
def test_any_bytes_have_a_kind(data: bytes) -> None:
    """Random bytes never raise."""
    assert sniff(data) in Kind
