"""Signing in with OpenID Connect: authorization code flow with state, nonce and PKCE, and CIBA (poll mode)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from conformance.reference.access import tokens
from conformance.reference.access.accounts import Accounts
from conformance.reference.access.provider import CIBA_GRANT, CODE_GRANT, ProviderClient
from conformance.reference.access.rules import AccessBehaviour
from conformance.reference.access.sessions import Sessions
from conformance.reference.access.values import Denied, Identity, Session, plain_rpps
from conformance.reference.config_access import Provider

PENDING = 2_000
LASTS = timedelta(minutes=10)
CIBA_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that went to the provider: what its answer is compared with. `handle` is the pilot's."""

    nonce: str
    verifier: str
    handle: str
    at: datetime
    places: Mapping[str, str]


class Relying:
    """The relying party. `redirect` is set once the sign-in pages listen. Methods raise Denied and leave a trace."""

    def __init__(
        self,
        provider: Provider,
        client: ProviderClient,
        accounts: Accounts,
        sessions: Sessions,
        behaviour: Callable[[], AccessBehaviour],
    ) -> None:
        self.redirect = provider.redirect
        self._provider = provider
        self._client = client
        self._accounts = accounts
        self._sessions = sessions
        self._behaviour = behaviour
        self._begun: OrderedDict[str, Begun] = OrderedDict()

    def forget(self) -> None:
        """Drop the sign-ins under way."""
        self._begun.clear()

    async def begin(self, handle: str = "") -> tuple[str, str]:
        """The address where the browser must go, and the state it must come back with."""
        places = await self._client.discovery()
        address = places.get("authorization_endpoint", "")
        if not address.startswith("https://"):
            raise Denied("the provider gives no secure authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._begun[state] = Begun(nonce, verifier, handle, datetime.now(UTC), places)
        if len(self._begun) > PENDING:
            self._begun.popitem(last=False)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self.redirect,
            "scope": self._provider.scope,
            "acr_values": self._behaviour().level_asked(self._provider.acr),
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", state

    async def finish(self, answer: Mapping[str, str], expected_state: str) -> Session:
        """Open the session that the provider's answer to the browser allows. A state serves once."""
        try:
            return await self._finish(answer, expected_state)
        except Denied as no:
            self._accounts.trace_sign_in("unknown", "openid", ok=False, reason=str(no))
            raise

    async def _finish(self, answer: Mapping[str, str], expected_state: str) -> Session:
        state = answer.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), expected_state.encode()):
            raise Denied("the answer is for another sign-in")
        begun = self._begun.pop(state, None)
        if begun is None or datetime.now(UTC) - begun.at > LASTS:
            raise Denied("this sign-in was not begun here, or too long ago")
        if "error" in answer:
            raise Denied(f"the provider refused ({answer['error'][:60]})")
        code = answer.get("code", "")
        if not self._behaviour().code_exchanged(code):
            raise Denied("no code")
        given = await self._client.tokens(
            begun.places,
            CODE_GRANT,
            {"code": code, "redirect_uri": self.redirect, "code_verifier": begun.verifier},
        )
        return await self._open(begun, given)

    async def ciba(self, rpps: str, handle: str) -> Session:
        """Sign somebody in whose own device answers the provider."""
        try:
            return await self._ciba(rpps, handle)
        except Denied as no:
            self._accounts.trace_sign_in(rpps or "unknown", "openid", ok=False, reason=str(no))
            raise

    async def _ciba(self, rpps: str, handle: str) -> Session:
        places = await self._client.discovery()
        begun = Begun("", "", handle, datetime.now(UTC), places)
        asked = {
            "scope": self._provider.scope,
            "login_hint": rpps,
            "acr_values": self._behaviour().level_asked(self._provider.acr),
            "binding_message": secrets.token_hex(2).upper(),
        }
        request = await self._client.back_channel(places, asked)
        interval = request.get("interval", 5)
        interval = max(0.2, float(interval)) if isinstance(interval, (int, float)) else 5.0
        name = str(request.get("auth_req_id") or "")
        if not name or not self._behaviour().code_exchanged(name):
            raise Denied(f"the provider refused ({str(request.get('error'))[:60]})")
        for _ in range(int(CIBA_SECONDS / interval) + 1):
            await asyncio.sleep(interval)
            given = await self._client.tokens(places, CIBA_GRANT, {"auth_req_id": name})
            if given.get("error") not in ("authorization_pending", "slow_down"):
                return await self._open(begun, given)
        raise Denied("nobody agreed in time")

    async def _open(self, begun: Begun, given: Mapping[str, Any]) -> Session:
        if "error" in given:
            raise Denied(f"the provider refused ({str(given['error'])[:60]})")
        id_token, access = given.get("id_token"), given.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access, str):
            raise Denied("the provider gave no tokens")
        claims = tokens.claims_of(id_token, await self._client.keys(begun.places), self._provider)
        tokens.check(
            claims,
            issuer=begun.places["issuer"],
            nonce=begun.nonce,
            now=datetime.now(UTC).timestamp(),
            provider=self._provider,
            behaviour=self._behaviour(),
        )
        person = await self._client.person(begun.places, access)
        if person.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
            raise Denied("the userinfo is about somebody else")
        identity = identity_of(person)
        account = self._accounts.of_identity(identity, create=self._provider.create_accounts)
        return self._sessions.open(account.login, handle=begun.handle, rpps=identity.rpps, id_token=id_token)

    async def end_address(self, session: Session, back: str = "") -> str:
        """Where the browser must go to sign out at the provider too."""
        places = await self._client.discovery()
        address = places.get("end_session_endpoint", "")
        if not address.startswith("https://"):
            raise Denied("the provider gives no secure end_session_endpoint")
        asked = {"id_token_hint": session.id_token, "client_id": self._provider.client_id}
        if back:
            asked |= {"post_logout_redirect_uri": back, "state": secrets.token_urlsafe(16)}
        return f"{address}?{urlencode(asked)}"

    async def end(self, session: Session) -> None:
        """Sign out at the provider without a browser."""
        await self._client.end(await self.end_address(session))


def identity_of(person: Mapping[str, Any]) -> Identity:
    """Who a userinfo is about: the RPPS is in the national identifier (`SubjectNameID`, `preferred_username`)."""
    national = next((str(person[n]) for n in ("SubjectNameID", "preferred_username") if person.get(n)), "")
    names = [str(person.get(n) or "")[:200] for n in ("family_name", "given_name")]
    return Identity(str(person["sub"]), plain_rpps(national), *names)
