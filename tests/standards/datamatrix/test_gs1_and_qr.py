"""GS1 DataMatrix of boxes and QR codes of documents."""

from __future__ import annotations

from datetime import date

import drawn_symbols as symbols
import pytest
import zxingcpp
from PIL import Image

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.cda.reader import read
from conformance.standards.datamatrix import gs1, judging, qr, reading

BOX = b"01034009300000012110LOT-7A\x1d172702002112345ABC"
URL = (
    "https://drimbox.exemple.fr/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.250.1.999.7.1"
    "&accessionNumber=A123&idCDA=1.2.250.1.999.1.42"
)


def test_a_box_is_read_in_any_order() -> None:
    """GTIN, lot, expiry and serial come out the same whatever the order and the prefix of the reader."""
    fields = [("01", "03400930000120"), ("10", "LOT-7A"), ("17", "270200"), ("21", "12345ABC")]
    for order in (fields, fields[::-1], fields[2:] + fields[:2]):
        for prefix in (b"", b"]d2", b"\x1d"):
            code = gs1.parse(prefix + gs1.build(order))
            assert (code.gtin, code.cip, code.lot, code.serial) == (
                "03400930000120",
                "3400930000120",
                "LOT-7A",
                "12345ABC",
            )
            assert code.expiry(2026) == date(2027, 2, 28)
            assert list(gs1.faults(code)) == []


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("270200", 2026, date(2027, 2, 28)),
        ("280200", 2026, date(2028, 2, 29)),
        ("991231", 2026, date(1999, 12, 31)),
        ("991231", 2060, date(2099, 12, 31)),
        ("100131", 2085, date(2110, 1, 31)),
        ("271301", 2026, None),
        ("270230", 2026, None),
        ("2702", 2026, None),
        ("270000", 2026, None),
    ],
)
def test_a_date_has_its_century_and_its_day_zero(text: str, year: int, expected: date | None) -> None:
    """Day 00 is the end of the month, and the century is the nearest (GS1 General Specifications, 7.12)."""
    assert gs1.day_of(text, year) == expected


@pytest.mark.parametrize(("digits", "digit"), [("340093000012", "0"), ("400638133393", "1"), ("629104150021", "3")])
def test_the_check_digit_is_the_published_one(digits: str, digit: str) -> None:
    """Examples of GS1 and a CIP give their digit."""
    assert gs1.check_digit(digits) == digit


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"0103400930000121", "datamatrix.gs1.check-digit"),
        (b"17271301", "datamatrix.gs1.date"),
        (b"10A\x1d10B", "datamatrix.gs1.repeated"),
        (b"010340093", "datamatrix.gs1.syntax"),
        (b"10" + b"A" * 21, "datamatrix.gs1.syntax"),
        (b"10LOT 7", "datamatrix.gs1.syntax"),
        (b"88XYZ", "datamatrix.gs1.syntax"),
        (b"", "datamatrix.gs1.syntax"),
        (BOX[:16] + b"\xff", "datamatrix.gs1.syntax"),
    ],
)
def test_an_altered_box_is_refused(payload: bytes, code: str) -> None:
    """Each alteration has its finding."""
    assert code in {f.code for f in judging.judge_gs1(payload)}


def test_a_symbol_with_fnc1_is_read_from_a_page() -> None:
    """A GS1 symbol drawn on a page is told GS1 and read without its FNC1."""
    made = zxingcpp.create_barcode("(01)03400930000120(17)270200(10)LOT7", zxingcpp.BarcodeFormat.DataMatrix, gs1=True)
    found = reading.find(symbols.page(Image.fromarray(made.to_image(scale=5))))
    assert [(s.kind, s.gs1) for s in found] == [("datamatrix", True)]
    assert gs1.parse(found[0].data).lot == "LOT7"


