"""Returns of mails (ZAM^Z02) on literal traffic: one for each recipient that the operator reports on."""

from __future__ import annotations

import mail_scenes as m
import pytest
import scenes as s
from mail_scenes import Scene, errors

from conformance.evidence.values import Direction, Sent, Severity

NAME = "returns.mss-result"


def zam(address: str, answer: str = "Y", reference: str = "M1", error: str = "") -> bytes:
    """A business return of a mail, as the volet gives it (section 8)."""
    return (
        "MSH|^~\\&|PFI-Y|Organisation-Y|RIS-Y|Organisation-Y|20260105093105+0100||ZAM^Z02^ZAM_Z01|Z2|P|2.6"
        "|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
        f"OBX|1|CWE|ACK_RECEPTION_MSS^Accusé de réception MSSanté^AckMetierZAM|{reference}"
        f"|{answer}^^expandedYes-NoIndicator||||||F\r"
        f"OBX|2|XTN|DESTINATAIRE_MSS^Destinataire MSSanté^AckMetierZAM||^^X.400^{address}||||||F\r{error}"
    ).encode()


ERROR = "ERR|||207^Application error^messageErrorCondition|E|550^Mailbox unavailable^SMTPERRORCODE\r"


def mailed(*reports: tuple[str, str], message: bytes = b"") -> Scene:
    """A document accepted, mailed to two professionals, and what the operator reports (address, action)."""
    scene = Scene(exercise="documents.intake")
    facts = {"protocol": "mllp"}
    asked = scene.put("documents", Direction.TO_VENDOR, message or s.mdm("DESTMSSANTEPS", "INVISIBLE_PATIENT"), facts)
    answer = scene.put("documents", Direction.FROM_VENDOR, s.ack("AA"), facts, asked)
    scene.sent.append(Sent("step-1", asked, answer))
    scene.write(m.received(receipt=False), m.DOCTOR, m.OTHER)
    for address, action in reports:
        scene.report(m.dsn(m.ID, address, action))
    return scene


def returned(scene: Scene, *bodies: bytes) -> Scene:
    """These returns come in."""
    for body in bodies:
        scene.put("returns", Direction.FROM_VENDOR, body, {"protocol": "mllp"})
    return scene


BOTH = ((m.DOCTOR, "delivered"), (m.OTHER, "failed"))


@pytest.mark.example(NAME, "positive")
def test_one_return_for_each_recipient() -> None:
    """Delivered to one, bounced from the other: a yes and a no."""
    found, seen = returned(mailed(*BOTH), zam(m.DOCTOR), zam(m.OTHER, "N", error=ERROR)).judge(NAME)
    assert found == []
    assert len(seen) == 2


@pytest.mark.example(NAME, "negative")
def test_a_recipient_without_return_is_an_error() -> None:
    """The second report gave nothing; with no return at all, both are missing."""
    found, seen = returned(mailed(*BOTH), zam(m.DOCTOR)).judge(NAME)
    assert [(f.code, f.expected, f.absence) for f in found] == [("returns.mss-missing", m.OTHER, True)]
    assert len(seen) == 1
    assert errors(mailed(*BOTH).judge(NAME)[0]) == ["returns.mss-missing"] * 2


def test_what_the_operator_never_reported_is_owed_no_return() -> None:
    """Without a delivery report, nobody knows what became of the mail."""
    assert mailed().judge(NAME) == ([], [])


def test_a_return_that_says_the_contrary_is_advice_and_its_form_an_error() -> None:
    """Y for a bounce; a return without the address segment is not by the volet."""
    wrong = returned(mailed((m.OTHER, "failed")), zam(m.OTHER))
    assert [(f.code, f.severity) for f in wrong.judge(NAME)[0]] == [("returns.result-differs", Severity.ADVICE)]
    form = returned(mailed((m.DOCTOR, "delivered")), zam(m.DOCTOR).replace(b"|2.6|", b"|2.5|"))
    assert "returns.not-by-the-volet" in errors(form.judge(NAME)[0])


def test_a_return_nobody_asked_for_is_advice() -> None:
    """ACK_RECEPTION was N."""
    message = s.mdm("DESTMSSANTEPS", "INVISIBLE_PATIENT")
    row = message.index(b"|ACK_RECEPTION^")
    message = message[:row] + message[row:].replace(b"||Y^^", b"||N^^", 1)
    found, _ = returned(mailed(*BOTH, message=message), zam(m.DOCTOR)).judge(NAME)
    assert [(f.code, f.severity) for f in found] == [("returns.not-asked", Severity.ADVICE)]


def test_the_sentinel_shows_that_returns_are_heard() -> None:
    """Its own DMP return is the witness beside which a missing one is believed."""
    scene = mailed()
    scene.sentinel = True
    assert [w.assertion for w in returned(scene, s.zam("Y")).judge(NAME)[1]] == ["returns are heard"]
