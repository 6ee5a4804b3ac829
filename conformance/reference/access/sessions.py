"""Open sessions, by an unguessable name or by the name the application gave to a sign-in of its own."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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

    def open(self, login: str, *, name: str = "", rpps: str = "", id_token: str = "") -> Session:
        """Open one: by a password when there is no id_token."""
        own = name or secrets.token_urlsafe(24)
        session = Session(own, login, "openid" if id_token else "password", self._now(), rpps, id_token)
        self._open[session.name] = session
        if len(self._open) > KEPT:
            self._open.popitem(last=False)
        return session

    def get(self, name: str) -> Session | None:
        """A session that is open."""
        session = self._open.get(name)
        if session is None:
            return None
        account = self._accounts.get(session.login)
        if account is None or not account.active or self._now() - session.started >= LIVES:
            del self._open[name]
            return None
        return session

    def close(self, name: str) -> Session | None:
        """Close one; what it was."""
        return self._open.pop(name, None)

    def forget(self) -> None:
        """Close all."""
        self._open.clear()
