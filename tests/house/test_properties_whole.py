"""Every property ships whole: clause, requirements, codes, claims, examples from outside, a defect that it catches."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from conformance.catalogue.loader import all_profiles
from conformance.evidence.codes import all_codes
from conformance.exercises import registry
from conformance.properties import base
from conformance.selftest.vendor import seeded_defects

TESTS = Path(__file__).resolve().parents[1] / "properties"
NAMES = base.names()


@cache
def examples() -> frozenset[tuple[str, str]]:
    """(property, `positive` or `negative`) of every test marked as an example."""
    found = set()
    for path in sorted(TESTS.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign):
                names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
                paired = isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)
                values = node.value.elts if paired else [node.value]
                constants |= {n.id: v.value for n, v in zip(names, values, strict=True) if isinstance(v, ast.Constant)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                assert any(isinstance(n, ast.Assert) for n in ast.walk(node)) or not node.name.startswith("test_")
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.example":
                        name, kind = mark.args
                        assert isinstance(kind, ast.Constant)
                        found.add((constants[name.id] if isinstance(name, ast.Name) else name.value, kind.value))
    return frozenset(found)


@cache
def owed() -> dict[str, set[str]]:
    """Property -> the keys of the requirements whose scenarios name it."""
    found: dict[str, set[str]] = {}
    for profile in all_profiles():
        for row in profile.requirements():
            for name in row.properties:
                found.setdefault(name, set()).add(row.key)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_it_cites_its_clause_and_owes_itself_to_rows_of_a_profile(name: str) -> None:
    """The clause is there, and the profiles and the property agree on which rows it decides."""
    found = base.get(name)
    assert len(found.clause) > 10
    assert set(found.requirements) == owed()[name]


@pytest.mark.parametrize("name", NAMES)
def test_its_codes_exist(name: str) -> None:
    """Every code it may yield is in the catalogue, and one at least is an error."""
    found = base.get(name)
    assert found.codes <= set(all_codes())
    assert any(all_codes()[code].severity.value == "error" for code in found.codes)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_claims_can_be_generated(name: str) -> None:
    """Its exercise exists, knows every class claimed, its control and its environments."""
    found = base.get(name)
    exercise = registry.get(found.exercise)
    assert found.claims
    assert found.claims <= exercise.labels()
    assert found.control is None or found.control in exercise.labels()
    assert set(found.environments) <= {e.name for e in exercise.environments}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_it_has_examples_from_outside(name: str, kind: str) -> None:
    """At least one literal traffic satisfies it, and one violates it."""
    assert (name, kind) in examples()


@pytest.mark.parametrize("name", NAMES)
def test_a_defect_of_the_reference_vendor_is_owed_to_it(name: str) -> None:
    """The reference vendor can violate each of its rows."""
    owners = {d.requirement for d in seeded_defects()}
    assert set(base.get(name).requirements) <= owners


def test_no_profile_names_a_property_that_does_not_exist() -> None:
    """The profiles name only registered properties."""
    assert set(owed()) == set(NAMES)
