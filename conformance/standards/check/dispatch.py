"""A file judged with all that it holds: what it is, its judge, then each document inside it, to any bounded depth."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

from conformance.evidence.values import Finding
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.check import documents, excerpts, mails, messages, tars, views, zips
from conformance.standards.check.bounds import MIB, Budget, Exhausted
from conformance.standards.check.kinds import HEAD, Kind, sniff
from conformance.standards.check.members import CODES, Opened
from conformance.standards.check.settings import DEFAULT, Judging
from conformance.standards.check.values import Report
from conformance.standards.xdm import judging as xdm

INSIDE = "!"
"""Between the name of a container and the name of what it holds."""

TOGETHER = 64
"""Documents of one container that are compared with one another."""
VIEWED = 8 * MIB
"""Bytes of a document that is kept to be compared."""

_ARCHIVES = (Kind.ZIP, Kind.TAR, Kind.GZIP)


def judge(name: str, data: bytes, judging: Judging = DEFAULT) -> Iterator[Report]:
    """The report of some bytes, then one for each document in them. Never raises for what the bytes hold."""
    yield from _Opening(judging, Budget(judging.bounds)).of(name, data)


def judge_archive(name: str, file: BinaryIO, judging: Judging = DEFAULT) -> Iterator[Report]:
    """The same for an archive too large to be held: a seekable file that starts like a zip, a tar or a gzip."""
    head = file.read(HEAD)
    file.seek(0)
    yield from _Opening(judging, Budget(judging.bounds)).archive(name, sniff(head), file, None, "", 0)


def is_archive(head: bytes) -> bool:
    """True when a file that starts so is read entry by entry, and may thus be larger than a document."""
    return sniff(head) in _ARCHIVES


class _Opening:
    """One file being opened, within one budget."""

    def __init__(self, judging: Judging, budget: Budget) -> None:
        self._judging = judging
        self._budget = budget
        self._headers: dict[str, list[tuple[str, CdaHeader]]] = {}

    def of(self, name: str, data: bytes, within: str = "", depth: int = 0) -> Iterator[Report]:
        """The reports of some bytes and of what is in them."""
        kind = sniff(data)
        if kind in _ARCHIVES:
            yield from self.archive(name, kind, io.BytesIO(data), data, within, depth)
        elif kind is Kind.MAIL:
            yield from self._members(name, lambda: mails.open_mail(data, self._budget), data, within, depth)
        else:
            report, carried = self._document(name, kind, data, within)
            yield report
            yield from self._compared(name, self._carried(name, carried, depth))

    def _carried(self, name: str, carried: tuple[messages.Carried, ...], depth: int) -> Iterator[Report]:
        for document in carried:
            # What is no document at all is told by the message's own rules.
            if sniff(document.data) is not Kind.UNKNOWN:
                yield from self.of(f"{name}{INSIDE}{document.place}", document.data, name, depth + 1)

    def _compared(self, name: str, reports: Iterator[Report]) -> Iterator[Report]:
        """The reports of what a container holds; when they are few, the views of one report are held together."""
        held = list(islice(reports, TOGETHER + 1))
        headers = self._headers.pop(name, [])
        if len(held) > TOGETHER:
            yield from held
            yield from reports
            self._headers.pop(name, None)
            return
        found = views.compare(headers) if self._judging.inside_pdf else {}
        for report in held:
            extra = found.get(report.file, ())
            yield documents.extended(report, extra) if extra else report

    def _remember(self, name: str, within: str, header: CdaHeader, size: int) -> None:
        kept = self._headers.setdefault(within, [])
        if within and size <= VIEWED and len(kept) < TOGETHER:
            kept.append((name, header))

    def archive(
        self, name: str, kind: Kind, file: BinaryIO, data: bytes | None, within: str, depth: int
    ) -> Iterator[Report]:
        """The reports of an archive and of its entries; `data` is its bytes when they are held."""

        def opened() -> Opened:
            if kind is Kind.ZIP:
                return zips.open_zip(file, self._budget)
            if kind is Kind.TAR:
                return tars.open_tar(file, self._budget)
            return tars.open_gzip(file, name.rpartition(INSIDE)[2], self._budget)

        yield from self._members(name, opened, data, within, depth)

    def _members(
        self, name: str, opened: Callable[[], Opened], data: bytes | None, within: str, depth: int
    ) -> Iterator[Report]:
        if depth > self._judging.bounds.depth:
            finding = CODES.finding("check.container.too-deep", expected=f"<= {self._judging.bounds.depth}")
            yield replace(documents.report(name, "archive", (finding,)), within=within)
            return
        try:
            container = opened()
        except Exception:  # noqa: BLE001 - a crash of ours on one container must not hide the other files
            yield Report(name, "unknown", "unreadable", within=within, fault=traceback.format_exc(limit=-12))
            return
        yield self._container(name, container, data, within)
        if container.kind != "office":
            yield from self._compared(name, self._entries(name, container, depth))

    def _entries(self, name: str, container: Opened, depth: int) -> Iterator[Report]:
        taken: set[str] = set()
        try:
            for member in container.members:
                if container.kind == "xdm" and _of_the_package(member.name):
                    continue
                inner = f"{name}{INSIDE}{_distinct(member.name, taken)}"
                if member.data is None:
                    why = () if member.finding is None else (member.finding,)
                    yield replace(documents.report(inner, "unknown", why), within=name, verdict="unreadable")
                    continue
                for report in self.of(inner, member.data, name, depth + 1):
                    if member.finding is not None and report.file == inner:
                        findings = (member.finding.at(file=inner), *report.findings)
                        report = replace(report, findings=findings, verdict=_worse(report, findings))
                    yield report
        except Exhausted as stop:
            finding = CODES.finding(stop.code, seen=stop.seen, expected=stop.expected)
            rest = documents.report(f"{name}{INSIDE}…", "unknown", (finding,))
            yield replace(rest, within=name, verdict="unreadable")

    def _container(self, name: str, container: Opened, data: bytes | None, within: str) -> Report:
        findings, judges = container.findings, (documents.OWN,)
        judged = container.judged
        if container.kind == "xdm" and data is not None:
            try:
                # Names given twice are a finding of the XDM itself.
                own = (f for f in findings if f.code != "check.container.name-twice")
                findings = (*own, *xdm.judge(data))
                judged = True
            except Exception:  # noqa: BLE001 - as above
                trace = traceback.format_exc(limit=-12)
                return Report(name, "xdm", "unreadable", findings, within=within, judges=judges, fault=trace)
        if container.kind == "office":
            findings = (*findings, CODES.finding("check.document.not-judged", seen="OOXML, ODF"))
        return replace(documents.report(name, container.kind, findings, judged=judged, judges=judges), within=within)

    def _document(self, name: str, kind: Kind, data: bytes, within: str) -> tuple[Report, tuple[messages.Carried, ...]]:
        try:
            judged, carried = self._judged(name, kind, data, within)
            report = replace(judged, within=within)
            if self._judging.excerpts and kind in (Kind.CDA, Kind.HL7, Kind.XML):
                report = replace(report, excerpts=excerpts.excerpts(data, report.findings))
        except Exception:  # noqa: BLE001 - a crash of a rule is ours: told, and the other documents still judged
            trace = traceback.format_exc(limit=-12)
            return Report(name, kind.value, "unreadable", within=within, fault=trace), ()
        return report, carried

    def _judged(self, name: str, kind: Kind, data: bytes, within: str) -> tuple[Report, tuple[messages.Carried, ...]]:
        if kind is Kind.HL7:
            return documents.judge_message(name, data, self._judging)
        if kind is Kind.CDA:
            report, header = documents.judge_cda(name, data, self._judging)
            if header is not None:
                self._remember(name, within, header, len(data))
                report = replace(report, keys=(*report.keys, *views.keys(header)))
            return report, ()
        judge_kind = documents.JUDGES.get(kind)
        if judge_kind is None:
            return documents.judge_rest(name, data, kind), ()
        return judge_kind(name, data, self._judging), ()


def _worse(report: Report, findings: tuple[Finding, ...]) -> Any:
    own = documents.verdict_of(findings, judged=report.verdict != "not-judged")
    return report.verdict if report.verdict == "unreadable" else own


def _of_the_package(name: str) -> bool:
    """True for the files that make an XDM what it is: the judge of the XDM reads them."""
    last = name.rpartition("/")[2].upper()
    return last in zips.XDM_OWN or last.endswith((".XSL", ".CSS"))


def _distinct(name: str, taken: set[str]) -> str:
    """A member's name, numbered when another member has it."""
    told, number = name, 1
    while told in taken:
        number += 1
        told = f"{name} ({number})"
    taken.add(told)
    return told
