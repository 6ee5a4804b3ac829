"""One file read from the disk and judged; a file that cannot be read is a finding, and never stops the others."""

from __future__ import annotations

import os
import stat
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.evidence.values import Finding
from conformance.standards.check import dispatch, documents
from conformance.standards.check.members import CODES
from conformance.standards.check.settings import Judging
from conformance.standards.check.values import UNKNOWN, Report

if TYPE_CHECKING:
    from conformance.standards.ins.oids import Environment


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of the command, in a form that another process takes."""

    as_of: date
    environment: Environment | None = None
    excerpts: bool = False
    quick: bool = False
    official: str | None = None
    verapdf: bool | None = None


class Unread(Exception):
    """A file that is not read: the finding says why."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.code)


def reports(path: Path, judging: Judging) -> Iterator[Report]:
    """The report of a file, then those of what it holds. Never raises: a fault of ours is a report of its traceback."""
    name = printable(path)
    try:
        yield from _judged(path, name, judging)
    except Unread as unread:
        yield documents.report(name, UNKNOWN, (unread.finding,))
    except OSError as error:
        finding = CODES.finding("check.file.cannot-read", seen=error.strerror or str(error))
        yield documents.report(name, UNKNOWN, (finding,))
    except Exception:  # noqa: BLE001 - a crash of ours: told with the file it came from, and the others still checked
        yield crashed(name, traceback.format_exc(limit=-12))


def crashed(name: str, trace: str) -> Report:
    """The report of a file on which the tool failed."""
    return Report(name, UNKNOWN, "unreadable", fault=trace)


def _judged(path: Path, name: str, judging: Judging) -> Iterator[Report]:
    bounds = judging.bounds
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        code = "check.file.cannot-read" if stat.S_ISDIR(mode) else "check.file.special"
        raise Unread(CODES.finding(code, seen=stat.filemode(mode)))
    # A file may become a pipe meanwhile: opened without waiting, then looked at again.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - from a descriptor
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise Unread(CODES.finding("check.file.special", seen=stat.filemode(about.st_mode)))
        size = about.st_size
        if size > bounds.document:
            head = file.read(1024)
            if size > bounds.archive or not dispatch.is_archive(head):
                most = bounds.archive if dispatch.is_archive(head) else bounds.document
                raise Unread(CODES.finding("check.file.too-large", seen=size, expected=f"<= {most}"))
            file.seek(0)
            yield from dispatch.judge_archive(name, file, judging)
            return
        data = file.read(bounds.document + 1)
    if len(data) > bounds.document:  # it grows while it is read
        raise Unread(CODES.finding("check.file.too-large", seen=f"> {size}", expected=f"<= {bounds.document}"))
    yield from dispatch.judge(name, data, judging)


def printable(path: Path) -> str:
    """A path as text that any output takes: bytes of a name that are not UTF-8 become U+FFFD."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
