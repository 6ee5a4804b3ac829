"""The PDF we embed: its structure by ISO 32000-1 and its PDF/A-1 facts by ISO 19005-1, checked on the bytes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.standards.cda import pdf
from conformance.standards.cda.generic.content import pdf_a_part

TEXT = "Compte rendu n° 12 : l'été (ok) \\ fin\nABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"


@given(text=st.text(max_size=200), title=st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_the_cross_reference_table_points_at_every_object(text: str, title: str) -> None:
    """Whatever the text, each offset of the table is where its object starts, and startxref where the table does."""
    data = pdf.pdf_a(text, title=title, uid="2.25.1", filler=100)
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", data)[1])  # type: ignore[index]
    table = data[start:].split(b"trailer")[0].splitlines()
    assert table[0] == b"xref"
    for number, row in enumerate(table[3:], 1):
        assert re.fullmatch(rb"\d{10} 00000 n ", row)
        assert data[int(row[:10]) :].startswith(b"%d 0 obj\n" % number)


@given(st.text(max_size=100))
def test_every_stream_is_as_long_as_it_says(text: str) -> None:
    """Length counts the bytes between `stream` and `endstream` (ISO 19005-1, 6.1.7)."""
    data = pdf.pdf_a(text, title="t", uid="2.25.1", filler=70_000)
    ends = [(m.end(), int(m[1])) for m in re.finditer(rb"/Length (\d+) >>\nstream\n", data)]
    assert ends
    for start, length in ends:
        assert data[start + length :].startswith(b"\nendstream")


def test_it_claims_pdf_a_1b_in_a_readable_packet() -> None:
    """The XMP stands uncompressed, is XML, and says part 1 and conformance B."""
    data = pdf.pdf_a(TEXT, title="É <t> & co", uid="2.25.1")
    packet = re.search(rb"<\?xpacket begin.*?<\?xpacket end=\"w\"\?>", data, re.S)
    assert packet is not None
    texts = {etree.QName(e).localname: e.text for e in etree.fromstring(packet[0]).iter(etree.Element)}
    assert (texts["part"], texts["conformance"], texts["li"]) == ("1", "B", "É <t> & co")
    assert pdf_a_part(data) == "1"


def test_it_keeps_the_rules_of_pdf_a_1_that_bytes_show() -> None:
    """Binary comment, /ID, no encryption, no script, no outside font, no transparency (ISO 19005-1, 6.1 to 6.6)."""
    data = pdf.pdf_a(TEXT, title="t", uid="2.25.1")
    assert re.match(rb"%PDF-1\.4\n%[\x80-\xff]{4}\n", data)
    assert re.search(rb"/ID \[<[0-9A-F]{32}> <[0-9A-F]{32}>\]", data)
    for forbidden in (
        b"/Encrypt",
        b"/JavaScript",
        b"/Filter",
        b"/SMask",
        b"/FontFile",
        b"/Type1",
        b"/DeviceGray",
        b"/Info",
    ):
        assert forbidden not in data
    assert b"/Subtype /Type3" in data


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"%PDF-1.4 <pdfaid:part>1</pdfaid:part>", "1"),
        (b"%PDF-1.7 <rdf:Description pdfaid:part=\"3\" pdfaid:conformance='B'/>", "3"),
        ("<pdfaid:part>1</pdfaid:part>".encode("utf-16-le"), "1"),
        (b"%PDF-1.4 no claim", ""),
    ],
)
def test_claims_of_other_writers_are_read(data: bytes, part: str) -> None:
    """The claim is found as an element, as an attribute, and in a UTF-16 packet."""
    assert pdf_a_part(data) == part


def test_glyphs_are_all_different() -> None:
    """No two characters of the font are drawn the same, and each is five rows of three squares."""
    assert len(set(pdf.GLYPHS.values())) == len(pdf.GLYPHS)
    assert all(len(rows) == 5 and set(rows) <= set("01234567") for rows in pdf.GLYPHS.values())
