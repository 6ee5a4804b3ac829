"""The INS datamatrix: literal payloads, symbols encoded by others, and each field against a CDA header."""

from __future__ import annotations

import dataclasses

import drawn_symbols as symbols
import pytest

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.cda.reader import CdaHeader, Code, Instance, Name, Part, Patient
from conformance.standards.datamatrix import ins, judging, reading

# The order of blocks of a sample of ANS (S1 S2 S3 S5 S6 S7 S4), on a fictitious test person.
LITERAL = (
    b"IS010000000000000000000000S1279035121518989S21.2.250.1.213.1.4.8\x1dS3DOMINIQUE MARIE-LOUISE\x1dS5FS628-03-1979"
    b"S751215S4PAT-TROIS"
)
PATIENT = Patient(
    ids=(Instance("1.2.250.1.213.1.4.10", "279035121518989"),),
    name=Name(
        families=(Part("PAT-TROIS", "BR"),),
        givens=(Part("DOMINIQUE MARIE-LOUISE"), Part("DOMINIQUE", "BR")),
    ),
    sex=Code("F"),
    birth="19790328",
    birth_place="51215",
)


def header(patient: Patient) -> CdaHeader:
    """A header reduced to its patient: the judge reads nothing else."""
    held = object.__new__(CdaHeader)
    object.__setattr__(held, "patient", patient)
    return held


def codes(payload: bytes, patient: Patient | None = None) -> list[tuple[str, str, Severity]]:
    """(code, subject, severity) of each finding on a payload."""
    return [(f.code, f.subject, f.severity) for f in judging.judge_ins(payload, patient)]


def test_a_payload_of_the_format_is_read_block_by_block() -> None:
    """Every block of the literal sample is read, whatever their order, and nothing is found wrong."""
    read = ins.parse(LITERAL)
    assert read.faults == ()
    assert read.values == {
        "matricule": "279035121518989",
        "oid": "1.2.250.1.213.1.4.8",
        "given": "DOMINIQUE MARIE-LOUISE",
        "sex": "F",
        "birth": "28-03-1979",
        "place": "51215",
        "birth_name": "PAT-TROIS",
    }
    assert read.birth_date == "19790328"
    assert codes(LITERAL) == []


def test_the_builder_writes_the_literal_payload() -> None:
    """The builder, in the order of the sample, gives the very bytes of the sample."""
    assert (
        ins.build(
            matricule="279035121518989",
            oid="1.2.250.1.213.1.4.8",
            given="DOMINIQUE MARIE-LOUISE",
            birth_name="PAT-TROIS",
            sex="F",
            birth="19790328",
            place="51215",
            order=("S1", "S2", "S3", "S5", "S6", "S7", "S4"),
        )
        == LITERAL
    )


def test_a_value_at_its_longest_takes_no_separator() -> None:
    """A name of 100 characters and an OID of 20 are followed at once by the next block."""
    payload = ins.build(
        matricule="279035121518989",
        oid="1.2.250.1.213.1.4.10",
        given="A" * 100,
        birth_name="B",
        sex="M",
        birth="20000101",
    )
    assert b"\x1d" not in payload.replace(b"B\x1d", b"")
    read = ins.parse(payload)
    assert (read.faults, read.value("given"), read.value("oid")) == ((), "A" * 100, "1.2.250.1.213.1.4.10")


def test_the_datamatrix_of_a_symbol_encoded_elsewhere_is_read_from_a_page() -> None:
    """A symbol drawn by another library, 1.8 cm wide on a page, gives its bytes, GS included."""
    found = reading.find(symbols.page(symbols.datamatrix(LITERAL.decode("ascii"))))
    assert [(s.kind, s.data, s.page) for s in found] == [("datamatrix", LITERAL, 1)]
    assert [
        (s.kind, s.data) for s in reading.find(symbols.png(symbols.datamatrix(LITERAL.decode("ascii"), module=1)))
    ] == [("datamatrix", LITERAL)]


