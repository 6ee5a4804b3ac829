"""What each endpoint of the provider answers (OpenID Connect Core 1.0, CIBA Core 1.0, RFC 6749, 7009, 7662)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlencode

from conformance.bench.clock import now
from conformance.bench.service import Reply
from conformance.errors import Malformed
from conformance.evidence.values import Fact
from conformance.services.psc.claims import Professional, user_info
from conformance.services.psc.grants import Asked, Grant, challenge_of
from conformance.services.psc.tokens import EIDAS1
from conformance.services.web import WebCall, WebReply
from conformance.standards.oidc.syntax import read_token

if TYPE_CHECKING:
    from conformance.services.psc.service import PscService

COOKIE = "BANC_SESSION"
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
CIBA_SECONDS = 120
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Endpoints:
    """The answers of a provider; `answer` never raises for what a client sends."""

    def __init__(self, service: PscService) -> None:
        self._service = service
        self._made: Mapping[str, Callable[[str, WebCall], Reply]] = {
            "discovery": self._discovery,
            "authorize": self._authorize,
            "token": self._token,
            "userinfo": self._userinfo,
            "certs": lambda _provider, _call: _json(self._service.signer.jwks),
            "introspect": self._introspect,
            "ciba": self._ciba,
            "logout": self._logout,
        }

    def answer(self, provider: str, call: WebCall) -> Reply:
        """The answer of an issuer to a request whose event is known."""
        return self._made[call.transaction](provider, call)

    def _discovery(self, provider: str, _call: WebCall) -> Reply:
        issuer = self._service.issuer(provider)
        base = f"{issuer}/protocol/openid-connect"
        return _json(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{base}/auth",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo",
                "jwks_uri": f"{base}/certs",
                "end_session_endpoint": f"{base}/logout",
                "introspection_endpoint": f"{base}/token/introspect",
                "backchannel_authentication_endpoint": f"{base}/ext/ciba/auth",
                "backchannel_token_delivery_modes_supported": ["poll"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token", CIBA_GRANT],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": ["openid", "scope_all"],
                "acr_values_supported": [EIDAS1],
            }
        )

    def _authorize(self, provider: str, call: WebCall) -> Reply:
        """Agree for whoever the case chose; the browser that comes back with a live session is not asked again."""
        asked, settings, grants = call.parameters, self._service.settings, self._service.grants
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != settings["client"] or not _sound(redirect):
            return Reply(b"client_id or redirect_uri unknown", 400, "text/plain", {"error": "invalid_request"})
        state = asked.get("state", "") if settings["state"] == "same" else "etat-d-une-autre-connexion"
        back = {"state": state} if "state" in asked or settings["state"] != "same" else {}
        error = settings["error"]
        if asked.get("response_type") != "code":
            error = error or "unsupported_response_type"
        if "openid" not in asked.get("scope", "").split():
            error = error or "invalid_scope"
        live = call.cookies.get(COOKIE, "")
        anew = asked.get("prompt") == "login" or asked.get("max_age") == "0"
        known = live in grants.sessions and settings["live"] == "yes" and not anew
        if asked.get("prompt") == "none" and not known:
            error = error or "login_required"
        facts: dict[str, Fact] = {"state": settings["state"], "login": "reused" if known else "asked"}
        if error:
            facts["error"] = error
            return _back(redirect, {"error": error, "error_description": "dit par le banc", **back}, facts)
        person = grants.sessions[live] if known else self._service.person
        session = live if known else grants.session(person)
        moment = now()
        code = grants.code(
            Grant(
                provider,
                settings["client"],
                person,
                session,
                redirect,
                asked.get("nonce", ""),
                asked.get("code_challenge", "") if asked.get("code_challenge_method") == "S256" else "",
                EIDAS1,
                moment,
            ),
            moment,
        )
        facts["rpps"] = person.rpps
        cookie = f"{COOKIE}={session}; Path=/; HttpOnly; Secure; SameSite=Lax"
        return _back(redirect, {"code": code, "session_state": session, **back}, facts, cookie)

    def _token(self, provider: str, call: WebCall) -> Reply:
        grants, asked = self._service.grants, call.parameters
        if not self._known(call):
            return _error("invalid_client", 401)
        kind = asked.get("grant_type", "")
        if kind == "authorization_code":
            grant = grants.spend(asked.get("code", ""), now())
            if grant is None or grant.provider != provider or grant.redirect_uri != asked.get("redirect_uri", ""):
                return _error("invalid_grant")
            if grant.challenge and challenge_of(asked.get("code_verifier", "")) != grant.challenge:
                return _error("invalid_grant")
            return self._tokens(grant)
        if kind == "refresh_token":
            held, until = grants.refresh.pop(asked.get("refresh_token", ""), (None, now()))
            if held is None or until <= now():
                return _error("invalid_grant")
            return self._tokens(held)
        if kind == CIBA_GRANT:
            waiting = grants.ciba.get(asked.get("auth_req_id", ""))
            if waiting is None:
                return _error("invalid_grant")
            if waiting.polls > 0:
                waiting.polls -= 1
                return _error("authorization_pending")
            del grants.ciba[asked["auth_req_id"]]
            return _error(waiting.error) if waiting.error else self._tokens(waiting.grant)
        return _error("unsupported_grant_type")

    def _tokens(self, grant: Grant) -> Reply:
        service, settings = self._service, self._service.settings
        moment = now()
        access_until = moment + timedelta(seconds=float(settings["access-seconds"]))
        refresh_until = moment + timedelta(seconds=float(settings["refresh-seconds"]))
        claims: dict[str, Any] = {
            "iss": service.issuer(grant.provider),
            "sub": grant.person.subject,
            "aud": grant.client,
            "azp": grant.client,
            "iat": int(moment.timestamp()),
            "exp": int(access_until.timestamp()),
            "auth_time": int((grant.since or moment).timestamp()),
            "sid": grant.session,
            "acr": grant.acr,
            "idp": "simulateur",
            "preferred_username": grant.person.national_id,
            "given_name": grant.person.given,
            "family_name": grant.person.family,
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        label = settings["token"]
        if label == "wrong-nonce" and not grant.nonce:
            label = "good"  # nothing was asked that could be answered wrongly
        id_token = service.signer.id_token(claims, label, algorithm=settings["algorithm"], secret=settings["secret"])
        access = service.signer.signed({**claims, "typ": "Bearer", "scope": "openid scope_all"})
        service.grants.keep_access(access, grant, access_until)
        told = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(float(settings["access-seconds"])),
            "refresh_token": service.grants.new_refresh(grant, refresh_until),
            "refresh_expires_in": int(float(settings["refresh-seconds"])),
            "id_token": id_token,
            "scope": "openid scope_all",
            "session_state": grant.session,
        }
        return _json(told, facts={"token": label, "rpps": grant.person.rpps})

    def _userinfo(self, _provider: str, call: WebCall) -> Reply:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        grant, until = self._service.grants.access.get(token.strip(), (None, now()))
        if scheme.lower() != "bearer" or grant is None or until <= now():
            reply = _error("invalid_token", 401)
            return WebReply(reply.body, 401, reply.content_type, reply.facts, headers={"WWW-Authenticate": "Bearer"})
        return _json(user_info(grant.person), facts={"rpps": grant.person.rpps})

    def _introspect(self, _provider: str, call: WebCall) -> Reply:
        if not self._known(call):
            return _error("invalid_client", 401)
        grant, until = self._service.grants.access.get(call.parameters.get("token", ""), (None, now()))
        if grant is None or until <= now():
            return _json({"active": False})
        return _json(
            {
                "active": True,
                "sub": grant.person.subject,
                "client_id": grant.client,
                "exp": int(until.timestamp()),
                "SubjectNameID": grant.person.national_id,
                "preferred_username": grant.person.national_id,
                "acr": grant.acr,
            }
        )

    def _ciba(self, provider: str, call: WebCall) -> Reply:
        """A request on the back channel; whoever `login_hint` names agrees on a device of theirs."""
        settings, asked = self._service.settings, call.parameters
        if not self._known(call):
            return _error("invalid_client", 401)
        hint = asked.get("login_hint", "")
        rpps = hint[1:] if len(hint) == 12 and hint.startswith("8") else hint
        if not (len(rpps) == 11 and rpps.isdigit()):
            return _error("unknown_user_id")
        if "openid" not in asked.get("scope", "").split():
            return _error("invalid_scope")
        person = Professional(rpps, settings["family"], settings["given"])
        grants = self._service.grants
        grant = Grant(provider, settings["client"], person, grants.session(person), acr=EIDAS1, since=now())
        request = grants.ask(Asked(grant, settings["error"], int(settings["ciba-polls"])))
        return _json({"auth_req_id": request, "expires_in": CIBA_SECONDS, "interval": 1}, facts={"rpps": rpps})

    def _logout(self, _provider: str, call: WebCall) -> Reply:
        asked, grants = call.parameters, self._service.grants
        sessions = {call.cookies.get(COOKIE, ""), _sid(asked.get("id_token_hint", ""))} & grants.sessions.keys()
        ended = bool(sessions)
        for session in sessions:
            grants.end(session)
        facts: dict[str, Fact] = {"ended": ended}
        gone = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
        target = asked.get("post_logout_redirect_uri", "")
        if not _sound(target):
            return WebReply("<p>Déconnecté.</p>".encode(), 200, "text/html; charset=utf-8", facts,
                            headers={"Set-Cookie": gone})  # fmt: skip
        return _back(target, {"state": asked["state"]} if "state" in asked else {}, facts, gone)

    def _known(self, call: WebCall) -> bool:
        client, secret = credentials(call)
        settings = self._service.settings
        return client == settings["client"] and hmac.compare_digest(secret.encode(), settings["secret"].encode())


def _sound(address: str) -> bool:
    """Whether a browser can be sent there: an absolute address, in visible ASCII (RFC 3986, 2)."""
    return "://" in address and all("!" <= c <= "~" for c in address)


def _sid(hint: str) -> str:
    """The session that an id_token_hint names; its signature matters little to leave."""
    try:
        sid = read_token(hint).claims.get("sid")
    except Malformed:
        return ""
    return sid if isinstance(sid, str) else ""


def _json(value: Mapping[str, Any], status: int = 200, facts: Mapping[str, Fact] | None = None) -> Reply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return WebReply(body, status, "application/json", facts or {}, headers=NO_STORE)


def _error(code: str, status: int = 400) -> Reply:
    return _json({"error": code, "error_description": "dit par le banc"}, status, {"error": code})


def _back(where: str, parameters: Mapping[str, str], facts: Mapping[str, Fact], cookie: str = "") -> Reply:
    """Send the browser back to the client."""
    joined = f"{where}{'&' if '?' in where else '?'}{urlencode(parameters)}" if parameters else where
    headers = {"Location": joined, **NO_STORE, **({"Set-Cookie": cookie} if cookie else {})}
    return WebReply(b"", 302, "", facts, headers=headers)


def credentials(call: WebCall) -> tuple[str, str]:
    """The client's id and secret: `client_secret_basic` (RFC 6749, 2.3.1), else the form; empty when not given."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            return "", ""
        client, _, secret = text.partition(":")
        return unquote_plus(client), unquote_plus(secret)
    return call.parameters.get("client_id", ""), call.parameters.get("client_secret", "")
