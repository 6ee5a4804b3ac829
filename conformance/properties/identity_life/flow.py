"""What judges of identities look at: each act asked of the system, what INSi and PAM said meanwhile, what was kept.

Everything is read from the traffic (the pilot's requests and answers, INSi, PAM), nothing from the story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from conformance.evidence.values import Direction, Driven, Heard, Observation
from conformance.standards.hl7v2.pam.values import AdtMessage, PamPatient
from conformance.standards.ins import answers, oids, statuses
from conformance.standards.insi.observe import InsiAnswer, InsiRequest
from conformance.standards.insi.syntax import BatchAnswer, VerificationAnswer

STRICT = ("birth_name", "given_names", "first_given", "birth", "sex", "place")
LOCKED = frozenset({"birth_name", "given_names", "birth", "sex", "place"})
SECONDARY = ("used_name", "used_given", "phone", "mail", "address")

Value = str | tuple[str, ...]

Kind = Literal[
    "create", "update", "search-insi", "verify-insi", "verify-batch", "document", "validate", "attribute", "merge",
    "split", "receive",
]  # fmt: skip
_PILOTED: Mapping[str, Kind] = {
    f"identity.{kind}/1": kind
    for kind in (
        "create", "update", "search-insi", "verify-insi", "verify-batch", "document", "validate", "attribute", "merge",
        "split",
    )
}  # fmt: skip
_READ = "identity.read/1"


@dataclass(frozen=True, slots=True)
class Held:
    """An identity as the pilot read it. `document` is None when the answer does not speak of documents."""

    ipp: str
    exchange: str
    traits: Mapping[str, Value]
    secondary: Mapping[str, str]
    status: str
    matricule: str
    oid: str
    attributes: frozenset[str]
    document: str | None = None
    merged_into: str = ""

    @property
    def blocked(self) -> bool:
        """Whether an attribute forbids INSi."""
        return not self.attributes.isdisjoint(statuses.BLOCKING)

    @property
    def retrieved(self) -> bool:
        """Whether it holds an INS under a status that keeps one."""
        return self.status in statuses.RETRIEVED


@dataclass(frozen=True, slots=True)
class Call:
    """One call of INSi: what was asked, and what the bench answered (None: nothing)."""

    exchange: str
    asked: InsiRequest
    answer: InsiAnswer | None = None

    def outcome(self, matricule: str) -> str:
        """`ok`, `ko`, or empty: what a verification, alone or in a batch, said of a matricule."""
        said = self.answer.answer if self.answer is not None else None
        asked = [one.ins.matricule if one.ins is not None else "" for one in self.asked.verifications]
        if matricule not in asked:
            return ""
        if isinstance(said, VerificationAnswer):
            return said.outcome.lower()
        place = asked.index(matricule)
        if isinstance(said, BatchAnswer) and len(said.results) == len(asked):
            return said.results[place].outcome.lower()
        return ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search that found somebody gave (00): the INS, the strict traits as the rules want them kept."""

    matricule: str
    oid: str
    traits: Mapping[str, Value]
    refusals: tuple[answers.Refusal, ...]

    @property
    def usable(self) -> bool:
        """Whether rules 11 and 12 let it be taken in."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Told:
    """A PAM message that went out."""

    exchange: str
    message: AdtMessage
    patient: PamPatient

    @property
    def carries_ins(self) -> bool:
        """Whether a repetition of PID-3 is typed INS, or is under the authority of the INS."""
        return any(i.type == "INS" or oids.is_ins(i.oid) for i in self.patient.identifiers if i.value)

    def about(self, ipp: str) -> bool:
        """Whether its patient bears this local number."""
        return any(i.value == ipp for i in self.patient.local_ids)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing asked of the system (or a message of another system), and all that was heard until the next one.

    `status` is what the pilot made of it, `done` that the system did it, `refused` that it would not. `before` and
    `after` are the identity as last read before, and first read after; None when it was not read. `known` are all those
    last read before, `read` those first read after, by local number. `place` is its place in what was heard.
    """

    kind: Kind
    name: str
    exchange: str
    payload: Mapping[str, Any]
    status: str
    data: Mapping[str, Any]
    ipp: str
    place: int
    calls: tuple[Call, ...] = ()
    told: tuple[Told, ...] = ()
    before: Held | None = None
    after: Held | None = None
    message: AdtMessage | None = None
    known: Mapping[str, Held] = field(default_factory=dict)
    read: Mapping[str, Held] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether the system did it."""
        return self.status in ("accepted", "done")

    @property
    def refused(self) -> bool:
        """Whether the system would not."""
        return self.status == "refused"

    @property
    def alerted(self) -> bool:
        """Whether the system warned of something."""
        return bool(str(self.data.get("alert") or "").strip())

    @property
    def found(self) -> Found | None:
        """What INSi found, the last time it was asked meanwhile."""
        return next((f for call in reversed(self.calls) if (f := found(call)) is not None), None)

    @property
    def found_in(self) -> str:
        """The exchange in which INSi was asked what `found` tells."""
        return next((call.exchange for call in reversed(self.calls) if found(call) is not None), self.exchange)

    @property
    def taken(self) -> bool | None:
        """Whether what INSi found is kept; None when it cannot be known."""
        one = self.found
        if one is None:
            return False
        if self.after is not None:
            return self.after.matricule == one.matricule
        said = self.data.get("taken")
        return said if isinstance(said, bool) else None

    @property
    def denied(self) -> bool:
        """Whether INSi said KO of the INS held before."""
        matricule = self.before.matricule if self.before is not None else ""
        return bool(matricule) and any(call.outcome(matricule) == "ko" for call in self.calls)

    def own(self) -> tuple[Told, ...]:
        """The messages about this patient."""
        return tuple(t for t in self.told if t.about(self.ipp))


@dataclass(slots=True)
class _Opening:
    act: Act
    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class _Latest:
    """The acts of the case judged last: every property of the exercise asks for the same ones in a row."""

    held: tuple[Driven[Any], Heard, tuple[Act, ...]] | None = None


_latest = _Latest()


def acts(driven: Driven[Any], heard: Heard) -> tuple[Act, ...]:
    """Every act of a case, in the order of time."""
    known = _latest.held
    # Equal observations are mostly the same objects: comparing them costs little.
    if known is not None and known[0] is driven and known[1].own == heard.own:
        return known[2]
    found = _acts(driven, heard)
    _latest.held = (driven, heard, found)
    return found


def _acts(driven: Driven[Any], heard: Heard) -> tuple[Act, ...]:
    sent = {s.exchange: s for s in driven.sent}
    answered = {o.exchange.answers: o for o in heard.own if o.exchange.answers is not None}
    open_acts: list[_Opening] = []
    reads: list[tuple[int, Held]] = []
    for place, observation in enumerate(heard.own):
        exchange, value = observation.exchange, observation.value
        if exchange.id in sent:
            begun = _begun(place, observation, answered.get(exchange.id), sent[exchange.id].name)
            if begun is not None:
                open_acts.append(_Opening(begun))
            elif (one := _read(observation, answered.get(exchange.id))) is not None:
                reads.append((place, one))
        elif not open_acts or exchange.direction is not Direction.FROM_VENDOR:
            continue
        elif isinstance(value, InsiRequest):
            reply = answered.get(exchange.id)
            said = reply.value if reply is not None and isinstance(reply.value, InsiAnswer) else None
            open_acts[-1].calls.append(Call(exchange.id, value, said))
        elif isinstance(value, AdtMessage) and value.patient is not None:
            open_acts[-1].told.append(Told(exchange.id, value, value.patient))
    return tuple(_closed(open_acts, reads))


def _begun(place: int, observation: Observation, answer: Observation | None, name: str) -> Act | None:
    exchange, value = observation.exchange, observation.value
    if isinstance(value, AdtMessage):
        return Act("receive", name, exchange.id, {}, "done" if answer is not None else "", {}, "", place,
                   message=value)  # fmt: skip
    if observation.kind != "pilot-request" or not isinstance(value, dict):
        return None
    kind = _PILOTED.get(str(value.get("kind")))
    if kind is None:
        return None
    payload, said = _object(value.get("payload")), _object(answer.value if answer is not None else None)
    data = _object(said.get("data"))
    ipp = str((data if kind == "create" else payload).get("ipp") or "")
    return Act(kind, name, exchange.id, payload, str(said.get("status") or ""), data, ipp, place)


def _read(observation: Observation, answer: Observation | None) -> Held | None:
    value = observation.value
    if observation.kind != "pilot-request" or not isinstance(value, dict) or value.get("kind") != _READ:
        return None
    said = _object(answer.value if answer is not None else None)
    if answer is None or said.get("status") not in ("accepted", "done"):
        return None
    one = _object(_object(said.get("data")).get("identity"))
    return held(one, answer.exchange.id) if one else None


def held(one: Mapping[str, Any], exchange: str = "") -> Held:
    """An identity as an answer to `identity.read` writes it."""
    traits, secondary = _object(one.get("traits")), _object(one.get("secondary"))
    document = one.get("document") if "document" in one else None
    return Held(
        ipp=_text(one.get("ipp")),
        exchange=exchange,
        traits={name: value_of(traits.get(name)) for name in STRICT},
        secondary={name: _text(secondary.get(name)) for name in SECONDARY if name in secondary},
        status=_text(one.get("status")),
        matricule=_text(one.get("matricule")),
        oid=_text(one.get("oid")),
        attributes=frozenset(str(a) for a in one.get("attributes") or () if isinstance(a, str)),
        document=_text(document) if "document" in one else None,
        merged_into=_text(one.get("merged_into")),
    )


def _closed(opened: Sequence[_Opening], reads: Sequence[tuple[int, Held]]) -> Iterator[Act]:
    """Acts with all that belongs to them; a batch becomes one act for each patient."""
    for number, one in enumerate(opened):
        act = one.act
        end = opened[number + 1].act.place if number + 1 < len(opened) else None
        known = {h.ipp: h for place, h in reads if place < act.place}
        read: dict[str, Held] = {}
        for place, h in reads:
            if place > act.place and (end is None or place < end):
                read.setdefault(h.ipp, h)
        whole = replace(act, calls=tuple(one.calls), told=tuple(one.told), known=known, read=read)
        listed = act.payload.get("ipps") if act.kind == "verify-batch" else None
        for ipp in listed if isinstance(listed, list) else (act.ipp,):
            yield replace(whole, ipp=ipp, before=known.get(ipp), after=read.get(ipp))


def concerns(act: Act, ipp: str) -> bool:
    """Whether an act may change the patient of a local number."""
    return act.kind == "receive" or ipp in (act.ipp, act.payload.get("into"))


def found(call: Call) -> Found | None:
    """What a search found, None unless it answered 00 with an INS."""
    said = call.answer.found if call.answer is not None else None
    if said is None or said.ins is None or said.code != answers.FOUND:
        return None
    told = said.traits
    if told is None:
        return None
    given = told.given or told.first
    traits: dict[str, Value] = {
        "birth_name": told.birth_name,
        "given_names": tuple(given.split()),
        "birth": told.birth.replace("-", ""),
        "sex": told.sex,
    }
    if told.place:
        traits["place"] = told.place
    refused = answers.refusals(birth_name=told.birth_name, given=given, sex=told.sex, birth=told.birth)
    return Found(said.ins.matricule, said.ins.oid, traits, refused)


def joined(value: Value) -> str:
    """A trait as one text; prénoms blank separated."""
    return value if isinstance(value, str) else " ".join(value)


def value_of(given: object) -> Value:
    """A trait as JSON gives it."""
    if isinstance(given, list):
        return tuple(str(one) for one in given)
    return _text(given)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the proofs of an identity after an act.

    `document` is the trust of the document presented ("" for none). `proved` says that it was validated on a document
    of high trust, `retrieved` that what INSi found is kept; None when something made it uncertain (a strict trait
    changed, a merge, something received, the application of the carte Vitale).
    """

    document: str = ""
    proved: bool | None = False
    retrieved: bool | None = False
    searched: bool = False