def test_the_identity_of_the_header_is_found_on_the_page() -> None:
    """Same matricule, traits and place: nothing but the OID, of production on the page and of test in the header."""
    data = symbols.page(symbols.datamatrix(LITERAL.decode("ascii")))
    found = list(judging.judge(data, header(PATIENT), required=True))
    assert [(f.code, f.subject, f.severity) for f in found] == [
        ("datamatrix.ins.differs", "S2", Severity.WARNING),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"IS0100", b"IS0200", ("datamatrix.ins.header", "", Severity.ERROR)),
        (b"1518989", b"1518988", ("datamatrix.ins.key", "", Severity.ERROR)),
        (b"4.8\x1d", b"4.8", ("datamatrix.ins.separator", "S2", Severity.ERROR)),
        (b"4.8\x1d", b"4.8GS", ("datamatrix.ins.separator", "S2", Severity.ERROR)),
        (b"LOUISE\x1dS5", b"LOUISES5", ("datamatrix.ins.separator", "S3", Severity.ERROR)),
        (b"S5F", b"S5F\x1d", ("datamatrix.ins.separator", "S5", Severity.WARNING)),
        (b"S5F", b"S5FS5F", ("datamatrix.ins.block", "S5", Severity.ERROR)),
        (b"S5F", b"S5I", ("datamatrix.ins.value", "S5", Severity.ERROR)),
        (b"S5F", b"", ("datamatrix.ins.missing", "S5", Severity.ERROR)),
        (b"S628-03-1979", b"S61979-03-28", ("datamatrix.ins.value", "S6", Severity.ERROR)),
        (b"S628-03-1979", b"S630-02-1979", ("datamatrix.ins.value", "S6", Severity.ERROR)),
        (b"S751215", b"S7MAZOI", ("datamatrix.ins.value", "S7", Severity.ERROR)),
        (b"4PAT-TROIS", b"4Pat-trois", ("datamatrix.ins.value", "S4", Severity.ERROR)),
        (b"213.1.4.8", b"213.1.9.9", ("datamatrix.ins.value", "S2", Severity.ERROR)),
        (b"S1279035121518989", b"S1true", ("datamatrix.ins.value", "S1", Severity.ERROR)),
        (b"S751215", b"S9X\x1dS751215", ("datamatrix.ins.block", "S9", Severity.ERROR)),
    ],
)
def test_each_fault_of_writing_has_its_finding(
    before: bytes, after: bytes, expected: tuple[str, str, Severity]
) -> None:
    """One change to the literal payload gives the finding of that change."""
    assert before in LITERAL
    assert expected in codes(LITERAL.replace(before, after))


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (
            dataclasses.replace(PATIENT, ids=(Instance("1.2.250.1.213.1.4.8", "275126322074974"),)),
            ("S1", Severity.ERROR),
        ),
        (
            dataclasses.replace(PATIENT, ids=(Instance("1.2.250.1.213.1.4.9", "279035121518989"),)),
            ("S2", Severity.ERROR),
        ),
        (dataclasses.replace(PATIENT, sex=Code("M")), ("S5", Severity.ERROR)),
        (dataclasses.replace(PATIENT, birth="19790329"), ("S6", Severity.ERROR)),
        (dataclasses.replace(PATIENT, birth_place="63220"), ("S7", Severity.ERROR)),
        (
            dataclasses.replace(PATIENT, name=Name((Part("AUTRE", "BR"),), PATIENT.name.givens)),
            ("S4", Severity.ERROR),
        ),
        (
            dataclasses.replace(PATIENT, name=Name(PATIENT.name.families, (Part("DOMINIQUE MARIE LOUISE"),))),
            ("S3", Severity.WARNING),
        ),
        (
            dataclasses.replace(PATIENT, name=Name(PATIENT.name.families, (Part("DOMINIQUE"),))),
            ("S3", Severity.ERROR),
        ),
    ],
)
def test_each_field_is_compared_with_the_header(patient: Patient, expected: tuple[str, Severity]) -> None:
    """A header that differs in one trait gives one difference, of that block."""
    found = [(s, w) for code, s, w in codes(LITERAL, patient) if code == "datamatrix.ins.differs"]
    assert expected in found
    assert {s for s, _ in found} - {"S2"} <= {expected[0]}


