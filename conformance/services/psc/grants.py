"""What the provider has given out and not yet taken back: codes, tokens, CIBA requests, live sessions."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conformance.services.psc.claims import Professional

CODE_SECONDS = 60
MOST = 5000
"""Entries of each kind that are kept: the oldest go first."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A sign-in that was agreed to. `challenge` is the S256 PKCE challenge, empty when the client sent none."""

    provider: str
    client: str
    person: Professional
    session: str
    redirect_uri: str = ""
    nonce: str = ""
    challenge: str = ""
    acr: str = ""
    since: datetime | None = None


@dataclass(slots=True)
class Asked:
    """A CIBA request: what it will give, or the error that it ends with; `polls` left before it is answered."""

    grant: Grant
    error: str
    polls: int


@dataclass(slots=True)
class Grants:
    """The provider's memory; every value that it hands out is random and used under one name."""

    codes: dict[str, tuple[Grant, datetime]] = field(default_factory=dict)
    access: dict[str, tuple[Grant, datetime]] = field(default_factory=dict)
    refresh: dict[str, tuple[Grant, datetime]] = field(default_factory=dict)
    ciba: dict[str, Asked] = field(default_factory=dict)
    sessions: dict[str, Professional] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget everything."""
        for kept in (self.codes, self.access, self.refresh, self.ciba, self.sessions):
            kept.clear()

    def session(self, person: Professional) -> str:
        """A new live session at the provider."""
        name = secrets.token_urlsafe(16)
        _bound(self.sessions)
        self.sessions[name] = person
        return name

    def code(self, grant: Grant, now: datetime) -> str:
        """An authorization code, good once and for a minute."""
        name = secrets.token_urlsafe(24)
        _bound(self.codes)
        self.codes[name] = (grant, now + timedelta(seconds=CODE_SECONDS))
        return name

    def spend(self, code: str, now: datetime) -> Grant | None:
        """What a code was given for; it is good no more."""
        grant, until = self.codes.pop(code, (None, now))
        return grant if until > now else None

    def keep_access(self, token: str, grant: Grant, until: datetime) -> None:
        """Remember an access token."""
        _bound(self.access)
        self.access[token] = (grant, until)

    def new_refresh(self, grant: Grant, until: datetime) -> str:
        """A refresh token."""
        name = secrets.token_urlsafe(32)
        _bound(self.refresh)
        self.refresh[name] = (grant, until)
        return name

    def ask(self, asked: Asked) -> str:
        """The id of a CIBA request."""
        name = secrets.token_urlsafe(24)
        _bound(self.ciba)
        self.ciba[name] = asked
        return name

    def end(self, session: str) -> None:
        """Close a live session, with the tokens of it."""
        self.sessions.pop(session, None)
        for kept in (self.access, self.refresh):
            for name in [n for n, (g, _) in kept.items() if g.session == session]:
                del kept[name]


def _bound(kept: dict[str, Any]) -> None:
    while len(kept) >= MOST:
        del kept[next(iter(kept))]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
