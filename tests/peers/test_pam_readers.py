"""Libraries we did not write read our PAM messages: hl7types without loss, hl7apy with its own validation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hl7apy.parser import parse_message
from hl7types import decode_er7_hybrid
from pam_orders import order

from conformance.standards.hl7v2.pam import builders, events, reader
from conformance.standards.hl7v2.pam.orders import PamVersion
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.syntax import parse

EVENTS = sorted(events.STRUCTURES)


def lines(er7: str) -> list[str]:
    """The segments of a message."""
    return [line for line in er7.replace("\n", "\r").split("\r") if line]


@pytest.mark.parametrize("version", ["2.9", "2.11"])
@pytest.mark.parametrize("event", EVENTS)
def test_hl7types_reads_every_message_without_loss(event: str, version: PamVersion) -> None:
    """Its typed view of HL7 2.5, written again, is our message; only the Z segments are unknown to it, and kept."""
    wire = builders.adt(event, order(version, event)).decode()
    read = decode_er7_hybrid(wire)
    assert lines(read.model_dump_er7()) == lines(wire)
    assert read.typed is not None
    standard = [line for line in lines(wire) if not line.startswith("Z")]
    assert lines(read.typed.model_dump_er7()) == standard  # type: ignore[attr-defined]  # the classes are made at run time
    unknown = [d.message for d in read.diagnostics if "unknown segment 'Z" not in d.message]
    assert unknown == []


@pytest.mark.parametrize("event", EVENTS)
def test_hl7types_and_we_cut_the_same_fields(event: str) -> None:
    """Every component that hl7types finds, Z segments included, is the one we read."""
    wire = builders.adt(event, order(event=event))
    theirs, ours = decode_er7_hybrid(wire.decode()).generic, parse(wire)
    for theirs_segment, segment in zip(theirs.segments, ours.segments, strict=True):
        assert theirs_segment.name == segment.name
        if segment.name == "MSH":
            continue
        assert len(theirs_segment.fields) == len(segment.fields) - 1
        for number, field in enumerate(theirs_segment.fields, 1):
            cut = [["&".join(c.subcomponents) for c in r.components] for r in field.repetitions]
            # It leaves escape sequences as they are: the comparison is of the bytes of each component.
            mine = [r.decode().split("^") for r in segment.repetitions(number)]
            assert [c for c in cut if any(c)] == [c for c in mine if any(c)], (segment.name, number)


@pytest.mark.parametrize("event", EVENTS)
def test_hl7apy_finds_every_message_valid(event: str) -> None:
    """Its validation against HL7 2.5, groups built, accepts the structure and the fields of what we build."""
    wire = builders.adt(event, order(event=event)).decode()
    message = parse_message(wire, find_groups=True)
    assert message.name == events.STRUCTURES[event]
    assert message.validate() is True


@pytest.mark.corpus
def test_hl7types_reads_the_official_examples_as_we_do(shared: Path) -> None:
    """The four official PAM messages: same patient, same movement, nothing lost."""
    found = [*(shared / "corpus-hl7v2").glob("SGL__*.er7"), *(shared / "corpus-hl7v2").glob("*PAMFR__*.er7")]
    assert len(found) == 4
    for path in found:
        wire = "\r".join(lines(path.read_text(encoding="utf-8"))) + "\r"
        theirs = decode_er7_hybrid(wire)
        ours = reader.read(parse(wire.encode()))
        assert isinstance(ours, AdtMessage)
        assert ours.patient is not None
        assert lines(theirs.model_dump_er7()) == lines(wire)
        pid = theirs.typed.PID  # type: ignore[union-attr]  # the classes are made at run time
        assert [i.cx_1 for i in pid.pid_3] == [i.value for i in ours.patient.identifiers]
        assert pid.pid_5[0].xpn_1.fn_1 == ours.patient.birth_name
        assert pid.pid_32 == list(ours.patient.reliability)
