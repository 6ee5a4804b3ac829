"""How a text is found, filled and told."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conformance.errors import InternalError, TargetError, UsageError
from conformance.texts import LANGUAGES, Lang, all_texts, fill, render_error, text

PACKAGE = Path(__file__).resolve().parents[2] / "conformance"
CALLS = {"t": "", "say": "", "text": ""}


def test_a_fault_is_told_in_three_lines() -> None:
    """What happened, where, what to do, in the language asked for."""
    error = TargetError("cli.no-such-file", where="T.toml:12", path="a.pem")
    assert render_error(error, "en") == (
        "There is no file a.pem.\nWhere: T.toml:12\nWhat to do: Check the path from the current folder."
    )
    assert render_error(error, "fr").startswith("Le fichier a.pem n'existe pas.\nOù : T.toml:12\nQue faire : ")


def test_a_fault_without_a_text_is_still_told() -> None:
    """A missing text never hides the fault itself."""
    told = render_error(UsageError("nowhere.nothing", where="here", key="value"), "en")
    assert "nowhere.nothing" in told
    assert "value" in told


def test_values_are_put_in_as_they_are() -> None:
    """A value with braces is not filled again, a missing value leaves its brace, nothing else is interpreted."""
    assert fill("{a} {b} {0} {a.b} {a!r}", {"a": "{b}"}) == "{b} {b} {0} {a.b} {a!r}"


def test_an_unknown_text_is_a_fault_of_the_tool() -> None:
    """Asking for a text that does not exist is an InternalError."""
    with pytest.raises(InternalError):
        text("no.such", "fr")


def _literals() -> set[str]:
    """The text ids given literally to `t`, `say` and `text` in the code, and to `help=` of the commands."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            given = [keyword.value for keyword in node.keywords if keyword.arg in ("help", "epilog")]
            given += node.args[:1] if name in CALLS else []
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.startswith("cli."):
                    found.add(value.value)
    return found


def test_every_text_that_the_command_line_names_exists() -> None:
    """No command nor option can show a bare id."""
    named = _literals()
    assert len(named) > 50
    assert sorted(named - set(all_texts())) == []


def test_every_text_that_the_page_names_exists() -> None:
    """The template's own ids are all there."""
    template = (PACKAGE / "audit" / "templates" / "audit.html.j2").read_text(encoding="utf-8")
    named = {f"audit.{id}" for id in re.findall(r't\("([a-z.-]+[a-z])"(?! ~)', template)}
    assert len(named) > 50
    assert sorted(named - set(all_texts())) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("family", ["audit.verdict", "audit.reason", "audit.outcome", "audit.severity"])
def test_every_word_of_the_schema_has_its_text(family: str, lang: Lang) -> None:
    """Verdicts, reasons, outcomes and severities of `audit/1` can all be said."""
    import json

    schema = json.loads((PACKAGE.parent / "profiles" / "schema" / "audit-1.schema.json").read_bytes())
    words = {
        "audit.verdict": schema["$defs"]["verdict"]["enum"],
        "audit.reason": [word for word in schema["$defs"]["reason"]["enum"] if word],
        "audit.outcome": schema["properties"]["exit_code"]["enum"],
        "audit.severity": schema["$defs"]["severity"]["enum"],
    }[family]
    for word in words:
        assert text(f"{family}.{word}", lang)
