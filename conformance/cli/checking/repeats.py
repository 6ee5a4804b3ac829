"""What is met in one file and again in another, remembered on disk so that the number of files does not matter.

Identifiers that come again, and the N1 and the N3 of one report in two files of their own.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from conformance.evidence.values import Finding
from conformance.standards.check import documents, views
from conformance.standards.check.members import CODES
from conformance.standards.check.values import Report
from conformance.standards.hl7v2.pam.rules import CODES as PAM
from conformance.standards.hl7v2.rules import CODES as HL7


class Repeats:
    """What was met so far: `told` gives a report with a finding for each identifier already met elsewhere."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)  # a nameless file, removed with the connection
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute("CREATE TABLE met (key BLOB PRIMARY KEY, digest TEXT, file TEXT) WITHOUT ROWID")

    def told(self, report: Report) -> Report:
        """The report, with what another file already carried."""
        found = tuple(self._found(report))
        return documents.extended(report, found) if found else report

    def _found(self, report: Report) -> Iterator[Finding]:
        twin = ""
        for name, value, digest in dict.fromkeys(report.keys):
            if name == "view":
                twin = twin or self._twin(report, value, digest)
                continue
            key = _digest(f"{name}\x1f{value}")
            row = self._base.execute("SELECT digest, file FROM met WHERE key = ?", (key,)).fetchone()
            if row is None:
                file = report.file.encode("utf-8", "replace").decode()
                self._base.execute("INSERT INTO met VALUES (?, ?, ?)", (key, digest, file))
            elif name == "MSH-10":
                yield HL7.finding("hl7v2.check.control-id-repeated", "MSH-10", seen=value, cause="files", line=1)
            elif name == "ZBE-1":
                # The same message, met twice, inserts its movement once.
                if row[0] != digest:
                    yield PAM.finding("hl7v2.pam.movement-repeated", "ZBE-1", seen=f"{value} ({row[1]})", cause="files")
            elif row[0] != digest:
                yield CODES.finding("check.document.id-repeated", "/ClinicalDocument/id", seen=f"{value} ({row[1]})")

        if twin:
            yield from _compared(twin, report.file)

    def _twin(self, report: Report, shared: str, level: str) -> str:
        """The file of the other view of the same report, when it was met; a file inside another is not looked for."""
        if report.within:
            return ""
        mine, other = (_digest(f"view\x1f{shared}\x1f{one}") for one in (level, "N1" if level == "N3" else "N3"))
        self._base.execute("INSERT OR REPLACE INTO met VALUES (?, ?, ?)", (mine, "", os.fsencode(report.file)))
        row = self._base.execute("SELECT file FROM met WHERE key = ?", (other,)).fetchone()
        return "" if row is None else os.fsdecode(row[0])

    def close(self) -> None:
        """Forget everything."""
        self._base.close()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


def _compared(one: str, other: str) -> tuple[Finding, ...]:
    """What two files of one report say otherwise; nothing when one of them cannot be read any more."""
    try:
        held = [Path(file).read_bytes() for file in (one, other)]
    except OSError:
        return ()
    found = views.compare_files(held[0], held[1])
    return tuple(replace(f, seen=f"{f.seen} ({one})"[:500]) for f in found)
