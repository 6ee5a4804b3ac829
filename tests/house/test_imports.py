"""Who may import whom: the block of ARCHITECTURE.md, read and enforced."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "conformance"
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "_shipped" not in p.parts)


@cache
def edges() -> dict[str, set[str]]:
    """Room -> the rooms it may import, transitively, as ARCHITECTURE.md draws them."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"```rooms\n(.*?)```", text, re.S)
    assert block, "ARCHITECTURE.md has lost its block of rooms"
    direct: dict[str, set[str]] = {}
    for line in block[1].splitlines():
        names, targets = line.split("<-")[0], line.split("<-")[1].split("#")[0]
        for name in names.replace(",", " ").split():
            direct[name] = set(targets.replace(",", " ").split())
    closed: dict[str, set[str]] = {}

    def close(room: str) -> set[str]:
        if room not in closed:
            closed[room] = set()
            closed[room] = direct[room].union(*(close(r) for r in direct[room]))
        return closed[room]

    for room in direct:
        close(room)
    return closed


def room_of(path: Path) -> str:
    """The room a module belongs to."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imported(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import of our own package, wherever it stands in the module."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name) for a in node.names if a.name.split(".")[0] == "conformance"]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            if node.module == "conformance":
                found += [(node.lineno, f"conformance.{a.name}") for a in node.names]
            elif node.module and node.module.startswith("conformance."):
                found.append((node.lineno, node.module))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_go_downward(path: Path) -> None:
    """A module imports from its own room and from the rooms below it, nothing else."""
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    assert room in edges(), f"room {room} is not in ARCHITECTURE.md"
    allowed = edges()[room] | {room}
    for line, name in imported(path):
        target = name.split(".")[1] if "." in name else "__init__"
        if target in ("__version__", "__init__"):
            continue
        assert target in allowed, f"{path.relative_to(ROOT)}:{line} imports {target}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room_of(p) == "reference"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_the_reference_vendor_shares_no_knowledge_with_the_judges(path: Path) -> None:
    """From the bench the reference vendor takes only bytes and tokens: `standards/*/syntax.py`."""
    for line, name in imported(path):
        own = name.startswith("conformance.reference")
        syntax = re.fullmatch(r"conformance\.standards\.\w+\.syntax(\.\w+)?", name) or name == "conformance.errors"
        assert own or syntax, f"{path.relative_to(ROOT)}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    """No module is longer than 500 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
