"""The state of the process: takes PAM messages, answers, carries them out in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from conformance.errors import Malformed
from conformance.reference.clock import Clock
from conformance.reference.config import Config
from conformance.reference.config_identity import Identities
from conformance.reference.defects import find, with_defects
from conformance.reference.ri import pam_in, pam_out
from conformance.reference.ri.calls import Calls
from conformance.reference.ri.diffusion import Diffusion
from conformance.reference.ri.insi import InsiClient
from conformance.reference.ri.journal import Journal
from conformance.reference.ri.pam_in import Head, Refused
from conformance.reference.ri.pam_out import House
from conformance.reference.ri.reception import Reception
from conformance.reference.ri.repository import Repository
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.traces import Traces

log = logging.getLogger("reference.ri")

FULL = ("207", "MSH^1")


class IdentityPlatform:
    """The repository and all that surrounds it. `handle` is given every frame.

    `holder` gives the RPPS of a user: set once accounts are there.
    """

    def __init__(self, config: Config, identities: Identities, defects: Iterable[str] = ()) -> None:
        """Raises UnknownDefect, ConfigError."""
        self.defects: tuple[str, ...] = tuple(d.name for d in find(defects))
        self._rules = with_defects(IdentityBehaviour(), "identity", self.defects)
        self.config, self.identities = config, identities
        self.clock = Clock()
        self.traces = Traces(self.clock)
        self.journal = Journal(self.clock, self.behaviour)
        self.house = House(
            config.organisation.application, config.organisation.facility, identities.domain, identities.told
        )
        self.holder: Callable[[str], str] = lambda user: identities.client.holder
        self.diffusion = Diffusion(config, self.house, self.journal, self.behaviour)
        client = InsiClient(config, identities, self.behaviour)
        self.repository = Repository(self.journal, self.diffusion, self.behaviour)
        self.calls = Calls(self.repository, client, self.journal, self.behaviour, lambda user: self.holder(user))
        self._reception = Reception(self.repository, client, self.journal, self.behaviour, identities.domain)
        self._work: set[asyncio.Task[None]] = set()
        self.emptied: list[Callable[[], None]] = []  # told of each purge
        self.counts = {"received": 0, "refused": 0}

    def behaviour(self) -> IdentityBehaviour:
        """The decisions, with the defects in force put in."""
        return self._rules

    @property
    def finess(self) -> str:
        """The FINESS by which calls and admissions are counted."""
        return self.identities.domain.finess or self.config.organisation.identifier[1:]

    async def start(self) -> None:
        """Begin to send."""
        self.diffusion.start()

    async def stop(self) -> None:
        """Drop what is under way and close everything."""
        await self._drop()
        await self.diffusion.stop()

    def switch(self, names: Iterable[str]) -> None:
        """Put exactly these defects in. Raises UnknownDefect."""
        self.defects = tuple(d.name for d in find(names))
        self._rules = with_defects(IdentityBehaviour(), "identity", self.defects)

    async def purge(self, *, wait: float) -> bool:
        """Forget everything; what is under way may end within `wait` seconds, the rest is dropped (False)."""
        ended = True
        try:
            async with asyncio.timeout(wait):
                if self._work:
                    await asyncio.wait(tuple(self._work))
                await self.diffusion.idle()
        except TimeoutError:
            ended = False
        await self._drop()
        await self.diffusion.forget()
        self.repository.forget()
        self.journal.clear()
        self.traces.clear()
        self.clock.days_forward = 0
        for forget in self.emptied:
            forget()
        self.counts = dict.fromkeys(self.counts, 0)
        return ended

    def state(self) -> dict[str, object]:
        """Counters and load, without any patient data."""
        return {
            **self.counts,
            "identities": len(self.repository),
            "told": self.diffusion.sent,
            "untold": self.diffusion.failed,
            "working": len(self._work) + self.diffusion.waiting,
            "defects": list(self.defects),
        }

    async def handle(self, raw: bytes) -> list[bytes]:
        """Take one message: what must be answered on its connection."""
        self.counts["received"] += 1
        head, code, error = Head(), "AA", None
        try:
            message, head = pam_in.read(raw)
            told = pam_in.told(message, head)
            if told is not None and told.kind != "identity" and self._work:  # what came before is done first
                await asyncio.wait(tuple(self._work), timeout=self.config.retry.timeout)
            if told is not None and self._reception.unknown(told):
                raise Refused("204", "MRG^1^1")
            if told is not None and len(self._work) >= self.config.limits.messages:
                raise Refused(*FULL, "AR")
            if told is not None:
                task = asyncio.create_task(self._reception.take(told, head))
                self._work.add(task)
                task.add_done_callback(self._done)
        except Refused as refused:
            code, error = refused.answer, (refused.code, refused.place)
        except Malformed:
            code, error = "AE", ("100", "MSH^1")
        if error is not None:
            self.counts["refused"] += 1
            log.info("refused: %s at %s", *error)
        return [pam_out.acknowledgement(head.fields(), code, self.diffusion.control(), self.clock.now(), error)]

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a message was lost by a fault of the repository", exc_info=task.exception())

    async def _drop(self) -> None:
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
