"""From a document taken in to the DMP: existence once per patient, then submission, replacement or deletion."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from conformance.reference import rules
from conformance.reference.config import Config
from conformance.reference.dmp import Dmp, KnownEntry, Rejected, Unreachable
from conformance.reference.registry import Entry, SubmissionSet, new_oid
from conformance.reference.rules import Behaviour
from conformance.reference.values import Author, Document, Ins, Institution, Outcome, Person, Received
from conformance.reference.vihf import Subject

log = logging.getLogger("reference.feeding")
T = TypeVar("T")

REMEMBERED = 20_000
UNKNOWN = ("XDSDocumentUniqueIdError", "Document inconnu du DMP")


@dataclass(frozen=True, slots=True)
class Task:
    """A message to feed, with the decisions in force and the patient seen just before it, when it was received."""

    received: Received
    ins: Ins
    previous: Ins | None
    behaviour: Behaviour


class Feeder:
    """Feeds the DMP. One patient's documents go in the order they came; different patients go side by side."""

    def __init__(self, config: Config, dmp: Dmp) -> None:
        self._config = config
        self._dmp = dmp
        self._slots = asyncio.Semaphore(config.limits.parallel)
        self._locks: dict[Ins, tuple[asyncio.Lock, int]] = {}
        self._open_dmps: OrderedDict[Ins, None] = OrderedDict()

    def forget(self) -> None:
        """Forget which patients were found to have a DMP."""
        self._open_dmps.clear()

    async def feed(self, task: Task) -> Outcome:
        """Carry out what the message asks; never raises for what the DMP does."""
        lock, users = self._locks.get(task.ins, (asyncio.Lock(), 0))
        self._locks[task.ins] = (lock, users + 1)
        try:
            async with lock:
                return await self._carry_out(task)
        finally:
            lock, users = self._locks.pop(task.ins)
            if users > 1:
                self._locks[task.ins] = (lock, users - 1)

    async def _carry_out(self, task: Task) -> Outcome:
        received, behaviour = task.received, task.behaviour
        document = behaviour.version_fed(received.documents)
        subject = self._subject(task, document)
        try:
            await self._check_existence(task.ins, subject)
            if behaviour.asks_access():
                await self._again(lambda: self._dmp.authorise(subject))
            await getattr(self, "_" + rules.request_of(received))(task, document, subject)
        except Rejected as refused:
            return Outcome(False, refused.code, refused.label)
        except Unreachable as silent:
            log.warning("gave up: %s", silent)
            return Outcome(False, "DMPUnavailable", "DMP injoignable")
        return Outcome(True)

    async def _check_existence(self, patient: Ins, subject: Subject) -> None:
        if patient in self._open_dmps:
            return
        await self._again(lambda: self._dmp.exists(patient, subject))
        self._open_dmps[patient] = None
        if len(self._open_dmps) > REMEMBERED:
            self._open_dmps.popitem(last=False)

    async def _initial(self, task: Task, document: Document, subject: Subject, replaces: str = "") -> None:
        patient = task.behaviour.patient_id(task.behaviour.patient_fed(task.ins, task.previous))
        received = task.received
        local = next((f"{value}^^^&{oid}&ISO^PI" for value, oid in received.local_ids if oid), "")
        entry = Entry(
            document=document,
            patient_id=patient,
            source_patient_id=local or task.ins.cx(),
            traits=received.patient,
            confidentiality=task.behaviour.confidentiality_codes(received, document),
            created=task.behaviour.created(document.cda.effective_time),
            replaces=replaces,
        )
        submission = self._submission(task, document, patient)
        doubtful = False

        async def once() -> None:
            nonlocal doubtful
            try:
                await self._dmp.provide(submission, entry, subject)
            except Unreachable as silent:
                doubtful = doubtful or silent.sent
                raise
            except Rejected:
                # An attempt that got no answer may have been carried out: then this refusal is about a duplicate.
                if not doubtful or await self._dmp.find(document.cda.unique_id, subject) is None:
                    raise

        await self._again(once)

    async def _replacement(self, task: Task, document: Document, subject: Subject) -> None:
        old = document.cda.replaced or task.received.replaced
        held = await self._known(old, subject)
        await self._initial(task, document, subject, replaces=held.entry_uuid)

    async def _deletion(self, task: Task, document: Document, subject: Subject) -> None:
        held = await self._known(document.cda.unique_id, subject)
        patient = task.behaviour.patient_id(task.behaviour.patient_fed(task.ins, task.previous))
        submission = self._submission(task, document, patient)
        await self._again(lambda: self._dmp.delete(submission, held, subject))

    async def _known(self, unique_id: str, subject: Subject) -> KnownEntry:
        held = await self._again(lambda: self._dmp.find(unique_id, subject))
        if held is None:
            raise Rejected(*UNKNOWN)
        return held

    async def _again(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until it is answered, a bounded number of times, waiting longer each time."""
        retry = self._config.retry
        for number in range(retry.attempts):
            try:
                async with self._slots:
                    return await attempt()
            except Unreachable as silent:
                if number + 1 == retry.attempts:
                    raise
                log.info("attempt %d of %d failed: %s", number + 1, retry.attempts, silent)
            await asyncio.sleep(retry.pause * 2**number)
        raise Unreachable("no attempt allowed", sent=False)

    def _subject(self, task: Task, document: Document) -> Subject:
        received = task.received
        sender = received.sender
        specialty = next(
            (a.specialty for a in document.cda.authors if sender is not None and a.person.id == sender.id), None
        )
        secret = task.behaviour.secret_connection(received)
        return Subject(sender, received.institution, specialty, task.ins, secret)

    def _submission(self, task: Task, document: Document, patient: str) -> SubmissionSet:
        house, received = self._config.organisation, task.received
        institution = received.institution or Institution(house.identifier, house.name)
        person = received.sender or (document.cda.authors[0].person if document.cda.authors else Person())
        return SubmissionSet(
            unique_id=new_oid(house.oid),
            source_id=house.oid,
            patient_id=patient,
            author=Author(person, institution),
            patient_class=received.patient_class,
            title=document.cda.title,
        )
