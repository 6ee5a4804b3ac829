"""The views of one report: what is compared, what is shown, on official reports and literal text."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.standards.cda.reader import CdaHeader, read
from conformance.standards.cda.results import encapsulated, results
from conformance.standards.cda.twins import judge, judge_text, same_report


def report(results: str = "", level: str = "N3", uid: str = "1.2.3.1", ins: str = "279035121518989") -> CdaHeader:
    """A report with just what the comparison reads."""
    body = f"<structuredBody>{results}</structuredBody>" if level == "N3" else "<nonXMLBody/>"
    return read(
        f"""<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="{uid}"/><code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/>
<recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="{ins}"/></patientRole></recordTarget>
<documentationOf><serviceEvent><effectiveTime><low value="20240101"/></effectiveTime></serviceEvent></documentationOf>
<component>{body}</component></ClinicalDocument>""".encode()
    )


def observation(value: str, status: str = "completed") -> str:
    """One laboratory observation."""
    return (
        '<observation><templateId root="1.3.6.1.4.1.19376.1.3.1.6"/><code code="1" displayName="Sodium"/>'
        f'<statusCode code="{status}"/>{value}</observation>'
    )


SODIUM = observation('<value xsi:type="PQ" value="140.0" unit="mmol/L"/>')


@pytest.mark.parametrize("text", ["Sodium 140 mmol/L", "Sodium : 140,0", "Na\n140.00"])
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    """Trailing zeros, comma or point do not count."""
    assert list(judge_text(report(SODIUM), text)) == []


@pytest.mark.parametrize("text", ["Sodium 14 mmol/L", "Sodium 1400", "Sodium 139,9"])
def test_a_number_that_differs_is_a_result_not_shown(text: str) -> None:
    """Digits inside another number are not the number."""
    (found,) = judge_text(report(SODIUM), text)
    assert found.code == "cda.twins.result"
    assert "140.0 mmol/L" in found.expected


def test_thousands_may_be_grouped() -> None:
    """`12 500` shows 12500."""
    assert (
        list(judge_text(report(observation('<value xsi:type="PQ" value="12500" unit="/mL"/>')), "Hématies 12 500"))
        == []
    )


def test_a_coded_result_is_found_by_its_words() -> None:
    """Case and accents do not count; another word is not it."""
    coded = report(observation('<value xsi:type="CD" code="N" displayName="Négatif"/>'))
    assert list(judge_text(coded, "recherche : NEGATIF")) == []
    assert [f.code for f in judge_text(coded, "recherche : positif")] == ["cda.twins.result"]


def test_a_result_given_up_need_not_be_shown() -> None:
    """Only completed results are owed."""
    aborted = report(observation('<value xsi:type="PQ" value="7"/>', status="aborted"))
    assert list(judge_text(aborted, "rien")) == []


def test_headers_that_disagree_are_told_apart() -> None:
    """Another patient is a contradiction of headers, the same id another mistake."""
    other = report(level="N1", uid="1.2.3.1", ins="255069999999934")
    assert {f.code for f in judge(report(SODIUM), other)} == {"cda.twins.header", "cda.twins.same-id"}


def test_only_the_two_forms_of_one_report_are_twins() -> None:
    """Same type, same act, one patient identifier shared, one N1 and one N3."""
    assert same_report(report(), report(level="N1", uid="1.2.3.2"))
    assert not same_report(report(), report(uid="1.2.3.2"))
    assert not same_report(report(), report(level="N1", ins="255069999999934"))


@pytest.mark.corpus
def test_an_official_report_gives_its_results_and_its_copy(shared: Path) -> None:
    """The microbiology example of 2024 holds 14 results, and the PDF copy of itself."""
    folder = shared / "corpus-cda" / "officiels"
    root = read((folder / "BIO-CR-BIO_2024.01_Microbiologie_V1.xml").read_bytes()).element
    found = list(results(root))
    assert len(found) == 14
    assert any(r.numbers == ("500",) and r.unit == "/mL" for r in found)
    assert [(e.media_type, e.role) for e in encapsulated(root)] == [("application/pdf", "copy")]


@pytest.mark.corpus
def test_a_subcontracted_pdf_is_listed_apart(shared: Path) -> None:
    """The PDF of a second intention laboratory is not taken for the copy of the report."""
    name = "BIO-CR-BIO_2024.01_DEP-CCU-HPV-structure-CYTO-pdf.xml.xml"
    root = read((shared / "corpus-cda" / "officiels" / name).read_bytes()).element
    assert sorted(e.role for e in encapsulated(root)) == ["copy", "subcontractor"]
