"""The laboratory facing a small platform of our own making, over real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import hl7
import pytest

from conformance.bench.api import Drive
from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Pki, export
from conformance.bench.target import Endpoint, Listen, Target, Timing, Vendor
from conformance.errors import InternalError, JournalError, SetupError, TargetError
from conformance.evidence.values import Direction, Exchange
from conformance.services import make

TIMING = Timing(answer=1.0, settle=0.2, settle_max=2.0, parallel=1)


def message(control: str) -> bytes:
    """A small message of that control id."""
    return f"MSH|^~\\&|A|B|C|D|20260101||ADT^A01^ADT_A01|{control}|P|2.5\rPID|1\r".encode()


class Platform(socketserver.ThreadingTCPServer):
    """A receiver that reads frames with the standard library and answers each as `answer` says (None: hang up)."""

    daemon_threads = True
    allow_reuse_address = True
    one_shot = False

    def __init__(self, answer: Callable[[Platform, str, int], bytes | None], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer = answer
        self.context = tls
        self.heard: list[str] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0


class _Connection(socketserver.StreamRequestHandler):
    server: Platform

    def setup(self) -> None:
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        server = self.server
        server.connections += 1
        count = 0
        received = b""
        while data := self.request.recv(65536):
            received += data
            while b"\x1c\r" in received:
                body, _, received = received.partition(b"\x1c\r")
                control = str(hl7.parse(body.lstrip(b"\x0b").decode()).segment("MSH")[10])
                server.heard.append(control)
                count += 1
                server.open += 1
                server.most_open = max(server.most_open, server.open)
                answer = server.answer(server, control, count)
                server.open -= 1
                if answer is None:
                    return
                self.request.sendall(answer)
                if server.one_shot:
                    return


def acknowledge(platform: Platform, control: str, count: int) -> bytes:
    """A plain AA."""
    return f"\x0bMSH|^~\\&|C|D|A|B|20260101||ACK|R{control}|P|2.5\rMSA|AA|{control}\r\x1c\r".encode()


@contextmanager
def facing(
    pki: Pki,
    answer: Callable[[Platform, str, int], bytes | None] = acknowledge,
    *,
    timing: Timing = TIMING,
    tls: ssl.SSLContext | None = None,
    sink: Callable[[Exchange], None] = lambda exchange: None,
    **more: Any,
) -> Iterator[tuple[Lab, Platform]]:
    """A started laboratory and the platform it faces."""
    with Platform(answer, tls) as platform:
        threading.Thread(target=platform.serve_forever, args=(0.02,), daemon=True).start()
        endpoint = Endpoint("mllps" if tls else "mllp", "localhost" if tls else "127.0.0.1", platform.server_address[1])
        target = Target(
            Vendor("V", "P", "1"), "PFI", ("va1",), endpoints={"documents": endpoint}, timing=timing, **more
        )
        with Lab(target, make(target), sink, pki) as lab:
            yield lab, platform
        platform.shutdown()


def sends(*controls: str, pause: float = 0.0) -> Callable[[Drive], Any]:
    """A case that sends messages of these control ids, one after the other."""

    async def run(drive: Drive) -> None:
        for control in controls:
            await asyncio.sleep(pause)
            await drive.send("documents", message(control), name=control, keys=(("control", control),), control=control)

    return run


def window(lab: Lab, *cases: Callable[[Drive], Any], environment: dict[str, str] | None = None, **more: Any) -> Window:
    """Drive cases named j0, j1..."""
    return lab.window([Job(f"j{n}", case) for n, case in enumerate(cases)], environment or {}, **more)


def test_a_window_has_all_that_was_sent_and_heard(pki: Pki) -> None:
    """Each message and its acknowledgement are in the window, in order, tied together; the sink has the same."""
    kept: list[Exchange] = []
    told: list[tuple[int, int]] = []
    with facing(pki, sink=kept.append) as (lab, platform):
        found = window(lab, sends("A1", "A2"), sends("B1"), on_progress=lambda *counts: told.append(counts))
    assert platform.heard == ["A1", "A2", "B1"]
    assert platform.connections == 1
    assert found.settled
    assert [s.name for s in found.done["j0"].sent] == ["A1", "A2"]
    assert all(s.failure is None for done in found.done.values() for s in done.sent)
    assert found.done["j0"].keys == (("control", "A1"), ("control", "A2"))
    assert tuple(kept) == found.exchanges
    by_id = {e.id: e for e in found.exchanges}
    for done in found.done.values():
        for sent in done.sent:
            assert by_id[sent.exchange].direction is Direction.TO_VENDOR
            assert by_id[sent.answer or ""].answers == sent.exchange
            assert f"MSA|AA|{sent.name}".encode() in by_id[sent.answer or ""].body
    assert told == [(1, 2), (2, 2)]


def test_cases_are_driven_at_once_when_asked(pki: Pki) -> None:
    """With three at once the platform has three messages open at the same time, and never more."""

    def slowly(platform: Platform, control: str, count: int) -> bytes:
        time.sleep(0.1)
        return acknowledge(platform, control, count)

    cases = [sends(f"C{n}") for n in range(9)]
    with facing(pki, slowly) as (lab, platform):
        assert all(d.sent[0].failure is None for d in window(lab, *cases, parallel=3).done.values())
        assert platform.most_open == 3
        platform.most_open = 0
        window(lab, *cases[:3])
        assert platform.most_open == 1


def test_a_platform_that_hangs_up_after_each_answer(pki: Pki) -> None:
    """One message a connection is a way of working: the closed connection is noticed, every message goes once."""
    with facing(pki) as (lab, platform):
        platform.one_shot = True
        found = window(lab, sends("A", "B", "C", pause=0.05))
    assert [s.failure for s in found.done["j0"].sent] == [None, None, None]
    assert platform.heard == ["A", "B", "C"]
    assert platform.connections == 3


def test_a_kept_connection_that_was_dead(pki: Pki) -> None:
    """A message that met only the end of a kept connection goes again on a new one; both exchanges are the case's."""

    def first_only(platform: Platform, control: str, count: int) -> bytes | None:
        return acknowledge(platform, control, count) if count == 1 else None

    with facing(pki, first_only) as (lab, _):
        found = window(lab, sends("A", "B"))
    assert [s.failure for s in found.done["j0"].sent] == [None, None]
    (again,) = [e for e in found.exchanges if "resends" in e.facts]
    assert found.done["j0"].sent[1].exchange == again.id
    assert {again.id, again.facts["resends"]} <= set(found.done["j0"].exchanges)


