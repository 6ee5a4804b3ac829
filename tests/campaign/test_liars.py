"""Vendors that are off, mute, or answer anything: no row is ever conform, and the bench says so in seconds."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from conformance.audit.write import rebuild
from conformance.bench.lab import Lab
from conformance.bench.pki import Pki
from conformance.bench.target import load
from conformance.catalogue.loader import load_profile
from conformance.engine.run import RunRequest, run
from conformance.evidence.journal import Reader
from conformance.evidence.verdict import Verdict
from conformance.services import make

Answer = Callable[[bytes], bytes | None]
"""Given one MLLP frame's content, the raw bytes to send back; None closes the connection."""


def _framed(body: bytes) -> bytes:
    return b"\x0b" + body + b"\x1c\r"


def _ack(message: bytes, control: bytes | None = None) -> bytes:
    msh = message.split(b"\r", 1)[0].split(b"|")
    quoted = control if control is not None else msh[9]
    head = b"MSH|^~\\&|PFI|X|RIS|Y|20260105093101||ACK^T02^ACK|A" + msh[9][:15] + b"|P|2.6|||||FRA|UNICODE UTF-8\r"
    return _framed(head + b"MSA|AA|" + quoted + b"\r")


LIARS: dict[str, Answer] = {
    "acknowledges-and-does-nothing": _ack,
    "another-message-s-acknowledgement": lambda message: _ack(message, b"NEVER-SENT"),
    "rubbish": lambda message: b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\xff\xfe</html>",
    "rubbish-in-a-frame": lambda message: _framed(b"\x00\x01not hl7 at all"),
    "half-a-frame": lambda message: _ack(message)[:-20],
    "closes": lambda message: None,
    "nothing": lambda message: b"",
    "endless": lambda message: b"\x0bMSH|" + b"x" * 3_000_000,
}


@contextmanager
def _vendor(answer: Answer) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            held = b""
            while data := self.request.recv(65536):
                held += data
                while b"\x1c\r" in held:
                    frame, held = held.split(b"\x1c\r", 1)
                    reply = answer(frame.lstrip(b"\x0b"))
                    if reply is None:
                        return
                    self.request.sendall(reply)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _audit(folder: Path, port: int) -> tuple[int, dict[str, Verdict]]:
    """Run both waves against that port; the exit code, and the verdicts of the rows that a property decides."""
    path = folder / "target.toml"
    path.write_text(
        'schema = "target/1"\n[vendor]\nname = "Menteur"\nproduct = "PFI"\nversion = "0"\n'
        '[target]\ndsr = "PFI"\nwaves = ["va1", "va2"]\n'
        f'[endpoints]\ndocuments = "mllp://127.0.0.1:{port}"\n'
        '[services.dmp]\nlisten = "127.0.0.1:0"\n[services.returns]\nlisten = "127.0.0.1:0"\n'
        "[timing]\nanswer = 0.4\nsettle = 0.2\nsettle_max = 3.0\nparallel = 4\n",
        encoding="utf-8",
    )
    target, profile, pki = load(path), load_profile("PFI"), Pki.load_or_create(folder.parent / "liars-pki")
    request = RunRequest(profile, ("va1", "va2"), target, folder / "run", date(2026, 1, 5), "smoke", 1)
    run(request, lambda sink, first, day: Lab(target, make(target), sink, pki, as_of=day, first=first))
    assert [e.type for e in Reader(folder / "run").entries()][-1] == "close"
    audit, _ = rebuild(folder / "run", "fr")
    assert audit.counts.reconciles
    judged = [r for r in audit.requirements if any(s.property for s in r.scenarios)]
    assert len(judged) >= 58
    rows = {r.key: r.verdict for r in judged if r.reason not in ("needs", "not-applicable")}
    assert len(rows) >= 8
    return audit.exit_code, rows


@pytest.mark.parametrize("name", LIARS)
def test_a_liar_is_never_conform(tmp_path: Path, name: str) -> None:
    """Whatever a vendor answers without doing the work, no row that a property decides is conform."""
    with _vendor(LIARS[name]) as port:
        code, rows = _audit(tmp_path, port)
    assert code in (1, 3)
    assert not set(rows.values()) & {Verdict.CONFORM, Verdict.TO_ATTEST}
    assert Verdict.TOOL_ERROR not in rows.values()


def test_a_vendor_that_is_off_is_inconclusive(tmp_path: Path) -> None:
    """Nobody listens: every row is inconclusive, none nonconform, exit code 3."""
    with _vendor(_ack) as port:
        pass
    code, rows = _audit(tmp_path, port)
    assert code == 3
    assert set(rows.values()) == {Verdict.INCONCLUSIVE}
