"""The append-only, hash-chained record of a run: `journal.jsonl` and the segments that hold the bodies.

A line is canonical JSON `{"v":1,"n":…,"t":…,…,"prev":sha256 of the line before}`. Lines hold references and
commitments; bodies lie in segments of 64 MB, each record being a 16-byte salt then the body, committed to by
SHA-256(salt + body): a body can be taken out of the evidence without breaking the chain, and cannot be guessed.
Lines are handed to the operating system at once and forced to disk by `flush` (once a window).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import JournalError, OutputError
from conformance.evidence.codec import canonical

VERSION = 1
SEGMENT_BYTES = 64 * 1024 * 1024
SALT_BYTES = 16
FILE = "journal.jsonl"
SEGMENTS = "segments"
START = "0" * 64

Json = Mapping[str, object]


def _line_hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _segment(folder: Path, number: int) -> Path:
    return folder / SEGMENTS / f"{number:06d}.bin"


class Writer:
    """Writes a journal; safe to call from several threads.

    `Writer.create` starts one in an empty or new folder, `Writer.resume` goes on with one that was cut. A failing
    disk raises OutputError at the call, and at every later one: nothing is ever silently lost.
    """

    def __init__(self, folder: Path, *, number: int, previous: str, segment: int) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._n = number
        self._previous = previous
        self._segment_number = segment
        self._fault: OutputError | None = None
        try:
            (folder / SEGMENTS).mkdir(parents=True, exist_ok=True)
            self._file = (folder / FILE).open("ab", buffering=0)
            self._bodies = _segment(folder, segment).open("ab", buffering=0)
        except OSError as e:
            raise OutputError("journal.cannot-write", where=str(folder), reason=e.strerror or str(e)) from e

    @classmethod
    def create(cls, folder: Path) -> Writer:
        """A new journal; raises OutputError when the folder holds one already or cannot be written."""
        if (folder / FILE).exists():
            raise OutputError("journal.exists", where=str(folder))
        return cls(folder, number=0, previous=START, segment=1)

    @classmethod
    def resume(cls, folder: Path) -> tuple[Writer, int]:
        """Go on with a journal that was cut: a torn last line is dropped (its size is returned), the rest is checked.

        Raises JournalError when the chain is broken anywhere else.
        """
        reader = Reader(folder)
        last, kept = START, 0
        number = 0
        for entry in reader.entries():
            last, number, kept = entry.hash, entry.n + 1, entry.end
        path = folder / FILE
        torn = path.stat().st_size - kept
        try:
            if torn:
                os.truncate(path, kept)
        except OSError as e:
            raise OutputError("journal.cannot-write", where=str(folder), reason=e.strerror or str(e)) from e
        segments = sorted(int(p.stem) for p in (folder / SEGMENTS).glob("*.bin"))
        return cls(folder, number=number, previous=last, segment=(segments or [1])[-1]), torn

    def body(self, data: bytes) -> Json:
        """Store a body and return its reference `{"seg", "off", "len", "commit"}`."""
        salt = os.urandom(SALT_BYTES)
        with self._lock:
            self._check()
            try:
                offset = self._bodies.tell()
                if offset >= SEGMENT_BYTES:
                    self._bodies.flush()
                    os.fsync(self._bodies.fileno())
                    self._bodies.close()
                    self._segment_number += 1
                    self._bodies = _segment(self.folder, self._segment_number).open("ab", buffering=0)
                    offset = self._bodies.tell()
                self._write(self._bodies.fileno(), salt + data)
            except OSError as e:
                raise self._broken(e) from e
            return {
                "seg": self._segment_number,
                "off": offset,
                "len": len(data),
                "commit": hashlib.sha256(salt + data).hexdigest(),
            }

    def plain(self, value: object) -> Json:
        """Store a plain JSON value as a body and return its reference."""
        return self.body(canonical(value))

    def append(self, type: str, **fields: object) -> int:
        """Append one line and return its number."""
        with self._lock:
            self._check()
            number = self._n
            line = canonical({"v": VERSION, "n": number, "t": type, **fields, "prev": self._previous})
            try:
                self._write(self._file.fileno(), line + b"\n")
            except OSError as e:
                raise self._broken(e) from e
            self._previous = _line_hash(line)
            self._n += 1
            return number

    def flush(self) -> None:
        """Force everything to disk."""
        with self._lock:
            self._check()
            try:
                os.fsync(self._bodies.fileno())
                os.fsync(self._file.fileno())
            except OSError as e:
                raise self._broken(e) from e

    def close(self) -> None:
        """Close the files; calling it twice does nothing."""
        with self._lock:
            self._file.close()
            self._bodies.close()

    @property
    def head(self) -> str:
        """The hash of the last line: what a report quotes to be tied to this journal."""
        return self._previous

    @staticmethod
    def _write(descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _broken(self, e: OSError) -> OutputError:
        self._fault = OutputError("journal.cannot-write", where=str(self.folder), reason=e.strerror or str(e))
        return self._fault


@dataclass(frozen=True, slots=True)
class Entry:
    """One line read back: its number, type, fields, own hash, and the byte offset where it ends."""

    n: int
    type: str
    data: Json
    hash: str
    end: int

    def __getitem__(self, key: str) -> object:
        return self.data[key]

    def get(self, key: str, default: object = None) -> object:
        """A field, or the default."""
        return self.data.get(key, default)


class Reader:
    """Reads a journal line by line, checking the chain; bodies are fetched when asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / FILE).is_file():
            raise JournalError("journal.missing", where=str(folder))

    def entries(self) -> Iterator[Entry]:
        """Every whole line in order. A torn last line is left out; raises JournalError where the chain breaks."""
        previous, expected, end = START, 0, 0
        with (self.folder / FILE).open("rb") as file:
            for raw in file:
                where = f"{self.folder / FILE}:{expected + 1}"
                if not raw.endswith(b"\n"):
                    return
                line = raw[:-1]
                end += len(raw)
                try:
                    data = json.loads(line)
                    ok = data["prev"] == previous and data["n"] == expected and data["v"] == VERSION
                    type = data["t"]
                except (ValueError, KeyError, TypeError):
                    raise JournalError("journal.unreadable-line", where=where) from None
                if not ok:
                    raise JournalError("journal.chain-broken", where=where)
                previous = _line_hash(line)
                yield Entry(expected, type, data, previous, end)
                expected += 1

    def body(self, reference: object) -> bytes:
        """The body of a reference; raises JournalError when it is missing or not what was committed to."""
        if not isinstance(reference, Mapping):
            raise JournalError("journal.body-missing", where=str(self.folder))
        number, offset, length = (reference[k] for k in ("seg", "off", "len"))
        path = _segment(self.folder, int(number))
        try:
            with path.open("rb") as file:
                file.seek(int(offset))
                record = file.read(SALT_BYTES + int(length))
        except OSError:
            raise JournalError("journal.body-missing", where=str(path)) from None
        if hashlib.sha256(record).hexdigest() != reference["commit"]:
            raise JournalError("journal.body-altered", where=f"{path}@{offset}")
        return record[SALT_BYTES:]

    def plain(self, reference: object) -> object:
        """A body stored by `Writer.plain`, as JSON."""
        return json.loads(self.body(reference))
