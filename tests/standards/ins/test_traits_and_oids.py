"""Letters allowed in names, dates, places; the OIDs of the INS."""

from __future__ import annotations

import pytest

from conformance.standards.ins import oids, traits


@pytest.mark.parametrize(
    "name", ["PAT-TROIS", "D'ARTAGNAN DE L'HERAULT", "ADRUN--DUPONT", "'T SERSTEVENS", "D'AEION COEUR"]
)
def test_birth_names_of_the_lexical_profile_pass(name: str) -> None:
    """Hyphen, double hyphen, apostrophe (even first) and space are allowed in a nom de naissance."""
    assert traits.birth_name_faults(name) == ()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "empty"),
        ("Pat-Trois", "characters"),
        ("NOËL", "characters"),
        ("D’ARTAGNAN", "characters"),
        ("NO3L", "characters"),
        ("-DUPONT", "start"),
        (" DUPONT", "start"),
        ("DUPONT ", "end"),
        ("DU  PONT", "doubled"),
        ("D' ARTAGNAN", "doubled"),
    ],
)
def test_birth_names_against_the_profile_are_told(name: str, fault: str) -> None:
    """Lower case, accents, curly apostrophes, digits, doubled separators and bad ends are each named."""
    assert fault in traits.birth_name_faults(name)


def test_given_names_are_stricter_than_names() -> None:
    """No double hyphen, and neither hyphen nor apostrophe last, in a prénom."""
    assert traits.given_name_faults("PIERRE-ALAIN MURIEL FLORIANT") == ()
    assert traits.given_name_faults("PIERRE--ALAIN") == ("doubled",)
    assert traits.given_name_faults("PIERRE-") == ("end",)
    assert traits.given_name_faults("PIERRE'") == ("end",)


def test_names_compare_without_case_accents_and_hyphens() -> None:
    """A search of antecedents ignores apostrophes, hyphens and accents; ligatures are two letters."""
    assert traits.same_name("d’Artagnan-Œuvré", "D'ARTAGNAN OEUVRE")
    assert not traits.same_name("DUPONT", "DUPOND")
    assert traits.normalise("Élodie Cœur") == "ELODIE COEUR"


def test_first_given_name_begins_the_list() -> None:
    """Hyphen and apostrophe count as a space: PIERRE ALAIN begins PIERRE-ALAIN MURIEL, MURIEL does not."""
    assert traits.first_given_fits("PIERRE ALAIN", "PIERRE-ALAIN MURIEL FLORIANT")
    assert traits.first_given_fits("Pierre", "PIERRE-ALAIN MURIEL")
    assert not traits.first_given_fits("MURIEL", "PIERRE-ALAIN MURIEL")
    assert not traits.first_given_fits("", "PIERRE")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1979", (1979, None, None)),
        ("197903", (1979, 3, None)),
        ("20240229", (2024, 2, 29)),
        ("19790328", (1979, 3, 28)),
    ],
)
def test_birth_dates_of_the_volet_are_read(text: str, parts: tuple[int, int | None, int | None]) -> None:
    """AAAA, AAAAMM and AAAAMMJJ are dates (Structuration minimale 3.5.5.12.1.4.3)."""
    assert traits.parse_birth(text) == parts


@pytest.mark.parametrize("text", ["", "79", "19791301", "20230229", "19800000", "1980-03-02", "198003021", "00000000"])
def test_lunar_and_impossible_dates_are_no_dates(text: str) -> None:
    """A month 13, a day 0 and the 29th of a common February are refused."""
    assert traits.parse_birth(text) is None


def test_places_are_five_characters_of_the_cog() -> None:
    """Corsica, foreign countries and the unknown place are codes; a postal town is not."""
    assert all(traits.is_place(code) for code in ("63220", "2B020", "2A020", "99109", traits.UNKNOWN_PLACE))
    assert not any(traits.is_place(code) for code in ("6322", "2C020", "PARIS", "632200", ""))


def test_oids_by_nature_and_environment() -> None:
    """The four published OIDs, and no OID of test for the NIA (FR Core, identity types)."""
    assert oids.oid("NIR", "production") == "1.2.250.1.213.1.4.8"
    assert oids.oid("NIA", "production") == "1.2.250.1.213.1.4.9"
    assert oids.oid("NIR", "test") == "1.2.250.1.213.1.4.10"
    assert oids.oid("NIR", "demo") == "1.2.250.1.213.1.4.11"
    with pytest.raises(KeyError):
        oids.oid("NIA", "test")
    assert oids.is_ins("1.2.250.1.213.1.4.10")
    assert not any(oids.is_ins(oid) for oid in oids.ABANDONED)


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ((1975, 12, 31), "19751231"),
        ((1975, 2, None), "19750201"),
        ((1975, None, 14), "19750114"),
        ((1975, None, None), "19751231"),
        ((1950,), "19501231"),
    ],
)
def test_what_stands_for_an_unknown_part_of_a_birth_date(parts: tuple[int, ...], written: str) -> None:
    """RNIV 1: day unknown, month unknown, both; a decade for a year."""
    assert traits.substitute_birth(*parts) == written


def test_no_date_is_made_of_parts_that_are_none() -> None:
    """A 30th of February is nobody's birthday."""
    with pytest.raises(ValueError, match="no date of birth"):
        traits.substitute_birth(1975, 2, 30)
