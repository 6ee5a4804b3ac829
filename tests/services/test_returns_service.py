"""The receiver of business returns, spoken to by python-hl7's client and by raw sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import hl7
import pytest
from hl7.client import MLLPClient

from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Pki
from conformance.bench.service import Call, Reply
from conformance.bench.target import Target, Timing, Vendor
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange
from conformance.services import make
from conformance.services.returns import ReturnsService

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))

# Volet transmission: MSH of a ZAM, then OBX-4 = the control id of the document message and OBX-5 = Y.
ZAM = (
    "MSH|^~\\&|PFI|HOP|RIS|HOP|20260101120000+0100||ZAM^Z01^ZAM_Z01|{0}|P|2.6"
    "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
    "OBX|1|CWE|ACK_RECEPTION_DMP^Accusé de réception DMP^AckMetierZAM|C1|Y^^expandedYes-NoIndicator||||||F\r"
)


@contextmanager
def opened(pki: Pki) -> Iterator[tuple[Lab, int, list[Exchange]]]:
    """A laboratory, the port of its receiver, what it records."""
    kept: list[Exchange] = []
    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        yield lab, lab.services["returns"].port, kept


def settle(lab: Lab, environment: dict[str, str]) -> Window:
    """An empty window in an environment."""

    async def nothing(drive: object) -> None:
        return

    return lab.window([Job("j", nothing)], environment)


def test_returns_are_acknowledged(pki: Pki) -> None:
    """python-hl7's client sends three ZAM on one connection; each is acknowledged AA with its own control id."""
    with opened(pki) as (lab, port, kept):
        with MLLPClient("127.0.0.1", port, encoding="utf-8") as client:
            answers = [
                hl7.parse(client.send_message(ZAM.format(f"Z{n}")).decode().strip("\x0b\x1c\r")) for n in range(3)
            ]
        assert lab.counter("returns", "ZAM^Z01") == 3
    assert [str(a.segment("MSA")) for a in answers] == [f"MSA|AA|Z{n}" for n in range(3)]
    header = answers[0].segment("MSH")
    assert [str(header[n]) for n in (3, 5, 9, 12, 17)] == ["RIS", "PFI", "ACK^Z01^ACK", "2.6", "FRA"]
    assert len({str(a.segment("MSH")[10]) for a in answers}) == 3
    assert [e.direction for e in kept] == [Direction.FROM_VENDOR, Direction.TO_VENDOR] * 3
    assert all(said.answers == heard.id for heard, said in zip(kept[::2], kept[1::2], strict=True))
    assert kept[0].body.decode() == ZAM.format("Z0")
    assert len({e.connection for e in kept}) == 1


def test_garbage_is_recorded_and_not_answered(pki: Pki) -> None:
    """Bytes outside frames, half a frame, a frame that is not HL7: each leaves a trace, none an answer of ours."""
    with opened(pki) as (lab, port, kept):
        for hostile in (b"GET / HTTP/1.1\r\n\r\n", b"\x0bMSH|^~", b"\x0b<zam/>\x1c\r"):
            with socket.create_connection(("127.0.0.1", port), 2) as connection:
                connection.sendall(hostile)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(2)
                assert connection.recv(100) == b""
        settle(lab, {})
    assert [e.facts.get("framing") for e in kept] == ["garbage", "garbage", None]
    assert all(e.direction is Direction.FROM_VENDOR for e in kept)


def test_cut_acknowledgement(pki: Pki) -> None:
    """In the environment `cut` half the acknowledgement goes, then the connection is closed, and the facts say so."""
    with opened(pki) as (lab, port, kept):
        settle(lab, {"returns.fault": "cut"})
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(b"\x0b" + ZAM.format("Z1").encode() + b"\x1c\r")
            received = b"".join(iter(lambda: connection.recv(1000), b""))
    assert received.startswith(b"\x0bMSH")
    assert b"\x1c" not in received
    assert kept[-1].facts["fault"] == "cut"


def test_an_unknown_fault_is_ours(pki: Pki) -> None:
    """A fault that the service does not have is a fault of the tool, not silently nothing."""
    with opened(pki) as (lab, _, _), pytest.raises(InternalError, match=r"bench\.unknown-setting"):
        settle(lab, {"returns.fault": "xds-error"})


def test_a_service_that_crashes_fails_the_window(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of our own handler is raised by the window as a fault of the tool, with its cause."""

    async def broken(self: ReturnsService, call: Call) -> Reply:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(ReturnsService, "_plain", broken)
    with opened(pki) as (lab, port, _), socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall(b"\x0b" + ZAM.format("Z1").encode() + b"\x1c\r")
        with pytest.raises(InternalError, match=r"bench\.service-crashed") as error:
            settle(lab, {})
    assert isinstance(error.value.__cause__, ZeroDivisionError)
