"""Strict YAML: nothing is guessed, nothing hostile gets through, every fault has a line."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from conformance.catalogue import places, strict
from conformance.errors import ProfileError


def told(content: str | bytes) -> ProfileError:
    """The fault that reading a text raises."""
    data = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
    with pytest.raises(ProfileError) as caught:
        strict.read(data, "x.yaml")
    return caught.value


@pytest.fixture(params=["c", "python"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers of PyYAML, since an installation may lack libyaml."""
    monkeypatch.setattr(strict, "_LOADER", yaml.CSafeLoader if request.param == "c" else yaml.SafeLoader)
    return str(request.param)


@pytest.mark.parametrize(
    "text", ["NO", "on", "01001", "12:30:45", "075E2", "1.10", "0x1F", "2024-01-31", "true", ".inf"]
)
def test_a_scalar_is_the_text_that_is_written(text: str, either_parser: str) -> None:
    """What YAML 1.1 turns into booleans, octals, minutes, floats and dates stays a text."""
    assert strict.read(f"a: {text}\n".encode(), "x.yaml") == {"a": text}


@pytest.mark.parametrize(("text", "value"), [("null", None), ("~", None), ("", None), ('"null"', "null"), ("''", "")])
def test_only_a_plain_null_is_none(text: str, value: str | None, either_parser: str) -> None:
    """A plain null, a tilde or nothing is None; in quotes they are texts."""
    assert strict.read(f"a: {text}\n".encode(), "x.yaml") == {"a": value}


@pytest.mark.parametrize("name", ["pfi.yaml", "options.yaml", "socle/mss.yaml", "socle/ssi-ie.yaml"])
def test_real_files_read_as_pyyaml_reads_texts(name: str, either_parser: str) -> None:
    """On our own files the tree is that of PyYAML's BaseLoader, which keeps texts, but for null."""

    def nulled(value: object) -> object:
        if isinstance(value, dict):
            return {key: nulled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [nulled(item) for item in value]
        return None if value == "null" else value

    content = (places.profiles() / name).read_bytes()
    assert strict.read(content, name) == nulled(yaml.load(content, Loader=yaml.BaseLoader))


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    """PyYAML keeps the second of two equal keys without a word; here both lines are told."""
    error = told("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    assert (error.id, error.where, error.values) == (
        "catalogue.duplicate-yaml-key",
        "x.yaml:5",
        {"key": "c", "line": 3},
    )


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    """Nine lines that would expand to a billion values never do."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    error = told("\n".join(lines))
    assert (error.id, error.where) == ("catalogue.alias", "x.yaml:1")


@pytest.mark.parametrize(
    ("text", "id", "line"),
    [
        ("a: !!python/object/apply:os.system [ls]\n", "catalogue.tag", 1),
        ("a: 1\nb: !!binary aGVsbG8=\n", "catalogue.tag", 2),
        ("a: *b\n", "catalogue.alias", 1),
        ("a: 1\n---\nb: 2\n", "catalogue.many-documents", 2),
        ("? [x, y]\n: 1\n", "catalogue.key-not-text", 1),
        ("a: 1\nnull: 2\n", "catalogue.key-not-text", 2),
        ("a: 1\n b: 2\n", "catalogue.not-yaml", 2),
        ("a: title: with a colon\n", "catalogue.not-yaml", 1),
        ("- a\n- b\n", "catalogue.not-a-table", 1),
        ("", "catalogue.not-a-table", 1),
        ("just a text\n", "catalogue.not-a-table", 1),
    ],
)
def test_what_is_refused_names_its_line(text: str, id: str, line: int) -> None:
    """Tags, aliases, several documents, odd keys, bad YAML and other roots are refused where they stand."""
    error = told(text)
    assert (error.id, error.where) == (id, f"x.yaml:{line}")


def test_hostile_nesting_is_refused_without_recursion(either_parser: str) -> None:
    """A hundred thousand open brackets stop at the depth limit, not in a stack."""
    assert told("a: " + "[" * 100_000).id == "catalogue.too-deep"


def test_sizes_are_bounded() -> None:
    """A file too long, or with too many values, is refused."""
    assert told(b"a: " + b"x" * strict.LIMIT).id == "catalogue.too-big"
    assert told("a: [" + "x, " * strict.NODES + "x]").id == "catalogue.too-many"


def test_bytes_that_are_not_text_are_refused() -> None:
    """Latin-1 and control characters are told apart from bad YAML."""
    assert told("a: é\n".encode("latin-1")).id == "catalogue.not-utf8"
    assert told(b"a: \x00\n").id == "catalogue.not-yaml"


def test_every_value_remembers_its_line() -> None:
    """The place of a value is found by its path, or that of the deepest part known."""
    table = strict.read(b"a:\n  - b: 1\n  - b: 2\n    c: 3\n", "x.yaml")
    assert str(strict.find(table, ["a", 1, "c"])) == "x.yaml:4"
    assert str(strict.find(table, ["a", 0])) == "x.yaml:2"
    assert str(strict.find(table, ["a", 1, "missing", "deeper"])) == "x.yaml:3"
