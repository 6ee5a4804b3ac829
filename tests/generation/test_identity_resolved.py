"""Patients once bound, held to python-stdnum and to the characters of INSi."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from stdnum import luhn
from stdnum.fr import nir

from conformance.generation.binding import bind
from conformance.generation.identity import resolve
from conformance.generation.patients import HOMONYM, PatientWish, patients
from conformance.generation.people import PROFESSIONALS, STRUCTURES, finess, rpps
from conformance.models.document import Patient

AS_OF = date(2026, 11, 24)
INS_NAME = re.compile(r"[A-Z'][A-Z' -]*")


@hypothesis_settings(max_examples=200, deadline=None, database=None)
@given(patients())
def test_every_matricule_is_a_valid_nir_of_that_person(patient: Patient) -> None:
    """python-stdnum accepts each matricule; sex, year and month are those of the traits, and so is the department."""
    identity = resolve(patient, bind("0a1b2c3d", 7), AS_OF)
    assert nir.is_valid(identity.matricule)
    assert identity.matricule[0] == ("1" if patient.sex == "M" else "2")
    assert identity.matricule[1:5] == f"{identity.birth_date:%y%m}"
    assert identity.matricule[5:7] == patient.department
    assert identity.birth_date < AS_OF


@hypothesis_settings(max_examples=200, deadline=None, database=None)
@given(patients())
def test_names_keep_to_the_characters_of_insi(patient: Patient) -> None:
    """Names hold A-Z, blank, apostrophe and hyphen only, with no doubled blank and no hyphen or blank at an end."""
    identity = resolve(patient, bind("0a1b2c3d", 7), AS_OF)
    for name in (identity.birth_name, *identity.given_names, *filter(None, [identity.used_name])):
        assert INS_NAME.fullmatch(name)
        assert not re.search(r"  |''|' | '|[- ']$", name)
    assert not any("--" in given for given in identity.given_names)
    assert len(identity.birth_name) <= 100


@hypothesis_settings(max_examples=100, deadline=None, database=None)
@given(patients())
def test_places_are_codes_that_fit_the_department(patient: Patient) -> None:
    """The COG has five characters and begins by the department of the matricule; a NIA is for those born abroad."""
    assert re.fullmatch(r"(\d\d|2[AB])\d{3}", patient.birth_place)
    assert patient.birth_place[:2] == patient.department
    assert patient.kind == "NIR" or patient.department == "99"


def test_a_corsican_is_born_after_the_department_was_split() -> None:
    """2A and 2B exist since 1976: nobody is born there before."""

    @hypothesis_settings(max_examples=80, deadline=None, database=None)
    @given(patients(PatientWish(origin="corsica")))
    def check(patient: Patient) -> None:
        assert patient.department in ("2A", "2B")
        assert resolve(patient, bind("0a1b2c3d", 1), AS_OF).birth_date >= date(1976, 1, 1)

    check()


@pytest.mark.parametrize(
    ("kind", "environment", "oid", "namespace"),
    [
        ("NIR", "test", "1.2.250.1.213.1.4.10", "ASIP-SANTE-INS-NIR"),
        ("NIR", "production", "1.2.250.1.213.1.4.8", "ASIP-SANTE-INS-NIR"),
        ("NIA", "production", "1.2.250.1.213.1.4.9", "ASIP-SANTE-INS-NIA"),
        ("NIA", "test", "1.2.250.1.213.1.4.10", "ASIP-SANTE-INS-NIA"),
        ("NIR", "demo", "1.2.250.1.213.1.4.11", "ASIP-SANTE-INS-NIR"),
    ],
)
def test_the_oid_is_that_of_the_environment(kind: str, environment: str, oid: str, namespace: str) -> None:
    """The OIDs of the INS annex; none is published for the NIA outside production."""
    patient = replace(Patient("LI", ("WEI",), "M", 12_000, "99", "99216"), kind=kind)  # type: ignore[arg-type]
    identity = resolve(patient, bind("0a1b2c3d", 1), AS_OF, environment)  # type: ignore[arg-type]
    assert (identity.oid, identity.namespace) == (oid, namespace)


def test_homonyms_share_every_trait_but_not_their_matricule() -> None:
    """Two homonyms of a run bear the same name, date and sex; matricule and IPP tell them apart."""
    one, other = (resolve(HOMONYM, bind("0a1b2c3d", n), AS_OF) for n in (1, 2))
    assert one.matricule != other.matricule
    assert one.ipp != other.ipp
    assert replace(one, matricule="", ipp="") == replace(other, matricule="", ipp="")


def test_others_get_the_letters_of_their_binding() -> None:
    """Two bindings of one patient give two names."""
    patient = Patient("MARTIN", ("PAUL",), "M", 12_000, "75", "75115")
    names = {resolve(patient, bind("0a1b2c3d", n), AS_OF).birth_name for n in (1, 2)}
    assert len(names) == 2
    assert all(n.startswith("MARTIN ") for n in names)


def test_numbers_of_people_and_places_pass_the_luhn_test() -> None:
    """python-stdnum accepts every RPPS (11 digits) and FINESS (9 digits)."""
    assert all(luhn.is_valid(p.rpps) and len(p.rpps) == 11 for p in PROFESSIONALS)
    assert all(luhn.is_valid(s.finess) and len(s.finess) == 9 for s in STRUCTURES)
    assert all(luhn.is_valid(rpps(n)) and luhn.is_valid(finess(n)) for n in range(0, 99_999, 997))
    assert len({p.rpps for p in PROFESSIONALS}) == len(PROFESSIONALS)
