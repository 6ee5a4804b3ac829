"""A context as a selection names the same nodes as the match pattern it replaces: Saxon's own matching is the judge."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.standards.schematron import compile_schema, contexts, read_outcome
from conformance.standards.schematron.contexts import anchor, disjoint, parse

saxonche = pytest.importorskip("saxonche", reason="SaxonC is not installed: compiled schematrons cannot be run")

NAMES = ("a", "b", "p:a", "*")
PREDICATES = ("[@k='1']", "[@k]", "[not(@k)]", "[b]", "[not(b)]", "[a/@k='1']", "[a/@k='2' and @k]", "[1]", "[b[1]]",
              "[self::a]", "[@k='1' or b]", "[.='x']", "[ancestor::b]", "[last()]", "[@k = ../@k]")  # fmt: skip

steps = st.builds("".join, st.tuples(st.sampled_from(NAMES), *[st.sampled_from(("", "", *PREDICATES))] * 2))
paths = st.builds(
    lambda start, first, rest: start + first + "".join(axis + step for axis, step in rest),
    st.sampled_from(("", "", "//", "/")),
    steps,
    st.lists(st.tuples(st.sampled_from(("/", "/", "//")), steps), max_size=3),
)
rules = st.lists(st.builds("|".join, st.lists(paths, min_size=1, max_size=2)), min_size=1, max_size=4)
trees = st.recursive(
    st.builds(
        lambda name, k, text: (name, k, text, []),
        st.sampled_from(NAMES[:3]),
        st.sampled_from(("", "1", "2")),
        st.sampled_from(("", "x")),
    ),
    lambda inner: st.builds(
        lambda name, k, children: (name, k, "", children),
        st.sampled_from(NAMES[:3]),
        st.sampled_from(("", "1", "2")),
        st.lists(inner, min_size=1, max_size=4),
    ),
    max_leaves=14,
)


def xml(tree: tuple[str, str, str, list[object]], top: bool = True) -> str:
    name, k, text, children = tree
    inside = "".join(xml(child, False) for child in children)  # type: ignore[arg-type] # the trees above
    declared = " xmlns:p='urn:p'" if top else ""
    return f"<{name}{declared}{f' k={k!r}' if k else ''}>{text}{inside}</{name}>"


class Given:
    """A resolver of one schema."""

    def __init__(self, contexts_: list[str]) -> None:
        asserts = "".join(
            f"<rule context={c.replace('<', '&lt;')!r}><assert test='false()'>{n}</assert></rule>"
            if "'" not in c
            else f'<rule context="{c}"><assert test="false()">{n}</assert></rule>'
            for n, c in enumerate(contexts_)
        )
        self.text = (
            "<schema xmlns='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt2'>"
            f"<ns prefix='p' uri='urn:p'/><pattern id='x'>{asserts}</pattern></schema>"
        )

    def read(self, base: str, href: str) -> tuple[str, bytes]:
        return href, self.text.encode()


SAXON = saxonche.PySaxonProcessor(license=False)


def fired(contexts_: list[str], document: str) -> Counter[tuple[str, str]]:
    """(rule, path) of every rule that fires."""
    compiled = compile_schema(Given(contexts_), "", "s.sch")
    stylesheet = SAXON.new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.stylesheet)
    outcome = read_outcome(compiled, stylesheet.transform_to_string(xdm_node=SAXON.parse_xml(xml_text=document)))
    assert outcome.errors == ()
    return Counter((f.text, f.path) for f in outcome.failures)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules, trees)
def test_selections_fire_the_same_rules_as_match_templates(
    contexts_: list[str], tree: tuple[str, str, str, list[object]]
) -> None:
    """Whatever the contexts of a pattern and the document, each rule fires on the same nodes either way."""
    document = xml(tree)
    selected = fired(contexts_, document)
    with patch.object(contexts, "parse", lambda context: None):
        matched = fired(contexts_, document)
    assert selected == matched


@pytest.mark.parametrize(
    "context",
    [
        "*[c:t/@root='1.2']",
        "//c:a[c:b[@r = '1'][@x = '2']]/c:d[not(@nullFlavor)]",
        "/",
        "/c:a",
        "c:a[(c:b/@k='1' or c:b/@k='2') and not(c:d)]|c:e",
        "c:a[concat(@x, @y) = doc('v.xml')//s[1]/concat(@x, @y)]",
    ],
)
def test_plain_contexts_become_selections(context: str) -> None:
    """The forms that the official schematrons use are all understood."""
    assert parse(context) is not None


@pytest.mark.parametrize(
    "context",
    [
        "@k",  # never visited
        "a/@k",
        "text()",
        "a[$v]",  # a variable
        "a[xs:date(@d) > current-date()]",  # an error in a pattern is only no match
        "a[@n > 3]",
        "a[@n + @m = @o]",
        "a[2]",
        "a[position() = 1]",
        "a[current()/@k]",
        "a[doc(@k)]",
        "a[concat(b, 'x') = 'yx']",  # several b would be an error
        "id('x')",
        "a[",
        "child::a",
        "",
    ],
)
def test_contexts_that_might_differ_stay_match_patterns(context: str) -> None:
    """Nothing that could raise an error, or mean something else, is turned into a selection."""
    assert parse(context) is None


@pytest.mark.parametrize(
    ("step", "path", "value"),
    [
        ("*[c:t/@root='1.2']", "c:t/@root", "1.2"),
        ('*[c:t/@root = "1.2" and c:code/@code="x"]', "c:t/@root", "1.2"),
        ("c:a[./c:t/@root='it''s']", "c:t/@root", "it's"),
        ("c:a[@k='1'][b]", "@k", "1"),
    ],
)
def test_the_key_of_a_context(step: str, path: str, value: str) -> None:
    """A context that begins with an attribute equal to a literal is looked up by a key."""
    found = parse(step)
    assert found is not None
    known = anchor(found[0].steps[0])
    assert known is not None
    assert (known.path, known.value) == (path, value)


@pytest.mark.parametrize("step", ["*[c:t/@root='1' or c:t/@root='2']", "a[@k]", "a[@k=@m]", "a[not(@k='1')]", "a"])
def test_contexts_without_a_key(step: str) -> None:
    """Alternatives and negations cannot be looked up by one value."""
    found = parse(step)
    assert found is not None
    assert anchor(found[0].steps[0]) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("c:a", "c:b", True),
        ("c:a", "d:a", False),  # two prefixes may stand for one namespace
        ("c:a/c:x", "c:b/c:x", True),
        ("c:a//c:x", "c:b//c:x", False),
        ("*/c:x", "c:b/c:x", False),
        ("c:a[c:s]/*", "c:a[not(c:s)]/*", True),
        ("/", "c:a", True),
        ("/", "/", False),
    ],
)
def test_disjoint_contexts(one: str, other: str, expected: bool) -> None:
    """Two contexts are said disjoint only when no node can be in both."""
    left, right = parse(one), parse(other)
    assert left is not None
    assert right is not None
    assert disjoint(left[0], right[0]) is expected
