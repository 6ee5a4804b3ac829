"""The face the bench shows to exercises: send a stimulus, make the bench's services act, ask the vendor's pilot, wait.

Everything sent or heard is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from conformance.evidence.values import Exchange, Sent

Keys = tuple[tuple[str, str], ...]
"""Attribution keys, strongest first: `("document", unique id)`, `("message", Message-ID)`..."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What the pilot made of a stimulus or a query.

    `status` is `accepted`, `refused`, `unsupported`, `pending` or `done` (a query), empty when there is no usable
    answer: `sent.failure` then says why (`no-pilot`, `pilot-unreachable`, `pilot-timeout`, `pilot-garbage`,
    `pilot-schema`, `pilot-unsupported`, `pilot-pending`). `data` is what the pilot gave back.
    """

    sent: Sent
    status: str = ""
    reason: str = ""
    ref: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acted(self) -> bool:
        """Whether the system did what was asked, or answered the query."""
        return self.sent.failure is None and self.status in ("accepted", "done")


class Drive(Protocol):
    """One case being driven.

    `as_of` is the run's day; `settings` the target's settings an exercise may read; `options` the declared ones.
    No method raises for what the vendor does: a failure is in `Sent.failure`.
    """

    as_of: date
    settings: Mapping[str, object]
    options: frozenset[str]

    async def send(
        self, endpoint: str, body: bytes, *, name: str, keys: Keys, control: str = "", identity: str = ""
    ) -> Sent:
        """Send a stimulus to an endpoint of the target (`documents`) and wait for its answer.

        `name` is unique within the case (`step-1`). `keys` are the attribution keys this stimulus makes the case
        own. `control` is the control id that an answer must quote. `identity` is the client certificate shown to an
        endpoint over TLS: the usual one, or `none`, `revoked`, `expired`, `foreign` (on a connection of its own).
        """
        ...

    async def configure(self, service: str, settings: Mapping[str, str]) -> None:
        """Make a service of the bench behave so until the end of the case, besides what the environment says.

        Settings of an earlier call for the same service are forgotten: `{}` goes back to the environment.
        """
        ...

    async def instruct(
        self, service: str, verb: str, body: bytes = b"", *, name: str, keys: Keys = (), **values: str
    ) -> Sent:
        """Make a service of the bench act by itself (`deliver` a mail in a mailbox)."""
        ...

    async def stimulate(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        name: str,
        subject: Mapping[str, Any] | None = None,
        keys: Keys = (),
    ) -> Acted:
        """Ask the vendor's system to act, by its pilot. `kind` has its version (`mail.send/1`)."""
        ...

    async def query(
        self, kind: str, payload: Mapping[str, Any], *, name: str, subject: Mapping[str, Any] | None = None
    ) -> Acted:
        """Read what the vendor's system holds, by its pilot."""
        ...

    async def browse(self, url: str, *, name: str) -> Sent:
        """Open a page of the vendor's system as a person's browser would, following redirections, keeping cookies."""
        ...

    async def wait(
        self, channel: str, mark: bytes = b"", *, event: str = "", timeout: float | None = None
    ) -> Exchange | None:
        """The first exchange heard on a channel since the case began (and not given by an earlier `wait`) that has
        `mark` in its body or facts and this `event`; None after `timeout` seconds (the target's `reaction`)."""
        ...

    async def quiet(self) -> bool:
        """Wait until nothing has been heard for a while; False when that never came."""
        ...

    def has(self, service: str) -> bool:
        """Whether a service of the bench is there in this run: one that the target does not declare is not."""
        ...

    def address(self, service: str) -> str:
        """The URL by which the vendor's system reaches a service of the bench."""
        ...
