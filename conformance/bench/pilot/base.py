"""What every pilot does, whatever carries it."""

from __future__ import annotations

from typing import ClassVar, Protocol

from conformance.bench.pilot.contract import Answer, Capabilities, Query, Stimulus

CAPABILITIES = b'{"api":"pilot/1","call":"capabilities"}'
"""How capabilities are asked for where no address does."""


class Pilot(Protocol):
    """How the bench asks a product to act. Every method raises PilotFault and nothing else for what a pilot does.

    `transport` names it in facts. `polls` is False when asking again at once is useless (a person said "later").
    `few_cases` is True when every question costs somebody's time. A kind that the bench's catalogue does not have
    is never asked.
    """

    transport: ClassVar[str]
    polls: ClassVar[bool]
    few_cases: ClassVar[bool]

    async def capabilities(self) -> Capabilities:
        """The kinds of the catalogue that this pilot says it has."""
        ...

    async def stimulate(self, stimulus: Stimulus) -> Answer:
        """Ask the product to act; the same id twice acts once."""
        ...

    async def query(self, query: Query) -> Answer:
        """Read what the product holds."""
        ...

    async def poll(self, id: str, kind: str | None = None) -> Answer:
        """What became of a stimulus or of a query that was pending; `kind` tells which data are expected."""
        ...

    async def close(self) -> None:
        """Let go of what it holds; harmless when repeated."""
        ...
