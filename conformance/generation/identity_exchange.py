"""Identities of other systems, and stories whose traces are read: strategies, labels, PAM messages once bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.evidence.values import Binding
from conformance.generation import render
from conformance.generation.identities import PLAIN
from conformance.generation.identity_people import PRODUCTION, Person, people
from conformance.generation.patients import PLAIN_NAMES, PatientWish, patients
from conformance.models.document import Patient
from conformance.models.identity_exchange import RECEPTIONS, TRACES, ReceptionStory, TraceStory
from conformance.models.identity_story import IdentityStory
from conformance.standards.hl7v2.orders import Endpoint, Envelope, Ins, LocalId
from conformance.standards.hl7v2.pam import builders
from conformance.standards.hl7v2.pam.orders import AdtOrder, Origin
from conformance.standards.hl7v2.pam.orders import Person as PamPerson

RECEPTION_LABELS: Mapping[str, str] = {f"reception:{kind}": kind for kind in RECEPTIONS}
TRACE_LABELS: Mapping[str, str] = {f"traces:{kind}": kind for kind in TRACES}

# The national base knows former matricules of people with several given names.
_PEOPLE = PatientWish(names=PLAIN_NAMES, several_given=True)


def receptions(label: str | None) -> SearchStrategy[ReceptionStory]:
    """Receptions of any class, or of a label; raises KeyError for an unknown label."""
    kinds = RECEPTIONS if label is None else tuple(k for k in RECEPTIONS if k == RECEPTION_LABELS[label])
    return st.builds(ReceptionStory, st.sampled_from(kinds), patients(_PEOPLE), st.sampled_from(("2.9", "2.11")))


def trace_stories(label: str | None) -> SearchStrategy[TraceStory]:
    """Stories of any class, or of a label; raises KeyError for an unknown label."""
    kinds = TRACES if label is None else tuple(k for k in TRACES if k == TRACE_LABELS[label])
    return st.builds(TraceStory, st.sampled_from(kinds), patients(_PEOPLE))


def simpler_reception(case: ReceptionStory) -> list[ReceptionStory]:
    """The plainest patient, the newest version of the extension."""
    found = (replace(case, patient=PLAIN, version="2.11"), replace(case, patient=PLAIN), replace(case, version="2.11"))
    return [one for one in dict.fromkeys(found) if one != case]


def simpler_trace(case: TraceStory) -> list[TraceStory]:
    """The plainest patient."""
    return [] if case.patient == PLAIN else [replace(case, patient=PLAIN)]


def couple(patient: Patient, binding: Binding, as_of: date, oid: str = PRODUCTION) -> tuple[Person, Person]:
    """The patient of a case and somebody else, bound; `oid` is the one that INSi answers."""
    whose = people(IdentityStory(patient, (), second="other"), binding, as_of, oid)
    return whose["A"], whose["B"]


def typed(person: Person) -> dict[str, str]:
    """The five fields that are typed in to create an identity, and its sex."""
    traits = person.traits
    return {
        "birth_name": traits.birth_name,
        "first_given": traits.first_given,
        "birth": traits.birth,
        "sex": traits.sex,
        "place": traits.place,
    }


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of another system: its bytes, its control id, its keys."""

    message: bytes
    control: str
    keys: tuple[tuple[str, str], ...]


def domain(binding: Binding) -> tuple[str, str]:
    """The other identification domain of a case: its name and its OID."""
    return f"DOMAINE-{binding.letters}", f"2.25.{7_000_000_000 + int(binding.digits)}"


@dataclass(frozen=True, slots=True)
class Sender:
    """The other system of a case. Every message is numbered, and sent a minute after the one before."""

    case: ReceptionStory
    person: Person
    binding: Binding
    as_of: date

    def number(self, place: int = 0) -> LocalId:
        """The `place`th number of the patient in the other domain."""
        name, oid = domain(self.binding)
        return LocalId(f"X{self.binding.digits}{place}", name, oid)

    def adt(
        self, event: str, place: int, *, number: LocalId | None = None, merged: LocalId | None = None, used: str = "",
        qualified: bool | None = None,
    ) -> Incoming:  # fmt: skip
        """A message about the patient, under a number of the other domain unless another is given."""
        told = self.case.qualified if qualified is None else qualified
        ids = (number or self.number(),)
        ins = Ins(self.person.ins.matricule, self.person.ins.oid) if told else None
        proved = told or self.case.kind == "validated"
        traits = self.person.traits
        control = self.binding.control("reception", place)
        sent_at = render.before_documents(self.as_of) + timedelta(minutes=place)
        who = PamPerson(
            birth_name=traits.birth_name,
            given_names=traits.given_names,
            birth=traits.birth,
            sex=traits.sex,
            birth_place=traits.place,
            ids=ids,
            ins=ins,
            reliability=("VALI",) if proved else ("PROV",),
            used_name=used,
            updated_at=sent_at,
        )
        name, _ = domain(self.binding)
        order = AdtOrder(
            Envelope(Endpoint(name, "CLINIQUE-VOISINE"), Endpoint("RECEPTEUR", "ETABLISSEMENT"), control, sent_at),
            who,
            version=self.case.version,
            merged=(merged,) if merged is not None else (),
            origin=Origin(mode="SM", document="PA") if proved and event in ("A28", "A31") else None,
        )
        body = builders.adt(event, order)
        keys = (("control", control), *((("patient", ins.matricule),) if ins is not None else ()),
                *(("patient", one.value) for one in ids))  # fmt: skip
        return Incoming(body, control, keys)

    def garbled(self, place: int) -> Incoming:
        """A message that says UTF-8 and writes a letter in another character set."""
        one = self.adt("A28", place, used=f"ÉTÉ {self.binding.letters}")
        return replace(one, message=one.message.replace("É".encode(), b"\xc9"))
