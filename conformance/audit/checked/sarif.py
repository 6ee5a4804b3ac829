"""A check as SARIF 2.1.0 (OASIS), for editors and code forges: one result a finding, rules with their remedy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from conformance import __version__
from conformance.audit.checked.rows import clause_of, code_of
from conformance.audit.checked.spool import Spool
from conformance.audit.excerpt import visible
from conformance.evidence.codes import Code, all_codes
from conformance.evidence.values import Finding, Severity
from conformance.standards.check.values import Report
from conformance.texts import Lang, text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note", Severity.NOTE: "note"}
FINGERPRINT = "conformance/v1"


class Sarif:
    """The file in the making: results as they come, the rules that they name at its end."""

    def __init__(self, place: Path, lang: Lang) -> None:
        self._spool = Spool(place)
        self._lang = lang
        self._rules: dict[str, int] = {}
        self._notices: list[dict[str, Any]] = []
        self._first = True
        self._outer = ""
        self._spool.write('{"$schema": ' + json.dumps(SCHEMA) + ', "version": "2.1.0", "runs": [{"results": [')

    def add(self, report: Report) -> None:
        """The findings of one document, and a notification when the tool failed on it.

        What stands in a file comes right after that file, and is located by it.
        """
        if not report.within:
            self._outer = _uri(report.file)
        for finding in report.findings:
            self._spool.write(("\n" if self._first else ",\n") + _dump(self._result(report, finding)))
            self._first = False
        if report.fault and len(self._notices) < 1000:
            told = text("check.fault", self._lang) + f" {report.file}"
            location = {"physicalLocation": {"artifactLocation": {"uri": self._outer}}}
            self._notices.append({"level": "error", "message": {"text": visible(told)}, "locations": [location]})

    def _result(self, report: Report, finding: Finding) -> dict[str, Any]:
        code, spot = code_of(finding), finding.location
        said = [code.text(self._lang)]
        for name, value in (("seen", finding.seen), ("expected", finding.expected), ("clause", clause_of(finding))):
            if value:
                said.append(text(f"cli.check.{name}", self._lang, **{name: visible(value)}))
        physical: dict[str, Any] = {"artifactLocation": {"uri": self._outer}}
        if spot.line and not report.within:  # a line inside a contained document is not one of the file
            physical["region"] = {"startLine": spot.line}
        location: dict[str, Any] = {"physicalLocation": physical}
        name = f"{report.file}#{spot.path}" if report.within else spot.path
        if name:
            location["logicalLocations"] = [{"fullyQualifiedName": visible(name), "kind": "element"}]
        where = f"{PurePath(report.file).name}\x1f{finding.fingerprint}\x1f{spot.path}\x1f{finding.seen}"
        return {
            "ruleId": finding.code,
            "ruleIndex": self._rules.setdefault(finding.code, len(self._rules)),
            "level": LEVELS[finding.severity],
            "message": {"text": "\n".join(said)},
            "locations": [location],
            "partialFingerprints": {FINGERPRINT: hashlib.sha256(where.encode("utf-8", "replace")).hexdigest()[:32]},
            "properties": {"verdict": report.verdict, "kind": visible(report.kind), "line": spot.line},
        }

    def finish(self, *, complete: bool = True) -> None:
        """Put the file in its place."""
        driver = {
            "name": "conformance",
            "version": __version__,
            "language": "en-US" if self._lang == "en" else "fr-FR",
            "rules": [rule(all_codes()[id], self._lang) for id in self._rules],
        }
        invocation: dict[str, Any] = {"executionSuccessful": complete and not self._notices}
        if self._notices:
            invocation["toolExecutionNotifications"] = self._notices
        rest = {
            "tool": {"driver": driver},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
        }
        self._spool.write("\n], " + _dump(rest)[1:-1] + "}]}\n")
        self._spool.commit()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._spool.__exit__(None, None, None)


def rule(code: Code, lang: Lang) -> dict[str, Any]:
    """The reporting descriptor of a code (§ 3.49): what it says, its remedy and its clause."""
    return {
        "id": code.id,
        "shortDescription": {"text": code.text(lang)},
        "help": {"text": f"{code.remedy(lang)}\n{text('cli.check.clause', lang, clause=code.clause)}"},
        "defaultConfiguration": {"level": LEVELS[code.severity]},
        "properties": {"clause": code.clause},
    }


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _uri(file: str) -> str:
    """A path as a relative or absolute URI reference."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