def test_silence_is_waited_for(pki: Pki) -> None:
    """What the platform sends a little later is still in the window; then the window ends."""
    lab_port: list[int] = []

    def later(platform: Platform, control: str, count: int) -> bytes:
        def go() -> None:
            with socket.create_connection(("127.0.0.1", lab_port[0]), 2) as connection:
                connection.sendall(b"\x0b" + message("Z" + control).replace(b"ADT^A01^ADT_A01", b"ZAM^Z01") + b"\x1c\r")
                connection.recv(1000)

        threading.Timer(0.15, go).start()
        return acknowledge(platform, control, count)

    with facing(pki, later) as (lab, _):
        lab_port.append(int(lab.addresses()["returns"].rpartition(":")[2]))
        found = window(lab, sends("A"))
    assert [e.channel for e in found.exchanges] == ["documents", "documents", "returns", "returns"]
    assert found.counters == {"returns.ZAM^Z01": 1}


def test_no_target_goes_under_the_floor(pki: Pki) -> None:
    """Even with no silence asked for, 0.2 s are waited for."""
    with facing(pki, timing=replace(TIMING, settle=0.0, settle_max=0.0)) as (lab, _):
        began = time.monotonic()
        window(lab, sends("A"))
        assert time.monotonic() - began >= 0.2


def test_a_platform_that_never_falls_silent(pki: Pki) -> None:
    """After settle_max the window ends all the same, and says so."""
    with facing(pki, timing=replace(TIMING, settle=0.5, settle_max=0.7)) as (lab, _):
        port = int(lab.addresses()["returns"].rpartition(":")[2])
        stop = threading.Event()

        def chatter() -> None:
            with socket.create_connection(("127.0.0.1", port), 2) as connection:
                while not stop.wait(0.05):
                    connection.sendall(b"\x0b" + message("N") + b"\x1c\r")

        thread = threading.Thread(target=chatter)
        thread.start()
        began = time.monotonic()
        found = window(lab, sends("A"))
        assert not found.settled
        assert 0.7 <= time.monotonic() - began < 1.5
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda *_: b"HTTP/1.1 400\r\n\r\n", "garbage"),
        (lambda *_: b"\x0bMSH|", "half-frame"),
        (lambda platform, control, count: acknowledge(platform, "OTHER", count), "other-control-id"),
        (lambda *_: b"", "timeout"),
        (lambda *_: None, "closed"),
    ],
)
def test_failures_are_told_by_case(pki: Pki, answer: Callable[..., bytes | None], failure: str) -> None:
    """What the platform does wrong is in Sent.failure, never raised; the next case gets a fresh connection."""

    def first_only(platform: Platform, control: str, count: int) -> bytes | None:
        return answer(platform, control, count) if control == "A" else acknowledge(platform, control, count)

    with facing(pki, first_only, timing=replace(TIMING, answer=0.3)) as (lab, platform):
        found = window(lab, sends("A"), sends("B"))
    assert [found.done[j].sent[0].failure for j in ("j0", "j1")] == [failure, None]
    assert platform.heard == ["A", "B"]


