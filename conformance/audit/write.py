"""Writes the reports of a run beside its journal, and writes them again from that journal alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.audit import export, html, junit, recorded
from conformance.audit.build import build
from conformance.audit.model import Audit
from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Profile
from conformance.errors import JournalError, OutputError, UsageError
from conformance.evidence.journal import Reader
from conformance.texts import Lang

SELFTEST = "selftest.json"
"""Figures of the tool's own test, when they lie beside the journal."""


def write(
    audit: Audit, folder: Path, lang: Lang, results: tuple[recorded.RecordedResult, ...] = ()
) -> tuple[Path, ...]:
    """Write `audit.json`, `audit.<lang>.html`, `junit.xml`, and `recorded.md` when recorded files were driven.

    Raises OutputError when that cannot be done.
    """
    files = {
        "audit.json": export.dump(audit),
        f"audit.{lang}.html": html.render(audit, lang).encode(),
        "junit.xml": junit.render(audit, lang),
    }
    if results:
        files[recorded.NAME] = recorded.render(results, lang).encode()
    for name, data in files.items():
        try:
            (folder / name).write_bytes(data)
        except OSError as e:
            reason = e.strerror or str(e)
            raise OutputError("audit.cannot-write", where=str(folder / name), reason=reason, folder=folder) from e
    return tuple(folder / name for name in files)


def opening(reader: Reader) -> Mapping[str, Any]:
    """The first line of a journal: who was audited, how; raises JournalError without one."""
    for entry in reader.entries():
        if entry.type == "open":
            return entry.data
    raise JournalError("audit.no-opening", where=str(reader.folder))


def _selftest(file: Path) -> Mapping[str, Any] | None:
    """The figures of a `selftest/1` file, None without one; raises UsageError on any other file."""
    if not file.is_file():
        return None
    try:
        figures = json.loads(file.read_bytes())
    except (OSError, ValueError):
        figures = None
    if not isinstance(figures, dict) or figures.get("schema") != "selftest/1":
        raise UsageError("audit.bad-selftest", where=str(file))
    return figures


def rebuild(folder: Path, lang: Lang, profile: Profile | None = None) -> tuple[Audit, tuple[Path, ...]]:
    """Read the journal of a folder and write its reports; the profile is the shipped one of its DSR by default."""
    reader = Reader(folder)
    facts = opening(reader)
    audit = build(profile or load_profile(str(facts["dsr"])), reader, selftest=_selftest(folder / SELFTEST))
    return audit, write(audit, folder, lang, recorded.recorded(reader))
