"""The process that judges: documents in, reports out, through a pipe, until the pipe closes."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from conformance.arbiters.cisis.engine import Engine
from conformance.arbiters.cisis.package import Package
from conformance.arbiters.cisis.report import OfficialReport, failed
from conformance.errors import BenchError

Answer = OfficialReport | tuple[str, str, dict[str, str]]
"""A report; or, for a process that cannot judge at all, the id, place and values of a BenchError."""


def serve(pipe: Connection, root: str, kept: str | None) -> None:
    """Judge what comes through the pipe. Leaves without ceremony: SaxonC has its own idea of the end of a process."""
    try:
        folder = Path(kept) if kept is not None else None
        try:
            engine = Engine(Package.open(Path(root), kept=folder), kept=folder)
        except BenchError as error:
            pipe.send((error.id, error.where, {name: str(value) for name, value in error.values.items()}))
            return
        while True:
            job = pipe.recv()
            if job is None:
                return
            raw, name = job
            try:
                report = engine.judge(raw, name)
            except Exception as error:  # noqa: BLE001 - whatever went wrong is ours, and the next document is judged
                report = failed(name, "fault", f"{type(error).__name__}: {error}"[:500])
            pipe.send(report)
    except (EOFError, OSError, KeyboardInterrupt):
        return
    finally:
        os._exit(0)