def test_a_qr_code_encoded_elsewhere_is_read_and_told() -> None:
    """A QR code by another library gives its address, read as one of a DRIMbox viewer."""
    found = reading.find(symbols.page(symbols.qrcode(URL), size=90))
    assert [(s.kind, s.data.decode()) for s in found] == [("qrcode", URL)]
    read_url = qr.drimbox(URL)
    assert read_url is not None
    assert list(read_url.faults()) == []
    assert (read_url.study, read_url.accession) == ("1.2.250.1.999.7.1", "A123")
    assert [qr.kind(p) for p in (URL.encode(), b"https://exemple.fr/x", b"01S2TBPZ2JCNZZY", b"\xff\x00")] == [
        "drimbox",
        "address",
        "other",
        "other",
    ]


DOCUMENT = f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ps3-20="urn:dicom-org:ps3-20">
<id root="1.2.250.1.999.1.42"/>
<inFulfillmentOf><order><ps3-20:accessionNumber root="1.2.4" extension="A123"/></order></inFulfillmentOf>
<documentationOf><serviceEvent><id root="1.2.250.1.999.7.1"/></serviceEvent></documentationOf>
<component><structuredBody><component><section><text><linkHtml href="{URL.replace("&", "&amp;")}"/></text></section>
</component></structuredBody></component></ClinicalDocument>"""


def drimbox(document: str, *payloads: str) -> list[tuple[str, str, Severity]]:
    """(code, subject, severity) of DB/RIS.11 on a document with these QR codes."""
    coded = [reading.Symbol("qrcode", p.encode()) for p in payloads]
    return [(f.code, f.subject, f.severity) for f in judging.judge_drimbox(coded, read(document.encode()))]


def test_an_address_and_its_code_are_enough() -> None:
    """The address in the body, the same in the QR code, the identifiers of the header: nothing to say."""
    assert drimbox(DOCUMENT, URL) == []


def test_an_address_without_its_code_or_the_reverse_is_found() -> None:
    """Every address has its QR code and every code its address."""
    assert drimbox(DOCUMENT) == [("datamatrix.drimbox.no-code", "", Severity.ERROR)]
    assert drimbox(DOCUMENT.replace("IHEInvoke", "Other"), URL) == [
        ("datamatrix.drimbox.no-address", "", Severity.ERROR)
    ]
    assert drimbox(DOCUMENT.replace("IHEInvoke", "Other")) == [("datamatrix.drimbox.absent", "", Severity.ERROR)]


def test_other_identifiers_than_the_header_are_found() -> None:
    """Another study, accession or document than the header declares is advice, as a wrong template."""
    for part, subject in (("7.1&amp;", "studyUID"), ("A123&amp;", "accessionNumber"), ('1.42"', "idCDA")):
        assert part in DOCUMENT
        changed = DOCUMENT.replace(part, part[:-1].replace("&amp", "") + "9" + ("&amp;" if "&" in part else '"'), 1)
        url = read(changed.encode()).element
        [address] = qr.in_document(read(changed.encode()))
        assert url is not None
        expected = ("datamatrix.drimbox.differs", subject, Severity.ADVICE)
        if subject == "idCDA":  # the first place of this text is the id of the document itself
            address = URL
        assert expected in drimbox(changed, address)
    plain = DOCUMENT.replace("https://drim", "http://drim").replace("STUDY", "PATIENT")
    [address] = qr.in_document(read(plain.encode()))
    assert {s for _, s, _ in drimbox(plain, address)} == {"scheme", "requestType"}


def test_a_hostile_address_is_nothing() -> None:
    """Addresses that cannot be split, or with parameters without number, are no address of a DRIMbox."""
    for text in ("http://[::1/IHEInvokeImageDisplay", "x" * 3000, "https://h/IHEInvokeImageDisplay?" + "a=1&" * 80):
        assert qr.drimbox(text) is None


def test_an_empty_value_cannot_be_built() -> None:
    """The builder refuses what a reader would refuse."""
    with pytest.raises(ValueError, match="AI 10"):
        gs1.build([("10", "")])
    with pytest.raises(Malformed):
        gs1.parse(b"]d2")