def test_a_late_acknowledgement_is_heard(pki: Pki) -> None:
    """An acknowledgement that comes too late is recorded as the answer to its own message."""

    def late(platform: Platform, control: str, count: int) -> bytes:
        time.sleep(0.35 if control == "A" else 0)
        return acknowledge(platform, control, count)

    with facing(pki, late, timing=replace(TIMING, answer=0.2, settle=0.4)) as (lab, _):
        found = window(lab, sends("A", "B"))
    first, second = found.done["j0"].sent
    assert (first.failure, second.failure) == ("timeout", None)
    assert any(e.answers == first.exchange and b"MSA|AA|A" in e.body for e in found.exchanges)


def test_nobody_there(pki: Pki) -> None:
    """A platform that is not started refuses: told by preflight and by every case."""
    with facing(pki) as (lab, platform):
        assert lab.preflight() == {"documents": None}
        platform.shutdown()
        platform.server_close()
        assert lab.preflight() == {"documents": "refused"}
        found = window(lab, sends("A"))
    (sent,) = found.done["j0"].sent
    assert (sent.failure, sent.answer) == ("refused", None)
    (exchange,) = found.exchanges
    assert (exchange.facts["sent"], exchange.facts["failure"]) == (False, "refused")


def test_stimuli_over_tls(pki: Pki, tmp_path: Path) -> None:
    """mllps checks the platform's certificate and presents ours; an authority that is not trusted is `tls`."""

    def context(authority: Pki) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*export(tmp_path, "server", authority.server(["localhost"])))
        made.load_verify_locations(cadata=pki.anchors_pem.decode())
        made.verify_mode = ssl.CERT_REQUIRED
        return made

    with facing(pki, tls=context(pki)) as (lab, _):
        found = window(lab, sends("A"))
        assert found.done["j0"].sent[0].failure is None
        assert found.exchanges[0].facts["tls"] in ("1.2", "1.3")
    other = Pki.generate()
    with facing(pki, tls=context(other)) as (lab, _):
        assert lab.preflight() == {"documents": "tls"}
        assert window(lab, sends("A")).done["j0"].sent[0].failure == "tls"
    anchors = tmp_path / "anchors.pem"
    anchors.write_bytes(other.anchors_pem)
    with facing(pki, tls=context(other), endpoint_anchors=(anchors,)) as (lab, _):
        assert window(lab, sends("A")).done["j0"].sent[0].failure is None


def test_a_crash_of_ours_is_no_fault_of_the_vendor(pki: Pki) -> None:
    """A case whose driver crashes is marked as a fault of the tool; the other cases are driven as ever."""

    async def crash(drive: Drive) -> None:
        await drive.send("documents", message("A"), name="a", keys=(), control="A")
        raise ZeroDivisionError("ours")

    async def twice(drive: Drive) -> None:
        for _ in range(2):
            await drive.send("documents", message("B"), name="b", keys=(), control="B")

    with facing(pki) as (lab, _):
        found = window(lab, crash, twice, sends("C"))
    faults = [found.done[f"j{n}"].fault for n in range(3)]
    assert [f.id if f else None for f in faults] == ["bench.job-crashed", "bench.step-repeated", None]
    assert isinstance(faults[0], InternalError)
    assert isinstance(faults[0].__cause__, ZeroDivisionError)
    assert len(found.done["j0"].sent) == 1