def past(all_acts: Sequence[Act], ipp: str, upto: int) -> Past:
    """What acts up to a place in the sequence (included) made of an identity."""
    known = Past()
    for act in all_acts[: upto + 1]:
        if concerns(act, ipp):
            known = _after(known, act)
    return known


def _after(known: Past, act: Act) -> Past:
    if act.kind in ("merge", "split", "receive"):
        return Past(known.document, None, None, True)
    if act.kind == "search-insi":
        if act.payload.get("mode") == "mobile" and act.calls:
            return Past(known.document, None, None, True)
        if act.found is None:
            return known
        return replace(known, retrieved=True if act.taken else known.retrieved if act.taken is False else None,
                       searched=True)  # fmt: skip
    if act.kind in ("verify-insi", "verify-batch"):
        ko = act.denied
        return replace(known, proved=None if known.proved else known.proved, retrieved=False) if ko else known
    if not act.done:
        return known
    if act.kind == "document":
        return replace(known, document=str(act.payload.get("trust") or ""))
    if act.kind == "validate":
        return replace(known, proved=True if known.document == "high" else known.proved)
    if act.kind == "attribute" and act.payload.get("set") and act.payload.get("attribute") in statuses.BLOCKING:
        return Past("", None if known.proved or known.document else False, False, known.searched)
    if act.kind == "update" and (act.payload.get("traits") or act.payload.get("ins")):
        lost = None if known.retrieved or known.proved else False
        return replace(known, proved=None if known.proved else known.proved, retrieved=lost)
    return known
