"""Where what was made from a package is kept: never in the package, never in the checkout."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

VARIABLE = "CONFORMANCE_CACHE"


def folder(choice: Path | None = None) -> Path:
    """The cache folder: the one given, else `CONFORMANCE_CACHE`, else `conformance` in the user's cache folder."""
    if choice is not None:
        return choice
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home and Path(home).is_absolute() else Path.home() / ".cache") / "conformance"


def keep(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, so that processes that make the same one never see half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
