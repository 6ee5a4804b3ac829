"""The platform: takes messages in, acknowledges, feeds the DMP in the background, returns what became of them."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from conformance.errors import Malformed
from conformance.reference import incoming, outgoing, rules
from conformance.reference.clock import Clock
from conformance.reference.config import Config
from conformance.reference.defects import behaviour as behaviour_with
from conformance.reference.defects import find, with_defects
from conformance.reference.dmp import Dmp
from conformance.reference.feeding import Feeder, Task
from conformance.reference.ledger import Ledger, Result
from conformance.reference.mail.mailer import Mailer
from conformance.reference.mail.rules import MASKING, MailBehaviour
from conformance.reference.mail.sending import finess_of, house_of
from conformance.reference.mllp import ChannelError, Sender
from conformance.reference.outgoing import DMP, Kind
from conformance.reference.rules import Behaviour, Memory
from conformance.reference.traces import Traces
from conformance.reference.values import Envelope, Outcome, Received, Refusal, Refused
from conformance.standards.hl7v2.syntax import parse

log = logging.getLogger("reference.platform")

SEEN = 5_000
FULL = Refusal("207", "MSH^1", "AR")
WANTED = {"AL": (True, True), "ER": (False, True), "SU": (True, False), "NE": (False, False), "": (False, False)}
"""MSH-15 or MSH-16 -> is an answer wanted on (success, error)? HL7 v2.5 2.9.3, table 0155."""


class RestartNeeded(ValueError):
    """A defect was asked for, or taken away, that is only chosen when the process starts."""


class Platform:
    """The state of the process. `handle` is given every frame; the rest happens in the background.

    `clock`, `traces` and `ledger` are shared by all its parts; `mail` is None without mailboxes in the settings.
    """

    def __init__(self, config: Config, dmp: Dmp, defects: Iterable[str] = ()) -> None:
        """Raises UnknownDefect."""
        self.defects: tuple[str, ...] = tuple(d.name for d in find(defects))
        self._behaviour = behaviour_with(self.defects)
        self._config = config
        self._dmp = dmp
        self._feeder = Feeder(config, dmp)
        self._returns = Sender(config.returns, timeout=config.retry.timeout)
        self.clock = Clock()
        self.traces = Traces(self.clock)
        self.ledger = Ledger(self.clock)
        self.mail: Mailer | None = (
            Mailer(
                config,
                config.mss,
                traces=self.traces,
                ledger=self.ledger,
                behaviour=with_defects(MailBehaviour(), "mail", self.defects),
                returner=self._return,
            )
            if config.mss is not None
            else None
        )
        self._memory = Memory()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._work: set[asyncio.Task[None]] = set()
        self._bytes = 0
        self._numbers = itertools.count(1)
        self._run = os.urandom(3).hex().upper()
        self.emptied: list[Callable[[], None]] = []  # told of each purge
        self.counts = {"received": 0, "refused": 0, "fed": 0, "failed": 0, "returned": 0, "mail": 0}

    async def start(self) -> None:
        """Open the session with the DMP, begin to read the mailboxes."""
        await self._dmp.open()
        if self.mail is not None:
            await self.mail.start()

    async def stop(self) -> None:
        """Drop what is under way and close everything."""
        await self._drop()
        if self.mail is not None:
            await self.mail.stop()
        self._returns.close()
        await self._dmp.close()

    def switch(self, names: Iterable[str]) -> None:
        """Put exactly these defects in. Raises UnknownDefect, RestartNeeded."""
        wanted = find(names)
        restarting = {d.name for d in wanted if d.restart} ^ {d.name for d in find(self.defects) if d.restart}
        if restarting:
            raise RestartNeeded(f"chosen when the process starts only: {', '.join(sorted(restarting))}")
        self.defects = tuple(d.name for d in wanted)
        self._behaviour = behaviour_with(self.defects)
        if self.mail is not None:
            self.mail.switch(with_defects(MailBehaviour(), "mail", self.defects))

    async def purge(self, *, wait: float) -> bool:
        """Forget everything; what is under way may end within `wait` seconds, the rest is dropped (False)."""
        ended = True
        if self._work:
            _, pending = await asyncio.wait(tuple(self._work), timeout=wait)
            ended = not pending
        await self._drop()
        self._memory = Memory()
        self._seen.clear()
        self._feeder.forget()
        self.clock.days_forward = 0
        if self.mail is not None:
            self.mail.forget()
        self.traces.clear()
        self.ledger.clear()
        for forget in self.emptied:
            forget()
        self.counts = dict.fromkeys(self.counts, 0)
        return ended

    def state(self) -> dict[str, object]:
        """Counters and load, without any patient data."""
        return {**self.counts, "working": len(self._work), "bytes": self._bytes, "defects": list(self.defects)}

    async def handle(self, raw: bytes) -> list[bytes]:
        """Take one message: what must be answered on its connection, in order."""
        self.counts["received"] += 1
        head: Envelope | None = None
        refusal: Refusal | None
        try:
            message = incoming.read(raw)
            head = incoming.envelope(message)
            refusal = self._behaviour.unsupported(head)
            if refusal is None and head.type in rules.IDENTITIES:
                incoming.identity(message)
            elif refusal is None:
                refusal = self._take(incoming.received(message, head), raw)
        except Refused as refused:
            refusal = refused.refusal
        if refusal is not None:
            self.counts["refused"] += 1
            log.info("refused: %s at %s", refusal.code, refusal.place)
        return self._answers(head, refusal)

    def _answers(self, head: Envelope | None, refusal: Refusal | None) -> list[bytes]:
        final = refusal.answer if refusal is not None else "AA"
        if head is None:
            return [outgoing.acknowledgement(None, "", self._control(), final, refusal)]
        control = self._behaviour.acknowledged_control(head, self._memory)
        self._memory.previous_control = head.control
        kinds: list[str] = [final]
        if head.accept_ack or head.application_ack:  # enhanced mode
            accept = {"AA": "CA", "AE": "CA", "AR": "CR"}[final]
            kinds = []
            if WANTED.get(head.accept_ack, (True, True))[accept != "CA"]:
                kinds.append(accept)
            if accept == "CA" and WANTED.get(head.application_ack, (True, True))[final != "AA"]:
                kinds.append(final)
        return [
            outgoing.acknowledgement(
                head, control, self._control(), kind, refusal if kind not in ("AA", "CA") else None
            )
            for kind in kinds
        ]

    def _take(self, received: Received, raw: bytes) -> Refusal | None:
        """Check a message and store it; the reason to refuse it, or None when it is integrated."""
        refusal = self._behaviour.refusal(received)
        if refusal is not None:
            return refusal
        digest = hashlib.sha256(raw).digest()
        if digest in self._seen:  # the sender did not get our acknowledgement: it is not another message
            return None
        limits = self._config.limits
        if len(self._work) >= limits.messages or self._bytes + len(raw) > limits.megabytes * 1024 * 1024:
            return FULL
        self._seen[digest] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        self.counts["mail"] += received.flag("DESTMSSANTEPS") or received.flag("DESTMSSANTEPAT")
        if received.ins is not None and received.qualified:
            self._memory.saw_patient(received.ins)
        if received.ins is not None and self._behaviour.is_fed(received):
            self._begin(
                self._process(Task(received, received.ins, self._memory.previous_patient, self._behaviour)), raw
            )
        if self.mail is not None and (received.flag("DESTMSSANTEPS") or received.flag("DESTMSSANTEPAT")):
            self._begin(self.mail.carry_out(received, self._behaviour), raw)
        return None

    def _begin(self, work: Coroutine[Any, Any, None], raw: bytes) -> None:
        """Go on in the background."""
        task = asyncio.create_task(work)
        self._bytes += len(raw)
        self._work.add(task)
        task.add_done_callback(lambda done: self._done(done, len(raw)))

    def _done(self, work: asyncio.Task[None], size: int) -> None:
        self._work.discard(work)
        self._bytes -= size
        if not work.cancelled() and work.exception() is not None:
            log.error("a document was lost by a fault of the platform", exc_info=work.exception())

    async def _process(self, task: Task) -> None:
        outcome = await self._feeder.feed(task)
        self.counts["fed" if outcome.success else "failed"] += 1
        self._count(task.received, task.behaviour, outcome)
        if task.behaviour.is_returned(task.received, outcome):
            await self._return(task.received, outcome, DMP, "", task.behaviour)

    def _count(self, received: Received, behaviour: Behaviour, outcome: Outcome) -> None:
        """Trace the feeding, and count it for the dashboard."""
        document = behaviour.version_fed(received.documents).cda
        house = house_of(received, document, self._config.organisation.identifier)
        masked = any(received.flag(f) for f in MASKING)
        if received.qualified and rules.request_of(received) != "deletion":
            result: Result = "success" if outcome.success else "failure"
            self.ledger.add(finess_of(house), "dmp", document.type.code, result, masked=masked)
        self.traces.add(
            received.sender.id if received.sender else self._config.organisation.responsible,
            "dmp",
            request=f"{rules.request_of(received)} {document.unique_id}",
            response=outcome.code or "Success",
            outcome="ok" if outcome.success else "failed",
            kind="document",
            subject={"document": document.unique_id, "control": received.envelope.control},
        )

    async def _return(
        self, received: Received, outcome: Outcome, kind: Kind, recipient: str, behaviour: Behaviour | None = None
    ) -> None:
        """Send a business return until it is acknowledged, a bounded number of times."""
        own = self._control()
        reference = (behaviour or self._behaviour).return_reference(received.envelope, own)
        message = outgoing.business_return(received, reference, own, outcome, kind, recipient)
        retry = self._config.retry
        for number in range(retry.attempts):
            try:
                code = _code(await self._returns.send(message), own)
            except ChannelError as error:
                log.info("return, attempt %d: %s", number + 1, error)
                code = ""
            if code in ("AA", "CA"):
                self.counts["returned"] += 1
                return
            if code in ("AE", "CE"):
                log.warning("the return was refused by its receiver (%s)", code)
                return
            await asyncio.sleep(retry.pause * 2**number)
        log.warning("the return could not be delivered")

    async def _drop(self) -> None:
        for work in tuple(self._work):
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _control(self) -> str:
        return f"PFI{self._run}{next(self._numbers):08d}"


def _code(answer: bytes, control: str) -> str:
    """MSA-1 of an answer to this very message; empty when it is not one."""
    try:
        message = parse(answer)
        return message.get("MSA-1") if message.get("MSA-2") == control else ""
    except Malformed:
        return ""
