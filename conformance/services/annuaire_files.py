"""The mirror of the public extractions of the Annuaire Santé: the dated archive and the files that it holds."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import Protocol

from conformance.bench.service import Reply
from conformance.evidence.values import Fact
from conformance.services.web import WebCall, WebReply
from conformance.standards.annuaire.extraction import Activity, write

ROOT = "/extraction"
PERSONS, MAILBOXES = "PS_LibreAcces_Personne_activite", "Extraction_Correspondance_MSSante"
FORMS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "usual": {},
        "trailing": {"trailing": True},
        "windows-1252": {"encoding": "windows-1252"},
    }
)
"""How the files may be written: the deliveries differ."""

MOST_FILLERS = 100_000


class Listed(Protocol):
    """What the extraction needs of a professional of the register; `finess` may be several, blank separated."""

    @property
    def rpps(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def given(self) -> str: ...
    @property
    def profession(self) -> str: ...
    @property
    def mail(self) -> str: ...
    @property
    def finess(self) -> str: ...
    @property
    def active(self) -> bool: ...


def is_file(path: str) -> bool:
    """Whether a path is one of the mirror's."""
    name = path.removeprefix(ROOT + "/")
    stem = name.removesuffix(".zip").removesuffix(".txt")
    held = ("PS_LibreAcces", PERSONS, MAILBOXES)
    return name != path and any(stem == one or stem.removeprefix(one + "_").isdigit() for one in held)


def activities(people: Iterable[Listed], fillers: int = 0) -> Iterator[Activity]:
    """One line for each activity of those who are active, then as many made-up professionals as asked."""
    for one in people:
        if one.active:
            for finess in one.finess.split() or [""]:
                yield Activity(one.rpps, one.family, one.given, one.profession, finess, mail="")
    for number in range(min(fillers, MOST_FILLERS)):
        yield Activity(_rpps(number), f"FICTIF{number:06d}", "Camille", "10")


def _rpps(number: int) -> str:
    """A made-up RPPS number with its Luhn key."""
    body = f"10{number % 10**8:08d}"
    total = sum(sum(divmod(int(d) * (2 - n % 2), 10)) for n, d in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


def serve(call: WebCall, people: Iterable[Listed], at: datetime, *, form: str, fillers: int = 0) -> Reply:
    """Answer a request for a file, or 304 when the asker has it already (ETag). Names carry the day.

    `form` is one of FORMS.
    """
    held = list(people)
    rows = list(activities(held, fillers))
    name = call.path.rpartition("/")[2]
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    stamp = day.strftime("%Y%m%d%H%M")
    files = {f"{PERSONS}_{stamp}.txt": _persons(rows, form), f"{MAILBOXES}_{stamp}.txt": _mailboxes(held)}
    if name.endswith(".zip"):
        body, kind, shown = _zip(files, day), "application/zip", f"PS_LibreAcces_{stamp}.zip"
    else:
        shown = next(one for one in files if one.startswith(PERSONS if name.startswith(PERSONS) else MAILBOXES))
        body, kind = files[shown], "text/plain"
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(day, usegmt=True),
        "Content-Disposition": f'attachment; filename="{shown}"',
    }
    facts: dict[str, Fact] = {"rows": len(rows), "found": " ".join(dict.fromkeys(r.rpps for r in rows[:200]))}
    if call.headers.get("if-none-match") == tag:
        return WebReply(b"", 304, "", facts, headers=headers)
    return WebReply(body, 200, kind, facts, headers=headers)


def _persons(rows: Iterable[Activity], form: str) -> bytes:
    told = FORMS[form]
    return write(rows, encoding=str(told.get("encoding", "utf-8")), trailing=bool(told.get("trailing", False)))


def _mailboxes(people: Iterable[Listed]) -> bytes:
    """Professionals and their MSSanté mailboxes. The layout of the real file is not published."""
    head = "Type de BAL|Adresse BAL|Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom|Prénom\n"
    lines = (f"PER|{p.mail}|8|{p.rpps}|8{p.rpps}|{p.family}|{p.given}\n" for p in people if p.active and p.mail)
    return (head + "".join(lines)).encode()


def _zip(files: Mapping[str, bytes], day: datetime) -> bytes:
    """The archive, equal for equal contents."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, day.timetuple()[:6]), body, zipfile.ZIP_DEFLATED)
    return held.getvalue()
