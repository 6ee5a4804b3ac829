"""Findings on matricules and traits."""

from __future__ import annotations

import pytest

from conformance.evidence.values import Severity
from conformance.standards.ins import nir, rules

TEST = "1.2.250.1.213.1.4.10"
PRODUCTION = "1.2.250.1.213.1.4.8"


def _codes(matricule: str, oid: str = TEST, **more: str) -> set[str]:
    return {f.code for f in rules.judge_matricule(matricule, oid, **more)}  # type: ignore[arg-type]


def test_a_test_person_is_clean() -> None:
    """PAT-TROIS DOMINIQUE as the official HL7 examples carry her gives no finding, though her commune differs."""
    assert _codes("279035121518989", sex="F", birth="19790328", environment="test") == set()


@pytest.mark.parametrize("matricule", ["181036322045660", "222127505611201"])
def test_a_wrong_key_is_an_error(matricule: str) -> None:
    """The finding is an error and tells the key expected."""
    (finding,) = rules.judge_matricule(matricule, TEST)
    assert (finding.code, finding.severity, finding.expected) == (
        "ins.matricule.key",
        Severity.ERROR,
        nir.key(matricule[:13]),
    )


def test_an_unknown_oid_is_told_and_an_abandoned_one_too() -> None:
    """An IPP's authority, and the OID of the old computed INS, are no INS authorities."""
    assert _codes("279035121518989", "1.2.3.4") == {"ins.oid.unknown"}
    assert _codes("279035121518989", "1.2.250.1.213.1.4.2") == {"ins.oid.unknown"}


def test_the_environment_is_judged_only_when_declared() -> None:
    """INSi's test platform answers under the production OID: nothing is said unless the channel declares otherwise."""
    assert _codes("279035121518989", PRODUCTION) == set()
    assert _codes("279035121518989", PRODUCTION, environment="production") == set()
    assert _codes("279035121518989", PRODUCTION, environment="test") == {"ins.oid.environment"}


def test_contradictions_with_the_traits_are_only_warnings() -> None:
    """Sex and birth that do not fit the digits are warnings; the day and the commune are never looked at."""
    found = list(rules.judge_matricule("279035121518989", TEST, sex="M", birth="19800401"))
    assert {f.code for f in found} == {"ins.matricule.sex", "ins.matricule.birth"}
    assert {f.severity for f in found} == {Severity.WARNING}
    assert _codes("279035121518989", sex="F", birth="19790301") == set()
    assert _codes("279035121518989", sex="U", birth="1979") == set()


def test_the_form_comes_before_the_key() -> None:
    """A text that is no matricule gives the finding of form alone."""
    assert _codes("27903512151898") == {"ins.matricule.form"}


def test_traits_of_a_qualified_identity() -> None:
    """Clean traits pass; mixed case, a stray first given name, day 0 and a town name are each told."""
    clean = list(rules.judge_traits(birth_name="NESSI", given="MICHELANGELO ANTHONY", first_given="MICHELANGELO"))
    assert clean == []
    found = rules.judge_traits(
        birth_name="Nessi", given="RUTH ISABELLE", first_given="ISABELLE", birth="19800300", place="PARIS"
    )
    assert [f.code for f in found] == ["ins.trait.name", "ins.trait.first-given", "ins.trait.birth", "ins.trait.place"]
