"""The recorder: ids, order, secrets, the window."""

from __future__ import annotations

import base64
import threading

import pytest

from conformance.bench.clock import Clock
from conformance.bench.recorder import Recorder
from conformance.errors import JournalError
from conformance.evidence.values import Direction, Exchange

IN, OUT = Direction.FROM_VENDOR, Direction.TO_VENDOR


def test_exchanges_are_numbered_in_the_order_of_the_sink() -> None:
    """From several threads, exchanges reach the sink one at a time, numbered without a hole, times in order."""
    seen: list[Exchange] = []
    recorder = Recorder(Clock(), seen.append)

    def work() -> None:
        for _ in range(200):
            recorder.record("dmp", IN, recorder.connection(), b"x")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.id for e in seen] == [f"x{n}" for n in range(1, 801)]
    assert [e.ms for e in seen] == sorted(e.ms for e in seen)
    assert len({e.connection for e in seen}) == 800


def test_a_run_that_goes_on_counts_on() -> None:
    """With 12 exchanges recorded before, the next one is x13."""
    recorder = Recorder(Clock(), lambda e: None, first=12)
    assert recorder.record("dmp", IN, 1, b"").id == "x13"


def test_secrets_are_masked_in_bodies_and_facts() -> None:
    """A secret is replaced as it is, in Base64 and in a URL, in the body and in text facts; other bytes stay."""
    seen: list[Exchange] = []
    secret = "p@ss/word+1"
    recorder = Recorder(Clock(), seen.append, {"TOKEN": secret})
    coded = base64.b64encode(secret.encode()).decode()
    body = f"a={secret}&b=p%40ss%2Fword%2B1 Basic {coded} \xff".encode("latin-1")
    made = recorder.record("dmp", IN, 1, body, {"path": f"/x?{secret}", "status": 200})
    assert made.body == b"a={{secret:TOKEN}}&b={{secret:TOKEN}} Basic {{secret:TOKEN}} \xff"
    assert made.facts == {"path": "/x?{{secret:TOKEN}}", "status": 200}
    assert seen == [made]


def test_a_window_holds_what_was_recorded_in_it() -> None:
    """Exchanges made before or after a window are not in it, and nothing is kept once it is closed."""
    recorder = Recorder(Clock(), lambda e: None)
    recorder.record("dmp", IN, 1, b"before")
    recorder.open_window()
    recorder.record("dmp", IN, 1, b"1")
    recorder.record("dmp", OUT, 1, b"2", answers="x2")
    assert [e.body for e in recorder.close_window()] == [b"1", b"2"]
    recorder.record("dmp", IN, 1, b"after")
    assert recorder.close_window() == ()


def test_a_sink_that_fails_is_remembered() -> None:
    """When the journal cannot be written the caller is told, and the recorder keeps the reason."""

    def full(exchange: Exchange) -> None:
        raise JournalError("journal.cannot-write", reason="disk full")

    recorder = Recorder(Clock(), full)
    with pytest.raises(JournalError):
        recorder.record("dmp", IN, 1, b"")
    assert isinstance(recorder.failure, JournalError)


def test_the_clock_never_goes_back() -> None:
    """Milliseconds since the start only grow."""
    clock = Clock()
    times = [clock.ms() for _ in range(1000)]
    assert times == sorted(times)
