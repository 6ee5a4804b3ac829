"""`observed.txt` from the official examples: `python -m conformance.standards.cda.generic.derive FOLDER`.

Each code that an example uses, with the labels it gives it, but for those that the value sets give already.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from conformance.standards import valuesets
from conformance.standards.cda import syntax

LOCAL = ("1.2.250.1.2.3.", "1.2.3.")
"""Roots that the examples invent for the local codes of a laboratory."""


def derive(folder: Path) -> str:
    """The text of the table."""
    found: dict[str, dict[str, set[str]]] = {}
    digest = hashlib.sha256()
    paths = sorted(folder.glob("*.xml"))
    for path in paths:
        raw = path.read_bytes()
        digest.update(raw)
        for element in syntax.parse(raw).iter("{*}*"):
            code, system = element.get("code"), element.get("codeSystem")
            if code and system and not system.startswith(LOCAL):
                labels = found.setdefault(system, {}).setdefault(code, set())
                labels.add(" ".join((element.get("displayName") or "").split()))
    lines = [
        "# Codes of the official examples with the labels that no value set gives them; never edited by hand.",
        f"# Source: the {len(paths)} examples of ansforge/TestContenuCDA-3-0, commit 7cd489b3 (2025-02-19).",
        f"# SHA-256 of their bytes, in the order of their names: {digest.hexdigest()}",
        "# A code system: `@OID`; a code: code, then its labels, between tabs.",
    ]
    for system in sorted(found):
        rows = []
        for code, labels in sorted(found[system].items()):
            published = valuesets.labels().get((code, system))
            more = sorted(labels - (published or frozenset()) - {""})
            if more or published is None:
                rows.append("\t".join((code, *more)))
        lines += [f"@{system}", *rows] if rows else []
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table beside this module from the folder named."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    Path(str(files(__package__) / "observed.txt")).write_text(derive(Path(folder)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
