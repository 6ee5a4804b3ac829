"""Cases of `identity.intake`, their classes, and the bytes of their orders and appointments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.evidence.values import Binding
from conformance.generation import documents, labels, render
from conformance.generation.draws import pick
from conformance.models.document import DocumentStory
from conformance.models.intake import IdentityCase, Trigger
from conformance.standards.hl7v2.identity_messages import Appointment, Demand, orm, siu
from conformance.standards.hl7v2.values import Coded

TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)
IDENTITIES = frozenset(
    name for name in labels.LABELS if name.startswith("identity:") and name != "identity:unqualified"
)
LABELS = frozenset(f"message:{t.replace('^', '-')}" for t in TRIGGERS) | IDENTITIES | {"message:ORM", "message:SIU"}

EXAMINATION = Coded("36643-5", "Radiographie du thorax", "LN")


def labels_of(case: IdentityCase) -> frozenset[str]:
    """The classes of a case: its message, and whose it is."""
    code = case.trigger.partition("^")[0]
    own = {f"message:{code}", f"message:{case.trigger.replace('^', '-')}"}
    return frozenset(own) | (labels.labels_of(case.story) & IDENTITIES)


@st.composite
def _cases(draw: DrawFn, triggers: tuple[Trigger, ...], identity: str) -> IdentityCase:
    trigger = pick(draw, triggers)
    told = draw(documents.stories(identity))
    plain = documents.plainest()
    story = replace(plain, patient=told.patient, author=told.author, structure=told.structure)
    return IdentityCase(trigger, story)


def cases(label: str | None = None) -> SearchStrategy[IdentityCase]:
    """Cases of every class, or having a label; raises KeyError for a label not in LABELS."""
    if label is not None and label not in LABELS:
        raise KeyError(label)
    if label is None:
        return _cases(TRIGGERS, "identity:qualified")
    if label in IDENTITIES:
        return _cases(TRIGGERS[:2], label)
    wanted = label.partition(":")[2]
    return _cases(tuple(t for t in TRIGGERS if t.replace("^", "-").startswith(wanted)), "identity:qualified")


def plainest() -> IdentityCase:
    """An order for the plainest patient."""
    return IdentityCase("ORM^O01", documents.plainest())


@dataclass(frozen=True, slots=True)
class Told:
    """A message ready to be sent: its bytes, its control id, its keys."""

    message: bytes
    control: str
    keys: tuple[tuple[str, str], ...]


def message(
    story: DocumentStory,
    trigger: Trigger,
    place: int,
    binding: Binding,
    as_of: date,
    settings: render.Settings = render.DEFAULTS,
) -> Told:
    """One order or appointment of a bound patient; `place` numbers the messages of the case."""
    whose = render.bearer(story, binding, as_of, settings)
    control = binding.control("identity", place)
    envelope = render.envelope(settings, control, render.before_documents(as_of) + timedelta(minutes=place))
    demand = Demand(
        envelope=envelope,
        patient=whose.traits,
        visit=whose.visit,
        number=f"D{whose.identity.ipp[1:]}",
        examination=EXAMINATION,
        requester=whose.requester,
        at=envelope.sent_at + timedelta(days=3),
    )
    code, _, event = trigger.partition("^")
    body = orm(demand) if code == "ORM" else siu(demand, _appointment(event))
    keys = (("control", control), ("patient", whose.identity.matricule), ("patient", whose.identity.ipp))
    return Told(body, control, keys)


def _appointment(event: str) -> Appointment:
    found: dict[str, Appointment] = {"S12": "S12", "S14": "S14", "S15": "S15"}
    return found[event]
