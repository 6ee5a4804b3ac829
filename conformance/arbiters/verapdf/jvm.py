"""One veraPDF process kept alive over a batch: bytes in, verdict out, bounded in time, started again when it dies."""

from __future__ import annotations

import contextlib
import queue
import re
import subprocess
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Literal

from conformance.arbiters.verapdf import parts
from conformance.errors import SetupError

Flavour = Literal["1a", "1b", "2a", "2b", "2u", "3a", "3b", "3u"]

LIMIT_BYTES = 64 * 1024 * 1024
START_SECONDS = 60.0
JUDGE_SECONDS = 60.0
HEAP = "-Xmx768m"

_OPTIONS = (HEAP, "-Xss4m", "-XX:+UseSerialGC", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8")
_UNREADABLE = re.compile(r"ModelParsingException|EncryptedPdfException|IOException")


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that failed: clause and test number of veraPDF's profile, how often, and the first place and message."""

    clause: str
    test: int
    count: int
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What veraPDF said of one PDF under one flavour.

    `compliant` is None when it did not judge: `reason` then says why (`too-big`, `unreadable`, `encrypted`, `timeout`,
    `died`, `fault`). `checks` counts the assertions made.
    """

    flavour: Flavour
    compliant: bool | None
    failures: tuple[Failure, ...] = ()
    checks: int = 0
    reason: str = ""
    detail: str = ""


class VeraPdf:
    """The process, started at the first verdict; a context manager. Not for several threads at once.

    Raises nothing for what a PDF holds; SetupError when a part is missing or the process does not start.
    """

    def __init__(self, *, judge_seconds: float = JUDGE_SECONDS) -> None:
        self._parts = parts.find()
        self._judge_seconds = judge_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.version = ""

    def __enter__(self) -> VeraPdf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def verdict(self, pdf: bytes, flavour: Flavour = "1b") -> Verdict:
        """Judge one PDF under a flavour of PDF/A."""
        if len(pdf) > LIMIT_BYTES:
            return Verdict(flavour, None, reason="too-big", detail=f"{len(pdf)} bytes")
        process = self._started()
        writer = threading.Thread(
            target=_write, args=(process, b"%s %d\n" % (flavour.encode(), len(pdf)) + pdf), daemon=True
        )
        writer.start()
        failures: list[Failure] = []
        while True:
            try:
                line = self._lines.get(timeout=self._judge_seconds)
            except queue.Empty:
                self._kill()
                return Verdict(flavour, None, reason="timeout", detail=f"{self._judge_seconds:g} s")
            if line is None:
                self._kill()
                return Verdict(flavour, None, reason="died")
            word, *rest = line.split("\t")
            match word, rest:
                case "rule", [_, clause, test, count, place, message]:
                    failures.append(Failure(clause, int(test), int(count), place, message))
                case "done", [compliant, checks]:
                    return Verdict(flavour, compliant == "true", tuple(sorted(failures, key=_order)), int(checks))
                case "fault", [kind, message]:
                    return Verdict(flavour, None, reason=_reason(kind, message), detail=f"{kind}: {message}"[:300])
                case _:
                    self._kill()
                    return Verdict(flavour, None, reason="died", detail=line[:200])

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        command = [self._parts.java, *_OPTIONS, *parts.driver(self._parts)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._process, self._lines = process, queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        try:
            line = self._lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = None
        if line is None or not line.startswith("ready\t"):
            self._kill()
            raise SetupError("verapdf.no-start", java=self._parts.java)
        self.version = line.partition("\t")[2]
        return process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def available() -> SetupError | None:
    """None when every part is there, else the fault that names the first one missing. Starts nothing."""
    try:
        parts.find()
    except SetupError as missing:
        return missing
    return None


def _order(failure: Failure) -> tuple[list[int], int]:
    return [int(n) for n in re.findall(r"\d+", failure.clause)], failure.test


def _reason(kind: str, message: str) -> str:
    if "Encrypted" in kind or "ncrypted" in message:
        return "encrypted"
    return "unreadable" if _UNREADABLE.search(kind) else "fault"


def _write(process: subprocess.Popen[bytes], data: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):  # the process died: the reader sees it
        assert process.stdin is not None
        process.stdin.write(data)
        process.stdin.flush()


def _read(stream: IO[bytes], lines: queue.Queue[str | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line.decode("utf-8", "replace").rstrip("\n"))
    lines.put(None)