def test_a_wrong_set_up_stops_the_window(pki: Pki) -> None:
    """An endpoint that the target does not have, a setting that no service knows: raised at once."""

    async def elsewhere(drive: Drive) -> None:
        await drive.send("orders", message("A"), name="a", keys=())

    with facing(pki) as (lab, _):
        with pytest.raises(TargetError, match=r"target\.no-endpoint"):
            window(lab, elsewhere)
        for key in ("dmp.colour", "ins.fault", "dmp"):
            with pytest.raises(InternalError, match=r"bench\.unknown-setting"):
                window(lab, sends("A"), environment={key: "x"})
        assert window(lab, sends("B")).done["j0"].sent[0].failure is None


def test_a_journal_that_cannot_be_written_stops_the_window(pki: Pki) -> None:
    """When the sink fails the window raises what it raised, whoever was being heard."""

    def full(exchange: Exchange) -> None:
        if exchange.direction is Direction.FROM_VENDOR:
            raise JournalError("journal.cannot-write", reason="disk full")

    with facing(pki, sink=full) as (lab, _), pytest.raises(JournalError):
        window(lab, sends("A"))


def test_a_port_that_is_taken(pki: Pki) -> None:
    """The service, the address and what to do are told; nothing stays open behind."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        target = Target(
            Vendor("V", "P", "1"), "PFI", ("va1",), services={"returns": Listen("127.0.0.1", port)}, timing=TIMING
        )
        lab = Lab(target, make(target), lambda e: None, pki)
        with pytest.raises(SetupError) as error:
            lab.start()
        assert (error.value.id, error.value.where) == ("bench.port-taken", "services.returns")
        assert error.value.values["port"] == port
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", lab.services["dmp"].port), 1)
    assert not any(t.name == "conformance-lab" for t in threading.enumerate())


@pytest.mark.parametrize(
    ("host", "id"), [("192.0.2.1", "bench.address-unknown"), ("no.invalid", "bench.address-unknown")]
)
def test_an_address_that_is_not_ours(pki: Pki, host: str, id: str) -> None:
    """An address of another machine, or a name that means nothing, is told apart from a port taken."""
    target = Target(Vendor("V", "P", "1"), "PFI", ("va1",), services={"returns": Listen(host, 0)}, timing=TIMING)
    with pytest.raises(SetupError) as error:
        Lab(target, make(target), lambda e: None, pki).start()
    assert error.value.id == "bench.address-unknown"


def test_addresses_told_to_the_vendor(pki: Pki) -> None:
    """A service is advertised as the target says, else by the address it has, IPv6 in brackets."""
    services = {"dmp": Listen(advertise="https://banc.local:8443"), "returns": Listen("::1", 0)}
    target = Target(Vendor("V", "P", "1"), "PFI", ("va1",), services=services, timing=TIMING)
    with Lab(target, make(target), lambda e: None, pki) as lab:
        told = lab.addresses()
        with socket.create_connection(("::1", lab.services["returns"].port), 1):
            assert told["returns"] == f"mllp://[::1]:{lab.services['returns'].port}"
    assert told["dmp"] == "https://banc.local:8443/si-dmp-server/v2/services"


def test_a_service_that_does_not_exist() -> None:
    """A target that names an unknown service is told the nearest one."""
    target = Target(Vendor("V", "P", "1"), "PFI", ("va1",), services={"dmpp": Listen()})
    with pytest.raises(TargetError) as error:
        make(target)
    assert (error.value.id, error.value.values["near"]) == ("target.unknown-service", "dmp")


def test_stopping(pki: Pki) -> None:
    """Stopping twice is harmless, ends the thread, closes what was open, and a stopped laboratory does nothing."""
    with facing(pki) as (lab, _):
        window(lab, sends("A"))
        port = lab.services["returns"].port
        with socket.create_connection(("127.0.0.1", port), 1) as held:
            lab.stop()
            assert held.recv(1) == b""
        lab.stop()
        with pytest.raises(InternalError, match=r"bench\.not-started"):
            window(lab, sends("A"))
    assert not any(t.name == "conformance-lab" for t in threading.enumerate())


def test_ctrl_c(pki: Pki) -> None:
    """Ctrl-C during a window is raised in the main thread, the jobs are cancelled, and stopping still works."""
    ended: list[str] = []

    async def long(drive: Drive) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("cancelled")

    began = time.monotonic()
    with facing(pki) as (lab, _):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            window(lab, long)
    assert ended == ["cancelled"]
    assert time.monotonic() - began < 5
    assert not any(t.name == "conformance-lab" for t in threading.enumerate())
