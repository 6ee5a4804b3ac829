"""Identifiers met in one file and again in another, remembered on disk so that their number does not matter."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from conformance.evidence.values import Finding
from conformance.standards.check.members import CODES
from conformance.standards.check.values import Report
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
        found = tuple(f.at(file=report.file) for f in self._found(report))
        return replace(report, findings=(*report.findings, *found)) if found else report

    def _found(self, report: Report) -> Iterator[Finding]:
        for name, value, digest in dict.fromkeys(report.keys):
            key = hashlib.sha256(f"{name}\x1f{value}".encode("utf-8", "replace")).digest()[:16]
            row = self._base.execute("SELECT digest, file FROM met WHERE key = ?", (key,)).fetchone()
            if row is None:
                file = report.file.encode("utf-8", "replace").decode()
                self._base.execute("INSERT INTO met VALUES (?, ?, ?)", (key, digest, file))
            elif name == "MSH-10":
                yield HL7.finding("hl7v2.check.control-id-repeated", "MSH-10", seen=value, cause="files", line=1)
            elif row[0] != digest:
                yield CODES.finding("check.document.id-repeated", "/ClinicalDocument/id", seen=f"{value} ({row[1]})")

    def close(self) -> None:
        """Forget everything."""
        self._base.close()
