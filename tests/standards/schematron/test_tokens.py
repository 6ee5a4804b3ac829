"""XPath cut into tokens, and what is read from them."""

from __future__ import annotations

import pytest

from conformance.standards.schematron.lookups import Lookups
from conformance.standards.schematron.tokens import Unparsed, joined, significant, split, tokens, variables


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a/b[@c = 'd']", ["a", "/", "b", "[", "@", "c", "=", "'d'", "]"]),
        ("self::hl7:code", ["self", "::", "hl7:code"]),
        ("'it''s' or \"a\"\"b\"", ["'it''s'", "or", '"a""b"']),
        ("a(: doc('x') (: in :) :)b", ["a", "b"]),
        ("$v:x gt .5", ["$v:x", "gt", ".5"]),
        ("*:élément | hl7:*", ["*:élément", "|", "hl7:*"]),
        ("../@a>=1.5e3", ["..", "/", "@", "a", ">=", "1.5e3"]),
    ],
)
def test_tokens_of_an_expression(expression: str, expected: list[str]) -> None:
    """Names, strings, numbers and symbols are told apart; comments may nest."""
    assert [t.text for t in significant(expression)] == expected
    assert "".join(t.text for t in tokens(expression)) == expression


@pytest.mark.parametrize("expression", ["'open", "(: open", "a # \x01'"])
def test_what_is_not_xpath_is_refused(expression: str) -> None:
    """Nothing is guessed about an expression that cannot be cut."""
    with pytest.raises(Unparsed):
        tokens(expression)


@pytest.mark.parametrize(
    "expression", ["a or b", "1 to 3", "a div b", "a - b", "$a - 1", "a . b", "'a' 'b'", "for $i in a return $i"]
)
def test_joined_tokens_are_the_same_tokens(expression: str) -> None:
    """Writing tokens back never melts two of them."""
    found = significant(expression)
    assert [t.text for t in significant(joined(found))] == [t.text for t in found]


def test_cutting_at_separators_outside_brackets() -> None:
    """Brackets protect what they hold."""
    parts = split(significant("a[b or c] or (d or e) or 'or'"), frozenset({"or"}))
    assert [joined(part) for _, part in parts] == ["a[b or c]", "(d or e)", "'or'"]


def test_variables_from_outside() -> None:
    """Those that an expression binds itself are not asked of anybody."""
    assert variables("some $i in $list satisfies $i = $x or 'a$b'") == {"list", "x"}


def _rewritten(expression: str, attributes: frozenset[str] | None = frozenset({"c", "s"})) -> str:
    known = {"v.xml": "file:///v.xml", "dir/u.xml": "file:///u.xml"}
    return Lookups(known.get, {"path": "v.xml", "dir": "dir/"}).rewrite(expression, attributes)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(document($path)//E[@a=$c and @b=$s])", "(x:has2($x:t0, $c, $s))"),
        ("@n or document($path)//E[@a=$c]", "@n or x:has1($x:t0, $c)"),
        ("not(doc('v.xml')//E[@a=$c])", "not(x:has1($x:t0, $c))"),
        ("doc('v.xml')//E/@a = $c", "$x:d0//E/@a=$c"),
        ("exists(doc(concat($dir, 'u.xml'))//k[text()=string($c)])", "map:contains($x:t0, string($c))"),
        ("exists(doc(concat($dir, $s))//k[text()=string($c)])", "x:listed(concat($dir,$s), string($c))"),
        ("doc-available(concat($dir, $s, '.rdf'))", "x:available(concat($dir,$s,'.rdf'))"),
    ],
)
def test_lookups_made_fast(expression: str, expected: str) -> None:
    """Documents named by constants are held; value sets used for their truth become maps."""
    assert _rewritten(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "count(document($path)//E[@a=$c]) = 1",  # used as nodes
        "(document($path)//E[@a=$c])[1]",
        "document($path)//E[@a=$c]/@d = 'x'",
        "document($path)//E[@a=$other]",  # not an attribute: might be a number
        "document($path)//E[@a=$c or @b=$s]",
        "document($path)//E[@a='x']",
        "if (a) then document($path)//E[@a=$c] else b",
    ],
)
def test_lookups_that_might_differ_stay_as_they_are(expression: str) -> None:
    """Only the document is held; what is asked of it is left as written."""
    assert "has" not in _rewritten(expression)
    assert "$x:d0" in _rewritten(expression)


@pytest.mark.parametrize("expression", ["document($unknown)//E", "doc('nowhere.xml')//E", "'doc(x)'"])
def test_what_is_not_known_is_not_touched(expression: str) -> None:
    """A document that is nowhere stays an error at run time."""
    assert _rewritten(expression) == joined(significant(expression))


def test_a_variable_is_never_made_a_truth_value() -> None:
    """Outside a test the nodes themselves may be wanted."""
    assert _rewritten("document($path)//E[@a=$c]", None) == "$x:d0//E[@a=$c]"
