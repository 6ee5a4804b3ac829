"""Orders, appointments and laboratory OUL: read by hl7types, a third-party reader, and judged by our rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import hl7types
import pytest
from hl7types.hl7.v2_5.messages import ORM_O01, OUL_R22, SIU_S12

from conformance.engine.collect import draw
from conformance.evidence.values import Severity
from conformance.generation import documents, identity_messages, render
from conformance.generation.binding import bind
from conformance.standards.hl7v2 import rules
from conformance.standards.hl7v2.syntax import parse

DAY, BINDING = date(2026, 1, 5), bind("0a1b2c3d", 7)


def read(message: bytes) -> object:
    """The message as hl7types takes it, strictly; PRT is of HL7 v2.9, and V1.2 has two names that are too long."""
    text = message.decode()
    text = text.replace("INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX").replace(
        "MODIF_CONFIDENTIALITYCODE", "M"
    )
    return hl7types.decode_er7("\r".join(x for x in text.split("\r") if x[:3] != "PRT"), strict=True)


@pytest.mark.filterwarnings("error")
def test_an_order_is_read_by_a_third_party() -> None:
    """ORM^O01: the INS and VALI in PID, a new order."""
    told = identity_messages.message(documents.plainest(), "ORM^O01", 0, BINDING, DAY)
    order = read(told.message)
    assert isinstance(order, ORM_O01)
    assert order.PATIENT is not None
    pid = order.PATIENT.PID
    assert (pid.pid_3[0].cx_5, pid.pid_32) == ("INS", ["VALI"])
    assert ("patient", pid.pid_3[0].cx_1) in told.keys
    assert order.ORDER[0].ORC.orc_1 == "NW"
    assert order.MSH.msh_10 == told.control


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("event", ["S12", "S14", "S15"])
def test_an_appointment_is_read_by_a_third_party(event: str) -> None:
    """SIU: the fields that HL7 v2.5 requires are there, the identity is that of the order."""
    story = documents.plainest()
    told = identity_messages.message(story, f"SIU^{event}", 1, BINDING, DAY)  # type: ignore[arg-type]
    appointment = read(told.message)
    assert isinstance(appointment, SIU_S12)
    assert appointment.MSH.msh_9.msg_2 == event
    assert appointment.SCH.sch_6 is not None
    order = identity_messages.message(story, "ORM^O01", 0, BINDING, DAY)
    assert [k for k in told.keys if k[0] == "patient"] == [k for k in order.keys if k[0] == "patient"]


@pytest.mark.filterwarnings("error")
def test_a_laboratory_oul_is_read_by_a_third_party() -> None:
    """OUL^R22 in V1.2: one specimen, the document in its results."""
    for story in draw(documents.stories("carrier:OUL"), 10, 3):
        made = render.render(story, 0, BINDING, DAY)
        message = read(made.message)
        assert isinstance(message, OUL_R22)
        control = message.SPECIMEN[0].ORDER[0].ORC
        assert control is not None
        assert control.orc_1 == "NW"
        assert [p.ei_1 for p in message.MSH.msh_21 or []] == ["1.2"]


@pytest.mark.corpus
def test_an_oul_has_the_flags_of_the_published_message(shared: Path) -> None:
    """The ten metadata of our V1.2 are those of the official V1.2 example, names, labels and order (bodies apart)."""
    published = (shared / "corpus-hl7v2" / "Volets__TRANS_DOC_CDA_HL7V2__V1.2__MDM__message.hl7").read_bytes()

    def flags(raw: bytes) -> list[str]:
        rows = parse(raw).all("OBX")
        return [r.value(3, 1) for r in rows if r.value(2) in ("CE", "CWE")]

    made = render.render(draw(documents.stories("carrier:OUL"), 1, 3)[0], 0, BINDING, DAY)
    assert flags(made.message) == flags(published)


def test_the_second_version_of_the_volet_has_no_oul() -> None:
    """A story in OUL is of V1.2, whatever class it is drawn for."""
    for label in ("carrier:OUL", "laboratory:oul-hidden"):
        assert {(s.carrier, s.dialect) for s in draw(documents.stories(label), 20, 5)} == {("OUL", "1.2")}


@pytest.mark.parametrize("label", sorted(identity_messages.LABELS))
def test_every_class_is_drawn_and_beyond_reproach(label: str) -> None:
    """A case drawn for a class has it, and the rules find nothing wrong with its messages."""
    for case in draw(identity_messages.cases(label), 10, 11):
        assert label in identity_messages.labels_of(case)
        told = identity_messages.message(case.story, case.trigger, 0, BINDING, DAY)
        worst = [f.code for f in rules.judge(parse(told.message)) if f.severity in (Severity.ERROR, Severity.WARNING)]
        assert worst == []
