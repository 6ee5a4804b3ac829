"""Open sessions, by an unguessable name; the pilot may know one by a handle of its own, which opens nothing."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from conformance.reference.access.accounts import Accounts
from conformance.reference.access.values import Session

LIVES = timedelta(hours=4)
KEPT = 10_000


class Sessions:
    """The sessions. One lives four hours, as long as its account is active."""

    def __init__(self, accounts: Accounts, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._accounts = accounts
        self._now = now
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._handles: OrderedDict[str, str] = OrderedDict()

    def open(self, login: str, *, handle: str = "", rpps: str = "", id_token: str = "") -> Session:
        """Open one: by a password when there is no id_token."""
        means: Literal["password", "openid"] = "openid" if id_token else "password"
        session = Session(secrets.token_urlsafe(24), login, means, self._now(), rpps, id_token)
        self._open[session.name] = session
        if handle:
            self._handles[handle] = session.name
        for kept in (self._open, self._handles):
            if len(kept) > KEPT:
                kept.popitem(last=False)
        return session

    def get(self, name: str) -> Session | None:
        """A session that is open, by its name."""
        session = self._open.get(name)
        if session is None:
            return None
        account = self._accounts.get(session.login)
        if account is None or not account.active or self._now() - session.started >= LIVES:
            del self._open[name]
            return None
        return session

    def find(self, handle: str) -> Session | None:
        """A session that is open, by its handle or its name."""
        return self.get(self._handles.get(handle, handle))

    def close(self, name: str) -> Session | None:
        """Close one, by its name; what it was."""
        return self._open.pop(name, None)

    def forget(self) -> None:
        """Close all."""
        self._open.clear()
        self._handles.clear()
