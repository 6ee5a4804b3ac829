"""What judges of mailboxes look at: the mail delivered, what was read, written and passed on, what the pilot told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conformance.errors import Malformed
from conformance.evidence.values import Direction, Driven, Heard, Observation, Sent, Severity
from conformance.standards import eicar
from conformance.standards.hl7v2.values import Ack, DocumentMessage
from conformance.standards.mail.contents import Archive, contents
from conformance.standards.mail.syntax import Mail, parse
from conformance.standards.receipts.syntax import Dsn, Mdn
from conformance.standards.xdm import judging
from conformance.standards.xdm.reader import Media
from conformance.standards.xds.submission import Entry

MASKED = "MASQUE_PS"

WORDS: Mapping[str, tuple[str, ...]] = {
    "send": ("send", "sent", "envo", "émission", "emission", "submit", "soumission"),
    "read": ("read", "receive", "recept", "récept", "fetch", "consult", "lecture", "relève", "releve", "reçu", "recu"),
    "delete": ("delet", "suppr", "expunge", "remov", "efface"),
    "receipt": ("receipt", "accusé", "accuse", "dsn", "mdn", "disposition"),
    "relay": ("relay", "relai", "forward", "transmi", "passed on", "mdm"),
    "integrate": ("integrat", "intégr", "integr", "acknowledg", "acquitt"),
    "refuse": ("refus", "reject", "rejet"),
    "quarantine": ("quarant", "infect", "malware", "malveill", "eicar"),
    "antivirus": ("virus",),
    "identify": ("identif", "recogni", "reconnu", "xdm"),
    "open": ("open", "ouver", "ouvr"),
    "connect": ("connect", "connex", "login", "session", "auth"),
    "replace": ("replac", "rempla"),
    "ignore": ("ignor", "skip", "other", "autre", "no-", "no ", "sans ", "without"),
}
"""What the words of a product's log or history are taken for, by what they hold; the products choose them."""


def meanings(action: str) -> frozenset[str]:
    """What an action of a log or a history may mean; empty when nothing is recognised."""
    told = action.lower()
    return frozenset(kind for kind, words in WORDS.items() if any(word in told for word in words))


@dataclass(frozen=True, slots=True)
class Trace:
    """An entry of the product's log."""

    at: str
    author: str
    action: str
    request: str
    response: str
    outcome: str
    subject: Mapping[str, str]

    @property
    def means(self) -> frozenset[str]:
        """What its action may mean."""
        return meanings(self.action)

    @property
    def message_id(self) -> str:
        """The Message-ID it is about, without angle brackets."""
        return bare(self.subject.get("message_id", ""))


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of the history of a received mail or document."""

    at: str
    action: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that the bench put in a mailbox.

    `sound` says that it carries a valid IHE_XDM archive and nothing dangerous; `entries` are the documents that the
    metadata list, `patient` the identifier of METADATA.XML. `receipt_to` is where an MDN is asked for. `danger` is
    `file` when an attachment or a member of an archive is the EICAR test file, `enclosed` when a CDA encloses it.
    """

    exchange: str
    mail: Mail
    archive: Archive | None
    zipped: bool
    valid: bool
    danger: str
    entries: tuple[Entry, ...]
    patient: str

    @property
    def sound(self) -> bool:
        """Whether its visible documents have to be passed on."""
        return self.valid and not self.danger

    @property
    def infected(self) -> bool:
        """Whether the EICAR test file is somewhere in it."""
        return bool(self.danger)

    @property
    def visible(self) -> tuple[Entry, ...]:
        """The documents not masked to professionals."""
        return tuple(e for e in self.entries if not e.has_confidentiality(MASKED))

    @property
    def receipt_to(self) -> str:
        """The address an MDN is asked for, empty for none."""
        return next((a.address for a in self.mail.addresses("Disposition-Notification-To")), "")


@dataclass(frozen=True, slots=True)
class Relayed:
    """A message to the destination system, and what the destination answered."""

    observation: Observation
    message: DocumentMessage
    ack: Ack | None

    @property
    def exchange(self) -> str:
        """The exchange that carried it."""
        return self.observation.exchange.id

    def carries(self, entry: Entry) -> bool:
        """Whether it is about that document."""
        return ("document", entry.unique_id) in self.observation.keys

    @property
    def contents(self) -> tuple[bytes, ...]:
        """The bytes of the documents it carries."""
        return tuple(d.data for d in self.message.documents if d.data is not None)


def bare(message_id: object) -> str:
    """A Message-ID without its angle brackets."""
    return message_id.strip().strip("<>") if isinstance(message_id, str) else ""


def step(driven: Driven[Any], name: str) -> Sent | None:
    """The stimulus of a name."""
    return next((s for s in driven.sent if s.name == name), None)


def told(driven: Driven[Any], heard: Heard, name: str) -> Mapping[str, Any] | None:
    """What the pilot gave back for a stimulus or a query that it did; None when it did not."""
    sent = step(driven, name)
    if sent is None or sent.failure is not None:
        return None
    answer = heard.value(sent.answer, dict)
    if answer is None or answer.get("status") not in ("accepted", "done"):
        return None
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def asked(driven: Driven[Any], heard: Heard, name: str) -> Mapping[str, Any]:
    """The payload of a request to the pilot; empty when there was none."""
    sent = step(driven, name)
    request = heard.value(sent.exchange, dict) if sent is not None else None
    payload = request.get("payload") if request is not None else None
    return payload if isinstance(payload, dict) else {}


