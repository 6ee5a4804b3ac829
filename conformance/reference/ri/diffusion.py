"""What goes out: PAM messages one after the other, each until it is acknowledged, and the partner traced."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.errors import Malformed
from conformance.reference.config import Config
from conformance.reference.mllp import ChannelError, Sender
from conformance.reference.ri import pam_out
from conformance.reference.ri.journal import Journal
from conformance.reference.ri.pam_out import House
from conformance.reference.ri.rules import IdentityBehaviour
from conformance.reference.ri.values import Identity
from conformance.standards.hl7v2.syntax import parse

log = logging.getLogger("reference.ri.diffusion")

WAITING = 20_000


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message in the queue: who is told of, whether the INS is in it."""

    raw: bytes
    control: str
    event: str
    ipp: str
    author: str
    with_ins: bool


class Diffusion:
    """The sender of the repository. `tell` queues a message; `idle` waits until the queue is empty."""

    def __init__(
        self, config: Config, house: House, journal: Journal, behaviour: Callable[[], IdentityBehaviour]
    ) -> None:
        self._config = config
        self._house = house
        self._journal = journal
        self._silent = config.identities is not None and config.identities.pam is None
        self._behaviour = behaviour
        self._sender = Sender(config.returns, timeout=config.retry.timeout, connections=1)
        self._queue: asyncio.Queue[Leaving] = asyncio.Queue(WAITING)
        self._task: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._run = os.urandom(3).hex().upper()
        self._pending = 0
        self.sent = 0
        self.failed = 0

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Drop what waits."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._sender.close()

    async def forget(self) -> None:
        """Drop what waits, go on."""
        await self.stop()
        self._queue = asyncio.Queue(WAITING)
        self.sent = self.failed = self._pending = 0
        self.start()

    @property
    def waiting(self) -> int:
        """How many messages are not delivered yet."""
        return self._pending

    async def idle(self) -> None:
        """Wait until everything is delivered or given up."""
        await self._queue.join()

    def control(self) -> str:
        """The next number of a message."""
        return f"RI{self._run}{next(self._numbers):08d}"

    def tell(self, event: str, identity: Identity, author: str, *, merged: Sequence[str] = ()) -> None:
        """Send what happened to an identity; a queue that is full loses it, a product without PAM tells nobody."""
        rules = self._behaviour()
        if self._silent or not rules.propagated(event):
            return
        control = self.control()
        raw = pam_out.message(event, identity, self._house, rules, control, self._journal.clock.now(), merged=merged)
        leaving = Leaving(raw, control, event, identity.ipp, author, rules.told_ins(identity) is not None)
        try:
            self._queue.put_nowait(leaving)
            self._pending += 1
        except asyncio.QueueFull:
            self.failed += 1
            log.error("the queue is full: a message was lost")

    async def _work(self) -> None:
        while True:
            leaving = await self._queue.get()
            try:
                ok = await self._deliver(leaving)
                self.sent += ok
                self.failed += not ok
                if leaving.with_ins:
                    partner = f"{self._house.told.application} {self._house.told.facility}"
                    action = f"PAM {leaving.event}"
                    self._journal.exchanged(leaving.author, leaving.ipp, partner, action, ok=ok)
            finally:
                self._pending -= 1
                self._queue.task_done()

    async def _deliver(self, leaving: Leaving) -> bool:
        retry = self._config.retry
        for number in range(retry.attempts):
            try:
                code = _code(await self._sender.send(leaving.raw), leaving.control)
            except ChannelError as error:
                log.info("%s, attempt %d: %s", leaving.event, number + 1, error)
                code = ""
            if code in ("AA", "CA"):
                return True
            if code in ("AE", "CE"):
                log.warning("%s was refused by its receiver", leaving.event)
                return False
            await asyncio.sleep(retry.pause * 2**number)
        log.warning("%s could not be delivered", leaving.event)
        return False


def _code(answer: bytes, control: str) -> str:
    try:
        message = parse(answer)
        return message.get("MSA-1") if message.get("MSA-2") == control else ""
    except Malformed:
        return ""
