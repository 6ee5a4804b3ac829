"""The codes of the package's terminologies (SKOS notations in RDF) as one table on disk, looked up code by code.

The official schematron loads the whole RDF of each code system met, for each document. LOINC and SNOMED CT have
hundreds of thousands of codes: here they stay on disk, read once and for all.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

from conformance.arbiters.cisis import cache
from conformance.arbiters.cisis.package import TERMINOLOGIES, Package

NOTATION = "{http://www.w3.org/2004/02/skos/core#}notation"

_VERSION = 1
_FORM = "CREATE TABLE codes (system TEXT, code TEXT, PRIMARY KEY (system, code)) WITHOUT ROWID"
_SYSTEMS = "CREATE TABLE systems (system TEXT PRIMARY KEY, codes INTEGER)"


class Codes:
    """The table, open for reading. `systems` gives the number of codes of each code system that has a file."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(f"file:{path.absolute().as_posix()}?mode=ro", uri=True)
        self.systems: dict[str, int] = dict(self._base.execute("SELECT system, codes FROM systems"))

    def known(self, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the (code system, code) pairs that are in their terminology."""
        asked = "SELECT 1 FROM codes WHERE system = ? AND code = ?"
        return {pair for pair in pairs if self._base.execute(asked, pair).fetchone() is not None}

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def place(package: Package, *, kept: Path | None = None) -> Path:
    """Where the table of a package is kept; the name changes with the size and date of any terminology."""
    seen = [f"{_VERSION}", str(package.root.absolute())]
    for path in package.terminologies():
        state = path.stat()
        seen.append(f"{path.name}\x1f{state.st_size}\x1f{state.st_mtime_ns}")
    name = hashlib.sha256("\x1e".join(seen).encode()).hexdigest()[:24]
    return cache.folder(kept) / "cisis" / "codes" / f"{name}.sqlite"


def build(package: Package, *, kept: Path | None = None) -> Path:
    """The table of a package, made if it is not kept already. A terminology that is not XML counts as absent."""
    path = place(package, kept=kept)
    if path.is_file():
        return path
    base = sqlite3.connect(":memory:")
    with base:
        base.execute(_FORM)
        base.execute(_SYSTEMS)
        for source in package.terminologies():
            base.execute("SAVEPOINT one")
            try:
                rows = ((source.stem, code) for code in notations(source))
                base.executemany("INSERT OR IGNORE INTO codes VALUES (?, ?)", rows)
            except etree.XMLSyntaxError:
                base.execute("ROLLBACK TO one")
                continue
            count = "SELECT ?, count(*) FROM codes WHERE system = ?"
            base.execute(f"INSERT INTO systems {count}", (source.stem, source.stem))
    content = base.serialize()
    base.close()
    return cache.keep(path, content)


def notations(path: Path) -> Iterator[str]:
    """Each piece of text that stands directly in a `skos:notation`. Raises XMLSyntaxError."""
    for _, element in etree.iterparse(
        str(path), tag=NOTATION, huge_tree=True, resolve_entities=False, load_dtd=False, no_network=True
    ):
        if element.text:
            yield element.text
        for child in element:
            if child.tail:
                yield child.tail
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


__all__ = ["TERMINOLOGIES", "Codes", "build", "notations", "place"]
