"""The language of `when`."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.catalogue.expression import (
    ALWAYS,
    DEPTH,
    LIMIT,
    And,
    Claims,
    Expression,
    ExpressionError,
    Name,
    Not,
    Or,
    claimed,
    evaluate,
    names,
    parse,
)

LEAVES = st.one_of(
    st.just(ALWAYS),
    st.sampled_from("abc").map(Name),
    st.sampled_from(["PFI/va1/X.01", "PFI/va2/Y/va1.02"]).map(Claims),
)
EXPRESSIONS = st.recursive(
    LEAVES, lambda e: st.one_of(e.map(Not), st.builds(And, e, e), st.builds(Or, e, e)), max_leaves=8
)


@pytest.mark.parametrize(
    "python", ["a and b or c", "a or b and c", "not a and b", "not (a and b)", "(a or b) and not c"]
)
def test_precedence_is_that_of_python(python: str) -> None:
    """not binds before and, and before or, for every set of options."""
    for held in itertools.product([False, True], repeat=3):
        values = dict(zip("abc", held, strict=True))
        options = {name for name, value in values.items() if value}
        assert evaluate(parse(python), options, ()) is eval(python, {}, values)


def test_always_and_claims() -> None:
    """always holds for nothing declared; claims(KEY) holds for that key alone."""
    assert evaluate(parse("always"), (), ())
    when = parse("iam and claims(PFI/va2/SSI/IE.40)")
    assert evaluate(when, {"iam"}, {"PFI/va2/SSI/IE.40"})
    assert not evaluate(when, {"iam"}, {"PFI/va2/SSI/IE.41"})
    assert not evaluate(when, (), {"PFI/va2/SSI/IE.40"})


def test_names_and_claims_are_listed_in_order() -> None:
    """An expression tells the options and the claims it rests on."""
    when = parse("b or not a and claims(PFI/va1/X.01)")
    assert list(names(when)) == ["b", "a"]
    assert list(claimed(when)) == ["PFI/va1/X.01"]


@given(EXPRESSIONS, st.sets(st.sampled_from("abc")), st.sets(st.sampled_from(["PFI/va1/X.01", "PFI/va2/Y/va1.02"])))
def test_written_and_read_again_it_means_the_same(when: Expression, options: set[str], claims: set[str]) -> None:
    """The text of an expression reads back to one of the same truth."""
    assert evaluate(parse(str(when)), options, claims) == evaluate(when, options, claims)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("a and", 6),
        ("and a", 1),
        ("(a", 3),
        ("a)", 2),
        ("a b", 3),
        ("not", 4),
        ("a & b", 3),
        ("claims", 7),
        ("claims()", 8),
        ("claims(bal-app)", 8),
        ("claims(PFI/va1/X.01", 20),
        ("Option", 1),
        ("a\tor\t%", 6),
    ],
)
def test_a_mistake_is_told_with_its_column(text: str, column: int) -> None:
    """What cannot be read says where."""
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.column == column


def test_hostile_expressions_are_bounded() -> None:
    """Length and depth have limits."""
    with pytest.raises(ExpressionError, match="longer"):
        parse("a or " * LIMIT + "a")
    with pytest.raises(ExpressionError, match="nested"):
        parse("(" * (DEPTH + 2) + "a" + ")" * (DEPTH + 2))
    with pytest.raises(ExpressionError, match="nested"):
        parse("not " * (DEPTH + 2) + "a")
