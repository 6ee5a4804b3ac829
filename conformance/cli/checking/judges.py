"""The judges of a check put together in the process where they judge: ours, and those that are not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.checking.reading import Request
from conformance.cli.speech import t
from conformance.evidence.codes import all_codes
from conformance.evidence.values import Finding
from conformance.standards.check.settings import Arbiter, Judging, PdfArbiter
from conformance.standards.check.values import Opinion
from conformance.texts import LANGUAGES, text

if TYPE_CHECKING:
    from conformance.arbiters.cisis.compare import Comparison
    from conformance.arbiters.cisis.runner import Official


def judging(request: Request) -> Judging:
    """How documents are judged on behalf of a request; raises SetupError when a judge asked for cannot be had."""
    return Judging(
        environment=request.environment,
        as_of=request.as_of,
        excerpts=request.excerpts,
        inside_pdf=not request.quick,
        arbiters=_official(request.official),
        verapdf=_verapdf(False if request.quick else request.verapdf),
    )


def _verapdf(asked: bool | None) -> PdfArbiter | None:
    """veraPDF: when asked for, it must be there; when nothing is said, it judges where it is."""
    if asked is False:
        return None
    from conformance.arbiters.verapdf.jvm import available

    missing = available()
    if missing is not None:
        if asked:
            raise missing
        return None
    return _VeraPdf()


class _VeraPdf:
    """One veraPDF a process, started by the first PDF that it is given."""

    def __init__(self) -> None:
        self._running: object = None

    def __call__(self, pdf: bytes, required: bool) -> tuple[Finding, ...]:
        """Its findings on one PDF."""
        from conformance.arbiters.verapdf import judging as verapdf
        from conformance.arbiters.verapdf.jvm import VeraPdf

        if not isinstance(self._running, VeraPdf):
            self._running = VeraPdf()
        return tuple(verapdf.judge(pdf, self._running, required=required))


def _official(path: str | None) -> Mapping[str, Arbiter]:
    """The official package, when a path is given; raises SetupError when it, or what it needs, is not there."""
    if path is None:
        return {}
    from conformance.arbiters.cisis.package import Package
    from conformance.arbiters.cisis.runner import Official

    official = Official(Package.open(Path(path)), progress=_preparing)
    official.prepare()  # here, before other processes start: the cache is filled once
    return {"cda": _Official(official)}


def _preparing(kind: str, name: str) -> None:
    """Tell what is made once and kept: the first run with a package takes some seconds more."""
    print(t(f"official.preparing.{kind}", name=name), file=sys.stderr, flush=True)


class _Official:
    """The official package in one more process, started by the first CDA that it is given."""

    def __init__(self, official: Official) -> None:
        self._official = official

    def __call__(self, data: bytes, findings: tuple[Finding, ...]) -> Opinion:
        """Its findings on one CDA, and where it and our rules do not agree."""
        from conformance.arbiters.cisis.compare import compare

        report = self._official.judge(data)
        compared = compare(findings, report)
        told = [_line(family, path, said) for family, path, said in compared.theirs]
        told += [_line(f"{f.schematron}, {f.role}", f.path, f.text) for f in report.findings if not f.refuses]
        reasons = [" ".join(filter(None, (n.what, n.reason, n.detail))) for n in report.not_run]
        if report.volet:
            reasons.insert(0, report.volet)
        return Opinion(
            judge="CI-SIS",
            verdict="none" if report.accepted is None else "conform" if report.accepted else "nonconform",
            findings=tuple(told),
            disagreements=tuple(_disagreements(compared)) if compared.disagree else (),
            reason="; ".join(reasons)[:1000],
        )


def _line(origin: str, path: str, said: str) -> str:
    return " ".join(filter(None, (f"[{origin}]", path, said)))[:1000]


def _disagreements(compared: Comparison) -> Iterator[Mapping[str, str]]:
    """Each finding that one judge has and the other does not follow, in both languages."""
    if compared.we_accept:
        for family, path, said in compared.theirs:
            yield {lang: text("check.only-official", lang, said=_line(family, path, said)) for lang in LANGUAGES}
        return
    for code, finding in {f.code: f for f in compared.ours}.items():
        where = finding.location.path
        yield {
            lang: text("check.only-ours", lang, said=f"{all_codes()[code].text(lang)} [{code}] {where}")
            for lang in LANGUAGES
        }
