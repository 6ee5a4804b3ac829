"""Parts of the header judge: dates, labels, check digits, national numbers, the notation of its table."""

from __future__ import annotations

import pytest

from conformance.errors import InternalError
from conformance.standards.cda.header import NAMED, TYPES, coded, identifiers, notation, systems, table, times
from conformance.standards.cda.header.core import CODES


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("1979", 4),
        ("197903", 6),
        ("19790328", 8),
        ("202601020304+0100", 12),
        ("20260102030405-0400", 14),
        ("20260102030405.123+0100", 14),
        ("20240229", 8),
        ("20260102030405", 14),
    ],
)
def test_times_of_the_cisis_are_read(text: str, precision: int) -> None:
    """The forms of 3.5.7.1 are read, with their precision."""
    found = times.moment(text)
    assert isinstance(found, times.Moment)
    assert found.precision == precision


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "form"),
        ("hier", "form"),
        ("28/03/1979", "form"),
        ("2026010203", "form"),
        ("20260102+0100", "form"),
        ("20260102030405Z", "form"),
        ("00000101", "calendar"),
        ("20230229", "calendar"),
        ("20261301", "calendar"),
        ("20260102240000+0100", "calendar"),
        ("20260102030460+0100", "calendar"),
        ("20260102030405+1500", "zone"),
        ("20260102030405+0199", "zone"),
        ("00010101000000+0100", "calendar"),
    ],
)
def test_what_is_no_time_is_told_why(text: str, fault: str) -> None:
    """Wrong forms, dates outside the calendar and impossible offsets are told apart; none raises."""
    assert times.moment(text) == fault


def test_times_compare_across_offsets() -> None:
    """Two writings of one instant are the same instant."""
    one, other = times.moment("20260102030405+0100"), times.moment("20260102020405+0000")
    assert isinstance(one, times.Moment)
    assert isinstance(other, times.Moment)
    assert one.instant == other.instant


@pytest.mark.parametrize(
    ("code", "system", "good"),
    [
        ("11502-2", systems.LOINC, True),
        ("11502-3", systems.LOINC, False),
        ("00000-0", systems.LOINC, False),
        ("LP7819-8", systems.LOINC, True),
        ("22298006", systems.SNOMED, True),  # myocardial infarction
        ("22298007", systems.SNOMED, False),
        ("73211009", systems.SNOMED, True),  # diabetes mellitus
        ("00000-0", systems.SNOMED, False),
        ("00000-0", "1.2.3", True),
    ],
)
def test_check_digits_of_terminologies(code: str, system: str, good: bool) -> None:
    """LOINC and SNOMED CT codes with a wrong check digit cannot exist; other systems are not judged."""
    assert (systems.fault(code, system) == "") is good


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Synthèse du dossier médical", "Synthèse médicale", True),
        ("Médecin correspondant", "Correspondant", True),
        ("Demande d'acte d'imagerie", "Demande d'actes d'imagerie", True),
        ("ambulatoire", "Ambulatoire (hors établissement)", True),
        ("Libellé sans rapport", "Normal", False),
        ("xxx", "Féminin", False),
    ],
)
def test_labels_are_compared_by_what_they_say(one: str, other: str, alike: bool) -> None:
    """Labels of official examples that differ in words are near; a label without any relation is not."""
    assert coded.near(coded.normal(one), coded.normal(other)) is alike


def test_normal_labels_forget_case_accents_and_punctuation() -> None:
    """Case, accents, ligatures, apostrophes and spaces do not count."""
    assert coded.normal("CR d’imagerie  Médicale") == coded.normal("cr d'imagerie medicale")
    assert coded.normal("Sœur") == coded.normal("SOEUR")


@pytest.mark.parametrize(
    "number", ["801234567897", "0751234567", "00B1057294", "3750803447/AB1", "518003502400041/1.2.250"]
)
def test_published_forms_of_professionals(number: str) -> None:
    """RPPS, ADELI, and identifiers inside a structure (FINESS, SIRET) are forms of PS_IdNat."""
    assert identifiers.PS_FORMS.fullmatch(number)


@pytest.mark.parametrize("number", ["01234567897", "80123456789", "8012345678977", "DR-MARTIN", "8 01234567897", ""])
def test_what_is_no_number_of_a_professional(number: str) -> None:
    """A RPPS without its prefix, cut or spaced is no PS_IdNat."""
    assert not identifiers.PS_FORMS.fullmatch(number)


@pytest.mark.parametrize("number", ["1750803447", "2801234567", "318751275100020", "499700234190004", "12A0000014"])
def test_published_forms_of_structures(number: str) -> None:
    """FINESS, SIREN, SIRET and RPPS-rang are forms of Struct_IdNat."""
    assert identifiers.STRUCTURE_FORMS.fullmatch(number)


@pytest.mark.parametrize("number", ["750803447", "11204", "31875127510002", "1 750803447"])
def test_what_is_no_number_of_a_structure(number: str) -> None:
    """A FINESS without its prefix, or a number cut or spaced, is no Struct_IdNat."""
    assert not identifiers.STRUCTURE_FORMS.fullmatch(number)


@pytest.mark.parametrize(
    ("text", "fault"),
    [("1.2.250.1", ""), ("2.25.1", ""), ("1.02.3", "form"), ("3.1", "form"), ("", "form"), ("1..2", "form"),
     ("1." + "1" * 63, "length"), ("1." + "1" * 62, ""), ("41DAC707-7C96-47B7-B600-AC63D8001234", ""),
     ("41DAC707-7C96-47B7-B600-AC63D800123G", "form")],
)  # fmt: skip
def test_uids(text: str, fault: str) -> None:
    """OIDs without leading zero, 64 characters at most, and UUIDs in hexadecimal."""
    assert identifiers.uid_fault(text) == fault


def test_the_table_reads_and_uses_only_known_codes() -> None:
    """The table of the header is read, names every part of a CI-SIS header and only codes with their texts."""
    names = {row.name for row in table().children.values()}
    assert {
        "id",
        "recordTarget",
        "author",
        "custodian",
        "legalAuthenticator",
        "documentationOf",
        "componentOf",
    } <= names
    pending = list(table().children.values())
    while pending:
        row = pending.pop()
        assert row.absent in CODES
        assert row.repeated in CODES
        assert row.clause
        pending.extend(row.children.values())


@pytest.mark.parametrize(
    "line",
    [
        "id 1 II unknown",
        "id 3",
        "id 1 II is=nobody",
        "id 1 II absent=cda.nothing",
        "code 1 CE set=JDV_NONE",
        "id 1 = none",
        "id 1 II\n  id 1 II",
    ],
)
def test_a_wrong_line_is_named(line: str) -> None:
    """A line that cannot be read is a fault of the tool that names it."""
    with pytest.raises(InternalError) as caught:
        notation.read(f'source "x"\nheader is-document\n  {line}\n', TYPES, NAMED)
    assert "header.rules:" in str(caught.value) or caught.value.facts
