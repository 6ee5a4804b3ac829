"""Windows and macOS: nothing that only POSIX has is imported or called without a guard."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "conformance"

MODULES = frozenset(
    {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "crypt", "spwd", "posix", "nis"}
)
CALLS = frozenset(
    {"killpg", "fork", "setsid", "getuid", "geteuid", "getpgid", "setpgrp", "SIGKILL", "SIGHUP", "SIGUSR1", "AF_UNIX"}
    | {"add_signal_handler", "open_unix_connection", "start_unix_server", "mkfifo"}
)
GUARDS = ("os.name", "sys.platform", "NotImplementedError", "ImportError", "getattr(")


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST | None]]:
    """Each node with the function it stands in, None at module level."""

    def walk(node: ast.AST, inside: ast.AST | None) -> Iterator[tuple[ast.AST, ast.AST | None]]:
        for child in ast.iter_child_nodes(node):
            yield child, inside
            deeper = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside
            yield from walk(child, deeper)

    return walk(tree, None)


def guarded(text: str, inside: ast.AST | None) -> bool:
    """Whether a function says what happens where a name is missing."""
    return inside is not None and any(g in (ast.get_source_segment(text, inside) or "") for g in GUARDS)


def unguarded(path: Path) -> Iterator[str]:
    """What only POSIX has, outside a function that says what happens elsewhere."""
    text = path.read_text(encoding="utf-8")
    for node, inside in places(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            names = [str(node.module)]
        elif isinstance(node, ast.Attribute) and node.attr in CALLS:
            names = [node.attr]
        if names and not guarded(text, inside):
            yield from (f"{path.name}: {name}" for name in names)


def test_nothing_posix_only_is_used_without_a_guard() -> None:
    """Neither modules nor calls that Windows lacks."""
    assert [one for path in sorted(PACKAGE.rglob("*.py")) for one in unguarded(path)] == []


def test_the_scan_sees_what_it_looks_for(tmp_path: Path) -> None:
    """A module that would not even be imported on Windows is told, a guarded use is not."""
    file = tmp_path / "x.py"
    file.write_text(
        "import fcntl\nimport os\ndef f():\n    os.killpg(1, 2)\ndef g():\n    if os.name == 'posix':\n"
        "        os.killpg(1, 2)\n",
        encoding="utf-8",
    )
    assert list(unguarded(file)) == ["x.py: fcntl", "x.py: killpg"]


def test_files_of_the_project_have_names_that_every_system_takes() -> None:
    """No colon, no reserved character, no name of a device, no two names that differ by case only."""
    root = PACKAGE.parent
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, encoding="utf-8", check=True, timeout=30
    )
    names = listed.stdout.split("\0")[:-1]
    assert [n for n in names if set(n) & set('<>:"|?*\\')] == []
    assert len({n.casefold() for n in names}) == len(names)
    assert max(len(n) for n in names) < 160


def test_a_console_without_the_letters_is_no_crash() -> None:
    """Output in ASCII, as an old console has it: the command ends as it should."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "explain", "DMP/va1.01"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert b"DMP/va1.01" in done.stdout
