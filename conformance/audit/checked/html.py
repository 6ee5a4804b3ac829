"""A check as one HTML page: self-contained, nothing loaded, readable without its few lines of script and on paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from conformance import __version__
from conformance.audit.checked.rows import clause_of, code_of, grouped
from conformance.audit.checked.spool import Spool, scratch
from conformance.audit.checked.tally import SEVERITIES, VERDICTS, Tally
from conformance.audit.excerpt import visible
from conformance.audit.html import day
from conformance.evidence.codes import all_codes
from conformance.standards.check.values import ExcerptLine, Report
from conformance.texts import Lang, all_texts, text

PLACE = "conformance.audit.checked"


@dataclass(frozen=True, slots=True)
class Caps:
    """How much a page holds; what is left out is said so, and stands in the JSON lines."""

    rows: int = 3000  # documents listed
    detailed: int = 400  # documents with their findings
    groups: int = 60  # findings of a document
    frequent: int = 15
    opened: int = 3  # documents already unfolded
    characters: int = 24_000_000


CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Heading:
    """What the head of the page says besides the counts."""

    paths: str
    as_of: date
    environment: str = ""


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource), autoescape=True, undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )  # fmt: skip


def _resource(name: str) -> str:
    return (files(PLACE) / "templates" / name).read_text("utf-8")


@cache
def _style() -> str:
    audit = (files("conformance.audit") / "templates" / "audit.css").read_text("utf-8")
    return audit + _resource("check.css")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


class Html:
    """The page in the making: documents are written as they are judged, the summary that precedes them at the end."""

    def __init__(self, place: Path, lang: Lang, heading: Heading) -> None:
        self._spool = Spool(place)
        self._rows = scratch()
        self._lang = lang
        self._heading = heading
        self._shown = self._detailed = self._opened = self._left_out = self._written = 0
        self._names: dict[str, Any] = {
            "lang": lang,
            "colon": ":" if lang == "en" else "\u00a0:",
            "t": self._text,
            "visible": visible,
            "visible_lines": lambda told: "\n".join(visible(line) for line in told.split("\n")),
            "kind_name": lambda kind: kind_name(kind, lang),
            "number": lambda count: number(count, lang),
            "code_of": code_of,
            "clause_of": clause_of,
            "marked": marked,
            "breakable": breakable,
            "most": CAPS.groups,
        }
        self._row = _environment().get_template("document.html.j2")

    def _text(self, id: str, /, **values: object) -> str:
        return text(id, self._lang, **values)

    def add(self, report: Report) -> None:
        """One document: with its findings while there is room for them, then only counted."""
        groups = grouped(report.findings)
        bad = bool(report.errors or report.fault or report.verdict in ("nonconform", "unreadable"))
        full = self._detailed >= CAPS.detailed or self._written > CAPS.characters
        if self._shown >= CAPS.rows or (full and groups) or self._written > CAPS.characters:
            self._left_out += 1
            return
        opened = bad and self._opened < CAPS.opened
        inner = report.file.removeprefix(report.within + "!") if report.within else report.file
        row = self._row.render({**self._names, "report": report, "groups": groups, "opened": opened, "name": inner})
        self._rows.write(row)
        self._written += len(row)
        self._shown += 1
        self._detailed += bool(groups)
        self._opened += opened

    def finish(self, tally: Tally) -> None:
        """Put the page in its place."""
        style, script = _style(), _resource("filter.js")
        heading = self._heading
        names = {
            **self._names,
            "style": Markup(style), "style_hash": _hash(style), "script_hash": _hash(script),
            "paths": heading.paths, "as_of": heading.as_of.isoformat(),
            "day": day(heading.as_of.isoformat(), self._lang), "environment": heading.environment,
            "version": __version__, "tally_of": tally, "outcome": _outcome(tally),
            "verdicts": {verdict: tally.verdicts[verdict] for verdict in VERDICTS},
            "severities": {severity.value: tally.severities[severity] for severity in SEVERITIES},
            "kinds": sorted(tally.kinds.items(), key=lambda row: -row[1].total()),
            "worst": [(all_codes()[code], *rest) for code, *rest in tally.worst(CAPS.frequent)],
            "shown": self._shown, "left_out": self._left_out,
        }  # fmt: skip
        self._spool.write(_environment().get_template("head.html.j2").render(names))
        self._spool.take(self._rows)
        foot = {**self._names, "script": Markup(script), "shown": self._shown}
        self._spool.write(_environment().get_template("foot.html.j2").render(foot))
        self._spool.commit()
        self._rows.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._spool.__exit__(None, None, None)
        with suppress(OSError):
            self._rows.close()


def _outcome(tally: Tally) -> int:
    """What the page is headed with: what was found, whatever the command was told to fail on."""
    if tally.interrupted:
        return 130
    if tally.faults:
        return 4
    return 1 if tally.verdicts["nonconform"] or tally.verdicts["unreadable"] else 0


def kind_name(kind: str, lang: Lang) -> str:
    """A kind in words when it has a text, else as it is."""
    id = f"check.kind.{kind}"
    return text(id, lang) if id in all_texts() else visible(kind)


def number(count: int, lang: Lang) -> str:
    """A count with its thousands told apart."""
    return f"{count:,}" if lang == "en" else f"{count:,}".replace(",", "\u202f")


def breakable(path: str) -> Markup:
    """A path, escaped, that may be broken after each step."""
    return Markup("/<wbr>").join(path.split("/"))


def marked(line: ExcerptLine, seen: str) -> Iterator[tuple[str, bool]]:
    """A line in pieces, what was seen marked where it stands."""
    at = line.text.find(seen) if line.about and len(seen) > 1 else -1
    if at < 0:
        yield line.text, False
        return
    yield line.text[:at], False
    yield seen, True
    yield line.text[at + len(seen) :], False
