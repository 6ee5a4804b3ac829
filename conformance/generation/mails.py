"""Strategies of received mails: valid ones of every class, or damaged in exactly one named way; and their labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from conformance.generation.documents import DOCUMENT_KINDS, IMAGING, STRUCTURED
from conformance.generation.draws import chosen, pick, pick_integer
from conformance.generation.patients import PLAIN_NAMES, PatientWish, patients
from conformance.generation.people import PROFESSIONALS, STRUCTURES
from conformance.models.document import Level, Patient
from conformance.models.mail import DAMAGES, Answer, Content, MailDocument, ReceivedMail, Subject, Virus

_VIRUSES: dict[Virus, str] = {"attachment": "alone", "archive": "in-archive", "document": "in-cda"}

LABELS: frozenset[str] = frozenset(
    (
        "received:plain",
        "received:from-professional",
        "received:from-patient",
        "received:one-document",
        "received:several-documents",
        "received:structured",
        "received:masked",
        "received:xdm",
        "received:ordinary-zip",
        "received:no-attachment",
        "received:pdf-first",
        "received:octet-stream",
        "received:misleading-subject",
        "received:free-subject",
        "received:receipt-asked",
        "received:no-receipt",
        "received:integrated",
        "received:refused",
        *(f"received:eicar-{where}" for where in _VIRUSES.values()),
        *(f"received:damaged-{name}" for name in DAMAGES),
    )
)
"""Every label a received mail may have."""


@dataclass(frozen=True, slots=True)
class MailWish:
    """What a mail must be; None leaves the choice open. `documents` is how many at least and at most."""

    sender: Literal["professional", "patient"] | None = None
    content: Content | None = None
    documents: tuple[int, int] = (1, 3)
    level: Level | None = None
    masked: bool | None = None
    subject: Subject | None = None
    receipt: bool | None = None
    pdf_first: bool | None = None
    opaque: bool | None = None
    virus: Virus = "none"
    answer: Answer | None = None
    damage: str | None = None
    plain: bool = False


_SOUND = MailWish(content="xdm")
_ONE = replace(_SOUND, documents=(1, 1), masked=False)
WISHES: dict[str, MailWish] = {
    "received:plain": MailWish(plain=True),
    "received:from-professional": replace(_SOUND, sender="professional"),
    "received:from-patient": replace(_SOUND, sender="patient"),
    "received:one-document": _ONE,
    "received:several-documents": replace(_SOUND, documents=(2, 3), masked=False),
    "received:structured": replace(_ONE, level="N3"),
    "received:masked": replace(_SOUND, documents=(2, 3), masked=True),
    "received:xdm": _SOUND,
    "received:ordinary-zip": MailWish(content="zip"),
    "received:no-attachment": MailWish(content="none"),
    "received:pdf-first": replace(_ONE, pdf_first=True),
    "received:octet-stream": replace(_ONE, opaque=True),
    "received:misleading-subject": replace(_ONE, subject="misleading"),
    "received:free-subject": replace(_ONE, subject="free"),
    "received:receipt-asked": replace(_ONE, receipt=True, answer="AA"),
    "received:no-receipt": replace(_ONE, receipt=False),
    "received:integrated": replace(_ONE, answer="AA"),
    "received:refused": replace(_ONE, answer="AE", receipt=True),
    **{f"received:eicar-{where}": MailWish(plain=True, virus=virus) for virus, where in _VIRUSES.items()},
    **{f"received:damaged-{name}": MailWish(plain=True, damage=name) for name in DAMAGES},
}
"""Label -> what a mail must be to have it."""

_ANYTHING = MailWish()
_CONTENTS: tuple[Content, ...] = ("xdm", "xdm", "xdm", "xdm", "zip", "none")
_SUBJECTS: tuple[Subject, ...] = ("usual", "usual", "misleading", "free")
_ANSWERS: tuple[Answer, ...] = ("AA", "AA", "AA", "AE")


@st.composite
def _mails(draw: DrawFn, wish: MailWish) -> ReceivedMail:
    if wish.plain:
        simple = PatientWish(names=PLAIN_NAMES, origin="metropole", nia=False, used_name=False)
        mail = replace(plainest(), patient=draw(patients(simple)), virus=wish.virus, damage=wish.damage)
        return replace(mail, content="none") if wish.virus == "attachment" else mail
    return ReceivedMail(
        patient=draw(patients()),
        author=pick(draw, PROFESSIONALS),
        structure=pick(draw, STRUCTURES),
        documents=_documents(draw, wish),
        sender=chosen(draw, wish.sender, ("professional", "professional", "patient")),
        content=chosen(draw, wish.content, _CONTENTS),
        subject=chosen(draw, wish.subject, _SUBJECTS),
        receipt=chosen(draw, wish.receipt, (True, True, False)),
        pdf_first=chosen(draw, wish.pdf_first, (False, False, True)),
        opaque=chosen(draw, wish.opaque, (False, False, False, True)),
        answer=chosen(draw, wish.answer, _ANSWERS),
    )


def _documents(draw: DrawFn, wish: MailWish) -> tuple[MailDocument, ...]:
    fewest, most = wish.documents
    count = pick_integer(draw, fewest, most)
    masked = chosen(draw, wish.masked, (False,) * 6 + (True,))
    found = []
    for place in range(count):
        level: Level = chosen(draw, wish.level, ("N1", "N1", "N3"))
        kind = pick(draw, STRUCTURED if level == "N3" else DOCUMENT_KINDS)
        # At least one document stays visible when there are several: the others show that the mail was read.
        found.append(MailDocument(kind, level, masked=masked and place == count - 1))
    return tuple(found)


def received(label: str | None = None) -> SearchStrategy[ReceivedMail]:
    """Sound mails of every class, or mails having the label; raises KeyError for a label not in LABELS."""
    return _mails(_ANYTHING if label is None else WISHES[label])


def plainest() -> ReceivedMail:
    """The plainest mail: one imaging report N1 in an archive, from a professional who asks for an MDN."""
    patient = Patient("MARTIN", ("MARIE",), "F", 14_975, "75", "75115")
    return ReceivedMail(patient, PROFESSIONALS[0], STRUCTURES[0], (MailDocument(IMAGING),))


def labels_of(mail: ReceivedMail) -> frozenset[str]:
    """The input classes a mail belongs to; pure, always within LABELS."""
    return frozenset(_labels(mail))


def _labels(mail: ReceivedMail) -> Iterator[str]:
    if mail.damage is not None:
        yield f"received:damaged-{mail.damage}"
        return
    if mail.virus != "none":
        yield f"received:eicar-{_VIRUSES[mail.virus]}"
        return
    if replace(mail, patient=plainest().patient) == plainest():
        yield "received:plain"
    yield f"received:from-{mail.sender}"
    yield "received:receipt-asked" if mail.receipt else "received:no-receipt"
    if mail.content != "xdm":
        yield "received:ordinary-zip" if mail.content == "zip" else "received:no-attachment"
        return
    yield "received:xdm"
    yield "received:one-document" if len(mail.documents) == 1 else "received:several-documents"
    yield "received:integrated" if mail.answer == "AA" else "received:refused"
    marks = (
        (any(d.level == "N3" for d in mail.documents), "structured"),
        (any(d.masked for d in mail.documents), "masked"),
        (mail.pdf_first, "pdf-first"),
        (mail.opaque, "octet-stream"),
        (mail.subject == "misleading", "misleading-subject"),
        (mail.subject == "free", "free-subject"),
    )
    yield from (f"received:{label}" for holds, label in marks if holds)


def simpler(mail: ReceivedMail) -> list[ReceivedMail]:
    """Mails one step nearer to the plainest, the boldest first; what is damaged or infected stays so."""
    goal = replace(plainest(), damage=mail.damage, virus=mail.virus, content=mail.content)
    found = [goal, replace(mail, documents=goal.documents)]
    found += [replace(mail, documents=mail.documents[:n]) for n in range(1, len(mail.documents))]
    for name in ("patient", "author", "structure", "sender", "subject", "receipt", "pdf_first", "opaque", "answer"):
        found.append(replace(mail, **{name: getattr(goal, name)}))
    return [m for m in dict.fromkeys(found) if m != mail]
