"""The matricule and its key, held to python-stdnum and to the test persons of the INSi service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir as peer

from conformance.standards.ins import nir

# Test persons answered by the INSi test base; every key is right.
TEST_PERSONS = (
    "275126322074974",
    "180032B02040123",
    "297022A02077878",
    "110086322083060",
    "109076322083489",
    "236066322083656",
    "207058575627097",
    "279035121518989",
)
WRONG_KEYS = ("181036322045660", "281036322045610", "222127505611201")

thirteens = st.from_regex(r"\A[12][0-9]{2}(0[1-9]|1[0-2])([0-9]{2}|2[AB])[0-9]{6}\Z")


@pytest.mark.parametrize("matricule", TEST_PERSONS)
def test_keys_of_the_test_persons_are_right(matricule: str) -> None:
    """The key computed for each test person is the one the INSi test base gives, and the peer agrees."""
    assert nir.key(matricule[:13]) == matricule[13:]
    assert nir.key_ok(matricule)
    assert peer.calc_check_digits(matricule) == matricule[13:]


@pytest.mark.parametrize("matricule", WRONG_KEYS)
def test_keys_known_to_be_wrong_are_told(matricule: str) -> None:
    """HERMANN GATIEN (both matricules) and one official CDA example carry a wrong key: 76, 26 and 47 are expected."""
    assert nir.is_matricule(matricule)
    assert not nir.key_ok(matricule)
    assert nir.key(matricule[:13]) in {"76", "26", "47"}


@given(thirteens)
def test_key_agrees_with_the_peer(thirteen: str) -> None:
    """For any NIR body, Corsica included, the key is the one python-stdnum computes."""
    assert nir.key(thirteen) == peer.calc_check_digits(thirteen + "00")


@given(thirteens, st.integers(0, 12), st.sampled_from("0123456789"))
def test_a_changed_digit_changes_the_key(thirteen: str, position: int, digit: str) -> None:
    """One digit mistyped (outside the Corsican letter) is always caught by the key."""
    if position in (5, 6) or thirteen[position] == digit:
        return
    assert nir.key(thirteen[:position] + digit + thirteen[position + 1 :]) != nir.key(thirteen)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "27512632207497",
        "2751263220749744",
        "275126322074 74",
        "27512A322074974",
        "27512632A074974",
        "27512632207497४",
    ],
)
def test_other_forms_are_no_matricule(text: str) -> None:
    """Length, letters elsewhere than in 2A or 2B, and digits of other scripts are refused."""
    assert not nir.is_matricule(text)
    assert not nir.key_ok(text)


@pytest.mark.parametrize("text", ["", "275126322074", "275126322074974", "27512A3220749", "27512632207४9"])
def test_the_key_is_only_computed_for_thirteen_characters(text: str) -> None:
    """Anything else than the 13 characters of a matricule raises ValueError."""
    with pytest.raises(ValueError):
        nir.key(text)


@pytest.mark.parametrize("department", ["75", "2A", "2B", "97", "99"])
def test_build_makes_a_matricule_that_the_peer_accepts(department: str) -> None:
    """A matricule built from its parts says them back and passes python-stdnum's check of the key."""
    built = nir.build(sex="F", year=2003, month=4, department=department, digits="020123")
    assert peer.calc_check_digits(built) == built[13:]
    assert nir.meaning(built) == nir.Meaning("F", 3, 4)


def test_build_refuses_parts_of_the_wrong_form() -> None:
    """A month 13 or five digits raise instead of making a false matricule."""
    with pytest.raises(ValueError):
        nir.build(sex="M", year=1980, month=13, department="75", digits="000001")
    with pytest.raises(ValueError):
        nir.build(sex="M", year=1980, month=1, department="75", digits="00001")


def test_meaning_says_nothing_of_a_nia_sex_nor_of_an_odd_month() -> None:
    """First digits other than 1 and 2 give no sex, and a month such as 42 gives none."""
    body = "7800463220749"
    assert nir.meaning(body + nir.key(body)) == nir.Meaning(None, 80, 4)
    body = "1804263220749"
    assert nir.meaning(body + nir.key(body)).month is None
