"""`conformance rows`: the document rows of a DSR, judged on files that are the views of one case."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conformance.cli.options import Dsr, Json, Lang, Wave, dsr_of, waves_of
from conformance.cli.speech import say, spoken, t
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.evidence.values import Finding
    from conformance.properties.captured.values import Bundle, Captured, Declared
    from conformance.properties.captured.verdicts import RowVerdict

SCHEMA = "rows/1"
DECLARED = "declared/1"

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read."""

MOST = 200
"""Files of one case, at most: a case has a handful of views."""


def rows(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="cli.rows.paths")],
    dsr: Dsr,
    wave: Wave = None,
    declare: Annotated[Path | None, typer.Option("--declare", metavar="FILE", help="cli.rows.declare")] = None,
    json_: Json = False,
    lang: Lang = None,
) -> None:
    """Judge each row; exit 1 when one is nonconform, 3 when none could be judged."""
    from conformance.properties.captured import verdicts

    bundle = _bundle(paths, declare)
    waves = (None,) if wave is None else waves_of(wave)
    counts: Counter[str] = Counter()
    for one in waves:
        for verdict in verdicts.judge(bundle, dsr_of(dsr), one):
            counts[verdict.outcome] += 1
            if json_:
                print(json.dumps(as_json(verdict), ensure_ascii=False, sort_keys=True))
            else:
                _print(verdict)
    if not json_:
        say("cli.rows.next", rows=counts.total(), **{k.replace("-", "_"): counts[k] for k in _OUTCOMES})
    if counts["nonconform"]:
        raise typer.Exit(1)
    raise typer.Exit(0 if counts["conform"] or counts["to-attest"] else 3)


_OUTCOMES = ("conform", "nonconform", "to-attest", "not-judged")


def _bundle(paths: list[Path], declare: Path | None) -> Bundle:
    from conformance.bench import clock
    from conformance.properties.captured.values import Bundle
    from conformance.standards.cda.judging import Settings

    captured = tuple(_captured(paths))
    return Bundle(captured, declared_of(declare), Settings(as_of=clock.today()))


def _captured(paths: list[Path]) -> Iterator[Captured]:
    from conformance.properties.captured.values import Captured

    count = 0
    for path in paths:
        if not path.exists():
            raise UsageError("cli.no-such-path", path=path)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            count += 1
            if count > MOST:
                raise UsageError("cli.rows.too-many", where=str(path), most=MOST)
            if file.stat().st_size > LARGEST:
                raise UsageError("cli.check.too-large", where=str(file), size=file.stat().st_size, most=LARGEST)
            yield Captured(str(file), file.read_bytes())


def declared_of(path: Path | None) -> Declared:
    """What a file of `declared/1` says of the case; raises UsageError when it is not one."""
    from dataclasses import fields

    from conformance.properties.captured.values import Declared

    if path is None:
        return Declared()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError("cli.rows.declared", where=str(path), reason=str(error)) from None
    if data.pop("schema", None) != DECLARED:
        raise UsageError("cli.rows.declared", where=str(path), reason=f'schema = "{DECLARED}"')
    known = {f.name: f.type for f in fields(Declared)}
    for name, value in data.items():
        wanted = str(known.get(name, ""))
        if name not in known or not _fits(value, wanted):
            raise UsageError("cli.rows.declared", where=str(path), reason=f"{name} = {value!r}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return Declared(**values)


def _fits(value: Any, wanted: str) -> bool:
    if wanted.startswith("bool"):
        return isinstance(value, bool)
    if wanted.startswith("int"):
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted.startswith("tuple"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def as_json(verdict: RowVerdict) -> dict[str, object]:
    """One line of `rows/1`."""
    from conformance.evidence.codes import all_codes

    codes = all_codes()
    return {
        "schema": SCHEMA,
        "requirement": verdict.key,
        "verdict": verdict.outcome,
        "reason": t(f"rows.reason.{verdict.reason}") if verdict.reason else "",
        "clause": verdict.clause,
        "witnesses": [{"assertion": w.assertion, "subject": w.subject} for w in verdict.witnesses],
        "findings": [
            {
                "code": f.code,
                "severity": f.severity.value,
                "file": f.location.file or "",
                "path": f.location.path,
                "line": f.location.line,
                "clause": f.clause or codes[f.code].clause,
                "seen": f.seen,
                "expected": f.expected,
                "text": codes[f.code].text(spoken()),
                "remedy": codes[f.code].remedy(spoken()),
            }
            for f in verdict.findings
        ],
    }


def _print(verdict: RowVerdict) -> None:
    outcome = t(f"rows.outcome.{verdict.outcome}")
    if verdict.reason:
        outcome = t("rows.because", outcome=outcome, reason=t(f"rows.reason.{verdict.reason}"))
    print(f"{verdict.key:<24} {outcome}")
    for finding in verdict.findings[:20]:
        _tell(finding)
    if len(verdict.findings) > 20:
        print(f"  {t('rows.more', count=len(verdict.findings) - 20)}")


def _tell(finding: Finding) -> None:
    from conformance.audit.excerpt import visible
    from conformance.evidence.codes import all_codes

    code = all_codes()[finding.code]
    print(f"  {t(f'audit.severity.{finding.severity}')} {code.text(spoken())} [{finding.code}]")
    print(f"    {visible(finding.location.file or '')} {visible(finding.location.path)}")
    for id, value in (("seen", finding.seen), ("expected", finding.expected)):
        if value:
            print(f"    {t(f'cli.check.{id}', **{id: visible(value)})}")
    print(f"    {t('texts.remedy', remedy=code.remedy(spoken()))}")
