"""What every judge of a PFI looks at: each message of a case, its acknowledgement, what came out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.errors import Malformed
from conformance.evidence.codes import table
from conformance.evidence.values import Context, Driven, Exchange, Finding, Heard, Observation, Sent, Severity
from conformance.standards.cda.reader import CdaHeader
from conformance.standards.cda.reader import read as read_cda
from conformance.standards.hl7v2 import rules, transmission
from conformance.standards.hl7v2.syntax import parse
from conformance.standards.hl7v2.values import Ack, DocumentMessage
from conformance.standards.xds.submission import Submission

CODES = table(__package__)

LIVE = rules.Settings(live=True)
"""A message of the bench is meant to be processed: an illustrative content in it is a mistake."""

INCOHERENT = frozenset({"hl7v2.request.incoherent"})
"""What the rules say of a message whose event, OBX-11 and ORC-1 contradict each other."""

CONSEQUENCES = frozenset({"hl7v2.cda.no-replaced-document", "hl7v2.txa.no-replaced-id"})
"""What they add when one of the three says replacement and nothing is replaced: still the same contradiction."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A CDA carried by a message: its bytes and its header, None when it cannot be read."""

    data: bytes
    header: CdaHeader | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document message as it was sent: the message, its acknowledgement, its own mistakes, the CDAs it carries."""

    sent: Sent
    message: DocumentMessage
    ack: Ack | None
    mistakes: frozenset[str]
    documents: tuple[Carried, ...]

    @property
    def conforming(self) -> bool:
        """Whether the bench's own message is beyond reproach: only then can a refusal be held against the vendor."""
        return not self.mistakes

    @property
    def accepted(self) -> bool:
        """Whether an acknowledgement of this very message says AA."""
        return self.ack is not None and self.sent.failure is None and self.ack.accepted

    @property
    def refused(self) -> bool:
        """AE: the receiver says that the message is wrong. AR (try again later) is neither a refusal nor a yes."""
        return self.ack is not None and self.sent.failure is None and self.ack.code == "AE"

    @property
    def silent(self) -> bool:
        """Whether the vendor answered nothing that can be used, though it could be reached."""
        return self.sent.failure in ("timeout", "closed", "garbage", "half-frame", "too-big")

    def flag(self, name: str) -> bool:
        """Whether a metadata flag is Y."""
        return self.message.flags.get(name) is True

    @property
    def uids(self) -> frozenset[str]:
        """The unique ids of the documents carried: CDA ids, and TXA-12."""
        found = {d.header.unique_id for d in self.documents if d.header is not None}
        if self.message.document_id is not None:
            root, extension = self.message.document_id.cda_id
            found.add(root if not extension else f"{root}^{extension}")
        return frozenset(found - {""})

    @property
    def n1(self) -> Carried | None:
        """The N1 version of the document, when the message carries one."""
        return next((d for d in self.documents if d.header is not None and d.header.level == "N1"), None)


@lru_cache(maxsize=512)
def input_findings(raw: bytes) -> tuple[Finding, ...]:
    """What the rules say of a message that the bench itself sent; memoised, since several properties ask."""
    return tuple(rules.judge(transmission.read(parse(raw)), LIVE))


def _mistakes(raw: bytes) -> frozenset[str]:
    return frozenset(f.code for f in input_findings(raw) if f.severity is Severity.ERROR)


@lru_cache(maxsize=512)
def header_of(data: bytes) -> CdaHeader | None:
    """The header of a CDA, or None when it cannot be read."""
    try:
        return read_cda(data)
    except Malformed:
        return None


def deliveries(driven: Driven[object], heard: Heard) -> Iterator[Delivery]:
    """Every document message of a case, in the order it was sent."""
    for sent in driven.sent:
        observation = heard.by_id(sent.exchange)
        if observation is None or not isinstance(observation.value, DocumentMessage):
            continue
        message = observation.value
        carried = tuple(Carried(d.data, header_of(d.data)) for d in message.documents if d.data is not None)
        yield Delivery(
            sent=sent,
            message=message,
            ack=heard.value(sent.answer, Ack),
            mistakes=_mistakes(observation.exchange.body),
            documents=carried,
        )


def submissions(heard: Heard, uids: frozenset[str]) -> tuple[Observation, ...]:
    """The DMP submissions that carry one of these documents."""
    return tuple(
        o
        for o in heard.of("xds.submission")
        if isinstance(o.value, Submission) and any(e.unique_id in uids for e in o.value.documents)
    )


def answer_to(heard: Heard, exchange: Exchange) -> Observation | None:
    """What the bench's service answered to a request of the vendor."""
    return next((o for o in (*heard.own, *heard.window) if o.exchange.answers == exchange.id), None)


def hindered(heard: Heard, channel: str) -> bool:
    """Whether the bench's own service stood in the way in this case, on purpose: it refused, cut, or showed wrong TLS.

    What then did not come to it, or came twice, says nothing of the vendor where a row is not about that very fault.
    """
    return any(
        o.exchange.channel == channel
        and (
            o.exchange.facts.get("fault")
            or o.exchange.facts.get("certificate", "valid") != "valid"
            or o.exchange.facts.get("offer", "usual") != "usual"
        )
        for o in heard.own
    )


def finding(code: str, path: str = "", **details: object) -> Finding:
    """A finding of this room's table."""
    return CODES.finding(code, path, **details)  # type: ignore[arg-type]


def volets(context: Context) -> frozenset[str]:
    """The dialects of the volet that the waves under test ask for: V1.2 in wave 1, V2.x added by wave 2."""
    return frozenset({"1.2"}) if context.wave == "va1" else frozenset({"1.2", "2.0", "2.1"})
