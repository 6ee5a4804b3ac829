"""`sets.txt` from the value-set files that ANS publishes: `python -m conformance.standards.valuesets.derive ZIP`.

The files are IHE SVS (`urn:ihe:iti:svs:2008`): one ValueSet each, with Concept elements in ConceptLists.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path, PurePosixPath

from conformance.errors import Malformed
from conformance.standards.xml import syntax as xml


def derive(archive: Path) -> str:
    """The text of the table, sets in alphabetical order; empty files are left out and named."""
    blocks: dict[str, str] = {}
    empty = []
    with zipfile.ZipFile(archive) as zipped:
        members = sorted(n for n in zipped.namelist() if n.endswith(".xml"))
        for member in members:
            name = PurePosixPath(member).stem.replace(" ", "_")
            try:
                blocks[name] = "\n".join(_block(name, zipped.read(member)))
            except Malformed:
                empty.append(name)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    head = (
        "# Value sets of the CI-SIS: facts derived by `derive.py`, never edited by hand.",
        "# Source: jeuxDeValeurs of ansforge/TestContenuCDA-3-0, commit 7cd489b3 (2025-02-19).",
        f"# SHA-256 of the archive read: {digest}",
        f"# Published empty, left out: {' '.join(sorted(empty))}",
        "# A set: `= name OID revised`; a code system: `@OID`; a concept: code, tab, label.",
    )
    return "\n".join(head) + "\n" + "\n".join(blocks[name] for name in sorted(blocks)) + "\n"


def _block(name: str, raw: bytes) -> Iterator[str]:
    root = xml.parse(raw)
    held = next(e for e in root.iter() if xml.local(e) == "ValueSet")
    revised = (held.get("dateMaj") or held.get("revisionDate") or "").replace("-", "")[:8]
    yield f"= {name} {held.get('id') or '-'} {revised or '-'}"
    system = None
    for concept in held.iter():
        if xml.local(concept) != "Concept":
            continue
        if concept.get("codeSystem", "") != system:
            system = concept.get("codeSystem", "")
            yield f"@{system}"
        yield f"{concept.get('code', '')}\t{' '.join(concept.get('displayName', '').split())}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table beside this module from the archive named."""
    (archive,) = sys.argv[1:] if arguments is None else arguments
    Path(str(files(__package__) / "sets.txt")).write_text(derive(Path(archive)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
