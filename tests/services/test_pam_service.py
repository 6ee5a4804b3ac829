"""The PAM consumer, spoken to by python-hl7's client and by raw sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hl7
import pytest
from hl7.client import MLLPClient

from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Pki
from conformance.bench.target import Target, Timing, Vendor
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange
from conformance.services import make
from conformance.services.pam import PamService

TARGET = Target(Vendor("V", "P", "1"), "RI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))

# PAM FR 2.11: MSH and PID of an A28 as the public examples have them, of a fictitious person.
ADT = (
    "MSH|^~\\&|RI|HOP|BANC|HOP|20260101120000||ADT^{event}^{structure}|{control}|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8"
    "|||2.11^IHE_FRANCE-2.11-PAM\r"
    "EVN||20260101120000||||20260101120000\r"
    "PID|||IPP{control}^^^HOP&1.2.250.1.999.1&ISO^PI||ESSAI^ANNE^ANNE LOUISE^^^^L||19800229|F|||^^^^^^BDL^^63220"
    "|||||||||||||||||||||PROV\r"
)


def adt(control: str, event: str = "A28", structure: str = "ADT_A05") -> str:
    """One message."""
    return ADT.format(control=control, event=event, structure=structure)


@contextmanager
def opened(pki: Pki, **settings: str) -> Iterator[tuple[Lab, int, list[Exchange]]]:
    """A laboratory, the port of its consumer in an environment, what it records."""
    kept: list[Exchange] = []

    async def nothing(drive: Any) -> None:
        return

    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        lab.window([Job("j", nothing)], {f"pam.{k}": v for k, v in settings.items()})
        yield lab, lab.services["pam"].port, kept


def sent(port: int, *messages: str) -> list[hl7.Message]:
    """The acknowledgements that python-hl7 reads."""
    with MLLPClient("127.0.0.1", port, encoding="utf-8") as client:
        return [hl7.parse(client.send_message(m).decode().strip("\x0b\x1c\r")) for m in messages]


def test_every_message_is_accepted(pki: Pki) -> None:
    """A28, A40 and Z99 on one connection: AA each, applications swapped, event echoed, exchanges paired."""
    with opened(pki) as (lab, port, kept):
        answers = sent(port, adt("C1"), adt("C2", "A40", "ADT_A39"), adt("C3", "Z99", "ADT_A01"))
        assert [lab.counter("pam", f"ADT^{e}") for e in ("A28", "A40", "Z99")] == [1, 1, 1]
    assert [str(a.segment("MSA")) for a in answers] == ["MSA|AA|C1", "MSA|AA|C2", "MSA|AA|C3"]
    assert [str(a.segment("MSH")[9]) for a in answers] == ["ACK^A28^ACK", "ACK^A40^ACK", "ACK^Z99^ACK"]
    assert str(answers[0].segment("MSH")[3]) == "BANC"
    assert [e.direction for e in kept] == [Direction.FROM_VENDOR, Direction.TO_VENDOR] * 3
    assert all(said.answers == heard.id for heard, said in zip(kept[::2], kept[1::2], strict=True))
    assert {e.channel for e in kept} == {"pam"}
    assert kept[0].body.decode() == adt("C1")


@pytest.mark.parametrize(("code", "error"), [("AE", "204"), ("AR", "206")])
def test_refusals_say_why(pki: Pki, code: str, error: str) -> None:
    """AE tells an unknown patient, AR a locked record, with ERR-3 of table 0357; a spared message is accepted."""
    with opened(pki, answer=code, spare="C2") as (_, port, _):
        refused, spared = sent(port, adt("C1"), adt("C2"))
    assert str(refused.segment("MSA")) == f"MSA|{code}|C1"
    assert (str(refused.segment("ERR")[3][0][0]), str(refused.segment("ERR")[4])) == (error, "E")
    assert str(spared.segment("MSA")) == "MSA|AA|C2"


def test_silence(pki: Pki) -> None:
    """`silent` takes a message and answers nothing; a spared one is answered on the same connection."""
    with (
        opened(pki, fault="silent", spare="C2") as (_, port, kept),
        socket.create_connection(("127.0.0.1", port), 5) as connection,
    ):
        connection.settimeout(0.5)
        connection.sendall(b"\x0b" + adt("C1").encode() + b"\x1c\r")
        with pytest.raises(TimeoutError):
            connection.recv(1000)
        connection.settimeout(5)
        connection.sendall(b"\x0b" + adt("C2").encode() + b"\x1c\r")
        assert b"MSA|AA|C2" in connection.recv(10_000)
    assert [e.direction for e in kept].count(Direction.FROM_VENDOR) == 2
    assert [e.direction for e in kept].count(Direction.TO_VENDOR) == 1


def test_garbage_is_recorded_and_not_answered(pki: Pki) -> None:
    """Bytes outside frames, a frame that is not HL7, a message without MSH-10: recorded, and the consumer lives on."""
    with opened(pki) as (_, port, kept):
        for hostile in (b"GET / HTTP/1.1\r\n\r\n", b"\x0b<adt/>\x1c\r"):
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.settimeout(5)
                connection.sendall(hostile)
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(100) == b""
        assert str(sent(port, adt("C1"))[0].segment("MSA")) == "MSA|AA|C1"
    assert [e.direction for e in kept[:2]] == [Direction.FROM_VENDOR] * 2


def test_an_unknown_answer_is_ours() -> None:
    """A setting that the service does not have is a fault of the tool."""
    for settings in ({"answer": "CA"}, {"fault": "xds-error"}, {"colour": "red"}):
        with pytest.raises(InternalError, match=r"bench\.unknown-setting"):
            PamService().configure(settings)