def test_a_birth_date_with_its_time_or_without_its_day_is_no_difference() -> None:
    """birthTime may carry a time, or only a year: what the header does not say is not compared."""
    for birth in ("19790328101500+0100", "1979"):
        found = codes(LITERAL, dataclasses.replace(PATIENT, birth=birth))
        assert [f for f in found if f[1] == "S6"] == []


def test_a_qualified_patient_needs_a_datamatrix_and_another_must_not_have_one() -> None:
    """Absent for a qualified patient, present for another: an error when a row asks, a warning otherwise."""
    blank = symbols.page(text="rien")
    printed = symbols.page(symbols.datamatrix(LITERAL.decode("ascii")), before=1)
    local = dataclasses.replace(PATIENT, ids=(Instance("1.2.3", "IPP"),))
    for data, patient, code in (
        (blank, PATIENT, "datamatrix.ins.absent"),
        (printed, local, "datamatrix.ins.unqualified"),
    ):
        assert [(f.code, f.severity) for f in judging.judge(data, header(patient), required=True)] == [
            (code, Severity.ERROR)
        ]
        assert {f.severity for f in judging.judge(data, header(patient))} == {Severity.WARNING}
    assert "datamatrix.ins.first-page" in {f.code for f in judging.judge(printed, header(PATIENT))}
    assert list(judging.judge(blank, header(local), required=True)) == []


def test_the_ins_in_another_bar_code_is_enough() -> None:
    """INS/va1.03 asks for no datamatrix when the matricule already stands in another symbol."""
    data = symbols.page(symbols.qrcode("INS 279035121518989"))
    assert list(judging.judge(data, header(PATIENT), required=True)) == []


@pytest.mark.parametrize("payload", [b"", b"IS", b"DC04FR00", b"IS01" + b"0" * 2000, b"hello"])
def test_what_is_no_ins_datamatrix_is_refused(payload: bytes) -> None:
    """A payload without the marker, or without measure, is no INS datamatrix."""
    with pytest.raises(Malformed):
        ins.parse(payload)


@pytest.mark.parametrize(
    "payload", [b"IS01", b"IS01S1", LITERAL[:40], b"IS01" + bytes(range(200)), LITERAL + b"\x1d\x1d"]
)
def test_a_cut_or_hostile_payload_gives_findings(payload: bytes) -> None:
    """Whatever follows the marker, the judge ends with findings."""
    assert codes(payload, PATIENT) != []


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, b"%PDF-1.4\n", b"\xff\xd8\xff"])
def test_bytes_that_are_no_image_are_one_finding(data: bytes) -> None:
    """Broken images and PDFs are told, never a crash."""
    assert len(list(judging.judge(data, header(PATIENT)))) == 1


def test_the_published_examples_print_a_datamatrix_that_is_not_of_their_patient(cisis: object) -> None:
    """ANS examples print the word `true` for the matricule, or another test person: warnings, never errors."""
    from pathlib import Path

    from conformance.standards.cda.reader import read
    from conformance.standards.cda.syntax import decode_base64

    document = read((Path(str(cisis)) / "ExemplesCDA" / "eP-MED-DM_2023.01_PosoStruct.xml").read_bytes())
    held = next(
        "".join(str(t) for t in e.itertext())
        for e in document.element.iter("{urn:hl7-org:v3}text", "{urn:hl7-org:v3}value")
        if e.get("mediaType") == "application/pdf"
    )
    found = list(judging.judge(decode_base64(held, ""), document))
    assert {(f.code, f.subject) for f in found} >= {("datamatrix.ins.value", "S1"), ("datamatrix.ins.separator", "S3")}
    assert {f.severity for f in found} == {Severity.WARNING}
