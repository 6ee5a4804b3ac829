"""Functional traces: who did what, what was asked of which server, what it answered, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from conformance.reference.clock import Clock

Kind = Literal["mail", "document", "account"]
Outcome = Literal["ok", "failed"]

KEPT = 20_000
TEXT = 500


@dataclass(frozen=True, slots=True)
class Trace:
    """One operation. `at` is local time, ISO 8601 with offset; `subject` names what it was about (message_id,
    document, mailbox, login, recipient, patient...).
    """

    at: str
    author: str
    action: str
    request: str
    response: str
    outcome: Outcome
    subject: Mapping[str, str]
    kind: Kind = "mail"


class Traces:
    """The traces of the process, the latest `KEPT`. A cursor is the number of the next trace, as text."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self._kept: deque[Trace] = deque(maxlen=KEPT)
        self._count = 0

    def add(
        self,
        author: str,
        action: str,
        *,
        request: str = "",
        response: str = "",
        outcome: Outcome = "ok",
        kind: Kind = "mail",
        subject: Mapping[str, str] | None = None,
    ) -> Trace:
        """Write one; request and response are cut to `TEXT` characters."""
        trace = Trace(
            self.clock.stamp(),
            author,
            action,
            request[:TEXT],
            response[:TEXT],
            outcome,
            {k: v for k, v in (subject or {}).items() if v},
            kind,
        )
        self._kept.append(trace)
        self._count += 1
        return trace

    def read(self, since: str = "", *, kind: Kind | None = None) -> tuple[str, list[Trace]]:
        """The traces written since a cursor (all that are kept when it is empty or unknown), and the next cursor."""
        start = int(since) if since.isascii() and since.isdecimal() else 0
        skipped = max(0, start - (self._count - len(self._kept)))
        found = [t for n, t in enumerate(self._kept) if n >= skipped and (kind is None or t.kind == kind)]
        return str(self._count), found

    def clear(self) -> None:
        """Forget them; cursors given before stay valid."""
        self._kept.clear()
