"""Recorded traffic as exchanges: the journal of a run, or files of messages (HL7 v2, mails, SOAP bodies)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.errors import CasesError
from conformance.evidence.journal import FILE, Reader
from conformance.evidence.values import Direction, Exchange, Fact
from conformance.standards.observe import sniff

LARGEST = 64 * 1024 * 1024
"""Bytes of one recorded message; more is not one."""

MAILS = frozenset({".eml", ".mail"})


def read_dump(path: Path) -> Iterator[Exchange]:
    """The exchanges of a run's folder, of a folder of files or of one file, in order of name.

    A file is one message that the system sent. Raises CasesError for a path that holds nothing to read.
    """
    if (path / FILE).is_file():
        yield from _journal(path)
        return
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    known = [(file, facts) for file in files if (facts := _kind(file)) is not None]
    if not known:
        raise CasesError("listen.nothing", where=str(path))
    for number, (file, facts) in enumerate(known, 1):
        told: dict[str, Fact] = {**facts, "file": str(file.relative_to(path) if path.is_dir() else file.name)}
        channel = str(told.pop("channel"))
        yield Exchange(f"x{number}", channel, Direction.FROM_VENDOR, number, number, file.read_bytes(), told)


def _kind(file: Path) -> Mapping[str, Fact] | None:
    """The facts of a file, None when it is no message that we can read."""
    try:
        if file.stat().st_size > LARGEST:
            return None
        with file.open("rb") as stream:
            head = stream.read(256)
    except OSError as error:
        raise CasesError("listen.unreadable", where=str(file), reason=error.strerror or error) from None
    if file.suffix.lower() in MAILS:
        return {"channel": "mss", "protocol": "smtp", "event": "mail"}
    protocol = sniff(head)
    channel = {"mllp": "returns", "http": "dmp"}.get(protocol)
    return None if channel is None else {"channel": channel, "protocol": protocol}


def _journal(folder: Path) -> Iterator[Exchange]:
    reader = Reader(folder)
    for entry in reader.entries():
        if entry.type != "exchange":
            continue
        line: Mapping[str, Any] = entry.data
        yield Exchange(
            line["x"],
            line["ch"],
            Direction(line["dir"]),
            line["conn"],
            line["ms"],
            reader.body(line["body"]),
            line["facts"],
            line["answers"],
        )
