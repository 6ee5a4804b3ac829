"""Every byte sent or heard becomes an Exchange here, and nowhere else."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType
from urllib.parse import quote

from conformance.bench.clock import Clock
from conformance.evidence.values import NOTHING, Direction, Exchange, Fact

Sink = Callable[[Exchange], None]
"""What takes each exchange as soon as it is made (the journal). Called under a lock, one exchange at a time."""

SHORTEST_SECRET = 6
"""Characters a secret must have, or replacing it would spoil ordinary text."""


class Recorder:
    """Makes exchanges: ids `x1`, `x2`..., vendor secrets replaced by `{{secret:name}}`, time of the run's clock.

    Keeps nothing but the exchanges of the window that is open; each one goes to `sink` at once. Thread-safe.
    `secrets` maps a name to its value. `first` exchanges were made before (a run that goes on).
    An exception of the sink is kept in `failure` and raised to the caller.
    """

    def __init__(
        self, clock: Clock, sink: Sink, secrets: Mapping[str, str] = MappingProxyType({}), *, first: int = 0
    ) -> None:
        self.clock = clock
        self.failure: BaseException | None = None
        self.last_activity = clock.ms()
        self._sink = sink
        self._lock = Lock()
        self._ids = itertools.count(first + 1)
        self._connections = itertools.count(1)
        self._window: list[Exchange] | None = None
        self._masks = [(form, b"{{secret:%s}}" % name.encode()) for name, v in secrets.items() for form in _forms(v)]

    def connection(self) -> int:
        """A new connection number, unique in the run."""
        return next(self._connections)

    def touch(self) -> None:
        """Something is going on though no exchange is complete yet (bytes of a long message)."""
        self.last_activity = self.clock.ms()

    def record(
        self,
        channel: str,
        direction: Direction,
        connection: int,
        body: bytes,
        facts: Mapping[str, Fact] = NOTHING,
        answers: str | None = None,
        *,
        active: bool = True,
    ) -> Exchange:
        """Make an exchange, hand it to the sink and to the open window, and return it.

        `active` False is for what makes nobody act (a reading of what a system holds): silence is not broken by it.
        """
        body = self._masked(body)
        clean = {k: self._masked(v.encode()).decode() if isinstance(v, str) else v for k, v in facts.items()}
        with self._lock:
            ms = self.clock.ms()
            exchange = Exchange(f"x{next(self._ids)}", channel, direction, connection, ms, body, clean, answers)
            if active:
                self.last_activity = ms
            try:
                self._sink(exchange)
            except BaseException as error:
                self.failure = self.failure or error
                raise
            if self._window is not None:
                self._window.append(exchange)
        return exchange

    def open_window(self) -> None:
        """From now on exchanges are also kept for `close_window`."""
        with self._lock:
            self._window = []

    def heard(self, since: int = 0) -> tuple[Exchange, ...]:
        """The exchanges of the open window from the one of that place (0: the first); empty when none is open."""
        with self._lock:
            return tuple((self._window or [])[since:])

    def count(self) -> int:
        """How many exchanges the open window holds."""
        with self._lock:
            return len(self._window or ())

    def close_window(self) -> tuple[Exchange, ...]:
        """The exchanges since `open_window`, in order; forgets them."""
        with self._lock:
            kept, self._window = self._window or [], None
        return tuple(kept)

    def _masked(self, raw: bytes) -> bytes:
        for form, mask in self._masks:
            if form in raw:
                raw = raw.replace(form, mask)
        return raw


def _forms(secret: str) -> list[bytes]:
    """The ways a secret shows on a wire, longest first: as it is, in Base64, in a URL."""
    raw = secret.encode()
    if len(raw) < SHORTEST_SECRET:
        return []
    forms = {raw, base64.b64encode(raw), quote(secret, safe="").encode()}
    return sorted(forms, key=len, reverse=True)
