"""The face the bench shows to exercises: send a stimulus, know the day. Everything sent or heard is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from conformance.evidence.values import Sent


class Drive(Protocol):
    """One case being driven. `as_of` is the run's day; `settings` the target's settings an exercise may read."""

    as_of: date
    settings: Mapping[str, object]

    async def send(
        self, endpoint: str, body: bytes, *, name: str, keys: tuple[tuple[str, str], ...], control: str = ""
    ) -> Sent:
        """Send a stimulus to an endpoint of the target (`documents`) and wait for its answer.

        `name` is unique within the case (`step-1`). `keys` are the attribution keys this stimulus makes the case
        own. `control` is the control id that an answer must quote. The Sent is also appended to the case's Driven.
        Never raises for what the vendor does: a failure is in `Sent.failure`.
        """
        ...
