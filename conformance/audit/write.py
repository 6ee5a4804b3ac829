"""Writes the reports of a run beside its journal, and writes them again from that journal alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.audit import export, html, junit, recorded, sarif
from conformance.audit.build import build, figures
from conformance.audit.merge import merge
from conformance.audit.model import Audit
from conformance.catalogue import places
from conformance.catalogue.loader import load_profile
from conformance.catalogue.model import Profile
from conformance.catalogue.wording import wording_of
from conformance.errors import JournalError, OutputError, ProfileError, UsageError
from conformance.evidence.journal import FILE, Reader
from conformance.texts import Lang

SELFTEST = "selftest.json"
"""Figures of the tool's own test, when they lie beside the journal."""

FORMATS = ("html", "json", "junit", "sarif", "allure")
USUAL = frozenset({"html", "json", "junit"})

CONFIGURATIONS = "configurations.json"
"""In the folder of a merged audit: the configurations, each with its own folder, and how the runs were asked for."""

SCHEMA = "configurations/1"

_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_OURS = re.compile(r"[0-9a-f-]{36}-(?:result\.json|attachment\.txt)|categories\.json|environment\.properties")


def write(
    audit: Audit,
    folder: Path,
    lang: Lang,
    results: tuple[recorded.RecordedResult, ...] = (),
    formats: Collection[str] = USUAL,
) -> tuple[Path, ...]:
    """Write `audit.json`, `audit.<lang>.html`, `junit.xml`..., and `recorded.md` when recorded files were driven.

    Of the Allure results, the place of the folder is returned. Raises OutputError when that cannot be done.
    """
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "json": ("audit.json", lambda: export.dump(audit)),
        "html": (f"audit.{lang}.html", lambda: html.render(audit, lang).encode()),
        "junit": ("junit.xml", lambda: junit.render(audit, lang)),
        "sarif": (sarif.NAME, lambda: sarif.render(audit, lang)),
    }
    written = []
    for format, (name, make) in makers.items():
        if format in formats:
            _put(folder / name, make(), folder)
            written.append(folder / name)
    if "allure" in formats:
        written.append(_allure(audit, folder, lang))
    if results:
        _put(folder / recorded.NAME, recorded.render(results, lang).encode(), folder)
        written.append(folder / recorded.NAME)
    return tuple(written)


def _allure(audit: Audit, folder: Path, lang: Lang) -> Path:
    """Write the results folder anew; what is not ours in it stays."""
    from conformance.audit import allure

    place = folder / allure.FOLDER
    try:
        place.mkdir(exist_ok=True)
        for old in place.iterdir():
            if _OURS.fullmatch(old.name):
                old.unlink()
    except OSError as e:
        raise OutputError("audit.cannot-write", where=str(place), reason=e.strerror or str(e), folder=folder) from e
    for name, data in allure.render(audit, lang).items():
        _put(place / name, data, folder)
    return place


def _put(place: Path, data: bytes, folder: Path) -> None:
    try:
        place.write_bytes(data)
    except OSError as e:
        raise OutputError("audit.cannot-write", where=str(place), reason=e.strerror or str(e), folder=folder) from e


def opening(reader: Reader) -> Mapping[str, Any]:
    """The first line of a journal: who was audited, how; raises JournalError without one."""
    for entry in reader.entries():
        if entry.type == "open":
            return entry.data
    raise JournalError("audit.no-opening", where=str(reader.folder))


def selftest_figures(dsr: str, folder: Path, given: Path | None = None) -> Mapping[str, Any] | None:
    """The figures of the tool's own test: of the file given, else beside the journal, else those shipped for the DSR.

    None when there are none; raises UsageError on a file that is not a `selftest/1` document.
    """
    if given is not None:
        if not given.is_file():
            raise UsageError("cli.no-such-path", path=given)
        return _figures(given.read_bytes(), str(given))
    if (folder / SELFTEST).is_file():
        return _figures((folder / SELFTEST).read_bytes(), str(folder / SELFTEST))
    try:
        shipped = places.folder("samples") / "selftest" / f"{dsr.lower()}.json"
    except ProfileError:
        return None
    return _figures(shipped.read_bytes(), places.display(shipped)) if shipped.is_file() else None


def _figures(content: bytes, name: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
        figures(document)
    except (ValueError, TypeError, KeyError):
        document = None
    if not isinstance(document, dict) or document.get("schema") != "selftest/1":
        raise UsageError("audit.bad-selftest", where=name)
    return document


def configurations(folder: Path) -> Mapping[str, Any] | None:
    """What `configurations.json` says (`parts`: folder by configuration); None when the folder is of a single run.

    Raises JournalError when the file is there and cannot be understood.
    """
    file = folder / CONFIGURATIONS
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_bytes())
        parts = dict(document["parts"])
        good = document["schema"] == SCHEMA and parts and all(_FOLDER.fullmatch(p) for p in parts.values())
    except (OSError, ValueError, TypeError, KeyError):
        good = False
    if not good:
        raise JournalError("audit.bad-configurations", where=str(file))
    return {**document, "parts": parts}


def folder_names(names: Collection[str]) -> dict[str, str]:
    """A folder for each configuration: its name when it is plain, else made plain; never twice the same."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:50] or "configuration"
        taken = {one.casefold() for one in found.values()}
        number = 1
        while (folder := plain if number == 1 else f"{plain}-{number}").casefold() in taken:
            number += 1
        found[name] = folder
    return found


def rebuild(
    folder: Path,
    lang: Lang,
    profile: Profile | None = None,
    *,
    formats: Collection[str] = USUAL,
    selftest: Path | None = None,
) -> tuple[Audit, tuple[Path, ...]]:
    """Read the journal of a folder and write its reports; the profile is the shipped one of its DSR by default.

    In the folder of a merged audit, those of each configuration are written first, then the merged ones.
    """
    described = configurations(folder)
    if described is None:
        reader = Reader(folder)
        dsr = str(opening(reader)["dsr"])
        given = selftest_figures(dsr, folder, selftest)
        audit = build(profile or load_profile(dsr), reader, selftest=given, wording=wording_of)
        return audit, write(audit, folder, lang, recorded.recorded(reader), formats)
    parts: Mapping[str, str] = described["parts"]
    audits = dict(_parts(folder, parts, lang, profile, formats, selftest))
    if not audits:
        raise JournalError("journal.missing", where=str(folder))
    merged = merge(audits, parts, [name for name in parts if name not in audits])
    given = selftest_figures(merged.identity.dsr, folder, selftest)
    merged = replace(merged, selftest=None if given is None else figures(given))
    return merged, write(merged, folder, lang, formats=formats)


def _parts(
    folder: Path,
    parts: Mapping[str, str],
    lang: Lang,
    profile: Profile | None,
    formats: Collection[str],
    selftest: Path | None,
) -> Iterator[tuple[str, Audit]]:
    for name, place in parts.items():
        if (folder / place / FILE).is_file():
            audit, _ = rebuild(folder / place, lang, profile, formats=formats, selftest=selftest)
            yield name, audit
