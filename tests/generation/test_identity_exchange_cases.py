"""Messages of another identification domain: what they carry, read by python-hl7 and by our own rules; their labels."""

from __future__ import annotations

from datetime import date

import hl7
import pytest

from conformance.engine.collect import draw
from conformance.evidence.values import Direction, Exchange, Severity
from conformance.generation import identity_exchange as made
from conformance.generation.binding import bind
from conformance.generation.identities import PLAIN
from conformance.models.identity_exchange import RECEPTIONS, TRACES, ReceptionKind, ReceptionStory
from conformance.standards.observe import observe

DAY = date(2026, 1, 5)


def sender(kind: ReceptionKind, number: int = 1) -> made.Sender:
    """The other system of a case."""
    binding = bind("0badcafe", number)
    person, _ = made.couple(PLAIN, binding, DAY)
    return made.Sender(ReceptionStory(kind, PLAIN), person, binding, DAY)


def test_a_qualified_identity_carries_its_ins_under_another_domain() -> None:
    """PID-3 has the number of the domain and the INS, PID-32 says VALI."""
    one = sender("ok-unknown")
    told = one.adt("A28", 1)
    read = hl7.parse(told.message.decode())
    numbers = [str(r).split("^") for r in read.segment("PID")(3)]
    assert [n[4] for n in numbers] == ["PI", "INS"]
    assert numbers[0][3] == f"DOMAINE-{one.binding.letters}&{made.domain(one.binding)[1]}&ISO"
    assert numbers[1][0] == one.person.ins.matricule
    assert numbers[1][3].split("&")[1] == "1.2.250.1.213.1.4.8"
    assert str(read.segment("PID")(32)) == "VALI"
    assert str(read.segment("MSH")(10)) == told.control


def test_an_identity_that_is_not_qualified_carries_none() -> None:
    """Validated: VALI without INS; provisional: PROV."""
    for kind, said in (("validated", "VALI"), ("provisional", "PROV")):
        pid = hl7.parse(sender(kind).adt("A28", 1).message.decode()).segment("PID")  # type: ignore[arg-type]
        assert "INS" not in str(pid(3))
        assert str(pid(32)) == said


def test_a_merge_names_the_number_that_goes_away() -> None:
    """MRG-1 is the second number, PID-3 the first."""
    one = sender("merged")
    read = hl7.parse(one.adt("A40", 3, number=one.number(), merged=one.number(1)).message.decode())
    assert str(read.segment("MRG")(1)).split("^")[0] == one.number(1).value
    assert str(read.segment("PID")(3)).split("^")[0] == one.number().value


def test_a_garbled_message_is_no_utf8() -> None:
    """Though MSH-18 says so."""
    message = sender("wrong-charset").garbled(1).message
    assert b"UNICODE UTF-8" in message
    with pytest.raises(UnicodeDecodeError):
        message.decode("utf-8")


@pytest.mark.parametrize("version", ["2.9", "2.11"])
def test_what_is_sent_breaks_no_rule(version: str) -> None:
    """Our own judges of PAM find no error in it."""
    one = sender("ok-unknown")
    case = ReceptionStory("ok-unknown", PLAIN, version)  # type: ignore[arg-type]
    of_version = made.Sender(case, one.person, one.binding, DAY)
    for event in ("A28", "A31"):
        told = of_version.adt(event, 1, used="USAGE ESSAI")
        seen = observe(Exchange("x1", "pam", Direction.FROM_VENDOR, 1, 0, told.message, {"protocol": "mllp"}))
        assert seen.kind == "hl7v2.adt"
        assert [f for f in seen.findings if f.severity is Severity.ERROR] == []


def test_every_class_is_drawn_and_no_two_cases_share_a_domain() -> None:
    """One label, one kind; two bindings, two domains and two matricules."""
    for kind in RECEPTIONS:
        assert {c.kind for c in draw(made.receptions(f"reception:{kind}"), 3, 1)} == {kind}
    for trace in TRACES:
        assert {c.kind for c in draw(made.trace_stories(f"traces:{trace}"), 3, 1)} == {trace}
    first, second = sender("ok-unknown", 1), sender("ok-unknown", 2)
    assert made.domain(first.binding) != made.domain(second.binding)
    assert first.person.ins.matricule != second.person.ins.matricule
    with pytest.raises(KeyError):
        made.receptions("reception:nothing")
