"""Every text exists in both languages, with the same values to fill in, and every fault has its texts."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from conformance.evidence.codes import all_codes

PACKAGE = Path(__file__).resolve().parents[2] / "conformance"
TEXTS = {
    id: row
    for path in sorted((PACKAGE / "texts").glob("*.toml"))
    for id, row in tomllib.loads(path.read_text()).items()
}
FAULTS = {"UsageError", "TargetError", "ProfileError", "CasesError", "OutputError", "SetupError", "JournalError"}
FAULTS |= {"InternalError", "BenchError"}


def _raised() -> set[str]:
    """The text ids that the code gives to faults, wherever they are literal."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAULTS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


@pytest.mark.parametrize("id", sorted(TEXTS))
def test_a_text_says_the_same_things_in_both_languages(id: str) -> None:
    """French and English are there, not empty, and have the same braces."""
    row = TEXTS[id]
    for french, english in (("fr", "en"), ("remedy_fr", "remedy_en")):
        if french in row or english in row:
            assert row[french].strip()
            assert row[english].strip()
            braces = [set(re.findall(r"\{(\w+)", row[k])) for k in (french, english)]
            assert braces[0] == braces[1]


def test_every_fault_has_its_text_and_its_remedy() -> None:
    """No error reaches a person as a bare id."""
    raised = _raised()
    assert len(raised) > 30
    assert sorted(id for id in raised if "remedy_fr" not in TEXTS.get(id, {})) == []


def test_every_finding_code_is_complete() -> None:
    """Clause, sentences and remedies are all written."""
    for code in all_codes().values():
        for value in (code.clause, code.fr, code.en, code.remedy_fr, code.remedy_en):
            assert len(value) > 5, code.id