def traces(data: Mapping[str, Any] | None) -> tuple[Trace, ...]:
    """The entries of an answer to `log.read`."""
    rows = data.get("entries") if data else None
    return tuple(_trace(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _trace(row: Mapping[str, Any]) -> Trace:
    subject = row.get("subject")

    def text(name: str) -> str:
        return str(row.get(name) or "").strip()

    return Trace(
        at=text("at"),
        author=text("author"),
        action=text("action"),
        request=text("request"),
        response=text("response"),
        outcome=text("outcome"),
        subject={str(k): str(v) for k, v in subject.items()} if isinstance(subject, dict) else {},
    )


def history(data: Mapping[str, Any] | None) -> tuple[Step, ...]:
    """The steps of an answer to `document.history` or `document.status`."""
    rows = data.get("history") if data else None
    if not isinstance(rows, list):
        return ()
    kept = (row for row in rows if isinstance(row, dict))
    return tuple(Step(*(str(row.get(n) or "").strip() for n in ("at", "action", "outcome"))) for row in kept)


def delivered(driven: Driven[Any], heard: Heard, name: str = "deliver") -> Delivered | None:
    """The mail that the bench delivered at a step."""
    sent = step(driven, name)
    observation = heard.by_id(sent.exchange) if sent is not None else None
    return None if observation is None else _delivered(observation.exchange.id, observation.exchange.body)


@lru_cache(maxsize=128)
def _delivered(exchange: str, body: bytes) -> Delivered | None:
    try:
        mail = parse(body)
    except Malformed:
        return None
    held = contents(mail)
    archive = held.archives[0] if held.archives else None
    media = archive.opened.media if archive is not None else None
    subset = media.subsets[0] if media is not None and media.subsets else None
    return Delivered(
        exchange=exchange,
        mail=mail,
        archive=archive,
        zipped=bool(held.zips),
        valid=media is not None and _valid(media),
        danger=_danger(mail),
        entries=subset.documents if subset is not None else (),
        patient=subset.patient_id.id if subset is not None else "",
    )


def _valid(media: Media) -> bool:
    return bool(media.subsets) and not any(f.severity is Severity.ERROR for f in judging.judge_media(media))


def _danger(mail: Mail) -> str:
    held = contents(mail)
    members = [
        member
        for archive in (*held.archives, *held.zips)
        if archive.opened.media is not None
        for member in archive.opened.media.archive.members.values()
    ]
    every = [*(part.content for part in mail.attachments), *members]
    if any(eicar.content() in data for data in every):
        return "file"
    return "enclosed" if any(eicar.inside(data) for data in every) else ""


def mail_of(observation: Observation) -> Mail | None:
    """The mail of an observation, whether it is a receipt or not."""
    match observation.value:
        case Mail() as mail:
            return mail
        case Dsn() | Mdn() as receipt:
            return receipt.mail
        case _:
            return None


def written(heard: Heard) -> Iterator[tuple[Observation, Mail]]:
    """The mails that the operator got from the vendor for this case, receipts included, in order."""
    for observation in heard.own:
        exchange = observation.exchange
        if exchange.channel.startswith("mss") and exchange.direction is Direction.FROM_VENDOR:
            mail = mail_of(observation)
            if mail is not None:
                yield observation, mail


def recipients(observation: Observation) -> frozenset[str]:
    """The envelope recipients of a mail, in lower case."""
    found = observation.exchange.facts.get("rcpt_to")
    return frozenset(a.strip("<>,").lower() for a in found.split()) if isinstance(found, str) else frozenset()


def taken(observation: Observation, heard: Heard) -> bool | None:
    """Whether the operator took a mail: what it replied, None when nothing tells."""
    reply = observation.exchange.facts.get("reply")
    if not isinstance(reply, str):
        answer = next((o for o in heard.own if o.exchange.answers == observation.exchange.id), None)
        reply = answer.exchange.body[:3].decode("ascii", "replace") if answer is not None else ""
    return reply.startswith("2") if reply else None


def commands(heard: Heard) -> Iterator[Observation]:
    """The IMAP commands with an effect, or that read a message, in order."""
    for observation in heard.own:
        exchange = observation.exchange
        if exchange.channel.startswith("imap") and exchange.facts.get("event") == "command":
            yield observation


def fact(observation: Observation, name: str) -> str:
    """A fact as text, empty when it is not there."""
    value = observation.exchange.facts.get(name)
    return value if isinstance(value, str) else ""


def relayed(heard: Heard) -> tuple[Relayed, ...]:
    """The messages of this case that the destination system got, in order."""
    return tuple(_relayed(o, heard) for o in heard.own if is_relayed(o))


def is_relayed(observation: Observation) -> bool:
    """Whether an observation is a document message to the destination system."""
    exchange = observation.exchange
    return (
        exchange.channel == "relay"
        and exchange.direction is Direction.FROM_VENDOR
        and isinstance(observation.value, DocumentMessage)
    )


def _relayed(observation: Observation, heard: Heard) -> Relayed:
    assert isinstance(observation.value, DocumentMessage)
    answer = next((o for o in heard.own if o.exchange.answers == observation.exchange.id), None)
    ack = answer.value if answer is not None and isinstance(answer.value, Ack) else None
    return Relayed(observation, observation.value, ack)


def was_read(heard: Heard, message_id: str) -> bool:
    """Whether the vendor is seen reading a mail of the mailbox."""
    return any(bare(fact(o, "message_id")) == message_id for o in commands(heard))


def steps_of(driven: Driven[Any], heard: Heard) -> tuple[Step, ...] | None:
    """Every step that the product tells of a received mail and of its documents; None when it tells nothing."""
    found: list[Step] = []
    answered = False
    for sent in driven.sent:
        if sent.name == "history" or sent.name.startswith("status-"):
            data = told(driven, heard, sent.name)
            answered |= data is not None
            found += history(data)
    return tuple(found) if answered else None
