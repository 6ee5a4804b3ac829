"""What an import writes: the wording file, and a skeleton of profile for the new rows (never the official words)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from conformance.catalogue.model import Level, Profile, ProofKind
from conformance.catalogue.wording import SCHEMA, digest_of
from conformance.catalogue.workbook.changes import level_of
from conformance.catalogue.workbook.entries import Entry, Part
from conformance.errors import OutputError

_KINDS = (  # the first that matches the text of a proof
    (ProofKind.ATTESTATION, re.compile(r"attestation|certificat\b|formulaire", re.IGNORECASE)),
    (ProofKind.SCREEN, re.compile(r"vid[ée]o|capture|copies? d.[ée]cran", re.IGNORECASE)),
    (ProofKind.MESSAGE, re.compile(r"\bmessage\b|source smtp|\bHL7\b", re.IGNORECASE)),
    (ProofKind.DOCUMENTATION, re.compile(r"documentation|proc[ée]dure|description|\bliste", re.IGNORECASE)),
    (ProofKind.DOCUMENT, re.compile(r"\bdocument\b|\bCDA\b|\bPDF\b", re.IGNORECASE)),
    (ProofKind.FILE, re.compile(r"fichier|extrait|extract|export|\blogs?\b|traces?", re.IGNORECASE)),
)
_VERSION = re.compile(r"(?:EXPORT_CONVERGENCE_)?(\d{2})(\d{2})(\d{4})_[^_]+_(.+)\.xls[xm]\Z", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![a-z])v\d+(?:[._]\d+)*", re.IGNORECASE)


def edition(name: str, date: str) -> tuple[str, str]:
    """The version and the date (ISO) of a workbook: its milestone and day when its name has them, as exports do."""
    exported = _VERSION.search(name)
    if exported is not None:
        day, month, year, milestone = exported.groups()
        return milestone.replace("_", " "), f"{year}-{month}-{day}"
    number = _NUMBER.search(name)
    return (number[0].replace("_", ".") if number else date or name), date


def write_wording(
    place: Path, dsr: str, workbook: str, version: str, date: str, sha256: str, found: Mapping[str, Entry]
) -> None:
    """Write the wording file: every row of the workbook with its text, its digest and its cell; raises OutputError.

    It replaces the file before: a workbook is one edition, and editions are not mixed.
    """
    rows = {
        key: {
            "text": entry.statement,
            "digest": digest_of(entry.statement),
            "where": entry.at("statement"),
            "scenarios": {id: part.text for id, part in entry.scenarios.items()},
            "proofs": {id: proof.text for part in entry.scenarios.values() for id, proof in part.proofs.items()},
        }
        for key, entry in found.items()
        if entry.statement
    }
    file = {"schema": SCHEMA, "dsr": dsr, "workbook": workbook, "version": version, "date": date, "sha256": sha256}
    _write(place, json.dumps({**file, "rows": rows}, ensure_ascii=False, indent=1) + "\n")


def write_skeleton(place: Path, profile: Profile, workbook: str, entries: Iterable[Entry]) -> None:
    """Write the new rows as a profile that loads, to be completed and moved; raises OutputError."""
    lines = [
        "# Rows of the workbook that the profile has not. Read each statement in the workbook, write the titles in",
        "# your own words, say when the row applies, then move it to its place in the profile.",
        "",
        "schema: profile/1",
        f"dsr: {profile.dsr}",
        f"name: {_quoted(profile.name)}",
        f"name_en: {_quoted(profile.name_en)}",
        "waves:",
    ]
    new = list(entries)
    for wave in sorted({entry.wave for entry in new}):
        lines += [f"  {wave}:", "    requirements:"]
        for entry in (e for e in new if e.wave == wave):
            lines += _row(entry, workbook)
    _write(place, "\n".join(lines) + "\n")


def _row(entry: Entry, workbook: str) -> list[str]:
    level = level_of(entry) or _worded(entry.statement)
    scope = entry.cells["scope"].text if "scope" in entry.cells else "Général"
    cell = entry.at("statement")
    when = f"claims({entry.key})" if level is Level.MAY else "always"
    lines = [
        f"      # {entry.where}",
        f"      - key: {entry.key}",
        f"        id: {entry.id}",
        "        ref: null",
        f"        level: {level.value}",
        f"        scope: {_quoted(scope[:600])}",
        f"        when: {when}",
        f"        title: {_quoted(f'À rédiger ({entry.id})')}",
        f"        title_en: {_quoted(f'To be written ({entry.id})')}",
        f"        source: {_quoted(f'{workbook[:500]}, {cell}')}",
        "        automation: semi",
        "        scenarios:",
    ]
    for scenario in entry.scenarios.values():
        lines += [f"          - id: {_quoted(scenario.id)}", "            reason: {code: not-yet}"]
        if scenario.proofs:
            lines.append("            proofs:")
            lines += (f"              - {{id: {_quoted(p.id)}, kind: {_kind(p)}}}" for p in scenario.proofs.values())
    if not entry.scenarios:
        lines += ["          - id: null", "            derived: true", "            reason: {code: not-yet}"]
    return lines


def _worded(statement: str) -> Level:
    """The level that the words of a statement tell, for layouts without a column for it."""
    if re.search(r"\bDOI(VEN)?T\b", statement):
        return Level.MUST_NOT if not re.search(r"(?<!NE )\bDOI(VEN)?T\b(?! PAS)", statement) else Level.MUST
    return Level.MAY if re.search(r"\bPEU(VEN)?T\b", statement) else Level.MUST


def _kind(proof: Part) -> ProofKind:
    return next((kind for kind, words in _KINDS if words.search(proof.text)), ProofKind.OTHER)


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar: JSON's is one."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError("workbook.unwritable", where=str(place), problem=error.strerror or str(error)) from None
