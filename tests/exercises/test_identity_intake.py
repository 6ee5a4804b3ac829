"""The exercise `identity.intake`, driven on a real MLLP server of python-hl7."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hl7

from conformance.exercises import registry
from conformance.exercises.identity import IdentityIntake
from conformance.generation.binding import bind
from conformance.generation.identity_messages import plainest

INTAKE = IdentityIntake()


def types(bench: Any) -> list[str]:
    """MSH-9 of what the peer received, in order."""
    return [str(hl7.parse(m).segment("MSH")[9]) for m in bench.peer.received]


def test_an_order_then_a_document_of_the_same_patient(bench: Any) -> None:
    """The peer gets ORM^O01, then the document; PID-3 is the same in both, and belongs to the case."""
    done = bench.drive(INTAKE, plainest(), bind("0a1b2c3d", 1)).done["w1-c1"]
    assert types(bench) == ["ORM^O01^ORM_O01", "MDM^T02^MDM_T02"]
    first, second = (str(hl7.parse(m).segment("PID")[3]) for m in bench.peer.received)
    assert first == second
    assert ("patient", first.split("^")[0]) in done.keys
    assert [s.name for s in done.sent] == ["message-1", "document"]


def test_a_cancelled_appointment_was_made_before(bench: Any) -> None:
    """S15 follows the S12 it is about, with its own control id."""
    bench.drive(INTAKE, replace(plainest(), trigger="SIU^S15"), bind("0a1b2c3d", 2))
    assert types(bench) == ["SIU^S12^SIU_S12", "SIU^S15^SIU_S12", "MDM^T02^MDM_T02"]
    controls = [str(hl7.parse(m).segment("MSH")[10]) for m in bench.peer.received]
    assert len(set(controls)) == 3


def test_a_message_without_answer_ends_the_case(bench: Any) -> None:
    """When the peer hangs up on the order, no document follows."""
    bench.peer.silent = True
    done = bench.drive(INTAKE, plainest(), bind("0a1b2c3d", 3)).done["w1-c1"]
    assert [s.name for s in done.sent] == ["message-1"]


def test_wave_1_alone_speaks_v1_2(bench: Any) -> None:
    """The document that follows is in the dialect of the wave."""
    first = registry.get("identity.intake").for_waves(frozenset({"va1"}))
    bench.drive(first, first.sentinel(), bind("0a1b2c3d", 4))
    assert str(hl7.parse(bench.peer.received[1]).segment("MSH")[21]) == "1.2^CISIS_CDA_HL7_V1"


def test_a_failing_case_is_made_plain() -> None:
    """The message stays, the patient becomes the plainest; the plainest has nothing simpler."""
    case = replace(plainest(), trigger="SIU^S12")
    assert INTAKE.simpler(plainest()) == []
    assert all(c.trigger in ("SIU^S12", "ORM^O01") for c in INTAKE.simpler(case))
