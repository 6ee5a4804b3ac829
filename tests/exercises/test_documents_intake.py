"""The exercise `documents.intake`, driven on a real MLLP server of python-hl7."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hl7

from conformance.exercises import registry
from conformance.exercises.documents import DMP_REFUSES, DocumentsIntake
from conformance.generation.binding import bind
from conformance.generation.documents import plainest
from conformance.generation.labels import LABELS
from conformance.models.document import Step

INTAKE = DocumentsIntake()
STORY = replace(plainest(), steps=(Step("initial"), Step("replacement"), Step("deletion")))


def test_messages_go_in_order_and_each_is_answered_before_the_next(bench: Any) -> None:
    """A story of three steps reaches the peer as T02, T10, T04, and each Sent quotes the answer to that message."""
    done = bench.drive(INTAKE, STORY, bind("0a1b2c3d", 1)).done["w1-c1"]
    events = [str(hl7.parse(m).segment("MSH")[9]) for m in bench.peer.received]
    assert events == ["MDM^T02^MDM_T02", "MDM^T10^MDM_T02", "MDM^T04^MDM_T02"]
    assert [s.name for s in done.sent] == ["step-1-initial", "step-2-replacement", "step-3-deletion"]
    assert all(s.failure is None and s.answer for s in done.sent)
    order = [e.id for e in bench.exchanges]
    for sent, following in zip(done.sent, done.sent[1:], strict=False):
        assert order.index(sent.answer) < order.index(following.exchange)


def test_the_case_owns_its_documents_and_its_patient(bench: Any) -> None:
    """Every document id, control id and the matricule sent are attribution keys of the case."""
    done = bench.drive(INTAKE, STORY, bind("0a1b2c3d", 2)).done["w1-c1"]
    keys = dict.fromkeys(done.keys)
    for text in bench.peer.received:
        message = hl7.parse(text)
        assert ("control", str(message.segment("MSH")[10])) in keys
        assert ("document", str(message.segment("TXA")[12])) in keys
        assert ("patient", str(message.segment("PID")[3]).split("^")[0]) in keys
    assert INTAKE.mark(STORY, bind("0a1b2c3d", 2)) in {value for _, value in done.keys}


def test_a_message_without_answer_ends_the_story(bench: Any) -> None:
    """When the peer hangs up on the first message, no replacement follows."""
    bench.peer.silent = True
    done = bench.drive(INTAKE, STORY, bind("0a1b2c3d", 3)).done["w1-c1"]
    assert [s.name for s in done.sent] == ["step-1-initial"]
    assert done.sent[0].failure is not None
    assert done.fault is None


def test_a_broken_story_breaks_its_last_message_only(bench: Any) -> None:
    """The replacement lacks TXA-13, the initial transmission is whole."""
    story = replace(STORY, steps=STORY.steps[:2], broken="txa-13-missing")
    bench.drive(INTAKE, story, bind("0a1b2c3d", 4))
    first, second = (hl7.parse(m).segment("TXA") for m in bench.peer.received)
    assert str(first[12])
    assert str(second[13]) == ""


def test_a_heavy_story_goes_through(bench: Any) -> None:
    """A message of 300 kB arrives whole."""
    body = replace(STORY.steps[0].bodies[0], filler=170_000)
    bench.drive(INTAKE, replace(STORY, steps=(Step("initial", (body,)),)), bind("0a1b2c3d", 5))
    (received,) = bench.peer.received
    assert len(received) > 300_000


def test_the_registry_gives_the_exercise() -> None:
    """`documents.intake` needs an endpoint, and knows every label."""
    found = registry.get("documents.intake")
    assert "documents.intake" in registry.names()
    assert found.needs == {"endpoint:documents"}
    assert [e.name for e in found.environments] == ["normal", "dmp-refuses", "mails-answered"]
    assert DMP_REFUSES.settings == {"dmp.fault": "xds-error"}
    assert found.labels() == LABELS


def test_the_sentinel_is_the_plainest_case() -> None:
    """Imaging, N1, MDM V2.1, to the DMP, return asked: nothing is simpler."""
    sentinel = INTAKE.sentinel()
    wanted = {"plain", "kind:imaging", "bodies:n1", "carrier:MDM", "dialect:2.1", "flag:ack-reception"}
    assert wanted <= INTAKE.labels_of(sentinel)
    assert sentinel.steps[0].flags.dest_dmp
    assert INTAKE.simpler(sentinel) == []
