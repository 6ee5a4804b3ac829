"""The identity, the recipients and the file name of a PDF, against a CDA header."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import made_pdfs as made
import pytest

from conformance.evidence.values import Severity
from conformance.standards.cda.reader import CdaHeader, Code, Instance, read
from conformance.standards.pdf import identity, naming
from conformance.standards.pdf.judging import judge, judge_identity, judge_name

DOCUMENT = """<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>
<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><patient><name><given>DOMINIQUE MARIE-LOUISE</given>
<given qualifier="BR">DOMINIQUE</given><family qualifier="BR">PAT-TROIS</family></name>
<administrativeGenderCode code="F"/><birthTime value="19790328"/></patient></patientRole></recordTarget>
<informationRecipient><intendedRecipient><informationRecipient><name><given>Charles</given><family>BOILEAU</family></name>
</informationRecipient></intendedRecipient></informationRecipient>
<informationRecipient><intendedRecipient><receivedOrganization><name>Centre de soins le Belvédère</name>
</receivedOrganization></intendedRecipient></informationRecipient>
<documentationOf><serviceEvent><effectiveTime><low value="20240403101500+0200"/></effectiveTime></serviceEvent>
</documentationOf></ClinicalDocument>"""

SHOWN = (
    "Nom de naissance : PAT-TROIS",
    "Prénom : Dominique Marie-Louise",
    "Date de naissance : 28/03/1979   Sexe : F",
    "Matricule INS : 2 79 03 51 215 189 89 (NIR)",
    "Copie : Dr Charles Boileau ; Centre de soins le Belvedere",
)


@pytest.fixture
def header() -> CdaHeader:
    """A header with a patient whose INS is qualified, two recipients and an act."""
    return read(DOCUMENT.encode())


def seen(lines: tuple[str, ...], header: CdaHeader) -> set[tuple[str, str]]:
    """(code, subject) of what a text shows."""
    return {(f.code, f.subject) for f in judge_identity("\n".join(lines), header)}


def test_a_document_that_shows_all_is_right(header: CdaHeader) -> None:
    """Every trait and recipient, written as a letter would, is found in a real PDF."""
    assert seen(SHOWN, header) == set()
    assert list(judge(made.by_fpdf(*SHOWN), header=header, required=True)) == []


@pytest.mark.parametrize(
    ("line", "instead", "expected"),
    [
        (0, "Nom : AUTRE", ("pdf.identity.absent", "birth-name")),
        (1, "Prénom : Marie", ("pdf.identity.absent", "first-given")),
        (2, "Né(e) le 29/03/1979, sexe F", ("pdf.identity.absent", "birth-date")),
        (2, "28/03/1979 Sexe : M", ("pdf.identity.differs", "other-sex")),
        (2, "28/03/1979", ("pdf.identity.absent", "sex")),
        (3, "INS 279035121518988 NIR", ("pdf.identity.absent", "matricule")),
        (3, "INS 279035121518989", ("pdf.identity.nature", "nature")),
        (3, "INS 279035121518989 NIA", ("pdf.identity.nature", "nature")),
        (4, "Copie : Centre de soins le Belvédère", ("pdf.recipient.absent", "")),
        (4, "Copie : Dr Boileau", ("pdf.recipient.absent", "")),
    ],
)
def test_each_trait_not_shown_is_found(line: int, instead: str, expected: tuple[str, str], header: CdaHeader) -> None:
    """One line changed gives the finding of its trait, and no other."""
    lines = (*SHOWN[:line], instead, *SHOWN[line + 1 :])
    assert seen(lines, header) == {expected}


@pytest.mark.parametrize(
    "line", ["28/03/1979 Sexe : Féminin", "28/03/1979 S. : F", "28/03/1979\nSexe\nMme\nF", "28 mars 1979 femme"]
)
def test_the_sex_is_found_in_each_usual_way(line: str, header: CdaHeader) -> None:
    """In letters, abbreviated, far from its label in a table."""
    assert seen((*SHOWN[:2], line, *SHOWN[3:]), header) == set()


def test_a_nature_before_the_matricule_is_a_warning(header: CdaHeader) -> None:
    """Rule 32 says after: before is told, mildly."""
    lines = (*SHOWN[:3], "INS-NIR : 279035121518989", SHOWN[4])
    assert [(f.code, f.severity) for f in judge_identity("\n".join(lines), header)] == [
        ("pdf.identity.nature", Severity.WARNING)
    ]


def test_the_nature_follows_the_oid(header: CdaHeader) -> None:
    """Under the OID of the INS-NIA the word is NIA."""
    nia = dataclasses.replace(header.patient, ids=(Instance("1.2.250.1.213.1.4.9", "279035121518989"),))
    assert dict(identity.missing("\n".join(SHOWN), nia)) == {"nature": "NIA"}


def test_a_patient_without_ins_is_not_judged(header: CdaHeader) -> None:
    """Rule 32 speaks of a qualified INS only."""
    local = dataclasses.replace(header.patient, ids=(Instance("1.2.3", "4"),), sex=Code("F"))
    assert list(identity.missing("rien", local)) == []


def test_a_page_without_text_cannot_be_judged(header: CdaHeader) -> None:
    """Without a text layer nothing is called missing: the text is."""
    assert [(f.code, f.severity) for f in judge_identity(" \n", header)] == [("pdf.text.absent", Severity.WARNING)]


def test_the_official_examples_show_the_identity_of_their_header(cisis: Path) -> None:
    """The PDFs that ANS made from its own documents show every trait of their patient."""
    from conformance.standards.cda import syntax

    for name in (
        "eP-MED-DM_2024.01_PosoStruct.xml",
        "BIO-CR-BIO_2024.01_TSH_1.xml",
        "BIO-CR-BIO_2024.01_Electrophorese.xml",
    ):
        document = read((cisis / "ExemplesCDA" / name).read_bytes())
        held = next(
            e
            for e in document.element.iter(syntax.tag("text"), syntax.tag("value"))
            if e.get("mediaType") == "application/pdf"
        )
        data = syntax.decode_base64("".join(str(t) for t in held.itertext()), "")
        assert list(judge(data, header=document, required=True)) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20240403_CR de consultation_PAT-TROIS_Dominique.pdf", []),
        ("20240403_CR_PAT-TROIS_Dominique_D123.PDF", []),
        ("2024-04-03_CR_pat trois_DOMINIQUE MARIE-LOUISE.pdf", []),
        ("03042024_CR_PAT-TROIS_Dominique.pdf", []),
        ("export/20240403_CR_PAT-TROIS_Dominique.pdf", []),
        ("document.pdf", ["form"]),
        ("20241332_CR_PAT-TROIS_Dominique.pdf", ["form"]),
        ("20240403_CR_PAT-TROIS.pdf", ["form"]),
        ("20240403__PAT-TROIS_Dominique.pdf", ["form"]),
        (f"20240403_{'T' * 41}_PAT-TROIS_Dominique.pdf", ["type"]),
        ("20240404_CR_PAT-TROIS_Dominique.pdf", ["date"]),
        ("20240403_CR_AUTRE_Dominique.pdf", ["family"]),
        ("20240403_CR_PAT-TROIS_Marie.pdf", ["given"]),
        ("", ["form"]),
    ],
)
def test_a_file_name_is_advised_never_blocked(name: str, expected: list[str], header: CdaHeader) -> None:
    """The parts of a name, and what of them contradicts the header; only advice comes of it."""
    assert [what for what, _, _ in naming.faults(name, header)] == expected
    assert {f.severity for f in judge_name(name, header)} <= {Severity.ADVICE}
